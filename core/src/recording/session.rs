//! A recording being made: the world now, the inputs so far, and checkpoints to go back to. Undo drops the last input;
//! time travel restores a checkpoint and replays.

use super::{Recording, RecordingError, Timed, advance};
use crate::base::{Instant, StrangerId, Text};
use crate::process::Said;
use crate::trace::EventId;
use crate::world::{Budget, Input, InputError, Ran, World};
use std::collections::VecDeque;

/// A world with its history.
#[derive(Debug, Clone)]
pub struct Session {
    recording: Recording,
    world: World,
    /// How many of the recording's inputs the world has had.
    applied: usize,
    checkpoints: Vec<Checkpoint>,
}

/// A world as it was, and how many inputs it had had.
#[derive(Debug, Clone)]
struct Checkpoint {
    applied: usize,
    world: World,
}

/// The most checkpoints; they thin out with age.
const MAX_CHECKPOINTS: usize = 40;
/// Steps between checkpoints.
const STEPS_APART: u64 = 20_000;

impl Session {
    /// A session over a recording, at its beginning.
    pub fn new(recording: Recording) -> Result<Session, RecordingError> {
        recording.check()?;
        let world = World::new(recording.cluster()?);
        let first = Checkpoint { applied: 0, world: world.clone() };
        Ok(Session { recording, world, applied: 0, checkpoints: vec![first] })
    }

    /// The world.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// The recording.
    pub fn recording(&self) -> &Recording {
        &self.recording
    }

    /// How many inputs the world has had; the rest come when their time does.
    pub fn applied(&self) -> usize {
        self.applied
    }

    /// What strangers were told since this was last asked.
    pub fn take_said(&mut self) -> VecDeque<(StrangerId, Said)> {
        self.world.take_said()
    }

    /// The digest over everything that happened.
    pub fn digest(&self) -> Text {
        self.world.digest()
    }

    /// Takes an input now. Inputs that were still to come are dropped: this is another future.
    pub fn input(&mut self, input: Input) -> Result<(), InputError> {
        self.checkpoint();
        self.world.input(&input)?;
        self.recording.inputs.truncate(self.applied);
        let (at, step) = (self.world.now().0, self.world.steps());
        self.recording.inputs.push(Timed { at, step, input });
        self.applied += 1;
        Ok(())
    }

    /// Runs until an instant or until the budget is used up; recorded inputs come in when their time does.
    pub fn run_until(&mut self, until: Instant, budget: Budget) -> Ran {
        let mut steps = 0;
        loop {
            let left = Budget(budget.0 - steps);
            let next =
                self.recording.inputs.get(self.applied).filter(|timed| Instant(timed.at) <= until).cloned();
            let Some(timed) = next else {
                let ran = self.world.run_until(until, left);
                self.checkpoint_when_due();
                return Ran { steps: steps + ran.steps, reached: ran.reached };
            };
            let missing = timed.step.saturating_sub(self.world.steps());
            if missing > left.0 {
                let ran = self.world.run_until(Instant(timed.at), left);
                return Ran { steps: steps + ran.steps, reached: false };
            }
            advance(&mut self.world, &timed);
            steps += missing;
            // An input that was refused when it was recorded is refused again.
            let _ = self.world.input(&timed.input);
            self.applied += 1;
        }
    }

    /// Runs until at least one more event has happened, or until nothing is due before `limit`.
    pub fn step_event(&mut self, limit: Instant) -> bool {
        let before = self.world.log().end();
        while self.world.log().end() == before {
            match self.world.next_due() {
                Some(due) if due <= limit => {
                    self.run_until(due, Budget(1));
                }
                _ => return false,
            }
        }
        true
    }

    /// Goes back to just after an event, or to the beginning when it is before the first checkpoint.
    pub fn back_to(&mut self, event: EventId) {
        self.restore(|world| world.log().end() <= event);
        while self.world.log().end() <= event {
            let Some(due) = self.world.next_due() else { return };
            self.run_until(due, Budget(1));
        }
    }

    /// Goes back (or forward) to an instant.
    pub fn back_to_instant(&mut self, at: Instant) {
        self.restore(|world| world.now() <= at);
        self.run_until(at, Budget(u64::MAX));
    }

    /// Drops the last input that the world has had, and what came after it. `false` when there is none.
    pub fn undo(&mut self) -> bool {
        let Some(last) = self.applied.checked_sub(1) else { return false };
        let Some(timed) = self.recording.inputs.get(last).cloned() else { return false };
        self.recording.inputs.truncate(last);
        let checkpoint =
            self.checkpoints.iter().rposition(|checkpoint| checkpoint.applied <= last).unwrap_or(0);
        self.take(checkpoint);
        self.run_until(Instant(timed.at), Budget(timed.step.saturating_sub(self.world.steps())));
        self.world.pass(Instant(timed.at));
        true
    }

    fn restore(&mut self, fits: impl Fn(&World) -> bool) {
        if !fits(&self.world) {
            let checkpoint = self.checkpoints.iter().rposition(|checkpoint| fits(&checkpoint.world));
            self.take(checkpoint.unwrap_or(0));
        }
    }

    fn take(&mut self, index: usize) {
        self.checkpoints.truncate(index + 1);
        if let Some(checkpoint) = self.checkpoints.last() {
            (self.applied, self.world) = (checkpoint.applied, checkpoint.world.clone());
        }
    }

    fn checkpoint_when_due(&mut self) {
        let last = self.checkpoints.last().map_or(0, |checkpoint| checkpoint.world.steps());
        if self.world.steps() >= last + STEPS_APART {
            self.checkpoint();
        }
    }

    /// Keeps the world as it is; when there are too many, every second of the older half goes (never the first).
    fn checkpoint(&mut self) {
        self.checkpoints.push(Checkpoint { applied: self.applied, world: self.world.clone() });
        if self.checkpoints.len() > MAX_CHECKPOINTS {
            let mut n = 0;
            self.checkpoints.retain(|_| {
                n += 1;
                n > MAX_CHECKPOINTS / 2 || n % 2 == 1
            });
        }
    }
}
