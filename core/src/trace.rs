//! Floor 1: what happened. Four kinds of fact, events with causes, and journeys that fold the events of one request.
//! Facts are raw values; sentences for learners belong to the page. Each fact also has one terse technical line.

pub mod cargo;
pub mod fact;
pub mod journey;
pub mod line;
pub mod log;
pub mod place;
pub mod reason;

pub use cargo::{Cargo, TcpFlag};
pub use fact::{Change, Event, EventId, Fact, Hop};
pub use journey::{Journey, JourneyId, Origin, SourceLine};
pub use log::{Cause, Log};
pub use place::Place;
pub use reason::{Reason, Refusal};
