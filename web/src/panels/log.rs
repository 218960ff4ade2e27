//! Everything that happened, in the log's own terse lines, filtered by verb and text.

use crate::model::Shown;
use crate::session::Action;
use tidepool_core::trace::{Event, EventId, Fact, Origin};
use web_sys::{HtmlElement, HtmlInputElement};
use yew::prelude::*;

/// Lines that are drawn at most.
const MOST: usize = 300;
/// Events that are searched for them.
const SEARCHED: u64 = 30_000;

/// The log.
#[component]
pub fn LogPanel(shown: &Shown) -> Html {
    let filter = use_state(String::new);
    let followed_only = use_state(|| false);
    let scroller = use_node_ref();
    let session = shown.model.session();
    let ui = &session.words().ui;
    let log = session.world().log();
    let wanted = filter.to_lowercase();
    let fits = |event: &&Event| {
        if *followed_only && (event.journey.is_none() || event.journey != session.followed) {
            return false;
        }
        let origin = event.journey.and_then(|id| log.journeys.get(id)).map(|journey| &journey.origin);
        let is_noise = wanted.is_empty()
            && !*followed_only
            && matches!(origin, Some(Origin::Probe(_) | Origin::Timer(_)));
        !is_noise && (wanted.is_empty() || event.to_string().to_lowercase().contains(&wanted))
    };
    let since = EventId(log.end().0.saturating_sub(SEARCHED));
    let events: Vec<&Event> = log.since(since).filter(fits).collect();
    let events = events.get(events.len().saturating_sub(MOST)..).unwrap_or_default();
    {
        let scroller = scroller.clone();
        use_effect_with(events.last().map(|event| event.id), move |_| {
            if let Some(element) = scroller.cast::<HtmlElement>() {
                element.set_scroll_top(element.scroll_height());
            }
        });
    }
    let oninput = {
        let filter = filter.clone();
        Callback::from(move |event: InputEvent| {
            let input: HtmlInputElement = event.target_unchecked_into();
            filter.set(input.value());
        })
    };
    let toggle = {
        let followed_only = followed_only.clone();
        Callback::from(move |_: MouseEvent| followed_only.set(!*followed_only))
    };
    let line = |event: &&Event| {
        let (class, verb) = match &event.fact {
            Fact::Moved(_) => ("moved", ui.moved),
            Fact::Decided(..) => ("decided", ui.decided),
            Fact::Changed(..) => ("changed", ui.changed),
            Fact::Refused(..) => ("refused", ui.refused),
        };
        let journey = event.journey;
        let follow = shown.dispatch.reform(move |_: MouseEvent| Action::Follow(journey));
        html! {
            <li class={class} key={event.id.0.to_string()}>
                <button type="button" onclick={follow} disabled={journey.is_none()}>
                    <span class="at">{event.at.to_string()}</span><span class="verb">{verb}</span><span class="fact">{event.fact.to_string()}</span>
                </button>
            </li>
        }
    };
    html! {
        <div class="log">
            <div class="bar">
                <input type="search" placeholder={ui.log_filter} aria-label={ui.log_filter} value={(*filter).clone()} {oninput} />
                <button type="button" class="btn quiet" aria-pressed={followed_only.to_string()} onclick={toggle}>{ui.only_followed}</button>
                <span class="grow"></span>
                <span class="note">{format!("{} {}", events.len(), ui.kept_events)}</span>
            </div>
            <ol class="scroll" ref={scroller} tabindex="0" aria-label={ui.log}>{ for events.iter().map(line) }</ol>
            if events.is_empty() { <p class="hint">{ui.log_empty}</p> }
        </div>
    }
}
