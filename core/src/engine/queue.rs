//! What is due when. Total order: earlier first, and among equals the one that was asked for first.

use crate::base::Instant;
use crate::trace::Cause;
use std::collections::BTreeMap;

/// A wake and why it will happen.
#[derive(Debug, Clone)]
pub struct Entry<W> {
    /// What to do.
    pub wake: W,
    /// Why.
    pub cause: Cause,
}

/// The queue of wakes, keyed by (due, seq).
#[derive(Debug, Clone)]
pub struct Queue<W> {
    entries: BTreeMap<(Instant, u64), Entry<W>>,
    next: u64,
}

impl<W> Default for Queue<W> {
    fn default() -> Self {
        Queue { entries: BTreeMap::new(), next: 0 }
    }
}

impl<W> Queue<W> {
    /// Asks for a wake.
    pub fn push(&mut self, due: Instant, cause: Cause, wake: W) {
        self.entries.insert((due, self.next), Entry { wake, cause });
        self.next += 1;
    }

    /// When the next wake is due.
    pub fn next_due(&self) -> Option<Instant> {
        self.entries.first_key_value().map(|((due, _), _)| *due)
    }

    /// Takes the next wake.
    pub fn pop(&mut self) -> Option<(Instant, Entry<W>)> {
        self.entries.pop_first().map(|((due, _), entry)| (due, entry))
    }

    /// How many wakes wait.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// What waits, in order.
    pub fn iter(&self) -> impl Iterator<Item = (Instant, &Entry<W>)> {
        self.entries.iter().map(|((due, _), entry)| (*due, entry))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_go_to_who_asked_first() {
        let mut queue = Queue::default();
        for (due, wake) in [(2, "c"), (1, "a"), (1, "b")] {
            queue.push(Instant(due), Cause::default(), wake);
        }
        let order: Vec<_> = std::iter::from_fn(|| queue.pop()).map(|(_, entry)| entry.wake).collect();
        assert_eq!(order, ["a", "b", "c"]);
    }
}
