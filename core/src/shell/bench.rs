//! A machine to try programs on: the real kernel, one namespace, no network and no cluster. For tests.

use super::{Programs, commands, sh};
use crate::base::{FlatMap, HostId, Instant, NodeId, Seed, TerminalId, Text};
use crate::effect::{ContainerId, KubeletWake, Out, Timing, Wake};
use crate::engine::{Draws, Fuel, Queue};
use crate::net::Topology;
use crate::net::topology::Host;
use crate::process::{Descriptor, Environment, ExitNotice, Kernel, NewProcess, Terminal};
use crate::trace::{Cause, Log, Place};
use std::sync::Arc;

/// The machine.
pub struct Bench {
    kernel: Kernel<Programs>,
    topology: Topology,
    queue: Queue<Wake>,
    draws: Draws,
    log: Log,
    now: Instant,
}

const TERMINAL: TerminalId = TerminalId(1);

impl Bench {
    pub fn new(files: &[(&str, &str)]) -> Bench {
        let mut topology = Topology::default();
        let ip = "192.0.2.10".parse().expect("an address");
        let host = topology.add(Host {
            place: Place::Outside("host".into()),
            node: None,
            ip,
            other_ip: None,
            dummies: Vec::new(),
            up: true,
        });
        let mut kernel = Kernel::default();
        for (path, content) in files {
            kernel.files_mut(host).put(path, content.to_string());
        }
        Bench {
            kernel,
            topology,
            queue: Queue::default(),
            draws: Draws::new(Seed(7)),
            log: Log::default(),
            now: Instant::ZERO,
        }
    }

    fn with_out<T>(&mut self, act: impl FnOnce(&mut Kernel<Programs>, &Topology, &mut Out<'_>) -> T) -> T {
        let (timing, mut wakes) = (Timing::default(), Vec::new());
        let mut out =
            Out::new(self.now, Cause::default(), &timing, &mut self.draws, &mut self.log, &mut wakes);
        let result = act(&mut self.kernel, &self.topology, &mut out);
        for (due, cause, wake) in wakes {
            self.queue.push(due, cause, wake);
        }
        result
    }

    /// Runs a program with this input; gives what it and its children printed, and its exit status.
    pub fn run(&mut self, program: Programs, input: &str) -> (String, i32) {
        let (descriptor, notice) = self.prepare(input);
        let vars: FlatMap<Text, Text> =
            [("HOME", "/root"), ("PATH", "/usr/bin:/bin"), ("PWD", "/root/tpbench")]
                .map(|(k, v)| (k.into(), v.into()))
                .into();
        let new = NewProcess {
            program,
            host: HostId(0),
            environment: Environment { vars: Arc::new(vars) },
            stdio: [descriptor(false), descriptor(false), descriptor(true)],
            terminal: Some(TERMINAL),
            container: None,
            notice: Some(notice),
        };
        self.with_out(|kernel, _, out| kernel.start(new, out));
        let status = self.until_exit();
        let printed = self.kernel.terminal(TERMINAL).map(Terminal::printed).unwrap_or_default();
        (printed, status)
    }

    fn prepare(&mut self, input: &str) -> (fn(bool) -> Descriptor, ExitNotice) {
        let mut terminal = Terminal::new(HostId(0), Default::default());
        terminal.input = input.split_inclusive('\n').map(|line| line.to_string().into()).collect();
        terminal.closed = true;
        self.kernel.add_terminal(TERMINAL, terminal);
        let container = ContainerId { pod: "".into(), name: "".into() };
        (|err| Descriptor::Terminal(TERMINAL, err), ExitNotice::Container(NodeId(0), container))
    }

    fn until_exit(&mut self) -> i32 {
        let mut fuel = Fuel::default();
        while let Some((due, entry)) = self.queue.pop() {
            self.now = due;
            assert!(fuel.burn(due), "out of fuel");
            match entry.wake {
                Wake::Resume(pid, wait) => {
                    self.with_out(|kernel, topology, out| kernel.resume(pid, wait, topology, out));
                }
                Wake::Kubelet(_, KubeletWake::Exited(_, status)) => return status,
                _ => {}
            }
        }
        panic!(
            "it never ended: {:?}",
            self.kernel.iter().map(|(_, process)| process.program.clone()).collect::<Vec<_>>()
        );
    }
}

/// Runs `bash -c` on a machine with these files.
pub fn run(files: &[(&str, &str)], script: &str) -> (String, i32) {
    let argv: Vec<Text> = ["bash", "-c", script].map(Text::from).to_vec();
    let program = commands::program(&argv).expect("there is a shell");
    Bench::new(files).run(program, "")
}

/// Runs an interactive shell on typed lines.
pub fn type_lines(lines: &str) -> String {
    Bench::new(&[]).run(sh::Sh::interactive().into(), lines).0
}

/// What a transcript prints: the output, and the exit status when it is not 0.
pub fn printed(files: &[(&str, &str)], script: &str) -> String {
    match run(files, script) {
        (text, 0) => text,
        (text, status) => format!("{text}[exit {status}]\n"),
    }
}
