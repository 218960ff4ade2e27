//! How far a change had come when a new connection met an address that no machine has any more: whose rules still named
//! it, and when kube-proxy wrote them. Knows facts, not words.

use tidepool_core::base::{Duration, Text};
use tidepool_core::trace::{Event, EventId, Fact, Journey, Log, Place, Reason, Refusal};

/// How many events before and after are looked through.
const REACH: u64 = 30_000;

/// Rules that were behind the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Behind {
    /// The node whose rules picked the address.
    pub node: Text,
    /// How long before the packet was lost they had been written.
    pub written: Option<Duration>,
    /// How long after it they were written anew; `None` while they are not.
    pub rewritten: Option<Duration>,
}

/// Whose rules sent a packet to an address that no machine has: `None` when an event is no such loss, or when no rule of
/// this journey picked the address.
pub fn behind(log: &Log, journey: &Journey, lost: &Event) -> Option<Behind> {
    let Fact::Refused(_, Refusal::NoSuchAddress(address)) = &lost.fact else { return None };
    let before = journey.events.iter().rev().filter(|id| **id < lost.id).filter_map(|id| log.get(*id));
    let node = before.into_iter().find_map(|event| match &event.fact {
        Fact::Decided(_, Reason::ServiceRule(pick)) if pick.rewritten == *address => Some(pick.node.clone()),
        _ => None,
    })?;
    let wrote = |event: &&Event| match &event.fact {
        Fact::Decided(Place::KubeProxy(by), Reason::RulesSynced(..)) => *by == node,
        _ => false,
    };
    let (first, here) = (lost.id.0.saturating_sub(REACH), lost.id.0);
    let earlier = (first..here).rev().filter_map(|n| log.get(EventId(n))).find(wrote);
    let later = log.since(lost.id).take(REACH as usize).find(wrote);
    let written = earlier.map(|event| lost.at.since(event.at));
    let rewritten = later.map(|event| event.at.since(lost.at));
    Some(Behind { node, written, rewritten })
}
