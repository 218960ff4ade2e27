//! Files of this computer: chosen or dropped ones are read as text, the shown one is saved as a download. Nothing leaves
//! the browser.

use crate::browser;
use crate::session::{Action, FileAction};
use gloo::utils::document;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Blob, File, FileList, HtmlElement, Url};
use yew::Callback;

/// The most bytes of a file.
pub const MOST_BYTES: usize = 1 << 20;

/// Why a file was not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// It has more than [`MOST_BYTES`].
    Large,
    /// It is not text in UTF-8.
    NotText,
    /// Its ending is none that the editor knows.
    Ending,
    /// There would be more than the browser keeps.
    Full,
}

/// Reads files one after another, and asks for each to be opened or to be said why not.
pub fn open(files: &FileList, dispatch: Callback<Action>) {
    let files: Vec<File> = (0..files.length()).filter_map(|at| files.get(at)).collect();
    spawn_local(async move {
        for file in files {
            let name = file.name();
            let action = match read(&file).await {
                Ok(text) => FileAction::Open(name, text),
                Err(why) => FileAction::Refuse(name, why),
            };
            dispatch.emit(Action::File(action));
        }
    });
}

async fn read(file: &File) -> Result<String, Refused> {
    if file.size() > MOST_BYTES as f64 {
        return Err(Refused::Large);
    }
    let buffer = JsFuture::from(file.array_buffer()).await.map_err(|_| Refused::NotText)?;
    text(js_sys::Uint8Array::new(&buffer).to_vec())
}

/// Bytes as text, without a byte order mark, and with the line ends of the editor.
fn text(bytes: Vec<u8>) -> Result<String, Refused> {
    let text = String::from_utf8(bytes).map_err(|_| Refused::NotText)?;
    if text.contains('\0') {
        return Err(Refused::NotText);
    }
    Ok(text.trim_start_matches('\u{feff}').replace("\r\n", "\n"))
}

/// Saves a text under a name.
pub fn save(name: &str, text: &str) {
    let parts = js_sys::Array::of1(&text.into());
    let Ok(blob) = Blob::new_with_str_sequence(&parts) else { return };
    let Ok(address) = Url::create_object_url_with_blob(&blob) else { return };
    if let Ok(link) = document().create_element("a") {
        let _ = link.set_attribute("href", &address);
        let _ = link.set_attribute("download", name);
        if let Some(link) = link.dyn_ref::<HtmlElement>() {
            link.click();
        }
    }
    // The download has begun with the click; the address is let go later, for browsers that read it late.
    browser::later(60_000, move || {
        let _ = Url::revoke_object_url(&address);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_text_is_opened() {
        assert_eq!(text(b"\xef\xbb\xbfa: 1\r\nb: 2\n".to_vec()), Ok("a: 1\nb: 2\n".into()));
        assert_eq!(text(vec![0x50, 0x4b, 3, 4, 0]), Err(Refused::NotText));
        assert_eq!(text(vec![0xff, 0xfe, 0x61]), Err(Refused::NotText));
    }
}
