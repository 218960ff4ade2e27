//! The browser: the page's only timer, its storage, the preferences of its user, and the report of a panic. Knows no
//! Kubernetes. Storage may be absent: then nothing is kept, and nothing fails.

use crate::session::{Keep, Remembered};
use gloo::utils::{document, window};
use tidepool_core::base::Instant;
use wasm_bindgen::prelude::*;

/// The keys under which things are stored; `boot.js` reads the first three.
mod key {
    pub const RECORDING: &str = "tidepool.recording";
    pub const MARK: &str = "tidepool.mark";
    pub const LEAVE_OUT: &str = "tidepool.leave-out";
    pub const EDITOR: &str = "tidepool.editor";
    pub const FILES: &str = "tidepool.files";
    pub const NOW: &str = "tidepool.now";
    pub const LANGUAGE: &str = "tidepool.language";
    pub const THEME: &str = "tidepool.theme";
    pub const LESSON: &str = "tidepool.lesson";
    pub const SIZE: &str = "tidepool.size";
    pub const DONE: &str = "tidepool.done";
}

/// Tells the loader about panics; it shows what is left when the program is dead.
pub fn report_panics() {
    std::panic::set_hook(Box::new(|info| {
        let init = web_sys::CustomEventInit::new();
        init.set_detail(&JsValue::from_str(&info.to_string()));
        if let Ok(event) = web_sys::CustomEvent::new_with_event_init_dict("tidepool-panic", &init) {
            let _ = window().dispatch_event(&event);
        }
    }));
}

/// The browser's storage.
#[derive(Debug, Clone, Copy)]
pub struct Storage;

fn storage() -> Option<web_sys::Storage> {
    window().local_storage().ok().flatten()
}

fn read(key: &str) -> Option<String> {
    storage()?.get_item(key).ok().flatten()
}

fn write(key: &str, value: &str) {
    if let Some(storage) = storage() {
        let _ = storage.set_item(key, value);
    }
}

fn forget(key: &str) {
    if let Some(storage) = storage() {
        let _ = storage.remove_item(key);
    }
}

impl Keep for Storage {
    fn before(&mut self, recording: &str) {
        write(key::RECORDING, recording);
        write(key::MARK, "input");
    }

    fn after(&mut self) {
        forget(key::MARK);
    }

    fn recording(&mut self, recording: &str) {
        write(key::RECORDING, recording);
        forget(key::MARK);
    }

    fn now(&mut self, now: Instant) {
        write(key::NOW, &now.0.to_string());
    }

    fn clock(&mut self) -> f64 {
        window().performance().map_or(0.0, |performance| performance.now())
    }

    fn editor(&mut self, text: &str) {
        write(key::EDITOR, text);
    }

    fn lesson(&mut self, place: &str) {
        write(key::LESSON, place);
    }

    fn done(&mut self, folders: &str) {
        write(key::DONE, folders);
    }

    fn files(&mut self, json: &str) {
        write(key::FILES, json);
    }

    fn preference(&mut self, name: &str, value: &str) {
        let root = document().document_element();
        let attribute = if name == "language" { "lang" } else { "data-theme" };
        if let Some(root) = root {
            let _ = root.set_attribute(attribute, value);
        }
        write(if name == "language" { key::LANGUAGE } else { key::THEME }, value);
    }
}

/// Whether anything can be stored.
pub fn can_store() -> bool {
    storage().is_some()
}

/// What is remembered from before, and the user's preferences.
pub fn remembered() -> Remembered {
    let root = document().document_element();
    let attribute = |name: &str| root.as_ref().and_then(|root| root.get_attribute(name)).unwrap_or_default();
    let leave_out = read(key::LEAVE_OUT).is_some();
    forget(key::LEAVE_OUT);
    Remembered {
        recording: read(key::RECORDING),
        now: read(key::NOW).and_then(|text| text.parse().ok()).map(Instant),
        leave_out,
        editor: read(key::EDITOR),
        lesson: read(key::LESSON).unwrap_or_default(),
        done: read(key::DONE).unwrap_or_default(),
        files: read(key::FILES),
        language: attribute("lang"),
        theme: attribute("data-theme"),
        still: prefers_stillness(),
    }
}

/// A seed for a new cluster, from the browser's entropy: the one place where chance comes in.
pub fn seed() -> u64 {
    getrandom::u32().map_or(7, |seed| u64::from(seed % 100_000))
}

/// Whether the user has asked for less motion.
pub fn prefers_stillness() -> bool {
    let query = window().match_media("(prefers-reduced-motion: reduce)").ok().flatten();
    query.is_some_and(|query| query.matches())
}

/// Whether the page cannot be seen now.
pub fn is_hidden() -> bool {
    document().hidden()
}

/// Calls back with the milliseconds since the last frame, on every frame, until it is dropped. A page that was hidden
/// goes on where it was.
pub struct Frames {
    running: std::rc::Rc<std::cell::Cell<bool>>,
}

impl Frames {
    /// Starts.
    pub fn start(mut each: impl FnMut(f64) + 'static) -> Frames {
        let running = std::rc::Rc::new(std::cell::Cell::new(true));
        let goes_on = running.clone();
        let mut last = None;
        frame(move |now| {
            let ms = last.replace(now).map_or(0.0, |last: f64| now - last);
            if goes_on.get() {
                each(if ms > 250.0 { 16.0 } else { ms });
            }
            goes_on.get()
        });
        Frames { running }
    }
}

impl Drop for Frames {
    fn drop(&mut self) {
        self.running.set(false);
    }
}

/// Asks for a frame again and again while `each` says so.
fn frame(mut each: impl FnMut(f64) -> bool + 'static) {
    let slot = std::rc::Rc::new(std::cell::RefCell::new(None::<Closure<dyn FnMut(f64)>>));
    let own = slot.clone();
    let request = |closure: &Closure<dyn FnMut(f64)>| {
        let _ = window().request_animation_frame(closure.as_ref().unchecked_ref());
    };
    *slot.borrow_mut() = Some(Closure::new(move |now| {
        if each(now)
            && let Some(closure) = &*own.borrow()
        {
            request(closure);
        }
    }));
    if let Some(closure) = &*slot.borrow() {
        request(closure);
    }
}

/// A custom property of the page's style, such as `--dns`.
pub fn style_property(name: &str) -> String {
    let root = document().document_element();
    let style = root.and_then(|root| window().get_computed_style(&root).ok().flatten());
    style.and_then(|style| style.get_property_value(name).ok()).unwrap_or_default().trim().to_string()
}

/// Puts the keyboard's focus on the first element that a selector finds.
pub fn focus(selector: &str) {
    let found = document().query_selector(selector).ok().flatten();
    if let Some(element) = found.and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _ = element.focus();
    }
}

/// Does something later, after so many milliseconds.
pub fn later(ms: u32, what: impl FnOnce() + 'static) {
    gloo::timers::callback::Timeout::new(ms, what).forget();
}

/// The window's width and height in pixels.
pub fn window_size() -> (i32, i32) {
    let pixels =
        |value: Result<JsValue, JsValue>| value.ok().and_then(|v| v.as_f64()).unwrap_or(1024.0) as i32;
    (pixels(window().inner_width()), pixels(window().inner_height()))
}

/// The size that was set for a region.
pub fn kept_size(region: &str) -> Option<i32> {
    read(&format!("{}.{region}", key::SIZE))?.parse().ok()
}

/// Sets and keeps a region's size, as a property that the style sheet reads; `None` for the usual one.
pub fn set_size(region: &str, size: Option<i32>, unit: &str) {
    let root = document().document_element().and_then(|e| e.dyn_into::<web_sys::HtmlElement>().ok());
    let Some(style) = root.map(|root| root.style()) else { return };
    let (property, key) = (format!("--size-{region}"), format!("{}.{region}", key::SIZE));
    match size {
        Some(size) => {
            let _ = style.set_property(&property, &format!("{size}{unit}"));
            write(&key, &size.to_string());
        }
        None => {
            let _ = style.remove_property(&property);
            forget(&key);
        }
    }
}

/// Clicks the first element that a selector finds.
pub fn click(selector: &str) {
    let found = document().query_selector(selector).ok().flatten();
    if let Some(element) = found.and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok()) {
        element.click();
    }
}

/// The page's address, without its fragment.
pub fn address() -> String {
    let href = window().location().href().unwrap_or_default();
    href.split('#').next().unwrap_or_default().into()
}

/// The fragment of the page's address, with its `#`.
pub fn fragment() -> String {
    window().location().hash().unwrap_or_default()
}

/// Takes the fragment out of the address, so that a reload shows what is here.
pub fn forget_fragment() {
    if let Ok(history) = window().history() {
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&address()));
    }
}

/// Puts a text on the clipboard, if the browser lets it.
pub fn copy(text: &str) {
    let clipboard = js_sys::Reflect::get(&window().navigator(), &"clipboard".into());
    let write = clipboard.and_then(|clipboard| {
        let write = js_sys::Reflect::get(&clipboard, &"writeText".into())?;
        let write: js_sys::Function = write.dyn_into()?;
        write.call1(&clipboard, &text.into())
    });
    drop(write);
}
