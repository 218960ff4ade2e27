//! Everything that the page knows, and how it changes: one value, one function. Pure: what must outlive the page goes
//! through [`Keep`]; it knows no browser and no widgets.

pub mod action;
pub mod editing;
mod files;
pub mod lesson;
mod links;
mod run;
mod story;
pub mod terminals;

pub use action::{Action, Selected, Tab, Theme};
pub use files::FileAction;
pub use links::Links;

use crate::assist::Known;
use crate::disk::Refused;
use crate::files::Files;
use crate::flights::{Flights, Lens};
use crate::layout::{Layout, Size};
use crate::pace::{Pace, REAL_TIME};

use crate::problems::Problem;
use crate::share::{DIGITS, Shared, Unreadable};
use crate::sim::{self, Input, Recording, Stage};
use crate::traffic::Traffic;
use crate::words::{Language, Words};
use editing::Editing;
use lesson::Lessons;
use run::Run;
use std::rc::Rc;
use terminals::Terminals;
use tidepool_core::base::{Duration, Instant, ObjectRef, Text};
use tidepool_core::trace::{EventId, JourneyId, Place};

/// What outlives the page: the browser's storage, or nothing in tests.
pub trait Keep {
    /// An input is about to be applied: the recording as it will be. Sets the mark.
    fn before(&mut self, recording: &str);
    /// It was applied, and the world ran on. Clears the mark.
    fn after(&mut self);
    /// The recording has changed without an input.
    fn recording(&mut self, recording: &str);
    /// How far the world's time has come.
    fn now(&mut self, now: Instant);
    /// The wall's clock in milliseconds: it decides how much is done in a frame, never what.
    fn clock(&mut self) -> f64;
    /// The text of the shown file.
    fn editor(&mut self, text: &str);
    /// All files.
    fn files(&mut self, json: &str);
    /// A preference.
    fn preference(&mut self, name: &str, value: &str);
    /// Where the learner is: the lesson's folder, a slash, the step; empty outside of lessons.
    fn lesson(&mut self, place: &str);
    /// The folders of the lessons that were finished, with spaces between.
    fn done(&mut self, folders: &str);
}

/// Something to be told once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// A link could not be opened.
    Unreadable(Unreadable),
    /// Files of the computer were not opened: their names, and why.
    NotOpened(Vec<(String, Refused)>),
    /// A shared recording is being replayed: the digest that it had.
    Replaying(String),
    /// It was replayed to the digest that it had.
    Replayed(String),
    /// It was replayed to another digest, as another version of the program may: had, has, the version that made it.
    Differs(String, String, String),
}

/// How long a new cluster runs before the page shows it: nodes join, CoreDNS starts.
pub const WARM_UP: Duration = Duration::secs(30);

/// What changed, by what depends on it. Panels are drawn anew when the numbers that they show have changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stamps {
    /// The objects of the cluster, or the size of the stage.
    pub stage: u64,
    /// The log has grown.
    pub log: u64,
    /// What is chosen, shown or preferred.
    pub view: u64,
    /// The manifests and their problems.
    pub editor: u64,
    /// Terminals: output, prompts.
    pub terminal: u64,
    /// The clock.
    pub clock: u64,
    /// The lesson.
    pub lesson: u64,
}

/// Everything that the page knows.
#[derive(Debug)]
pub struct Session {
    sim: sim::Session,
    run: Run,
    /// What is drawn: nodes, pods, Services.
    pub stage: Rc<Stage>,
    /// Where it is drawn.
    pub layout: Rc<Layout>,
    /// What moves.
    pub flights: Flights,
    /// What was answered.
    pub traffic: Traffic,
    /// The terminals.
    pub terminals: Terminals,
    /// The files in the editor.
    pub files: Files,
    /// The one among them that a program has opened.
    pub editing: Option<Editing>,
    /// The text of the one that is shown.
    pub editor: Rc<str>,
    /// What is wrong with it.
    pub problems: Rc<[Problem]>,
    /// What manifests can refer to.
    pub known: Known,
    /// What changed.
    pub stamps: Stamps,
    /// Something to be told once.
    pub notice: Option<Notice>,
    /// The lessons.
    pub lessons: Lessons,
    /// The language.
    pub language: Language,
    /// Light or dark.
    pub theme: Theme,
    /// Whether motion is unwanted.
    pub still: bool,
    /// What moves on the stage.
    pub lens: Lens,
    /// Whether the stage shows what programs believe.
    pub belief: bool,
    /// The tab of the workbench.
    pub tab: Tab,
    /// Whether the guide is shown.
    pub guide: bool,
    /// Whether the journey is shown.
    pub journey: bool,
    /// Whether all hops are listed.
    pub all_hops: bool,
    /// The followed request.
    pub followed: Option<JourneyId>,
    /// The hop that is looked at.
    pub hop: Option<EventId>,
    /// The hop that is being told.
    pub current: Option<EventId>,
    /// The node whose rules are shown.
    pub node: Text,
    /// What is chosen on the stage.
    pub selected: Option<Selected>,
    /// The object that is shown whole.
    pub object: Option<ObjectRef>,
    /// What is looked at in passing, and what belongs to what is chosen.
    pub links: Links,
    size: Size,
}

/// What the page remembers from before.
#[derive(Debug, Clone, Default)]
pub struct Remembered {
    /// The recording, as text.
    pub recording: Option<String>,
    /// How far the world's time had come.
    pub now: Option<Instant>,
    /// Whether the last input is to be left out.
    pub leave_out: bool,
    /// The text of the shown file.
    pub editor: Option<String>,
    /// Where the learner was, and which lessons are finished.
    pub lesson: String,
    /// Which lessons are finished.
    pub done: String,
    /// All files, as JSON.
    pub files: Option<String>,
    /// The language's tag.
    pub language: String,
    /// `light` or `dark`.
    pub theme: String,
    /// Whether motion is unwanted.
    pub still: bool,
}

impl Session {
    /// A session over what is remembered, or over a new cluster with a seed.
    pub fn new(remembered: Remembered, seed: u64) -> Session {
        let recording = remembered.recording.as_deref().and_then(|text| Recording::from_json(text).ok());
        let is_new = recording.is_none();
        let mut recording = recording.unwrap_or_else(|| Recording::new(seed, ""));
        if remembered.leave_out {
            leave_out_last(&mut recording);
        }
        let until = recording.inputs.last().map_or(0, |timed| timed.at);
        let until =
            Instant(until).max(if is_new { Instant::ZERO } else { remembered.now.unwrap_or_default() });
        let terminals = Terminals::of(&recording);
        let sim = sim::Session::new(recording)
            .or_else(|_| sim::Session::new(Recording::new(seed, "")))
            .unwrap_or_else(|_| unreachable!("an empty recording of the default cluster is sound"));
        let kept = remembered.files.as_deref().and_then(Files::from_json);
        let files = kept.unwrap_or_else(|| Files::of(&remembered.editor.unwrap_or_default()));
        let mut session = Session {
            stage: Rc::new(sim.world().stage()),
            run: Run::catching_up(until.max(Instant::ZERO + WARM_UP)),
            sim,
            layout: Rc::default(),
            flights: Flights::default(),
            traffic: Traffic::default(),
            terminals,
            problems: files::problems_of(&files, &Known::default()),
            known: Known::default(),
            editor: files.text(),
            editing: None,
            files,
            stamps: Stamps::default(),
            notice: None,
            lessons: Lessons::remembered(&remembered.lesson, &remembered.done),
            language: Language::of_tag(&remembered.language),
            theme: Theme::of_name(&remembered.theme),
            still: remembered.still,
            lens: Lens::default(),
            belief: false,
            tab: Tab::Manifests,
            guide: true,
            journey: true,
            all_hops: false,
            followed: None,
            hop: None,
            current: None,
            node: "node-1".into(),
            selected: None,
            object: None,
            links: Links::default(),
            size: Size { width: 800.0, height: 560.0 },
        };
        session.relayout();
        session
    }

    /// The world, to look at.
    pub fn world(&self) -> &sim::World {
        self.sim.world()
    }

    /// The recording.
    pub fn recording(&self) -> &Recording {
        self.sim.recording()
    }

    /// The words of the language.
    pub fn words(&self) -> &'static Words {
        self.language.words()
    }

    /// Whether there is something to take back.
    pub fn can_undo(&self) -> bool {
        self.sim.applied() > 1
    }

    /// Does what is asked. `false` when nothing that is shown has changed.
    pub fn act(&mut self, action: Action, keep: &mut impl Keep) -> bool {
        match action {
            Action::Frame(ms) => return self.frame(ms, keep),
            Action::Hover(_) | Action::HoverHop(_) | Action::Caret(_) => return self.look_in_passing(action),
            Action::Play(on) => self.run.playing = on,
            Action::StepHop => self.step_hop(),
            Action::BackHop => self.back_hop(keep),
            Action::Seek(at) => self.seek(at),
            Action::Pace(pace) => self.run.pace = pace,
            Action::Speed(index) => {
                self.run.speed = index.min(crate::pace::SPEEDS.len() - 1);
                self.run.pace = if index == REAL_TIME { self.run.pace } else { Pace::Clock };
            }
            Action::Type(terminal, line) => self.type_line(terminal, &line, keep),
            Action::Interrupt(terminal) => {
                self.input(Input::Interrupt { terminal }, keep);
            }
            Action::OpenTerminal(pod) => {
                self.open_terminal(pod, keep);
            }
            Action::CloseTerminal(terminal) => self.close_terminal(terminal, keep),
            Action::ShowTerminal(terminal) => self.terminals.shown = terminal,
            Action::RunInClient(line) => self.run_in_client(&line, keep),
            Action::Edit(text) => self.edit(&text, keep),
            Action::File(action) => self.file(action, keep),
            Action::Fix(problem, fix) => self.fix(problem, fix, keep),
            Action::Apply => self.apply(keep),
            Action::Reset(seed) => self.reset(seed, keep),
            Action::Undo => self.undo(keep),
            Action::StageSize(size) => {
                self.size = size;
                self.relayout();
            }
            Action::OpenShared(shared) => self.open_shared(*shared, keep),
            Action::Unreadable(why) => self.notice = Some(Notice::Unreadable(why)),
            Action::Dismiss => self.notice = None,
            Action::Course(_)
            | Action::LessonFailed(_)
            | Action::BeginLesson(_)
            | Action::ResumeLesson(..)
            | Action::CloseLesson
            | Action::LessonStep(_)
            | Action::RunBlock(_)
            | Action::Answer(..)
            | Action::Hint => self.act_on_lesson(action, keep),
            other => self.look(other, keep),
        }
        self.look_at_editors(keep);
        self.stamps.view += 1;
        self.stamps.clock += 1;
        true
    }

    /// Ways of looking: they touch nothing of the world.
    fn look(&mut self, action: Action, keep: &mut impl Keep) {
        match action {
            Action::Follow(journey) => {
                self.followed = journey;
                self.hop = None;
                self.journey = true;
            }
            Action::Hop(event) => self.hop = if self.hop == event { None } else { event },
            Action::AllHops(all) => self.all_hops = all,
            Action::Lens(lens) => self.lens = lens,
            Action::Belief(on) => self.belief = on,
            Action::Select(selected) => {
                self.choose(selected.as_ref().map(Selected::object));
                self.selected = selected;
            }
            Action::Object(object) => {
                self.choose(object.clone());
                self.object = object;
            }
            Action::ShowSource => {
                if let Some(source) = &self.links.source {
                    self.files.show(source.file);
                    self.tab = Tab::Manifests;
                    self.links.turn += 1;
                    self.files_changed(keep);
                }
            }
            Action::Node(node) => self.node = node,
            Action::Tab(tab) => self.tab = tab,
            Action::Guide(on) => self.guide = on,
            Action::Journey(on) => self.journey = on,
            Action::Still(on) => self.still = on,
            Action::Language(language) => {
                self.language = language;
                self.stamps.editor += 1;
                keep.preference("language", language.words().tag);
            }
            Action::Theme(theme) => {
                self.theme = theme;
                keep.preference("theme", theme.name());
            }
            _ => {}
        }
    }

    /// A new world: the open lesson's start, or an empty cluster with a seed.
    fn reset(&mut self, seed: u64, keep: &mut impl Keep) {
        match self.lessons.open.take() {
            Some(open) => self.begin_lesson(open.into_loaded(), keep),
            None => self.restart(Recording::new(seed, ""), keep),
        }
    }

    /// Another world. What is preferred, the editor and the lessons stay.
    fn restart(&mut self, recording: Recording, keep: &mut impl Keep) {
        keep.recording(&recording.to_json());
        let remembered = Remembered {
            recording: Some(recording.to_json()),
            files: Some(self.files.to_json()),
            language: self.words().tag.into(),
            theme: self.theme.name().into(),
            still: self.still,
            ..Remembered::default()
        };
        let lessons = std::mem::take(&mut self.lessons);
        let fresh = Session::new(remembered, recording.seed);
        let stamps = self.stamps;
        *self = Session { size: self.size, stamps, lessons, ..fresh };
        self.changed_everywhere();
        self.relayout();
    }

    /// The recording as it can be shared now.
    pub fn shared(&self) -> Shared {
        let mut world = self.world().clone();
        let until = world.now();
        // What is still due at this very instant belongs to it, as it will in the replay.
        world.run_until(until, crate::sim::Budget(u64::MAX));
        let mut recording = self.recording().clone();
        recording.inputs.truncate(self.sim.applied());
        Shared { recording, until, digest: short(&world.digest()) }
    }

    /// Replays a shared recording up to where it was shared, and stays there.
    fn open_shared(&mut self, shared: Shared, keep: &mut impl Keep) {
        self.close_lesson(keep);
        self.restart(shared.recording, keep);
        self.run.replay_until(shared.until);
        self.notice = Some(Notice::Replaying(shared.digest));
    }

    /// A shared recording has been replayed: was it the same?
    fn arrived(&mut self) {
        let Some(Notice::Replaying(had)) = self.notice.take() else { return };
        let has = short(&self.world().digest());
        self.run.playing = false;
        self.notice = Some(if had == has {
            Notice::Replayed(has)
        } else {
            Notice::Differs(had, has, self.recording().version.clone())
        });
    }

    /// After a jump in time nothing that was drawn is true any more.
    fn changed_everywhere(&mut self) {
        let next = |n: &mut u64| *n += 1;
        next(&mut self.stamps.stage);
        next(&mut self.stamps.log);
        next(&mut self.stamps.terminal);
        next(&mut self.stamps.editor);
        next(&mut self.stamps.clock);
        next(&mut self.stamps.view);
        next(&mut self.stamps.lesson);
    }

    fn relayout(&mut self) {
        self.layout = Rc::new(Layout::new(&self.stage, self.size, self.lens == Lens::Dns));
        self.stamps.stage += 1;
    }

    /// Where the hop that is looked at happened.
    pub fn spotlight(&self) -> Vec<Place> {
        let event = self.links.hop.or(self.hop).or(self.current).and_then(|id| self.world().log().get(id));
        event
            .map(|event| crate::follow::places(&event.fact).into_iter().cloned().collect())
            .unwrap_or_default()
    }
}

/// The digits of a digest that people compare.
fn short(digest: &str) -> String {
    digest.chars().take(DIGITS).collect()
}

/// Drops the last thing that was done: a command, and the file that was written for it.
fn leave_out_last(recording: &mut Recording) {
    recording.inputs.pop();
    if matches!(recording.inputs.last().map(|timed| &timed.input), Some(Input::WriteFile { .. })) {
        recording.inputs.pop();
    }
}

#[cfg(test)]
mod tests;
