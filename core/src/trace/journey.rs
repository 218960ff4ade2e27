//! Journeys: the events of one command, request or reaction, gathered as they are appended. Nothing walks the log to
//! find one. Bounded: the oldest journeys go, those of requests that failed last, and one journey keeps at most
//! [`MAX_EVENTS`] events.

use super::{EventId, Fact, Place};
use crate::base::{Canon, Encoder, FlatMap, Instant, ObjectRef, Text};
use std::sync::Arc;

/// The number of a journey; they count up from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct JourneyId(pub u64);

impl Canon for JourneyId {
    fn canon(&self, out: &mut Encoder) {
        self.0.canon(out);
    }
}

/// What began a journey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A line typed into a terminal, and where that terminal is.
    Command(Text, Place),
    /// A program that makes requests (curl, dig, kubectl, python): its command line, and where it runs.
    Request(Text, Place),
    /// Someone who watches acted on a change.
    Reaction(Place, ObjectRef),
    /// A probe of a pod.
    Probe(ObjectRef),
    /// A timer: a lease, a resync, a periodic job.
    Timer(Place),
}

/// A line of a program that caused something: the file, the line's number, and the line itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceLine<'o> {
    /// The file, as the program's tracebacks name it.
    pub file: &'o str,
    /// The number; the first line is 1.
    pub line: u32,
    /// The line without the spaces around it.
    pub text: &'o str,
}

impl Origin {
    /// A request that a line of a program makes: `/call.py:9: sock.connect((service_ip, service_port))`. Its journey is
    /// within that of the program's command line.
    pub fn of_line(file: &str, line: u32, text: &str, at: Place) -> Origin {
        Origin::Request(format!("{file}:{line}: {text}").into(), at)
    }

    /// The line of a program that made a request, if one did.
    pub fn line(&self) -> Option<SourceLine<'_>> {
        let Origin::Request(words, _) = self else { return None };
        let (before, text) = words.split_once(": ")?;
        let (file, line) = before.rsplit_once(':')?;
        let is_file = file.starts_with('/') || file.starts_with('<');
        Some(SourceLine { file, line: line.parse().ok()?, text }).filter(|_| is_file)
    }
}

/// What happened to one request, command or reaction.
#[derive(Debug, Clone)]
pub struct Journey {
    /// Its number.
    pub id: JourneyId,
    /// What began it.
    pub origin: Origin,
    /// The journey within which it began: the command of a request, or the request whose write it reacts to.
    pub parent: Option<JourneyId>,
    /// When it began.
    pub began: Instant,
    /// Its events, in order.
    pub events: Arc<Vec<EventId>>,
    /// How many more events it had than it keeps.
    pub more: u64,
    /// Whether something in it was refused.
    pub refused: bool,
}

/// The most events that one journey keeps.
pub const MAX_EVENTS: usize = 2_000;
/// The most journeys that are kept.
const MAX_JOURNEYS: usize = 2_000;
/// The most requests that are kept beyond that, because something in them was refused: they are what one looks for
/// after a busy minute.
const MAX_REFUSED: usize = 100;

/// All journeys that are kept.
#[derive(Debug, Clone, Default)]
pub struct Journeys {
    next: u64,
    kept: FlatMap<JourneyId, Arc<Journey>>,
    /// Refused requests that are older than all that is kept.
    refused: FlatMap<JourneyId, Arc<Journey>>,
}

impl Journeys {
    /// Opens a journey.
    pub fn open(&mut self, origin: Origin, parent: Option<JourneyId>, began: Instant) -> JourneyId {
        self.next += 1;
        let id = JourneyId(self.next);
        let journey = Journey { id, origin, parent, began, events: Arc::default(), more: 0, refused: false };
        self.kept.insert(id, Arc::new(journey));
        if self.kept.len() > MAX_JOURNEYS {
            self.retire();
        }
        id
    }

    /// Lets the oldest journey go, or keeps it among the refused ones.
    fn retire(&mut self) {
        let Some((id, journey)) = self.kept.pop_first() else { return };
        if journey.refused && matches!(journey.origin, Origin::Request(..)) {
            self.refused.insert(id, journey);
            if self.refused.len() > MAX_REFUSED {
                self.refused.pop_first();
            }
        }
    }

    /// Files an event under its journey.
    pub fn gather(&mut self, id: JourneyId, event: EventId, fact: &Fact) {
        let journey = match self.kept.get_mut(&id) {
            Some(journey) => Some(journey),
            None => self.refused.get_mut(&id),
        };
        if let Some(journey) = journey {
            let journey = Arc::make_mut(journey);
            journey.refused |= matches!(fact, Fact::Refused(..));
            if journey.events.len() < MAX_EVENTS {
                Arc::make_mut(&mut journey.events).push(event);
            } else {
                journey.more += 1;
            }
        }
    }

    /// A journey, if it is still kept.
    pub fn get(&self, id: JourneyId) -> Option<&Journey> {
        self.kept.get(&id).or_else(|| self.refused.get(&id)).map(|journey| &**journey)
    }

    /// The journeys that are kept, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Journey> {
        self.refused.values().chain(self.kept.values()).map(|journey| &**journey)
    }
}
