//! Which request is followed, and which of its events are the main ones. Knows facts, not words.

use tidepool_core::trace::{Cargo, Event, Fact, Journey, JourneyId, Log, Origin, Place, Reason, TcpFlag};

/// Whether a journey is a request that a learner may want to follow.
pub fn is_request(journey: &Journey) -> bool {
    matches!(journey.origin, Origin::Request(..))
}

/// The first request that began after a journey and belongs to a command, if there is one yet.
pub fn first_request_since(log: &Log, since: JourneyId) -> Option<JourneyId> {
    let newer = log.journeys.iter().rev().take_while(|journey| journey.id > since);
    let asked = newer.filter(|journey| is_request(journey) && belongs_to_command(log, journey));
    asked.last().map(|journey| journey.id)
}

/// Whether a later request of the same command has begun: then this one is over.
pub fn has_successor(log: &Log, id: JourneyId) -> bool {
    let Some(parent) = log.journeys.get(id).and_then(|journey| journey.parent) else { return false };
    let newer = log.journeys.iter().rev().take_while(|journey| journey.id > id);
    newer.into_iter().any(|journey| is_request(journey) && journey.parent == Some(parent))
}

/// The number of the line of a program that makes a request, if that comes of the same command line as another request.
pub fn line_after(log: &Log, before: JourneyId, id: JourneyId) -> Option<u32> {
    let journey = log.journeys.get(id)?;
    let line = journey.origin.line()?.line;
    let same = command_of(log, journey)? == command_of(log, log.journeys.get(before)?)?;
    same.then_some(line)
}

/// Whether a request is made by a command line, by itself or by a program that it runs, and something has come of it.
fn belongs_to_command(log: &Log, journey: &Journey) -> bool {
    command_of(log, journey).is_some() && !journey.events.is_empty()
}

/// How many programs may run one another.
const MOST_PROGRAMS: usize = 8;

/// The command line that a request comes of.
fn command_of(log: &Log, journey: &Journey) -> Option<JourneyId> {
    let mut at = journey;
    for _ in 0..MOST_PROGRAMS {
        at = log.journeys.get(at.parent?)?;
        if matches!(at.origin, Origin::Command(..)) {
            return Some(at.id);
        }
    }
    None
}

/// The events of a journey that are still in the log.
pub fn events<'l>(log: &'l Log, journey: &'l Journey) -> impl DoubleEndedIterator<Item = &'l Event> {
    journey.events.iter().filter_map(|id| log.get(*id))
}

/// Whether an event belongs to the short telling of a journey.
pub fn is_main(event: &Event) -> bool {
    match &event.fact {
        Fact::Moved(hop) => match &hop.cargo {
            Cargo::Dns(dns) => dns.qtype.as_ref() != "AAAA",
            Cargo::Tcp(TcpFlag::Rst) | Cargo::PortUnreachable => true,
            Cargo::HttpRequest(..) | Cargo::HttpResponse(..) => true,
            Cargo::ApiRequest(..) | Cargo::ApiResponse(_) | Cargo::StoragePut(..) => true,
            Cargo::Tcp(_) | Cargo::Payload(_) | Cargo::Watch(..) => false,
        },
        Fact::Decided(_, reason) => match reason {
            Reason::ServiceRule(pick) => pick.sent.port() != 53,
            Reason::SourceRestored(sent, _) => sent.port() != 53,
            Reason::SearchList(step) => step.attempt.0 == 1,
            Reason::Conntrack(..) | Reason::DnsPlugin(..) => false,
            _ => true,
        },
        Fact::Changed(..) | Fact::Refused(..) => true,
    }
}

/// The short telling: main events; that the source is put back is told once, about the answer.
pub fn main_events<'l>(log: &'l Log, journey: &'l Journey) -> Vec<&'l Event> {
    let (mut answered, mut restored) = (false, false);
    let once = |event: &&Event| {
        if let Fact::Moved(hop) = &event.fact {
            answered |= matches!(hop.cargo, Cargo::HttpResponse(..));
        }
        if !matches!(event.fact, Fact::Decided(_, Reason::SourceRestored(..))) {
            return true;
        }
        let first_after_answer = answered && !restored;
        restored |= first_after_answer;
        first_after_answer
    };
    events(log, journey).filter(|event| is_main(event)).filter(once).collect()
}

/// How a request ended, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// An HTTP status.
    Status(u16),
    /// A DNS answer with so many records.
    Resolved(u16),
    /// It was refused, or nothing answered.
    Failed,
    /// Nothing is known yet.
    Open,
}

/// How a journey ended: the last answer, or a refusal after the last question. What is lost after an answer, such as the
/// packets that close the connection to a pod that has gone, does not count.
pub fn outcome(log: &Log, journey: &Journey) -> Outcome {
    let mut refused = false;
    for event in events(log, journey).rev() {
        match &event.fact {
            Fact::Refused(..) => refused = true,
            Fact::Moved(hop) => match &hop.cargo {
                Cargo::HttpResponse(status, _) | Cargo::ApiResponse(status) => {
                    return Outcome::Status(*status);
                }
                Cargo::Tcp(TcpFlag::Rst) | Cargo::PortUnreachable => refused = true,
                Cargo::HttpRequest(..) | Cargo::ApiRequest(..) | Cargo::Tcp(TcpFlag::Syn) if refused => break,
                _ => {}
            },
            _ => {}
        }
    }
    if refused {
        return Outcome::Failed;
    }
    let answers = || {
        events(log, journey).filter_map(|event| match &event.fact {
            Fact::Moved(hop) => match &hop.cargo {
                Cargo::Dns(dns) => dns.answer.as_ref().map(|(_, records)| (&dns.name, *records)),
                _ => None,
            },
            _ => None,
        })
    };
    // The last name that was tried may have an address of one family and none of the other.
    let resolved = || {
        let (last, _) = answers().next_back()?;
        answers().filter(|(name, _)| *name == last).map(|(_, records)| Outcome::Resolved(records)).max()
    };
    resolved().unwrap_or(Outcome::Open)
}

/// How many requests after a journey were refused or got no answer, and the first of them.
pub fn failed_since(log: &Log, since: JourneyId) -> Option<(usize, JourneyId)> {
    let newer = log.journeys.iter().rev().take_while(|journey| journey.id > since);
    let mut failed = newer.filter(|journey| was_refused(log, journey)).map(|journey| journey.id);
    let last = failed.next()?;
    failed.fold((1, last), |(count, _), id| (count + 1, id)).into()
}

/// The requests to choose from, newest first: the latest ones, those that failed before, and the followed one.
pub fn choices(log: &Log, most: usize, followed: Option<JourneyId>) -> Vec<&Journey> {
    let requests = log.journeys.iter().rev().filter(|journey| is_request(journey)).enumerate();
    let wanted =
        |n: usize, journey: &Journey| n < most || was_refused(log, journey) || followed == Some(journey.id);
    requests.filter(|(n, journey)| wanted(*n, journey)).map(|(_, journey)| journey).collect()
}

/// Whether something in a request was refused, and it failed.
fn was_refused(log: &Log, journey: &Journey) -> bool {
    journey.refused && is_request(journey) && outcome(log, journey) == Outcome::Failed
}

/// Whether a request got no answer, or one that says that it failed.
pub fn has_failed(log: &Log, journey: &Journey) -> bool {
    match outcome(log, journey) {
        Outcome::Failed => true,
        Outcome::Status(status) => status >= 400,
        Outcome::Resolved(_) | Outcome::Open => false,
    }
}

/// Who answered a journey's HTTP request last.
pub fn answered_by<'l>(log: &'l Log, journey: &'l Journey) -> Option<&'l Place> {
    events(log, journey).rev().find_map(|event| match &event.fact {
        Fact::Moved(hop) if matches!(hop.cargo, Cargo::HttpResponse(..)) => Some(&hop.from),
        _ => None,
    })
}

/// Where an event happened: for a hop, where it left and where it went.
pub fn places(fact: &Fact) -> Vec<&Place> {
    match fact {
        Fact::Moved(hop) => vec![&hop.from, &hop.to],
        Fact::Decided(by, _) | Fact::Refused(by, _) => vec![by],
        Fact::Changed(..) => vec![&Place::ApiServer],
    }
}
