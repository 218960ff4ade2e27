//! A DNS message as dig prints it. Knows no options of dig; it has one function per section.
//! Models: BIND 9.18 lib/dns/masterdump.c, bin/dig/dighost.c.

use super::{Edns, Message, Question, Rdata, Record, decode};
use std::fmt::Write;
use std::net::IpAddr;

/// A message as the page shows it beside a packet: all of dig's sections, without its frame.
pub fn describe(bytes: &[u8]) -> String {
    match decode(bytes) {
        Ok(message) => whole(&message),
        Err(error) => format!(";; {}\n", error.0),
    }
}

/// All sections of a message.
pub fn whole(message: &Message) -> String {
    let mut out = header(message);
    out.push('\n');
    if let Some(edns) = &message.edns {
        out.push_str(&opt(edns, None));
    }
    out.push_str(&questions(message));
    for (title, records) in sections(message) {
        if !records.is_empty() {
            out.push_str(&section(title, records));
        }
    }
    out
}

/// The sections with their titles, in order.
pub fn sections(message: &Message) -> [(&'static str, &[Record]); 3] {
    [("ANSWER", &message.answers), ("AUTHORITY", &message.authorities), ("ADDITIONAL", &message.additionals)]
}

/// The two header lines.
pub fn header(message: &Message) -> String {
    let additionals = message.additionals.len() + usize::from(message.edns.is_some());
    format!(
        ";; ->>HEADER<<- opcode: {}, status: {}, id: {}\n;; flags:{}; QUERY: {}, ANSWER: {}, AUTHORITY: {}, ADDITIONAL: {}\n",
        message.opcode,
        message.rcode,
        message.id,
        flags(message, " ", true),
        message.questions.len(),
        message.answers.len(),
        message.authorities.len(),
        additionals,
    )
}

/// The flags that are set. dig puts the separator before each, CoreDNS's log between them.
pub fn flags(m: &Message, separator: &str, leading: bool) -> String {
    let all = [
        (m.response, "qr"),
        (m.aa, "aa"),
        (m.tc, "tc"),
        (m.rd, "rd"),
        (m.ra, "ra"),
        (m.ad, "ad"),
        (m.cd, "cd"),
    ];
    let set: Vec<&str> = all.iter().filter(|(on, _)| *on).map(|(_, name)| *name).collect();
    let text = set.join(separator);
    if leading && !text.is_empty() { format!("{separator}{text}") } else { text }
}

/// The OPT pseudo section. `cookie`: the client's cookie that was sent, if any.
pub fn opt(edns: &Edns, cookie: Option<&[u8]>) -> String {
    let flags = if edns.dnssec_ok { " do" } else { "" };
    let mut out = format!(
        ";; OPT PSEUDOSECTION:\n; EDNS: version: {}, flags:{flags}; udp: {}\n",
        edns.version, edns.udp
    );
    for (code, data) in &edns.options {
        let hex = data.iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        match *code {
            Edns::COOKIE if cookie == Some(data) => {
                let _ = writeln!(out, "; COOKIE: {hex} (echoed)");
            }
            Edns::COOKIE => {
                let _ = writeln!(out, "; COOKIE: {hex}");
            }
            Edns::EXTENDED_ERROR => out.push_str(&extended_error(data)),
            code => {
                let _ = writeln!(out, "; OPT={code}: {hex}");
            }
        }
    }
    out
}

/// RFC 8914's extended error. The names are of the codes that CoreDNS sends.
fn extended_error(data: &[u8]) -> String {
    let code = match data {
        [high, low, ..] => u16::from(*high) << 8 | u16::from(*low),
        _ => 0,
    };
    let name = match code {
        15 => " (Blocked)",
        16 => " (Censored)",
        17 => " (Filtered)",
        18 => " (Prohibited)",
        _ => "",
    };
    match data.get(2..).map(String::from_utf8_lossy).filter(|text| !text.is_empty()) {
        Some(text) => format!("; EDE: {code}{name}: ({text})\n"),
        None => format!("; EDE: {code}{name}\n"),
    }
}

/// The question section, with its title and the blank line after it.
pub fn questions(message: &Message) -> String {
    let mut out = String::from(";; QUESTION SECTION:\n");
    for question in &message.questions {
        out.push_str(&question_line(question));
    }
    out.push('\n');
    out
}

/// One question. The semicolon before it does not count in its columns.
pub fn question_line(question: &Question) -> String {
    question_in(question, COLUMNS)
}

/// A question in the columns of records.
pub fn question_in(question: &Question, columns: [usize; 4]) -> String {
    let [_, class, rtype, _] = columns;
    let mut line = Columns::starting(&question.name);
    line.field(class, &question.class.to_string());
    line.field(rtype, &question.rtype.to_string());
    format!(";{}", line.end())
}

/// The columns of TTL, class, type and data where nothing is left out.
pub const COLUMNS: [usize; 4] = [24, 32, 40, 48];

/// A section of records, with its title and the blank line after it.
pub fn section(title: &str, records: &[Record]) -> String {
    let lines: String = records.iter().map(record_line).collect();
    format!(";; {title} SECTION:\n{lines}\n")
}

/// What of a record is printed, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Whether its TTL is.
    pub ttl: bool,
    /// Whether its class is.
    pub class: bool,
    /// The columns of TTL, class, type and data.
    pub columns: [usize; 4],
}

/// One record.
pub fn record_line(record: &Record) -> String {
    record_in(record, Layout { ttl: true, class: true, columns: COLUMNS })
}

/// One record in a layout.
pub fn record_in(record: &Record, layout: Layout) -> String {
    let [ttl, class, rtype, data] = layout.columns;
    let mut line = Columns::starting(&record.name);
    if layout.ttl {
        line.field(ttl, &record.ttl.to_string());
    }
    if layout.class {
        line.field(class, &record.class.to_string());
    }
    line.field(rtype, &record.rtype().to_string());
    line.field(data, &rdata(&record.data));
    line.end()
}

/// A record's data as in zone files.
pub fn rdata(data: &Rdata) -> String {
    match data {
        Rdata::A(ip) => ip.to_string(),
        Rdata::Aaaa(ip) => ip.to_string(),
        Rdata::Cname(name) | Rdata::Ns(name) | Rdata::Ptr(name) => name.to_string(),
        Rdata::Mx(preference, name) => format!("{preference} {name}"),
        Rdata::Srv(priority, weight, port, target) => format!("{priority} {weight} {port} {target}"),
        Rdata::Txt(strings) => {
            let quoted: Vec<String> = strings.iter().map(|s| quote(s)).collect();
            quoted.join(" ")
        }
        Rdata::Soa(s) => format!(
            "{} {} {} {} {} {} {}",
            s.mname, s.rname, s.serial, s.refresh, s.retry, s.expire, s.minimum
        ),
        Rdata::Other(_, bytes) => {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
            format!("\\# {} {hex}", bytes.len())
        }
    }
}

fn quote(bytes: &[u8]) -> String {
    let mut out = String::from("\"");
    for &byte in bytes {
        match byte {
            b'"' | b'\\' => {
                out.push('\\');
                out.push(char::from(byte));
            }
            b' '..=b'~' => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "\\{byte:03}");
            }
        }
    }
    out.push('"');
    out
}

/// The name under which an address is looked up backwards.
pub fn reverse_name(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, c, d] = ip.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa.")
        }
        IpAddr::V6(ip) => {
            let nibbles = ip.octets().into_iter().rev().flat_map(|byte| [byte & 15, byte >> 4]);
            nibbles.map(|nibble| format!("{nibble:x}.")).collect::<String>() + "ip6.arpa."
        }
    }
}

/// A line whose fields begin at fixed columns, or one blank after the field before; tabs are eight wide.
struct Columns {
    line: String,
    at: usize,
}

impl Columns {
    fn starting(field: &str) -> Columns {
        Columns { line: field.to_string(), at: field.len() }
    }

    fn field(&mut self, column: usize, field: &str) {
        let to = column.max(self.at + 1);
        let tabs = to / 8 - self.at / 8;
        let from = if tabs > 0 { to / 8 * 8 } else { self.at };
        self.line.extend(std::iter::repeat_n('\t', tabs));
        self.line.extend(std::iter::repeat_n(' ', to - from));
        self.line.push_str(field);
        self.at = to + field.len();
    }

    fn end(mut self) -> String {
        self.line.push('\n');
        self.line
    }
}
