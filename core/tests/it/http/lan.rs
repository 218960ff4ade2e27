//! A network of a few namespaces: processes run, packets arrive after half a millisecond. No cluster, no rules.

use std::net::IpAddr;
use tidepool_core::base::{Duration, HostId, Instant, NodeId, Pid, Seed, TerminalId, Text};
use tidepool_core::effect::{ContainerId, ContainerSpec, Out, ProbeAction, Timing, Wake};
use tidepool_core::engine::{Draws, Queue};
use tidepool_core::net::{Host, Topology};
use tidepool_core::process::terminal::ChunkKind;
use tidepool_core::process::{Descriptor, Environment, Kernel, NewProcess, Signal, Terminal};
use tidepool_core::shell::{Programs, commands, images, probe};
use tidepool_core::trace::{Cause, Log, Place};

pub struct Lan {
    pub kernel: Kernel<Programs>,
    pub topology: Topology,
    pub now: Instant,
    client: HostId,
    containers: u32,
    queue: Queue<Wake>,
    log: Log,
    draws: Draws,
    timing: Timing,
}

impl Lan {
    /// A network with a client at 10.0.0.9.
    pub fn new() -> Lan {
        let mut lan = Lan {
            kernel: Kernel::default(),
            topology: Topology::default(),
            now: Instant::ZERO,
            client: HostId(0),
            containers: 0,
            queue: Queue::default(),
            log: Log::default(),
            draws: Draws::new(Seed(1)),
            timing: Timing::default(),
        };
        lan.client = lan.host("client", "10.0.0.9");
        lan
    }

    pub fn host(&mut self, name: &str, ip: &str) -> HostId {
        let ip: IpAddr = ip.parse().expect("an address");
        let place = Place::Pod("default".into(), name.into());
        self.topology.add(Host {
            place,
            node: Some(NodeId(0)),
            ip,
            other_ip: None,
            dummies: Vec::new(),
            up: true,
        })
    }

    /// Runs a container in a new namespace.
    pub fn container(
        &mut self,
        name: &str,
        ip: &str,
        image: &str,
        args: &[&str],
        ports: &[u16],
    ) -> (HostId, Pid) {
        let host = self.host(name, ip);
        let spec = ContainerSpec {
            image: image.into(),
            command: Vec::new(),
            args: args.iter().map(|word| Text::from(*word)).collect(),
            env: Vec::new(),
            ports: ports.iter().map(|port| (*port, "TCP".into())).collect(),
        };
        self.containers += 1;
        let container = ContainerId { pod: name.into(), name: "c".into() };
        let log = |err| Descriptor::Log(container.clone(), err);
        let stdio = [Descriptor::Null, log(false), log(true)];
        let pid = self.start(images::program(&spec), host, stdio, Some(container.clone()));
        self.run(Duration::millis(10));
        (host, pid)
    }

    pub fn logged(&self, name: &str) -> String {
        let container = ContainerId { pod: name.into(), name: "c".into() };
        self.kernel.log(&container, false).map(|line| String::from_utf8_lossy(line).into_owned()).collect()
    }

    /// Types a command at the client and waits until it has ended: what it printed, and its exit status if not 0.
    pub fn command(&mut self, line: &str) -> String {
        let argv: Vec<Text> = words(line);
        let program = commands::program(&argv).expect("a command");
        self.finish(program)
    }

    pub fn probe(&mut self, action: &ProbeAction, timeout: Duration) -> String {
        self.finish(probe::program(action, timeout))
    }

    fn finish(&mut self, program: Programs) -> String {
        let id = TerminalId(0);
        let client = self.client;
        let (out, err) = (Descriptor::Terminal(id, false), Descriptor::Terminal(id, true));
        self.kernel.add_terminal(id, Terminal::new(client, Pid(0)));
        let pid = self.start(program, client, [Descriptor::Null, out, err], None);
        let began = self.now;
        while self.kernel.get(pid).is_some() {
            assert!(self.now.since(began) < Duration::secs(600), "it does not end");
            self.run(Duration::millis(1));
        }
        let terminal = self.kernel.terminal(id).expect("a terminal");
        let chunks = terminal.output.iter().filter(|chunk| chunk.kind != ChunkKind::Typed);
        chunks.map(|chunk| chunk.text.as_str()).collect()
    }

    pub fn signal(&mut self, pid: Pid, signal: Signal) {
        self.step(Cause::default(), |lan, out| lan.kernel.signal(pid, signal, out));
    }

    pub fn run(&mut self, time: Duration) {
        let end = self.now + time;
        while self.queue.next_due().is_some_and(|due| due <= end) {
            let Some((due, entry)) = self.queue.pop() else { break };
            self.now = due;
            self.step(entry.cause, |lan, out| match entry.wake {
                Wake::Send(_, packet) => {
                    if let Some(to) = lan.topology.owner(packet.dst.ip()) {
                        out.after(Duration::micros(500), Wake::Arrive(to, packet));
                    }
                }
                Wake::Arrive(host, packet) => lan.kernel.arrive(host, *packet, lan.topology, out),
                Wake::Resume(pid, wait) => lan.kernel.resume(pid, wait, lan.topology, out),
                Wake::Socket(id, attempt) => lan.kernel.socket_timer(id, attempt, lan.topology, out),
                other => panic!("{other:?}"),
            });
        }
        self.now = end;
    }

    fn start(
        &mut self,
        program: Programs,
        host: HostId,
        stdio: [Descriptor; 3],
        container: Option<ContainerId>,
    ) -> Pid {
        let environment = Environment::default();
        let new = NewProcess { program, host, environment, stdio, terminal: None, container, notice: None };
        let mut pid = Pid(0);
        self.step(Cause::default(), |lan, out| pid = lan.kernel.start(new, out));
        pid
    }

    fn step(&mut self, cause: Cause, act: impl FnOnce(&mut Parts<'_>, &mut Out<'_>)) {
        let mut wakes = Vec::new();
        let mut out = Out::new(self.now, cause, &self.timing, &mut self.draws, &mut self.log, &mut wakes);
        act(&mut Parts { kernel: &mut self.kernel, topology: &self.topology }, &mut out);
        wakes.into_iter().for_each(|(due, cause, wake)| self.queue.push(due, cause, wake));
    }
}

struct Parts<'a> {
    kernel: &'a mut Kernel<Programs>,
    topology: &'a Topology,
}

/// Words at spaces; double quotes hold together.
fn words(line: &str) -> Vec<Text> {
    let parts = line.split('"').enumerate();
    parts
        .flat_map(|(n, part)| {
            let words: Vec<&str> = if n % 2 == 1 { vec![part] } else { part.split_whitespace().collect() };
            words
        })
        .map(Text::from)
        .collect()
}
