//! The door to the editor bundle: loaded when it is first needed, over a plain text area that works until then and
//! stays if it never comes. Knows no YAML.

use crate::assist::{self, Severity, Sort};
use crate::model::{Dispatch, Model};
use crate::problems::{Fix, Problem};
use crate::session::{Action, FileAction, Session};
use crate::words::Words;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/src/editor_shim.js")]
extern "C" {
    /// A mounted editor.
    #[derive(Clone)]
    pub type Editor;

    #[wasm_bindgen(js_name = mountEditor)]
    #[allow(clippy::too_many_arguments)]
    fn mount_editor(
        host: &web_sys::Element,
        name: &str,
        text: &str,
        change: &Closure<dyn FnMut(String, String)>,
        fix: &Closure<dyn FnMut(usize, usize)>,
        apply: &Closure<dyn FnMut()>,
        offer: &Closure<dyn FnMut(String, usize, bool) -> String>,
        help: &Closure<dyn FnMut(String, usize) -> String>,
        caret: &Closure<dyn FnMut(u32)>,
        ready: &Closure<dyn FnMut(Editor)>,
    );

    /// Shows a file; its text is replaced unless it is the same.
    #[wasm_bindgen(method)]
    pub fn set(this: &Editor, name: &str, text: &str);

    /// Names it, its list of candidates, and the buttons that show and hide a message, for those who listen.
    #[wasm_bindgen(method)]
    pub fn label(this: &Editor, name: &str, completions: &str, show: &str, hide: &str);

    /// Underlines problems.
    #[wasm_bindgen(method)]
    pub fn problems(this: &Editor, json: &str);

    /// Lights a line, from 1, or none with 0.
    #[wasm_bindgen(method)]
    pub fn light(this: &Editor, line: u32);

    /// Marks the lines from a first to a last one, from 1, or none with 0, and scrolls there if it is asked to.
    #[wasm_bindgen(method)]
    pub fn mark(this: &Editor, first: u32, last: u32, scroll: bool);

    /// Puts the cursor at a line and column, from 1.
    #[wasm_bindgen(method)]
    pub fn reveal(this: &Editor, line: u32, column: u32);

    /// Takes the keyboard.
    #[wasm_bindgen(method)]
    pub fn focus(this: &Editor);

    /// Takes it away.
    #[wasm_bindgen(method)]
    pub fn destroy(this: &Editor);
}

/// What an editor calls back.
pub struct Calls {
    change: Closure<dyn FnMut(String, String)>,
    fix: Closure<dyn FnMut(usize, usize)>,
    apply: Closure<dyn FnMut()>,
    offer: Closure<dyn FnMut(String, usize, bool) -> String>,
    help: Closure<dyn FnMut(String, usize) -> String>,
    caret: Closure<dyn FnMut(u32)>,
    ready: Closure<dyn FnMut(Editor)>,
}

impl Calls {
    /// Over the session: edits, fixes and Ctrl-Enter are asked of it, candidates and help are found beside what it
    /// knows. `ready` gets the editor when it has arrived.
    pub fn new(model: &Model, dispatch: &Dispatch, ready: impl FnMut(Editor) + 'static) -> Calls {
        let (edit, fix, apply, caret) =
            (dispatch.clone(), dispatch.clone(), dispatch.clone(), dispatch.clone());
        let (offering, helping) = (model.clone(), model.clone());
        Calls {
            change: Closure::new(move |name, text| edit.emit(Action::File(FileAction::Write(name, text)))),
            fix: Closure::new(move |problem, which| fix.emit(Action::Fix(problem, which))),
            apply: Closure::new(move || apply.emit(Action::Apply)),
            offer: Closure::new(move |text: String, at, explicit| {
                offer_as_json(&text, at, explicit, &offering.session()).unwrap_or_default()
            }),
            help: Closure::new(move |text: String, at| {
                help_as_json(&text, at, helping.words()).unwrap_or_default()
            }),
            caret: Closure::new(move |line| caret.emit(Action::Caret(line))),
            ready: Closure::new(ready),
        }
    }

    /// Asks for an editor over an element.
    pub fn mount(&self, host: &web_sys::Element, name: &str, text: &str) {
        let Calls { change, fix, apply, offer, help, caret, ready } = self;
        mount_editor(host, name, text, change, fix, apply, offer, help, caret, ready);
    }
}

/// What could stand at the cursor, as the editor takes it. While a key is not begun, only on demand.
fn offer_as_json(text: &str, at: usize, explicit: bool, session: &Session) -> Option<String> {
    let offset = assist::byte_of(text, at);
    let offer = assist::offer(text, offset, &session.known, session.words())?;
    let is_begun = offer.from < offset || offer.list.iter().all(|candidate| candidate.sort != Sort::Field);
    if !explicit && !is_begun {
        return None;
    }
    let options: Vec<_> = offer
        .list
        .iter()
        .map(|candidate| {
            serde_json::json!({
                "label": candidate.label, "detail": candidate.detail, "info": candidate.info,
                "insert": candidate.insert, "type": candidate.sort.name(),
            })
        })
        .collect();
    let from = assist::units_of(text, offer.from);
    Some(serde_json::json!({ "from": from, "options": options }).to_string())
}

/// What a field is, as the editor takes it.
fn help_as_json(text: &str, at: usize, words: &Words) -> Option<String> {
    let help = assist::help(text, assist::byte_of(text, at), words)?;
    let required = if help.required { format!(", {}", words.editor.required) } else { String::new() };
    let allowed = match help.values {
        [] => String::new(),
        values => format!(" {}: {}", words.editor.allowed, values.join(", ")),
    };
    let json = serde_json::json!({
        "from": assist::units_of(text, help.span.start), "to": assist::units_of(text, help.span.end),
        "path": help.path, "type": format!("{}{required}", help.shape), "text": help.text + &allowed,
    });
    Some(json.to_string())
}

/// Problems as the editor takes them.
pub fn as_json(problems: &[Problem], words: &Words) -> String {
    let list: Vec<serde_json::Value> = problems
        .iter()
        .map(|problem| {
            let fixes: Vec<String> = problem.fixes.iter().map(|fix| fix_label(fix, words)).collect();
            serde_json::json!({
                "line": problem.from.0, "column": problem.from.1,
                "endLine": problem.to.0, "endColumn": problem.to.1,
                "severity": match problem.severity {
                    Severity::Error => "error",
                    Severity::Warning => "warning",
                    Severity::Hint => "info",
                },
                "message": message(problem, words),
                "fixes": fixes,
            })
        })
        .collect();
    serde_json::Value::from(list).to_string()
}

/// What a fix's button says.
pub fn fix_label(fix: &Fix, words: &Words) -> String {
    match fix {
        Fix::Indentation(_) => words.ui.restore_indentation.into(),
        Fix::Comments(_) => words.ui.restore_comments.into(),
        Fix::Small(_) => words.ui.fix_hint.into(),
        Fix::Word(change) => (words.editor.change)(&change.label),
    }
}

/// What a problem is, in words.
pub fn message(problem: &Problem, words: &Words) -> String {
    match &problem.miss {
        Some(miss) => (words.editor.miss)(miss),
        None if problem.fixes.iter().any(|fix| matches!(fix, Fix::Comments(_))) => {
            words.ui.lost_comments.into()
        }
        None if problem.message.is_empty() => words.ui.syntax_error.into(),
        None => problem.message.clone(),
    }
}
