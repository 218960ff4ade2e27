//! Makes Event objects as components do: a repeated message raises a count, similar ones are combined, floods are cut.
//! Knows no queue and sends nothing; its owner sends the requests that it makes.
//!
//! Models: client-go `tools/record/{event.go,events_cache.go}`. Omits: reading events back after a restart.

use super::request::PatchType;
use super::{Object, Request, event::EVENT};
use crate::base::{Duration, FlatMap, FlatSet, Instant, ObjectRef, Text};
use serde_json::{Value, json};

/// Distinct messages of one reason about one object before they are combined.
const MAX_SIMILAR: usize = 10;
/// How long messages count as similar.
const SIMILAR_WITHIN: Duration = Duration::secs(600);
/// Events about one object that may come at once, and how long one more takes to be earned.
const BURST: u64 = 25;
const REFILL: Duration = Duration::secs(300);
/// What a recorder remembers at most.
const MAX_KEPT: usize = 4_096;

/// A component's memory of the events that it made.
#[derive(Debug, Clone)]
pub struct Recorder {
    component: Text,
    host: Text,
    structured: bool,
    similar: FlatMap<Key, Similar>,
    sent: FlatMap<(Key, Text), Sent>,
    budgets: FlatMap<ObjectRef, (u64, Instant)>,
    last_name: u64,
}

/// What is to be said.
#[derive(Debug, Clone, Copy)]
pub struct Saying<'a> {
    /// Whether it is a Warning.
    pub warning: bool,
    /// `reason`.
    pub reason: &'a str,
    /// `message`.
    pub message: &'a str,
    /// `involvedObject.fieldPath`; may be empty.
    pub field: &'a str,
    /// `action`, for components that write the newer form.
    pub action: &'a str,
}

type Key = (ObjectRef, Text);

#[derive(Debug, Clone, Default)]
struct Similar {
    messages: FlatSet<Text>,
    last: Instant,
}

#[derive(Debug, Clone)]
struct Sent {
    name: Text,
    count: u64,
}

impl Recorder {
    /// A recorder of a component; `host` is the node that it runs on, or empty.
    pub fn new(component: &str, host: &str) -> Recorder {
        Recorder {
            component: component.into(),
            host: host.into(),
            structured: false,
            similar: FlatMap::new(),
            sent: FlatMap::new(),
            budgets: FlatMap::new(),
            last_name: 0,
        }
    }

    /// A recorder that writes the newer form (`eventTime`, `action`), as the scheduler does.
    pub fn structured(component: &str) -> Recorder {
        Recorder { structured: true, ..Recorder::new(component, "") }
    }

    /// The request that records an event about an object; `None` when the flood is cut.
    pub fn record(&mut self, now: Instant, about: &Object, saying: Saying<'_>) -> Option<Request> {
        if !self.structured && !self.afford(now, &about.key) {
            return None;
        }
        if self.sent.len() > MAX_KEPT {
            self.sent.clear();
            self.similar.clear();
            self.budgets.clear();
        }
        let key: Key = (about.key.clone(), format!("{} {}", saying.reason, saying.field).into());
        let (combined, message) = self.combine(now, &key, saying.message);
        let slot = (key, if combined { Text::from("") } else { Text::from(saying.message) });
        let agent = self.component.clone();
        if let Some(sent) = self.sent.get_mut(&slot) {
            sent.count += 1;
            let patch = if self.structured {
                json!({ "series": { "count": sent.count, "lastObservedTime": now.rfc3339_micro() } })
            } else {
                json!({ "count": sent.count, "lastTimestamp": now.rfc3339(), "message": message })
            };
            let key = ObjectRef::new("Event", event_namespace(about), &sent.name);
            return Some(Request::patch(&agent, &EVENT, &key, PatchType::Strategic, patch));
        }
        self.last_name = now.unix_nanos().max(self.last_name + 1);
        let name = format!("{}.{:x}", about.name(), self.last_name);
        self.sent.insert(slot, Sent { name: name.as_str().into(), count: 1 });
        let event = self.event(now, about, saying, &name, &message);
        Some(Request::create(&agent, Object::new(&EVENT, event)))
    }

    fn event(&self, now: Instant, about: &Object, saying: Saying<'_>, name: &str, message: &str) -> Value {
        let mut involved = json!({
            "kind": about.kind.kind, "apiVersion": about.kind.api_version(), "name": about.name(),
            "uid": &*about.uid, "resourceVersion": about.revision.to_string(),
        });
        if !about.namespace().is_empty() {
            involved["namespace"] = about.namespace().into();
        }
        if !saying.field.is_empty() {
            involved["fieldPath"] = saying.field.into();
        }
        let mut event = json!({
            "apiVersion": "v1", "kind": "Event",
            "metadata": { "name": name, "namespace": event_namespace(about) },
            "involvedObject": involved, "reason": saying.reason, "message": message,
            "type": if saying.warning { "Warning" } else { "Normal" },
            "reportingComponent": &*self.component, "reportingInstance": &*self.host,
        });
        if self.structured {
            event["eventTime"] = now.rfc3339_micro().into();
            event["action"] = saying.action.into();
            event["source"] = json!({});
            event["firstTimestamp"] = Value::Null;
            event["lastTimestamp"] = Value::Null;
            event["reportingInstance"] = format!("{}-control-plane", self.component).into();
        } else {
            event["eventTime"] = Value::Null;
            event["firstTimestamp"] = now.rfc3339().into();
            event["lastTimestamp"] = now.rfc3339().into();
            event["count"] = 1.into();
            event["source"] = json!({ "component": &*self.component });
            if !self.host.is_empty() {
                event["source"]["host"] = (*self.host).into();
            }
        }
        event
    }

    /// Whether too many similar messages came, and the message to write then.
    fn combine(&mut self, now: Instant, key: &Key, message: &str) -> (bool, String) {
        let similar = self.similar.entry(key.clone()).or_default();
        if now.since(similar.last) > SIMILAR_WITHIN {
            similar.messages.clear();
        }
        similar.last = now;
        similar.messages.insert(message.into());
        if similar.messages.len() < MAX_SIMILAR {
            return (false, message.to_string());
        }
        similar.messages.pop_first();
        (true, format!("(combined from similar events): {message}"))
    }

    fn afford(&mut self, now: Instant, key: &ObjectRef) -> bool {
        let (left, since) = self.budgets.entry(key.clone()).or_insert((BURST, now));
        let earned = now.since(*since).0 / REFILL.0;
        *left = (*left + earned).min(BURST);
        *since += Duration(earned * REFILL.0);
        let affordable = *left > 0;
        *left = left.saturating_sub(1);
        affordable
    }
}

/// Events about cluster-scoped objects live in `default`.
fn event_namespace(about: &Object) -> &str {
    if about.namespace().is_empty() { "default" } else { about.namespace() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Verb, tree};

    fn say<'a>(message: &'a str) -> Saying<'a> {
        Saying { warning: false, reason: "ScalingReplicaSet", message, field: "", action: "" }
    }

    fn text(request: Option<Request>) -> String {
        match request.map(|r| r.verb) {
            Some(Verb::Create(object)) => object.str("message").to_string(),
            Some(Verb::Patch(_, patch)) => {
                format!("{} x{}", tree::str(&patch, "message"), tree::int(&patch, "count").unwrap_or(0))
            }
            _ => String::new(),
        }
    }

    /// Recorded from kube-controller-manager v1.35.6: nine events of a rollout stand alone, the tenth is combined.
    #[test]
    fn repeated_events_are_counted_and_similar_ones_combined() {
        let web = json!({ "metadata": { "name": "web", "namespace": "default" } });
        let web = Object::new(&crate::api::deployment::DEPLOYMENT, web);
        let mut recorder = Recorder::new("deployment-controller", "");
        for n in 0..9 {
            let message = format!("Scaled up {n}");
            assert_eq!(text(recorder.record(Instant::ZERO, &web, say(&message))), message);
        }
        assert_eq!(text(recorder.record(Instant::ZERO, &web, say("Scaled up 8"))), "Scaled up 8 x2");
        let combined = "(combined from similar events): Scaled up 9";
        assert_eq!(text(recorder.record(Instant::ZERO, &web, say("Scaled up 9"))), combined);
    }
}
