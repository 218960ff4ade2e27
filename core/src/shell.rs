//! Floor 7: the programs that pods and terminals run: one file per command, one list. Knows no kernel; a program sees
//! replies and makes system calls.

pub mod args;
pub mod bind;
#[cfg(test)]
pub(crate) mod bench;
pub mod commands;
pub mod connect;
pub mod coredns;
pub mod curl;
pub mod date;
pub mod dig;
pub mod echo;
pub mod external_dns;
pub mod files;
pub mod filter;
pub mod getent;
pub mod help;
pub mod host;
pub mod idle;
pub mod identity;
pub mod images;
pub mod internet;
pub mod kubectl;
pub mod kubedns;
pub mod ls;
pub mod names;
pub mod netfilter;
pub mod nslookup;
pub mod paths;
pub mod print;
pub mod printf;
pub mod probe;
pub mod processes;
pub mod python;
pub mod regex;
pub mod run;
pub mod seq;
pub mod servers;
pub mod sh;
pub mod strangers;
pub mod wget;
pub mod sleep;
pub mod ssh;
pub mod vi;
pub mod watch;
pub mod xargs;
pub mod yes;

use crate::base::Text;
use crate::process::{Cx, Program, Reply, Signal, Turn};

/// A command: what each variant of [`Programs`] holds.
pub trait Command {
    /// Goes on with a reply until the next call or child.
    fn resume(&mut self, cx: &mut Cx<'_, '_>, reply: Reply) -> Turn<Programs>;

    /// The command line, as `ps` shows it.
    fn command(&self) -> Text;

    /// Whether what it does is a journey of its own (curl, dig, kubectl).
    fn makes_requests(&self) -> bool {
        false
    }

    /// Whether it handles a signal instead of dying of it.
    fn catches(&self, _signal: Signal) -> bool {
        false
    }
}

/// Declares [`Programs`]: one variant per kind of program, each with a type that implements [`Command`].
macro_rules! programs {
    ($($(#[$doc:meta])* $variant:ident($program:ty),)*) => {
        /// Everything that can run. A new program is one file, one line in [`commands::COMMANDS`] and one line here.
        #[derive(Debug, Clone)]
        pub enum Programs {
            $($(#[$doc])* $variant(Box<$program>),)*
        }

        impl Program for Programs {
            fn resume(&mut self, cx: &mut Cx<'_, '_>, reply: Reply) -> Turn<Programs> {
                match self {
                    $(Programs::$variant(program) => Command::resume(&mut **program, cx, reply),)*
                }
            }

            fn command(&self) -> Text {
                match self {
                    $(Programs::$variant(program) => Command::command(&**program),)*
                }
            }

            fn makes_requests(&self) -> bool {
                match self {
                    $(Programs::$variant(program) => Command::makes_requests(&**program),)*
                }
            }

            fn catches(&self, signal: Signal) -> bool {
                match self {
                    $(Programs::$variant(program) => Command::catches(&**program, signal),)*
                }
            }
        }

        $(impl From<$program> for Programs {
            fn from(program: $program) -> Programs {
                Programs::$variant(Box::new(program))
            }
        })*
    };
}

programs! {
    /// The line shell.
    Sh(sh::Sh),
    /// The client of the API server.
    Kubectl(kubectl::Kubectl),
    /// Commands that read files or standard input line by line: `grep`, `sort` ...
    Filter(filter::Filter),
    /// `ps`, `kill`
    Processes(processes::Processes),
    /// `env`, `timeout`
    Run(run::Run),
    /// `sleep`
    Sleep(sleep::Sleep),
    /// `watch`
    Watch(watch::Watch),
    /// `xargs`
    Xargs(xargs::Xargs),
    /// `yes`
    Yes(yes::Yes),
    /// Commands that print once and end: `date`, `seq`, `ls` ...
    Print(print::Print),
    /// curl.
    Curl(curl::Curl),
    /// wget.
    Wget(wget::Wget),
    /// CoreDNS.
    Coredns(coredns::Coredns),
    /// ExternalDNS.
    ExternalDns(external_dns::ExternalDns),
    /// A container of kube-dns.
    KubeDns(kubedns::KubeDns),
    /// The resolver of the network outside.
    Internet(internet::Internet),
    /// dig.
    Dig(dig::Dig),
    /// nslookup.
    Nslookup(nslookup::Nslookup),
    /// host.
    Host(host::Host),
    /// `agnhost connect`
    Connect(connect::Connect),
    /// getent.
    Getent(getent::Getent),
    /// python3.
    Python(python::Python),
    /// A probe of a kubelet.
    Probe(probe::Probe),
    /// A server.
    Server(servers::Server),
    /// A stranger's request to the API server.
    Ask(strangers::ask::Ask),
    /// A stranger's connection.
    Relay(strangers::relay::Relay),
    /// `iptables-save`, `nft`, `ipvsadm`, `conntrack`
    Netfilter(netfilter::Netfilter),
    /// ssh.
    Ssh(ssh::Ssh),
    /// `vi`, `vim`, `nano`
    Vi(vi::Vi),
    /// What only waits.
    Idle(idle::Idle),
}

impl Programs {
    /// CoreDNS's server blocks, if this is one.
    pub fn as_coredns(&self) -> Option<&crate::dns::server::Server> {
        match self {
            Programs::Coredns(coredns) => Some(coredns.server()),
            _ => None,
        }
    }

    /// The shell, if this is one: the terminal shows its prompt when it is idle.
    pub fn as_shell(&self) -> Option<&sh::Sh> {
        match self {
            Programs::Sh(sh) => Some(sh),
            _ => None,
        }
    }
}
