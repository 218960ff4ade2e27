//! Watches over HTTP: lines of JSON, from a cursor into the revision log.

use super::super::watch::expired;
use super::ApiServer;
use super::table::Form;
use super::url::Query;
use crate::api::{Object, Request, Status, WatchKind};
use crate::apiserver::read;
use crate::base::{Duration, FlatSet, Instant};
use serde_json::{Value, json};

/// An open watch: what it selects and how far it has come.
#[derive(Debug, Clone)]
pub struct WatchSpec {
    request: Request,
    form: Form,
    cursor: u64,
    /// Events to be sent before anything else: what is there already.
    initial: Vec<Object>,
    bookmark: bool,
    /// Objects that it has shown, by key: one that no longer fits is shown as deleted.
    shown: FlatSet<crate::base::ObjectRef>,
    columns_sent: bool,
    until: Instant,
    failed: bool,
}

/// How long a watch stays open when it does not say.
const DEFAULT_TIMEOUT: Duration = Duration::secs(1_800);

impl WatchSpec {
    /// Whether it is over.
    pub fn ended(&self, now: Instant) -> bool {
        self.failed || now >= self.until
    }

    /// When it ends by itself.
    pub fn until(&self) -> Instant {
        self.until
    }
}

impl ApiServer {
    pub(super) fn open_watch(
        &self,
        request: Request,
        query: &Query,
        form: Form,
        now: Instant,
    ) -> Result<WatchSpec, Status> {
        read::check_fields(request.kind, &request.options)?;
        let from = query.get("resourceVersion").and_then(|n| n.parse().ok()).unwrap_or(0);
        let all = query.get("sendInitialEvents") == Some("true");
        let present: Vec<Object> = self.matching(&request).cloned().collect();
        let begins = from == 0 || all;
        let seconds = query.get("timeoutSeconds").and_then(|n| n.parse().ok()).map(Duration::secs);
        // `timeout=2s` is what kubectl's --request-timeout becomes.
        let request_timeout =
            query.get("timeout").and_then(|text| text.strip_suffix('s')?.parse().ok()).map(Duration::secs);
        Ok(WatchSpec {
            shown: present.iter().filter(|o| begins || o.revision <= from).map(|o| o.key.clone()).collect(),
            initial: if begins { present } else { Vec::new() },
            cursor: if begins { self.store.revision() } else { from },
            bookmark: all && query.get("allowWatchBookmarks") == Some("true"),
            form,
            columns_sent: false,
            until: now + request_timeout.or(seconds).unwrap_or(DEFAULT_TIMEOUT),
            failed: false,
            request,
        })
    }

    /// What has happened for a watch since it was last asked, as lines of JSON.
    pub fn watch_lines(&self, spec: &mut WatchSpec, now: Instant) -> Vec<u8> {
        let mut lines = String::new();
        for object in std::mem::take(&mut spec.initial) {
            push(spec, WatchKind::Added, &object, now, &mut lines);
        }
        if std::mem::take(&mut spec.bookmark) {
            lines.push_str(&bookmark(spec).to_string());
            lines.push('\n');
        }
        let changes = match self.store.since(spec.cursor) {
            Ok(changes) => changes,
            Err(error) => {
                spec.failed = true;
                let status = expired(spec.cursor, error).to_json();
                lines.push_str(&json!({ "type": "ERROR", "object": status }).to_string());
                lines.push('\n');
                return lines.into_bytes();
            }
        };
        for change in changes {
            let record = change.after.as_ref().or(change.before.as_ref());
            let Some(object) = record.map(|record| &record.object) else { continue };
            let is_kind = *object.kind == *spec.request.kind;
            let is_here = spec.request.namespace.is_empty() || *spec.request.namespace == *object.namespace();
            let is_named = spec.request.name.is_empty() || *spec.request.name == *object.name();
            if !(is_kind && is_here && is_named) {
                continue;
            }
            let fits = change.after.is_some() && read::selected(object, &spec.request.options);
            let was_shown = spec.shown.contains(&object.key);
            let kind = match (fits, was_shown) {
                (true, true) => WatchKind::Modified,
                (true, false) => WatchKind::Added,
                (false, true) => WatchKind::Deleted,
                (false, false) => continue,
            };
            push(spec, kind, object, now, &mut lines);
        }
        spec.cursor = self.store.revision();
        lines.into_bytes()
    }
}

fn push(spec: &mut WatchSpec, kind: WatchKind, object: &Object, now: Instant, lines: &mut String) {
    match kind {
        WatchKind::Deleted => drop(spec.shown.remove(&object.key)),
        WatchKind::Added | WatchKind::Modified => drop(spec.shown.insert(object.key.clone())),
    }
    let shown = spec.form.event(object, !spec.columns_sent, now);
    spec.columns_sent = true;
    lines.push_str(&json!({ "type": kind.word(), "object": shown }).to_string());
    lines.push('\n');
}

/// Says that everything that was there has been sent.
fn bookmark(spec: &WatchSpec) -> Value {
    json!({
        "type": "BOOKMARK",
        "object": {
            "kind": spec.request.kind.kind, "apiVersion": spec.request.kind.api_version(),
            "metadata": {
                "resourceVersion": spec.cursor.to_string(),
                "annotations": { "k8s.io/initial-events-end": "true" },
            },
        },
    })
}
