//! The journey of the followed request: hop by hop, what happened, why with its numbers, and the evidence.

use super::shapes::shape;
use crate::evidence::{self, Evidence, Kind};
use crate::flights::{Mark, mark};
use crate::follow::{self, Outcome};
use crate::model::Shown;
use crate::propagation;
use crate::session::{Action, Session};
use crate::words::{Ui, Words, millis};

use tidepool_core::base::Instant;
use tidepool_core::trace::{Event, Fact, Journey as Story, JourneyId, Origin, Place, Reason};
use web_sys::HtmlSelectElement;
use yew::prelude::*;

/// The hops that are listed at most.
const MOST: usize = 120;
/// The requests that the menu offers.
const CHOICES: usize = 40;

/// The journey.
#[component]
pub fn Journey(shown: &Shown) -> Html {
    let list = use_node_ref();
    let session = shown.model.session();
    let ui = &session.words().ui;
    {
        let (list, told) = (list.clone(), session.current.filter(|_| session.is_telling()));
        use_effect_with(told, move |told| {
            if let (Some(_), Some(element)) = (told, list.cast::<web_sys::HtmlElement>()) {
                element.set_scroll_top(element.scroll_height());
            }
        });
    }
    let body = match session.followed_journey() {
        Some(journey) => told(shown, &session, journey),
        None => html! { <div class="empty"><h2>{ui.journey_empty}</h2><p>{ui.journey_empty_text}</p></div> },
    };
    html! {
        <aside class="journey" aria-label={ui.journey} ref={list}>
            { choices(shown, &session) }
            {body}
        </aside>
    }
}

fn told(shown: &Shown, session: &Session, journey: &Story) -> Html {
    let (words, log) = (session.words(), session.world().log());
    let ui = &words.ui;
    let events: Vec<&Event> = if session.all_hops {
        follow::events(log, journey).take(MOST).collect()
    } else {
        follow::main_events(log, journey).into_iter().take(MOST).collect()
    };
    let last = follow::events(log, journey).next_back();
    let took = last.map(|event| end(event).since(journey.began));
    let total = journey.events.len() as u64 + journey.more;
    let outcome = follow::outcome(log, journey);
    let by = follow::answered_by(log, journey).map(|place| (words.place)(place));
    let from = session.asker().map(|place| (words.place)(place)).unwrap_or_default();
    let mut sub = vec![match by {
        Some(by) => format!("{from} → {by}"),
        None => from,
    }];
    sub.extend(took.map(millis));
    sub.push((words.hops)(total as usize));
    sub.push(format!("{} {}", ui.seed, session.recording().seed));
    let more = total.saturating_sub(events.len() as u64);
    let toggle = shown.dispatch.reform({
        let all = session.all_hops;
        move |_: MouseEvent| Action::AllHops(!all)
    });
    html! {
        <>
            <h2 class="headline"><code>{title(&journey.origin, words)}</code>{ ending(outcome, ui) }</h2>
            <p class="sub">{sub.join(" · ")}</p>
            <ol class="hops" aria-label={ui.hop_list}>
                { for events.iter().map(|event| hop(shown, session, event, journey)) }
            </ol>
            if outcome == Outcome::Open && session.is_telling() {
                <p class="waiting" role="status">{ui.waiting}</p>
            }
            if more > 0 || session.all_hops {
                <button type="button" class="btn quiet more" onclick={toggle}>
                    { if session.all_hops { ui.show_main.to_string() } else { format!("{} ({})", ui.show_all, (words.more)(more)) } }
                </button>
            }
        </>
    }
}

fn end(event: &Event) -> Instant {
    match &event.fact {
        Fact::Moved(hop) => event.at + hop.takes,
        _ => event.at,
    }
}

/// The request's own words: its command line, without what a long line would add.
fn title(origin: &Origin, words: &Words) -> String {
    match origin {
        Origin::Command(line, _) | Origin::Request(line, _) => line.chars().take(80).collect(),
        Origin::Reaction(place, object) => format!("{}: {object}", (words.place)(place)),
        Origin::Probe(pod) => format!("{}: {}", words.ui.legend_probe, pod.name),
        Origin::Timer(place) => (words.place)(place),
    }
}

fn ending(outcome: Outcome, ui: &Ui) -> Html {
    let (class, text) = match outcome {
        Outcome::Status(status) if status < 400 => ("good", status.to_string()),
        Outcome::Status(status) => ("bad", status.to_string()),
        Outcome::Resolved(0) => ("bad", ui.failed.to_string()),
        Outcome::Resolved(_) => ("good", ui.answered.to_string()),
        Outcome::Failed => ("bad", ui.failed.to_string()),
        Outcome::Open => return Html::default(),
    };
    html! { <span class={classes!("ending", class)}>{format!("→ {text}")}</span> }
}

/// What an event looks like in the list.
fn look(event: &Event) -> Mark {
    match &event.fact {
        Fact::Moved(_) => mark(&event.fact, None).unwrap_or(Mark::Tcp),
        Fact::Decided(_, Reason::SearchList(_) | Reason::DnsPlugin(..)) => Mark::DnsQuery,
        Fact::Decided(_, Reason::SourceRestored(..)) => Mark::Answer,
        Fact::Decided(_, Reason::ServiceRule(_) | Reason::Conntrack(..)) => Mark::Request,
        Fact::Decided(..) | Fact::Changed(..) => Mark::Api,
        Fact::Refused(..) => Mark::Failure,
    }
}

fn hop(shown: &Shown, session: &Session, event: &Event, journey: &Story) -> Html {
    let words = session.words();
    let said = words.fact(&event.fact);
    let is_chosen = session.hop == Some(event.id);
    let id = event.id;
    let choose = shown.dispatch.reform(move |_: MouseEvent| Action::Hop(Some(id)));
    let shows_evidence = is_chosen
        || matches!(&event.fact, Fact::Decided(_, Reason::SearchList(_)))
        || matches!(&event.fact, Fact::Decided(_, Reason::ServiceRule(pick)) if pick.sent.port() != 53);
    let enter = shown.dispatch.reform(move |_: PointerEvent| Action::HoverHop(Some(id)));
    let focus = shown.dispatch.reform(move |_: FocusEvent| Action::HoverHop(Some(id)));
    let leave = shown.dispatch.reform(|()| Action::HoverHop(None));
    let proof = if shows_evidence { evidence::of(session.world(), event) } else { None };
    let behind = propagation::behind(session.world().log(), journey, event);
    let micros = event.at.since(journey.began).0 / 1_000;
    html! {
        <li class={classes!("hop", is_chosen.then_some("sel"), (session.current == Some(id)).then_some("current"))} key={id.0.to_string()}
            onpointerenter={enter} onpointerleave={leave.reform(|_: PointerEvent| ())} onfocusin={focus} onfocusout={leave.reform(|_: FocusEvent| ())}>
            { shape(look(event)) }
            <button type="button" aria-expanded={is_chosen.to_string()} onclick={choose}>
                <span class="what">{said.title}</span><span class="at">{format!("+{}.{}", micros / 1_000, micros % 1_000 / 100)}</span>
            </button>
            if !said.why.is_empty() { <p>{said.why}</p> }
            if let Some(behind) = behind { <p class="behind">{(words.stale_rules)(&behind)}</p> }
            { proof.map(|proof| block(&proof, &words.ui)).unwrap_or_default() }
            if is_chosen { <p class="technical"><span>{words.ui.raw}</span><code>{event.to_string()}</code></p> }
        </li>
    }
}

fn block(proof: &Evidence, ui: &Ui) -> Html {
    let title = match proof.kind {
        Kind::ResolvConf => ui.resolv_conf,
        Kind::Message => ui.dns_message,
        Kind::Rules(tool) => tool,
        Kind::Conntrack => ui.conntrack,
    };
    let line = |line: &evidence::Line| {
        let text = format!("{}\n", line.text);
        if line.lit {
            html! { <mark>{text}</mark> }
        } else {
            html! { <span>{text}</span> }
        }
    };
    html! {
        <figure class="evidence">
            <figcaption>{title}</figcaption>
            <pre tabindex="0" aria-label={format!("{}: {title}", ui.evidence)}>{ for proof.lines.iter().map(line) }</pre>
        </figure>
    }
}

/// A way to a request that failed while another one is followed, as in a loop of calls.
fn failed_since(shown: &Shown, session: &Session) -> Html {
    let since = session.followed.unwrap_or_default();
    let Some((count, last)) = follow::failed_since(session.world().log(), since) else {
        return Html::default();
    };
    let onclick = shown.dispatch.reform(move |_: MouseEvent| Action::Follow(Some(last)));
    html! {
        <button type="button" class="btn quiet failed-since" {onclick}>
            { shape(Mark::Failure) }{ (session.words().failed_since)(count) }
        </button>
    }
}

/// The menu of requests.
fn choices(shown: &Shown, session: &Session) -> Html {
    let (words, log) = (session.words(), session.world().log());
    let requests = follow::choices(log, CHOICES, session.followed);
    let option = |journey: &Story| {
        let label: String = title(&journey.origin, words).chars().take(48).collect();
        let at = match &journey.origin {
            Origin::Request(_, Place::Outside(_)) => words.ui.operator.to_string(),
            Origin::Request(_, place) => (words.place)(place),
            _ => String::new(),
        };
        let failed = if follow::has_failed(log, journey) { "✗ " } else { "" };
        html! {
            <option value={journey.id.0.to_string()} selected={session.followed == Some(journey.id)}>{format!("{failed}{} {at}: {label}", journey.began)}</option>
        }
    };
    let list: Vec<Html> = requests.into_iter().map(option).collect();
    if list.is_empty() {
        return Html::default();
    }
    let dispatch = shown.dispatch.clone();
    let onchange = Callback::from(move |event: web_sys::Event| {
        let select: HtmlSelectElement = event.target_unchecked_into();
        dispatch.emit(Action::Follow(select.value().parse().ok().map(JourneyId)));
    });
    html! {
        <>
            <select id="requests" class="requests" aria-label={words.ui.followed} {onchange}>{list}</select>
            { failed_since(shown, session) }
        </>
    }
}
