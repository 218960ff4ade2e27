//! The one table that all kube-proxies share: every Service with its endpoints, versioned by the store's revision. What
//! a kube-proxy believes is a revision over it; no node holds a copy. Knows no node's view.

use super::backends::{Backends, SlicePort, slice_ports};
use super::service::{ServicePort, service_ports};
use crate::api::endpoint_slice::{ENDPOINT_SLICE, service_name};
use crate::api::{Object, WatchEvent, WatchKind};
use crate::base::{FlatMap, FlatSet, ObjectRef, Text, order};
use crate::net::Protocol;
use std::net::IpAddr;
use std::sync::Arc;

/// A port of a Service with its endpoints, as of a version.
#[derive(Debug)]
pub struct Entry {
    /// The port.
    pub port: ServicePort,
    /// Its endpoints.
    pub backends: Backends,
}

/// A Service with its endpoints as of a revision: an entry per port, ordered by name.
pub type Entries = Arc<[Entry]>;

/// Where a Service is reached: an address, or `None` for every node's own; protocol; port.
pub type Dest = (Option<IpAddr>, Protocol, u16);

/// Versions that are kept for evidence beyond those that some node still believes.
const KEPT: usize = 8;
/// Versions that are kept at most, however far some node is behind.
const KEPT_AT_MOST: usize = 64;

/// A value's history: each value with the revision from which it holds.
type History<T> = Vec<(u64, T)>;

#[derive(Debug, Clone, Default)]
struct Record {
    service: History<Option<Object>>,
    slices: FlatMap<Text, History<Arc<[SlicePort]>>>,
    versions: History<Entries>,
    touched: FlatSet<u64>,
}

/// The table.
#[derive(Debug, Clone)]
pub struct Table {
    v4: bool,
    records: FlatMap<Text, Arc<Record>>,
    index: FlatMap<Dest, Vec<Text>>,
    changes: FlatMap<u64, Vec<Change>>,
    /// A revision as of which everything was prepared.
    whole: u64,
}

/// A change that was taken in: the object, and the Service that it concerns.
#[derive(Debug, Clone)]
struct Change {
    object: ObjectRef,
    service: Text,
}

impl Table {
    /// An empty table for one address family.
    pub fn new(v4: bool) -> Table {
        Table { v4, records: FlatMap::new(), index: FlatMap::new(), changes: FlatMap::new(), whole: 0 }
    }

    /// Takes in what a node was told. What another node was told before it is already here. `false` when the object
    /// is none of kube-proxy's business.
    pub fn take_in(&mut self, event: &WatchEvent) -> bool {
        let object = &event.object;
        let mut known = self.changes.get(&event.revision).into_iter().flatten();
        if known.any(|change| change.object == object.key) {
            return true;
        }
        let is_slice = object.kind == &ENDPOINT_SLICE;
        let service = if is_slice { service_name(object) } else { object.name() };
        let headless = is_slice && object.label("service.kubernetes.io/headless").is_some();
        if service.is_empty() || headless {
            return false;
        }
        let key: Text = format!("{}/{service}", object.namespace()).into();
        let change = Change { object: object.key.clone(), service: key.clone() };
        self.changes.entry(event.revision).or_default().push(change);
        if self.records.get(&key).is_some_and(|r| r.knows(object, is_slice, event.revision)) {
            return true;
        }
        let record = Arc::make_mut(self.records.entry(key.clone()).or_default());
        let gone = event.kind == WatchKind::Deleted;
        if is_slice {
            let ports = if gone { Vec::new() } else { slice_ports(object, self.v4) };
            let name = object.key.name.clone();
            insert(record.slices.entry(name).or_default(), event.revision, ports.into());
        } else {
            insert(&mut record.service, event.revision, (!gone).then(|| object.clone()));
        }
        record.touched.insert(event.revision);
        // Something at or before that revision came late: what was prepared as of it may not hold.
        if event.revision <= self.whole {
            self.whole = 0;
        }
        true
    }

    /// The Services that changed after one revision and up to another, in order; all of them after 0.
    pub fn changed(&self, after: u64, upto: u64) -> Vec<Text> {
        if after == 0 {
            return self.records.keys().cloned().collect();
        }
        if after >= upto {
            return Vec::new();
        }
        let changes = self.changes.range(after + 1..=upto).flat_map(|(_, changes)| changes);
        let mut keys: Vec<Text> = changes.map(|change| change.service.clone()).collect();
        order::sort(&mut keys);
        keys.dedup();
        keys
    }

    /// Whether everything was prepared as of a revision.
    pub fn is_whole(&self, revision: u64) -> bool {
        self.whole == revision && revision != 0
    }

    /// Remembers that everything was prepared as of a revision.
    pub fn set_whole(&mut self, revision: u64) {
        self.whole = revision;
    }

    /// Makes sure that a Service can be looked up as of a revision. `oldest`: no node believes less than this.
    pub fn prepare(&mut self, key: &Text, revision: u64, oldest: u64) {
        let Some(shared) = self.records.get_mut(key) else { return };
        let Some(&at) = shared.touched.range(..=revision).next_back() else { return };
        if shared.versions.binary_search_by_key(&at, |(revision, _)| *revision).is_ok() {
            return;
        }
        let record = Arc::make_mut(shared);
        let entries = record.entries(at, self.v4);
        for dest in dests(&entries) {
            let keys = self.index.entry(dest).or_default();
            if let Err(place) = keys.binary_search(key) {
                keys.insert(place, key.clone());
            }
        }
        insert(&mut record.versions, at, entries);
        for (_, dropped) in record.forget(oldest) {
            for dest in dests(&dropped) {
                let still = record.versions.iter().any(|(_, entries)| dests(entries).any(|d| d == dest));
                if !still && let Some(keys) = self.index.get_mut(&dest) {
                    keys.retain(|other| other != key);
                }
            }
        }
    }

    /// Forgets which changes lie behind every node.
    pub fn forget_changes(&mut self, oldest: u64) {
        self.changes = self.changes.split_off(&oldest);
    }

    /// A Service as of a revision at which it was prepared.
    pub fn get(&self, key: &str, revision: u64) -> &[Entry] {
        let Some(record) = self.records.get(key) else { return &[] };
        at(&record.versions, revision).map_or(&[], |entries| entries)
    }

    /// All Services as of a revision, in the order in which their rules stand.
    pub fn all(&self, revision: u64) -> impl Iterator<Item = &Entry> {
        self.records.values().flat_map(move |r| at(&r.versions, revision).map_or(&[][..], |entries| entries))
    }

    /// The service ports that may be reached at an address as of a revision, in the order of their rules.
    pub fn at(&self, dest: Dest, revision: u64) -> impl Iterator<Item = &Entry> {
        let keys = self.index.get(&dest).map_or(&[][..], Vec::as_slice);
        keys.iter().flat_map(move |key| self.get(key, revision)).filter(move |e| e.port.is_at(dest))
    }

    /// The service ports that have an address as of a revision, whatever their port.
    pub fn at_ip(&self, ip: IpAddr, revision: u64) -> impl Iterator<Item = &Entry> {
        let range = (Some(ip), Protocol::Tcp, 0)..=(Some(ip), Protocol::Udp, u16::MAX);
        let dests = self.index.range(range).map(|(dest, _)| *dest);
        dests.flat_map(move |dest| self.at(dest, revision))
    }
}

impl Record {
    fn knows(&self, object: &Object, is_slice: bool, revision: u64) -> bool {
        if is_slice {
            self.slices.get(&object.key.name).is_some_and(|history| has(history, revision))
        } else {
            has(&self.service, revision)
        }
    }

    fn entries(&self, revision: u64, v4: bool) -> Entries {
        let Some(Some(service)) = at(&self.service, revision) else { return Arc::default() };
        let slices: Vec<&SlicePort> = self
            .slices
            .values()
            .filter_map(|history| at(history, revision))
            .flat_map(|ports| ports.iter())
            .collect();
        let entry = |port: ServicePort| {
            let of_port = slices.iter().filter(|s| s.name == port.port_name && s.protocol == port.protocol);
            let all = of_port.flat_map(|slice| slice.backends.iter().cloned()).collect();
            let backends = Backends::new(all, port.uses_local());
            Entry { port, backends }
        };
        service_ports(service, v4).into_iter().map(entry).collect()
    }

    /// Drops what no node believes any more, but for the latest few.
    fn forget(&mut self, oldest: u64) -> History<Entries> {
        let behind = self.versions.partition_point(|(revision, _)| *revision <= oldest);
        let spare = behind.saturating_sub(1).min(self.versions.len().saturating_sub(KEPT));
        let spare = spare.max(self.versions.len().saturating_sub(KEPT_AT_MOST));
        let dropped: History<Entries> = self.versions.drain(..spare).collect();
        let first = self.versions.first().map_or(0, |(revision, _)| *revision);
        self.touched = self.touched.split_off(&first);
        trim(&mut self.service, first);
        self.slices.values_mut().for_each(|history| trim(history, first));
        self.slices.retain(|_, history| history.len() > 1 || history.iter().any(|(_, p)| !p.is_empty()));
        dropped
    }
}

fn trim<T>(history: &mut History<T>, first: u64) {
    let behind = history.partition_point(|(revision, _)| *revision <= first);
    history.drain(..behind.saturating_sub(1));
}

fn has<T>(history: &History<T>, revision: u64) -> bool {
    history.binary_search_by_key(&revision, |(revision, _)| *revision).is_ok()
}

fn at<T>(history: &History<T>, revision: u64) -> Option<&T> {
    let behind = history.partition_point(|(from, _)| *from <= revision);
    history.get(behind.checked_sub(1)?).map(|(_, value)| value)
}

fn insert<T>(history: &mut History<T>, revision: u64, value: T) {
    match history.binary_search_by_key(&revision, |(from, _)| *from) {
        Ok(place) => history[place].1 = value,
        Err(place) => history.insert(place, (revision, value)),
    }
}

fn dests(entries: &[Entry]) -> impl Iterator<Item = Dest> {
    entries.iter().flat_map(|entry| entry.port.dests())
}

impl ServicePort {
    /// Where the port is reached.
    pub fn dests(&self) -> impl Iterator<Item = Dest> {
        let ips = std::iter::once(&self.cluster_ip).chain(&self.external_ips).chain(&self.lb_ips);
        let at_ips = ips.map(|ip| (Some(*ip), self.protocol, self.port));
        let at_nodes = (self.node_port != 0).then_some((None, self.protocol, self.node_port));
        at_ips.chain(at_nodes)
    }

    fn is_at(&self, dest: Dest) -> bool {
        self.dests().any(|d| d == dest)
    }
}
