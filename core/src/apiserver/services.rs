//! What Services get from the API server's pools before they are validated: families, cluster IPs, node ports. What
//! fails here is refused alone, ahead of all that validation would say.
//!
//! Models: `pkg/registry/core/service/storage/{alloc,storage}.go`.

pub mod addresses;
pub mod carry;
pub mod families;
pub mod node_ports;

use super::ApiServer;
use super::pools::PoolError;
use crate::api::ip_address::IP_ADDRESS;
use crate::api::service::SERVICE;
use crate::api::{FieldError, Object, Request, Status, service, tree};
use crate::base::{ObjectRef, Purpose};
use crate::effect::Out;
use crate::trace::{Place, Reason};
use serde_json::{Value, json};
use std::net::IpAddr;

/// What was taken from the pools for one write, and what is given back once it is done.
#[derive(Debug, Default)]
pub(super) struct Claim {
    taken_ips: Vec<IpAddr>,
    taken_ports: Vec<u16>,
    freed_ips: Vec<IpAddr>,
    freed_ports: Vec<u16>,
}

impl ApiServer {
    /// Takes what a new object needs from the pools, and writes it into the tree.
    pub(super) fn claim_new(
        &mut self,
        request: &Request,
        tree: &mut Value,
        out: &mut Out<'_>,
    ) -> Result<Claim, Status> {
        let mut claim = Claim::default();
        if *request.kind == IP_ADDRESS && !request.options.dry_run {
            claim.taken_ips.extend(self.take_for_record(tree));
        }
        if *request.kind != SERVICE {
            return Ok(claim);
        }
        carry::normalise_new(tree);
        let families = self.families();
        let result = families::init(tree, None, &families)
            .map_err(|wrong| invalid(tree, wrong))
            .and_then(|()| self.claim_ips(tree, 0, request.options.dry_run, &mut claim, out))
            .and_then(|()| self.claim_ports_new(tree, request.options.dry_run, &mut claim, out));
        self.or_give_back(result, claim)
    }

    /// Takes what a changed object needs in addition, and notes what it needs no more.
    pub(super) fn claim_changed(
        &mut self,
        request: &Request,
        old: &Object,
        tree: &mut Value,
        out: &mut Out<'_>,
    ) -> Result<Claim, Status> {
        let mut claim = Claim::default();
        if *request.kind != SERVICE || !request.subresource.is_empty() {
            return Ok(claim);
        }
        carry::patch_allocated(old, tree);
        carry::normalise_changed(old, tree);
        let families = self.families();
        let dry_run = request.options.dry_run;
        let result = families::init(tree, Some(old), &families)
            .map_err(|wrong| invalid(tree, wrong))
            .and_then(|()| self.change_ips(old, tree, dry_run, &mut claim, out))
            .and_then(|()| self.claim_ports_changed(old, tree, dry_run, &mut claim, out));
        carry::drop_type_dependent(old, tree);
        self.or_give_back(result, claim)
    }

    fn or_give_back(&mut self, result: Result<(), Status>, claim: Claim) -> Result<Claim, Status> {
        match result {
            Ok(()) => Ok(claim),
            Err(status) => {
                self.give_back(claim);
                Err(status)
            }
        }
    }

    /// Ends a claim: what was taken is kept, or given back when nothing was written.
    pub(super) fn settle(&mut self, claim: Claim, kept: bool, out: &mut Out<'_>) {
        if kept {
            claim.freed_ips.into_iter().for_each(|ip| self.free_address(ip, out));
            claim.freed_ports.into_iter().for_each(|port| self.ports.release(port));
        } else {
            self.give_back(claim);
        }
    }

    /// Nothing was written: what was taken is free again.
    fn give_back(&mut self, claim: Claim) {
        for ip in claim.taken_ips {
            self.addresses.iter_mut().for_each(|pool| pool.release(ip));
        }
        claim.taken_ports.into_iter().for_each(|port| self.ports.release(port));
    }

    /// Tells what a claim took, and records the addresses, before the write that keeps it.
    pub(super) fn tell_claim(&mut self, object: &ObjectRef, claim: &Claim, out: &mut Out<'_>) {
        if &*object.kind != SERVICE.kind {
            return;
        }
        let ips = claim.taken_ips.iter().map(ToString::to_string);
        for what in ips.chain(claim.taken_ports.iter().map(ToString::to_string)) {
            out.decided(Place::ApiServer, Reason::Allocated(object.clone(), what.into()));
        }
        claim.taken_ips.iter().for_each(|ip| self.record_address(*ip, object, out));
    }

    /// Gives back what an object held that is gone.
    pub(super) fn release(&mut self, object: &Object, out: &mut Out<'_>) {
        if *object.kind == IP_ADDRESS {
            return self.forget_address(object);
        }
        if object.kind != &SERVICE {
            return;
        }
        service::cluster_ips(object).into_iter().for_each(|ip| self.free_address(ip, out));
        node_ports::held(object.tree()).into_iter().for_each(|port| self.ports.release(port));
    }

    /// The families of the cluster, the default one first.
    fn families(&self) -> Vec<&'static str> {
        let ranges = self.config.service_ranges.iter();
        ranges.map(|range| if range.addr().is_ipv4() { "IPv4" } else { "IPv6" }).collect()
    }

    /// Takes an address for each family from the `from`th on.
    fn claim_ips(
        &mut self,
        tree: &mut Value,
        from: usize,
        dry_run: bool,
        claim: &mut Claim,
        out: &mut Out<'_>,
    ) -> Result<(), Status> {
        let headless = tree::str(tree, "spec.clusterIP") == service::HEADLESS;
        if tree::str(tree, "spec.type") == "ExternalName" || headless {
            return Ok(());
        }
        let families: Vec<String> = texts(tree, "spec.ipFamilies");
        let mut ips = texts(tree, "spec.clusterIPs");
        for (i, family) in families.iter().enumerate().skip(from) {
            let wanted = ips.get(i).and_then(|ip| ip.parse::<IpAddr>().ok());
            let ip = match wanted {
                Some(ip) => self.take_ip(tree, ip, dry_run, claim)?,
                None => self.draw_ip(tree, family, dry_run, claim, out)?,
            };
            match ips.get_mut(i) {
                Some(_) => {}
                None => ips.push(ip.to_string()),
            }
        }
        if let Some(first) = ips.first() {
            tree::set(tree, "spec.clusterIP", first.as_str());
        }
        tree::set(tree, "spec.clusterIPs", ips);
        Ok(())
    }

    fn take_ip(
        &mut self,
        tree: &Value,
        ip: IpAddr,
        dry_run: bool,
        claim: &mut Claim,
    ) -> Result<IpAddr, Status> {
        let pool = self.addresses.iter().find(|pool| pool.range.contains(&ip));
        let range = pool.map(|pool| pool.range.to_string()).unwrap_or_default();
        let result = match pool {
            Some(pool) if dry_run => pool.check(ip),
            _ => self.take_everywhere(ip),
        };
        let why = match result {
            Ok(()) => {
                if !dry_run {
                    claim.taken_ips.push(ip);
                }
                return Ok(ip);
            }
            Err(PoolError::Taken | PoolError::Full) => "provided IP is already allocated".to_string(),
            Err(PoolError::Outside) => "the provided network does not match the current range".into(),
            Err(PoolError::Reserved) => {
                format!("the provided IP ({ip}) is not in the valid range. The range of valid IPs is {range}")
            }
        };
        let value = tree::get(tree, "spec.clusterIPs").cloned().unwrap_or(json!([]));
        let words = format!("failed to allocate IP {ip}: {why}");
        Err(invalid(tree, vec![FieldError::invalid("spec.clusterIPs", &value, words)]))
    }

    fn draw_ip(
        &mut self,
        tree: &Value,
        family: &str,
        dry_run: bool,
        claim: &mut Claim,
        out: &mut Out<'_>,
    ) -> Result<IpAddr, Status> {
        let full = || Status::internal("failed to allocate a serviceIP: range is full");
        let mut pools = self.addresses.iter_mut().filter(|pool| pool.is_v4() == (family == "IPv4"));
        let actor = actor(tree, family);
        if dry_run {
            return pools.next().map(|pool| pool.range.network()).ok_or_else(full);
        }
        let drawn = pools.find_map(|pool| pool.next(|n| out.below(Purpose::Allocation, &actor, n)).ok());
        let ip = drawn.ok_or_else(full)?;
        // Ranges may overlap. Where the address is not one of a range's own, there is nothing to take.
        self.addresses.iter_mut().for_each(|pool| _ = pool.take(ip));
        claim.taken_ips.push(ip);
        Ok(ip)
    }

    fn change_ips(
        &mut self,
        old: &Object,
        tree: &mut Value,
        dry_run: bool,
        claim: &mut Claim,
        out: &mut Out<'_>,
    ) -> Result<(), Status> {
        let (was, is) =
            (old.str("spec.type") == "ExternalName", tree::str(tree, "spec.type") == "ExternalName");
        let held = service::cluster_ips(old);
        match (was, is) {
            (true, true) => {}
            (false, true) => claim.freed_ips.extend(held),
            (true, false) => self.claim_ips(tree, 0, dry_run, claim, out)?,
            (false, false) if service::is_headless(old) => {}
            (false, false) => {
                let families = tree::list(tree, "spec.ipFamilies").len();
                let first_kept = tree::list(tree, "spec.clusterIPs").first().and_then(Value::as_str)
                    == held.first().map(ToString::to_string).as_deref();
                if families > held.len() && first_kept {
                    self.claim_ips(tree, held.len(), dry_run, claim, out)?;
                } else if families < held.len() && first_kept {
                    claim.freed_ips.extend(held.into_iter().skip(families));
                }
            }
        }
        Ok(())
    }
}

/// Who draws: the Service by its name and what is drawn for it, so that other Services' draws are not moved.
fn actor(tree: &Value, what: &str) -> String {
    let (namespace, name) = (tree::str(tree, "metadata.namespace"), tree::str(tree, "metadata.name"));
    format!("Service {namespace}/{name} {what}")
}

fn invalid(tree: &Value, wrong: Vec<FieldError>) -> Status {
    Status::invalid(&SERVICE, tree::str(tree, "metadata.name"), wrong)
}

fn texts(tree: &Value, path: &str) -> Vec<String> {
    tree::list(tree, path).iter().filter_map(Value::as_str).map(String::from).collect()
}
