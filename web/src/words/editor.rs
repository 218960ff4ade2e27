//! What the editor says: fixed strings, near misses, what fields are for. One file per language below.

pub mod en;
pub mod zh_cn;

use crate::assist::Miss;
use tidepool_core::api::fields::Shape;

macro_rules! editor {
    ($($name:ident),* $(,)?) => {
        /// What the editor says; the names say where it stands.
        #[derive(Debug)]
        #[allow(missing_docs)]
        pub struct Editor {
            $(pub $name: &'static str,)*
            /// What is nearly right.
            pub miss: fn(&Miss) -> String,
            /// What a change would put there.
            pub change: fn(&str) -> String,
            /// What a kind is; may be empty.
            pub kind: fn(&Shape) -> &'static str,
            /// What a field of a struct is for; may be empty.
            pub field: fn(&Shape, &str) -> &'static str,
        }
    };
}

editor! {
    // Completion
    label_of_pods, template_only, container_port, completions, required, allowed,
    // Messages between the lines
    show_message, hide_message,
    // Files
    files, new_file, file_name, rename_file, close_file, closed_file, reopen_file, create, cancel, keep_name, run_file,
    bad_length, bad_characters, bad_ending, bad_taken, open_file, save_file,
    open_title, drop_here, too_large, not_text, bad_file, too_many,
    // A program's file
    program_waits, save_and_quit, quit, show_it,
    // Diff
    diff, diff_title, is_new, is_same, is_changed, not_applied, against_live, no_documents, cannot_compare,
    // Keys
    key_complete, key_help, key_message,
}

/// Names in a sentence, with a language's own comma.
fn joined(names: &[String], comma: &str) -> String {
    names.join(comma)
}
