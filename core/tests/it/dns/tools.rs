//! dig, host and nslookup without a kernel: their system calls are answered here, their questions by a [`Bench`].

use super::bench::Bench;
use bytes::Bytes;
use tidepool_core::base::{Duration, Fd, HostId, Instant, NodeId, Pid, Seed, Text};
use tidepool_core::dns::coredns::{framed, take_framed};
use tidepool_core::effect::{Out, Timing};
use tidepool_core::engine::Draws;
use tidepool_core::net::{Host, Protocol, Topology};
use tidepool_core::process::{Cx, Environment, Errno, Files, Program, Reply, Syscall, Turn, Userland};
use tidepool_core::shell::commands;
use tidepool_core::trace::{Cause, Log, Place};

/// Runs a command to its end: what it printed on both outputs, and its exit status if it is not 0.
pub fn run(bench: &mut Bench, line: &str, files: &Files) -> String {
    let argv: Vec<Text> = line.split(' ').map(Text::from).collect();
    let mut program = commands::program(&argv).expect("a command");
    let mut topology = Topology::default();
    let ip = "10.244.2.2".parse().expect("an address");
    let place = Place::Pod("default".into(), "tools".into());
    topology.add(Host { place, node: Some(NodeId(0)), ip, other_ip: None, dummies: Vec::new(), up: true });
    let (timing, mut draws, mut log) = (Timing::default(), Draws::new(Seed(3)), Log::default());
    let mut now = Instant::ZERO;
    let mut reply = Reply::Start;
    let mut printed = String::new();
    let mut tcp = false;
    let mut inbox: Vec<Bytes> = Vec::new();
    for _ in 0..10_000 {
        let mut wakes = Vec::new();
        let mut out = Out::new(now, Cause::default(), &timing, &mut draws, &mut log, &mut wakes);
        let environment = Environment::default();
        let mut cx = Cx {
            pid: Pid(1),
            host: HostId(0),
            topology: &topology,
            environment: &environment,
            files,
            userland: Userland::default(),
            out: &mut out,
        };
        let Turn::Call(call) = program.resume(&mut cx, reply) else { panic!("no children") };
        reply = match call {
            Syscall::Write(Fd(1 | 2), bytes) => {
                printed.push_str(std::str::from_utf8(&bytes).expect("text"));
                Reply::Done
            }
            Syscall::Socket(protocol) => {
                tcp = protocol == Protocol::Tcp;
                inbox.clear();
                Reply::Fd(Fd(3))
            }
            Syscall::Write(_, bytes) if tcp => {
                let question = take_framed(&mut bytes.as_ref().into()).expect("a whole message");
                inbox.extend(bench.answer_over(&question, true).map(|answer| framed(&answer)));
                Reply::Done
            }
            Syscall::Write(_, bytes) => {
                inbox.extend(bench.answer(&bytes));
                Reply::Done
            }
            Syscall::ReadTimeout(_, _, wait) if inbox.is_empty() => {
                now += wait;
                Reply::Err(Errno::Etimedout)
            }
            Syscall::ReadTimeout(..) => {
                now += Duration::micros(300);
                Reply::Data(inbox.remove(0))
            }
            Syscall::Exit(0) => return printed,
            // The recorder leaves out blank lines before a status.
            Syscall::Exit(status) => return format!("{}\n[exit {status}]\n", printed.trim_end()),
            Syscall::Connect(..) | Syscall::Close(_) => Reply::Done,
            other => panic!("{other:?}"),
        };
    }
    panic!("it does not end: {line}");
}
