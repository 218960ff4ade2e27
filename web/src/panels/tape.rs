//! The clock bar: play, step, pace, speed, and the tape of what was done, with a handle to go back.

use crate::model::Shown;
use crate::pace::{Pace, SPEEDS};
use crate::session::{Action, Session, WARM_UP};
use crate::sim::Input;
use tidepool_core::base::Instant;
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

/// The width of the tape's own coordinates.
const LENGTH: f64 = 1_000.0;
/// The shortest stretch of time that the tape shows, in nanoseconds.
const SHORTEST: u64 = 20_000_000_000;

/// The clock bar.
#[component]
pub fn Tape(shown: &Shown) -> Html {
    let session = shown.model.session();
    let ui = &session.words().ui;
    let playing = session.is_playing();
    let act = |action: Action| {
        let dispatch = shown.dispatch.clone();
        Callback::from(move |_: MouseEvent| dispatch.emit(action.clone()))
    };
    let seek = {
        let (dispatch, (start, span)) = (shown.dispatch.clone(), range(&session));
        Callback::from(move |event: InputEvent| {
            let input: HtmlInputElement = event.target_unchecked_into();
            let share = input.value_as_number() / LENGTH;
            dispatch.emit(Action::Seek(Instant(start + (span as f64 * share.clamp(0.0, 1.0)) as u64)));
        })
    };
    let speed = {
        let dispatch = shown.dispatch.clone();
        Callback::from(move |event: Event| {
            let select: HtmlSelectElement = event.target_unchecked_into();
            if let Ok(index) = select.value().parse() {
                dispatch.emit(Action::Pace(Pace::Clock));
                dispatch.emit(Action::Speed(index));
            }
        })
    };
    let at = position(&session, session.world().now());
    let pace = session.pace();
    let option = |(index, (_, label)): (usize, &(u64, &str))| {
        html! { <option value={index.to_string()} selected={index == session.speed()}>{label.to_string()}</option> }
    };
    let pace_button = |of: Pace, label: &'static str| {
        html! { <button type="button" aria-pressed={(pace == of).to_string()} title={ui.pace_help} onclick={act(Action::Pace(of))}>{label}</button> }
    };
    html! {
        <div class="tape" role="group" aria-label={ui.clock}>
            <button type="button" class="btn icon" title={ui.back_title} aria-label={ui.back_title} onclick={act(Action::BackHop)}>{icon("M11 3 5 8l6 5Z M3.500 3v10")}</button>
            <button type="button" class="btn icon play" id="play" aria-label={if playing { ui.pause } else { ui.play }} title={if playing { ui.pause } else { ui.play }}
                onclick={act(Action::Play(!playing))}>{ if playing { icon("M5 3v10M11 3v10") } else { icon("M5 3l8 5-8 5Z") } }</button>
            <button type="button" class="btn icon" id="step" title={ui.step_title} aria-label={ui.step_title} onclick={act(Action::StepHop)}>{icon("M5 3l6 5-6 5Z M12.500 3v10")}</button>
            <span class="now" id="clock">{session.world().now().to_string()}</span>
            <div class="track">
                <svg viewBox="0 0 1000 26" preserveAspectRatio="none" aria-hidden="true">
                    <path d="M0 13H1000" class="rail" />
                    <path d={format!("M0 13H{at:.1}")} class="been" />
                    { for marks(&session) }
                </svg>
                <input type="range" min="0" max={LENGTH.to_string()} step="1" value={format!("{at:.0}")} aria-label={ui.scrubber}
                    aria-valuetext={session.world().now().to_string()} oninput={seek} />
            </div>
            <div class="switch pace" role="group" aria-label={ui.pace}>
                { pace_button(Pace::Story, ui.pace_story) }
                { pace_button(Pace::Clock, ui.pace_clock) }
            </div>
            <select class="speed" aria-label={ui.speed} onchange={speed}>{ for SPEEDS.iter().enumerate().map(option) }</select>
            if let Some(behind) = session.behind() {
                <span class="behind" role="status">{(session.words().behind)(&behind)}</span>
            }
        </div>
    }
}

fn icon(path: &'static str) -> Html {
    html! { <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true"><path d={path} fill="currentColor" stroke="currentColor" stroke-width="1.8" stroke-linejoin="round" stroke-linecap="round" /></svg> }
}

/// The first instant on the tape and the length of what it shows.
fn range(session: &Session) -> (u64, u64) {
    let start = WARM_UP.0.saturating_sub(2_000_000_000);
    (start, session.farthest().0.saturating_sub(start).max(SHORTEST))
}

fn position(session: &Session, at: Instant) -> f64 {
    let (start, span) = range(session);
    (at.0.saturating_sub(start) as f64 / span as f64 * LENGTH).clamp(0.0, LENGTH)
}

/// What was done: bars for changes of the cluster, ticks for everything else that was typed.
fn marks(session: &Session) -> Vec<Html> {
    let inputs = session.recording().inputs.iter();
    let mark = |timed: &crate::sim::Timed| {
        let Input::Line { text, .. } = &timed.input else { return None };
        let x = position(session, Instant(timed.at));
        let changes =
            ["apply", "delete", "scale", "create", "patch", "label"].iter().any(|verb| text.contains(verb));
        let is_change = text.starts_with("kubectl") && changes;
        Some(if is_change {
            html! { <rect x={format!("{:.1}", x - 1.5)} y="5" width="3" height="16" rx="1" class="change" /> }
        } else {
            html! { <rect x={format!("{:.1}", x - 1.0)} y="8" width="2" height="10" class="request" /> }
        })
    };
    inputs.filter_map(mark).collect()
}
