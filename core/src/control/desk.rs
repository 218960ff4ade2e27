//! What every controller has: a cache, a queue of keys, calls under way, and a recorder. Knows no kind.
//!
//! A key is worked on by one worker at a time: while calls for it are under way, news only mark it; when the last answer
//! is there it is queued again, later and later when calls were refused.
//!
//! Models: client-go `util/workqueue` and controllers' sync loops.

use crate::api::{Cache, Change, Object, Recorder, Request, Response, Saying, Status, Verb};
use crate::base::{Duration, FlatMap, Instant, ObjectRef, Text};
use crate::effect::{Client, ControllerId, Out, Token, Wake};
use crate::trace::{Cause, Origin, Place};

/// The first wait after a failure; it doubles up to [`MAX_BACKOFF`].
const MIN_BACKOFF: Duration = Duration::millis(5);
/// The longest wait after a failure.
const MAX_BACKOFF: Duration = Duration::secs(1_000);
/// The token of calls whose answer no one waits for.
const UNTRACKED: Token = Token(0);

/// A controller's cache, queue and calls.
#[derive(Debug, Clone)]
pub struct Desk {
    id: ControllerId,
    /// The controller's name, as in events and user agents.
    pub name: &'static str,
    /// Where it is on the stage.
    pub place: Place,
    /// What it knows.
    pub cache: Cache,
    queue: FlatMap<Text, Item>,
    calls: FlatMap<Token, Call>,
    next_token: u64,
    recorder: Recorder,
}

/// A key that waits, is worked on, or has failed before.
#[derive(Debug, Clone, Default)]
struct Item {
    due: Option<Instant>,
    under_way: u32,
    again: bool,
    failed: bool,
    failures: u32,
    cause: Option<(Cause, ObjectRef)>,
}

/// A call under way.
#[derive(Debug, Clone)]
pub struct Call {
    /// The key for which it was made.
    pub key: Text,
    /// What it does.
    pub does: Does,
    /// With which object; the name is empty when the server makes it.
    pub object: ObjectRef,
}

/// What a call does, as far as its sender must tell calls apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Does {
    /// Makes an object.
    Create,
    /// Changes an object.
    Write,
    /// Removes an object.
    Delete,
    /// Anything else.
    Other,
}

impl Desk {
    /// An empty desk.
    pub fn new(id: ControllerId, name: &'static str, place: Place, recorder: Recorder) -> Desk {
        Desk {
            id,
            name,
            place,
            cache: Cache::default(),
            queue: FlatMap::new(),
            calls: FlatMap::new(),
            next_token: 0,
            recorder,
        }
    }

    /// Queues a key because of a change.
    pub fn add(&mut self, key: &str, change: &Change, out: &mut Out<'_>) {
        let item = self.queue.entry(key.into()).or_default();
        if item.cause.is_none()
            && let Some(object) = change.object()
        {
            item.cause = Some((change.cause, object.key.clone()));
        }
        self.add_after(key, out.timing.reconcile, out);
    }

    /// Queues a key after a time; an earlier wish stands.
    pub fn add_after(&mut self, key: &str, wait: Duration, out: &mut Out<'_>) {
        let item = self.queue.entry(key.into()).or_default();
        if item.under_way > 0 {
            item.again = true;
            return;
        }
        let due = out.now + wait;
        if item.due.is_none_or(|d| d > due) {
            item.due = Some(due);
            out.timer(wait, Wake::Control(self.id, key.into()));
        }
    }

    /// Takes a key from the queue; `false` when the wake is void. What follows in this step reacts to what queued it.
    pub fn begin(&mut self, key: &str, out: &mut Out<'_>) -> bool {
        let Some(item) = self.queue.get_mut(key) else { return false };
        if item.due != Some(out.now) {
            return false;
        }
        item.due = None;
        match item.cause.take() {
            Some((cause, object)) => out.react(cause, Origin::Reaction(self.place.clone(), object)),
            None => out.react(Cause::default(), Origin::Timer(self.place.clone())),
        }
        true
    }

    /// Forgets a key that needs nothing more, unless it is queued again.
    pub fn end(&mut self, key: &str) {
        if self.queue.get(key).is_some_and(|i| i.due.is_none() && i.under_way == 0 && !i.failed) {
            self.queue.remove(key);
        }
    }

    /// Calls the API server on behalf of a key.
    pub fn call(&mut self, key: &str, request: Request, out: &mut Out<'_>) {
        let (does, name) = match &request.verb {
            Verb::Create(_) if request.subresource.is_empty() => (Does::Create, Text::from("")),
            Verb::Update(_) | Verb::Patch(..) => (Does::Write, request.name.clone()),
            Verb::Delete => (Does::Delete, request.name.clone()),
            _ => (Does::Other, request.name.clone()),
        };
        let object = ObjectRef { kind: request.kind.kind.into(), namespace: request.namespace.clone(), name };
        self.next_token += 1;
        let token = Token(self.next_token);
        self.queue.entry(key.into()).or_default().under_way += 1;
        self.calls.insert(token, Call { key: key.into(), does, object });
        out.call(Client::Controller(self.id), token, request);
    }

    /// An answer: the call, and what it taught. `None` when no one waits for it.
    pub fn answer(
        &mut self,
        token: Token,
        result: &Result<Response, Status>,
        out: &mut Out<'_>,
    ) -> Option<(Call, Option<Change>)> {
        let call = self.calls.remove(&token)?;
        let item = self.queue.get_mut(&call.key)?;
        let cause = out.cause();
        let mut change = None;
        match result {
            Ok(Response::Object(object)) if call.does == Does::Delete => {
                change = self.cache.learn_deletion(object, cause);
            }
            Ok(Response::Object(object)) if call.does != Does::Other => {
                change = self.cache.learn(object, cause);
            }
            Ok(_) => {}
            Err(status) if call.does == Does::Delete && status.code == 404 => {}
            Err(_) => item.failed = true,
        }
        Some((call, change))
    }

    /// Counts an answer off; tells whether it was the last one and all went well. Queues the key again when it must be.
    pub fn settle(&mut self, call: &Call, out: &mut Out<'_>) -> bool {
        let Some(item) = self.queue.get_mut(&call.key) else { return false };
        item.under_way = item.under_way.saturating_sub(1);
        if item.under_way > 0 {
            return false;
        }
        let (again, failed) = (item.again, item.failed);
        (item.again, item.failed) = (false, false);
        if failed {
            let wait = MIN_BACKOFF.0.saturating_mul(1 << item.failures.min(20)).min(MAX_BACKOFF.0);
            item.failures += 1;
            self.add_after(&call.key, Duration(wait), out);
            return false;
        }
        item.failures = 0;
        if again {
            self.add_after(&call.key, out.timing.reconcile, out);
        }
        true
    }

    /// Whether calls for a key are under way.
    pub fn is_busy(&self, key: &str) -> bool {
        self.queue.get(key).is_some_and(|item| item.under_way > 0)
    }

    /// Records a Normal event about an object.
    pub fn event(&mut self, about: &Object, reason: &str, message: &str, out: &mut Out<'_>) {
        self.say(about, Saying { warning: false, reason, message, field: "", action: "" }, out);
    }

    /// Records a Warning about an object.
    pub fn warn(&mut self, about: &Object, reason: &str, message: &str, out: &mut Out<'_>) {
        self.say(about, Saying { warning: true, reason, message, field: "", action: "" }, out);
    }

    /// Records an event about an object.
    pub fn say(&mut self, about: &Object, saying: Saying<'_>, out: &mut Out<'_>) {
        if let Some(request) = self.recorder.record(out.now, about, saying) {
            out.call(Client::Controller(self.id), UNTRACKED, request);
        }
    }
}

/// The key of an object in a queue: `namespace/name`, or the name when cluster-scoped.
pub fn key_of(object: &Object) -> Text {
    key(object.namespace(), object.name())
}

/// A key of a namespace and a name.
pub fn key(namespace: &str, name: &str) -> Text {
    if namespace.is_empty() { name.into() } else { format!("{namespace}/{name}").into() }
}

/// The namespace and the name of a key.
pub fn split(key: &str) -> (&str, &str) {
    key.split_once('/').unwrap_or(("", key))
}
