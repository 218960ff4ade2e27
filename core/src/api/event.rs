//! Event: what components tell of an object.
//!
//! Models: `pkg/apis/core/v1` Event, printEvent.

use super::kinds::{column, name, wide};
use super::{Kind, Object, age, tree};
use crate::base::Instant;
use serde_json::{Value, json};

/// The kind.
pub static EVENT: Kind = Kind {
    kind: "Event",
    plural: "events",
    singular: "event",
    short: &["ev"],
    create_on_update: true,
    defaults,
    selectable: &[
        "involvedObject.kind",
        "involvedObject.namespace",
        "involvedObject.name",
        "involvedObject.uid",
        "involvedObject.apiVersion",
        "involvedObject.resourceVersion",
        "involvedObject.fieldPath",
        "reason",
        "reportingComponent",
        "source",
        "type",
    ],
    columns: &[
        column("Last Seen", last_seen),
        column("Type", kind),
        column("Reason", reason),
        column("Object", object),
        wide("Subobject", subobject),
        wide("Source", source),
        column("Message", message),
        wide("First Seen", first_seen),
        wide("Count", count),
        wide("Name", name),
    ],
    ..Kind::PLAIN
};

/// What Go writes even when nothing was given.
fn defaults(event: &mut Value) {
    for (field, value) in [
        ("involvedObject", json!({})),
        ("source", json!({})),
        ("eventTime", Value::Null),
        ("firstTimestamp", Value::Null),
        ("lastTimestamp", Value::Null),
        ("reportingComponent", json!("")),
        ("reportingInstance", json!("")),
    ] {
        tree::default(event, field, value);
    }
}

fn last_seen(event: &Object, now: Instant) -> String {
    let at = first_of(event, &["series.lastObservedTime", "lastTimestamp", "eventTime", "firstTimestamp"]);
    age::since(at, now)
}

fn first_seen(event: &Object, now: Instant) -> String {
    age::since(first_of(event, &["firstTimestamp", "eventTime"]), now)
}

fn kind(event: &Object, _: Instant) -> String {
    event.str("type").to_string()
}

fn reason(event: &Object, _: Instant) -> String {
    event.str("reason").to_string()
}

fn object(event: &Object, _: Instant) -> String {
    let kind = event.str("involvedObject.kind").to_ascii_lowercase();
    match event.str("involvedObject.name") {
        "" => kind,
        name => format!("{kind}/{name}"),
    }
}

fn subobject(event: &Object, _: Instant) -> String {
    event.str("involvedObject.fieldPath").to_string()
}

fn source(event: &Object, _: Instant) -> String {
    let component = first_of(event, &["source.component", "reportingComponent"]);
    match first_of(event, &["source.host", "reportingInstance"]) {
        "" => component.to_string(),
        host => format!("{component}, {host}"),
    }
}

fn message(event: &Object, _: Instant) -> String {
    event.str("message").trim().to_string()
}

fn count(event: &Object, _: Instant) -> String {
    let count = event.int("series.count").or_else(|| event.int("count")).unwrap_or(0);
    count.max(1).to_string()
}

fn first_of<'a>(event: &'a Object, paths: &[&str]) -> &'a str {
    paths.iter().map(|path| event.str(path)).find(|text| !text.is_empty()).unwrap_or_default()
}
