//! `ssh NODE [COMMAND]`: a shell on a node, from the operator's machine. Knows no node's rules.
//! Models: OpenSSH's words for hosts that are not there. Omits: keys, options (they are skipped), and the connection
//! itself: no packet of it is sent.

use super::commands;
use super::run::INHERITED;
use super::{Command, Programs};
use crate::base::{Fd, HostId, Pid, Text};
use crate::process::{Cx, Environment, Inside, Reply, Spawn, Syscall, Turn};
use crate::trace::Place;
use std::collections::VecDeque;
use std::sync::Arc;

/// Options of ssh that take a value.
const WITH_VALUE: &str = "BbcDEeFIiJLlmOopQRSWw";

/// An `ssh`.
#[derive(Debug, Clone)]
pub struct Ssh {
    argv: Vec<Text>,
    node: Text,
    command: Text,
    calls: VecDeque<Syscall>,
    status: i32,
    child: Option<Pid>,
}

impl Ssh {
    /// Logs in where its first word says.
    pub fn new(argv: &[Text]) -> Ssh {
        let (node, command) = parse(argv);
        Ssh { argv: argv.to_vec(), node, command, calls: VecDeque::new(), status: 0, child: None }
    }

    fn fail(&mut self, words: String) -> Turn<Programs> {
        self.status = 255;
        self.calls.push_back(Syscall::Exit(255));
        Syscall::Write(Fd(2), format!("{words}\n").into()).into()
    }

    fn begin(&mut self, cx: &Cx<'_, '_>) -> Turn<Programs> {
        if self.node.is_empty() {
            return self.fail("usage: ssh [user@]node [command [argument ...]]".into());
        }
        if !matches!(cx.place(), Place::Outside(_)) {
            return self.fail(format!("ssh: connect to host {} port 22: Connection refused", self.node));
        }
        Syscall::NodeHost(self.node.clone()).into()
    }

    /// The shell over there: with the command, or at the terminal.
    fn shell(&self, cx: &Cx<'_, '_>, host: HostId) -> Option<Turn<Programs>> {
        let words: &[Text] = if self.command.is_empty() {
            &["bash".into()]
        } else {
            &["bash".into(), "-c".into(), self.command.clone()]
        };
        let mut vars = (*cx.environment.vars).clone();
        vars.extend([("HOME", "/root"), ("PWD", "/root")].map(|(name, value)| (name.into(), value.into())));
        let program = commands::program(words)?;
        let environment = Some(Environment { vars: Arc::new(vars) });
        let spawn = Spawn {
            program,
            stdio: INHERITED,
            environment,
            inside: Some(Inside::Host(host)),
            background: false,
        };
        Some(Turn::Spawn(Box::new(spawn)))
    }
}

/// Host and command.
fn parse(argv: &[Text]) -> (Text, Text) {
    let mut words = argv.iter().skip(1);
    while let Some(word) = words.next() {
        match word.strip_prefix('-') {
            Some(flag) if flag.len() == 1 && WITH_VALUE.contains(flag) => drop(words.next()),
            Some(_) => {}
            None => {
                let command = words.map(|word| &**word).collect::<Vec<&str>>().join(" ");
                return (word.rsplit('@').next().unwrap_or_default().into(), command.into());
            }
        }
    }
    Default::default()
}

impl Command for Ssh {
    fn resume(&mut self, cx: &mut Cx<'_, '_>, reply: Reply) -> Turn<Programs> {
        match reply {
            Reply::Start => return self.begin(cx),
            Reply::Host(host) => {
                if let Some(turn) = self.shell(cx, host) {
                    return turn;
                }
            }
            Reply::Spawned(pid) => {
                self.child = Some(pid);
                return Syscall::Wait(Some(pid)).into();
            }
            Reply::Exited(_, status) => return Syscall::Exit(status).into(),
            Reply::Err(_) if self.child.is_none() && self.status == 0 => {
                let words =
                    format!("ssh: Could not resolve hostname {}: Name or service not known", self.node);
                return self.fail(words);
            }
            _ => {}
        }
        self.calls.pop_front().unwrap_or(Syscall::Exit(self.status)).into()
    }

    fn command(&self) -> Text {
        self.argv.join(" ").into()
    }
}
