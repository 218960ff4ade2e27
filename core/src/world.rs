//! Floor 8: the world: the one exhaustive match over what is due, and read-only views. Only it is mutable, only through
//! an input or a step; after either, every effect has been drained.

pub mod balancers;
pub mod bootstrap;
pub mod cluster;
mod health;
pub mod input;
mod logs;
pub mod api_calls;
mod policy;
mod proxiers;
pub mod rooms;
pub mod runtime;
pub mod step;
pub mod strangers;
pub mod terminals;
pub mod view;
pub mod watches;
pub mod wire;

pub use cluster::Cluster;
pub use input::{Errand, Input, InputError, Payload};
pub use rooms::Rooms;
pub use step::{Budget, Ran};

use crate::base::{Instant, Seed, StrangerId, Text};
use crate::effect::{Out, Wake};
use crate::engine::{Draws, Fuel, Queue};
use crate::process::Said;
use crate::trace::{Cause, EventId, Log};
use std::collections::VecDeque;
use std::sync::Arc;

/// A cluster and everything around it, at an instant. Cloning it is cheap: what is large is shared.
#[derive(Debug, Clone)]
pub struct World {
    cluster: Arc<Cluster>,
    now: Instant,
    steps: u64,
    queue: Queue<Wake>,
    draws: Draws,
    log: Log,
    fuel: Fuel,
    wakes: Vec<(Instant, Cause, Wake)>,
    pub(crate) rooms: Rooms,
    /// What the API server refused of the cluster file.
    refused: Arc<[Text]>,
}

impl World {
    /// The world at its beginning: the control plane is up, nodes are about to join.
    pub fn new(cluster: Cluster) -> World {
        let cluster = Arc::new(cluster);
        let mut world = World {
            now: cluster.start,
            steps: 0,
            queue: Queue::default(),
            draws: Draws::new(cluster.seed),
            log: Log::default(),
            fuel: Fuel::default(),
            wakes: Vec::new(),
            rooms: Rooms::new(&cluster),
            cluster: cluster.clone(),
            refused: Arc::default(),
        };
        let refused = world.with_out(Cause::default(), |rooms, out| bootstrap::begin(rooms, &cluster, out));
        world.refused = refused.into();
        world
    }

    /// What the API server refused of the cluster file, in its words: the rest of it is there.
    pub fn refused(&self) -> &[Text] {
        &self.refused
    }

    /// The world's time.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// The seed.
    pub fn seed(&self) -> Seed {
        self.cluster.seed
    }

    /// The cluster as it was described.
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// How many steps were taken.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// What happened.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// The digest over everything that happened.
    pub fn digest(&self) -> Text {
        self.log.digest()
    }

    /// When the next wake is due.
    pub fn next_due(&self) -> Option<Instant> {
        self.queue.next_due()
    }

    /// Lets time pass to an instant before which nothing is due any more.
    pub(crate) fn pass(&mut self, at: Instant) {
        self.now = self.now.max(at);
    }

    /// Runs a piece of work with a sink, then drains what it pushed.
    fn with_out<T>(&mut self, cause: Cause, work: impl FnOnce(&mut Rooms, &mut Out<'_>) -> T) -> T {
        let mut wakes = std::mem::take(&mut self.wakes);
        let timing = &self.cluster.timing;
        let mut out = Out::new(self.now, cause, timing, &mut self.draws, &mut self.log, &mut wakes);
        let result = work(&mut self.rooms, &mut out);
        self.rooms.settle(&mut out);
        for (due, cause, wake) in wakes.drain(..) {
            self.queue.push(due, cause, wake);
        }
        self.wakes = wakes;
        result
    }

    /// What strangers were told since this was last asked; the world does not depend on who listens.
    pub fn take_said(&mut self) -> VecDeque<(StrangerId, Said)> {
        self.rooms.kernel.take_said()
    }

    /// The number that the next event will get.
    pub fn events_end(&self) -> EventId {
        self.log.end()
    }
}
