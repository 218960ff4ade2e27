//! One request of a stranger to the API server: the request as the stranger wrote it, the answer as it is on the wire,
//! and for watches the stream until it ends.

use crate::base::{Fd, Text};
use crate::net::http1::{Parsed, parse_request, write_head, write_response};
use crate::process::{Cx, Reply, Syscall, Turn};
use crate::shell::{Command, Programs};
use bytes::Bytes;
use http::{HeaderMap, Request};
use std::sync::Arc;

/// A request on its way.
#[derive(Debug, Clone)]
pub struct Ask {
    request: Arc<Request<Bytes>>,
    state: State,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Start,
    /// Waits for the answer.
    Asking,
    /// The head of a stream was written, or a piece of it.
    Written(Fd),
    /// Waits for more of a stream.
    Reading(Fd),
    /// Everything was written.
    Over,
}

/// Bytes of a stream that are passed on at once.
const CHUNK: u32 = 1 << 20;

impl Ask {
    /// The request in these bytes (HTTP/1.1, with a Content-Length when it has a body); `None` when they hold none.
    pub fn new(raw: &[u8]) -> Option<Ask> {
        match parse_request(raw) {
            Parsed::Whole(request, _) => Some(Ask { request: Arc::new(request), state: State::Start }),
            Parsed::Partial | Parsed::Bad => None,
        }
    }
}

impl Command for Ask {
    fn resume(&mut self, _: &mut Cx<'_, '_>, reply: Reply) -> Turn<Programs> {
        let (state, call) = match (self.state, reply) {
            (State::Start, _) => (State::Asking, Syscall::Api(self.request.clone())),
            (State::Asking, Reply::Http(answer, None)) => {
                (State::Over, Syscall::Write(Fd(1), write_response(&answer)))
            }
            (State::Asking, Reply::Http(answer, Some(fd))) => {
                (State::Written(fd), Syscall::Write(Fd(1), write_head(&answer)))
            }
            (State::Written(fd), Reply::Done) => (State::Reading(fd), Syscall::Read(fd, CHUNK)),
            (State::Reading(fd), Reply::Data(bytes)) if !bytes.is_empty() => {
                (State::Written(fd), Syscall::Write(Fd(1), bytes))
            }
            (State::Reading(_) | State::Over, _) => (State::Over, Syscall::Exit(0)),
            (State::Asking | State::Written(_), _) => (State::Over, Syscall::Exit(1)),
        };
        self.state = state;
        call.into()
    }

    fn command(&self) -> Text {
        let agent = header(self.request.headers(), "user-agent").unwrap_or("a client");
        let product = agent.split(['/', ' ']).next().unwrap_or(agent);
        format!("{product} {} {}", self.request.method(), self.request.uri()).into()
    }

    fn makes_requests(&self) -> bool {
        true
    }
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
