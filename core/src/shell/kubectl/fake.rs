//! For tests: a kernel that answers kubectl's calls from a list of HTTP answers and keeps what was printed and sent.

use super::Kubectl;
use crate::base::{Fd, HostId, Instant, Pid, Seed, Text};
use crate::effect::{Out, Timing};
use crate::engine::Draws;
use crate::net::Topology;
use crate::process::{Cx, Environment, Errno, Files, Reply, Syscall, Turn, Userland};
use crate::shell::Command;
use crate::trace::{Cause, Log};
use bytes::Bytes;
use serde_json::Value;
use std::collections::VecDeque;
use std::sync::Arc;

/// What a run came to.
#[derive(Debug, Default)]
pub struct Ran {
    /// What was printed, both streams together.
    pub output: String,
    /// The requests, as `GET /path` and, after a space, the body.
    pub sent: Vec<String>,
    /// The exit status.
    pub status: i32,
}

/// A status code, headers, a body, or the chunks of a stream.
type Answer = (u16, Vec<(&'static str, String)>, String, Option<Vec<String>>);

/// The fake kernel.
#[derive(Debug, Default)]
pub struct Fake {
    answers: VecDeque<Answer>,
    stdin: String,
}

impl Fake {
    /// The next answer: a status code and a JSON body.
    pub fn answer(mut self, code: u16, body: Value) -> Fake {
        self.answers.push_back((code, Vec::new(), body.to_string(), None));
        self
    }

    /// The next answer, with a warning.
    pub fn warned(mut self, warning: &str, body: Value) -> Fake {
        self.answers.push_back((
            200,
            vec![("warning", format!("299 - {warning:?}"))],
            body.to_string(),
            None,
        ));
        self
    }

    /// The next answer: a stream of events.
    pub fn stream(mut self, events: &[Value]) -> Fake {
        let chunks = events.iter().map(|event| format!("{event}\n")).collect();
        self.answers.push_back((200, Vec::new(), String::new(), Some(chunks)));
        self
    }

    /// Standard input.
    pub fn stdin(mut self, text: &str) -> Fake {
        self.stdin = text.to_string();
        self
    }

    /// Runs a line to its end. Words are cut at spaces.
    pub fn run(self, line: &str) -> Ran {
        let words: Vec<Text> = line.split(' ').map(Text::from).collect();
        self.run_words(&words)
    }

    /// Runs words to their end.
    pub fn run_words(mut self, words: &[Text]) -> Ran {
        let mut kubectl = Kubectl::new(words);
        let (mut ran, mut streams) = (Ran::default(), Vec::new());
        let (mut draws, mut log, mut wakes) = (Draws::new(Seed(7)), Log::default(), Vec::new());
        let (topology, environment, timing) =
            (Topology::default(), Environment::default(), Timing::default());
        let files = Files::default();
        let mut reply = Reply::Start;
        for _ in 0..10_000 {
            let mut out =
                Out::new(Instant::ZERO, Cause::default(), &timing, &mut draws, &mut log, &mut wakes);
            let mut cx = Cx {
                pid: Pid(1),
                host: HostId(0),
                topology: &topology,
                environment: &environment,
                files: &files,
                userland: Userland::default(),
                out: &mut out,
            };
            let Turn::Call(call) = kubectl.resume(&mut cx, reply) else { panic!("no children here") };
            reply = match call {
                Syscall::Exit(status) => {
                    ran.status = status;
                    return ran;
                }
                Syscall::Write(_, bytes) => {
                    ran.output += &String::from_utf8_lossy(&bytes);
                    Reply::Done
                }
                Syscall::Api(request) => self.api(&request, &mut ran, &mut streams),
                Syscall::Read(Fd(fd), _) | Syscall::ReadTimeout(Fd(fd), _, _) => {
                    let stream: Option<&mut VecDeque<String>> = streams.get_mut(fd as usize - 100);
                    Reply::Data(stream.and_then(VecDeque::pop_front).unwrap_or_default().into())
                }
                Syscall::ReadAll(Fd(0)) => Reply::Data(Bytes::from(self.stdin.clone())),
                Syscall::Open(..) => Reply::Err(Errno::Enoent),
                _ => Reply::Done,
            };
        }
        panic!("{words:?} does not end");
    }

    fn api(
        &mut self,
        request: &http::Request<Bytes>,
        ran: &mut Ran,
        streams: &mut Vec<VecDeque<String>>,
    ) -> Reply {
        let body = String::from_utf8_lossy(request.body()).into_owned();
        let line = format!("{} {} {body}", request.method(), request.uri());
        ran.sent.push(line.trim_end().to_string());
        let Some((code, headers, body, chunks)) = self.answers.pop_front() else {
            panic!("no answer is left for {line}");
        };
        let mut response = http::Response::builder().status(code);
        for (name, value) in headers {
            response = response.header(name, value);
        }
        let fd = chunks.map(|chunks| {
            streams.push(chunks.into());
            Fd(99 + u32::try_from(streams.len()).unwrap())
        });
        Reply::Http(Arc::new(response.body(Bytes::from(body)).unwrap()), fd)
    }
}
