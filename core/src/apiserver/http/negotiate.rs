//! What a client sends and what it takes: media types, in the words of those who are refused; and Go's words for JSON that
//! is none.
//!
//! Models: apiserver `pkg/endpoints/handlers/negotiation`, Go's `encoding/json` scanner. Omits: quality values.

use crate::api::Status;

/// What can be sent and taken.
const JSON: &str = "application/json";
const YAML: &str = "application/yaml";
const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";

/// What a client is answered in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    /// JSON, also for those who would take protobuf.
    Json,
    /// YAML.
    Yaml,
}

/// Picks the first that a client takes; 406 when there is none.
pub(super) fn accepted(accept: &str) -> Result<Language, Status> {
    for one in accept.split(',') {
        match one.split(';').next().unwrap_or_default().trim() {
            "" | "*/*" | "application/*" | JSON | PROTOBUF => return Ok(Language::Json),
            YAML => return Ok(Language::Yaml),
            _ => {}
        }
    }
    let words = format!("406: Not Acceptable\n\nAvailable representations: {JSON}, {YAML}, {PROTOBUF}");
    Err(Status::plain(406, "NotAcceptable", words))
}

/// The language of a body; 415 when it cannot be read.
pub(super) fn sent(content: &str) -> Result<Language, Status> {
    match content.split(';').next().unwrap_or_default().trim() {
        "" | JSON => Ok(Language::Json),
        YAML => Ok(Language::Yaml),
        _ => Err(unsupported(&[JSON, YAML, PROTOBUF])),
    }
}

/// The refusal of a body in a language that is none of these.
pub(super) fn unsupported(known: &[&str]) -> Status {
    let words = "the body of the request was in an unknown format - accepted media types include:";
    Status::plain(415, "UnsupportedMediaType", format!("{words} {}", known.join(", ")))
}

/// What a refusal shows of a body.
pub(super) fn summary(body: &[u8]) -> String {
    const SHOWN: usize = 30;
    let start = body.get(..SHOWN).unwrap_or(body);
    let more = if body.len() > SHOWN { " ..." } else { "" };
    match body.first() {
        None => "<empty>".into(),
        Some(b'{') => format!("{}{more}", String::from_utf8_lossy(start)),
        Some(_) => format!("{}{more}", data_encoding::HEXLOWER.encode(start)),
    }
}

/// Go's words for the first thing that is wrong with JSON; `None` when nothing is.
pub(super) fn json_problem(text: &[u8]) -> Option<String> {
    let mut scan = Scan { text, at: 0 };
    scan.value()
        .and_then(|()| match scan.peek() {
            None => Ok(()),
            Some(_) => Err(scan.unexpected("after top-level value")),
        })
        .err()
}

struct Scan<'a> {
    text: &'a [u8],
    at: usize,
}

/// Deeper JSON is refused.
const MAX_DEPTH: usize = 10_000;

impl Scan<'_> {
    /// The next byte that is not white space.
    fn peek(&mut self) -> Option<u8> {
        while matches!(self.text.get(self.at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
        self.text.get(self.at).copied()
    }

    fn unexpected(&self, place: &str) -> String {
        match self.text.get(self.at) {
            None => "unexpected end of JSON input".into(),
            Some(b'\'') => format!("invalid character '\\'' {place}"),
            Some(b'"') => format!("invalid character '\"' {place}"),
            Some(byte @ b' '..=b'~') => format!("invalid character '{}' {place}", char::from(*byte)),
            Some(b'\n') => format!("invalid character '\\n' {place}"),
            Some(byte @ 0x80..) => format!("invalid character '{}' {place}", char::from(*byte)),
            Some(byte) => format!("invalid character '\\x{byte:02x}' {place}"),
        }
    }

    /// Containers are kept in a list rather than on the stack, however deep they go.
    fn value(&mut self) -> Result<(), String> {
        let mut open: Vec<u8> = Vec::new();
        loop {
            let begun = match self.peek() {
                Some(b'{') => self.begin(b'{', b'}', &mut open)?,
                Some(b'[') => self.begin(b'[', b']', &mut open)?,
                Some(b'"') => self.string().map(|()| false)?,
                Some(b't') => self.literal("true").map(|()| false)?,
                Some(b'f') => self.literal("false").map(|()| false)?,
                Some(b'n') => self.literal("null").map(|()| false)?,
                Some(b'-' | b'0'..=b'9') => self.number().map(|()| false)?,
                _ => return Err(self.unexpected("looking for beginning of value")),
            };
            if begun {
                continue;
            }
            if !self.end(&mut open)? {
                return Ok(());
            }
        }
    }

    /// Opens a container; whether a value comes next.
    fn begin(&mut self, kind: u8, close: u8, open: &mut Vec<u8>) -> Result<bool, String> {
        self.at += 1;
        if open.len() >= MAX_DEPTH {
            return Err("exceeded max depth".into());
        }
        if self.peek() == Some(close) {
            self.at += 1;
            return Ok(false);
        }
        open.push(kind);
        if kind == b'{' {
            self.key()?;
        }
        Ok(true)
    }

    fn key(&mut self) -> Result<(), String> {
        if self.peek() != Some(b'"') {
            return Err(self.unexpected("looking for beginning of object key string"));
        }
        self.string()?;
        if self.peek() != Some(b':') {
            return Err(self.unexpected("after object key"));
        }
        self.at += 1;
        Ok(())
    }

    /// After a value: whether another one follows.
    fn end(&mut self, open: &mut Vec<u8>) -> Result<bool, String> {
        while let Some(kind) = open.last().copied() {
            let (close, place) = if kind == b'{' {
                (b'}', "after object key:value pair")
            } else {
                (b']', "after array element")
            };
            match self.peek() {
                Some(b',') => {
                    self.at += 1;
                    if kind == b'{' {
                        self.key()?;
                    }
                    return Ok(true);
                }
                Some(byte) if byte == close => {
                    self.at += 1;
                    open.pop();
                }
                _ => return Err(self.unexpected(place)),
            }
        }
        Ok(false)
    }

    fn literal(&mut self, word: &str) -> Result<(), String> {
        for expected in word.bytes() {
            if self.text.get(self.at) != Some(&expected) {
                let place = format!("in literal {word} (expecting '{}')", char::from(expected));
                return Err(self.unexpected(&place));
            }
            self.at += 1;
        }
        Ok(())
    }

    fn string(&mut self) -> Result<(), String> {
        self.at += 1;
        loop {
            match self.text.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => {
                    self.at += 1;
                    if !matches!(
                        self.text.get(self.at),
                        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' | b'u')
                    ) {
                        return Err(self.unexpected("in string escape code"));
                    }
                }
                None | Some(..b' ') => return Err(self.unexpected("in string literal")),
                Some(_) => {}
            }
            self.at += 1;
        }
    }

    fn number(&mut self) -> Result<(), String> {
        if self.text.get(self.at) == Some(&b'-') {
            self.at += 1;
            if !matches!(self.text.get(self.at), Some(b'0'..=b'9')) {
                return Err(self.unexpected("in numeric literal"));
            }
        }
        while matches!(self.text.get(self.at), Some(b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-')) {
            self.at += 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{json_problem, summary};

    #[test]
    fn what_is_wrong_is_said_as_go_says_it() {
        // The first is recorded from kube-apiserver v1.35.6, the others are of Go's scanner. unverified
        for (text, words) in [
            ("not json", Some("invalid character 'o' in literal null (expecting 'u')")),
            ("", Some("unexpected end of JSON input")),
            ("{", Some("unexpected end of JSON input")),
            ("{a", Some("invalid character 'a' looking for beginning of object key string")),
            ("{\"a\" 1}", Some("invalid character '1' after object key")),
            ("[1 2]", Some("invalid character '2' after array element")),
            ("{} x", Some("invalid character 'x' after top-level value")),
            ("{\"a\": [1, {\"b\": \"c\"}], \"d\": -1.5e3}", None),
        ] {
            assert_eq!(json_problem(text.as_bytes()).as_deref(), words, "{text}");
        }
        assert!(json_problem("[".repeat(1_000_000).as_bytes()).is_some());
        assert_eq!(summary(b"not json"), "6e6f74206a736f6e");
    }
}
