//! The ServiceCIDR controller: a new range of cluster IPs is made ready, and one that is to go waits until no Service
//! has an address that only it covers.
//!
//! Models: `pkg/controller/servicecidrs/servicecidrs_controller.go`.

use super::controllers::Reconcile;
use super::desk::{Desk, key_of};
use crate::api::request::PatchType;
use crate::api::service_cidr::{SERVICE_CIDR, is_ready, ranges};
use crate::api::{Change, Object, Request, tree};
use crate::base::Duration;
use crate::effect::Out;
use serde_json::{Value, json};
use std::net::IpAddr;

const FINALIZER: &str = "networking.k8s.io/service-cidr-finalizer";
/// Until allocators have heard that a range goes.
const GRACE: Duration = Duration::secs(10);

/// The controller; its cache is all that it remembers.
#[derive(Debug, Clone, Default)]
pub struct ServiceCidrs;

impl Reconcile for ServiceCidrs {
    fn observe(&mut self, change: &Change, desk: &mut Desk, out: &mut Out<'_>) {
        let Some(object) = change.object() else { return };
        if &*object.key.kind == "ServiceCIDR" {
            desk.add(&key_of(object), change, out);
        }
        // Addresses and ranges that go may let another range go.
        if change.after.is_none() {
            let waiting = desk.cache.all("ServiceCIDR").filter(|range| range.is_terminating());
            let waiting: Vec<_> = waiting.map(key_of).collect();
            waiting.iter().for_each(|key| desk.add(key, change, out));
        }
    }

    fn sync(&mut self, key: &str, desk: &mut Desk, out: &mut Out<'_>) {
        let Some(range) = desk.cache.get("ServiceCIDR", "", key).cloned() else { return };
        let finalizers = range.list("metadata.finalizers").to_vec();
        let has_finalizer = finalizers.iter().any(|f| f.as_str() == Some(FINALIZER));
        if range.is_terminating() {
            if !has_finalizer {
                return;
            }
            if !may_go(&range, desk) {
                let why = "There are still IPAddresses referencing the ServiceCIDR, please remove them or create a \
                           new ServiceCIDR";
                return condition(&range, "False", "Terminating", why, desk, out);
            }
            let age = out.now.since(deleted_at(&range, out.now));
            if age < GRACE {
                return desk.add_after(key, Duration(GRACE.0 - age.0), out);
            }
            let others = finalizers.into_iter().filter(|f| f.as_str() != Some(FINALIZER));
            return patch_finalizers(&range, others.collect(), desk, out);
        }
        if !has_finalizer {
            let all = finalizers.into_iter().chain([FINALIZER.into()]);
            patch_finalizers(&range, all.collect(), desk, out);
        }
        if !is_ready(&range) {
            condition(&range, "True", "", "Kubernetes Service CIDR is ready", desk, out);
        }
    }
}

fn deleted_at(range: &Object, now: crate::base::Instant) -> crate::base::Instant {
    crate::base::Instant::from_rfc3339(range.str("metadata.deletionTimestamp")).unwrap_or(now)
}

/// Whether every address that the range covers is covered by another one too.
fn may_go(range: &Object, desk: &Desk) -> bool {
    let others: Vec<_> =
        desk.cache.all("ServiceCIDR").filter(|o| o.uid != range.uid).flat_map(ranges).collect();
    let own: Vec<_> = ranges(range).collect();
    if own.iter().all(|own| others.iter().any(|other| other.contains(own))) {
        return true;
    }
    let mut ips = desk.cache.all("IPAddress").filter_map(|ip| ip.name().parse::<IpAddr>().ok());
    !ips.any(|ip| own.iter().any(|own| own.contains(&ip)) && !others.iter().any(|other| other.contains(&ip)))
}

fn patch_finalizers(range: &Object, all: Vec<Value>, desk: &mut Desk, out: &mut Out<'_>) {
    let patch = json!({ "metadata": { "finalizers": all } });
    let request = Request::patch(desk.name, &SERVICE_CIDR, &range.key, PatchType::Merge, patch);
    desk.call(&key_of(range), request, out);
}

fn condition(range: &Object, status: &str, reason: &str, message: &str, desk: &mut Desk, out: &mut Out<'_>) {
    let known = range.list("status.conditions").first();
    if known
        .is_some_and(|known| tree::str(known, "status") == status && tree::str(known, "message") == message)
    {
        return;
    }
    let condition = json!({
        "type": "Ready", "status": status, "reason": reason, "message": message,
        "lastTransitionTime": out.now.rfc3339(),
    });
    let patch = json!({ "status": { "conditions": [condition] } });
    let request = Request::patch(desk.name, &SERVICE_CIDR, &range.key, PatchType::Merge, patch);
    desk.call(&key_of(range), Request { subresource: "status", ..request }, out);
}
