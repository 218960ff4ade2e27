//! What must hold in a real browser: there is a document, the language follows its tag, and a new session has a world.

#![cfg(target_arch = "wasm32")]

use tidepool_web::session::{Remembered, Session};
use tidepool_web::words::Language;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen_test]
fn there_is_a_document() {
    assert!(gloo::utils::document().body().is_some());
}

#[wasm_bindgen_test]
fn the_language_follows_the_tag() {
    assert_eq!(Language::of_tag("zh-TW"), Language::ZhCn);
    assert_eq!(Language::of_tag("fr"), Language::En);
}

#[wasm_bindgen_test]
fn a_new_session_has_a_world_with_the_seed() {
    let session = Session::new(Remembered::default(), 11);
    assert_eq!(session.recording().seed, 11);
    assert!(session.recording().inputs.is_empty());
}
