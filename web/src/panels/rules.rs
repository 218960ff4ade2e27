//! A node's rules as its kube-proxy wrote them, the deciding one lit, and the node's connection table.

use crate::evidence::deciding_line;
use crate::model::Shown;
use crate::session::Action;
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

/// Lines of rules that are drawn at most.
const MOST: usize = 1_500;

/// The rules.
#[component]
pub fn Rules(shown: &Shown) -> Html {
    let filter = use_state(String::new);
    let lit_line = use_node_ref();
    let session = shown.model.session();
    let ui = &session.words().ui;
    let saved = session.world().proxy_rules(&session.node).unwrap_or_default();
    let pick = session.pick().filter(|(_, pick)| pick.node == session.node);
    let lit = pick.and_then(|(_, pick)| deciding_line(&saved, pick));
    let wanted = filter.to_lowercase();
    let is_wanted = |line: &str| wanted.is_empty() || line.to_lowercase().contains(&wanted);
    let lines = saved.lines().enumerate().filter(|(_, line)| is_wanted(line));
    let line = |(at, line): (usize, &str)| {
        let text = format!("{line}\n");
        if lit == Some(at) {
            html! { <mark title={ui.lit_rule} ref={lit_line.clone()}>{text}</mark> }
        } else {
            html! { <span class={classes!(is_head(line).then_some("head"))}>{text}</span> }
        }
    };
    {
        let lit_line = lit_line.clone();
        use_effect_with((lit, session.node.clone()), move |_| {
            if let Some(line) = lit_line.cast::<web_sys::Element>() {
                line.scroll_into_view_with_scroll_into_view_options(&centred());
            }
        });
    }
    let choose = {
        let dispatch = shown.dispatch.clone();
        Callback::from(move |event: Event| {
            let select: HtmlSelectElement = event.target_unchecked_into();
            dispatch.emit(Action::Node(select.value().as_str().into()));
        })
    };
    let oninput = {
        let filter = filter.clone();
        Callback::from(move |event: InputEvent| {
            let input: HtmlInputElement = event.target_unchecked_into();
            filter.set(input.value());
        })
    };
    let names = session.world().node_names().map(|name| name.to_string());
    let option = |name: String| html! { <option selected={*name == *session.node} value={name.clone()}>{name}</option> };
    let connections = session.world().conntrack(&session.node);
    html! {
        <div class="split rules-panel">
            <div class="list">
                <div class="bar">
                    <select aria-label={ui.node} onchange={choose}>{ for names.map(option) }</select>
                    <input type="search" placeholder={ui.filter} aria-label={ui.filter} value={(*filter).clone()} {oninput} />
                    <span class="note">{ui.rule_set}</span>
                </div>
                <pre class="scroll" tabindex="0" role="region" aria-label={ui.rule_set}>{ for lines.take(MOST).map(line) }</pre>
                if saved.is_empty() { <p class="hint">{ui.rules_empty}</p> }
            </div>
            <div class="detail">
                <div class="bar"><h2>{ui.conntrack}</h2></div>
                <pre class="scroll" tabindex="0" role="region" aria-label={ui.conntrack}>{ connections.join("\n") }</pre>
            </div>
        </div>
    }
}

/// Whether a line begins a table, a chain, a map or the list of virtual servers.
fn is_head(line: &str) -> bool {
    line.starts_with('*')
        || line.ends_with('{')
        || line.starts_with("IP Virtual Server")
        || line.starts_with("create ")
}

/// Scrolls so that the line stands in the middle of its own pane, and the page stays where it is.
fn centred() -> web_sys::ScrollIntoViewOptions {
    let options = web_sys::ScrollIntoViewOptions::new();
    options.set_block(web_sys::ScrollLogicalPosition::Center);
    options
}
