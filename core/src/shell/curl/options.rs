//! curl's command line. Knows no network.
//! Omits: what is not listed in [`OPTIONS`], globbing, configuration files.

use crate::base::{Duration, Text};
use crate::process::Cx;
use std::net::IpAddr;

/// What was asked for.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The URLs, in order.
    pub urls: Vec<String>,
    /// Where each URL's body goes (`-o`, `-O`); the terminal when there are fewer.
    pub outputs: Vec<Output>,
    /// `-s`
    pub silent: bool,
    /// `-S`
    pub show_error: bool,
    /// `-v`
    pub verbose: bool,
    /// `-i`
    pub include: bool,
    /// `-I`
    pub head: bool,
    /// `-f`
    pub fail: bool,
    /// `--fail-with-body`
    pub fail_with_body: bool,
    /// `-L`
    pub location: bool,
    /// `-G`
    pub get: bool,
    /// `-4` or `-6`
    pub family: Option<Family>,
    /// `-X`
    pub method: Option<String>,
    /// `-H`, in order.
    pub headers: Vec<String>,
    /// `-A`
    pub agent: Option<String>,
    /// `-e`
    pub referer: Option<String>,
    /// `-u`
    pub user: Option<String>,
    /// `-d` and the like, joined.
    pub data: Option<String>,
    /// `--json`
    pub json: bool,
    /// `-w`
    pub write_out: Option<String>,
    /// `-m`
    pub max_time: Option<Duration>,
    /// `--connect-timeout`
    pub connect_timeout: Option<Duration>,
    /// `--resolve`: host, port, addresses.
    pub resolve: Vec<(String, u16, Vec<IpAddr>)>,
    /// `--max-redirs`
    pub max_redirects: Option<u32>,
}

/// Where a body goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// A file.
    File(String),
    /// A file named like the URL's last part.
    Remote,
}

/// Which addresses are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
}

/// What the command line comes to.
#[derive(Debug, Clone)]
pub enum Parsed {
    /// Transfers.
    Run(Box<Options>),
    /// Text on standard output.
    Print(String),
    /// Lines on standard error, exit status 2.
    Usage(String),
}

/// The options: letter, long name, whether a value follows.
pub static OPTIONS: &[(char, &str, bool)] = &[
    ('s', "silent", false),
    ('S', "show-error", false),
    ('v', "verbose", false),
    ('i', "include", false),
    ('i', "show-headers", false),
    ('I', "head", false),
    ('f', "fail", false),
    ('\0', "fail-with-body", false),
    ('L', "location", false),
    ('G', "get", false),
    ('4', "ipv4", false),
    ('6', "ipv6", false),
    ('k', "insecure", false),
    ('N', "no-buffer", false),
    ('g', "globoff", false),
    ('q', "disable", false),
    ('#', "progress-bar", false),
    ('\0', "no-progress-meter", false),
    ('\0', "http1.1", false),
    ('O', "remote-name", false),
    ('h', "help", false),
    ('V', "version", false),
    ('o', "output", true),
    ('w', "write-out", true),
    ('H', "header", true),
    ('X', "request", true),
    ('d', "data", true),
    ('\0', "data-raw", true),
    ('\0', "data-binary", true),
    ('\0', "data-ascii", true),
    ('\0', "data-urlencode", true),
    ('\0', "json", true),
    ('m', "max-time", true),
    ('\0', "connect-timeout", true),
    ('A', "user-agent", true),
    ('e', "referer", true),
    ('u', "user", true),
    ('\0', "resolve", true),
    ('\0', "max-redirs", true),
    ('\0', "url", true),
];

/// The version that is imitated.
pub const VERSION: &str = "8.12.1";

/// Reads the words after `curl`.
pub fn parse(cx: &Cx<'_, '_>, words: &[Text]) -> Parsed {
    let mut options = Options::default();
    let mut words = words.iter();
    let mut only_urls = false;
    while let Some(word) = words.next() {
        if only_urls || !word.starts_with('-') || &**word == "-" {
            options.urls.push(word.to_string());
        } else if &**word == "--" {
            only_urls = true;
        } else if let Some(long) = word.strip_prefix("--") {
            let Some((_, name, valued)) = OPTIONS.iter().find(|(_, name, _)| *name == long) else {
                return usage(&format!("option {word}: is unknown"));
            };
            let value = if *valued { words.next().map(|value| &**value) } else { Some("") };
            let Some(value) = value else { return usage(&format!("option {word}: requires parameter")) };
            if let Some(end) = options.set(cx, name, value, word) {
                return end;
            }
        } else if let Some(end) = options.short(cx, word, &mut words) {
            return end;
        }
    }
    if options.urls.is_empty() {
        return usage("(2) no URL specified");
    }
    Parsed::Run(Box::new(options))
}

fn usage(what: &str) -> Parsed {
    let hint = "curl: try 'curl --help' or 'curl --manual' for more information";
    Parsed::Usage(format!("curl: {what}\n{hint}\n"))
}

impl Options {
    /// A word of short options, `-sS` or `-m5`.
    fn short<'a>(
        &mut self,
        cx: &Cx<'_, '_>,
        word: &str,
        words: &mut impl Iterator<Item = &'a Text>,
    ) -> Option<Parsed> {
        for (at, letter) in word.char_indices().skip(1) {
            let found = OPTIONS.iter().find(|(short, ..)| *short == letter);
            let Some((_, name, valued)) = found else {
                return Some(usage(&format!("option {word}: is unknown")));
            };
            if !valued {
                if let Some(end) = self.set(cx, name, "", word) {
                    return Some(end);
                }
                continue;
            }
            let attached = word.get(at + letter.len_utf8()..).filter(|rest| !rest.is_empty());
            let value = attached.or_else(|| words.next().map(|value| &**value));
            return match value {
                Some(value) => self.set(cx, name, value, word),
                None => Some(usage(&format!("option {word}: requires parameter"))),
            };
        }
        None
    }

    fn set(&mut self, cx: &Cx<'_, '_>, name: &str, value: &str, word: &str) -> Option<Parsed> {
        match name {
            "silent" => self.silent = true,
            "show-error" => self.show_error = true,
            "verbose" => self.verbose = true,
            "include" | "show-headers" => self.include = true,
            "head" => (self.head, self.include) = (true, true),
            "fail" => self.fail = true,
            "fail-with-body" => self.fail_with_body = true,
            "location" => self.location = true,
            "get" => self.get = true,
            "ipv4" => self.family = Some(Family::V4),
            "ipv6" => self.family = Some(Family::V6),
            "remote-name" => self.outputs.push(Output::Remote),
            "output" => self.outputs.push(Output::File(value.to_string())),
            "write-out" => self.write_out = Some(value.to_string()),
            "header" => self.headers.push(value.to_string()),
            "request" => self.method = Some(value.to_string()),
            "user-agent" => self.agent = Some(value.to_string()),
            "referer" => self.referer = Some(value.to_string()),
            "user" => self.user = Some(value.to_string()),
            "url" => self.urls.push(value.to_string()),
            "data" | "data-raw" | "data-binary" | "data-ascii" | "data-urlencode" | "json" => {
                return self.add_data(cx, name, value, word);
            }
            "max-time" | "connect-timeout" | "max-redirs" if !self.set_number(name, value) => {
                return Some(usage(&format!("option {word}: expected a proper numerical parameter")));
            }
            "resolve" => match resolve(value) {
                Some(entry) => self.resolve.push(entry),
                None => return Some(usage(&format!("option {word}: is badly used here"))),
            },
            "help" => return Some(Parsed::Print(HELP.to_string())),
            "version" => return Some(Parsed::Print(version())),
            // The rest changes nothing here: there is no TLS, no meter, no globbing, no buffering.
            _ => {}
        }
        None
    }

    fn set_number(&mut self, name: &str, value: &str) -> bool {
        match name {
            "max-time" => self.max_time = seconds(value),
            "connect-timeout" => self.connect_timeout = seconds(value),
            _ => self.max_redirects = value.parse().ok(),
        }
        match name {
            "max-time" => self.max_time.is_some(),
            "connect-timeout" => self.connect_timeout.is_some(),
            _ => self.max_redirects.is_some(),
        }
    }

    fn add_data(&mut self, cx: &Cx<'_, '_>, name: &str, value: &str, word: &str) -> Option<Parsed> {
        let text = match value.strip_prefix('@') {
            Some(path) if name != "data-raw" && name != "data-urlencode" => match cx.files.text(path) {
                Some(text) if name == "data-binary" || name == "json" => text.to_string(),
                Some(text) => text.replace(['\r', '\n'], ""),
                None => {
                    let why = format!(
                        "Failed to open {path}\ncurl: option {word}: error encountered when reading a file"
                    );
                    return Some(usage(&why));
                }
            },
            _ if name == "data-urlencode" => encode_pair(value),
            _ => value.to_string(),
        };
        self.json |= name == "json";
        match &mut self.data {
            Some(data) if name == "json" => data.push_str(&text),
            Some(data) => {
                data.push('&');
                data.push_str(&text);
            }
            None => self.data = Some(text),
        }
        None
    }
}

/// `host:port:address[,address]`.
fn resolve(value: &str) -> Option<(String, u16, Vec<IpAddr>)> {
    let mut parts = value.trim_start_matches('+').splitn(3, ':');
    let (host, port) = (parts.next()?.to_ascii_lowercase(), parts.next()?.parse().ok()?);
    let ips = parts.next()?.split(',').map(|ip| ip.trim_matches(['[', ']']).parse().ok());
    Some((host, port, ips.collect::<Option<Vec<IpAddr>>>()?))
}

/// Seconds with decimals.
fn seconds(text: &str) -> Option<Duration> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let part: String = part.chars().chain("000".chars()).take(3).collect();
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let millis = whole.checked_mul(1_000)?.checked_add(part.parse().ok()?)?;
    Some(Duration::millis(millis.min(u64::MAX / 1_000_000)))
}

/// `name=content` with the content encoded.
fn encode_pair(text: &str) -> String {
    let (name, content) = text.split_once('=').map_or(("", text), |(name, content)| (name, content));
    let mut out = if name.is_empty() { String::new() } else { format!("{name}=") };
    for byte in content.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn version() -> String {
    let first = format!("curl {VERSION} (x86_64-pc-linux-gnu) libcurl/{VERSION}");
    format!("{first}\nRelease-Date: 2025-02-13\nProtocols: http\nFeatures: IPv6\n")
}

const HELP: &str = "Usage: curl [options...] <url>
 -d, --data <data>           HTTP POST data
 -f, --fail                  Fail fast with no output on HTTP errors
 -h, --help <subject>        Get help for commands
 -o, --output <file>         Write to file instead of stdout
 -O, --remote-name           Write output to file named as remote file
 -i, --show-headers          Show response headers in output
 -s, --silent                Silent mode
 -u, --user <user:password>  Server user and password
 -A, --user-agent <name>     Send User-Agent <name> to server
 -v, --verbose               Make the operation more talkative
 -V, --version               Show version number and quit
";
