//! DNS messages: bytes to values and back. The one file that names hickory; knows no server and no client.
//! Models: RFC 1035 section 4, RFC 6891.
//! Omits: TSIG and DNSSEC records, which stay opaque bytes.

pub mod record;
pub mod spans;
pub mod text;

pub use record::{Class, Edns, Message, Opcode, Question, Rcode, Rdata, Record, RecordType, Soa};

use crate::base::Text;
use crate::trace::cargo::DnsCargo;
use bytes::Bytes;
use hickory_proto::rr::Name;
use hickory_proto::serialize::binary::{
    BinDecodable, BinDecoder, BinEncodable, BinEncoder, DecodeError, NameEncoding,
};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

/// The bytes are no DNS message, or the message does not fit into bytes: what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadMessage(pub String);

impl From<DecodeError> for BadMessage {
    fn from(error: DecodeError) -> BadMessage {
        BadMessage(error.to_string())
    }
}

/// The most that DNS over TCP can carry.
pub const TCP_LIMIT: usize = 65_535;
/// The most that fits into UDP without EDNS.
pub const UDP_LIMIT: usize = 512;

/// Reads a message.
pub fn decode(bytes: &[u8]) -> Result<Message, BadMessage> {
    read_message(&mut BinDecoder::new(bytes))
}

/// Writes a message; names are compressed or written out each time.
pub fn encode(message: &Message, compress: bool) -> Result<Bytes, BadMessage> {
    let mut buffer = Vec::with_capacity(512);
    let mut writer = Writer::new(&mut buffer, compress);
    writer.message(message).ok_or_else(|| BadMessage("a name or a text is too long".into()))?;
    if buffer.len() > TCP_LIMIT {
        return Err(BadMessage(format!("{} bytes are too many", buffer.len())));
    }
    Ok(buffer.into())
}

/// Writes an answer as CoreDNS does: whole records and no compression when it fits into `limit`; else compressed, and what
/// still does not fit is cut off at the end and the answer marked as truncated. `mtu`: above this many bytes names are
/// compressed although the answer fits.
pub fn encode_within(message: &Message, limit: usize, mtu: usize) -> Result<Bytes, BadMessage> {
    let length = message.length();
    if length <= limit.min(TCP_LIMIT) {
        return encode(message, length > mtu);
    }
    encode(&cut(message, limit)?, true)
}

/// The message without the records that do not fit into `limit`. The OPT record always stays.
fn cut(message: &Message, limit: usize) -> Result<Message, BadMessage> {
    let mut short = Message { answers: vec![], authorities: vec![], additionals: vec![], ..message.clone() };
    let room = limit.saturating_sub(short.edns.as_ref().map_or(0, Edns::length));
    let mut buffer = Vec::with_capacity(512);
    let mut writer = Writer::new(&mut buffer, true);
    let bad = || BadMessage("a name or a text is too long".into());
    writer.head(&short).ok_or_else(bad)?;
    let sections = [&message.answers, &message.authorities, &message.additionals];
    'all: for (index, section) in sections.into_iter().enumerate() {
        for record in section {
            writer.record(record).ok_or_else(bad)?;
            if writer.0.len() > room {
                break 'all;
            }
            match index {
                0 => short.answers.push(record.clone()),
                1 => short.authorities.push(record.clone()),
                _ => short.additionals.push(record.clone()),
            }
        }
    }
    let kept = short.answers.len() + short.authorities.len() + short.additionals.len();
    let all = message.answers.len() + message.authorities.len() + message.additionals.len();
    short.tc |= kept < all;
    Ok(short)
}

/// What a packet's payload says, if it is a DNS message.
pub fn summary(bytes: &Bytes) -> Option<DnsCargo> {
    let message = decode(bytes).ok()?;
    let question = message.question()?;
    let count = u16::try_from(message.answers.len()).unwrap_or(u16::MAX);
    Some(DnsCargo {
        name: question.name.clone(),
        qtype: question.rtype.to_string().into(),
        answer: message.response.then(|| (message.rcode.to_string().into(), count)),
        bytes: bytes.clone(),
    })
}

struct Writer<'a>(BinEncoder<'a>);

impl<'a> Writer<'a> {
    fn new(buffer: &'a mut Vec<u8>, compress: bool) -> Writer<'a> {
        let mut encoder = BinEncoder::new(buffer);
        encoder.set_name_encoding(if compress {
            NameEncoding::Compressed
        } else {
            NameEncoding::Uncompressed
        });
        Writer(encoder)
    }

    fn message(&mut self, message: &Message) -> Option<()> {
        self.head(message)?;
        for record in message.answers.iter().chain(&message.authorities).chain(&message.additionals) {
            self.record(record)?;
        }
        message.edns.as_ref().map_or(Some(()), |edns| self.opt(edns, message.rcode))
    }

    fn head(&mut self, m: &Message) -> Option<()> {
        let bit = |on: bool, shift: u16| u16::from(on) << shift;
        let flags = bit(m.response, 15)
            | u16::from(m.opcode.0 & 15) << 11
            | bit(m.aa, 10)
            | bit(m.tc, 9)
            | bit(m.rd, 8)
            | bit(m.ra, 7)
            | bit(m.ad, 5)
            | bit(m.cd, 4)
            | (m.rcode.0 & 15);
        let additionals = m.additionals.len() + usize::from(m.edns.is_some());
        self.u16(m.id)?;
        self.u16(flags)?;
        for count in [m.questions.len(), m.answers.len(), m.authorities.len(), additionals] {
            self.u16(u16::try_from(count).ok()?)?;
        }
        for question in &m.questions {
            self.name(&question.name)?;
            self.u16(question.rtype.0)?;
            self.u16(question.class.0)?;
        }
        Some(())
    }

    fn record(&mut self, record: &Record) -> Option<()> {
        self.name(&record.name)?;
        self.u16(record.data.rtype().0)?;
        self.u16(record.class.0)?;
        self.0.emit_u32(record.ttl).ok()?;
        let place = self.0.place::<u16>().ok()?;
        self.rdata(&record.data)?;
        let length = u16::try_from(self.0.len_since_place(&place)).ok()?;
        place.replace(&mut self.0, length).ok()
    }

    fn rdata(&mut self, data: &Rdata) -> Option<()> {
        match data {
            Rdata::A(ip) => self.raw(&ip.octets()),
            Rdata::Aaaa(ip) => self.raw(&ip.octets()),
            Rdata::Cname(name) | Rdata::Ns(name) | Rdata::Ptr(name) => self.name(name),
            Rdata::Mx(preference, name) => {
                self.u16(*preference)?;
                self.name(name)
            }
            Rdata::Srv(priority, weight, port, target) => {
                self.u16(*priority)?;
                self.u16(*weight)?;
                self.u16(*port)?;
                // RFC 2782: the target is never compressed.
                let mode = self.0.name_encoding();
                self.0.set_name_encoding(NameEncoding::Uncompressed);
                let written = self.name(target);
                self.0.set_name_encoding(mode);
                written
            }
            Rdata::Txt(strings) => {
                for string in strings {
                    self.0.emit_u8(u8::try_from(string.len()).ok()?).ok()?;
                    self.raw(string)?;
                }
                Some(())
            }
            Rdata::Soa(soa) => {
                self.name(&soa.mname)?;
                self.name(&soa.rname)?;
                for number in [soa.serial, soa.refresh, soa.retry, soa.expire, soa.minimum] {
                    self.0.emit_u32(number).ok()?;
                }
                Some(())
            }
            Rdata::Other(_, bytes) => self.raw(bytes),
        }
    }

    fn opt(&mut self, edns: &Edns, rcode: Rcode) -> Option<()> {
        self.0.emit_u8(0).ok()?;
        self.u16(RecordType::OPT.0)?;
        self.u16(edns.udp)?;
        let ttl =
            u32::from(rcode.0 >> 4) << 24 | u32::from(edns.version) << 16 | u32::from(edns.dnssec_ok) << 15;
        self.0.emit_u32(ttl).ok()?;
        self.u16(u16::try_from(edns.length() - 11).ok()?)?;
        for (code, data) in &edns.options {
            self.u16(*code)?;
            self.u16(u16::try_from(data.len()).ok()?)?;
            self.raw(data)?;
        }
        Some(())
    }

    fn name(&mut self, name: &Text) -> Option<()> {
        if matches!(self.0.name_encoding(), NameEncoding::Uncompressed) && !name.contains('\\') {
            return self.plain_name(name);
        }
        let name = Name::from_labels(record::labels(name)?.iter().map(Vec::as_slice)).ok()?;
        name.emit(&mut self.0).ok()
    }

    /// A name without escapes, label by label: no detour over hickory's own type.
    fn plain_name(&mut self, name: &str) -> Option<()> {
        if name.len() > record::MAX_NAME {
            return None;
        }
        for label in name.split('.').filter(|label| !label.is_empty()) {
            self.0.emit_u8(u8::try_from(label.len()).ok().filter(|n| *n < 64)?).ok()?;
            self.raw(label.as_bytes())?;
        }
        self.0.emit_u8(0).ok()
    }

    fn u16(&mut self, n: u16) -> Option<()> {
        self.0.emit_u16(n).ok()
    }

    fn raw(&mut self, bytes: &[u8]) -> Option<()> {
        self.0.emit_vec(bytes).ok()
    }
}

fn read_message(from: &mut BinDecoder<'_>) -> Result<Message, BadMessage> {
    let id = u16_of(from)?;
    let flags = u16_of(from)?;
    let bit = |shift: u16| flags >> shift & 1 == 1;
    let mut message = Message {
        id,
        response: bit(15),
        opcode: Opcode((flags >> 11 & 15) as u8),
        aa: bit(10),
        tc: bit(9),
        rd: bit(8),
        ra: bit(7),
        ad: bit(5),
        cd: bit(4),
        rcode: Rcode(flags & 15),
        ..Message::default()
    };
    let counts = [u16_of(from)?, u16_of(from)?, u16_of(from)?, u16_of(from)?];
    for _ in 0..counts[0] {
        let name = name_of(from)?;
        let (rtype, class) = (RecordType(u16_of(from)?), Class(u16_of(from)?));
        message.questions.push(Question { name, rtype, class });
    }
    for _ in 0..counts[1] {
        let record = record_of(from, &mut message)?;
        message.answers.extend(record);
    }
    for _ in 0..counts[2] {
        let record = record_of(from, &mut message)?;
        message.authorities.extend(record);
    }
    for _ in 0..counts[3] {
        let record = record_of(from, &mut message)?;
        message.additionals.extend(record);
    }
    Ok(message)
}

/// Reads a record; an OPT record goes into the message's `edns` instead.
fn record_of(from: &mut BinDecoder<'_>, message: &mut Message) -> Result<Option<Record>, BadMessage> {
    let name = name_of(from)?;
    let rtype = RecordType(u16_of(from)?);
    let class = u16_of(from)?;
    let ttl = from.read_u32()?.unverified();
    let length = usize::from(u16_of(from)?);
    let end = from.index() + length;
    if rtype == RecordType::OPT {
        message.rcode.0 |= ((ttl >> 24) as u16) << 4;
        let (version, dnssec_ok) = ((ttl >> 16) as u8, ttl >> 15 & 1 == 1);
        let mut options = Vec::new();
        while from.index() < end {
            let (code, size) = (u16_of(from)?, usize::from(u16_of(from)?));
            options.push((code, Bytes::copy_from_slice(from.read_slice(size)?.unverified())));
        }
        message.edns = Some(Edns { udp: class, version, dnssec_ok, options });
        return Ok(None);
    }
    let data = rdata_of(from, rtype, length)?;
    if from.index() != end {
        return Err(BadMessage("the data of a record is longer or shorter than announced".into()));
    }
    Ok(Some(Record { name, class: Class(class), ttl, data }))
}

fn rdata_of(from: &mut BinDecoder<'_>, rtype: RecordType, length: usize) -> Result<Rdata, BadMessage> {
    let start = from.index();
    Ok(match rtype {
        RecordType::A if length == 4 => Rdata::A(Ipv4Addr::from(from.read_u32()?.unverified())),
        RecordType::AAAA if length == 16 => {
            let mut octets = [0; 16];
            octets.copy_from_slice(from.read_slice(16)?.unverified());
            Rdata::Aaaa(Ipv6Addr::from(octets))
        }
        // Updates name types without data (RFC 2136).
        _ if length == 0 => Rdata::Other(rtype, Bytes::new()),
        RecordType::CNAME => Rdata::Cname(name_of(from)?),
        RecordType::NS => Rdata::Ns(name_of(from)?),
        RecordType::PTR => Rdata::Ptr(name_of(from)?),
        RecordType::MX => Rdata::Mx(u16_of(from)?, name_of(from)?),
        RecordType::SRV => Rdata::Srv(u16_of(from)?, u16_of(from)?, u16_of(from)?, name_of(from)?),
        RecordType::TXT => {
            let mut strings = Vec::new();
            while from.index() < start + length {
                strings.push(Bytes::copy_from_slice(from.read_character_data()?.unverified()));
            }
            Rdata::Txt(strings)
        }
        RecordType::SOA => {
            let (mname, rname) = (name_of(from)?, name_of(from)?);
            let mut number = || from.read_u32().map(|n| n.unverified());
            let (serial, refresh, retry) = (number()?, number()?, number()?);
            let (expire, minimum) = (number()?, number()?);
            Rdata::Soa(Arc::new(Soa { mname, rname, serial, refresh, retry, expire, minimum }))
        }
        _ => Rdata::Other(rtype, Bytes::copy_from_slice(from.read_slice(length)?.unverified())),
    })
}

fn u16_of(from: &mut BinDecoder<'_>) -> Result<u16, BadMessage> {
    Ok(from.read_u16()?.unverified())
}

fn name_of(from: &mut BinDecoder<'_>) -> Result<Text, BadMessage> {
    Ok(record::name_of_labels(Name::read(from)?.iter()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::message::record::tests::{a, query};

    #[test]
    fn a_message_comes_back_as_it_went() {
        let mut message = query("WEB.shop.svc.cluster.local.", RecordType::SRV);
        message.edns = Some(Edns {
            udp: 1232,
            version: 0,
            dnssec_ok: true,
            options: vec![(10, Bytes::from_static(b"12345678"))],
        });
        message.response = true;
        message.rcode = Rcode::BADVERS;
        message.answers = vec![
            a("web.shop.svc.cluster.local.", "10.96.20.1"),
            Record::new("x.", 5, Rdata::Srv(0, 50, 80, "web.shop.svc.cluster.local.".into())),
            Record::new("x.", 5, Rdata::Txt(vec![Bytes::from_static(b"1.1.0")])),
            Record::new(r"odd\.label\000.test.", 5, Rdata::Ptr("web.shop.svc.cluster.local.".into())),
            Record::new("x.", 5, Rdata::Other(RecordType(99), Bytes::from_static(b"?"))),
        ];
        for compress in [false, true] {
            let bytes = encode(&message, compress).expect("it fits");
            assert_eq!(decode(&bytes).as_ref(), Ok(&message));
            if !compress {
                assert_eq!(bytes.len(), message.length());
            }
        }
    }

    /// The lengths are those of semantics 3.11: forty endpoints, 16 bytes each when compressed.
    #[test]
    fn what_does_not_fit_is_cut_off_and_the_answer_says_so() {
        let mut message = query("db.shop.svc.cluster.local.", RecordType::A);
        message.answers =
            (0..40).map(|n| a("db.shop.svc.cluster.local.", &format!("10.244.1.{n}"))).collect();
        let bytes = encode_within(&message, UDP_LIMIT, 1480).expect("it fits");
        let read = decode(&bytes).expect("it is a message");
        assert!(bytes.len() <= UDP_LIMIT);
        assert_eq!((read.answers.len(), read.tc), (29, true));
        let whole = decode(&encode_within(&message, 1232, 1480).expect("it fits")).expect("a message");
        assert_eq!((whole.answers.len(), whole.tc), (40, false));
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod properties {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bytes_never_panic_and_what_is_read_can_be_written(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(message) = decode(&bytes) {
                let written = encode(&message, false).map(|bytes| decode(&bytes));
                if let Ok(again) = written {
                    prop_assert_eq!(again, Ok(message));
                }
            }
        }

        #[test]
        fn a_damaged_message_never_panics(at in 0usize..120, to in any::<u8>()) {
            let mut message = record::tests::query("db.shop.svc.cluster.local.", RecordType::SRV);
            message.answers = vec![Record::new("db.shop.svc.cluster.local.", 5, Rdata::Ns("a.b.".into())); 3];
            let mut bytes = encode(&message, true).expect("it fits").to_vec();
            if let Some(byte) = bytes.get_mut(at) {
                *byte = to;
            }
            let _ = summary(&bytes.into());
        }
    }
}
