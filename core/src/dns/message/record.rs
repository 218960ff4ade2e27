//! What a DNS message holds, as plain values: questions, records, codes, names. Knows no bytes.
//! Names are text, fully qualified, with the escapes of RFC 1035 section 5.1; their case is kept.

use crate::base::Text;
use bytes::Bytes;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

/// The longest name in text that is read without escapes.
pub const MAX_NAME: usize = 254;

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Message {
    /// The client's number; the answer has the same.
    pub id: u16,
    /// Whether it is an answer.
    pub response: bool,
    /// What is asked.
    pub opcode: Opcode,
    /// The answer is from who owns the name.
    pub aa: bool,
    /// The answer is cut off.
    pub tc: bool,
    /// The client wants recursion.
    pub rd: bool,
    /// The server offers recursion.
    pub ra: bool,
    /// The data is authentic.
    pub ad: bool,
    /// Checking is disabled.
    pub cd: bool,
    /// How it went, with the upper bits from EDNS.
    pub rcode: Rcode,
    /// The questions; in practice one.
    pub questions: Vec<Question>,
    /// Answers.
    pub answers: Vec<Record>,
    /// Who owns the name; the SOA of negative answers.
    pub authorities: Vec<Record>,
    /// What will be asked next, such as addresses of SRV targets.
    pub additionals: Vec<Record>,
    /// The OPT record.
    pub edns: Option<Edns>,
}

impl Message {
    /// A query with recursion desired.
    pub fn query(id: u16, question: Question) -> Message {
        Message { id, rd: true, questions: vec![question], ..Message::default() }
    }

    /// An answer to this message, empty so far. Models: `SetReply` of the library that CoreDNS uses.
    pub fn reply(&self, rcode: Rcode) -> Message {
        let query = self.opcode == Opcode::QUERY;
        Message {
            id: self.id,
            response: true,
            opcode: self.opcode,
            rd: query && self.rd,
            cd: query && self.cd,
            rcode,
            questions: self.questions.first().cloned().into_iter().collect(),
            ..Message::default()
        }
    }

    /// The first question.
    pub fn question(&self) -> Option<&Question> {
        self.questions.first()
    }

    /// All records but OPT.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.answers.iter().chain(&self.authorities).chain(&self.additionals)
    }

    /// All records but OPT, to be changed.
    pub fn records_mut(&mut self) -> impl Iterator<Item = &mut Record> {
        self.answers.iter_mut().chain(&mut self.authorities).chain(&mut self.additionals)
    }

    /// Its length in bytes without compression.
    pub fn length(&self) -> usize {
        let questions: usize = self.questions.iter().map(|q| name_length(&q.name) + 4).sum();
        let records: usize = self.records().map(Record::length).sum();
        12 + questions + records + self.edns.as_ref().map_or(0, Edns::length)
    }
}

/// A question.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Question {
    /// The name.
    pub name: Text,
    /// The type.
    pub rtype: RecordType,
    /// The class.
    pub class: Class,
}

impl Question {
    /// A question of class IN.
    pub fn new(name: impl Into<Text>, rtype: RecordType) -> Question {
        Question { name: name.into(), rtype, class: Class::IN }
    }
}

/// A record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Whose data it is.
    pub name: Text,
    /// The class.
    pub class: Class,
    /// How long it may be kept, in seconds.
    pub ttl: u32,
    /// The data; it knows its type.
    pub data: Rdata,
}

impl Record {
    /// A record of class IN.
    pub fn new(name: impl Into<Text>, ttl: u32, data: Rdata) -> Record {
        Record { name: name.into(), class: Class::IN, ttl, data }
    }

    /// An A or AAAA record.
    pub fn address(name: impl Into<Text>, ttl: u32, ip: IpAddr) -> Record {
        let data = match ip {
            IpAddr::V4(ip) => Rdata::A(ip),
            IpAddr::V6(ip) => Rdata::Aaaa(ip),
        };
        Record::new(name, ttl, data)
    }

    /// Its type.
    pub fn rtype(&self) -> RecordType {
        self.data.rtype()
    }

    /// Its length in bytes without compression.
    pub fn length(&self) -> usize {
        name_length(&self.name) + 10 + self.data.length()
    }
}

/// The data of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rdata {
    /// An IPv4 address.
    A(Ipv4Addr),
    /// An IPv6 address.
    Aaaa(Ipv6Addr),
    /// The name that this name stands for.
    Cname(Text),
    /// A name server.
    Ns(Text),
    /// What an address is called.
    Ptr(Text),
    /// A mail server: preference and name.
    Mx(u16, Text),
    /// A service: priority, weight, port, target.
    Srv(u16, u16, u16, Text),
    /// Strings.
    Txt(Vec<Bytes>),
    /// The zone's start.
    Soa(Arc<Soa>),
    /// Any other type, as bytes.
    Other(RecordType, Bytes),
}

impl Rdata {
    /// The record type.
    pub fn rtype(&self) -> RecordType {
        match self {
            Rdata::A(_) => RecordType::A,
            Rdata::Aaaa(_) => RecordType::AAAA,
            Rdata::Cname(_) => RecordType::CNAME,
            Rdata::Ns(_) => RecordType::NS,
            Rdata::Ptr(_) => RecordType::PTR,
            Rdata::Mx(..) => RecordType::MX,
            Rdata::Srv(..) => RecordType::SRV,
            Rdata::Txt(_) => RecordType::TXT,
            Rdata::Soa(_) => RecordType::SOA,
            Rdata::Other(rtype, _) => *rtype,
        }
    }

    /// The address, if it is one.
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Rdata::A(ip) => Some(IpAddr::V4(*ip)),
            Rdata::Aaaa(ip) => Some(IpAddr::V6(*ip)),
            _ => None,
        }
    }

    fn length(&self) -> usize {
        match self {
            Rdata::A(_) => 4,
            Rdata::Aaaa(_) => 16,
            Rdata::Cname(name) | Rdata::Ns(name) | Rdata::Ptr(name) => name_length(name),
            Rdata::Mx(_, name) => 2 + name_length(name),
            Rdata::Srv(_, _, _, name) => 6 + name_length(name),
            Rdata::Txt(strings) => strings.iter().map(|s| s.len() + 1).sum(),
            Rdata::Soa(soa) => name_length(&soa.mname) + name_length(&soa.rname) + 20,
            Rdata::Other(_, bytes) => bytes.len(),
        }
    }
}

/// The start of a zone of authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Soa {
    /// The primary server.
    pub mname: Text,
    /// The mailbox of who is responsible.
    pub rname: Text,
    /// The version.
    pub serial: u32,
    /// Seconds between refreshes.
    pub refresh: u32,
    /// Seconds between retries.
    pub retry: u32,
    /// Seconds until the zone is given up.
    pub expire: u32,
    /// The TTL of negative answers.
    pub minimum: u32,
}

/// The OPT record.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Edns {
    /// How many bytes the sender takes over UDP.
    pub udp: u16,
    /// The version.
    pub version: u8,
    /// The sender understands DNSSEC.
    pub dnssec_ok: bool,
    /// Options: code and data.
    pub options: Vec<(u16, Bytes)>,
}

impl Edns {
    /// The code of the cookie option.
    pub const COOKIE: u16 = 10;
    /// The code of the extended error option.
    pub const EXTENDED_ERROR: u16 = 15;

    /// Its length in bytes.
    pub fn length(&self) -> usize {
        11 + self.options.iter().map(|(_, data)| data.len() + 4).sum::<usize>()
    }
}

macro_rules! codes {
    ($(#[$doc:meta])* $name:ident($repr:ty), $unknown:literal { $($code:literal => $constant:ident $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
        pub struct $name(pub $repr);

        impl $name {
            $(#[allow(missing_docs)] pub const $constant: $name = $name($code);)*

            /// The code of a mnemonic, in any case.
            pub fn of_word(word: &str) -> Option<$name> {
                $(if word.eq_ignore_ascii_case($text) { return Some($name($code)); })*
                None
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self.0 {
                    $($code => f.pad($text),)*
                    other => write!(f, concat!($unknown, "{}"), other),
                }
            }
        }
    };
}

codes! {
    /// A record type.
    RecordType(u16), "TYPE" {
        1 => A "A",
        2 => NS "NS",
        5 => CNAME "CNAME",
        6 => SOA "SOA",
        12 => PTR "PTR",
        13 => HINFO "HINFO",
        15 => MX "MX",
        16 => TXT "TXT",
        28 => AAAA "AAAA",
        29 => LOC "LOC",
        33 => SRV "SRV",
        35 => NAPTR "NAPTR",
        39 => DNAME "DNAME",
        41 => OPT "OPT",
        43 => DS "DS",
        46 => RRSIG "RRSIG",
        47 => NSEC "NSEC",
        48 => DNSKEY "DNSKEY",
        52 => TLSA "TLSA",
        64 => SVCB "SVCB",
        65 => HTTPS "HTTPS",
        251 => IXFR "IXFR",
        252 => AXFR "AXFR",
        255 => ANY "ANY",
        257 => CAA "CAA",
    }
}

codes! {
    /// A class.
    Class(u16), "CLASS" {
        1 => IN "IN",
        3 => CH "CH",
        4 => HS "HS",
        254 => NONE "NONE",
        255 => ANY "ANY",
    }
}

codes! {
    /// A response code.
    Rcode(u16), "RESERVED" {
        0 => NOERROR "NOERROR",
        1 => FORMERR "FORMERR",
        2 => SERVFAIL "SERVFAIL",
        3 => NXDOMAIN "NXDOMAIN",
        4 => NOTIMP "NOTIMP",
        5 => REFUSED "REFUSED",
        6 => YXDOMAIN "YXDOMAIN",
        7 => YXRRSET "YXRRSET",
        8 => NXRRSET "NXRRSET",
        9 => NOTAUTH "NOTAUTH",
        10 => NOTZONE "NOTZONE",
        16 => BADVERS "BADVERS",
    }
}

codes! {
    /// What a message asks for.
    Opcode(u8), "RESERVED" {
        0 => QUERY "QUERY",
        1 => IQUERY "IQUERY",
        2 => STATUS "STATUS",
        4 => NOTIFY "NOTIFY",
        5 => UPDATE "UPDATE",
    }
}

/// The labels of a name in text, unescaped; `None` when it is no name.
pub fn labels(name: &str) -> Option<Vec<Vec<u8>>> {
    let mut labels = Vec::new();
    let mut label = Vec::new();
    let mut bytes = name.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'.' if label.is_empty() => return (name == ".").then(Vec::new),
            b'.' => labels.push(std::mem::take(&mut label)),
            b'\\' => match bytes.next()? {
                digit if digit.is_ascii_digit() => {
                    let digits = [digit, bytes.next()?, bytes.next()?];
                    let code: u16 = std::str::from_utf8(&digits).ok()?.parse().ok()?;
                    label.push(u8::try_from(code).ok()?);
                }
                other => label.push(other),
            },
            other => label.push(other),
        }
        if label.len() > 63 || labels.len() > 127 {
            return None;
        }
    }
    if !label.is_empty() {
        labels.push(label);
    }
    let total = 1 + labels.iter().map(|label| label.len() + 1).sum::<usize>();
    (total <= 255 && !labels.is_empty()).then_some(labels)
}

/// A name in text from its labels.
pub fn name_of_labels<'a>(labels: impl Iterator<Item = &'a [u8]>) -> Text {
    let mut name = String::with_capacity(48);
    for label in labels {
        for &byte in label {
            match byte {
                b'.' | b'"' | b'(' | b')' | b';' | b'@' | b'$' | b'\\' => {
                    name.push('\\');
                    name.push(char::from(byte));
                }
                b'!'..=b'~' => name.push(char::from(byte)),
                _ => name.push_str(&format!("\\{byte:03}")),
            }
        }
        name.push('.');
    }
    if name.is_empty() { ".".into() } else { name.into() }
}

/// The length in bytes of a name without compression.
fn name_length(name: &str) -> usize {
    if name == "." {
        return 1;
    }
    if name.contains('\\') {
        return labels(name).map_or(1, |labels| labels.iter().map(|l| l.len() + 1).sum::<usize>() + 1);
    }
    name.len() + 1 + usize::from(!name.ends_with('.'))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A query, for tests.
    pub fn query(name: &str, rtype: RecordType) -> Message {
        Message::query(7, Question::new(name, rtype))
    }

    /// An A record with a TTL of 30, for tests.
    pub fn a(name: &str, ip: &str) -> Record {
        Record::address(name, 30, ip.parse().expect("an address"))
    }

    #[test]
    fn names_are_read_and_written() {
        for name in ["web.shop.svc.cluster.local.", r"a\.b\032\\.test.", "."] {
            let labels = labels(name).expect("a name");
            assert_eq!(&*name_of_labels(labels.iter().map(Vec::as_slice)), name);
        }
        assert_eq!(labels("a..b."), None);
        assert_eq!(labels(&format!("{}.", "x".repeat(64))), None);
        assert_eq!(labels(&"abcdefghi.".repeat(26)), None);
        assert_eq!(labels(r"a\"), None);
    }
}
