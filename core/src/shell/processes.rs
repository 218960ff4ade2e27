//! `ps` and `kill`.
//!
//! Omits: users, terminals and times (they are shown as `root`, `?` and 0)

use super::sh::signal;
use super::{Command, Programs};
use crate::base::{Fd, Pid, Text};
use crate::process::{Cx, Reply, Signal, Syscall, Turn};
use std::collections::VecDeque;

/// A process: its number, its parent's, its command.
type Row = (Pid, Option<Pid>, Text);

/// A `ps` or a `kill`.
#[derive(Debug, Clone)]
pub struct Processes {
    argv: Vec<Text>,
    calls: VecDeque<Syscall>,
    asked: Option<Pid>,
    status: i32,
}

impl Processes {
    /// Does what its name says.
    pub fn new(argv: &[Text]) -> Processes {
        Processes { argv: argv.to_vec(), calls: VecDeque::new(), asked: None, status: 0 }
    }

    fn begin(&mut self) {
        if self.argv.first().is_some_and(|name| name.ends_with("ps")) {
            return self.calls.push_back(Syscall::Processes);
        }
        let mut words = self.argv.iter().skip(1).peekable();
        let mut which = Signal::Term;
        if let Some(flag) = words.next_if(|word| word.starts_with('-')) {
            let name = if &**flag == "-s" { words.next().map_or("", |word| word) } else { &flag[1..] };
            match signal(name) {
                Some(found) => which = found,
                None => {
                    self.calls.push_back(error(format!("kill: invalid signal '{name}'\n")));
                    self.status = 1;
                    return;
                }
            }
        }
        for word in words {
            match word.parse() {
                Ok(pid) => self.calls.push_back(Syscall::Kill(Pid(pid), which)),
                Err(_) => {
                    self.calls.push_back(error(format!("kill: failed to parse argument: '{word}'\n")));
                    self.status = 1;
                }
            }
        }
    }

    /// `ps`: number, terminal, time, command; `-ef` and `aux` say more.
    fn table(&self, processes: &[Row]) -> String {
        let flags: String = self.argv.iter().skip(1).map(|word| word.trim_start_matches('-')).collect();
        let (head, line): (&str, fn(&Row) -> String) = if flags.contains('f') {
            ("UID          PID    PPID  C STIME TTY          TIME CMD\n", |(pid, parent, command)| {
                let parent = parent.map_or(0, |parent| parent.0);
                format!("root     {:>7} {parent:>7}  0 00:00 ?        00:00:00 {command}\n", pid.0)
            })
        } else if flags.contains('u') {
            (
                "USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND\n",
                |(pid, _, command)| {
                    format!(
                        "root     {:>7}  0.0  0.0      0     0 ?        S    00:00   0:00 {command}\n",
                        pid.0
                    )
                },
            )
        } else {
            ("    PID TTY          TIME CMD\n", |(pid, _, command)| {
                let name = command.split(' ').next().unwrap_or_default();
                format!("{:>7} ?        00:00:00 {}\n", pid.0, name.rsplit('/').next().unwrap_or_default())
            })
        };
        std::iter::once(head.to_string()).chain(processes.iter().map(line)).collect()
    }
}

fn error(text: String) -> Syscall {
    Syscall::Write(Fd(2), text.into())
}

impl Command for Processes {
    fn resume(&mut self, _: &mut Cx<'_, '_>, reply: Reply) -> Turn<Programs> {
        match reply {
            Reply::Start => self.begin(),
            Reply::Processes(processes) => {
                let table = self.table(&processes);
                self.calls.push_back(Syscall::Write(Fd(1), table.into()));
            }
            Reply::Err(errno) => {
                if let Some(pid) = self.asked.take() {
                    self.status = 1;
                    self.calls.push_front(error(format!("kill: ({}): {}\n", pid.0, errno.words())));
                }
            }
            _ => {}
        }
        let call = self.calls.pop_front().unwrap_or(Syscall::Exit(self.status));
        self.asked = if let Syscall::Kill(pid, _) = call { Some(pid) } else { None };
        call.into()
    }

    fn command(&self) -> Text {
        self.argv.join(" ").into()
    }
}
