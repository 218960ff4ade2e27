//! resolv.conf as glibc and musl read it; Go reads it as glibc does. Knows no queries.
//! Models: glibc 2.36 resolv/res_init.c, musl 1.2.5 src/network/resolvconf.c.
//! Omits: `sortlist`, `inet6`, `edns0`, `trust-ad` and what else changes no name and no order.

use crate::base::{Duration, Text};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// What the file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvConf {
    /// The servers, at most three.
    pub servers: Vec<SocketAddr>,
    /// The search list.
    pub search: Vec<Text>,
    /// Names with fewer dots are searched for first.
    pub ndots: u8,
    /// How long an answer is waited for.
    pub timeout: Duration,
    /// How often each server is asked.
    pub attempts: u32,
    /// The next question is asked only when the one before is answered.
    pub single_request: bool,
    /// ... and on a new socket.
    pub reopen: bool,
    /// TCP from the start.
    pub use_vc: bool,
    /// The line with the search list.
    pub search_line: Text,
    /// The line with `ndots`.
    pub options_line: Text,
}

impl ResolvConf {
    /// Reads a file. Without servers the local machine is asked.
    pub fn parse(text: &str) -> ResolvConf {
        let mut conf = ResolvConf {
            servers: Vec::new(),
            search: Vec::new(),
            ndots: 1,
            timeout: Duration::secs(5),
            attempts: 2,
            single_request: false,
            reopen: false,
            use_vc: false,
            search_line: "".into(),
            options_line: "".into(),
        };
        for line in text.lines().filter(|line| !line.starts_with(['#', ';'])) {
            let mut words = line.split_whitespace();
            match words.next() {
                Some("nameserver") if conf.servers.len() < 3 => {
                    let ip = words.next().and_then(|word| word.parse::<IpAddr>().ok());
                    conf.servers.extend(ip.map(|ip| SocketAddr::new(ip, 53)));
                }
                // The last of these lines wins.
                Some("search") => {
                    conf.search = words.map(|word| word.trim_end_matches('.').into()).collect();
                    conf.search.iter_mut().filter(|domain| domain.is_empty()).for_each(|d| *d = ".".into());
                    conf.search_line = line.into();
                }
                Some("domain") => {
                    conf.search = words.next().map(Text::from).into_iter().collect();
                    conf.search_line = line.into();
                }
                Some("options") => words.for_each(|option| conf.option(option, line)),
                _ => {}
            }
        }
        if conf.servers.is_empty() {
            conf.servers.push(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 53));
        }
        conf
    }

    /// As musl reads a file: it knows `ndots`, `timeout` (for all tries together) and `attempts`, and a search list of 256
    /// characters or more is none.
    pub fn parse_as_musl(text: &str) -> ResolvConf {
        let mut conf = ResolvConf::parse(text);
        let words = conf.search_line.split_once(char::is_whitespace).map_or("", |(_, words)| words.trim());
        if words.len() >= 256 {
            conf.search = Vec::new();
        }
        (conf.single_request, conf.reopen, conf.use_vc) = (false, false, false);
        conf
    }

    fn option(&mut self, option: &str, line: &str) {
        let (name, value) = option.split_once(':').unwrap_or((option, ""));
        let number: u32 = value.parse().unwrap_or(0);
        match name {
            "ndots" => {
                self.ndots = u8::try_from(number.min(15)).unwrap_or(15);
                self.options_line = line.into();
            }
            "timeout" => self.timeout = Duration::secs(u64::from(number.clamp(1, 30))),
            "attempts" => self.attempts = number.clamp(1, 5),
            "single-request" => self.single_request = true,
            "single-request-reopen" => (self.single_request, self.reopen) = (true, true),
            "use-vc" => self.use_vc = true,
            // Which server comes first is the process's number of lookups; a process here makes one.
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_read_as_glibc_reads_it() {
        let conf = ResolvConf::parse(
            "# x\ndomain a.test\nsearch b.test. c.test\nnameserver 10.96.0.10\nnameserver bad\noptions ndots:99 timeout:1\noptions attempts:9\n",
        );
        assert_eq!(conf.search, [Text::from("b.test"), "c.test".into()]);
        assert_eq!((conf.ndots, conf.attempts, conf.timeout), (15, 5, Duration::secs(1)));
        assert_eq!(conf.servers, ["10.96.0.10:53".parse().expect("an address")]);
        assert_eq!(ResolvConf::parse("").servers, ["127.0.0.1:53".parse().expect("an address")]);
    }
}
