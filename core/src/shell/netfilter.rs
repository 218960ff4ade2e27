//! `iptables-save`, `iptables -S`, their `ip6tables` twins, `ipset save`, `nft list`, `ipvsadm -Ln`, `conntrack -L`: what a node's network stack
//! holds. Knows no rules: the node's text comes whole, and the words choose from it.
//! Models: the words of iptables 1.8.9, nftables 1.0.6, ipvsadm 1.31, conntrack-tools 1.4.7. Omits: everything that
//! changes something, `iptables -L`, `ipset list`, `ipvsadm --stats`.

use super::{Command, Programs};
use crate::base::{Fd, Text};
use crate::net::Family;
use crate::process::{Cx, Errno, Netlink, Reply, Syscall, Turn};
use std::collections::VecDeque;

/// One of them.
#[derive(Debug, Clone)]
pub struct Netfilter {
    argv: Vec<Text>,
    calls: VecDeque<Syscall>,
}

/// What is printed: standard output, standard error, exit status.
type Shown = (String, String, i32);

impl Netfilter {
    /// Does what its name and words say.
    pub fn new(argv: &[Text]) -> Netfilter {
        Netfilter { argv: argv.to_vec(), calls: VecDeque::new() }
    }

    fn name(&self) -> &str {
        self.argv.first().map_or("", |name| name.rsplit('/').next().unwrap_or(name))
    }

    fn words(&self) -> Vec<&str> {
        self.argv.iter().skip(1).map(|word| &**word).collect()
    }

    /// What is asked of the node, or what is wrong with the words.
    fn wanted(&self) -> Result<Netlink, Shown> {
        let words = self.words();
        let fail = |status, text: &str| Err((String::new(), format!("{text}\n"), status));
        match (self.name(), &words[..]) {
            ("iptables-save" | "iptables", _) => Ok(Netlink::Iptables(Family::V4)),
            ("ip6tables-save" | "ip6tables", _) => Ok(Netlink::Iptables(Family::V6)),
            ("ipset", ["save", ..]) => Ok(Netlink::Ipsets),
            ("ipset", _) => fail(1, "ipset: only `ipset save [SET]` is simulated"),
            ("nft", ["list", ..]) => Ok(Netlink::Nftables),
            ("nft", _) => fail(1, "nft: only `nft list ...` is simulated"),
            ("ipvsadm", words) if has(words, 'c') => Ok(Netlink::IpvsConnections),
            ("ipvsadm", words) if has(words, 'L') || has(words, 'l') || words.is_empty() => Ok(Netlink::Ipvs),
            ("ipvsadm", _) => fail(2, "ipvsadm: only `ipvsadm -Ln` and `ipvsadm -Lnc` are simulated"),
            ("conntrack", words) if has(words, 'L') || words.contains(&"--dump") => Ok(Netlink::Conntrack),
            ("conntrack", words) if has(words, 'S') || words.contains(&"--stats") => {
                Ok(Netlink::ConntrackStatistics)
            }
            _ => fail(
                2,
                "conntrack v1.4.7 (conntrack-tools): You need to supply parameters!\nTry `conntrack -h' or 'conntrack --help' for more information.",
            ),
        }
    }

    fn show(&self, text: &str) -> Shown {
        let words = self.words();
        match self.name() {
            "iptables-save" | "ip6tables-save" => iptables_save(text, &words),
            "iptables" | "ip6tables" => iptables(text, &words),
            "ipset" => ipset(text, &words),
            "nft" => nft(text, &words),
            "conntrack" if !text.starts_with("cpu=") => conntrack(text, &words),
            _ => (text.to_string(), String::new(), 0),
        }
    }

    /// What is said where the node has none, or the command runs elsewhere.
    fn refused(&self, errno: Errno) -> Shown {
        let elsewhere = errno == Errno::Eperm;
        let (status, text) = match self.name() {
            "iptables-save" | "iptables" | "ip6tables-save" | "ip6tables" => (
                4,
                "iptables v1.8.9 (nf_tables): Could not fetch rule set generation id: Permission denied (you must be root)",
            ),
            "nft" if elsewhere => (
                1,
                "Operation not permitted (you must be root)\nnetlink: Error: cache initialization failed: Operation not permitted",
            ),
            "nft" => return nft("", &self.words()),
            "ipvsadm" if elsewhere => (255, "Can't initialize ipvs: Permission denied (you must be root)"),
            "ipvsadm" => (
                255,
                "Can't initialize ipvs: Protocol not available\nAre you sure that IP Virtual Server is built in the kernel or as module?",
            ),
            "ipset" => (1, "ipset v7.17: Kernel error received: Operation not permitted"),
            _ => (
                1,
                "conntrack v1.4.7 (conntrack-tools): Operation failed: sorry, you must be root or get CAP_NET_ADMIN capability to do this",
            ),
        };
        (String::new(), format!("{text}\n"), status)
    }

    fn finish(&mut self, (out, err, status): Shown) {
        let writes = [(1, out), (2, err)].into_iter().filter(|(_, text)| !text.is_empty());
        self.calls.extend(writes.map(|(fd, text)| Syscall::Write(Fd(fd), text.into())));
        self.calls.push_back(Syscall::Exit(status));
    }
}

/// Whether a short option is among the words.
fn has(words: &[&str], flag: char) -> bool {
    words.iter().any(|word| word.starts_with('-') && !word.starts_with("--") && word.contains(flag))
}

/// The word after an option.
fn value<'w>(words: &[&'w str], flags: &[&str]) -> Option<&'w str> {
    let at = words.iter().position(|word| flags.contains(word))?;
    words.get(at + 1).copied()
}

/// The text of one table, from its first line to its last.
fn table<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let is_it = |part: &&str| part.lines().nth(1).is_some_and(|line| line.strip_prefix('*') == Some(name));
    let starts: Vec<usize> = text.match_indices("# Generated by").map(|(at, _)| at).collect();
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    starts.iter().zip(ends).filter_map(|(start, end)| text.get(*start..end)).find(is_it)
}

fn iptables_save(text: &str, words: &[&str]) -> Shown {
    match value(words, &["-t", "--table"]) {
        None => (text.to_string(), String::new(), 0),
        Some(name) => match table(text, name) {
            Some(table) => (table.to_string(), String::new(), 0),
            None => (String::new(), no_table("iptables-save", name), 3),
        },
    }
}

fn no_table(tool: &str, name: &str) -> String {
    let tail =
        "does not exist (do you need to insmod?)\nPerhaps iptables or your kernel needs to be upgraded.";
    format!("{tool} v1.8.9 (nf_tables): table '{name}' {tail}\n")
}

/// `iptables -t nat -S [CHAIN]`
fn iptables(text: &str, words: &[&str]) -> Shown {
    let name = value(words, &["-t", "--table"]).unwrap_or("filter");
    let Some(table) = table(text, name) else { return (String::new(), no_table("iptables", name), 3) };
    let list = ["-S", "--list-rules"];
    if !words.iter().any(|word| list.contains(word)) {
        let words = "iptables: only `iptables [-t TABLE] -S [CHAIN]` is simulated\n";
        return (String::new(), words.into(), 2);
    }
    let chain = value(words, &list).filter(|word| !word.starts_with('-'));
    let is_wanted = |name: &str| chain.is_none_or(|chain| chain == name);
    let mut out = String::new();
    for line in table.lines() {
        let mut parts = line.split(' ');
        match (line.strip_prefix(':'), parts.next(), parts.next()) {
            (Some(rest), _, Some(policy)) => {
                let name = rest.split(' ').next().unwrap_or_default();
                if is_wanted(name) {
                    out.push_str(&match policy {
                        "-" => format!("-N {name}\n"),
                        policy => format!("-P {name} {policy}\n"),
                    });
                }
            }
            (None, Some("-A"), Some(name)) if is_wanted(name) => out.push_str(&format!("{line}\n")),
            _ => {}
        }
    }
    if out.is_empty() {
        return (String::new(), "iptables: No chain/target/match by that name.\n".into(), 1);
    }
    (out, String::new(), 0)
}

/// `ipset save [SET]`
fn ipset(text: &str, words: &[&str]) -> Shown {
    let Some(name) = words.get(1) else { return (text.to_string(), String::new(), 0) };
    let lines = text.lines().filter(|line| line.split(' ').nth(1) == Some(name));
    let out: String = lines.map(|line| format!("{line}\n")).collect();
    if out.is_empty() {
        let error = "ipset v7.17: The set with the given name does not exist\n";
        return (String::new(), error.into(), 1);
    }
    (out, String::new(), 0)
}

/// `nft list tables`, `ruleset`, `table ip kube-proxy`, `chain|set|map ip kube-proxy NAME`
fn nft(text: &str, words: &[&str]) -> Shown {
    let none = || (String::new(), "Error: No such file or directory\n".to_string(), 1);
    let whole = |text: &str| (text.to_string(), String::new(), 0);
    let named = |rest: &[&str]| matches!(rest.first(), Some(&("ip" | "ip6")));
    let family = |rest: &[&str]| if rest.first() == Some(&"ip6") { "ip6" } else { "ip" };
    match words {
        [_, "tables", ..] => whole(&heads(text).map(|head| format!("{head}\n")).collect::<String>()),
        [_, "ruleset", ..] => whole(text),
        [_, "table", rest @ ..] => {
            match (rest.get(usize::from(named(rest))), nft_table(text, family(rest))) {
                (Some(&"kube-proxy"), Some(table)) => whole(table),
                _ => none(),
            }
        }
        [_, kind @ ("chain" | "set" | "map"), all @ ..] => {
            let rest = all.get(usize::from(named(all))..).unwrap_or_default();
            let [_, name, ..] = rest else { return none() };
            let text = nft_table(text, family(all)).unwrap_or_default();
            let head = format!("\t{kind} {name} {{");
            let Some(start) = text.lines().position(|line| line == head) else { return none() };
            let end = text.lines().skip(start).position(|line| line == "\t}").unwrap_or_default();
            let block = text.lines().skip(start).take(end + 1);
            let block: String = block.map(|line| format!("{line}\n")).collect();
            whole(&format!("table {} kube-proxy {{\n{block}}}\n", family(all)))
        }
        _ => (String::new(), "Error: syntax error, unexpected newline\n".into(), 1),
    }
}

/// The tables of a ruleset, as `table ip kube-proxy`.
fn heads(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| line.starts_with("table ")).filter_map(|line| line.strip_suffix(" {"))
}

/// The table of one family.
fn nft_table<'t>(text: &'t str, family: &str) -> Option<&'t str> {
    let start = text.find(&format!("table {family} kube-proxy {{"))?;
    let rest = text.get(start..)?;
    let end = rest.find("\n}\n").map_or(rest.len(), |end| end + 3);
    rest.get(..end)
}

/// `conntrack -L [-p PROTOCOL] [-s ADDRESS] [-d ADDRESS] [--dport PORT]`
fn conntrack(text: &str, words: &[&str]) -> Shown {
    let is = |line: &str, flags: &[&str], key: &str| {
        let first = line.split(' ').find_map(|word| word.strip_prefix(key));
        value(words, flags).is_none_or(|value| first == Some(value))
    };
    let is_protocol =
        |line: &str| value(words, &["-p", "--proto"]).is_none_or(|protocol| line.starts_with(protocol));
    let lines = text.lines().filter(|line| {
        is_protocol(line)
            && is(line, &["-s", "--src", "--orig-src"], "src=")
            && is(line, &["-d", "--dst", "--orig-dst"], "dst=")
            && is(line, &["--dport", "--orig-port-dst"], "dport=")
    });
    let lines: Vec<String> = lines.map(|line| format!("{line}\n")).collect();
    let count = lines.len();
    (
        lines.concat(),
        format!("conntrack v1.4.7 (conntrack-tools): {count} flow entries have been shown.\n"),
        0,
    )
}

impl Command for Netfilter {
    fn resume(&mut self, _: &mut Cx<'_, '_>, reply: Reply) -> Turn<Programs> {
        match reply {
            Reply::Start => match self.wanted() {
                Ok(what) => return Syscall::Netlink(what).into(),
                Err(shown) => self.finish(shown),
            },
            Reply::Data(text) => {
                let shown = self.show(&String::from_utf8_lossy(&text));
                self.finish(shown);
            }
            Reply::Err(errno) if self.calls.is_empty() => {
                let shown = self.refused(errno);
                self.finish(shown);
            }
            _ => {}
        }
        self.calls.pop_front().unwrap_or(Syscall::Exit(1)).into()
    }

    fn command(&self) -> Text {
        self.argv.join(" ").into()
    }
}
