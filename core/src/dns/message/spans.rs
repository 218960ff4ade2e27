//! Where in a message's bytes each field lies, for whoever looks at the bytes. Walks over damaged messages as far as it can.
//! Models: RFC 1035 section 4.1, RFC 6891 section 6.1.2. Fields have the RFCs' own names.

use super::{Class, Rcode, RecordType, decode, text};
use std::fmt::Write;

/// A field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The first byte, and the one after the last.
    pub range: std::ops::Range<usize>,
    /// The part of the message: `Header`, `Question`, `Answer`, `Authority`, `Additional`, or what is left.
    pub part: &'static str,
    /// The field, as the RFC names it.
    pub field: &'static str,
    /// What it says.
    pub value: String,
}

const PARTS: [&str; 4] = ["Question", "Answer", "Authority", "Additional"];

/// All fields, in the order of the bytes; together they cover every byte.
pub fn spans(bytes: &[u8]) -> Vec<Span> {
    let mut walk = Walk { bytes, at: 0, spans: Vec::new() };
    if walk.message().is_none() && walk.at < bytes.len() {
        let range = walk.at..bytes.len();
        walk.spans.push(Span { range, part: "", field: "?", value: String::new() });
    }
    walk.spans
}

struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
    spans: Vec<Span>,
}

impl Walk<'_> {
    fn message(&mut self) -> Option<()> {
        let id = self.number(self.at, 2)?;
        self.take("Header", "ID", 2, id.to_string())?;
        let flags = self.number(self.at, 2)?;
        self.take("Header", "Flags", 2, self.flags(flags))?;
        let mut counts = [0; 4];
        for (count, field) in counts.iter_mut().zip(["QDCOUNT", "ANCOUNT", "NSCOUNT", "ARCOUNT"]) {
            *count = self.number(self.at, 2)?;
            self.take("Header", field, 2, count.to_string())?;
        }
        for (part, count) in PARTS.into_iter().zip(counts) {
            for _ in 0..count {
                self.record(part)?;
            }
        }
        (self.at == self.bytes.len()).then_some(())
    }

    fn record(&mut self, part: &'static str) -> Option<()> {
        self.name(part, if part == "Question" { "QNAME" } else { "NAME" })?;
        let rtype = RecordType(u16::try_from(self.number(self.at, 2)?).ok()?);
        let class = u16::try_from(self.number(self.at + 2, 2)?).ok()?;
        if part == "Question" {
            self.take(part, "QTYPE", 2, rtype.to_string())?;
            return self.take(part, "QCLASS", 2, Class(class).to_string());
        }
        self.take(part, "TYPE", 2, rtype.to_string())?;
        let ttl = self.number(self.at + 2, 4)?;
        if rtype == RecordType::OPT {
            self.take(part, "UDP payload size", 2, class.to_string())?;
            let dnssec = if ttl >> 15 & 1 == 1 { ", DO" } else { "" };
            let value = format!("extended RCODE {}, version {}{dnssec}", ttl >> 24, ttl >> 16 & 255);
            self.take(part, "Extended flags", 4, value)?;
        } else {
            self.take(part, "CLASS", 2, Class(class).to_string())?;
            self.take(part, "TTL", 4, ttl.to_string())?;
        }
        let length = usize::try_from(self.number(self.at, 2)?).ok()?;
        self.take(part, "RDLENGTH", 2, length.to_string())?;
        if length == 0 {
            return Some(());
        }
        let value = self.data(part, rtype, length);
        self.take(part, "RDATA", length, value)
    }

    /// The data in text, taken from the message as a whole.
    fn data(&self, part: &str, rtype: RecordType, length: usize) -> String {
        let in_hex = || {
            let bytes = self.bytes.get(self.at..self.at + length).unwrap_or_default();
            bytes.iter().fold(String::new(), |mut out, byte| {
                // Writing to a String cannot fail.
                let _ = write!(out, "{byte:02x}");
                out
            })
        };
        let Ok(message) = decode(self.bytes) else { return in_hex() };
        let records = match part {
            "Answer" => &message.answers,
            "Authority" => &message.authorities,
            _ => &message.additionals,
        };
        // OPT is not among the records.
        let before = self.spans.iter().filter(|span| span.part == part && span.field == "TTL").count();
        match records.get(before.saturating_sub(1)).filter(|_| rtype != RecordType::OPT) {
            Some(record) => text::rdata(&record.data),
            None => in_hex(),
        }
    }

    fn name(&mut self, part: &'static str, field: &'static str) -> Option<()> {
        let (start, mut at, mut text) = (self.at, self.at, String::new());
        let mut end = None;
        // A pointer leads back; a message cannot have more of them than bytes.
        for _ in 0..=self.bytes.len() {
            let length = usize::from(*self.bytes.get(at)?);
            if length >= 0xc0 {
                let to = usize::try_from(self.number(at, 2)? & 0x3fff).ok()?;
                end.get_or_insert(at + 2);
                (to < at).then_some(())?;
                at = to;
                continue;
            }
            if length == 0 {
                end.get_or_insert(at + 1);
                break;
            }
            let label = self.bytes.get(at + 1..at + 1 + length)?;
            text.push_str(&label.escape_ascii().to_string());
            text.push('.');
            at += length + 1;
        }
        let end = end?;
        let text = if text.is_empty() { ".".to_string() } else { text };
        let compressed = self.bytes.get(start..end)?.len() < text.len();
        let value = if compressed && text != "." { format!("{text} (compressed)") } else { text };
        self.take(part, field, end - start, value)
    }

    fn flags(&self, flags: u64) -> String {
        let bit = |at: u32, name: &'static str| (flags >> at & 1 == 1).then_some(name);
        let named = [
            bit(15, "QR"),
            bit(10, "AA"),
            bit(9, "TC"),
            bit(8, "RD"),
            bit(7, "RA"),
            bit(5, "AD"),
            bit(4, "CD"),
        ];
        let names: Vec<&str> = named.into_iter().flatten().collect();
        let rcode = Rcode(u16::try_from(flags & 15).unwrap_or(0));
        format!("{} · OPCODE {} · RCODE {rcode}", names.join(" "), flags >> 11 & 15)
    }

    fn number(&self, at: usize, length: usize) -> Option<u64> {
        let bytes = self.bytes.get(at..at + length)?;
        Some(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn take(&mut self, part: &'static str, field: &'static str, length: usize, value: String) -> Option<()> {
        self.bytes.get(self.at..self.at + length)?;
        self.spans.push(Span { range: self.at..self.at + length, part, field, value });
        self.at += length;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::message::record::tests::{a, query};
    use crate::dns::message::{Edns, encode};

    #[test]
    fn every_byte_has_a_field() {
        let mut message = query("web.shop.svc.cluster.local.", RecordType::A);
        message.response = true;
        message.answers = vec![a("web.shop.svc.cluster.local.", "10.96.20.1"); 2];
        message.edns = Some(Edns {
            udp: 1232,
            options: vec![(10, bytes::Bytes::from_static(b"12345678"))],
            ..Edns::default()
        });
        let bytes = encode(&message, true).expect("it fits");
        let spans = spans(&bytes);
        let ends = spans.iter().map(|span| span.range.end);
        let starts = spans.iter().skip(1).map(|span| span.range.start).chain([bytes.len()]);
        assert!(ends.eq(starts), "{spans:#?}");
        let shown: Vec<String> =
            spans.iter().skip(6).map(|s| format!("{} {} {}", s.part, s.field, s.value)).collect();
        assert_eq!(shown[0], "Question QNAME web.shop.svc.cluster.local.");
        assert_eq!(shown[3], "Answer NAME web.shop.svc.cluster.local. (compressed)");
        assert_eq!(shown[8], "Answer RDATA 10.96.20.1");
        assert_eq!(shown[16], "Additional TYPE OPT");
        assert_eq!(shown[17], "Additional UDP payload size 1232");
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod properties {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn whatever_comes_is_covered(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            let spans = spans(&bytes);
            prop_assert_eq!(spans.iter().map(|span| span.range.len()).sum::<usize>(), bytes.len());
        }
    }
}
