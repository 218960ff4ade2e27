//! One turn of the world: the next due wake, one exhaustive match, and everything that it pushed is drained.

#![warn(clippy::wildcard_enum_match_arm)]

use super::{Rooms, World};
use crate::base::Instant;
use crate::effect::{Client, Out, Wake};
use crate::engine::fuel::STEPS_PER_INSTANT;
use crate::trace::{Fact, Place, Refusal};

/// How many steps a caller lets the world take. Cutting a run anywhere changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget(pub u64);

/// What a run came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ran {
    /// Steps taken.
    pub steps: u64,
    /// Whether the instant was reached; otherwise the budget ran out.
    pub reached: bool,
}

impl World {
    /// Runs until an instant, or until the budget is used up. At the instant everything due by it is done.
    pub fn run_until(&mut self, until: Instant, budget: Budget) -> Ran {
        let mut steps = 0;
        while self.next_due().is_some_and(|due| due <= until) {
            if steps == budget.0 {
                return Ran { steps, reached: false };
            }
            self.step();
            steps += 1;
        }
        self.now = self.now.max(until);
        Ran { steps, reached: true }
    }

    /// Takes one step, if anything is due at all.
    pub fn step(&mut self) -> bool {
        let Some((due, entry)) = self.queue.pop() else { return false };
        self.now = self.now.max(due);
        self.steps += 1;
        if self.fuel.burn(self.now) {
            self.with_out(entry.cause, |rooms, out| rooms.handle(entry.wake, out));
        } else {
            let refusal = Refusal::OutOfFuel(entry.wake.what().into(), STEPS_PER_INSTANT);
            self.log.append(self.now, entry.cause, Fact::Refused(Place::World, refusal));
        }
        true
    }
}

impl Rooms {
    /// Hands what is due to its room.
    pub(super) fn handle(&mut self, wake: Wake, out: &mut Out<'_>) {
        match wake {
            Wake::Send(host, packet) => self.send(host, *packet, out),
            Wake::Arrive(host, packet) => self.arrive(host, *packet, out),
            Wake::ApiRequest(from, token, request) => self.api_request(from, token, &request, out),
            Wake::ApiReply(to, token, result) => match to {
                Client::Controller(id) => self.controllers.on_reply(id, token, &result, out),
                Client::Kubelet(node) => {
                    if let Some(kubelet) = self.kubelet(node) {
                        kubelet.on_reply(token, &result, out);
                    }
                }
                Client::Proxy(_)
                | Client::Policy
                | Client::PolicyPeers
                | Client::Process(..)
                | Client::Bootstrap => {}
            },
            Wake::ApiHttp(pid, fd, request) => self.api_http(pid, fd, &request, out),
            Wake::ApiHttpReply(pid, fd, response) => self.kernel.api_answer(pid, fd, response, false, out),
            Wake::ApiServer => self.api.look_after_own(out),
            Wake::Watch(client) => self.deliver(client, out),
            Wake::Control(id, key) => self.controllers.on_wake(id, &key, out),
            Wake::Kubelet(node, wake) => {
                if let Some(kubelet) = self.kubelet(node) {
                    kubelet.on_wake(&wake, out);
                }
            }
            Wake::Proxy(node, family, wake) => {
                if let Some(machine) = self.nodes.get_mut(node.0 as usize) {
                    self.proxies.get_mut(family).on_wake(node, wake, &mut machine.conntrack, out);
                    self.health_checks(node, out);
                }
            }
            Wake::Balancer(wake) => self.balancer(*wake, out),
            Wake::Runtime(node, call) => self.runtime(node, *call, out),
            Wake::Resume(pid, wait) => self.kernel.resume(pid, wait, &self.net, out),
            Wake::Socket(id, attempt) => self.kernel.socket_timer(id, attempt, &self.net, out),
        }
    }
}
