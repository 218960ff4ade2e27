//! The events at the end of a page. Knows no kind. Models: kubectl `pkg/describe/describe.go` DescribeEvents.

use super::Subject;
use super::page::Page;
use crate::api::{age, event, tree};
use crate::base::{Instant, order};
use crate::shell::kubectl::client;
use crate::shell::kubectl::script::{Asked, Io};
use serde_json::Value;

/// Writes the events of an object.
pub fn events(io: &mut Io<'_, '_, '_>, subject: &Subject, page: &mut Page) -> Asked<()> {
    if !subject.shows_events {
        return Ok(());
    }
    let fields = format!(
        "involvedObject.name={},involvedObject.namespace={},involvedObject.kind={},involvedObject.uid={}",
        subject.name(),
        subject.namespace(),
        subject.kind.kind,
        subject.uid()
    );
    events_by(io, subject.namespace(), &fields, page)
}

/// Writes the events that a field selector finds.
pub fn events_by(io: &mut Io<'_, '_, '_>, namespace: &str, fields: &str, page: &mut Page) -> Asked<()> {
    let path = client::path(&event::EVENT, namespace, "");
    let query = [("fieldSelector", fields), ("limit", "500")];
    let answer = io.http(client::get(&path, &query, client::TYPED))?;
    let mut events: Vec<&Value> = tree::list(&answer.json, "items").iter().collect();
    if events.is_empty() {
        page.line(0, "Events:\t<none>");
        return Ok(());
    }
    page.flush();
    order::sort_by_key(&mut events, |event| tree::str(event, "lastTimestamp").to_string());
    page.line(0, "Events:");
    page.line(1, "Type\tReason\tAge\tFrom\tMessage");
    page.line(1, "----\t------\t----\t----\t-------");
    for event in events {
        let source = [tree::str(event, "source.component"), tree::str(event, "reportingComponent")];
        let source = source.into_iter().find(|source| !source.is_empty()).unwrap_or_default();
        let (kind, reason) = (tree::str(event, "type"), tree::str(event, "reason"));
        let mut message = tree::str(event, "message").trim().to_string();
        let part = tree::str(event, "involvedObject.fieldPath");
        if !part.is_empty() {
            message = format!("{part}: {message}");
        }
        page.line(1, &format!("{kind}\t{reason}\t{}\t{source}\t{message}", interval(event, io.now())));
    }
    Ok(())
}

/// `5s`, or `5s (x3 over 2m)` for what happened several times.
pub fn interval(event: &Value, now: Instant) -> String {
    let since = |path: &str| match tree::str(event, path) {
        "" => None,
        timestamp => Some(age::since(timestamp, now)),
    };
    let first =
        since("eventTime").or_else(|| since("firstTimestamp")).unwrap_or_else(|| "<unknown>".to_string());
    if let Some(last) = since("series.lastObservedTime") {
        let count = tree::int(event, "series.count").unwrap_or(0);
        return format!("{last} (x{count} over {first})");
    }
    match tree::int(event, "count").unwrap_or(0) {
        count if count > 1 => {
            let last = since("lastTimestamp").unwrap_or_else(|| "<unknown>".to_string());
            format!("{last} (x{count} over {first})")
        }
        _ => first,
    }
}
