//! The session without a browser: inputs are stored before they are applied, work survives a restart, the followed
//! request is told hop by hop.

use super::*;
use crate::examples;
use crate::follow::{self, Outcome};
use crate::problems;
use crate::propagation;

/// A storage that remembers, and the order in which it was asked.
#[derive(Debug, Default)]
struct Memory {
    recording: String,
    files: String,
    marked: bool,
    lesson: String,
    done: String,
    calls: Vec<&'static str>,
}

impl Keep for Memory {
    fn before(&mut self, recording: &str) {
        (self.recording, self.marked) = (recording.into(), true);
        self.calls.push("before");
    }
    fn after(&mut self) {
        self.marked = false;
        self.calls.push("after");
    }
    fn recording(&mut self, recording: &str) {
        (self.recording, self.marked) = (recording.into(), false);
    }
    fn now(&mut self, _: Instant) {}
    fn clock(&mut self) -> f64 {
        0.0
    }
    fn editor(&mut self, _: &str) {}
    fn files(&mut self, json: &str) {
        self.files = json.into();
    }
    fn preference(&mut self, _: &str, _: &str) {}
    fn lesson(&mut self, place: &str) {
        self.lesson = place.into();
    }
    fn done(&mut self, folders: &str) {
        self.done = folders.into();
    }
}

fn run(session: &mut Session, keep: &mut Memory, frames: usize) {
    (0..frames).for_each(|_| {
        session.act(Action::Frame(16.0), keep);
    });
}

/// A session whose cluster is up, with a terminal on the operator's machine.
fn started() -> (Session, Memory) {
    let (mut session, mut keep) = (Session::new(Remembered::default(), 7), Memory::default());
    while session.is_catching_up() {
        session.act(Action::Frame(16.0), &mut keep);
    }
    (session, keep)
}

fn with_everything() -> (Session, Memory) {
    let (mut session, mut keep) = started();
    session.act(Action::Edit(examples::ALL.into()), &mut keep);
    session.act(Action::Apply, &mut keep);
    run(&mut session, &mut keep, 900);
    (session, keep)
}

#[test]
fn an_input_is_stored_before_it_is_applied_and_the_mark_goes_after() {
    let (mut session, mut keep) = started();
    keep.calls.clear();
    session.act(Action::Type(1, "kubectl get nodes".into()), &mut keep);
    assert_eq!((keep.calls.as_slice(), keep.marked), (["before"].as_slice(), true));
    assert_eq!(keep.recording, session.recording().to_json());
    run(&mut session, &mut keep, 2);
    assert_eq!((keep.calls.as_slice(), keep.marked), (["before", "after"].as_slice(), false));
}

#[test]
fn a_restart_brings_the_same_world_back_and_can_leave_the_last_input_out() {
    let (session, keep) = with_everything();
    let remembered = |leave_out| Remembered {
        recording: Some(keep.recording.clone()),
        leave_out,
        ..Remembered::default()
    };
    let mut again = Session::new(Remembered { now: Some(session.world().now()), ..remembered(false) }, 99);
    let mut keep_again = Memory::default();
    while again.is_catching_up() {
        again.act(Action::Frame(16.0), &mut keep_again);
    }
    assert_eq!(again.recording().seed, 7);
    assert_eq!(again.stage, session.stage);
    let without = Session::new(remembered(true), 99);
    let lines = |s: &Session| s.recording().inputs.len();
    assert_eq!(lines(&without) + 2, lines(&session), "the command goes, and the file that was saved for it");
}

#[test]
fn a_request_is_followed_to_its_answer_and_takes_its_time() {
    let (mut session, mut keep) = with_everything();
    assert!(session.client().is_some());
    run(&mut session, &mut keep, 300);
    session.act(Action::RunInClient("curl -s http://my-service/".into()), &mut keep);
    run(&mut session, &mut keep, 30);
    assert!(session.is_telling());
    assert_eq!(session.traffic.total(), 0, "half a second in, the answer is still to come");
    run(&mut session, &mut keep, 900);
    assert!(!session.is_telling());
    let journey = session.followed_journey().expect("it is followed");
    assert_eq!(follow::outcome(session.world().log(), journey), Outcome::Status(200));
    let (_, pick) = session.pick().expect("a rule picked a pod");
    assert_eq!(&*pick.service.name, "my-service");
    assert!(session.real().is_some() && session.believed().is_some());
}

#[test]
fn a_name_with_an_address_of_one_family_is_resolved() {
    let (mut session, mut keep) = with_everything();
    run(&mut session, &mut keep, 300);
    session.act(Action::RunInClient("getent ahosts my-service".into()), &mut keep);
    run(&mut session, &mut keep, 900);
    let journey = session.followed_journey().expect("it is followed");
    assert_eq!(
        follow::outcome(session.world().log(), journey),
        Outcome::Resolved(1),
        "AAAA came last, and empty"
    );
}

#[test]
fn undo_takes_the_command_back_with_its_file() {
    let (mut session, mut keep) = with_everything();
    assert!(session.stage.services.iter().any(|service| &*service.name == "my-service"));
    session.act(Action::Undo, &mut keep);
    assert!(session.stage.services.iter().all(|service| &*service.name != "my-service"));
    assert_eq!(session.recording().inputs.len(), 1);
    assert_eq!(keep.recording, session.recording().to_json());
}

#[test]
fn the_pasted_service_is_repaired_and_becomes_a_service() {
    let (mut session, mut keep) = started();
    session.act(Action::Edit(examples::PASTED_SERVICE.into()), &mut keep);
    let (problem, fix) = session
        .problems
        .iter()
        .enumerate()
        .find_map(|(n, p)| {
            Some((n, p.fixes.iter().position(|fix| matches!(fix, problems::Fix::Indentation(_)))?))
        })
        .expect("its indentation can be restored");
    session.act(Action::Fix(problem, fix), &mut keep);
    assert!(session.problems.iter().all(|problem| !problem.fatal), "{:?}", session.problems);
    session.act(Action::Apply, &mut keep);
    run(&mut session, &mut keep, 600);
    assert!(session.stage.services.iter().any(|service| &*service.name == "my-service"));
}

#[test]
fn time_can_be_gone_back_in_and_played_again() {
    let (mut session, mut keep) = with_everything();
    let end = session.world().now();
    session.act(Action::Play(false), &mut keep);
    session.act(Action::Seek(Instant::ZERO + WARM_UP), &mut keep);
    assert!(session.stage.services.iter().all(|service| &*service.name != "my-service"));
    assert!(session.farthest() >= end);
    session.act(Action::Seek(end), &mut keep);
    assert!(session.stage.services.iter().any(|service| &*service.name == "my-service"));
}

#[test]
fn calls_fail_for_as_long_as_a_node_has_not_heard_that_a_pod_is_gone() {
    let (mut session, mut keep) = with_everything();
    run(&mut session, &mut keep, 300);
    let calls = "while true; do curl -s -m 1 -o /dev/null http://my-service/; done";
    session.act(Action::RunInClient(calls.into()), &mut keep);
    run(&mut session, &mut keep, 900);
    let followed = session.followed_journey().expect("a call is followed").id;
    assert_eq!(
        follow::failed_since(session.world().log(), followed),
        None,
        "while nothing changes, none fails"
    );
    let pod = "$(kubectl get pods -l app=MyApp -o name | head -1)";
    let delete = format!("kubectl delete {pod} --force --grace-period=0");
    session.act(Action::Type(1, delete), &mut keep);
    run(&mut session, &mut keep, 600);
    let log = session.world().log();
    let (count, last) = follow::failed_since(log, followed).expect("some calls met the pod that is gone");
    let journey = log.journeys.get(last).expect("a failure is kept, however many calls came since");
    assert_eq!(follow::outcome(log, journey), Outcome::Failed);
    let events: Vec<_> = follow::events(log, journey).collect();
    let behind = events.iter().find_map(|event| propagation::behind(log, journey, event));
    let behind = behind.expect("it was sent by rules that still named the pod");
    let rewritten = behind.rewritten.expect("kube-proxy has heard of it since");
    assert!(rewritten.as_secs() <= 2, "kube-proxy writes its rules once a second at most: {rewritten:?}");
    let newer = log.journeys.iter().rev().take_while(|journey| journey.id > last);
    let answered = newer.filter(|journey| follow::outcome(log, journey) == Outcome::Status(200)).count();
    assert!(answered > count, "then the calls go to the pods that are there");
}

#[test]
fn what_a_program_edits_is_a_tab_until_it_is_left() {
    let (mut session, mut keep) = with_everything();
    let names = |session: &Session| session.files.list().iter().map(|f| f.name.clone()).collect::<Vec<_>>();
    let before = names(&session);
    session.act(Action::Type(1, "kubectl edit service my-service".into()), &mut keep);
    run(&mut session, &mut keep, 900);
    assert!(session.edits_shown() && session.files.name().starts_with("kubectl-edit-"));
    assert!(session.editor.contains("kind: Service"), "{}", session.editor);
    let now = session.world().now();
    run(&mut session, &mut keep, 60);
    assert!(session.world().now().since(now) < Duration::secs(3), "nobody is hurried");
    // After a reload the text so far is still there.
    let name = session.files.name().to_string();
    let text = session.editor.replace("sessionAffinity: None", "sessionAffinity: ClientIP");
    session.act(Action::File(FileAction::Write(name.clone(), text)), &mut keep);
    let remembered = Remembered {
        recording: Some(keep.recording.clone()),
        files: Some(keep.files.clone()),
        now: Some(session.world().now()),
        ..Remembered::default()
    };
    let mut session = Session::new(remembered, 7);
    run(&mut session, &mut keep, 900);
    assert_eq!((session.edits_shown(), session.files.name()), (true, name.as_str()));
    session.act(Action::Apply, &mut keep);
    run(&mut session, &mut keep, 900);
    assert_eq!(names(&session), before);
    let world = session.world();
    let service = world.objects().into_iter().find(|o| o.name() == "my-service" && &*o.key.kind == "Service");
    assert_eq!(service.map(|o| o.str("spec.sessionAffinity").to_string()), Some("ClientIP".into()));
    // Left without saving, nothing is changed.
    session.act(Action::Type(1, "kubectl edit service my-service".into()), &mut keep);
    run(&mut session, &mut keep, 900);
    let at = session.files.shown();
    session.act(Action::File(FileAction::Close(at)), &mut keep);
    run(&mut session, &mut keep, 900);
    assert_eq!((names(&session), session.editing.clone()), (before, None));
    let printed = session.world().terminal(tidepool_core::base::TerminalId(1)).expect("a terminal");
    assert!(printed.output.iter().any(|chunk| chunk.text.contains("Edit cancelled, no changes made.")));
}
