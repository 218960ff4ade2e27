//! The records of cluster IPs, and the ranges that they come from: IPAddress and ServiceCIDR objects beside the pools.
//!
//! Models: `pkg/registry/core/service/ipallocator/{cidrallocator,ipallocator}.go`,
//! `pkg/controlplane/controller/defaultservicecidr`. Omits: the repair loop, which puts back records that someone
//! deletes; an address that a Service holds stays taken all the same.

use crate::api::ip_address::{self, IP_ADDRESS};
use crate::api::service_cidr::{self, SERVICE_CIDR};
use crate::api::{Object, Request, service, tree};
use crate::apiserver::bootstrap::AGENT;
use crate::apiserver::pools::{AddressPool, PoolError};
use crate::apiserver::{ApiServer, meta};
use crate::base::ObjectRef;
use crate::effect::Out;
use crate::trace::Change;
use ipnet::IpNet;
use serde_json::json;
use std::net::IpAddr;

/// The name of the ranges that the API server was started with.
pub const DEFAULT_RANGES: &str = "kubernetes";

impl ApiServer {
    /// The ranges that the API server was started with, as an object.
    pub(in crate::apiserver) fn default_ranges(&mut self, out: &mut Out<'_>) {
        let cidrs: Vec<String> = self.config.service_ranges.iter().map(ToString::to_string).collect();
        let object = json!({ "metadata": { "name": DEFAULT_RANGES }, "spec": { "cidrs": cidrs } });
        self.make(&SERVICE_CIDR, object, out);
        let Some(made) = self.stored(&SERVICE_CIDR, "", DEFAULT_RANGES) else { return };
        let condition = json!({
            "type": "Ready", "status": "True", "reason": "", "lastTransitionTime": out.now.rfc3339(),
            "message": "Kubernetes default Service CIDR is ready",
        });
        let ready = made.edit(|tree| tree::set(tree, "status.conditions", vec![condition]));
        let written = self.request(&Request::update_status(AGENT, ready), out);
        debug_assert!(written.is_ok(), "a condition is valid: {written:?}");
    }

    /// Records that a Service has an address.
    pub(super) fn record_address(&mut self, ip: IpAddr, of: &ObjectRef, out: &mut Out<'_>) {
        let mut record = ip_address::of_service(ip, &of.namespace, &of.name).tree().clone();
        let uid = meta::uid(&IP_ADDRESS, "", &ip.to_string(), out);
        meta::stamp(&IP_ADDRESS, &mut record, &uid, out);
        self.put(Object::new(&IP_ADDRESS, record), Change::Created, out);
    }

    /// An address is free: its record goes.
    pub(super) fn free_address(&mut self, ip: IpAddr, out: &mut Out<'_>) {
        self.addresses.iter_mut().for_each(|pool| pool.release(ip));
        if let Some(record) = self.stored(&IP_ADDRESS, "", &ip.to_string()).cloned() {
            self.remove(&record, out);
        }
    }

    /// Someone removed a record: the address is free unless a Service still has it.
    pub(super) fn forget_address(&mut self, record: &Object) {
        let Ok(ip) = record.name().parse::<IpAddr>() else { return };
        let field = |field: &str| record.str(&format!("spec.parentRef.{field}"));
        let holder = self.stored(&service::SERVICE, field("namespace"), field("name"));
        if !holder.is_some_and(|holder| service::cluster_ips(holder).contains(&ip)) {
            self.addresses.iter_mut().for_each(|pool| pool.release(ip));
        }
    }

    /// Takes an address for a record that someone makes by hand; who has it already keeps it.
    pub(super) fn take_for_record(&mut self, tree: &serde_json::Value) -> Option<IpAddr> {
        let ip: IpAddr = tree::str(tree, "metadata.name").parse().ok()?;
        self.take_everywhere(ip).ok().map(|_| ip)
    }

    /// Takes an address in every range that has it; gives the first range's text.
    pub(super) fn take_everywhere(&mut self, ip: IpAddr) -> Result<(), PoolError> {
        let mut pools = self.addresses.iter_mut().filter(|pool| pool.range.contains(&ip));
        let first = pools.next().ok_or(PoolError::Outside)?;
        first.take(ip)?;
        // An address at the edge of a smaller range is not one of its own.
        pools.for_each(|pool| _ = pool.take(ip));
        Ok(())
    }

    /// After a range came, changed or went: the pools are those of the ranges that are ready, and those given at the
    /// start.
    pub(in crate::apiserver) fn follow_ranges(&mut self) {
        let objects = self.peek(&SERVICE_CIDR);
        let ready = objects.iter().filter(|object| service_cidr::is_ready(object));
        let others = ready.filter(|object| object.name() != DEFAULT_RANGES).flat_map(service_cidr::ranges);
        let wanted: Vec<IpNet> = self.config.service_ranges.iter().copied().chain(others).collect();
        self.addresses.retain(|pool| wanted.contains(&pool.range));
        for range in wanted {
            if self.addresses.iter().any(|pool| pool.range == range) {
                continue;
            }
            let mut pool = AddressPool::new(range);
            for record in self.peek(&IP_ADDRESS) {
                if let Ok(ip) = record.name().parse() {
                    // Addresses of other ranges are refused.
                    let _ = pool.take(ip);
                }
            }
            self.addresses.push(pool);
        }
    }
}
