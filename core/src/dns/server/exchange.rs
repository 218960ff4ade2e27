//! One question on its way: down the plugins, perhaps waiting for others, and up again with the answer.
//! An explicit stack: a plugin that wants another name first puts a frame on it.

use super::{Server, echo_edns};
use crate::base::Instant;
use crate::dns::message::{Edns, Message, Question, Rcode, decode, encode_within};
use crate::dns::message::{TCP_LIMIT, UDP_LIMIT};
use crate::dns::plugins::forward::Order;
use crate::dns::plugins::{Back, Client, Env, Handler, Memo, Outcome, Rewritten, Step};
use bytes::Bytes;
use std::net::SocketAddr;

/// Questions that one question may lead to within the server.
const MAX_FRAMES: usize = 10;
/// Steps that one question may take through plugins: a chain that leads in a circle ends here.
const MAX_STEPS: usize = 2_000;

/// A question on its way.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// Who asks.
    pub client: Client,
    /// The question as it came.
    pub query: Message,
    /// The port on which it came in.
    pub port: u16,
    frames: Vec<Frame>,
    steps: usize,
    /// Whether nobody waits for the answer.
    silent: bool,
    /// What plugins want asked for again: the server block, the plugin's place in it, the question.
    pub later: Vec<(usize, usize, Message)>,
}

/// One question within the server.
#[derive(Debug, Clone)]
struct Frame {
    query: Message,
    block: usize,
    at: usize,
    /// Questions as they were before plugins rewrote them, with what the plugins remember.
    passed: Vec<(Option<Question>, Memo)>,
    /// The highest plugin that the answer passes on its way up.
    top: usize,
    /// The answer that waits for the frame above.
    waiting: Option<Box<Message>>,
    rewritten: Option<Rewritten>,
    /// Who answered.
    by: &'static str,
}

/// How far a question has come.
#[derive(Debug, Clone)]
pub enum Progress {
    /// Answered: the bytes for the client, none when the question is dropped; the plugin that answered, and how.
    Done(Option<Bytes>, &'static str, Rcode, u16),
    /// Others are to answer this.
    Forward(Message, Box<Order>),
}

impl Exchange {
    /// A datagram or a message over TCP; `None` when it is no question.
    pub fn new(bytes: &[u8], address: SocketAddr, port: u16, tcp: bool, now: Instant) -> Option<Exchange> {
        let query = decode(bytes).ok().filter(|query| !query.response)?;
        let client = Client { address, tcp, size: bytes.len(), since: now };
        Some(Exchange { client, query, port, frames: Vec::new(), steps: 0, silent: false, later: Vec::new() })
    }

    /// A question of the server's own: nobody waits for its answer.
    pub fn of_its_own(query: Message, port: u16, now: Instant) -> Exchange {
        let client =
            Client { address: SocketAddr::from(([127, 0, 0, 1], port)), tcp: false, size: 0, since: now };
        Exchange { client, query, port, frames: Vec::new(), steps: 0, silent: true, later: Vec::new() }
    }

    /// A question that a plugin wants asked for again, for the answer to come to that plugin and no further.
    pub fn again(&self, (block, top, query): (usize, usize, Message)) -> Exchange {
        let passed = vec![(None, Memo::None); top + 1];
        let frame = Frame {
            query: query.clone(),
            block,
            at: top + 1,
            passed,
            top,
            waiting: None,
            rewritten: None,
            by: "",
        };
        let (client, port) = (self.client.clone(), self.port);
        Exchange { client, query, port, frames: vec![frame], steps: 0, silent: true, later: Vec::new() }
    }

    /// Goes on from where it stands.
    pub fn go_on(&mut self, server: &mut Server, env: &mut Env<'_, '_>) -> Progress {
        self.down(server, env)
    }

    /// Begins.
    pub fn begin(&mut self, server: &mut Server, env: &mut Env<'_, '_>) -> Progress {
        let version = self.query.edns.as_ref().map_or(0, |edns| edns.version);
        if version != 0 {
            let mut answer = self.query.reply(Rcode::BADVERS);
            answer.edns = Some(Edns::default());
            return self.finish(answer, "");
        }
        match self.push(self.query.clone(), server) {
            Ok(()) => self.down(server, env),
            Err(rcode) => self.end(Outcome::Unwritten(rcode, String::new()), ""),
        }
    }

    /// Goes on with what the others answered, or why they did not.
    pub fn forwarded(
        &mut self,
        result: Result<Message, (Rcode, String)>,
        server: &mut Server,
        env: &mut Env<'_, '_>,
    ) -> Progress {
        let Some(frame) = self.frames.last() else { return self.end(Outcome::Dropped, "") };
        let outcome = match result {
            Ok(mut answer) => {
                let fits = answer.id == frame.query.id && answer.question() == frame.query.question();
                if !fits {
                    answer = frame.query.reply(Rcode::FORMERR);
                }
                Outcome::Written(Box::new(answer))
            }
            Err((rcode, words)) => Outcome::Unwritten(rcode, words),
        };
        match self.up(outcome, server, env) {
            Some(progress) => progress,
            None => self.down(server, env),
        }
    }

    fn push(&mut self, query: Message, server: &Server) -> Result<(), Rcode> {
        if self.frames.len() >= MAX_FRAMES {
            return Err(Rcode::SERVFAIL);
        }
        let block = server.route(&query, self.port)?;
        let passed = Vec::new();
        self.frames.push(Frame {
            query,
            block,
            at: 0,
            passed,
            top: 0,
            waiting: None,
            rewritten: None,
            by: "",
        });
        Ok(())
    }

    /// Down from where the top frame stands, until something is done.
    fn down(&mut self, server: &mut Server, env: &mut Env<'_, '_>) -> Progress {
        loop {
            self.steps += 1;
            let Some(frame) = self.frames.last_mut() else { return self.end(Outcome::Dropped, "") };
            let plugins = &mut server.blocks[frame.block].plugins;
            let step = match plugins.get_mut(frame.at) {
                _ if self.steps > MAX_STEPS => Step::Fail(Rcode::SERVFAIL, "too many steps".to_string()),
                Some((name, plugin)) => {
                    frame.by = name;
                    let step = plugin.ask(&frame.query, env);
                    if std::mem::take(&mut env.refresh) {
                        self.later.push((frame.block, frame.at, frame.query.clone()));
                    }
                    step
                }
                None => Step::Fail(Rcode::SERVFAIL, format!("plugin/{}: no next plugin found", frame.by)),
            };
            let outcome = match step {
                Step::Next => {
                    frame.passed.push((None, Memo::None));
                    frame.at += 1;
                    continue;
                }
                Step::Flags(query) => {
                    frame.query = *query;
                    frame.passed.push((None, Memo::None));
                    frame.at += 1;
                    if self.frames.len() == 1 {
                        // What a client may get is that of the question as it is now.
                        self.query.edns = self.frames[0].query.edns.clone();
                    }
                    continue;
                }
                Step::Rewrite(question, memo) => {
                    frame.rewrite(*question, memo);
                    continue;
                }
                Step::Answer(answer) => Outcome::Written(answer),
                Step::Fail(rcode, words) => Outcome::Unwritten(rcode, words),
                Step::Drop => Outcome::Dropped,
                Step::Forward(order) => return Progress::Forward(frame.query.clone(), order),
                Step::Chase(question, answer) => {
                    let query = Message { questions: vec![*question], ..frame.query.clone() };
                    frame.waiting = Some(answer);
                    match self.push(query, server) {
                        Ok(()) => continue,
                        Err(_) => self.completed(None),
                    }
                }
            };
            if let Some(progress) = self.up(outcome, server, env) {
                return progress;
            }
        }
    }

    /// The answer of the top frame that waited, completed by another answer if there is one.
    fn completed(&mut self, with: Option<Message>) -> Outcome {
        let waiting = self.frames.last_mut().and_then(|frame| frame.waiting.take());
        let Some(mut answer) = waiting else { return Outcome::Dropped };
        if let Some(with) = with {
            answer.tc |= with.tc;
            answer.answers.extend(with.answers);
        }
        Outcome::Written(answer)
    }

    /// Up through the plugins of the top frame, and of those below it. `None`: a plugin sent the question down again.
    fn up(&mut self, outcome: Outcome, server: &mut Server, env: &mut Env<'_, '_>) -> Option<Progress> {
        let mut outcome = outcome;
        loop {
            let Some(frame) = self.frames.last_mut() else {
                return Some(self.end(outcome, ""));
            };
            (env.rewritten, env.by) = (frame.rewritten, frame.by);
            while frame.passed.len() > frame.top
                && let Some((before, memo)) = frame.passed.pop()
            {
                let index = frame.passed.len();
                let Some((_, plugin)) = server.blocks[frame.block].plugins.get_mut(index) else { continue };
                match plugin.reply(memo, &frame.query, outcome, env) {
                    Back::On(next) => outcome = next,
                    Back::Again(question, memo) => {
                        frame.at = index;
                        frame.restore(before);
                        frame.rewrite(*question, memo);
                        return None;
                    }
                }
                frame.restore(before);
            }
            let by = frame.by;
            self.frames.pop();
            if self.frames.is_empty() {
                return Some(self.end(outcome, by));
            }
            let found = match outcome {
                Outcome::Written(answer) => Some(*answer),
                Outcome::Unwritten(..) | Outcome::Dropped => None,
            };
            outcome = self.completed(found);
        }
    }

    fn end(&mut self, outcome: Outcome, by: &'static str) -> Progress {
        match outcome {
            Outcome::Written(answer) => self.finish(*answer, by),
            Outcome::Unwritten(rcode, _) => self.finish(self.query.reply(rcode), by),
            Outcome::Dropped => Progress::Done(None, by, Rcode::NOERROR, 0),
        }
    }

    fn finish(&self, mut answer: Message, by: &'static str) -> Progress {
        if self.silent {
            return Progress::Done(None, "", answer.rcode, 0);
        }
        let (rcode, count) = (answer.rcode, u16::try_from(answer.answers.len()).unwrap_or(u16::MAX));
        if answer.rcode != Rcode::BADVERS {
            answer.edns = answer.edns.filter(|_| self.query.edns.is_some());
            echo_edns(&self.query, &mut answer);
        }
        let asked = self.query.edns.as_ref().map_or(0, |edns| usize::from(edns.udp));
        let limit = if self.client.tcp { TCP_LIMIT } else { asked.max(UDP_LIMIT) };
        // Above these lengths a datagram would be fragmented, so names are compressed.
        let mtu = match self.client.address {
            _ if self.client.tcp => usize::MAX,
            SocketAddr::V4(_) => 1480,
            SocketAddr::V6(_) => 1220,
        };
        Progress::Done(encode_within(&answer, limit, mtu).ok(), by, rcode, count)
    }
}

impl Frame {
    fn rewrite(&mut self, question: Question, memo: Memo) {
        let before = self.query.questions.first().cloned();
        self.query.questions = vec![question];
        self.passed.push((before, memo));
        self.at = self.passed.len();
        self.rewritten = Some(Rewritten::of(&self.query));
    }

    fn restore(&mut self, before: Option<Question>) {
        if let Some(question) = before {
            self.query.questions = vec![question];
        }
    }
}
