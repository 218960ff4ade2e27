//! `watch`: runs a command again and again, with the screen cleared before each.

use super::args::Spec;
use super::run::INHERITED;
use super::{Command, Programs, date, sh, sleep};
use crate::base::{Duration, Fd, Text};
use crate::process::{Cx, Reply, Spawn, Syscall, Turn};

/// A `watch`.
#[derive(Debug, Clone)]
pub struct Watch {
    argv: Vec<Text>,
    every: Duration,
    shown: String,
    titled: bool,
    command: Text,
    phase: Phase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Clear,
    Run,
    Wait,
    Sleep,
    Failed,
}

const SPEC: Spec = Spec {
    long: &[("interval", 'n'), ("no-title", 't'), ("differences", 'd')],
    stops: true,
    ..Spec::new("n:tdgexc")
};

impl Watch {
    /// Watches a command line.
    pub fn new(argv: &[Text]) -> Watch {
        let (every, shown, titled) = (Duration::secs(2), "2.0".to_string(), true);
        Watch { argv: argv.to_vec(), every, shown, titled, command: "".into(), phase: Phase::Clear }
    }

    fn begin(&mut self) -> Option<Syscall> {
        let fail = |bytes: Vec<u8>| Some(Syscall::Write(Fd(2), bytes.into()));
        let args = match SPEC.read(&self.argv) {
            Ok(args) => args,
            Err(printed) => return fail(printed.err),
        };
        if let Some(interval) = args.value('n') {
            let Some(every) = sleep::duration(interval) else {
                return fail(format!("watch: failed to parse argument: '{interval}'\n").into_bytes());
            };
            // As the real one does: never more often than ten times a second.
            self.every = every.max(Duration::millis(100));
            self.shown = format!("{}.{}", self.every.as_secs(), self.every.as_millis() / 100 % 10);
        }
        if args.operands.is_empty() {
            return fail(b"Usage:\n watch [options] command\n".to_vec());
        }
        self.titled = !args.has('t');
        self.command = args.operands.join(" ").into();
        None
    }

    fn clear(&mut self, cx: &Cx<'_, '_>) -> Turn<Programs> {
        self.phase = Phase::Run;
        let mut text = "\u{1b}[H\u{1b}[2J\u{1b}[3J".to_string();
        if self.titled {
            let now = date::format(cx.out.now, "%a %b %e %H:%M:%S %Y");
            text.push_str(&format!(
                "Every {}s: {}    {}: {now}\n\n",
                self.shown,
                self.command,
                cx.hostname()
            ));
        }
        Syscall::Write(Fd(1), text.into()).into()
    }
}

impl Command for Watch {
    fn resume(&mut self, cx: &mut Cx<'_, '_>, reply: Reply) -> Turn<Programs> {
        match (self.phase, reply) {
            (_, Reply::Start) => match self.begin() {
                Some(complaint) => {
                    self.phase = Phase::Failed;
                    complaint.into()
                }
                None => self.clear(cx),
            },
            (Phase::Failed, _) => Syscall::Exit(1).into(),
            (Phase::Run, _) => {
                self.phase = Phase::Wait;
                let argv: [Text; 3] = ["sh".into(), "-c".into(), self.command.clone()];
                let program = sh::Sh::new(&argv).into();
                Turn::Spawn(Box::new(Spawn {
                    program,
                    stdio: INHERITED,
                    environment: None,
                    inside: None,
                    background: false,
                }))
            }
            (Phase::Wait, Reply::Spawned(pid)) => {
                self.phase = Phase::Sleep;
                Syscall::Wait(Some(pid)).into()
            }
            (Phase::Sleep, _) | (Phase::Wait, _) => {
                self.phase = Phase::Clear;
                Syscall::Sleep(self.every).into()
            }
            (Phase::Clear, _) => self.clear(cx),
        }
    }

    fn command(&self) -> Text {
        self.argv.join(" ").into()
    }
}
