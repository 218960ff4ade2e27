//! The sink: a room mutates itself and pushes what it wants here: later wakes, packets, API requests, facts. Facts are
//! appended at once; wakes are drained by the world after the room returns.

use super::{Client, Timing, Token, Wake};
use crate::api::Request;
use crate::base::{Duration, HostId, Instant, Purpose};
use crate::engine::Draws;
use crate::net::Packet;
use crate::trace::{Cause, Event, EventId, Fact, JourneyId, Log, Origin, Place, Reason, Refusal};
use std::sync::Arc;

/// What a room sees of the world while it works, and where it puts what it wants.
pub struct Out<'w> {
    /// The world's time.
    pub now: Instant,
    /// How long the control plane takes.
    pub timing: &'w Timing,
    cause: Cause,
    reaction: Option<(Origin, Option<JourneyId>)>,
    draws: &'w mut Draws,
    log: &'w mut Log,
    wakes: &'w mut Vec<(Instant, Cause, Wake)>,
}

impl<'w> Out<'w> {
    /// A sink for one step whose cause is `cause`.
    pub fn new(
        now: Instant,
        cause: Cause,
        timing: &'w Timing,
        draws: &'w mut Draws,
        log: &'w mut Log,
        wakes: &'w mut Vec<(Instant, Cause, Wake)>,
    ) -> Out<'w> {
        Out { now, timing, cause, reaction: None, draws, log, wakes }
    }

    /// Asks for a wake at an instant.
    pub fn at(&mut self, due: Instant, wake: Wake) {
        let cause = self.settle();
        self.wakes.push((due, cause, wake));
    }

    /// Asks for a wake after a time.
    pub fn after(&mut self, wait: Duration, wake: Wake) {
        self.at(self.now + wait, wake);
    }

    /// Asks for a wake that is its own root: a timer. Causes do not chain through it.
    pub fn timer(&mut self, wait: Duration, wake: Wake) {
        self.wakes.push((self.now + wait, Cause::default(), wake));
    }

    /// Sends a typed request to the API server; the answer comes as [`Wake::ApiReply`] with the token.
    pub fn call(&mut self, from: Client, token: Token, request: Request) {
        self.after(self.timing.api, Wake::ApiRequest(from, token, Arc::new(request)));
    }

    /// Sends a packet from a namespace.
    pub fn send(&mut self, from: HostId, packet: Packet) {
        self.after(Duration::ZERO, Wake::Send(from, Box::new(packet)));
    }

    /// Appends a fact; what is pushed from now on in this step has it as its cause.
    pub fn fact(&mut self, fact: Fact) -> EventId {
        let cause = self.settle();
        let id = self.log.append(self.now, cause, fact);
        self.cause.event = Some(id);
        id
    }

    /// Appends a Decided fact.
    pub fn decided(&mut self, by: Place, reason: Reason) -> EventId {
        self.fact(Fact::Decided(by, reason))
    }

    /// Appends a Refused fact.
    pub fn refused(&mut self, by: Place, refusal: Refusal) -> EventId {
        self.fact(Fact::Refused(by, refusal))
    }

    /// Opens a journey within the present one; what is pushed from now on in this step belongs to it.
    pub fn open(&mut self, origin: Origin) -> JourneyId {
        let parent = self.settle().journey;
        let id = self.log.open_journey(self.now, origin, parent);
        self.cause.journey = Some(id);
        id
    }

    /// From now on in this step: a reaction to an event. Its journey is opened when the first thing comes of it.
    pub fn react(&mut self, cause: Cause, origin: Origin) {
        self.cause = Cause { event: cause.event, journey: None };
        self.reaction = Some((origin, cause.journey));
    }

    /// Why what happens now happens.
    pub fn cause(&mut self) -> Cause {
        self.settle()
    }

    /// From now on in this step, things happen for another cause (a process goes on with its own journey).
    pub fn set_cause(&mut self, cause: Cause) {
        self.reaction = None;
        self.cause = cause;
    }

    /// The actor's next draw.
    pub fn draw(&mut self, purpose: Purpose, actor: &str) -> u64 {
        self.draws.next(purpose, actor)
    }

    /// The actor's next draw scaled to `0..n`.
    pub fn below(&mut self, purpose: Purpose, actor: &str, n: u64) -> u64 {
        self.draws.below(purpose, actor, n)
    }

    /// An event of the log, if it is still in the window.
    pub fn event(&self, id: EventId) -> Option<&Event> {
        self.log.get(id)
    }

    fn settle(&mut self) -> Cause {
        if let Some((origin, parent)) = self.reaction.take() {
            self.cause.journey = Some(self.log.open_journey(self.now, origin, parent));
        }
        self.cause
    }
}
