//! Watches: a stream of lines, each a JSON event. Knows no kind.

use super::args::Args;
use super::client::{self, Answer};
use super::resources::Target;
use super::script::{Asked, Io};
use super::words;
use crate::api::{Kind, tree};
use crate::base::{Duration, Fd, Instant};
use bytes::Bytes;
use http::Request;
use serde_json::Value;

/// An open watch.
#[derive(Debug, Clone, Default)]
pub struct Watch {
    stream: Option<Fd>,
    buffer: Vec<u8>,
    /// Events that came with the response itself.
    first: Option<Bytes>,
    deadline: Option<Instant>,
}

impl Watch {
    /// Opens a watch; a refusal ends the command.
    pub fn open(io: &mut Io<'_, '_, '_>, request: Request<Bytes>, limit: Option<Duration>) -> Asked<Watch> {
        let answer = io.must(request)?;
        let deadline = limit.map(|limit| io.now() + limit);
        let first = Some(answer.raw.clone()).filter(|raw| !raw.is_empty());
        Ok(Watch { stream: answer.stream, buffer: Vec::new(), first, deadline })
    }

    /// Until when it is read.
    pub fn until(self, deadline: Option<Instant>) -> Watch {
        Watch { deadline, ..self }
    }

    /// The next events; `None` when the stream has ended or the time is over.
    pub fn next(&mut self, io: &mut Io<'_, '_, '_>) -> Asked<Option<Vec<Value>>> {
        let chunk = match (self.first.take(), self.stream) {
            (Some(first), _) => Some(first),
            (None, None) => return Ok(None),
            (None, Some(fd)) => {
                let wait = self.deadline.map(|deadline| deadline.since(io.now()));
                if wait == Some(Duration::ZERO) { None } else { io.read(fd, wait)? }
            }
        };
        let Some(chunk) = chunk.filter(|chunk| !chunk.is_empty()) else { return Ok(None) };
        self.buffer.extend_from_slice(&chunk);
        let whole = self.buffer.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let lines: Vec<u8> = self.buffer.drain(..whole).collect();
        let events = lines.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok());
        Ok(Some(events.collect()))
    }

    /// Lets go of the stream.
    pub fn close(&self, io: &mut Io<'_, '_, '_>) -> Asked<()> {
        self.stream.map_or(Ok(()), |fd| io.close(fd))
    }
}

/// Objects of one name, listed and then watched as client-go's informers do it: a watch that asks for the present state
/// first; where the server does not offer that, a list and a watch from there.
#[derive(Debug, Clone)]
pub struct Following {
    kind: &'static Kind,
    namespace: String,
    name: String,
    watch: Watch,
    is_streamed: bool,
    deadline: Option<Instant>,
}

impl Following {
    /// Begins to follow an object.
    pub fn begin(
        io: &mut Io<'_, '_, '_>,
        target: &Target,
        namespace: &str,
        deadline: Option<Instant>,
    ) -> Asked<Following> {
        let seconds = (300 + io.below_draw(300)).to_string();
        let field = format!("metadata.name={}", target.name);
        let query = [
            ("allowWatchBookmarks", "true"),
            ("fieldSelector", field.as_str()),
            ("resourceVersionMatch", "NotOlderThan"),
            ("sendInitialEvents", "true"),
            ("timeoutSeconds", &seconds),
            ("watch", "true"),
        ];
        let path = client::path(target.kind, namespace, "");
        let answer = io.http(client::get(&path, &query, client::JSON))?;
        let first = Some(answer.raw.clone()).filter(|raw| !raw.is_empty());
        let following = Following {
            kind: target.kind,
            namespace: namespace.to_string(),
            name: target.name.clone(),
            watch: Watch { stream: answer.stream, buffer: Vec::new(), first, deadline },
            is_streamed: true,
            deadline,
        };
        if answer.is_ok() { Ok(following) } else { following.list(io).map(|(following, _)| following) }
    }

    /// The state and then news: events as `(type, object)`. `None` when the time is over.
    pub fn next(mut self, io: &mut Io<'_, '_, '_>) -> Asked<Option<(Following, Vec<Value>)>> {
        match self.watch.next(io)? {
            Some(events)
                if self.is_streamed && events.iter().any(|event| tree::str(event, "type") == "ERROR") =>
            {
                self.watch.close(io)?;
                self.list(io).map(Some)
            }
            Some(events) => Ok(Some((self, events))),
            None if self.deadline.is_some_and(|deadline| deadline <= io.now()) => Ok(None),
            None => self.list(io).map(Some),
        }
    }

    /// Lists, then watches from there.
    fn list(mut self, io: &mut Io<'_, '_, '_>) -> Asked<(Following, Vec<Value>)> {
        let path = client::path(self.kind, &self.namespace, "");
        let field = format!("metadata.name={}", self.name);
        let query = [("fieldSelector", field.as_str()), ("limit", "500"), ("resourceVersion", "0")];
        let answer = io.must(client::get(&path, &query, client::JSON))?;
        let seconds = (300 + io.below_draw(300)).to_string();
        let query = [
            ("allowWatchBookmarks", "true"),
            ("fieldSelector", field.as_str()),
            ("resourceVersion", tree::str(&answer.json, "metadata.resourceVersion")),
            ("timeoutSeconds", &seconds),
            ("watch", "true"),
        ];
        self.watch = Watch::open(io, client::get(&path, &query, client::JSON), None)?.until(self.deadline);
        self.is_streamed = false;
        let items = tree::list(&answer.json, "items");
        let mut events: Vec<Value> =
            items.iter().map(|item| serde_json::json!({"type": "ADDED", "object": item})).collect();
        if events.is_empty() {
            events.push(serde_json::json!({"type": "DELETED", "object": {"metadata": {"name": self.name}}}));
        }
        Ok((self, events))
    }
}

/// A refused list as kubectl words it: with what it was looking for.
pub fn list_refusal(answer: &Answer, target: &Target, args: &Args) -> String {
    let mut status = answer.status();
    if target.name.is_empty() && matches!(answer.code, 400 | 404) {
        let group_version = if target.kind.group.is_empty() {
            format!("/{}", target.kind.version)
        } else {
            format!("{}/{}", target.kind.group, target.kind.version)
        };
        let resource = format!("{group_version}, Resource={}", target.kind.plural);
        let (labels, fields) =
            (args.text("selector").unwrap_or_default(), args.text("field-selector").unwrap_or_default());
        let message = tree::str(&status, "message");
        let message = if labels.is_empty() && fields.is_empty() {
            format!("Unable to list {resource:?}: {message}")
        } else {
            format!(
                "Unable to find {resource:?} that match label selector {labels:?}, field selector {fields:?}: {message}"
            )
        };
        tree::set(&mut status, "message", message);
    }
    words::refusal(&status)
}
