//! Who watches what, and what is on its way to whom. News travel with a latency of their own for each watcher.

use super::Rooms;
use super::logs::FollowedLogs;
use crate::api::kinds::KINDS;
use crate::api::{Kind, WatchEvent, pod};
use crate::apiserver::WatchSpec;
use crate::base::{Fd, FlatMap, Instant, Pid, Purpose, Text};
use crate::effect::{Client, ContainerId, Out, Wake};
use crate::process::Kernel;
use crate::shell::Programs;
use crate::trace::{Cargo, Cause, Fact, Hop, Place};
use bytes::Bytes;
use std::collections::VecDeque;

/// All watches.
#[derive(Debug, Clone, Default)]
pub struct Watches {
    typed: FlatMap<Client, Subscription>,
    streams: FlatMap<(Pid, Fd), Stream>,
    logs: FollowedLogs,
    /// The revision up to which watchers were told.
    told: u64,
}

#[derive(Debug, Clone)]
struct Subscription {
    kinds: Vec<&'static Kind>,
    /// Of pods, only those bound to this node.
    node: Option<Text>,
    on_the_way: VecDeque<WatchEvent>,
    /// When what is on the way arrives.
    due: Option<Instant>,
}

/// A watch over HTTP.
#[derive(Debug, Clone)]
struct Stream {
    spec: WatchSpec,
    due: Option<Instant>,
    /// The timer that is set for what the watch does by itself.
    timer: Option<Instant>,
}

impl Watches {
    pub(super) fn add(
        &mut self,
        client: Client,
        kinds: &[&'static Kind],
        node: Option<Text>,
        present: Vec<WatchEvent>,
        out: &mut Out<'_>,
    ) {
        let mut subscription =
            Subscription { kinds: kinds.to_vec(), node, on_the_way: VecDeque::new(), due: None };
        let wanted = present.into_iter().filter(|event| subscription_wants(&subscription, event));
        let wanted: Vec<_> = wanted.collect();
        subscription.on_the_way.extend(wanted);
        subscription.due = Some(out.now + out.timing.watch.0);
        out.after(out.timing.watch.0, Wake::Watch(client));
        self.typed.insert(client, subscription);
    }

    pub(super) fn add_stream(&mut self, pid: Pid, fd: Fd, spec: WatchSpec, out: &mut Out<'_>) {
        let due = out.now + out.timing.api;
        self.streams.insert((pid, fd), Stream { spec, due: Some(due), timer: None });
        out.at(due, Wake::Watch(Client::Process(pid, fd)));
    }

    pub(super) fn remove(&mut self, client: Client) {
        self.typed.remove(&client);
        if let Client::Process(pid, fd) = client {
            self.streams.remove(&(pid, fd));
            self.logs.remove(pid, fd);
        }
    }

    pub(super) fn add_log(&mut self, pid: Pid, fd: Fd, container: ContainerId, kernel: &Kernel<Programs>) {
        self.logs.add(pid, fd, container, kernel);
    }
}

fn subscription_wants(subscription: &Subscription, event: &WatchEvent) -> bool {
    let is_pod = event.object.kind == &pod::POD;
    let of_node =
        subscription.node.as_deref().is_none_or(|node| !is_pod || event.object.str("spec.nodeName") == node);
    of_node && subscription.kinds.contains(&event.object.kind)
}

impl Rooms {
    /// Sends what was written since the last time to everyone who watches it.
    pub(super) fn fan_out(&mut self, out: &mut Out<'_>) {
        self.watches.logs.look(&self.kernel, out);
        if self.api.revision() == self.watches.told {
            return;
        }
        let news = self.api.watch_from(KINDS, &mut self.watches.told).unwrap_or_default();
        for event in &news {
            let clients: Vec<Client> = self
                .watches
                .typed
                .iter()
                .filter(|(_, subscription)| subscription_wants(subscription, event))
                .map(|(client, _)| *client)
                .collect();
            clients.into_iter().for_each(|client| self.dispatch(client, event, out));
        }
        let streams: Vec<(Pid, Fd)> =
            self.watches.streams.iter().filter(|(_, s)| s.due.is_none()).map(|(key, _)| *key).collect();
        for key in streams {
            let due = out.now + out.timing.watch.0;
            if let Some(stream) = self.watches.streams.get_mut(&key) {
                stream.due = Some(due);
            }
            out.at(due, Wake::Watch(Client::Process(key.0, key.1)));
        }
    }

    /// One event leaves for one watcher.
    fn dispatch(&mut self, client: Client, event: &WatchEvent, out: &mut Out<'_>) {
        let to = self.client_place(client);
        let (least, spread) = match client {
            Client::Controller(_) => out.timing.watch,
            _ => out.timing.watch_node,
        };
        let Some(subscription) = self.watches.typed.get_mut(&client) else { return };
        let is_scheduled = subscription.due.is_some();
        let due = subscription.due.unwrap_or_else(|| {
            let extra = out.below(Purpose::Latency, &to.to_string(), spread.0.max(1));
            out.now + least + crate::base::Duration(extra)
        });
        subscription.due = Some(due);
        out.set_cause(event.cause);
        let cargo = Cargo::Watch(event.kind.word().into(), event.object.key.clone(), event.revision);
        let takes = due - out.now;
        let hop = Hop { from: Place::ApiServer, to, cargo, addresses: None, takes };
        let moved = out.fact(Fact::Moved(hop));
        let cause = Cause { event: Some(moved), journey: event.cause.journey };
        subscription.on_the_way.push_back(WatchEvent { cause, ..event.clone() });
        if !is_scheduled {
            out.set_cause(Cause::default());
            out.at(due, Wake::Watch(client));
        }
    }

    /// News arrive at a watcher.
    pub(super) fn deliver(&mut self, client: Client, out: &mut Out<'_>) {
        if let Client::Process(pid, fd) = client
            && self.watches.streams.contains_key(&(pid, fd))
        {
            return self.deliver_lines(pid, fd, out);
        }
        if let Client::Process(pid, fd) = client
            && self.watches.logs.has(pid, fd)
        {
            return self.watches.logs.deliver(pid, fd, &mut self.kernel, out);
        }
        let Some(subscription) = self.watches.typed.get_mut(&client) else { return };
        subscription.due = None;
        let events: Vec<WatchEvent> = std::mem::take(&mut subscription.on_the_way).into();
        match client {
            Client::Controller(id) => self.controllers.on_watch(id, &events, out),
            Client::Kubelet(node) => {
                if let Some(kubelet) = self.kubelet(node) {
                    kubelet.on_watch(&events, out);
                }
            }
            Client::Proxy(node) => self.proxies.on_watch(node, &events, out),
            Client::Policy | Client::PolicyPeers => self.policy_news(&events, out),
            Client::Process(pid, fd) => self.kernel.watch_news(pid, fd, events, out),
            Client::Bootstrap => {}
        }
    }

    /// News arrive at a watch over HTTP.
    fn deliver_lines(&mut self, pid: Pid, fd: Fd, out: &mut Out<'_>) {
        let Some(stream) = self.watches.streams.get_mut(&(pid, fd)) else { return };
        stream.due = None;
        let lines = self.api.watch_lines(&mut stream.spec, out.now);
        let ended = stream.spec.ended(out.now);
        let next = stream.spec.wakes();
        if !ended && stream.timer != Some(next) {
            stream.timer = Some(next);
            out.at(next, Wake::Watch(Client::Process(pid, fd)));
        }
        if ended {
            self.watches.streams.remove(&(pid, fd));
        }
        if ended || !lines.is_empty() {
            self.kernel.stream(pid, fd, Bytes::from(lines), ended, out);
        }
    }
}
