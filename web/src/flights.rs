//! What moves on the stage: marks on their way, one per Moved fact, merged when many share a way. Knows no pixels.

use tidepool_core::trace::{Cargo, EventId, Fact, Origin, Place, TcpFlag};

/// What a mark looks like; shape repeats colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// A DNS query: a filled diamond.
    DnsQuery,
    /// A DNS answer: an open diamond.
    DnsAnswer,
    /// A TCP segment: a small square.
    Tcp,
    /// A request: a disc.
    Request,
    /// Its answer: a ring.
    Answer,
    /// A refusal: a cross.
    Failure,
    /// A probe: a pale tick.
    Probe,
    /// A call to the API server or to storage: a bar.
    Api,
    /// A watch event: a chevron.
    Watch,
}

/// What the stage lets move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lens {
    /// Packets between programs, and the control plane within its band.
    #[default]
    Traffic,
    /// From kubectl to the API server, to storage, to those who watch.
    Registration,
    /// Questions and answers.
    Dns,
}

/// A mark on its way, or several together.
#[derive(Debug, Clone, PartialEq)]
pub struct Flight {
    /// Where it left.
    pub from: Place,
    /// Where it goes.
    pub to: Place,
    /// What it looks like.
    pub mark: Mark,
    /// How many it stands for.
    pub count: u32,
    /// Wall milliseconds since it left.
    pub age: f64,
    /// Wall milliseconds that its way takes.
    pub lasts: f64,
    /// Whether it belongs to the followed request.
    pub followed: bool,
    /// The first event that it stands for.
    pub event: EventId,
}

impl Flight {
    /// How far it is, from 0 to 1.
    pub fn progress(&self) -> f64 {
        (self.age / self.lasts).clamp(0.0, 1.0)
    }
}

/// The marks that are drawn at most; others join one that goes the same way.
pub const MOST: usize = 240;
/// Marks that leave within so many milliseconds of each other on one way are drawn as one.
const TOGETHER_MS: f64 = 90.0;

/// Everything on its way.
#[derive(Debug, Clone, Default)]
pub struct Flights {
    list: Vec<Flight>,
}

impl Flights {
    /// The marks, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Flight> {
        self.list.iter()
    }

    /// Whether nothing moves.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Forgets all of them.
    pub fn clear(&mut self) {
        self.list.clear();
    }

    /// Moves everything on.
    pub fn advance(&mut self, ms: f64) {
        for flight in &mut self.list {
            flight.age += ms;
        }
        self.list.retain(|flight| flight.age < flight.lasts);
    }

    /// Lets a mark leave, alone or with one that just left on the same way.
    pub fn launch(&mut self, flight: Flight) {
        let crowded = self.list.len() >= MOST;
        let same_way = |other: &&mut Flight| {
            other.mark == flight.mark
                && other.from == flight.from
                && other.to == flight.to
                && other.followed == flight.followed
        };
        let companion = self.list.iter_mut().rev().find(same_way).filter(|o| crowded || o.age < TOGETHER_MS);
        match companion {
            Some(other) if !flight.followed => other.count += 1,
            _ if crowded && !flight.followed => {}
            _ => self.list.push(flight),
        }
    }
}

/// What a fact looks like on its way, if it moves.
pub fn mark(fact: &Fact, origin: Option<&Origin>) -> Option<Mark> {
    let Fact::Moved(hop) = fact else { return None };
    if matches!(origin, Some(Origin::Probe(_))) {
        return Some(Mark::Probe);
    }
    Some(match &hop.cargo {
        Cargo::Dns(dns) if dns.answer.is_none() => Mark::DnsQuery,
        Cargo::Dns(_) => Mark::DnsAnswer,
        Cargo::Tcp(TcpFlag::Rst) | Cargo::PortUnreachable => Mark::Failure,
        Cargo::Tcp(_) => Mark::Tcp,
        Cargo::HttpRequest(..) | Cargo::Payload(_) => Mark::Request,
        Cargo::HttpResponse(status, _) if *status >= 500 => Mark::Failure,
        Cargo::HttpResponse(..) => Mark::Answer,
        Cargo::ApiRequest(..) | Cargo::ApiResponse(_) | Cargo::StoragePut(..) => Mark::Api,
        Cargo::Watch(..) => Mark::Watch,
    })
}

impl Lens {
    /// The lenses, in the order of the switch.
    pub const ALL: [Lens; 3] = [Lens::Traffic, Lens::Registration, Lens::Dns];

    /// Whether a mark is shown through it.
    pub fn shows(self, mark: Mark) -> bool {
        match self {
            Lens::Traffic => true,
            Lens::Registration => matches!(mark, Mark::Api | Mark::Watch),
            Lens::Dns => matches!(mark, Mark::DnsQuery | Mark::DnsAnswer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flight(mark: Mark, followed: bool) -> Flight {
        let place = |name: &str| Place::Node(name.into());
        let event = EventId(0);
        Flight { from: place("a"), to: place("b"), mark, count: 1, age: 0.0, lasts: 400.0, followed, event }
    }

    #[test]
    fn what_leaves_together_is_drawn_as_one_and_counted() {
        let mut flights = Flights::default();
        (0..5).for_each(|_| flights.launch(flight(Mark::Request, false)));
        flights.launch(flight(Mark::Answer, false));
        let drawn: Vec<(Mark, u32)> = flights.iter().map(|f| (f.mark, f.count)).collect();
        assert_eq!(drawn, [(Mark::Request, 5), (Mark::Answer, 1)]);
    }

    #[test]
    fn the_followed_request_is_never_merged_or_left_out() {
        let mut flights = Flights::default();
        for _ in 0..MOST {
            flights.launch(flight(Mark::Request, false));
            flights.advance(1.0);
        }
        flights.launch(flight(Mark::Request, true));
        flights.launch(flight(Mark::Request, true));
        assert_eq!(flights.iter().filter(|f| f.followed && f.count == 1).count(), 2);
    }

    #[test]
    fn marks_end_where_they_arrive() {
        let mut flights = Flights::default();
        flights.launch(flight(Mark::Tcp, false));
        flights.advance(399.0);
        assert_eq!(flights.iter().count(), 1);
        flights.advance(2.0);
        assert!(flights.is_empty());
    }
}
