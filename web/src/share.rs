//! Links that hold a whole recording: what is in them, and how they are read back, whatever someone has made of them.
//! Knows no widgets.

use crate::sim::Recording;
use tidepool_core::base::Instant;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen(module = "/src/share_shim.js")]
extern "C" {
    fn pack(text: &str) -> js_sys::Promise;
    fn unpack(text: &str, limit: u32) -> js_sys::Promise;
}

/// What a link's fragment begins with. The number is the form's, not the program's.
const PREFIX: &str = "#tidepool1.";
/// The longest fragment that is read, and the most that it may become, in bytes.
const MOST: (usize, u32) = (2 << 20, 8 << 20);

/// A recording as it was shared: up to an instant, at which the world had a digest.
#[derive(Debug, Clone, PartialEq)]
pub struct Shared {
    /// The recording.
    pub recording: Recording,
    /// When it was shared, in the world's time.
    pub until: Instant,
    /// The world's digest then; its first sixteen digits.
    pub digest: String,
}

/// Why a link cannot be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
    /// It is cut short, or not from here.
    Damaged,
    /// It holds more than is read.
    TooLarge,
    /// What it holds is no recording.
    NoRecording,
}

/// Whether an address holds a shared recording.
pub fn is_shared(fragment: &str) -> bool {
    fragment.starts_with(PREFIX)
}

/// The fragment for an address: `#tidepool1.TIME.DIGEST.RECORDING`.
pub async fn fragment(shared: &Shared) -> Option<String> {
    let packed = JsFuture::from(pack(&shared.recording.to_json())).await.ok()?.as_string()?;
    Some(format!("{PREFIX}{}.{}.{packed}", shared.until.0, shared.digest))
}

/// Reads a fragment.
pub async fn read(fragment: &str) -> Result<Shared, Unreadable> {
    let rest = fragment.strip_prefix(PREFIX).ok_or(Unreadable::Damaged)?;
    if rest.len() > MOST.0 {
        return Err(Unreadable::TooLarge);
    }
    let (head, packed) = head(rest).ok_or(Unreadable::Damaged)?;
    let unpacked = JsFuture::from(unpack(packed, MOST.1)).await.map_err(|error| {
        let is_range = error.is_instance_of::<js_sys::RangeError>();
        if is_range { Unreadable::TooLarge } else { Unreadable::Damaged }
    })?;
    let text = unpacked.as_string().ok_or(Unreadable::Damaged)?;
    let recording = Recording::from_json(&text).map_err(|_| Unreadable::NoRecording)?;
    Ok(Shared { recording, until: head.0, digest: head.1 })
}

/// The time and the digest, and what follows.
fn head(rest: &str) -> Option<((Instant, String), &str)> {
    let (until, rest) = rest.split_once('.')?;
    let (digest, packed) = rest.split_once('.')?;
    let is_sound = digest.len() == DIGITS && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    let until: u64 = until.parse().ok().filter(|until| *until <= MAX_UNTIL)?;
    is_sound.then(|| ((Instant(until), digest.into()), packed))
}

/// How many digits of the digest a link carries.
pub const DIGITS: usize = 16;
/// A year, as recordings may span.
const MAX_UNTIL: u64 = 365 * 86_400 * 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_a_time_and_a_digest() {
        let found = head("30.0123456789abcdef.eJw");
        assert_eq!(found, Some(((Instant(30), "0123456789abcdef".into()), "eJw")));
        for broken in [
            "",
            "30",
            "30.0123456789abcdef",
            "x.0123456789abcdef.e",
            "30.0123.e",
            "99999999999999999999.0123456789abcdef.e",
        ] {
            assert_eq!(head(broken), None, "{broken}");
        }
    }
}
