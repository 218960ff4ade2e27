//! Node ports: taken when a Service is made, kept or exchanged when it is changed. One number is one allocation,
//! whatever the protocol.
//!
//! Models: initNodePorts, updateNodePorts and the health check ports of `pkg/registry/core/service/storage/alloc.go`.

use super::{Claim, actor, invalid};
use crate::api::{FieldError, Object, Status, tree};
use crate::apiserver::ApiServer;
use crate::apiserver::pools::PoolError;
use crate::base::{FlatMap, FlatSet, Purpose};
use crate::effect::Out;
use serde_json::{Value, json};

/// Where the numbers begin that a dry run hands out.
const DRY_RUN_PORT: u16 = 32_769;

/// All node ports that a Service holds, its health check port among them.
pub(in crate::apiserver) fn held(tree: &Value) -> FlatSet<u16> {
    let ports = tree::list(tree, "spec.ports").iter().filter_map(|port| tree::int(port, "nodePort"));
    let health = tree::int(tree, "spec.healthCheckNodePort");
    ports.chain(health).filter_map(|n| u16::try_from(n).ok()).filter(|n| *n != 0).collect()
}

/// Whether a Service is of a type that has node ports.
pub(super) fn has_node_ports(tree: &Value) -> bool {
    matches!(tree::str(tree, "spec.type"), "NodePort" | "LoadBalancer")
}

/// Whether ports without a node port get one.
pub(super) fn draws_node_ports(tree: &Value) -> bool {
    match tree::str(tree, "spec.type") {
        "NodePort" => true,
        "LoadBalancer" => tree::bool(tree, "spec.allocateLoadBalancerNodePorts") != Some(false),
        _ => false,
    }
}

fn needs_health_check(tree: &Value) -> bool {
    tree::str(tree, "spec.type") == "LoadBalancer" && tree::str(tree, "spec.externalTrafficPolicy") == "Local"
}

impl ApiServer {
    pub(super) fn claim_ports_new(
        &mut self,
        tree: &mut Value,
        dry_run: bool,
        claim: &mut Claim,
        out: &mut Out<'_>,
    ) -> Result<(), Status> {
        if has_node_ports(tree) {
            let mut by_port: FlatMap<i64, i64> = FlatMap::new();
            for i in 0..tree::list(tree, "spec.ports").len() {
                let (port, asked) = numbers(tree, i);
                if asked == 0 && !draws_node_ports(tree) {
                    continue;
                }
                let number = match by_port.get(&port) {
                    // The same port under another protocol shares the number unless it asks for its own.
                    Some(shared) if asked == 0 || asked == *shared => *shared,
                    Some(_) => self.take_port(tree, i, asked, dry_run, claim)?,
                    None => {
                        let number = match asked_for(tree, port) {
                            Some(asked) => self.take_port(tree, i, asked, dry_run, claim)?,
                            None => self.draw_port(tree, dry_run, claim, out)?,
                        };
                        by_port.insert(port, number);
                        number
                    }
                };
                set_node_port(tree, i, number);
            }
        }
        self.claim_health_check(tree, dry_run, claim, out)
    }

    pub(super) fn claim_ports_changed(
        &mut self,
        old: &Object,
        tree: &mut Value,
        dry_run: bool,
        claim: &mut Claim,
        out: &mut Out<'_>,
    ) -> Result<(), Status> {
        let before = held(old.tree());
        if has_node_ports(tree) {
            let mut seen: Vec<(String, i64)> = Vec::new();
            let mut taken_now = FlatSet::new();
            for i in 0..tree::list(tree, "spec.ports").len() {
                let (_, asked) = numbers(tree, i);
                if asked == 0 && !draws_node_ports(tree) {
                    continue;
                }
                let mut number = asked;
                if asked == 0 {
                    number = self.draw_port(tree, dry_run, claim, out)?;
                } else if !u16::try_from(asked).is_ok_and(|n| before.contains(&n)) && taken_now.insert(asked)
                {
                    self.take_port(tree, i, asked, dry_run, claim)?;
                }
                let protocol = protocol(tree, i);
                if seen.contains(&(protocol.clone(), number)) {
                    let words = format!("duplicate nodePort: {{{protocol} {number}}}");
                    return Err(Status::plain(500, "", words));
                }
                seen.push((protocol, number));
                set_node_port(tree, i, number);
            }
        }
        let was_checked = needs_health_check(old.tree());
        if !was_checked && needs_health_check(tree) {
            self.claim_health_check(tree, dry_run, claim, out)?;
        }
        let mut after = held(tree);
        if !has_node_ports(tree) {
            after.clear();
        }
        claim.freed_ports.extend(before.difference(&after));
        Ok(())
    }

    fn claim_health_check(
        &mut self,
        tree: &mut Value,
        dry_run: bool,
        claim: &mut Claim,
        out: &mut Out<'_>,
    ) -> Result<(), Status> {
        if !needs_health_check(tree) {
            return Ok(());
        }
        let asked = tree::int(tree, "spec.healthCheckNodePort").unwrap_or(0);
        let number = if asked == 0 {
            self.draw_port(tree, dry_run, claim, out)?
        } else {
            if !dry_run {
                self.ports.take(asked).map_err(|error| {
                    let why = self.port_words(error);
                    Status::internal(&format!(
                        "failed to allocate requested HealthCheck NodePort {asked}: {why}"
                    ))
                })?;
                claim.taken_ports.extend(u16::try_from(asked).ok());
            }
            asked
        };
        tree::set(tree, "spec.healthCheckNodePort", number);
        Ok(())
    }

    /// A dry run looks only whether someone has the port.
    fn take_port(
        &mut self,
        tree: &Value,
        i: usize,
        number: i64,
        dry_run: bool,
        claim: &mut Claim,
    ) -> Result<i64, Status> {
        let result = match dry_run {
            true if self.ports.is_taken(number) => Err(PoolError::Taken),
            true => Ok(()),
            false => self.ports.take(number),
        };
        if let Err(error) = result {
            let path = format!("spec.ports[{i}].nodePort");
            let wrong = FieldError::invalid(path, &json!(number), self.port_words(error));
            return Err(invalid(tree, vec![wrong]));
        }
        if !dry_run {
            claim.taken_ports.extend(u16::try_from(number).ok());
        }
        Ok(number)
    }

    fn draw_port(
        &mut self,
        tree: &Value,
        dry_run: bool,
        claim: &mut Claim,
        out: &mut Out<'_>,
    ) -> Result<i64, Status> {
        if dry_run {
            let highest = held(tree).into_iter().filter(|n| *n >= DRY_RUN_PORT).max();
            return Ok(i64::from(highest.map_or(DRY_RUN_PORT, |n| n.saturating_add(1))));
        }
        let actor = actor(tree, "node port");
        let drawn = self.ports.next(|size| out.below(Purpose::Allocation, &actor, size));
        let port = drawn.map_err(|_| Status::internal("failed to allocate a nodePort: range is full"))?;
        claim.taken_ports.push(port);
        Ok(i64::from(port))
    }

    fn port_words(&self, error: PoolError) -> String {
        match error {
            PoolError::Taken | PoolError::Full => "provided port is already allocated".into(),
            PoolError::Outside | PoolError::Reserved => {
                let (first, last) = (self.ports.range.start(), self.ports.range.end());
                format!("provided port is not in the valid range. The range of valid ports is {first}-{last}")
            }
        }
    }
}

/// The port and the node port of an entry.
fn numbers(tree: &Value, i: usize) -> (i64, i64) {
    let number = |field| {
        let port = tree::list(tree, "spec.ports").get(i);
        port.and_then(|port| tree::int(port, field)).unwrap_or(0)
    };
    (number("port"), number("nodePort"))
}

fn protocol(tree: &Value, i: usize) -> String {
    let port = tree::list(tree, "spec.ports").get(i);
    port.map(|port| tree::str(port, "protocol")).unwrap_or_default().to_string()
}

/// The node port that any entry of a port asks for.
fn asked_for(tree: &Value, port: i64) -> Option<i64> {
    let ports = tree::list(tree, "spec.ports").iter();
    let mut same = ports.filter(|p| tree::int(p, "port").unwrap_or(0) == port);
    same.find_map(|p| tree::int(p, "nodePort").filter(|n| *n != 0))
}

fn set_node_port(tree: &mut Value, i: usize, number: i64) {
    if let Some(port) = tree::list_mut(tree, "spec.ports").nth(i) {
        tree::set(port, "nodePort", number);
    }
}
