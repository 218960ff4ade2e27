//! Floor 6: kube-proxies: what a node believes of Services, as the rules that it would write. One [`KubeProxy`] per node;
//! all share one versioned table, so that a node's belief is a revision over it. Knows no packets on their way.
//!
//! Models: `pkg/proxy/{iptables,nftables,ipvs}`, `pkg/proxy/config`, `pkg/proxy/runner`. Omits: SCTP, the
//! periodic full sync (nothing here goes wrong in between).

pub mod affinity;
pub mod backends;
pub mod chains;
pub mod count;
pub mod health;
pub mod ipvs;
pub mod mode;
pub mod nftables;
pub mod raw;
pub mod save;
pub mod service;
pub mod stale;
pub mod table;
pub mod view;
pub mod walk;

use crate::api::kinds::Kind;
use crate::api::{WatchEvent, WatchKind, endpoint_slice, node, service as service_kind};
use crate::base::{Duration, FlatMap, Instant, NodeId, ObjectRef, Purpose, Text};
use crate::effect::{Out, ProxyWake, Wake};
use crate::net::{Conntrack, Family, Packet};
use crate::trace::reason::RulePick;
use crate::trace::{Origin, Place, Reason, Refusal};
use affinity::Affinity;
use ipvs::Ipvs;
use mode::{Config, Mode};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use table::Table;
use view::View;
use walk::{Dice, Dnat, Outcome};

/// Services whose rules are computed in one step.
const SERVICES_PER_WAKE: usize = 256;
/// How often IPVS's real servers on their way out are looked at (`graceful_termination.go`).
const DRAIN_PERIOD: Duration = Duration::secs(60);

/// What kube-proxies list and watch.
pub static KINDS: [&Kind; 3] = [&service_kind::SERVICE, &endpoint_slice::ENDPOINT_SLICE, &node::NODE];

/// The kube-proxies of all nodes.
#[derive(Debug, Clone)]
pub struct KubeProxies {
    config: Config,
    table: Arc<Table>,
    nodes: FlatMap<NodeId, KubeProxy>,
}

/// The kube-proxy of one node: what it was told, what it has written.
#[derive(Debug, Clone)]
pub struct KubeProxy {
    name: Text,
    ip: IpAddr,
    zone: Text,
    /// The zone that the rules in force were made for.
    applied_zone: Text,
    /// What it was told: a revision over the table.
    told: u64,
    /// What its rules say: a revision over the table; 0 while there are none.
    applied: u64,
    applied_at: Option<Instant>,
    /// Whether a sync is due already.
    due: bool,
    /// The sync under way: its revision, and the Services that are still to be worked on.
    work: Option<(u64, Vec<Text>)>,
    last_sync: Option<Instant>,
    affinity: Affinity,
    ipvs: Ipvs,
    /// Whether a look at real servers on their way out is due.
    draining: bool,
    health: health::Checks,
    rules: u32,
    services: u32,
    endpoints: u32,
}

/// What a node's rules do with the first packet of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing.
    Pass,
    /// The destination becomes an endpoint; the source becomes the node's when `masquerade`.
    Dnat {
        /// The endpoint.
        to: SocketAddr,
        /// Whether the source is rewritten to the node's address, with a port of its own.
        masquerade: bool,
    },
    /// It is answered with ICMP port unreachable.
    Reject,
    /// It vanishes.
    Drop,
}

impl KubeProxies {
    /// For a cluster that is configured so.
    pub fn new(config: Config) -> KubeProxies {
        let table = Arc::new(Table::new(config.pods.addr().is_ipv4()));
        KubeProxies { config, table, nodes: FlatMap::new() }
    }

    /// The family that they program.
    pub fn family(&self) -> Family {
        Family::of(self.config.pods.addr())
    }

    /// How they program their nodes.
    pub fn mode(&self) -> Mode {
        self.config.mode
    }

    /// A node starts its kube-proxy.
    pub fn join(&mut self, id: NodeId, name: &str, ip: IpAddr) {
        let proxy = KubeProxy {
            name: name.into(),
            ip,
            zone: Text::default(),
            applied_zone: Text::default(),
            told: 0,
            applied: 0,
            applied_at: None,
            due: false,
            work: None,
            last_sync: None,
            affinity: Affinity::default(),
            ipvs: Ipvs::default(),
            draining: false,
            health: health::Checks::new(),
            rules: 0,
            services: 0,
            endpoints: 0,
        };
        self.nodes.insert(id, proxy);
    }

    /// A node is gone.
    pub fn leave(&mut self, id: NodeId) {
        self.nodes.remove(&id);
    }

    /// A node's kube-proxy is told what happened. The first delivery is the whole list.
    pub fn on_watch(&mut self, id: NodeId, events: &[WatchEvent], out: &mut Out<'_>) {
        let Some(proxy) = self.nodes.get_mut(&id) else { return };
        let table = Arc::make_mut(&mut self.table);
        let mut first = None;
        for event in events {
            let concerns = if event.object.kind == &node::NODE {
                event.kind != WatchKind::Deleted && proxy.take_node(event)
            } else {
                table.take_in(event)
            };
            proxy.told = proxy.told.max(event.revision);
            if concerns && first.is_none() {
                first = Some(event);
            }
        }
        let must_sync = first.is_some() || proxy.last_sync.is_none();
        if must_sync && !proxy.due {
            proxy.due = true;
            if let Some(event) = first {
                let place = Place::KubeProxy(proxy.name.clone());
                out.react(event.cause, Origin::Reaction(place, event.object.key.clone()));
            }
            let earliest = proxy.last_sync.map_or(out.now, |last| last + out.timing.proxy_min_sync);
            out.at(earliest.max(out.now), Wake::Proxy(id, self.family(), ProxyWake::Sync));
        }
    }

    /// A node's kube-proxy does what it set itself to do.
    pub fn on_wake(&mut self, id: NodeId, wake: ProxyWake, conntrack: &mut Conntrack, out: &mut Out<'_>) {
        match wake {
            ProxyWake::Sync => self.sync(id, out),
            ProxyWake::Applied(revision) => self.apply(id, revision, conntrack, out),
            ProxyWake::Drain => {
                let Some(proxy) = self.nodes.get_mut(&id) else { return };
                proxy.draining = proxy.ipvs.drain(conntrack, out.now);
                if proxy.draining {
                    out.timer(DRAIN_PERIOD, Wake::Proxy(id, self.family(), ProxyWake::Drain));
                }
            }
        }
    }

    /// Computes the rules of what the node was told, a part of the Services per wake.
    fn sync(&mut self, id: NodeId, out: &mut Out<'_>) {
        let oldest = self.nodes.values().map(|proxy| proxy.applied).min().unwrap_or(0);
        let Some(proxy) = self.nodes.get_mut(&id) else { return };
        let (revision, mut left) = proxy.work.take().unwrap_or_else(|| {
            (proxy.due, proxy.last_sync) = (false, Some(out.now));
            let all_done = proxy.applied == 0 && self.table.is_whole(proxy.told);
            let changed = if all_done { Vec::new() } else { self.table.changed(proxy.applied, proxy.told) };
            (proxy.told, changed)
        });
        if !left.is_empty() {
            let table = Arc::make_mut(&mut self.table);
            let rest = left.len().saturating_sub(SERVICES_PER_WAKE);
            left.drain(rest..).for_each(|key| table.prepare(&key, revision, oldest));
            if !left.is_empty() {
                proxy.work = Some((revision, left));
                return out.after(Duration::ZERO, Wake::Proxy(id, self.family(), ProxyWake::Sync));
            }
            table.forget_changes(oldest);
            if proxy.applied == 0 {
                table.set_whole(revision);
            }
        }
        out.after(out.timing.proxy_apply, Wake::Proxy(id, self.family(), ProxyWake::Applied(revision)));
    }

    /// The kernel has the rules.
    fn apply(&mut self, id: NodeId, revision: u64, conntrack: &mut Conntrack, out: &mut Out<'_>) {
        let (config, family) = (self.config, self.family());
        let Some(proxy) = self.nodes.get_mut(&id) else { return };
        let before = proxy.applied;
        // Before the first rules there is nothing that could have gone stale.
        let changed = if before == 0 { Vec::new() } else { self.table.changed(before, revision) };
        let is_new = proxy.applied_at.is_none() || proxy.zone != proxy.applied_zone;
        if is_new {
            proxy.applied_zone = proxy.zone.clone();
            proxy.applied = revision;
            proxy.count_all(&self.table, config);
        } else {
            let (was, is) =
                (proxy.view(&self.table, config), View { revision, ..proxy.view(&self.table, config) });
            let sizes = changed.iter().map(|key| (size(was, key), size(is, key)));
            let (old, new) =
                sizes.fold(<(Size, Size)>::default(), |sum, pair| (sum.0 + pair.0, sum.1 + pair.1));
            proxy.resize(old, new);
            proxy.applied = revision;
        }
        proxy.applied_at = Some(out.now);
        for key in &changed {
            let entries = self.table.get(key, revision);
            proxy.affinity.retain(key, |name, endpoint| {
                let entry = entries.iter().find(|entry| &*entry.port.name == name);
                entry.is_some_and(|e| e.backends.all.iter().any(|b| b.address == endpoint))
            });
        }
        if let Mode::Ipvs(_) = config.mode {
            let mut ipvs = std::mem::take(&mut proxy.ipvs);
            let concerns =
                |service: &str| is_new || changed.binary_search_by(|key| (**key).cmp(service)).is_ok();
            let drains = ipvs.sync(proxy.view(&self.table, config), concerns, conntrack, out.now);
            proxy.ipvs = ipvs;
            if drains && !proxy.draining {
                proxy.draining = true;
                out.timer(DRAIN_PERIOD, Wake::Proxy(id, family, ProxyWake::Drain));
            }
        }
        let keys = if before == 0 { self.table.changed(0, revision) } else { changed.clone() };
        proxy.health.retain(|_, (service, _)| {
            let key: Text = format!("{}/{}", service.namespace, service.name).into();
            keys.binary_search(&key).is_err()
        });
        let checks = keys.iter().filter_map(|key| health::of(self.table.get(key, revision), &proxy.name));
        proxy.health.extend(checks.map(|(port, service, count)| (port, (service, count))));
        stale::clean(&self.table, &changed, revision, conntrack);
        let reason = Reason::RulesSynced(revision, proxy.rules, proxy.services, proxy.endpoints);
        out.decided(Place::KubeProxy(proxy.name.clone()), reason);
    }

    /// What a node's rules do with the first packet of a connection that passes the node. `client` is who sends it.
    pub fn translate(
        &mut self,
        id: NodeId,
        client: &Place,
        packet: &Packet,
        conntrack: &Conntrack,
        out: &mut Out<'_>,
    ) -> Verdict {
        let config = self.config;
        let Some(proxy) = self.nodes.get_mut(&id) else { return Verdict::Pass };
        let seen = walk::Packet { protocol: packet.protocol, src: packet.src, dst: packet.dst };
        let view = View {
            table: &self.table,
            revision: proxy.applied,
            node: &proxy.name,
            zone: &proxy.applied_zone,
            ip: proxy.ip,
            config,
        };
        let (now, affinity) = (out.now, &proxy.affinity);
        let dice =
            |entry: &table::Entry| Dice::new(out.draw(Purpose::RuleMatch, &walk::actor(client, entry)));
        let outcome = match config.mode {
            Mode::Iptables => walk::decide(view, seen, affinity, now, dice),
            Mode::Nftables => nftables::walk::decide(view, seen, affinity, now, dice),
            Mode::Ipvs(scheduler) => ipvs::walk::decide(view, seen, scheduler, &proxy.ipvs, conntrack, now),
        };
        let place = || Place::Node(proxy.name.clone());
        let refusal = match outcome {
            Outcome::Pass => return Verdict::Pass,
            Outcome::Dnat(dnat) => {
                let Some(backend) = dnat.backend() else { return Verdict::Pass };
                let (to, masquerade) = (backend.address, dnat.masquerade);
                let pick = evidence(&dnat, view, packet.dst, to);
                if let Mode::Ipvs(_) = config.mode {
                    let key = (packet.protocol, packet.dst);
                    proxy.ipvs.remember(view, key, (packet.src.ip(), to), &pick.by, now);
                } else if dnat.entry.port.affinity.is_some() {
                    proxy.affinity.see(&dnat.entry.port, to, packet.src.ip(), now);
                }
                out.decided(place(), Reason::ServiceRule(pick));
                return Verdict::Dnat { to, masquerade };
            }
            Outcome::Reject(entry) => Refusal::NoEndpoints(entry.port.service.clone(), packet.dst),
            Outcome::RejectPort(entry) => Refusal::NoSuchPort(entry.port.service.clone(), packet.dst),
            Outcome::DropNotLocal(entry) => Refusal::NoLocalEndpoints(entry.port.service.clone(), packet.dst),
            Outcome::DropSource(entry) => Refusal::SourceNotAllowed(entry.port.service.clone(), packet.src),
            Outcome::DropUnallocated => Refusal::Unallocated(packet.dst),
        };
        let verdict = match refusal {
            Refusal::NoEndpoints(..) | Refusal::NoSuchPort(..) => Verdict::Reject,
            _ => Verdict::Drop,
        };
        out.refused(place(), refusal);
        verdict
    }

    /// The rules in force on a node, as `iptables-save` prints them; empty for an unknown node.
    pub fn iptables_save(&self, id: NodeId, now: Instant) -> String {
        let Some(proxy) = self.nodes.get(&id) else { return String::new() };
        let view = proxy.view(&self.table, self.config);
        let text = match self.config.mode {
            Mode::Iptables => save::save(view, now),
            Mode::Nftables => save::save_kubelet(now),
            Mode::Ipvs(_) => ipvs::rules::iptables_save(view, now),
        };
        if self.family() == Family::V6 { save::as_v6(&text) } else { text }
    }

    /// The table of nftables mode, as `nft list table ip kube-proxy` prints it; `None` in other modes.
    pub fn nft_list(&self, id: NodeId, now: Instant) -> Option<String> {
        let proxy = self.nodes.get(&id).filter(|_| self.config.mode == Mode::Nftables)?;
        Some(nftables::list::list(proxy.view(&self.table, self.config), &proxy.affinity, now))
    }

    /// The virtual servers of IPVS mode, as `ipvsadm -Ln` prints them; `None` in other modes.
    pub fn ipvs_list(&self, id: NodeId, conntrack: &Conntrack) -> Option<String> {
        let Mode::Ipvs(scheduler) = self.config.mode else { return None };
        let proxy = self.nodes.get(&id)?;
        Some(ipvs::list::list(proxy.view(&self.table, self.config), scheduler, &proxy.ipvs, conntrack))
    }

    /// The sets of IPVS mode, as `ipset save` prints them; empty in other modes.
    pub fn ipset_save(&self, id: NodeId) -> String {
        let proxy = self.nodes.get(&id).filter(|_| matches!(self.config.mode, Mode::Ipvs(_)));
        proxy.map_or_else(String::new, |proxy| ipvs::rules::ipset_save(proxy.view(&self.table, self.config)))
    }

    /// What a node's mode is made of: the text that an engineer would look at.
    pub fn rules(&self, id: NodeId, conntrack: &Conntrack, now: Instant) -> String {
        match self.config.mode {
            Mode::Iptables => self.iptables_save(id, now),
            Mode::Nftables => self.nft_list(id, now).unwrap_or_default(),
            Mode::Ipvs(_) => {
                let list = self.ipvs_list(id, conntrack).unwrap_or_default();
                format!("{list}\n{}\n{}", self.ipset_save(id), self.iptables_save(id, now))
            }
        }
    }

    /// The rules of one Service on a node as of a revision of its rule set: what a pick of then is evidence of. The
    /// latest few revisions of each Service are kept.
    pub fn service_rules(
        &self,
        id: NodeId,
        service: &ObjectRef,
        revision: u64,
        conntrack: &Conntrack,
        now: Instant,
    ) -> String {
        let Some(proxy) = self.nodes.get(&id) else { return String::new() };
        let view = View { revision, ..proxy.view(&self.table, self.config) };
        let key = format!("{}/{}", service.namespace, service.name);
        match self.config.mode {
            Mode::Iptables => save::save_service(view, &key),
            Mode::Nftables => nftables::list::list_service(view, &proxy.affinity, now, &key),
            Mode::Ipvs(scheduler) => ipvs::list::list_service(view, scheduler, &proxy.ipvs, conntrack, &key),
        }
    }

    /// What a node's health check node ports say; `None` for an unknown node.
    pub fn health_checks(&self, id: NodeId) -> Option<&health::Checks> {
        self.nodes.get(&id).map(|proxy| &proxy.health)
    }

    /// The revision that a node was told, and the one that its rules are of.
    pub fn revisions(&self, id: NodeId) -> Option<(u64, u64)> {
        self.nodes.get(&id).map(|proxy| (proxy.told, proxy.applied))
    }
}

impl KubeProxy {
    /// Takes in the node's own object; tells whether its zone changed.
    fn take_node(&mut self, event: &WatchEvent) -> bool {
        let is_own = event.object.name() == &*self.name;
        let zone = node::zone(&event.object);
        let moved = is_own && zone != &*self.zone;
        if moved {
            self.zone = zone.into();
        }
        moved
    }

    fn view<'a>(&'a self, table: &'a Table, config: Config) -> View<'a> {
        let (node, zone) = (&*self.name, &*self.applied_zone);
        View { table, revision: self.applied, node, zone, ip: self.ip, config }
    }

    fn count_all(&mut self, table: &Table, config: Config) {
        let view = self.view(table, config);
        let sum =
            table.all(self.applied).map(|entry| size_of(view, entry)).fold(Size::default(), |a, b| a + b);
        let fixed = match config.mode {
            Mode::Iptables => count::FIXED,
            Mode::Nftables => nftables::FIXED,
            Mode::Ipvs(_) => 0,
        };
        (self.rules, self.services, self.endpoints) = (sum.rules + fixed, sum.services, sum.endpoints);
    }

    fn resize(&mut self, old: Size, new: Size) {
        let change = |now: u32, old: u32, new: u32| (now + new).saturating_sub(old);
        self.rules = change(self.rules, old.rules, new.rules);
        self.services = change(self.services, old.services, new.services);
        self.endpoints = change(self.endpoints, old.endpoints, new.endpoints);
    }
}

/// How much a Service makes on a node.
#[derive(Debug, Clone, Copy, Default)]
struct Size {
    rules: u32,
    services: u32,
    endpoints: u32,
}

impl std::ops::Add for Size {
    type Output = Size;
    fn add(self, other: Size) -> Size {
        Size {
            rules: self.rules + other.rules,
            services: self.services + other.services,
            endpoints: self.endpoints + other.endpoints,
        }
    }
}

fn size(view: View<'_>, key: &str) -> Size {
    view.table.get(key, view.revision).iter().map(|e| size_of(view, e)).fold(Size::default(), |a, b| a + b)
}

fn size_of(view: View<'_>, entry: &table::Entry) -> Size {
    let endpoints = entry.backends.all.len() as u32;
    let rules = match view.config.mode {
        Mode::Iptables => count::rules(view, entry),
        Mode::Nftables => nftables::rules(view, entry),
        Mode::Ipvs(_) => ipvs::rules(view, entry),
    };
    Size { rules, services: 1, endpoints }
}

fn evidence(dnat: &Dnat<'_>, view: View<'_>, sent: SocketAddr, rewritten: SocketAddr) -> RulePick {
    let backends = &dnat.entry.backends;
    let unready_used = dnat.set.backends.iter().filter(|b| !b.ready).count() as u32;
    RulePick {
        service: dnat.entry.port.service.clone(),
        node: view.node.into(),
        revision: view.revision,
        chain: dnat.chain.as_str().into(),
        rule: dnat.rule as u32,
        candidates: dnat.set.addresses.clone(),
        left_out: backends.not_ready - unready_used,
        by: dnat.by.clone(),
        draws: dnat.draws.clone(),
        sent,
        rewritten,
        masquerade: dnat.masquerade,
    }
}
