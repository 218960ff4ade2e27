//! kubectl: a client of the API server that speaks HTTP and JSON. Knows nothing of the cluster but what it is told.
//!
//! Models: kubectl v1.35.2
//! Omits: edit, diff, port-forward, attach, debug, top, auth, autoscale, plugins, discovery before each command (it knows the kinds)

pub mod apply;
pub mod args;
pub mod attach;
pub mod autoscale;
pub mod awaiting;
pub mod client;
pub mod commands;
pub mod config;
pub mod create;
pub mod delete;
pub mod describe;
pub mod diff;
pub mod discovery;
pub mod drain;
pub mod edit;
pub mod events;
pub mod exec;
pub mod explain;
pub mod expose;
pub mod files;
pub mod generate;
pub mod get;
pub mod gotemplate;
pub mod json;
pub mod jsonpath;
pub mod label;
pub mod logs;
pub mod merge;
pub mod nodes;
pub mod objects;
pub mod patch;
pub mod port_forward;
pub mod printers;
pub mod replace;
pub mod resources;
pub mod rollout;
pub mod run;
pub mod scale;
pub mod script;
pub mod set;
pub mod table;
pub mod wait;
pub mod watch;
pub mod words;

use self::commands::Work;
use self::script::{Ask, Io, Journal, Next, Stop};
use super::{Command, Programs};
use crate::base::{Fd, Text};
use crate::process::{Cx, Errno, Reply, Signal, Syscall, Turn};
use bytes::Bytes;
use std::collections::VecDeque;

/// A running kubectl.
#[derive(Debug, Clone)]
pub struct Kubectl {
    argv: Vec<Text>,
    work: Work,
    journal: Journal,
    /// What is printed and not yet written.
    writes: VecDeque<(Fd, Bytes)>,
    /// What comes after the writes.
    then: Then,
}

#[derive(Debug, Clone)]
enum Then {
    /// Run the stage.
    Run,
    /// Ask this, then run the stage with the answer.
    Ask(Box<Ask>),
    /// The answer to this is due.
    Answer(Box<Ask>),
    /// End.
    Exit(i32),
}

impl Kubectl {
    /// kubectl with its words; the first is its name.
    pub fn new(argv: &[Text]) -> Kubectl {
        let line = argv.iter().skip(1).map(ToString::to_string).collect();
        Kubectl {
            argv: argv.to_vec(),
            work: Work::start(line),
            journal: Journal::default(),
            writes: VecDeque::new(),
            then: Then::Run,
        }
    }

    /// Runs stages until there is something to write, to ask, or nothing more to do.
    fn run(&mut self, cx: &mut Cx<'_, '_>) {
        let mut io = Io::new(cx, &mut self.journal);
        let flow = self.work.run(&mut io);
        for (fd, text) in io.finish() {
            match self.writes.back_mut() {
                Some((last, bytes)) if *last == fd => *bytes = [bytes, text.as_bytes()].concat().into(),
                _ => self.writes.push_back((fd, text.into())),
            }
        }
        self.then = match flow {
            Ok(Next::Then(work)) => {
                self.work = work;
                self.journal.next_stage();
                Then::Run
            }
            Ok(Next::Exit(status)) | Err(Stop::Exit(status)) => Then::Exit(status),
            Err(Stop::Ask(ask)) => Then::Ask(ask),
        };
    }

    fn ask(&mut self, ask: Box<Ask>) -> Option<Turn<Programs>> {
        let turn = match &*ask {
            Ask::Call(call) => Turn::Call(call.clone()),
            Ask::Relay(fd, to, container) => Turn::Spawn(Box::new(Ask::relay(*fd, *to, container))),
            Ask::Spawn(argv, container) => match Ask::spawn(argv, container.as_ref()) {
                Some(spawn) => Turn::Spawn(Box::new(spawn)),
                None => {
                    self.journal.answer(Reply::Err(Errno::Enoent));
                    self.then = Then::Run;
                    return None;
                }
            },
        };
        self.then = Then::Answer(ask);
        Some(turn)
    }
}

impl Command for Kubectl {
    fn resume(&mut self, cx: &mut Cx<'_, '_>, reply: Reply) -> Turn<Programs> {
        match (std::mem::replace(&mut self.then, Then::Run), reply) {
            // A child in the foreground has the signal too; kubectl waits for what comes of it.
            (Then::Answer(ask), Reply::Interrupted(_)) => self.then = Then::Ask(ask),
            (Then::Answer(_), reply) => self.journal.answer(reply),
            (_, Reply::Err(Errno::Epipe)) => return Syscall::Exit(128 + Signal::Pipe.number()).into(),
            (then, _) => self.then = then,
        }
        loop {
            if let Some((fd, bytes)) = self.writes.pop_front() {
                return Syscall::Write(fd, bytes).into();
            }
            match std::mem::replace(&mut self.then, Then::Run) {
                Then::Run => self.run(cx),
                Then::Exit(status) => return Syscall::Exit(status).into(),
                Then::Ask(ask) | Then::Answer(ask) => {
                    if let Some(turn) = self.ask(ask) {
                        return turn;
                    }
                }
            }
        }
    }

    fn command(&self) -> Text {
        self.argv.join(" ").into()
    }

    fn makes_requests(&self) -> bool {
        true
    }

    fn catches(&self, signal: Signal) -> bool {
        let waits_for_child =
            matches!(&self.then, Then::Answer(ask) if matches!(&**ask, Ask::Call(Syscall::Wait(_))));
        signal == Signal::Int && waits_for_child
    }
}

#[cfg(test)]
mod fake;
#[cfg(test)]
mod tests;
