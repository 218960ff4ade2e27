//! A DaemonSet's status: on how many nodes its pods are, should be, and are ready.
//!
//! Models: `pkg/controller/daemon/daemon_controller.go` (`updateDaemonSetStatus`).

use super::Turn;
use crate::api::{Object, Request, pod, tree};
use crate::base::Duration;
use crate::control::desk::{Desk, key_of};
use crate::effect::Out;
use serde_json::{Value, json};

/// Writes the status if it changed, and comes back while pods are Ready but not yet available.
pub fn write(turn: &Turn<'_>, desk: &mut Desk, out: &mut Out<'_>) {
    let status = status(turn);
    let count = |field| tree::int(&status, field).unwrap_or(0);
    if count("numberReady") > count("numberAvailable") {
        desk.add_after(&key_of(turn.set), Duration::secs(1), out);
    }
    if turn.set.get("status") != Some(&status) {
        let changed = turn.set.edit(|tree| tree::set(tree, "status", status));
        desk.call(&key_of(turn.set), Request::update_status(desk.name, changed), out);
    }
}

fn status(turn: &Turn<'_>) -> Value {
    let [mut desired, mut current, mut misplaced, mut ready, mut available, mut updated] = [0_i64; 6];
    for (node, place) in &turn.nodes {
        let Some(oldest) = turn.on(node).next() else {
            desired += i64::from(place.wanted);
            continue;
        };
        if !place.wanted {
            misplaced += 1;
            continue;
        }
        // While a rollout surges, the newer of two pods is the one that tells whether the node is up to date.
        let told: &Object = turn.on(node).find(|pod| turn.is_new(pod)).unwrap_or(oldest);
        desired += 1;
        current += 1;
        ready += i64::from(turn.on(node).any(pod::is_ready));
        available += i64::from(turn.on(node).any(|pod| turn.is_available(pod)));
        updated += i64::from(turn.is_new(told));
    }
    let mut status = json!({
        "currentNumberScheduled": current, "numberMisscheduled": misplaced,
        "desiredNumberScheduled": desired, "numberReady": ready,
        "observedGeneration": turn.set.int("metadata.generation").unwrap_or(0),
    });
    let optional = [
        ("updatedNumberScheduled", updated),
        ("numberAvailable", available),
        ("numberUnavailable", desired - available),
    ];
    for (field, n) in optional.into_iter().filter(|(_, n)| *n > 0) {
        status[field] = n.into();
    }
    status
}
