//! The editor's files as tabs: show, add, rename, close and bring back.

use crate::browser;
use crate::disk;
use crate::files::{BadName, holds_manifests};
use crate::model::Shown;
use crate::session::{Action, FileAction};
use crate::words::Editor;
use web_sys::HtmlInputElement;
use yew::prelude::*;

/// A name that is being typed.
#[derive(Debug, Clone, PartialEq)]
struct Naming {
    /// The file that gets it; a new one when there is none.
    of: Option<usize>,
    text: String,
}

/// What the tabs get.
#[derive(Properties, Clone, PartialEq)]
pub struct FileTabsProperties {
    /// The session.
    pub shown: Shown,
    /// Whether differences are shown in place of the editor.
    pub is_diff: bool,
    /// Shows them, or the editor.
    pub on_diff: Callback<bool>,
}

/// The tabs.
#[component]
pub fn FileTabs(properties: &FileTabsProperties) -> Html {
    let FileTabsProperties { shown, is_diff, on_diff } = properties;
    let naming = use_state(|| None::<Naming>);
    let session = shown.model.session();
    let (words, files) = (&session.words().editor, &session.files);
    use_effect_with(naming.as_ref().map(|naming| naming.of), |of| {
        if of.is_some() {
            browser::focus("#file-name");
        }
    });
    let begin = |of: Option<usize>, text: String| {
        let naming = naming.clone();
        Callback::from(move |()| naming.set(Some(Naming { of, text: text.clone() })))
    };
    let ask = |action: FileAction| shown.dispatch.reform(move |_: MouseEvent| Action::File(action.clone()));
    // A program's file is left as it came: no other name, and nothing beside it.
    let edits = session.edits_shown();
    let tab = |(at, file): (usize, &crate::files::File)| {
        let is_shown = files.shown() == at;
        if naming.as_ref().is_some_and(|naming| naming.of == Some(at)) {
            return name_form(&naming, shown);
        }
        let rename = begin(Some(at), file.name.clone());
        let by_key = rename.clone();
        let onkeydown = Callback::from(move |event: KeyboardEvent| {
            if event.key() == "F2" {
                by_key.emit(());
            }
        });
        html! {
            <span class={classes!("term-tab", is_shown.then_some("on"))} key={file.name.clone()}>
                <button type="button" aria-pressed={is_shown.to_string()} onclick={ask(FileAction::Show(at))}
                    ondblclick={rename.reform(|_: MouseEvent| ())} {onkeydown}>{&file.name}</button>
                if is_shown && !edits {
                    <button type="button" class="x" title={format!("{} (F2)", words.rename_file)}
                        aria-label={format!("{}: {}", words.rename_file, file.name)} onclick={rename.reform(|_: MouseEvent| ())}>{"✎"}</button>
                }
                if files.list().len() > 1 {
                    <button type="button" class="x" aria-label={format!("{}: {}", words.close_file, file.name)} onclick={ask(FileAction::Close(at))}>{"×"}</button>
                }
            </span>
        }
    };
    let choose = Callback::from(|_: MouseEvent| browser::click("#open-files"));
    let opened = {
        let dispatch = shown.dispatch.clone();
        Callback::from(move |event: Event| {
            let input: HtmlInputElement = event.target_unchecked_into();
            if let Some(list) = input.files() {
                disk::open(&list, dispatch.clone());
            }
            // So that the same file can be chosen again.
            input.set_value("");
        })
    };
    let save = {
        let (name, text) = (files.name().to_string(), files.text());
        Callback::from(move |_: MouseEvent| disk::save(&name, &text))
    };
    let is_diff = *is_diff;
    let toggle = move |_: MouseEvent| !is_diff;
    let new = begin(None, files.free_name());
    html! {
        <div class="files" role="group" aria-label={words.files}>
            { for files.list().iter().enumerate().map(tab) }
            if naming.as_ref().is_some_and(|naming| naming.of.is_none()) {
                { name_form(&naming, shown) }
            } else if !edits {
                <button type="button" class="btn quiet" id="new-file" title={words.new_file} aria-label={words.new_file} onclick={new.reform(|_: MouseEvent| ())}>{"+"}</button>
            }
            <span class="grow"></span>
            <input type="file" id="open-files" class="sr" multiple={true} accept=".yaml,.yml,.json,.py,.sh,.txt" tabindex="-1" aria-label={words.open_title} onchange={opened} />
            if !edits {
                <button type="button" class="btn quiet" id="open-file" title={words.open_title} onclick={choose}>{words.open_file}</button>
                <button type="button" class="btn quiet" id="save-file" disabled={files.text().is_empty()} onclick={save}>{words.save_file}</button>
            }
            if holds_manifests(files.name()) && !edits {
                <button type="button" class="btn quiet" id="diff" title={words.diff_title} aria-pressed={is_diff.to_string()} onclick={on_diff.reform(toggle)}>{words.diff}</button>
            }
            if let Some(name) = files.closed() {
                <button type="button" class="btn quiet" id="reopen-file" onclick={ask(FileAction::Reopen)}>{format!("{} {name}: {}", words.closed_file, words.reopen_file)}</button>
            }
        </div>
    }
}

/// Where a name is typed; what is wrong with it is said at once.
fn name_form(naming: &UseStateHandle<Option<Naming>>, shown: &Shown) -> Html {
    let Some(Naming { of, text }) = (**naming).clone() else { return Html::default() };
    let session = shown.model.session();
    let words = &session.words().editor;
    let bad = session.files.check(&text, of).err();
    let oninput = {
        let naming = naming.clone();
        Callback::from(move |event: InputEvent| {
            let input: HtmlInputElement = event.target_unchecked_into();
            naming.set(Some(Naming { of, text: input.value() }));
        })
    };
    let onkeydown = {
        let naming = naming.clone();
        Callback::from(move |event: KeyboardEvent| {
            if event.key() == "Escape" && !event.is_composing() {
                naming.set(None);
                browser::focus("#new-file");
            }
        })
    };
    let onsubmit = {
        let (naming, dispatch, text) = (naming.clone(), shown.dispatch.clone(), text.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if bad.is_none() {
                let action = match of {
                    Some(at) => FileAction::Rename(at, text.clone()),
                    None => FileAction::Add(text.clone(), String::new()),
                };
                naming.set(None);
                dispatch.emit(Action::File(action));
                browser::focus(".editor-host, .editor textarea");
            }
        })
    };
    let cancel = {
        let naming = naming.clone();
        Callback::from(move |_: MouseEvent| naming.set(None))
    };
    let done = if of.is_some() { words.keep_name } else { words.create };
    html! {
        <form class="naming" {onsubmit}>
            <input id="file-name" aria-label={words.file_name} autocomplete="off" spellcheck="false" maxlength="64" value={text}
                aria-invalid={bad.is_some().to_string()} aria-describedby="file-name-bad" {oninput} {onkeydown} />
            <button type="submit" class="btn quiet" disabled={bad.is_some()}>{done}</button>
            <button type="button" class="btn quiet" onclick={cancel}>{words.cancel}</button>
            <span id="file-name-bad" class="bad" role="status">{bad.map(|bad| why(bad, words)).unwrap_or_default()}</span>
        </form>
    }
}

fn why(bad: BadName, words: &Editor) -> &'static str {
    match bad {
        BadName::Length => words.bad_length,
        BadName::Characters => words.bad_characters,
        BadName::Ending => words.bad_ending,
        BadName::Taken => words.bad_taken,
    }
}
