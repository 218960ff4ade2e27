//! What apply would change, document by document, in place of the editor.

use crate::assist::diff::{Difference, Sign, State, diff};
use crate::model::Shown;
use crate::words::Editor;
use tidepool_core::api::yaml;
use yew::prelude::*;

/// The differences.
#[component]
pub fn Differences(shown: &Shown) -> Html {
    let session = shown.model.session();
    let words = &session.words().editor;
    let read = yaml::read(&session.editor);
    let found = diff(&read, &session.world().objects());
    html! {
        <div class="differences" role="region" aria-label={words.diff_title} tabindex="0">
            if read.fatal().is_some() {
                <p class="hint">{words.cannot_compare}</p>
            } else if found.is_empty() {
                <p class="hint">{words.no_documents}</p>
            }
            { for found.iter().map(|difference| one(difference, words)) }
        </div>
    }
}

fn one(difference: &Difference, words: &Editor) -> Html {
    let (class, state, note) = match difference.state {
        State::New => ("new", words.is_new, words.not_applied),
        State::Same => ("same", words.is_same, ""),
        State::Changed => ("changed", words.is_changed, ""),
    };
    let is_other = difference.state != State::New && !difference.was_applied;
    let note = if is_other { words.against_live } else { note };
    html! {
        <section class={class} aria-label={difference.name.clone()}>
            <h3><code>{&difference.name}</code>{" "}<span class="state">{state}</span></h3>
            if !note.is_empty() { <p class="note">{note}</p> }
            if difference.state != State::Same { <pre>{ for difference.lines.iter().map(line) }</pre> }
        </section>
    }
}

fn line((sign, text): &(Sign, String)) -> Html {
    match sign {
        Sign::Stays => html! { <>{format!("  {text}\n")}</> },
        Sign::Goes => html! { <del>{format!("- {text}\n")}</del> },
        Sign::Comes => html! { <ins>{format!("+ {text}\n")}</ins> },
    }
}
