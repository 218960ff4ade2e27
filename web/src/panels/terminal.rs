//! The terminals: output as it came, a prompt that says where it is, history, completion, Ctrl-C. An Enter that ends an
//! input method's composition is not an Enter. Knows no shell.

use crate::complete::complete;
use crate::model::Shown;
use crate::session::{Action, Session};
use crate::sim::{Chunk, ChunkKind};
use std::sync::Arc;
use tidepool_core::base::TerminalId;
use tidepool_core::trace::Place;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

/// Chunks of output that are drawn; older ones are still in the world.
const SHOWN_CHUNKS: usize = 400;

/// The terminals.
#[component]
pub fn TerminalPanel(shown: &Shown) -> Html {
    let draft = use_state(String::new);
    let recalled = use_state(|| None::<usize>);
    let offered = use_state(Vec::<String>::new);
    let scroller = use_node_ref();
    let session = shown.model.session();
    let words = session.words();
    let ui = &words.ui;
    let current = session.terminals.shown;
    let view = session.world().terminal(TerminalId(current));
    {
        let scroller = scroller.clone();
        use_effect_with((shown.stamps, offered.len(), current), move |_| {
            if let Some(element) = scroller.cast::<HtmlElement>() {
                element.set_scroll_top(element.scroll_height());
            }
        });
    }
    let onkeydown = keys(shown, current, &draft, &recalled, &offered);
    let oninput = {
        let draft = draft.clone();
        Callback::from(move |event: InputEvent| {
            let input: HtmlInputElement = event.target_unchecked_into();
            draft.set(input.value());
        })
    };
    let focus = {
        let scroller = scroller.clone();
        Callback::from(move |_: MouseEvent| {
            let selecting =
                gloo::utils::window().get_selection().ok().flatten().is_some_and(|s| !s.is_collapsed());
            let input = scroller.cast::<HtmlElement>().and_then(|e| e.query_selector("input").ok().flatten());
            if let (false, Some(input)) = (selecting, input.and_then(|e| e.dyn_into::<HtmlElement>().ok())) {
                let _ = input.focus();
            }
        })
    };
    let body = match &view {
        None => html! { <p class="hint">{ui.terminal_hint}</p> },
        Some(view) => {
            let skipped = view.output.len().saturating_sub(SHOWN_CHUNKS);
            html! {
                <>
                    if view.output.is_empty() && view.dropped == 0 { <p class="hint">{ui.terminal_hint}</p> }
                    { for view.output.iter().skip(skipped).map(|chunk| output(chunk, &view.prompt)) }
                    if view.ended {
                        <p class="hint">{ui.terminal_ended}</p>
                    } else {
                        <div class={classes!("prompt", view.busy.then_some("busy"))}>
                            <span class="pr" aria-hidden="true">{ if view.busy { "" } else { view.prompt.as_str() } }</span>
                            <input type="text" autocomplete="off" autocapitalize="off" spellcheck="false" enterkeyhint="go"
                                aria-label={format!("{}: {}", ui.prompt_label, view.prompt)} value={(*draft).clone()} {oninput} {onkeydown}
                                placeholder={if view.busy { ui.busy } else { "" }} />
                        </div>
                    }
                    if !offered.is_empty() {
                        <div class="offered" role="status">{ offered.join("  ") }</div>
                    }
                </>
            }
        }
    };
    html! {
        <section class="terminal" aria-label={ui.terminal}>
            <div class="bar">
                <div class="terms">{ for session.terminals.open.iter().enumerate().filter_map(|(n, id)| tab(n, *id, shown, &session)) }</div>
                { new_terminal(shown, &session) }
                if view.as_ref().is_some_and(|view| view.busy) {
                    <button type="button" class="btn quiet" title="Ctrl+C" onclick={shown.dispatch.reform(move |_: MouseEvent| Action::Interrupt(current))}>{ui.interrupt}</button>
                }
            </div>
            <div class="screen" ref={scroller} onclick={focus} tabindex="-1">{body}</div>
        </section>
    }
}

fn tab(n: usize, id: u32, shown: &Shown, session: &Session) -> Option<Html> {
    let words = session.words();
    let view = session.world().terminal(TerminalId(id))?;
    let place = match &view.at {
        Place::Outside(_) => words.ui.operator.to_string(),
        at => (words.place)(at),
    };
    let close = shown.dispatch.reform(move |_: MouseEvent| Action::CloseTerminal(id));
    let is_current = session.terminals.shown == id;
    Some(html! {
        <span class={classes!("term-tab", is_current.then_some("on"))} key={id}>
            <button type="button" aria-pressed={is_current.to_string()} onclick={shown.dispatch.reform(move |_: MouseEvent| Action::ShowTerminal(id))}>
                {(words.terminal)(n + 1, &place)}if view.busy { <span class="busy-dot" aria-label={words.ui.running}></span> }
            </button>
            if session.terminals.open.len() > 1 {
                <button type="button" class="x" aria-label={format!("{}: {}", words.ui.close_terminal, (words.terminal)(n + 1, &place))} onclick={close}>{"×"}</button>
            }
        </span>
    })
}

/// The menu of places for a new terminal.
fn new_terminal(shown: &Shown, session: &Session) -> Html {
    let ui = &session.words().ui;
    let dispatch = shown.dispatch.clone();
    let onchange = Callback::from(move |event: Event| {
        let select: HtmlSelectElement = event.target_unchecked_into();
        match select.value().split_once('/') {
            Some((namespace, name)) => {
                dispatch.emit(Action::OpenTerminal(Some((namespace.into(), name.into()))))
            }
            None if select.value() == "host" => dispatch.emit(Action::OpenTerminal(None)),
            None => {}
        }
        select.set_value("");
    });
    let pods = session.stage.nodes.iter().flat_map(|node| &node.pods);
    let pods = pods.filter(|pod| &*pod.phase == "Running" && !pod.terminating);
    let option = |pod: &crate::sim::StagePod| {
        html! { <option value={format!("{}/{}", pod.namespace, pod.name)}>{format!("{} {}", ui.in_pod, pod.name)}</option> }
    };
    html! {
        <select id="new-terminal" aria-label={ui.new_terminal} title={ui.new_terminal} {onchange}>
            <option value="" selected={true}>{"+"}</option>
            <option value="host">{ui.on_host}</option>
            { for pods.map(option) }
        </select>
    }
}

fn output(chunk: &Arc<Chunk>, prompt: &str) -> Html {
    match chunk.kind {
        ChunkKind::Typed => html! {
            <div class="typed"><span class="pr">{prompt.to_string()}</span><b>{chunk.text.trim_end_matches('\n').to_string()}</b></div>
        },
        ChunkKind::Out => html! { <pre>{chunk.text.trim_end_matches('\n').to_string()}</pre> },
        ChunkKind::Err => html! { <pre class="err">{chunk.text.trim_end_matches('\n').to_string()}</pre> },
    }
}

fn keys(
    shown: &Shown,
    terminal: u32,
    draft: &UseStateHandle<String>,
    recalled: &UseStateHandle<Option<usize>>,
    offered: &UseStateHandle<Vec<String>>,
) -> Callback<KeyboardEvent> {
    let (model, dispatch) = (shown.model.clone(), shown.dispatch.clone());
    let (draft, recalled, offered) = (draft.clone(), recalled.clone(), offered.clone());
    Callback::from(move |event: KeyboardEvent| {
        if event.is_composing() || event.key_code() == 229 {
            return;
        }
        let recall = |to: Option<usize>| {
            let session = model.session();
            let line = to.and_then(|at| session.terminals.history.iter().rev().nth(at).cloned());
            draft.set(line.unwrap_or_default());
            recalled.set(to);
        };
        match event.key().as_str() {
            "Enter" => {
                dispatch.emit(Action::Type(terminal, (*draft).clone()));
                draft.set(String::new());
                recalled.set(None);
                offered.set(Vec::new());
            }
            "ArrowUp" => {
                let last = model.session().terminals.history.len().checked_sub(1);
                recall(last.map(|last| recalled.map_or(0, |at| at + 1).min(last)));
            }
            "ArrowDown" => recall(recalled.and_then(|at| at.checked_sub(1))),
            "Tab" if !event.shift_key() && !draft.is_empty() => {
                let session = model.session();
                let is_operator = session
                    .world()
                    .terminal(TerminalId(terminal))
                    .is_some_and(|view| matches!(view.at, Place::Outside(_)));
                let completed = complete(&draft, &session.stage, is_operator);
                draft.set(completed.line);
                offered.set(completed.candidates);
            }
            "c" if event.ctrl_key() && !has_selection(&event) => {
                draft.set(String::new());
                dispatch.emit(Action::Interrupt(terminal));
            }
            _ => return,
        }
        event.prevent_default();
    })
}

/// Whether text is selected, which Ctrl-C then copies.
fn has_selection(event: &KeyboardEvent) -> bool {
    let input = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
    let range = input.and_then(|input| Some((input.selection_start().ok()??, input.selection_end().ok()??)));
    range.is_some_and(|(start, end)| start != end)
}
