//! Who answered how often and how fast, counted from the log as it grows. Knows no Services.

use crate::follow::is_request;
use tidepool_core::base::{Duration, FlatMap, order};
use tidepool_core::trace::{Cargo, Event, Fact, Log, Place, TcpFlag};

/// What is known of one that answers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally {
    /// Answers.
    pub answers: u64,
    /// Answers with a status below 400.
    pub good: u64,
    /// Refused connections.
    pub refused: u64,
    latencies: Vec<u64>,
}

/// Latencies that are kept per destination.
const KEPT: usize = 2_000;

impl Tally {
    /// The latency that a share of the answers was below: 50 for the median.
    pub fn percentile(&self, percent: usize) -> Option<Duration> {
        let mut sorted = self.latencies.clone();
        order::sort(&mut sorted);
        let at = (sorted.len() * percent / 100).min(sorted.len().checked_sub(1)?);
        sorted.get(at).map(|ns| Duration(*ns))
    }
}

/// All that answered.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Traffic {
    /// By who answered.
    pub by_place: FlatMap<Place, Tally>,
}

impl Traffic {
    /// Takes in an event.
    pub fn see(&mut self, log: &Log, event: &Event) {
        let Fact::Moved(hop) = &event.fact else { return };
        let Some(journey) = event.journey.and_then(|id| log.journeys.get(id)) else { return };
        if !is_request(journey) {
            return;
        }
        match &hop.cargo {
            Cargo::HttpResponse(status, _) => {
                let tally = self.by_place.entry(hop.from.clone()).or_default();
                tally.answers += 1;
                tally.good += u64::from(*status < 400);
                if tally.latencies.len() < KEPT {
                    tally.latencies.push((event.at.since(journey.began) + hop.takes).0);
                }
            }
            Cargo::Tcp(TcpFlag::Rst) => self.by_place.entry(hop.from.clone()).or_default().refused += 1,
            _ => {}
        }
    }

    /// All answers.
    pub fn total(&self) -> u64 {
        self.by_place.values().map(|tally| tally.answers).sum()
    }
}
