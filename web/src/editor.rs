//! The door to the editor bundle: loaded when it is first needed, over a plain text area that works until then and
//! stays if it never comes. Knows no YAML.

use crate::problems::{Fix, Problem};
use crate::words::Words;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/src/editor_shim.js")]
extern "C" {
    /// A mounted editor.
    #[derive(Clone)]
    pub type Editor;

    #[wasm_bindgen(js_name = mountEditor)]
    fn mount_editor(
        host: &web_sys::Element,
        text: &str,
        label: &str,
        on_change: &Closure<dyn FnMut(String)>,
        on_fix: &Closure<dyn FnMut(usize, usize)>,
        on_apply: &Closure<dyn FnMut()>,
        on_ready: &Closure<dyn FnMut(Editor)>,
    );

    /// Replaces the text, unless it is the same.
    #[wasm_bindgen(method)]
    pub fn set(this: &Editor, text: &str);

    /// Renames it for those who listen.
    #[wasm_bindgen(method)]
    pub fn label(this: &Editor, name: &str);

    /// Underlines problems.
    #[wasm_bindgen(method)]
    pub fn problems(this: &Editor, json: &str);

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
    on_change: Closure<dyn FnMut(String)>,
    on_fix: Closure<dyn FnMut(usize, usize)>,
    on_apply: Closure<dyn FnMut()>,
    on_ready: Closure<dyn FnMut(Editor)>,
}

impl Calls {
    /// With what to do on an edit, a chosen fix, Ctrl-Enter, and when the editor has arrived.
    pub fn new(
        on_change: impl FnMut(String) + 'static,
        on_fix: impl FnMut(usize, usize) + 'static,
        on_apply: impl FnMut() + 'static,
        on_ready: impl FnMut(Editor) + 'static,
    ) -> Calls {
        Calls {
            on_change: Closure::new(on_change),
            on_fix: Closure::new(on_fix),
            on_apply: Closure::new(on_apply),
            on_ready: Closure::new(on_ready),
        }
    }

    /// Asks for an editor over an element.
    pub fn mount(&self, host: &web_sys::Element, text: &str, label: &str) {
        mount_editor(host, text, label, &self.on_change, &self.on_fix, &self.on_apply, &self.on_ready);
    }
}

/// Problems as the editor takes them.
pub fn as_json(problems: &[Problem], words: &Words) -> String {
    let list: Vec<serde_json::Value> = problems
        .iter()
        .map(|problem| {
            let fixes: Vec<&str> = problem.fixes.iter().map(|fix| fix_label(fix, words)).collect();
            serde_json::json!({
                "line": problem.from.0, "column": problem.from.1,
                "endLine": problem.to.0, "endColumn": problem.to.1,
                "severity": if problem.fatal { "error" } else { "warning" },
                "message": if problem.message.is_empty() { words.ui.syntax_error } else { &problem.message },
                "fixes": fixes,
            })
        })
        .collect();
    serde_json::Value::from(list).to_string()
}

/// What a fix's button says.
pub fn fix_label(fix: &Fix, words: &Words) -> &'static str {
    match fix {
        Fix::Indentation(_) => words.ui.restore_indentation,
        Fix::Small(_) => words.ui.fix_hint,
    }
}
