//! Floor 9: seed and inputs: recording, replay, checkpoints, scripts. A world is `replay(seed, inputs)`.

mod ask;
pub mod script;
pub mod session;

pub use ask::ask;
pub use script::{LineResult, Script};
pub use session::Session;

use crate::base::Instant;
use crate::world::{Cluster, Input, World};
use serde::{Deserialize, Serialize};

/// The core's version, as recordings carry it.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Everything that a world follows from. Its JSON form is what share links, bug reports and saved work hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Recording {
    /// The core's version that made it; another version may replay it to another digest.
    pub version: String,
    /// The seed.
    pub seed: u64,
    /// When the world begins, in nanoseconds after 2026-01-01T00:00:00Z; a bridge to real clients, who compute ages
    /// themselves, begins at the wall clock's time.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub start: u64,
    /// The cluster file; empty for the default cluster.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cluster: String,
    /// The inputs, in order.
    pub inputs: Vec<Timed>,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// An input and when it came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Timed {
    /// The world's time, in nanoseconds.
    pub at: u64,
    /// How many steps the world had taken.
    pub step: u64,
    /// The input.
    pub input: Input,
}

/// Why a recording cannot be replayed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordingError {
    /// It is not the JSON of a recording: what the reader says, with line and column.
    Malformed(String),
    /// Its cluster file has a problem: the field and what would be right.
    Cluster(String),
    /// Its inputs are not in order: the number of the first that is not.
    Disordered(u64),
    /// It is too large: what, how many, and the most there may be.
    TooLarge(&'static str, u64, u64),
}

/// The most inputs that a recording may have.
const MAX_INPUTS: usize = 100_000;
/// The longest time that a recording may span: a year.
const MAX_SPAN: u64 = 365 * 86_400 * 1_000_000_000;
/// The latest start: a century after the epoch.
const MAX_START: u64 = 100 * MAX_SPAN;

impl Recording {
    /// An empty recording of a cluster.
    pub fn new(seed: u64, cluster: &str) -> Recording {
        Recording { version: VERSION.into(), seed, start: 0, cluster: cluster.into(), inputs: Vec::new() }
    }

    /// An empty recording with this seed, or with the one that the cluster file names.
    pub fn begin(seed: Option<u64>, cluster: &str) -> Result<Recording, RecordingError> {
        let described = Recording::new(0, cluster).described()?.seed.0;
        Ok(Recording::new(seed.unwrap_or(described), cluster))
    }

    /// Reads the JSON form and checks it.
    pub fn from_json(text: &str) -> Result<Recording, RecordingError> {
        let recording: Recording =
            serde_json::from_str(text).map_err(|error| RecordingError::Malformed(error.to_string()))?;
        recording.check()?;
        Ok(recording)
    }

    /// Writes the JSON form.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    fn check(&self) -> Result<(), RecordingError> {
        if self.inputs.len() > MAX_INPUTS {
            return Err(RecordingError::TooLarge("inputs", self.inputs.len() as u64, MAX_INPUTS as u64));
        }
        if self.start > MAX_START {
            return Err(RecordingError::TooLarge("nanoseconds", self.start, MAX_START));
        }
        let mut last = (self.start, 0);
        for (n, timed) in self.inputs.iter().enumerate() {
            let span = timed.at.saturating_sub(self.start);
            if span > MAX_SPAN {
                return Err(RecordingError::TooLarge("nanoseconds", span, MAX_SPAN));
            }
            if (timed.at, timed.step) < last {
                return Err(RecordingError::Disordered(n as u64));
            }
            last = (timed.at, timed.step);
        }
        self.cluster().map(|_| ())
    }

    /// The cluster that it begins with.
    pub fn cluster(&self) -> Result<Cluster, RecordingError> {
        let mut cluster = self.described()?;
        cluster.seed = crate::base::Seed(self.seed);
        cluster.start = Instant(self.start);
        Ok(cluster)
    }

    /// The cluster of the cluster file, with that file's seed.
    fn described(&self) -> Result<Cluster, RecordingError> {
        let parsed = Cluster::parse(&self.cluster);
        parsed.map_err(|error| RecordingError::Cluster(format!("{}: {}", error.field, error.message)))
    }

    /// Replays everything and gives the world as it is after the last input, before anything of it has happened.
    pub fn replay(&self) -> Result<World, RecordingError> {
        self.check()?;
        let mut world = World::new(self.cluster()?);
        for timed in &self.inputs {
            advance(&mut world, timed);
            // An input that was refused when it was recorded is refused again.
            let _ = world.input(&timed.input);
        }
        Ok(world)
    }
}

/// Brings a world to where an input came.
pub(crate) fn advance(world: &mut World, timed: &Timed) {
    let at = Instant(timed.at);
    while world.steps() < timed.step && world.next_due().is_some_and(|due| due <= at) {
        world.step();
    }
    world.pass(at);
}
