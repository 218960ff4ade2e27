//! The manifests: the editor over a text area, examples, problems with their fixes, apply.

use crate::app::Kept;
use crate::editor::{Calls, Editor, as_json, fix_label};
use crate::examples::EXAMPLES;
use crate::model::Shown;
use crate::problems::Problem;
use crate::session::Action;
use crate::words::Words;
use std::rc::Rc;
use web_sys::{HtmlSelectElement, HtmlTextAreaElement};
use yew::prelude::*;

/// What the editor needs while it lives.
struct Mounted {
    editor: Kept<Option<Editor>>,
    _calls: Calls,
}

/// The manifests.
#[component]
pub fn Manifests(shown: &Shown) -> Html {
    let host = use_node_ref();
    let ready = use_state(|| false);
    let mounted = use_mut_ref(|| None::<Mounted>);
    let session = shown.model.session();
    let words = session.words();
    let ui = &words.ui;
    {
        let (host, mounted, ready) = (host.clone(), mounted.clone(), ready.clone());
        let (model, dispatch) = (shown.model.clone(), shown.dispatch.clone());
        use_effect_with((), move |()| {
            if let Some(element) = host.cast::<web_sys::Element>() {
                let editor: Kept<Option<Editor>> = Rc::default();
                let (arrived, edit, fix) = (editor.clone(), dispatch.clone(), dispatch.clone());
                let calls = Calls::new(
                    move |text| edit.emit(Action::Edit(text)),
                    move |problem, which| fix.emit(Action::Fix(problem, which)),
                    move || dispatch.emit(Action::Apply),
                    move |new| {
                        *arrived.borrow_mut() = Some(new);
                        ready.set(true);
                    },
                );
                let session = model.session();
                calls.mount(&element, &session.editor, session.words().ui.editor_label);
                *mounted.borrow_mut() = Some(Mounted { editor, _calls: calls });
            }
            move || {
                if let Some(mounted) = mounted.borrow_mut().take()
                    && let Some(editor) = mounted.editor.borrow_mut().take()
                {
                    editor.destroy();
                }
            }
        });
    }
    {
        let (mounted, model) = (mounted.clone(), shown.model.clone());
        let stamp = (shown.stamps.editor, words.tag, *ready);
        use_effect_with(stamp, move |_| {
            let editor = mounted.borrow().as_ref().and_then(|mounted| mounted.editor.borrow().clone());
            if let Some(editor) = editor {
                let (text, json, label) = {
                    let session = model.session();
                    let words = session.words();
                    (session.editor.clone(), as_json(&session.problems, words), words.ui.editor_label)
                };
                editor.set(&text);
                editor.label(label);
                editor.problems(&json);
            }
        });
    }
    let edit = {
        let dispatch = shown.dispatch.clone();
        Callback::from(move |event: InputEvent| {
            let area: HtmlTextAreaElement = event.target_unchecked_into();
            dispatch.emit(Action::Edit(area.value()));
        })
    };
    let choose = {
        let dispatch = shown.dispatch.clone();
        Callback::from(move |event: Event| {
            let select: HtmlSelectElement = event.target_unchecked_into();
            if let Some(example) = EXAMPLES.iter().find(|example| example.id == select.value()) {
                dispatch.emit(Action::Edit(example.text.into()));
            }
            select.set_value("");
        })
    };
    let reveal = {
        let mounted = mounted.clone();
        Callback::from(move |(line, column): (u32, u32)| {
            let editor = mounted.borrow().as_ref().and_then(|mounted| mounted.editor.borrow().clone());
            if let Some(editor) = editor {
                editor.reveal(line, column);
            }
        })
    };
    let apply = shown.dispatch.reform(|_: MouseEvent| Action::Apply);
    let clear = shown.dispatch.reform(|_: MouseEvent| Action::Edit(String::new()));
    let blank = session.editor.trim().is_empty();
    let has_fatal = session.problems.iter().any(|problem| problem.fatal);
    html! {
        <section class="manifests" aria-label={ui.manifests}>
            <div class="bar">
                <select id="examples" aria-label={ui.example_hint} onchange={choose}>
                    <option value="" selected={true}>{ui.examples}</option>
                    { for EXAMPLES.iter().map(|example| html! { <option value={example.id}>{(example.title)(ui)}</option> }) }
                </select>
                <span class={classes!("verdict", if has_fatal { "bad" } else { "good" })} role="status">
                    if !blank && session.problems.is_empty() {
                        <span aria-hidden="true">{"✓"}</span><span class="sr">{ui.no_problems}</span>
                    } else if !blank {
                        {(words.problems)(session.problems.len())}
                    }
                </span>
                <span class="grow"></span>
                if !blank {
                    <button type="button" class="btn quiet" onclick={clear}>{ui.delete_manifest}</button>
                }
                <button type="button" class="btn primary" id="apply" title={ui.apply_title} disabled={blank} onclick={apply}>{ui.apply}</button>
            </div>
            <div class="editor">
                <div class={classes!("editor-host", (!*ready).then_some("hidden"))} ref={host}></div>
                if !*ready {
                    <textarea id="manifest-text" aria-label={ui.editor_label} spellcheck="false" value={session.editor.to_string()} oninput={edit} />
                }
            </div>
            if !session.problems.is_empty() {
                <ul class="problems" aria-label={ui.problems_list}>
                    { for session.problems.iter().take(4).enumerate().map(|(n, p)| problem(n, p, words, shown, &reveal)) }
                </ul>
            }
        </section>
    }
}

fn problem(n: usize, problem: &Problem, words: &Words, shown: &Shown, reveal: &Callback<(u32, u32)>) -> Html {
    let at = problem.from;
    let message = if problem.message.is_empty() { words.ui.syntax_error } else { &problem.message };
    let fix = |(which, fix): (usize, &crate::problems::Fix)| {
        let onclick = shown.dispatch.reform(move |_: MouseEvent| Action::Fix(n, which));
        html! { <button type="button" class="fix" {onclick}>{fix_label(fix, words)}</button> }
    };
    html! {
        <li class={if problem.fatal { "bad" } else { "hint" }}>
            <button type="button" class="where" onclick={reveal.reform(move |_: MouseEvent| at)}>{(words.line)(at.0, at.1)}</button>
            <span>{message.to_string()}</span>
            { for problem.fixes.iter().enumerate().map(fix) }
        </li>
    }
}
