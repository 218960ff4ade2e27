//! The workbench: tabs, and the panel of the chosen one. Manifests and terminal stand side by side where there is room.

use super::dns::Dns;
use super::handle::{Between, handle};
use super::log::LogPanel;
use super::manifests::Manifests;
use super::objects::Objects;
use super::rules::Rules;
use super::terminal::TerminalPanel;
use super::traffic::TrafficPanel;
use crate::browser;
use crate::model::Shown;
use crate::session::{Action, Tab};
use crate::words::Ui;
use yew::prelude::*;

/// The workbench.
#[component]
pub fn Bench(shown: &Shown) -> Html {
    let session = shown.model.session();
    let ui = &session.words().ui;
    let chosen = session.tab;
    let tab = |tab: Tab| {
        let (dispatch, by_key) = (shown.dispatch.clone(), shown.dispatch.clone());
        let onclick = Callback::from(move |_: MouseEvent| dispatch.emit(Action::Tab(tab)));
        let onkeydown = Callback::from(move |event: KeyboardEvent| {
            let at = Tab::ALL.iter().position(|other| *other == tab).unwrap_or(0);
            let to = match event.key().as_str() {
                "ArrowRight" => (at + 1) % Tab::ALL.len(),
                "ArrowLeft" => (at + Tab::ALL.len() - 1) % Tab::ALL.len(),
                _ => return,
            };
            if let Some(to) = Tab::ALL.get(to) {
                event.prevent_default();
                by_key.emit(Action::Tab(*to));
                browser::focus(&format!("#tab-{}", to.id()));
            }
        });
        let (id, is_chosen) = (tab.id(), chosen == tab);
        html! {
            <button type="button" role="tab" id={format!("tab-{id}")} aria-selected={is_chosen.to_string()} aria-controls="bench-panel"
                tabindex={if is_chosen { "0" } else { "-1" }} {onclick} {onkeydown}>{title(tab, ui)}</button>
        }
    };
    let panel = match chosen {
        Tab::Manifests | Tab::Terminal => html! {
            <div class={classes!("pair", chosen.id())}>
                <Manifests ..shown.clone() />
                { handle(Between::Pair, session.words()) }
                <TerminalPanel ..shown.clone() />
            </div>
        },
        Tab::Objects => html! { <Objects ..shown.clone() /> },
        Tab::Rules => html! { <Rules ..shown.clone() /> },
        Tab::Dns => html! { <Dns ..shown.clone() /> },
        Tab::Traffic => html! { <TrafficPanel ..shown.clone() /> },
        Tab::Log => html! { <LogPanel ..shown.clone() /> },
    };
    html! {
        <section class="bench" aria-label={ui.workbench}>
            <div class="tabs" role="tablist" aria-label={ui.workbench}>{ for Tab::ALL.into_iter().map(tab) }</div>
            <div class="panel" id="bench-panel" role="tabpanel" aria-labelledby={format!("tab-{}", chosen.id())}>{panel}</div>
        </section>
    }
}

fn title(tab: Tab, ui: &Ui) -> &'static str {
    match tab {
        Tab::Manifests => ui.manifests,
        Tab::Terminal => ui.terminal,
        Tab::Objects => ui.objects,
        Tab::Rules => ui.rules,
        Tab::Dns => ui.dns,
        Tab::Traffic => ui.traffic,
        Tab::Log => ui.log,
    }
}
