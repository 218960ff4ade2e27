//! The list of commands: name, what it does in one line, how it starts. Help and completion are derived from it.

use super::filter::{Filter, base64, cat, cut, grep, head, sed, sort, tail, tee, tr, uniq, wc};
use super::netfilter::Netfilter;
use super::print::Print;
use super::processes::Processes;
use super::run::Run;
use super::{
    Programs, coredns, curl, date, dig, echo, files, getent, help, host, identity, images, kubectl, ls,
    names, nslookup,
};
use super::{print, printf, python, seq, sh, sleep, ssh, vi, watch, wget, xargs, yes};
use crate::base::Text;

/// All commands, in the order of `help`. A new command is one file and one line here.
#[rustfmt::skip]
pub static COMMANDS: &[Entry] = &[
    entry("kubectl", "talk to the API server", |argv| kubectl::Kubectl::new(argv).into()),
    entry("curl", "transfer a URL", |argv| curl::Curl::new(argv).into()),
    entry("wget", "fetch a URL", |argv| wget::Wget::new(argv).into()),
    entry("dig", "ask DNS servers and print whole messages", |argv| dig::Dig::new(argv).into()),
    entry("nslookup", "look names up in DNS", |argv| nslookup::Nslookup::new(argv).into()),
    entry("host", "look names up in DNS, in sentences", |argv| host::Host::new(argv).into()),
    entry("getent", "ask the C library for hosts", |argv| getent::Getent::new(argv).into()),
    entry("agnhost", "try a connection as a Go program: agnhost connect HOST:PORT", images::agnhost),
    entry("coredns", "run a DNS server: coredns -conf Corefile", coredns::start),
    entry("python3", "run a Python program", |argv| python::Python::new(argv).into()),
    entry("python", "run a Python program", |argv| python::Python::new(argv).into()),
    entry("help", "list the commands", |argv| Print::new(argv, help::help).into()),
    entry("clear", "clear the screen", |argv| Print::new(argv, help::clear).into()),
    entry("bash", "the shell", |argv| sh::Sh::new(argv).into()),
    entry("sh", "the shell", |argv| sh::Sh::new(argv).into()),
    entry("watch", "run a command again and again", |argv| watch::Watch::new(argv).into()),
    entry("sleep", "wait for a time", |argv| sleep::Sleep::new(argv).into()),
    entry("timeout", "run a command with a time limit", |argv| Run::new(argv).into()),
    entry("xargs", "run a command with words from standard input", |argv| xargs::Xargs::new(argv).into()),
    entry("grep", "print lines that match a pattern", |argv| Filter::new(argv, grep::Grep::default()).into()),
    entry("egrep", "grep -E", |argv| Filter::new(argv, grep::Grep::default()).into()),
    entry("fgrep", "grep -F", |argv| Filter::new(argv, grep::Grep::default()).into()),
    entry("sed", "edit lines by a script", |argv| Filter::new(argv, sed::Sed::default()).into()),
    entry("sort", "sort lines", |argv| Filter::new(argv, sort::Sort::default()).into()),
    entry("uniq", "drop or count repeated lines", |argv| Filter::new(argv, uniq::Uniq::default()).into()),
    entry("wc", "count lines, words and bytes", |argv| Filter::new(argv, wc::Wc::default()).into()),
    entry("head", "print the first lines", |argv| Filter::new(argv, head::Head::default()).into()),
    entry("tail", "print the last lines", |argv| Filter::new(argv, tail::Tail::default()).into()),
    entry("cut", "print parts of lines", |argv| Filter::new(argv, cut::Cut::default()).into()),
    entry("tr", "translate or delete characters", |argv| Filter::new(argv, tr::Tr::default()).into()),
    entry("tee", "copy standard input to files and on", |argv| Filter::new(argv, tee::Tee::default()).into()),
    entry("base64", "encode or decode base64", |argv| Filter::new(argv, base64::Base64::default()).into()),
    entry("cat", "print files", |argv| Filter::new(argv, cat::Cat::default()).into()),
    entry("vi", "edit a file", |argv| vi::Vi::new(argv).into()),
    entry("vim", "edit a file", |argv| vi::Vi::new(argv).into()),
    entry("nano", "edit a file", |argv| vi::Vi::new(argv).into()),
    entry("ls", "list files", |argv| Print::new(argv, ls::run).into()),
    entry("rm", "remove files", |argv| Print::changing(argv, files::rm).into()),
    entry("cp", "copy files", |argv| Print::changing(argv, files::cp).into()),
    entry("mv", "move files", |argv| Print::changing(argv, files::mv).into()),
    entry("touch", "make empty files", |argv| Print::changing(argv, files::touch).into()),
    entry("mkdir", "make directories", |argv| Print::changing(argv, files::mkdir).into()),
    entry("rmdir", "remove empty directories", |argv| Print::changing(argv, files::rmdir).into()),
    entry("pwd", "print the working directory", |argv| Print::new(argv, names::pwd).into()),
    entry("basename", "print the last part of a path", |argv| Print::new(argv, names::basename).into()),
    entry("dirname", "print a path without its last part", |argv| Print::new(argv, names::dirname).into()),
    entry("echo", "print words", |argv| Print::new(argv, echo::run).into()),
    entry("printf", "print words in a format", |argv| Print::new(argv, printf::run).into()),
    entry("seq", "print numbers in a row", |argv| Print::new(argv, seq::run).into()),
    entry("yes", "print a line for ever", |argv| yes::Yes::new(argv).into()),
    entry("date", "print the time of this world", |argv| Print::new(argv, date::run).into()),
    entry("env", "print or change the environment", |argv| Run::new(argv).into()),
    entry("printenv", "print the environment", |argv| Print::new(argv, names::printenv).into()),
    entry("which", "tell where a command is", |argv| Print::new(argv, names::which).into()),
    entry("hostname", "print this machine's name", |argv| Print::new(argv, identity::hostname).into()),
    entry("whoami", "print who you are", |argv| Print::new(argv, identity::whoami).into()),
    entry("id", "print who you are, in numbers", |argv| Print::new(argv, identity::id).into()),
    entry("uname", "print the system's name", |argv| Print::new(argv, identity::uname).into()),
    entry("ip", "print addresses: ip addr", |argv| Print::new(argv, identity::ip).into()),
    entry("ifconfig", "print addresses", |argv| Print::new(argv, identity::ifconfig).into()),
    entry("ssh", "log in on a node: ssh node-1 'command'", |argv| ssh::Ssh::new(argv).into()),
    entry("iptables-save", "print a node's rules of iptables", |argv| Netfilter::new(argv).into()),
    entry("iptables", "print rules: iptables -t nat -S", |argv| Netfilter::new(argv).into()),
    entry("ip6tables-save", "print a node's rules of ip6tables", |argv| Netfilter::new(argv).into()),
    entry("ip6tables", "print rules: ip6tables -t nat -S", |argv| Netfilter::new(argv).into()),
    entry("ipset", "print sets of addresses: ipset save", |argv| Netfilter::new(argv).into()),
    entry("nft", "print a node's rules of nftables", |argv| Netfilter::new(argv).into()),
    entry("ipvsadm", "print a node's virtual servers: ipvsadm -Ln", |argv| Netfilter::new(argv).into()),
    entry("conntrack", "print a node's connections: conntrack -L", |argv| Netfilter::new(argv).into()),
    entry("ps", "list processes", |argv| Processes::new(argv).into()),
    entry("kill", "send a signal to a process", |argv| Processes::new(argv).into()),
    entry("nohup", "run a command", |argv| Run::new(argv).into()),
    entry("nice", "run a command", |argv| Run::new(argv).into()),
    entry("test", "tell whether something holds", |argv| Print::new(argv, names::brackets).into()),
    entry("[", "tell whether something holds", |argv| Print::new(argv, names::brackets).into()),
    entry("true", "do nothing, successfully", |argv| Print::new(argv, print::succeed).into()),
    entry("false", "do nothing, unsuccessfully", |argv| Print::new(argv, print::fail).into()),
];

const fn entry(name: &'static str, help: &'static str, start: fn(&[Text]) -> Programs) -> Entry {
    Entry { name, help, start }
}

/// A command.
#[derive(Debug)]
pub struct Entry {
    /// The name as typed.
    pub name: &'static str,
    /// What it does, in one line.
    pub help: &'static str,
    /// Starts it with its words; the first is its name.
    pub start: fn(&[Text]) -> Programs,
}

/// The command of a name or a path (`/bin/sh`).
pub fn find(name: &str) -> Option<&'static Entry> {
    let base = match name.rsplit_once('/') {
        Some(("", base @ ("agnhost" | "coredns"))) => base,
        Some(("/bin" | "/usr/bin" | "/sbin" | "/usr/sbin" | "/usr/local/bin", base)) => base,
        Some(_) => return None,
        None => name,
    };
    COMMANDS.iter().find(|entry| entry.name == base)
}

/// The program that a command line's words name; `None`: command not found.
pub fn program(argv: &[Text]) -> Option<Programs> {
    let entry = find(argv.first()?)?;
    Some((entry.start)(argv))
}
