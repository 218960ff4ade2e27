//! dig's command line. Words before the first name set defaults, words after a name are its own.
//! Models: BIND 9.18 bin/dig/dig.c (`parse_args`, `dash_option`, `plus_option`).

use crate::base::{Duration, Fd, Text};
use crate::dns::message::text::reverse_name;
use crate::dns::message::{Class, Opcode, RecordType};
use std::net::IpAddr;

/// A whole command line.
#[derive(Debug, Clone, Default)]
pub struct Dig {
    /// What is looked up.
    pub lookups: Vec<Lookup>,
    /// Whether the command line is printed.
    pub cmd: bool,
    /// Whether a server was named before the first name.
    pub server_named: bool,
}

/// One name, with its options.
#[derive(Debug, Clone)]
pub struct Lookup {
    pub name: Text,
    pub rtype: RecordType,
    pub class: Class,
    pub server: Option<Text>,
    pub port: u16,
    pub short: bool,
    pub identify: bool,
    pub comments: bool,
    pub question: bool,
    pub answer: bool,
    pub authority: bool,
    pub additional: bool,
    pub stats: bool,
    pub ttl: bool,
    pub class_shown: bool,
    pub recurse: bool,
    pub ad: bool,
    pub cd: bool,
    pub tcp: bool,
    pub ignore: bool,
    pub search: bool,
    pub edns: Option<u8>,
    pub bufsize: u16,
    pub cookie: bool,
    pub dnssec: bool,
    pub tries: u32,
    pub timeout: Duration,
    pub opcode: u8,
    pub trace: bool,
}

impl Default for Lookup {
    fn default() -> Lookup {
        Lookup {
            name: ".".into(),
            rtype: RecordType::A,
            class: Class::IN,
            server: None,
            port: 53,
            short: false,
            identify: false,
            comments: true,
            question: true,
            answer: true,
            authority: true,
            additional: true,
            stats: true,
            ttl: true,
            class_shown: true,
            recurse: true,
            ad: true,
            cd: false,
            tcp: false,
            ignore: false,
            search: false,
            edns: Some(0),
            bufsize: 1232,
            cookie: true,
            dnssec: false,
            tries: 3,
            timeout: Duration::secs(5),
            opcode: 0,
            trace: false,
        }
    }
}

/// What is printed instead of looking up: where, what, and the exit status.
pub type Stop = (Fd, String, i32);

const USAGE: &str = "Usage:  dig [@global-server] [domain] [q-type] [q-class] {q-opt}
            {global-d-opt} host [@local-server] {local-d-opt}
            [ host [@local-server] {local-d-opt} [...]]

Use \"dig -h\" (or \"dig -h | more\") for complete list of options
";

/// Reads the command line.
pub fn parse(argv: &[Text]) -> Result<Dig, Stop> {
    let mut dig = Dig { cmd: true, ..Dig::default() };
    let mut defaults = Lookup::default();
    let mut type_given = false;
    let mut open = true;
    let mut words = argv.iter().skip(1).map(|word| &**word);
    while let Some(word) = words.next() {
        if let Some(server) = word.strip_prefix('@') {
            dig.server_named |= dig.lookups.is_empty();
            dig.target(&mut defaults).server = Some(server.into());
        } else if let Some(option) = word.strip_prefix('+') {
            let cmd = &mut dig.cmd;
            let target = dig.lookups.last_mut().unwrap_or(&mut defaults);
            plus(option, target, cmd).ok_or_else(|| invalid(word))?;
        } else if let Some(option) = word.strip_prefix('-').filter(|option| !option.is_empty()) {
            dash(option, &mut words, &mut dig, &mut defaults, &mut open, &mut type_given)?;
        } else {
            let rtype = RecordType::of_word(word).filter(|_| open);
            let class = Class::of_word(word).filter(|_| open && rtype.is_none());
            match (rtype, class) {
                (Some(rtype), _) => {
                    type_given = true;
                    dig.target(&mut defaults).rtype = rtype;
                }
                (None, Some(class)) => dig.target(&mut defaults).class = class,
                (None, None) => dig.lookups.push(Lookup { name: word.into(), ..defaults.clone() }),
            }
        }
    }
    if dig.lookups.is_empty() {
        let rtype = if type_given { defaults.rtype } else { RecordType::NS };
        dig.lookups.push(Lookup { rtype, ..defaults });
    }
    Ok(dig)
}

impl Dig {
    fn target<'a>(&'a mut self, defaults: &'a mut Lookup) -> &'a mut Lookup {
        self.lookups.last_mut().unwrap_or(defaults)
    }
}

fn invalid(word: &str) -> Stop {
    (Fd(2), format!("Invalid option: {word}\n{USAGE}"), 1)
}

fn dash<'a>(
    option: &'a str,
    words: &mut impl Iterator<Item = &'a str>,
    dig: &mut Dig,
    defaults: &mut Lookup,
    open: &mut bool,
    type_given: &mut bool,
) -> Result<(), Stop> {
    let mut chars = option.chars();
    let letter = chars.next().unwrap_or_default();
    match letter {
        '4' | '6' | 'd' | 'i' | 'm' | 'r' | 'u' => return Ok(()),
        'h' => return Err((Fd(1), USAGE.to_string(), 0)),
        'v' => return Err((Fd(1), format!("DiG {}\n", crate::shell::bind::VERSION), 0)),
        'b' | 'c' | 'p' | 'q' | 't' | 'x' => {}
        _ => return Err(invalid(&format!("-{option}"))),
    }
    let rest = chars.as_str();
    let value = if rest.is_empty() { words.next() } else { Some(rest) };
    let value = value.ok_or_else(|| invalid(&format!("-{option}")))?;
    match letter {
        'c' => {
            *open = false;
            let class = Class::of_word(value);
            let class =
                class.ok_or_else(|| (Fd(2), format!(";; Warning, ignoring invalid class {value}\n"), 1));
            dig.target(defaults).class = class?;
        }
        't' => {
            *open = false;
            let rtype = RecordType::of_word(value);
            let rtype =
                rtype.ok_or_else(|| (Fd(2), format!(";; Warning, ignoring invalid type {value}\n"), 1));
            *type_given = true;
            dig.target(defaults).rtype = rtype?;
        }
        'p' => {
            let port = value
                .parse()
                .map_err(|_| (Fd(2), format!("dig: Couldn't parse port number '{value}'\n"), 10));
            dig.target(defaults).port = port?;
        }
        'q' => dig.lookups.push(Lookup { name: value.into(), ..defaults.clone() }),
        'x' => {
            let ip: Result<IpAddr, _> = value.parse();
            let ip = ip.map_err(|_| (Fd(2), format!("Invalid IP address {value}\n"), 1))?;
            let (name, rtype) = (reverse_name(ip).into(), RecordType::PTR);
            dig.lookups.push(Lookup { name, rtype, ..defaults.clone() });
        }
        _ => {}
    }
    Ok(())
}

/// The options after `+`, by full name; what is typed may be shorter. The first that fits is meant.
const PLUS: &[&str] = &[
    "aaonly",
    "aaflag",
    "additional",
    "adflag",
    "all",
    "answer",
    "authority",
    "badcookie",
    "besteffort",
    "bufsize",
    "cdflag",
    "class",
    "cmd",
    "comments",
    "cookie",
    "crypto",
    "dnssec",
    "do",
    "domain",
    "edns",
    "ednsflags",
    "ednsnegotiation",
    "expire",
    "fail",
    "header-only",
    "https",
    "identify",
    "idnin",
    "idnout",
    "ignore",
    "keepopen",
    "multiline",
    "ndots",
    "nsid",
    "onesoa",
    "opcode",
    "padding",
    "qid",
    "qr",
    "question",
    "raflag",
    "rdflag",
    "recurse",
    "retry",
    "rrcomments",
    "search",
    "short",
    "showsearch",
    "split",
    "stats",
    "subnet",
    "tcflag",
    "tcp",
    "time",
    "timeout",
    "trace",
    "tries",
    "ttlid",
    "ttlunits",
    "unknownformat",
    "vc",
    "yaml",
    "zflag",
];

fn plus(option: &str, lookup: &mut Lookup, cmd: &mut bool) -> Option<()> {
    let (word, value) = option.split_once('=').unwrap_or((option, ""));
    let (word, on) = match word.strip_prefix("no") {
        Some(rest) if !rest.is_empty() => (rest, true),
        _ => (word, false),
    };
    let on = !on;
    let name = PLUS
        .iter()
        .find(|name| **name == word)
        .or_else(|| PLUS.iter().find(|name| name.starts_with(word)))?;
    let number = || value.parse::<u32>().ok();
    match *name {
        "additional" => lookup.additional = on,
        "adflag" => lookup.ad = on,
        "all" => {
            *cmd = on;
            (lookup.comments, lookup.stats, lookup.question) = (on, on, on);
            (lookup.answer, lookup.authority, lookup.additional) = (on, on, on);
        }
        "answer" => lookup.answer = on,
        "authority" => lookup.authority = on,
        "bufsize" => {
            lookup.bufsize = if on { u16::try_from(number().unwrap_or(1232)).ok()? } else { 0 };
            lookup.edns = lookup.edns.or(Some(0));
        }
        "cdflag" => lookup.cd = on,
        "class" => lookup.class_shown = on,
        "cmd" => *cmd = on,
        "comments" => lookup.comments = on,
        "cookie" => lookup.cookie = on,
        "dnssec" | "do" => {
            lookup.dnssec = on;
            lookup.edns = if on { lookup.edns.or(Some(0)) } else { lookup.edns };
        }
        "edns" if on => lookup.edns = Some(u8::try_from(number().unwrap_or(0)).ok()?),
        "edns" => lookup.edns = None,
        "identify" => lookup.identify = on,
        "ignore" => lookup.ignore = on,
        "opcode" => {
            let opcode = Opcode::of_word(value).or_else(|| Some(Opcode(u8::try_from(number()?).ok()?)));
            lookup.opcode = if on { opcode?.0 } else { 0 };
        }
        "question" => lookup.question = on,
        "rdflag" | "recurse" => lookup.recurse = on,
        "retry" => lookup.tries = number()?.saturating_add(1),
        "search" | "showsearch" => lookup.search = on,
        "short" => lookup.short = on,
        "stats" => lookup.stats = on,
        "tcp" | "vc" => lookup.tcp = on,
        "time" | "timeout" => lookup.timeout = Duration::secs(u64::from(number()?.max(1))),
        "trace" => {
            (lookup.trace, lookup.recurse) = (on, !on);
            if on {
                (lookup.comments, lookup.stats, lookup.question) = (false, false, false);
                (lookup.additional, lookup.authority, lookup.dnssec) = (false, true, true);
            }
        }
        "tries" => lookup.tries = number()?.max(1),
        "ttlid" => lookup.ttl = on,
        _ => {}
    }
    Some(())
}
