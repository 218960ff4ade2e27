//! Who answered how often, how fast, and how well: counted since the cluster began.

use crate::model::Shown;
use crate::words::millis;
use yew::prelude::*;

/// The traffic panel.
#[component]
pub fn TrafficPanel(shown: &Shown) -> Html {
    let session = shown.model.session();
    let words = session.words();
    let ui = &words.ui;
    let total = session.traffic.total().max(1);
    let rows = session.traffic.by_place.iter().map(|(place, tally)| {
        let share = tally.answers * 100 / total;
        let time = |percent| tally.percentile(percent).map(millis).unwrap_or_default();
        let asked = tally.answers + tally.refused;
        html! {
            <tr key={place.to_string()}>
                <td class="mono">{(words.place)(place)}</td>
                <td class="num">{asked.to_string()}</td>
                <td class="share"><svg width="160" height="8" aria-hidden="true"><rect width="160" height="8" rx="4" class="rail" /><rect width={(share * 160 / 100).to_string()} height="8" rx="4" class="bar" /></svg><span>{format!("{share} %")}</span></td>
                <td class="num">{format!("{} %", tally.good * 100 / asked.max(1))}</td>
                <td class="num">{time(50)}</td>
                <td class="num">{time(100)}</td>
            </tr>
        }
    });
    let rows: Vec<Html> = rows.collect();
    if rows.is_empty() {
        return html! { <p class="hint">{ui.traffic_empty}</p> };
    }
    html! {
        <div class="scroll traffic" tabindex="0" role="region" aria-label={ui.traffic}>
            <table>
                <thead><tr><th scope="col">{ui.destination}</th><th scope="col" class="num">{ui.requests}</th><th scope="col">{ui.share}</th><th scope="col" class="num">{ui.success}</th><th scope="col" class="num">{ui.median}</th><th scope="col" class="num">{ui.slowest}</th></tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}
