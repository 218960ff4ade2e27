//! The container of kube-dns that watches over the other two: it asks both for a name now and then, and tells their
//! kubelet's probes how that went.
//! Models: kubernetes/dns cmd/sidecar, pkg/sidecar/{dnsprobe,server}.go. Omits: dnsmasq's own counters, histograms.

use super::log::klog;
use super::server;
use crate::base::{Duration, Fd, Instant, Text};
use crate::dns::asker::{Asker, Waiting};
use crate::dns::listener::{Heard, Listener, Port};
use crate::dns::message::{Message, Question, RecordType};
use crate::dns::name::qualified;
use crate::process::{Cx, Reply, Signal, Syscall};
use std::collections::VecDeque;
use std::net::SocketAddr;

/// Where metrics and health are told.
const PORT: u16 = 10_054;

/// A probe: `--probe=label,server,name,interval,type`.
#[derive(Debug, Clone)]
struct Probe {
    label: Text,
    to: SocketAddr,
    question: Question,
    every: Duration,
    next: Instant,
    /// What went wrong last.
    problem: Option<String>,
    errors: u64,
}

/// The program.
#[derive(Debug, Clone, Default)]
pub struct Sidecar {
    listener: Listener,
    asker: Asker<usize>,
    probes: Vec<Probe>,
    lines: Vec<String>,
    todo: VecDeque<Syscall>,
}

impl Sidecar {
    /// With the values of `--probe`; those that cannot be read are left out.
    pub fn new<'a>(probes: impl Iterator<Item = &'a str>) -> Sidecar {
        Sidecar {
            listener: Listener::new(&[Port::Web(PORT)]),
            probes: probes.filter_map(read).collect(),
            ..Sidecar::default()
        }
    }

    /// Goes on with a reply until the next call.
    pub fn resume(&mut self, cx: &mut Cx<'_, '_>, reply: Reply) -> Syscall {
        let now = cx.out.now;
        self.hear(now, reply);
        for waiting in self.asker.due(now) {
            self.result(now, waiting.about, Some("i/o timeout".into()));
        }
        if !self.lines.is_empty() {
            return Syscall::Write(Fd(2), self.lines.drain(..).collect::<String>().into());
        }
        if let Some(call) =
            self.todo.pop_front().or_else(|| self.asker.open()).or_else(|| self.listener.open())
        {
            return call;
        }
        self.probe(cx);
        if let Some(call) = self.todo.pop_front() {
            return call;
        }
        let next = self.probes.iter().map(|probe| probe.next).chain(self.asker.next_due()).min();
        Syscall::Next(next.map(|due| due.since(now)))
    }

    fn hear(&mut self, now: Instant, reply: Reply) {
        let reply = match self.asker.take(reply) {
            Ok(Some((answer, waiting))) => {
                let problem = answer.answers.is_empty().then(|| {
                    format!(
                        "lookup {}: no such host",
                        waiting.query.question().map(|q| &*q.name).unwrap_or_default()
                    )
                });
                return self.result(now, waiting.about, problem);
            }
            Ok(None) => return,
            Err(reply) => reply,
        };
        match self.listener.take(reply, &mut self.todo) {
            Ok(heard) => heard.into_iter().for_each(|heard| self.page(heard)),
            Err(Reply::Start) => {
                for probe in &mut self.probes {
                    probe.next = now + probe.every;
                    let text = format!(
                        "Starting dnsProbe {{Label:{} Server:{} Name:{} Interval:{}s Type:{}}}",
                        probe.label,
                        probe.to,
                        probe.question.name,
                        probe.every.as_secs(),
                        probe.question.rtype.0
                    );
                    self.lines.push(klog(now, 'I', "dnsprobe.go:75", &text));
                }
            }
            Err(Reply::Interrupted(Signal::Term | Signal::Int)) => self.todo.push_front(Syscall::Exit(0)),
            Err(_) => {}
        }
    }

    fn probe(&mut self, cx: &mut Cx<'_, '_>) {
        let now = cx.out.now;
        for index in 0..self.probes.len() {
            let Some(probe) = self.probes.get_mut(index).filter(|probe| probe.next <= now) else { continue };
            probe.next = now + probe.every;
            let waiting = Waiting {
                query: Message::query(0, probe.question.clone()),
                to: probe.to,
                until: now + probe.every,
                about: index,
            };
            self.asker.ask(cx, waiting, &mut self.todo);
        }
    }

    fn result(&mut self, now: Instant, index: usize, problem: Option<String>) {
        let Some(probe) = self.probes.get_mut(index) else { return };
        if let Some(problem) = &problem {
            probe.errors += 1;
            let text = format!("Could not resolve {:?} via {}: {problem}", &*probe.question.name, probe.to);
            self.lines.push(klog(now, 'W', "server.go:64", &text));
        }
        probe.problem = problem;
    }

    fn page(&mut self, heard: Heard) {
        let Heard::Page(client, _, path) = heard else { return };
        let health = |label: &str| self.probes.iter().find(|probe| *probe.label == *label);
        let (status, text) = match path.strip_prefix("/healthcheck/").map(health) {
            Some(Some(probe)) => match &probe.problem {
                None => (200, "ok\n".to_string()),
                Some(problem) => (503, format!("{problem}\n")),
            },
            Some(None) => (404, "404 page not found\n".to_string()),
            None if path == "/metrics" => (200, self.metrics()),
            None => (404, "404 page not found\n".to_string()),
        };
        self.listener.page(client, status, text, &mut self.todo);
    }

    fn metrics(&self) -> String {
        let lines = self.probes.iter().map(|probe| {
            format!(
                "# HELP kubedns_probe_{0}_errors Count of errors in dns probes\n# TYPE kubedns_probe_{0}_errors counter\nkubedns_probe_{0}_errors {1}\n",
                probe.label, probe.errors
            )
        });
        lines.collect()
    }
}

fn read(text: &str) -> Option<Probe> {
    let mut words = text.split(',');
    let (label, to, name) = (words.next()?.into(), server(words.next()?)?, qualified(words.next()?));
    let seconds = words.next().map_or(Some(5), |seconds| seconds.parse().ok())?;
    let rtype = match words.next() {
        Some("A") => RecordType::A,
        Some("AAAA") => RecordType::AAAA,
        _ => RecordType::SRV,
    };
    Some(Probe {
        label,
        to,
        question: Question::new(name, rtype),
        every: Duration::secs(seconds),
        next: Instant::ZERO,
        problem: None,
        errors: 0,
    })
}
