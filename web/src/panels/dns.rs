//! Questions and answers as they went over the wire, the chosen message decoded, and the Corefile.

use crate::layout::short_name;
use crate::model::Shown;
use crate::words::Words;
use tidepool_core::dns::message::text::describe;
use tidepool_core::trace::cargo::DnsCargo;
use tidepool_core::trace::{Cargo, Event, EventId, Fact, Hop, Place};
use yew::prelude::*;

/// Messages that are listed at most, and events that are searched for them.
const MOST: usize = 150;
const SEARCHED: u64 = 20_000;

/// The DNS panel.
#[component]
pub fn Dns(shown: &Shown) -> Html {
    let chosen = use_state(|| None::<EventId>);
    let session = shown.model.session();
    let (words, log) = (session.words(), session.world().log());
    let ui = &words.ui;
    let since = EventId(log.end().0.saturating_sub(SEARCHED));
    let mut messages: Vec<(&Event, &Hop, &DnsCargo)> = log.since(since).filter_map(message).collect();
    messages.reverse();
    messages.truncate(MOST);
    let row = |(event, hop, dns): &(&Event, &Hop, &DnsCargo)| {
        let id = event.id;
        let is_chosen = *chosen == Some(id);
        let chosen = chosen.clone();
        let onclick = Callback::from(move |_: MouseEvent| chosen.set(Some(id)));
        let (rcode, count) = match &dns.answer {
            Some((rcode, count)) => (rcode.to_string(), count.to_string()),
            None => ("?".into(), String::new()),
        };
        html! {
            <tr class={classes!(is_chosen.then_some("on"))} key={id.0.to_string()} onclick={onclick.clone()}>
                <td>{event.at.to_string()}</td>
                <td>{format!("{} → {}", short(words, &hop.from), short(words, &hop.to))}</td>
                <td><button type="button" aria-pressed={is_chosen.to_string()} {onclick}>{dns.name.to_string()}</button></td>
                <td>{dns.qtype.to_string()}</td>
                <td class={classes!((&*rcode == "NXDOMAIN").then_some("bad"))}>{format!("{rcode} {count}")}</td>
            </tr>
        }
    };
    let decoded = chosen.and_then(|id| log.get(id)).and_then(message).map(|(_, _, dns)| describe(&dns.bytes));
    let objects = session.world().objects();
    let corefile = objects.iter().find(|o| &*o.key.kind == "ConfigMap" && &*o.key.name == "coredns");
    let corefile =
        corefile.and_then(|object| object.get("data")?.get("Corefile")?.as_str()).unwrap_or_default();
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
                <div class="bar"><h2>{ if decoded.is_some() { ui.decoded } else { ui.corefile } }</h2></div>
                <pre class="scroll" tabindex="0" role="region" aria-label={ui.decoded}>{ decoded.unwrap_or_else(|| corefile.to_string()) }</pre>
            </div>
        </div>
    }
}

/// A place's name, short enough for a column.
fn short(words: &Words, place: &Place) -> String {
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
