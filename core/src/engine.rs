//! Floor 1: the queue ordered by (due, seq), the counters behind draws, and fuel. Knows no rooms and no wakes.

pub mod draws;
pub mod fuel;
pub mod queue;

pub use draws::Draws;
pub use fuel::Fuel;
pub use queue::{Entry, Queue};
