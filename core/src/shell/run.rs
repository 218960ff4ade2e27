//! Commands that run a command: `env A=b command`, `timeout 5 command`, `nohup`, `nice`.

use super::sleep::{self, Sleep};
use super::{Command, Programs, commands};
use crate::base::{Fd, Pid, Text};
use crate::process::{Cx, Environment, Reply, Signal, Spawn, Stdio, Syscall, Turn};
use std::collections::VecDeque;
use std::sync::Arc;

/// Such a command.
#[derive(Debug, Clone)]
pub struct Run {
    argv: Vec<Text>,
    phase: Phase,
    queue: VecDeque<Syscall>,
    status: i32,
}

#[derive(Debug, Clone)]
enum Phase {
    /// The command is being started; with a clock beside it when it has a limit.
    Start(Option<Sleep>),
    /// The clock is being started.
    Clock(Pid),
    /// Either ends.
    Wait {
        child: Pid,
        clock: Option<Pid>,
    },
    /// The command was told to stop.
    Stopping(Pid),
    Ended,
}

/// The three descriptors as they are.
pub(super) const INHERITED: [Stdio; 3] = [Stdio::From(Fd(0)), Stdio::From(Fd(1)), Stdio::From(Fd(2))];

/// The start of a child with one's own descriptors.
pub(super) fn spawn(program: Programs, environment: Option<Environment>) -> Turn<Programs> {
    Turn::Spawn(Box::new(Spawn { program, stdio: INHERITED, environment, inside: None, background: false }))
}

impl Run {
    /// Runs the rest of its words.
    pub fn new(argv: &[Text]) -> Run {
        Run { argv: argv.to_vec(), phase: Phase::Start(None), queue: VecDeque::new(), status: 0 }
    }

    fn begin(&mut self, cx: &Cx<'_, '_>) -> Option<Turn<Programs>> {
        let name = self.argv.first().map_or("", |name| name.rsplit('/').next().unwrap_or(name)).to_string();
        let words = self.argv.get(1..).unwrap_or_default().to_vec();
        match name.as_str() {
            "env" => self.env(cx, &words),
            "timeout" => self.timeout(&words),
            "nice" if words.first().is_some_and(|word| &**word == "-n") => {
                self.start(&name, words.get(2..)?, None)
            }
            _ => self.start(&name, &words, None),
        }
    }

    fn env(&mut self, cx: &Cx<'_, '_>, words: &[Text]) -> Option<Turn<Programs>> {
        let mut vars = (*cx.environment.vars).clone();
        let mut rest = words;
        while let Some((word, after)) = rest.split_first() {
            match (&**word, word.split_once('=')) {
                ("-i" | "-", _) => vars.clear(),
                ("-u", _) => {
                    after.first().map(|name| vars.remove(name));
                    rest = after.get(1..).unwrap_or_default();
                    continue;
                }
                (_, Some((name, value))) => drop(vars.insert(name.into(), value.into())),
                _ => break,
            }
            rest = after;
        }
        if rest.is_empty() {
            let lines: String = vars.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
            if !lines.is_empty() {
                self.queue.push_back(Syscall::Write(Fd(1), lines.into()));
            }
            return None;
        }
        self.start("env", rest, Some(Environment { vars: Arc::new(vars) }))
    }

    fn timeout(&mut self, words: &[Text]) -> Option<Turn<Programs>> {
        let mut rest = words;
        while let Some((word, after)) = rest.split_first()
            && word.starts_with('-')
        {
            let takes_value = matches!(&**word, "-s" | "-k");
            rest = after.get(usize::from(takes_value)..).unwrap_or_default();
        }
        let help = "Try 'timeout --help' for more information.";
        let Some((limit, rest)) = rest.split_first().filter(|(_, rest)| !rest.is_empty()) else {
            return self.fail(125, help);
        };
        if sleep::duration(limit).is_none() {
            return self.fail(125, &format!("timeout: invalid time interval '{limit}'\n{help}"));
        }
        self.phase = Phase::Start(Some(Sleep::new(&["sleep".into(), limit.clone()])));
        self.start("timeout", rest, None)
    }

    fn start(
        &mut self,
        tool: &str,
        words: &[Text],
        environment: Option<Environment>,
    ) -> Option<Turn<Programs>> {
        match (words.first(), commands::program(words)) {
            (_, Some(program)) => Some(spawn(program, environment)),
            (Some(name), None) if tool == "timeout" => {
                self.fail(127, &format!("timeout: failed to run command '{name}': No such file or directory"))
            }
            (Some(name), None) => self.fail(127, &format!("{tool}: '{name}': No such file or directory")),
            (None, _) => {
                self.fail(125, &format!("{tool}: missing operand\nTry '{tool} --help' for more information."))
            }
        }
    }

    fn fail(&mut self, status: i32, line: &str) -> Option<Turn<Programs>> {
        self.status = status;
        self.queue.push_back(Syscall::Write(Fd(2), format!("{line}\n").into()));
        None
    }

    fn answered(&mut self, reply: &Reply) -> Option<Turn<Programs>> {
        let phase = std::mem::replace(&mut self.phase, Phase::Ended);
        let (next, turn) = match (phase, reply) {
            (Phase::Start(Some(clock)), Reply::Spawned(child)) => {
                (Phase::Clock(*child), spawn(clock.into(), None))
            }
            (Phase::Start(None), Reply::Spawned(child)) => {
                (Phase::Wait { child: *child, clock: None }, Syscall::Wait(Some(*child)).into())
            }
            (Phase::Clock(child), Reply::Spawned(clock)) => {
                (Phase::Wait { child, clock: Some(*clock) }, Syscall::Wait(None).into())
            }
            (Phase::Wait { child, clock: Some(clock) }, Reply::Exited(pid, _)) if *pid == clock => {
                (Phase::Stopping(child), Syscall::Kill(child, Signal::Term).into())
            }
            (Phase::Wait { clock, .. }, Reply::Exited(_, status)) => {
                self.status = *status;
                self.queue.extend(clock.map(|clock| Syscall::Kill(clock, Signal::Kill)));
                return None;
            }
            (Phase::Stopping(child), Reply::Done | Reply::Err(_)) => {
                (Phase::Stopping(child), Syscall::Wait(Some(child)).into())
            }
            (Phase::Stopping(_), _) => {
                self.status = 124;
                return None;
            }
            (phase, _) => {
                self.phase = phase;
                return None;
            }
        };
        self.phase = next;
        Some(turn)
    }
}

impl Command for Run {
    fn resume(&mut self, cx: &mut Cx<'_, '_>, reply: Reply) -> Turn<Programs> {
        let turn = match reply {
            Reply::Start => self.begin(cx),
            reply => self.answered(&reply),
        };
        match turn {
            Some(turn) => turn,
            None => self.queue.pop_front().unwrap_or(Syscall::Exit(self.status)).into(),
        }
    }

    fn command(&self) -> Text {
        self.argv.join(" ").into()
    }
}
