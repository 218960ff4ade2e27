//! Watches over HTTP: lines of JSON, from a cursor into the revision log.
//!
//! Models: apiserver `pkg/endpoints/handlers/watch.go`, `pkg/storage/cacher/cache_watcher.go`. Omits: `X-Stream`
//! protocols other than lines.

use super::super::watch::expired;
use super::ApiServer;
use super::page::integer;
use super::table::Form;
use super::url::Query;
use crate::api::{FieldError, Object, Request, Status, WatchKind};
use crate::apiserver::{Record, read};
use crate::base::{Duration, Instant};
use crate::store::Change;
use serde_json::{Value, json};

/// An open watch: what it selects and how far it has come.
#[derive(Debug, Clone)]
pub struct WatchSpec {
    request: Request,
    form: Form,
    cursor: u64,
    /// Events to be sent before anything else: what is there already.
    initial: Vec<Object>,
    /// Whether the end of those is to be said.
    says_end: bool,
    /// When the next bookmark is due; `None` when none are wanted.
    bookmark: Option<Instant>,
    columns_sent: bool,
    until: Instant,
    failed: bool,
}

/// How long a watch stays open when it does not say.
const DEFAULT_TIMEOUT: Duration = Duration::secs(1_800);
/// How often bookmarks come.
const BOOKMARK_EVERY: Duration = Duration::secs(60);
/// How long before the end of a watch its last bookmark comes.
const BOOKMARK_AHEAD: Duration = Duration::secs(2);

impl WatchSpec {
    /// Whether it is over.
    pub fn ended(&self, now: Instant) -> bool {
        self.failed || now >= self.until
    }

    /// When it does something by itself: send a bookmark, or end.
    pub fn wakes(&self) -> Instant {
        self.bookmark.map_or(self.until, |at| at.min(self.until))
    }

    /// The bookmark after one at this time.
    fn next_bookmark(&self, now: Instant) -> Option<Instant> {
        let last = Instant(self.until.0.saturating_sub(BOOKMARK_AHEAD.0));
        let next = now + BOOKMARK_EVERY;
        match (next < last, now < last) {
            (true, _) => Some(next),
            (false, true) => Some(last),
            (false, false) => Some(self.until + BOOKMARK_EVERY),
        }
    }
}

/// What may be said of a watch's beginning.
fn check(query: &Query) -> Result<(), Status> {
    let (how, initial) = (query.get("resourceVersionMatch"), query.get("sendInitialEvents"));
    let words = match (how, initial) {
        (Some(_), None) => "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
        (None | Some("Exact"), Some(_)) => {
            "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
        }
        (Some("NotOlderThan") | None, _) => return Ok(()),
        (Some(other), Some(_)) => {
            let wrong = FieldError::not_supported("resourceVersionMatch", other, &["NotOlderThan"]);
            return Err(Status::invalid_options("ListOptions", vec![wrong]));
        }
    };
    Err(Status::invalid_options("ListOptions", vec![FieldError::forbidden("resourceVersionMatch", words)]))
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
        check(query)?;
        let from = self.check_version(query)?;
        let said = query.get("sendInitialEvents");
        // Without a revision a watch begins with what is there, unless it says that it does not want it.
        let begins = said == Some("true") || from == 0 && said.is_none();
        let bookmarks = query.get("allowWatchBookmarks") == Some("true");
        let seconds =
            integer(query, "timeoutSeconds")?.and_then(|n| u64::try_from(n).ok()).filter(|n| *n > 0);
        // `timeout=2s` is what kubectl's --request-timeout becomes.
        let request_timeout = query.get("timeout").and_then(|text| text.strip_suffix('s')?.parse().ok());
        let wait = request_timeout
            .or(seconds)
            .map_or(DEFAULT_TIMEOUT, |n| Duration::secs(n).min(Duration::secs(86_400)));
        let mut spec = WatchSpec {
            initial: if begins {
                self.matching(&request).filter(|o| named(&request, o)).cloned().collect()
            } else {
                Vec::new()
            },
            cursor: if begins || from == 0 { self.store.revision() } else { from },
            says_end: said == Some("true") && bookmarks,
            bookmark: None,
            form,
            columns_sent: false,
            until: now + wait,
            failed: false,
            request,
        };
        spec.bookmark = spec.next_bookmark(now).filter(|_| bookmarks);
        Ok(spec)
    }

    /// What has happened for a watch since it was last asked, as lines of JSON.
    pub fn watch_lines(&self, spec: &mut WatchSpec, now: Instant) -> Vec<u8> {
        let mut lines = String::new();
        for object in std::mem::take(&mut spec.initial) {
            push(spec, WatchKind::Added, &object, now, &mut lines);
        }
        if std::mem::take(&mut spec.says_end) {
            line(&bookmark(spec, true), &mut lines);
        }
        let changes = match self.store.since(spec.cursor) {
            Ok(changes) => changes,
            Err(error) => {
                spec.failed = true;
                let status = expired(spec.cursor, error).to_json();
                line(&json!({ "type": "ERROR", "object": status }), &mut lines);
                return lines.into_bytes();
            }
        };
        for change in changes {
            if let Some((kind, object)) = event(&spec.request, change) {
                push(spec, kind, &object, now, &mut lines);
            }
        }
        spec.cursor = spec.cursor.max(self.store.revision());
        if spec.bookmark.is_some_and(|due| now >= due) {
            line(&bookmark(spec, false), &mut lines);
            spec.bookmark = spec.next_bookmark(now);
        }
        lines.into_bytes()
    }
}

fn named(request: &Request, object: &Object) -> bool {
    request.name.is_empty() || *request.name == *object.name()
}

/// What a change is to a watch: an object that fits no more is deleted for it, one that fits now is added.
fn event(request: &Request, change: &Change<Record>) -> Option<(WatchKind, Object)> {
    let fits = |record: &&Record| {
        let object = &record.object;
        *object.kind == *request.kind
            && (request.namespace.is_empty() || *request.namespace == *object.namespace())
            && named(request, object)
            && read::selected(object, &request.options)
    };
    match (change.before.as_ref().filter(fits), change.after.as_ref().filter(fits)) {
        (None, None) => None,
        (None, Some(after)) => Some((WatchKind::Added, after.object.clone())),
        (Some(_), Some(after)) => Some((WatchKind::Modified, after.object.clone())),
        (Some(before), None) => {
            Some((WatchKind::Deleted, before.object.clone().at_revision(change.revision)))
        }
    }
}

fn line(value: &Value, lines: &mut String) {
    lines.push_str(&value.to_string());
    lines.push('\n');
}

fn push(spec: &mut WatchSpec, kind: WatchKind, object: &Object, now: Instant, lines: &mut String) {
    let shown = spec.form.event(object, !spec.columns_sent, now);
    spec.columns_sent = true;
    line(&json!({ "type": kind.word(), "object": shown }), lines);
}

/// How far the watch has come, and perhaps that everything that was there has been sent.
fn bookmark(spec: &WatchSpec, is_end: bool) -> Value {
    let mut metadata = json!({ "resourceVersion": spec.cursor.to_string() });
    if is_end {
        metadata["annotations"] = json!({ "k8s.io/initial-events-end": "true" });
    }
    json!({ "type": "BOOKMARK", "object": spec.form.bookmark(spec.request.kind, &metadata) })
}

#[cfg(test)]
mod tests {
    use super::super::HttpOutcome;
    use crate::apiserver::WatchSpec;
    use crate::apiserver::tests::Bench;
    use crate::base::Duration;
    use serde_json::{Value, json};

    fn open(bench: &mut Bench, query: &str) -> Box<WatchSpec> {
        let request = http::Request::get(format!("/api/v1/{query}")).body(bytes::Bytes::new()).unwrap();
        match bench.with(|server, out| server.http(&request, out)) {
            HttpOutcome::Watch(spec) => spec,
            other => panic!("no watch: {other:?}"),
        }
    }

    fn lines(bench: &Bench, spec: &mut WatchSpec) -> Vec<(String, Value)> {
        let bytes = bench.server.watch_lines(spec, bench.now);
        let text = String::from_utf8(bytes).unwrap();
        let read = |line: &str| {
            let mut event: Value = serde_json::from_str(line).unwrap();
            (event["type"].as_str().unwrap().to_string(), event["object"].take())
        };
        text.lines().map(read).collect()
    }

    fn types(events: &[(String, Value)]) -> Vec<&str> {
        events.iter().map(|(kind, _)| kind.as_str()).collect()
    }

    #[test]
    fn a_list_by_watch_says_when_it_is_complete_and_bookmarks_follow() {
        // unverified: by apiserver's source; the recorded server could not stream lists.
        let mut bench = Bench::new();
        let query = "namespaces?watch=true&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&timeoutSeconds=90";
        let mut spec = open(&mut bench, query);
        let first = lines(&bench, &mut spec);
        assert_eq!(types(&first), ["ADDED", "ADDED", "ADDED", "ADDED", "BOOKMARK"]);
        let last = &first[4].1;
        assert_eq!(last["metadata"]["annotations"], json!({ "k8s.io/initial-events-end": "true" }));
        assert_eq!(last["kind"], "Namespace");
        bench.now += Duration::secs(60);
        assert_eq!(types(&lines(&bench, &mut spec)), ["BOOKMARK"]);
        bench.now += Duration::secs(28);
        assert_eq!(types(&lines(&bench, &mut spec)), ["BOOKMARK"]);
        assert!(!spec.ended(bench.now));
        bench.now += Duration::secs(2);
        assert!(spec.ended(bench.now));
    }

    #[test]
    fn what_fits_no_more_is_deleted_and_what_fits_now_is_added() {
        let mut bench = Bench::new();
        let mut spec = open(&mut bench, "watch/namespaces?labelSelector=a%3Db");
        assert!(lines(&bench, &mut spec).is_empty());
        let patch = |bench: &mut Bench, value: Value| {
            let body = json!({ "metadata": { "labels": { "a": value } } }).to_string();
            bench.http("PATCH", "/api/v1/namespaces/default", "application/merge-patch+json", &body);
        };
        patch(&mut bench, json!("b"));
        patch(&mut bench, json!("c"));
        let events = lines(&bench, &mut spec);
        assert_eq!(types(&events), ["ADDED", "DELETED"]);
        assert_eq!(events[1].1["metadata"]["labels"]["a"], "b");
        assert!(events[0].1["metadata"]["resourceVersion"] != events[1].1["metadata"]["resourceVersion"]);
        // From a revision on it is the same.
        let from = events[0].1["metadata"]["resourceVersion"].as_str().unwrap();
        let mut later =
            open(&mut bench, &format!("namespaces?watch=1&labelSelector=a%3Db&resourceVersion={from}"));
        assert_eq!(types(&lines(&bench, &mut later)), ["DELETED"]);
    }
}
