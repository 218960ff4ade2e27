//! Questions and answers as they went over the wire; the chosen message as text and as bytes, and what its name cost; the
//! servers with their plugins and caches; the Corefile.

mod bytes;
mod servers;

use crate::layout::short_name;
use crate::model::Shown;
use crate::words::Words;
use bytes::Bytes;
use tidepool_core::dns::message::text::describe;
use tidepool_core::trace::cargo::DnsCargo;
use tidepool_core::trace::{Cargo, Event, EventId, Fact, Hop, Place, Reason};
use yew::prelude::*;

/// Messages that are listed at most, and events that are searched for them.
const MOST: usize = 150;
const SEARCHED: u64 = 20_000;

/// What the detail shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Detail {
    Text,
    Bytes,
    Chain,
    Cache,
    Corefile,
}

/// The DNS panel.
#[component]
pub fn Dns(shown: &Shown) -> Html {
    let chosen = use_state(|| None::<EventId>);
    let detail = use_state(|| Detail::Corefile);
    let session = shown.model.session();
    let (words, world) = (session.words(), session.world());
    let (ui, log) = (&words.ui, world.log());
    let since = EventId(log.end().0.saturating_sub(SEARCHED));
    let mut messages: Vec<(&Event, &Hop, &DnsCargo)> = log.since(since).filter_map(message).collect();
    messages.reverse();
    messages.truncate(MOST);
    let row = |(event, hop, dns): &(&Event, &Hop, &DnsCargo)| {
        let id = event.id;
        let is_chosen = *chosen == Some(id);
        let (chosen, detail) = (chosen.clone(), detail.clone());
        let onclick = Callback::from(move |_: MouseEvent| {
            chosen.set(Some(id));
            if !matches!(*detail, Detail::Text | Detail::Bytes) {
                detail.set(Detail::Text);
            }
        });
        let (rcode, count) = match &dns.answer {
            Some((rcode, count)) => (rcode.to_string(), count.to_string()),
            None => ("?".into(), String::new()),
        };
        html! {
            <tr class={classes!(is_chosen.then_some("on"))} key={id.0.to_string()} onclick={onclick.clone()}>
                <td>{event.at.to_string()}</td>
                <td>{format!("{} → {}", place(words, &hop.from), place(words, &hop.to))}</td>
                <td><button type="button" aria-pressed={is_chosen.to_string()} {onclick}>{dns.name.to_string()}</button></td>
                <td>{dns.qtype.to_string()}</td>
                <td class={classes!((&*rcode == "NXDOMAIN").then_some("bad"))}>{format!("{rcode} {count}")}</td>
            </tr>
        }
    };
    let looked_at = chosen.and_then(|id| log.get(id)).and_then(message);
    let tab = |which: Detail, label: &'static str| {
        let (detail, on) = (detail.clone(), *detail == which);
        let onclick = Callback::from(move |_: MouseEvent| detail.set(which));
        let needs_message = matches!(which, Detail::Text | Detail::Bytes) && looked_at.is_none();
        html! { <button type="button" aria-pressed={on.to_string()} disabled={needs_message} {onclick}>{label}</button> }
    };
    let inspect = &words.inspect;
    let corefile = || {
        let objects = world.objects();
        let map = objects.iter().find(|o| &*o.key.kind == "ConfigMap" && &*o.key.name == "coredns");
        map.and_then(|map| map.get("data")?.get("Corefile")?.as_str()).unwrap_or_default().to_string()
    };
    let answered = looked_at.and_then(|(event, ..)| answered(world, event, words));
    let answered = answered.as_ref().map(|(place, plugin)| (place.as_str(), plugin.as_str()));
    let body = match (*detail, looked_at) {
        (Detail::Text, Some((event, _, dns))) => html! {
            <div class="scroll" tabindex="0" role="region" aria-label={ui.decoded}>
                if let Some(cost) = cost(world, event, words) { <p class="hint cost">{cost}</p> }
                <pre>{ describe(&dns.bytes) }</pre>
            </div>
        },
        (Detail::Bytes, Some((_, _, dns))) => html! { <Bytes bytes={dns.bytes.to_vec()} {words} /> },
        (Detail::Chain, _) => servers::chains(&world.name_servers(), answered, words),
        (Detail::Cache, _) => servers::caches(&world.name_servers(), words),
        (Detail::Text | Detail::Bytes | Detail::Corefile, _) => html! {
            <pre class="scroll" tabindex="0" role="region" aria-label={ui.corefile}>{ corefile() }</pre>
        },
    };
    html! {
        <div class="split dns-panel">
            <div class="list">
                <div class="scroll" tabindex="0" role="region" aria-label={ui.dns_log}>
                    <table>
                        <thead><tr><th scope="col">{ui.clock}</th><th scope="col">{ui.asked_by}</th><th scope="col">{ui.question}</th><th scope="col">{"type"}</th><th scope="col">{ui.answer}</th></tr></thead>
                        <tbody>{ for messages.iter().map(row) }</tbody>
                    </table>
                    if messages.is_empty() { <p class="hint">{ui.dns_empty}</p> }
                </div>
            </div>
            <div class="detail">
                <div class="bar"><div class="switch" role="group" aria-label={ui.decoded}>
                    { tab(Detail::Text, inspect.text) }{ tab(Detail::Bytes, inspect.bytes) }{ tab(Detail::Chain, inspect.chain) }
                    { tab(Detail::Cache, inspect.cache) }{ tab(Detail::Corefile, ui.corefile) }
                </div></div>
                { body }
            </div>
        </div>
    }
}

/// A place's name, short enough for a column.
fn place(words: &Words, place: &Place) -> String {
    short_name(&(words.place)(place).as_str().into(), 15)
}

fn message(event: &Event) -> Option<(&Event, &Hop, &DnsCargo)> {
    match &event.fact {
        Fact::Moved(hop) => match &hop.cargo {
            Cargo::Dns(dns) => Some((event, hop, dns)),
            _ => None,
        },
        _ => None,
    }
}

/// The events of the journey in which a message went.
fn journey<'w>(world: &'w crate::sim::World, event: &Event) -> impl Iterator<Item = &'w Event> + use<'w> {
    let journey = event.journey.and_then(|id| world.log().journeys.get(id));
    let log = world.log();
    journey.into_iter().flat_map(|journey| journey.events.iter()).filter_map(move |id| log.get(*id))
}

/// What the lookup to which a message belongs cost.
fn cost(world: &crate::sim::World, event: &Event, words: &Words) -> Option<String> {
    let asked: Vec<(&Place, &DnsCargo)> = journey(world, event)
        .filter_map(message)
        .filter(|(_, _, dns)| dns.answer.is_none())
        .map(|(_, hop, dns)| (&hop.from, dns))
        .collect();
    // What servers ask each other in its course is theirs.
    let client = asked.first()?.0;
    let own: Vec<&str> =
        asked.iter().filter(|(from, _)| *from == client).map(|(_, dns)| &*dns.name).collect();
    let last = own.last()?;
    let mut names: Vec<&str> = Vec::new();
    for name in &own {
        if !names.contains(name) {
            names.push(name);
        }
    }
    let of_last = own.iter().filter(|name| name == &last).count();
    Some((words.inspect.cost)(own.len(), names.len(), of_last))
}

/// The plugin that answered the chosen question, or that gave the chosen answer: where, and which.
fn answered(world: &crate::sim::World, event: &Event, words: &Words) -> Option<(String, String)> {
    let (_, hop, dns) = message(event)?;
    let at = if dns.answer.is_some() { &hop.from } else { &hop.to };
    let decided = journey(world, event).filter_map(|other| match &other.fact {
        Fact::Decided(by, Reason::DnsPlugin(plugin, ..)) if by == at => Some((other.id, plugin)),
        _ => None,
    });
    let decided: Vec<(EventId, &tidepool_core::base::Text)> = decided.collect();
    // An answer is decided before it leaves, a question after it has come.
    let plugin = match dns.answer {
        Some(_) => decided.iter().rev().find(|(id, _)| *id < event.id),
        None => decided.iter().find(|(id, _)| *id > event.id),
    };
    plugin.map(|(_, plugin)| (place(words, at), plugin.to_string()))
}
