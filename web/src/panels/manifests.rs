//! The manifests: the editor over a text area, examples, problems with their fixes, apply.

use super::difference::Differences;
use super::files::FileTabs;
use crate::app::Kept;
use crate::assist::Severity;
use crate::disk;
use crate::editor::{Calls, Editor, as_json, fix_label, message};
use crate::examples::EXAMPLES;
use crate::files::holds_manifests;
use crate::model::Shown;
use crate::problems::Problem;
use crate::session::{Action, FileAction, Session};
use crate::words::Words;
use std::rc::Rc;
use web_sys::{HtmlSelectElement, HtmlTextAreaElement};
use yew::prelude::*;

/// What the editor needs while it lives.
struct Mounted {
    editor: Kept<Option<Editor>>,
    _calls: Calls,
}

/// The editor over an element, once it has arrived, kept up with the session.
#[hook]
fn use_editor(shown: &Shown, host: NodeRef) -> Option<Editor> {
    let ready = use_state(|| false);
    let mounted = use_mut_ref(|| None::<Mounted>);
    {
        let (mounted, ready) = (mounted.clone(), ready.clone());
        let (model, dispatch) = (shown.model.clone(), shown.dispatch.clone());
        use_effect_with((), move |()| {
            if let Some(element) = host.cast::<web_sys::Element>() {
                let editor: Kept<Option<Editor>> = Rc::default();
                let arrived = editor.clone();
                let calls = Calls::new(&model, &dispatch, move |new| {
                    *arrived.borrow_mut() = Some(new);
                    ready.set(true);
                });
                let session = model.session();
                calls.mount(&element, session.files.name(), &session.editor);
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
        let (line, turn) = (model.session().lit_line(), model.session().links.turn);
        let gone_to = use_mut_ref(|| None::<u64>);
        let stamp = (shown.stamps.editor, model.words().tag, *ready, line, turn);
        use_effect_with(stamp, move |(_, _, _, line, turn)| {
            let editor = mounted.borrow().as_ref().and_then(|mounted| mounted.editor.borrow().clone());
            if let Some(editor) = editor {
                let (name, text, json, words) = {
                    let session = model.session();
                    let words = session.words();
                    let name = session.files.name().to_string();
                    (name, session.editor.clone(), as_json(&session.problems, words), words)
                };
                editor.set(&name, &text);
                editor.label(
                    &format!("{}: {name}", words.ui.editor_label),
                    words.editor.completions,
                    words.editor.show_message,
                    words.editor.hide_message,
                );
                editor.problems(&json);
                editor.light(*line);
                // Going there once is a help, going there with every key pressed would not be.
                let (first, last) = model.session().marked_lines();
                let is_new = gone_to.borrow_mut().replace(*turn) != Some(*turn);
                editor.mark(first, last, is_new);
            }
        });
    }
    let mounted = mounted.borrow();
    mounted.as_ref().and_then(|mounted| mounted.editor.borrow().clone())
}

/// The manifests.
#[component]
pub fn Manifests(shown: &Shown) -> Html {
    let host = use_node_ref();
    let editor = use_editor(shown, host.clone());
    let session = shown.model.session();
    let words = session.words();
    let ui = &words.ui;
    let name = session.files.name().to_string();
    let is_ready = editor.is_some();
    let is_diff = use_state(|| false);
    let shows_diff = *is_diff && holds_manifests(&name);
    let on_diff = {
        let is_diff = is_diff.clone();
        Callback::from(move |on| is_diff.set(on))
    };
    let edit = {
        let (dispatch, name) = (shown.dispatch.clone(), name.clone());
        Callback::from(move |event: InputEvent| {
            let area: HtmlTextAreaElement = event.target_unchecked_into();
            dispatch.emit(Action::File(FileAction::Write(name.clone(), area.value())));
        })
    };
    let choose = {
        let (dispatch, name) = (shown.dispatch.clone(), name.clone());
        Callback::from(move |event: Event| {
            let select: HtmlSelectElement = event.target_unchecked_into();
            if let Some(example) = EXAMPLES.iter().find(|example| example.id == select.value()) {
                dispatch.emit(match holds_manifests(&name) {
                    true => Action::File(FileAction::Write(name.clone(), example.text.into())),
                    false => Action::Edit(example.text.into()),
                });
            }
            select.set_value("");
        })
    };
    let reveal = {
        Callback::from(move |(line, column): (u32, u32)| {
            if let Some(editor) = &editor {
                editor.reveal(line, column);
            }
        })
    };
    let apply = shown.dispatch.reform(|_: MouseEvent| Action::Apply);
    let clear = shown
        .dispatch
        .reform(move |_: MouseEvent| Action::File(FileAction::Write(name.clone(), String::new())));
    let quit = shown.dispatch.reform(|_: MouseEvent| Action::File(FileAction::Leave(false)));
    let edits = session.edits_shown();
    let blank = session.editor.trim().is_empty();
    let count = session.problems.iter().filter(|problem| problem.severity != Severity::Hint).count();
    let is_program = !holds_manifests(session.files.name());
    let has_fatal = session.problems.iter().any(|problem| problem.fatal);
    let is_over = use_state(|| false);
    let holds_files = |event: &DragEvent| {
        event.data_transfer().is_some_and(|data| data.types().includes(&"Files".into(), 0))
    };
    let drag_over = {
        let is_over = is_over.clone();
        Callback::from(move |event: DragEvent| {
            if holds_files(&event) {
                event.prevent_default();
                is_over.set(true);
            }
        })
    };
    let drag_leave = {
        let is_over = is_over.clone();
        Callback::from(move |_: DragEvent| is_over.set(false))
    };
    let drop = {
        let (is_over, dispatch) = (is_over.clone(), shown.dispatch.clone());
        Callback::from(move |event: DragEvent| {
            is_over.set(false);
            if holds_files(&event) {
                // Else the browser would leave the page for the file.
                event.prevent_default();
                event.stop_propagation();
                if let Some(list) = event.data_transfer().and_then(|data| data.files()) {
                    disk::open(&list, dispatch.clone());
                }
            }
        })
    };
    let verdict = match (has_fatal, count) {
        (true, _) => "bad",
        (false, 0) => "good",
        (false, _) => "warned",
    };
    html! {
        <section class={classes!("manifests", (*is_over).then_some("over"))} aria-label={ui.manifests} ondragover={drag_over} ondragleave={drag_leave} ondrop={drop}>
            if *is_over { <p class="drop-here" aria-hidden="true">{words.editor.drop_here}</p> }
            <div class="bar">
                if !edits {
                    <select id="examples" aria-label={ui.example_hint} onchange={choose}>
                        <option value="" selected={true}>{ui.examples}</option>
                        { for EXAMPLES.iter().map(|example| html! { <option value={example.id}>{(example.title)(ui)}</option> }) }
                    </select>
                }
                <span class={classes!("verdict", verdict)} title={if blank { String::new() } else { (words.problems)(count) }} role="status">
                    if !blank && count == 0 {
                        <span aria-hidden="true">{"✓"}</span><span class="sr">{ui.no_problems}</span>
                    } else if !blank {
                        <span aria-hidden="true">{format!("{} {count}", if has_fatal { "✗" } else { "△" })}</span><span class="sr">{(words.problems)(count)}</span>
                    }
                </span>
                <span class="grow"></span>
                if !blank && !edits {
                    <button type="button" class="btn quiet" onclick={clear}>{ui.delete_manifest}</button>
                }
                if edits {
                    <button type="button" class="btn quiet" title=":q!" onclick={quit}>{words.editor.quit}</button>
                }
                <button type="button" class="btn primary" id="apply" title={if edits { ":wq" } else { ui.apply_title }} disabled={blank && !edits} onclick={apply}>
                    {if edits { words.editor.save_and_quit } else if is_program { words.editor.run_file } else { ui.apply }}
                </button>
            </div>
            <FileTabs shown={shown.clone()} is_diff={*is_diff} {on_diff} />
            { waiting(shown, &session) }
            if shows_diff {
                <Differences ..shown.clone() />
            }
            <div class={classes!("editor", shows_diff.then_some("hidden"))}>
                <div class={classes!("editor-host", (!is_ready).then_some("hidden"))} ref={host}></div>
                if !is_ready {
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

/// Says that a program waits for a file, and leads there from another one.
fn waiting(shown: &Shown, session: &Session) -> Html {
    let Some(editing) = &session.editing else { return Html::default() };
    let words = &session.words().editor;
    let at = session.files.list().iter().position(|file| file.name == editing.name).unwrap_or_default();
    let go = shown.dispatch.reform(move |_: MouseEvent| Action::File(FileAction::Show(at)));
    html! {
        <p class="waits" role="status">
            {words.program_waits}
            if !session.edits_shown() {
                {" "}<button type="button" class="btn quiet" onclick={go}>{words.show_it}</button>
            }
        </p>
    }
}

fn problem(n: usize, problem: &Problem, words: &Words, shown: &Shown, reveal: &Callback<(u32, u32)>) -> Html {
    let at = problem.from;
    let fix = |(which, fix): (usize, &crate::problems::Fix)| {
        let onclick = shown.dispatch.reform(move |_: MouseEvent| Action::Fix(n, which));
        html! { <button type="button" class="fix" {onclick}>{fix_label(fix, words)}</button> }
    };
    html! {
        <li class={if problem.severity == Severity::Error { "bad" } else { "hint" }}>
            <button type="button" class="where" title={(words.line)(at.0, at.1)} onclick={reveal.reform(move |_: MouseEvent| at)}>{format!("{}:{}", at.0, at.1)}</button>
            <span>{message(problem, words)}</span>
            { for problem.fixes.iter().enumerate().map(fix) }
        </li>
    }
}
