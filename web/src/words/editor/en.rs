//! What the editor says, in English. What fields are for is `kubectl explain`'s.

use super::{Editor, joined};
use crate::assist::Miss;
use tidepool_core::api::fields::texts;

pub(crate) const EDITOR: Editor = Editor {
    label_of_pods: "A label that pods have.",
    template_only: "template",
    container_port: "container port",
    completions: "Suggestions",
    required: "required",
    allowed: "One of",
    show_message: "Show the message",
    hide_message: "Hide the message",
    files: "Files",
    new_file: "New file",
    file_name: "The file's name",
    rename_file: "Rename",
    close_file: "Close",
    closed_file: "Closed",
    reopen_file: "Bring it back",
    create: "Create",
    cancel: "Cancel",
    keep_name: "Rename",
    run_file: "Run",
    bad_length: "A name has 1 to 64 characters.",
    bad_characters: "Letters, digits, dots, dashes and underscores only; a letter or digit first.",
    bad_ending: "End it in .yaml, .yml, .json, .py, .sh or .txt.",
    bad_taken: "Another file has this name.",
    open_file: "Open…",
    save_file: "Save",
    open_title: "Open files from this computer: .yaml, .yml, .json, .py, .sh or .txt",
    drop_here: "Drop files to open them",
    too_large: "has more than 1 MiB and was not opened. Split it, or leave out what the lesson does not need.",
    bad_file: "was not opened: its name does not end in .yaml, .yml, .json, .py, .sh or .txt. Rename it first.",
    not_text: "is not text in UTF-8 and was not opened. Save it as UTF-8 first.",
    too_many: "was not opened: the files would have more than 2 MiB together, more than the browser keeps. Close one that you do not need.",
    program_waits: "A program in the terminal waits until you leave this file.",
    save_and_quit: "Save and quit",
    quit: "Quit without saving",
    show_it: "Go to the file",
    diff: "Diff",
    diff_title: "What apply would change",
    is_new: "new",
    is_same: "no change",
    is_changed: "changed",
    not_applied: "The cluster has no such object yet.",
    against_live: "It was not made by kubectl apply: compared with the fields that are named here.",
    no_documents: "No objects to compare.",
    cannot_compare: "Manifests that cannot be read cannot be compared.",
    key_complete: "What could stand at the cursor (in the editor)",
    key_help: "What the field at the cursor is (in the editor)",
    key_message: "To the message at or below the cursor (in the editor)",
    miss,
    change: |value| format!("Fix: {value}"),
    kind: |shape| texts::of_struct(shape),
    field: |shape, name| texts::of_field(shape, name),
};

fn miss(miss: &Miss) -> String {
    match miss {
        Miss::Label { wanted, near: None } => format!("No pod has {wanted} yet."),
        Miss::Label { wanted, near: Some((near, 0)) } => {
            format!("No pod has {wanted}. A template here has {near}.")
        }
        Miss::Label { wanted, near: Some((near, 1)) } => format!("No pod has {wanted}. One pod has {near}."),
        Miss::Label { wanted, near: Some((near, pods)) } => {
            format!("No pod has {wanted}. {} pods have {near}.", number(*pods))
        }
        Miss::Together => "Each of these labels is on some pod, but no pod has all of them.".into(),
        Miss::PortName { name, declared } => {
            format!(
                "No container of the selected pods names a port {name}. They declare {}.",
                joined(declared, ", ")
            )
        }
        Miss::PortNumber { number, declared } => {
            format!("The selected pods declare {}, not {number}.", joined(declared, ", "))
        }
        Miss::Template { wanted, found: Some(found) } => {
            format!("The template has {found}, not {wanted}: the API server refuses that.")
        }
        Miss::Template { wanted, found: None } => {
            format!("The template's labels lack {wanted}: the API server refuses that.")
        }
        Miss::Namespace(name) => format!("There is no namespace {name}."),
        Miss::Field { name, near: Some(near) } => format!("There is no field {name} here. Is {near} meant?"),
        Miss::Field { name, near: None } => format!("There is no field {name} here."),
        Miss::Kind { name, near: Some(near) } => format!("Nobody knows a kind {name}. Is {near} meant?"),
        Miss::Kind { name, near: None } => format!("Nobody knows a kind {name}."),
        Miss::Version { kind, version } => format!("A {kind} has apiVersion {version}."),
        Miss::Type(field, wanted) => format!("{field} takes {} {wanted}.", article(wanted)),
    }
}

fn article(word: &str) -> &'static str {
    if word.starts_with(['a', 'e', 'i', 'o', 'u', 'I', 'O']) { "an" } else { "a" }
}

/// Small numbers in words, to begin a sentence.
fn number(n: usize) -> String {
    const WORDS: [&str; 11] =
        ["No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten"];
    WORDS.get(n).map_or_else(|| n.to_string(), |word| (*word).to_string())
}
