//! The four verbs of the log: Moved, Decided, Changed, Refused; and the event that carries one of them.

use super::cargo::{Addresses, Cargo};
use super::{JourneyId, Place, Reason, Refusal};
use crate::base::{Canon, Duration, Encoder, Instant, ObjectRef};
use crate::{canon_enum, canon_struct};

/// The number of an event; they count up from 0 without gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct EventId(pub u64);

impl Canon for EventId {
    fn canon(&self, out: &mut Encoder) {
        self.0.canon(out);
    }
}

/// Something that happened, when, and because of what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its number.
    pub id: EventId,
    /// The world's time.
    pub at: Instant,
    /// The event that led to it; `None` for inputs and for timers.
    pub cause: Option<EventId>,
    /// The request or reaction that it belongs to.
    pub journey: Option<JourneyId>,
    /// What happened.
    pub fact: Fact,
}

canon_struct!(Event { id, at, cause, journey, fact });

/// What happened. The page animates Moved, explains Decided and Refused, refreshes on Changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// Something travelled.
    Moved(Hop),
    /// Someone picked something, for a reason with its numbers.
    Decided(Place, Reason),
    /// An object changed, as of a revision of the store.
    Changed(ObjectRef, Change, u64),
    /// Someone said no.
    Refused(Place, Refusal),
}

canon_enum!(Fact {
    1 => Moved(hop),
    2 => Decided(by, reason),
    3 => Changed(object, change, revision),
    4 => Refused(by, refusal),
});

/// One stretch of a way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    /// Where it left.
    pub from: Place,
    /// Where it goes.
    pub to: Place,
    /// What travels.
    pub cargo: Cargo,
    /// Addresses on the packet, if it is one.
    pub addresses: Option<Addresses>,
    /// How long the way takes.
    pub takes: Duration,
}

canon_struct!(Hop { from, to, cargo, addresses, takes });

/// How an object changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It came to be.
    Created,
    /// Its spec or metadata changed.
    Updated,
    /// Its status changed.
    StatusUpdated,
    /// It is marked for deletion and still there.
    Terminating,
    /// It is gone.
    Deleted,
}

canon_enum!(Change { 1 => Created, 2 => Updated, 3 => StatusUpdated, 4 => Terminating, 5 => Deleted });
