//! What the followed request tells the stage: whom its program believes to talk to, and where its packets really go.

use super::Session;
use crate::flights::{Flight, Mark};
use crate::follow;
use crate::layout::route::Way;
use tidepool_core::trace::reason::RulePick;
use tidepool_core::trace::{EventId, Fact, Journey, Origin, Place, Reason};

impl Session {
    /// How far the nodes' rules have come, all together: grows whenever one of them writes its own.
    pub fn rules_written(&self) -> u64 {
        let world = self.world();
        world.node_names().filter_map(|node| world.proxy_revisions(node)).map(|(_, applied)| applied).sum()
    }

    /// The line of the shown file that makes the followed request, from 1; 0 when none does.
    pub fn lit_line(&self) -> u32 {
        let line = self.followed_journey().and_then(|journey| journey.origin.line());
        let own = line.filter(|line| line.file.rsplit('/').next() == Some(self.files.name()));
        own.map_or(0, |line| line.line)
    }

    /// The followed request.
    pub fn followed_journey(&self) -> Option<&Journey> {
        self.world().log().journeys.get(self.followed?)
    }

    /// The rule that picked a pod for the followed request, DNS aside: its event and its numbers.
    pub fn pick(&self) -> Option<(EventId, &RulePick)> {
        let journey = self.followed_journey()?;
        let mut events = follow::events(self.world().log(), journey).rev();
        events.find_map(|event| match &event.fact {
            Fact::Decided(_, Reason::ServiceRule(pick)) if pick.sent.port() != 53 => Some((event.id, pick)),
            _ => None,
        })
    }

    /// Where the followed request began.
    pub fn asker(&self) -> Option<&Place> {
        match &self.followed_journey()?.origin {
            Origin::Request(_, at) | Origin::Command(_, at) => Some(at),
            Origin::Reaction(..) | Origin::Probe(_) | Origin::Timer(_) => None,
        }
    }

    /// The pod that an address belongs to.
    pub fn pod_at(&self, ip: std::net::IpAddr) -> Option<Place> {
        let pods = self.stage.nodes.iter().flat_map(|node| &node.pods);
        pods.into_iter().find(|pod| pod.ip == Some(ip)).map(crate::layout::pod_place)
    }

    /// The way that a mark takes on the stage: as it happens, or as its program believes.
    pub fn way_of(&self, flight: &Flight) -> Option<Way> {
        let is_call = matches!(flight.mark, Mark::Tcp | Mark::Request | Mark::Answer | Mark::Failure);
        if self.belief
            && is_call
            && flight.followed
            && let Some(way) = self.believed()
        {
            let goes_out = self.asker() == Some(&flight.from);
            return Some(if goes_out { way } else { way.reversed() });
        }
        self.layout.way(&self.stage, &flight.from, &flight.to)
    }

    /// The way from the program to the Service that it believes to talk to.
    pub fn believed(&self) -> Option<Way> {
        let (_, pick) = self.pick()?;
        let (namespace, name) = (&pick.service.namespace, &pick.service.name);
        self.layout.way_to_ring(&self.stage, self.asker()?, namespace, name)
    }

    /// The way from the program to the pod that its node's rules picked.
    pub fn real(&self) -> Option<Way> {
        let (_, pick) = self.pick()?;
        self.layout.way(&self.stage, self.asker()?, &self.pod_at(pick.rewritten.ip())?)
    }
}
