//! The log: a window of the latest events and a running digest over all of them. Knows no rooms.

use super::journey::{Journeys, Origin};
use super::{Event, EventId, Fact, JourneyId};
use crate::base::canon::{Canon, Digest, Encoder};
use crate::base::{Instant, Text};
use std::collections::VecDeque;
use std::sync::Arc;

/// Why something is happening now: the event that led to it, and the journey that it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cause {
    /// The event.
    pub event: Option<EventId>,
    /// The journey.
    pub journey: Option<JourneyId>,
}

/// Events per chunk. Full chunks are shared between clones of the world, so a checkpoint copies one chunk at most.
const CHUNK: usize = 1_024;
/// Full chunks kept: with the open one, a window of about 100,000 events.
const MAX_CHUNKS: usize = 97;

/// Everything that happened lately.
#[derive(Debug, Clone, Default)]
pub struct Log {
    full: VecDeque<Arc<[Event]>>,
    open: Vec<Event>,
    first: u64,
    next: u64,
    digest: Digest,
    scratch: Encoder,
    /// The journeys, gathered as events are appended.
    pub journeys: Journeys,
}

impl Log {
    /// Appends a fact and returns the event's number.
    pub fn append(&mut self, at: Instant, cause: Cause, fact: Fact) -> EventId {
        let id = EventId(self.next);
        self.next += 1;
        let event = Event { id, at, cause: cause.event, journey: cause.journey, fact };
        self.scratch.clear();
        event.canon(&mut self.scratch);
        self.digest.absorb(&self.scratch);
        if let Some(journey) = cause.journey {
            self.journeys.gather(journey, id, &event.fact);
        }
        self.open.push(event);
        if self.open.len() == CHUNK {
            self.full.push_back(std::mem::take(&mut self.open).into());
            if self.full.len() > MAX_CHUNKS {
                self.full.pop_front();
                self.first += CHUNK as u64;
            }
        }
        id
    }

    /// Opens a journey within another.
    pub fn open_journey(&mut self, at: Instant, origin: Origin, parent: Option<JourneyId>) -> JourneyId {
        self.journeys.open(origin, parent, at)
    }

    /// An event, if it is still in the window.
    pub fn get(&self, id: EventId) -> Option<&Event> {
        let index = usize::try_from(id.0.checked_sub(self.first)?).ok()?;
        match self.full.get(index / CHUNK) {
            Some(chunk) => chunk.get(index % CHUNK),
            None => self.open.get(index - self.full.len() * CHUNK),
        }
    }

    /// The events from `id` on that are still in the window, oldest first.
    pub fn since(&self, id: EventId) -> impl Iterator<Item = &Event> {
        let start = id.0.max(self.first);
        (start..self.next).filter_map(move |n| self.get(EventId(n)))
    }

    /// The number that the next event will get; a cursor for [`Log::since`].
    pub fn end(&self) -> EventId {
        EventId(self.next)
    }

    /// The digest over every event so far, as hexadecimal digits.
    pub fn digest(&self) -> Text {
        self.digest.hex().into()
    }
}
