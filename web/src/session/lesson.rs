//! The open lesson: where the learner is in it, which of a step's goals are met, what was answered. Goals are asked of a
//! clone of the world. Knows a lesson's text, not how it looks, nor where it comes from.

use super::{Action, Keep, Session, Tab};
use crate::flights::Lens;
use crate::sim::{Budget, Recording};
use std::rc::Rc;
use tidepool_core::base::{Duration, FlatMap, FlatSet, TerminalId};
use tidepool_core::process::terminal::ChunkKind;
use tidepool_core::recording::{ask, script::commands};
use tidepool_core::trace::EventId;
use tidepool_tutorials::course::Course;
use tidepool_tutorials::{Block, BlockKind, Goal, Lesson, Scene, Step};

/// How often goals are looked at, in wall milliseconds.
const CHECK_EVERY_MS: f64 = 400.0;
/// What one look at a goal may cost.
const CHECK_BUDGET: Budget = Budget(20_000);
/// How long a goal's command may take in the world's time.
const CHECK_PATIENCE: Duration = Duration::secs(20);

/// A lesson as it arrives: its folder, its text in each language, the cluster file that it starts from.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// Its folder.
    pub folder: String,
    /// The language's tag, and the lesson in it.
    pub texts: Vec<(&'static str, Rc<Lesson>)>,
    /// The cluster file; empty for the default cluster.
    pub start: String,
}

/// The lessons, and the one that is open.
#[derive(Debug, Clone, Default)]
pub struct Lessons {
    /// Which there are, once that is loaded.
    pub course: Option<Rc<Course>>,
    /// Those that were finished, by folder.
    pub done: FlatSet<String>,
    /// Why a lesson could not be loaded.
    pub failed: Option<String>,
    /// The open one.
    pub open: Option<Open>,
    /// The folder and step that a reload goes back to.
    pub resumes: Option<(String, usize)>,
    /// What was answered and asked for in that step, as [`Open::progress`] wrote it.
    progress: String,
}

impl Lessons {
    /// What a reload goes back to.
    pub(super) fn remembered(place: &str, done: &str) -> Lessons {
        let (place, progress) = place.split_once(';').unwrap_or((place, ""));
        let progress = progress.to_string();
        let resumes =
            place.rsplit_once('/').and_then(|(folder, step)| Some((folder.into(), step.parse().ok()?)));
        Lessons {
            resumes,
            progress,
            done: done.split_whitespace().map(Into::into).collect(),
            ..Lessons::default()
        }
    }
}

/// An open lesson.
#[derive(Debug, Clone)]
pub struct Open {
    loaded: Loaded,
    /// The step, from 0.
    pub step: usize,
    /// For each of the step's goals, in order: whether it is met. Once met, it stays so.
    pub met: Vec<bool>,
    /// The answers chosen in this step: block and answer.
    pub chosen: FlatMap<usize, usize>,
    /// How many of the step's hints are shown.
    pub hints: usize,
    /// Whether the solution is shown.
    pub solved: bool,
    /// How many chunks each terminal had printed when the step began.
    since: FlatMap<u32, u64>,
    /// The wall milliseconds since the last look at a goal, and the end of the log then.
    looked: (f64, EventId),
    /// Which goal is looked at next.
    turn: usize,
}

impl Open {
    fn new(loaded: Loaded) -> Open {
        Open {
            loaded,
            step: 0,
            met: Vec::new(),
            chosen: FlatMap::new(),
            hints: 0,
            solved: false,
            since: FlatMap::new(),
            looked: (0.0, EventId(0)),
            turn: 0,
        }
    }

    /// The lesson alone, as it arrived.
    pub(super) fn into_loaded(self) -> Loaded {
        self.loaded
    }

    /// Its folder.
    pub fn folder(&self) -> &str {
        &self.loaded.folder
    }

    /// Its text in a language, or in the first that there is.
    pub fn text(&self, tag: &str) -> Option<&Rc<Lesson>> {
        let texts = &self.loaded.texts;
        texts.iter().find(|(own, _)| *own == tag).or(texts.first()).map(|(_, text)| text)
    }

    /// The step that the learner is at, in the first language: all have the same blocks.
    fn here(&self) -> Option<&Step> {
        self.loaded.texts.first()?.1.steps.get(self.step)
    }

    /// The hints, the solution and the answers of this step in a line: `2;1;3:0,5:1`.
    fn progress(&self) -> String {
        let chosen: Vec<String> =
            self.chosen.iter().map(|(block, answer)| format!("{block}:{answer}")).collect();
        format!("{};{};{}", self.hints, u8::from(self.solved), chosen.join(","))
    }

    /// Takes up what [`Open::progress`] wrote; what cannot be read is left out.
    fn take_up(&mut self, progress: &str) {
        let mut parts = progress.split(';');
        self.hints = parts.next().and_then(|hints| hints.parse().ok()).unwrap_or_default();
        self.solved = parts.next() == Some("1");
        let pairs = parts.next().unwrap_or_default().split(',').filter_map(|pair| pair.split_once(':'));
        self.chosen = pairs.filter_map(|(b, a)| Some((b.parse().ok()?, a.parse().ok()?))).collect();
    }

    fn goals(&self) -> Vec<(BlockKind, Goal)> {
        let asks = self.here().into_iter().flat_map(|step| &step.blocks);
        let asks = asks.filter(|block| matches!(block.kind, BlockKind::Goal | BlockKind::Did));
        asks.filter_map(|block| Some((block.kind, Goal::parse(&block.text).ok()?))).collect()
    }

    /// Whether all of the step's goals are met.
    pub fn is_step_done(&self) -> bool {
        self.met.iter().all(|met| *met)
    }

    /// How many steps it has.
    pub fn steps(&self) -> usize {
        self.loaded.texts.first().map_or(0, |(_, lesson)| lesson.steps.len())
    }

    /// What the stage shows at this step.
    pub fn scene(&self) -> Option<Scene> {
        let block = self.here()?.of(BlockKind::Stage).next()?;
        Scene::parse(&block.text).ok()
    }
}

impl Session {
    /// Begins a lesson: a new world with its seed and its start.
    pub(super) fn begin_lesson(&mut self, loaded: Loaded, keep: &mut impl Keep) {
        let Some((_, lesson)) = loaded.texts.first() else { return };
        let recording = Recording::new(lesson.about.seed, &loaded.start);
        self.restart(recording, keep);
        self.edit("", keep);
        self.lessons.open = Some(Open::new(loaded));
        self.guide = true;
        self.enter_step(0, keep);
    }

    /// Goes on with a lesson after a reload; the world is the one that was kept.
    pub(super) fn resume_lesson(&mut self, loaded: Loaded, step: usize, keep: &mut impl Keep) {
        let open = Open::new(loaded);
        let last = open.steps().saturating_sub(1);
        self.lessons.open = Some(open);
        self.enter_step(step.min(last), keep);
        let progress = std::mem::take(&mut self.lessons.progress);
        if let Some(open) = self.lessons.open.as_mut() {
            open.take_up(&progress);
        }
        self.keep_progress(keep);
    }

    /// Keeps where the learner is, and what was done there that the world does not show.
    fn keep_progress(&self, keep: &mut impl Keep) {
        if let Some(open) = &self.lessons.open {
            keep.lesson(&format!("{}/{};{}", open.loaded.folder, open.step, open.progress()));
        }
    }

    pub(super) fn close_lesson(&mut self, keep: &mut impl Keep) {
        self.lessons.open = None;
        keep.lesson("");
    }

    /// To a step of the open lesson. Past the last one the lesson is finished.
    pub(super) fn enter_step(&mut self, step: usize, keep: &mut impl Keep) {
        let since = self.terminals.open.iter().map(|id| (*id, self.chunks(*id))).collect();
        let Some(open) = self.lessons.open.as_mut() else { return };
        if step >= open.steps() {
            self.lessons.done.insert(open.loaded.folder.clone());
            let done: Vec<&str> = self.lessons.done.iter().map(String::as_str).collect();
            keep.done(&done.join(" "));
            return self.close_lesson(keep);
        }
        (open.step, open.hints, open.solved, open.turn) = (step, 0, false, 0);
        (open.since, open.looked) = (since, (0.0, EventId(0)));
        open.chosen.clear();
        open.met = vec![false; open.goals().len()];
        let scene = open.scene();
        self.keep_progress(keep);
        if let Some(scene) = scene {
            self.show_scene(&scene);
        }
    }

    fn show_scene(&mut self, scene: &Scene) {
        match scene.lens.as_str() {
            "traffic" => self.lens = Lens::Traffic,
            "registration" => self.lens = Lens::Registration,
            "dns" => self.lens = Lens::Dns,
            _ => {}
        }
        match scene.view.as_str() {
            "belief" => self.belief = true,
            "reality" => self.belief = false,
            _ => {}
        }
        if let Some(tab) = Tab::ALL.into_iter().find(|tab| tab.id() == scene.tab) {
            self.tab = tab;
        }
        self.relayout();
    }

    /// What is asked of the open lesson.
    pub(super) fn act_on_lesson(&mut self, action: Action, keep: &mut impl Keep) {
        match action {
            Action::Course(course) => self.lessons.course = Some(course),
            Action::LessonFailed(why) => self.lessons.failed = Some(why),
            Action::BeginLesson(loaded) => self.begin_lesson(loaded, keep),
            Action::ResumeLesson(loaded, step) => self.resume_lesson(loaded, step, keep),
            Action::CloseLesson => self.close_lesson(keep),
            Action::LessonStep(step) => self.enter_step(step, keep),
            Action::RunBlock(block) => self.run_block(block, keep),
            Action::Answer(block, answer) => {
                if let Some(open) = self.lessons.open.as_mut() {
                    open.chosen.entry(block).or_insert(answer);
                }
            }
            Action::Hint => {
                if let Some(open) = self.lessons.open.as_mut() {
                    open.hints += 1;
                }
            }
            _ => {}
        }
        self.keep_progress(keep);
        self.stamps.lesson += 1;
    }

    /// Does what a block says: a manifest goes into the editor, commands into the terminal of their place.
    fn run_block(&mut self, block: usize, keep: &mut impl Keep) {
        let tag = self.words().tag;
        let Some(open) = self.lessons.open.as_mut() else { return };
        let step = open.text(tag).and_then(|lesson| lesson.steps.get(open.step)).cloned();
        let Some((step, block)) = step.as_ref().and_then(|step| Some((step, step.blocks.get(block)?))) else {
            return;
        };
        match block.kind {
            BlockKind::Manifest | BlockKind::File => {
                self.take_file(block, keep);
                self.tab = Tab::Manifests;
            }
            BlockKind::Sh | BlockKind::Solution => {
                if block.kind == BlockKind::Solution {
                    open.solved = true;
                    self.take_manifests(step, keep);
                }
                let lines = commands(&block.text);
                match block.pod() {
                    None => self.run_on_host(&lines, keep),
                    Some((namespace, name)) => self.run_in_pod(namespace, name, &lines, keep),
                }
            }
            _ => {}
        }
    }

    /// Puts what a step works with into the editor, if it is not there.
    fn take_manifests(&mut self, step: &Step, keep: &mut impl Keep) {
        if let Some(block) = step.of(BlockKind::Manifest).chain(step.of(BlockKind::File)).last() {
            self.take_file(block, keep);
        }
    }

    fn take_file(&mut self, block: &Block, keep: &mut impl Keep) {
        match block.kind {
            BlockKind::File => self.put_file(&block.place, &block.text, keep),
            _ => self.edit(&block.text, keep),
        }
    }

    /// How many chunks a terminal has printed, those that it dropped included.
    fn chunks(&self, terminal: u32) -> u64 {
        self.world().terminal(TerminalId(terminal)).map_or(0, |view| view.dropped + view.output.len() as u64)
    }

    /// Looks at one goal that is not met yet, now and then, when something has happened.
    pub(super) fn look_at_goals(&mut self, ms: f64) {
        let end = self.world().log().end();
        let Some(open) = self.lessons.open.as_mut() else { return };
        open.looked.0 += ms;
        if open.looked.0 < CHECK_EVERY_MS || open.looked.1 == end || open.is_step_done() {
            return;
        }
        open.looked.0 = 0.0;
        let goals = open.goals();
        let turns = (0..goals.len()).map(|n| (open.turn + n) % goals.len());
        let Some(turn) = turns.into_iter().find(|n| open.met.get(*n) == Some(&false)) else { return };
        open.turn = turn + 1;
        // Once all have had their turn, the next look waits for news.
        if open.turn >= goals.len() {
            open.looked.1 = end;
        }
        let Some((kind, goal)) = goals.get(turn) else { return };
        let is_met = match kind {
            BlockKind::Did => self.was_typed(goal),
            _ => ask(self.world(), &goal.command, CHECK_BUDGET, CHECK_PATIENCE)
                .is_some_and(|result| goal.is_met(&result.output, result.status)),
        };
        if let Some(met) = self.lessons.open.as_mut().and_then(|open| open.met.get_mut(turn))
            && is_met
        {
            *met = true;
            self.stamps.lesson += 1;
        }
    }

    /// Whether a command was typed in this step, and printed what it should.
    fn was_typed(&self, goal: &Goal) -> bool {
        let Some(open) = &self.lessons.open else { return false };
        self.terminals.open.iter().any(|id| {
            let Some(view) = self.world().terminal(TerminalId(*id)) else { return false };
            let since = open.since.get(id).copied().unwrap_or_default();
            let new = view.output.iter().skip(since.saturating_sub(view.dropped) as usize);
            let mut runs: Vec<(String, String)> = Vec::new();
            for chunk in new {
                match (chunk.kind, runs.last_mut()) {
                    (ChunkKind::Typed, _) => runs.push((chunk.text.trim().into(), String::new())),
                    (_, Some((_, printed))) => printed.push_str(&chunk.text),
                    (_, None) => {}
                }
            }
            runs.iter().any(|(line, printed)| goal.is_command(line) && goal.is_printed(printed))
        })
    }

    /// Whether the lesson points at something on the stage: `service/my-service`, `node/node-1`, `apiserver`.
    pub fn points_at(&self, what: &str) -> bool {
        let scene = self.lessons.open.as_ref().and_then(Open::scene);
        scene.is_some_and(|scene| {
            scene.spotlight.iter().any(|spot| match spot.strip_suffix('*') {
                Some(start) => what.starts_with(start),
                None => what == spot,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_answered_is_taken_up() {
        let loaded = Loaded { folder: "01-a".into(), texts: Vec::new(), start: String::new() };
        let (mut open, mut again) = (Open::new(loaded.clone()), Open::new(loaded));
        (open.hints, open.solved, open.chosen) = (2, true, FlatMap::from([(3, 0), (5, 1)]));
        again.take_up(&open.progress());
        assert_eq!((again.hints, again.solved, &again.chosen), (2, true, &open.chosen));
        again.take_up("broken");
        assert_eq!((again.hints, again.solved, again.chosen.len()), (0, false, 0));
    }
}
