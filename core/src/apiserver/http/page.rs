//! Lists in pieces, and as of a revision: `limit`, `continue`, `resourceVersion`, `resourceVersionMatch`.
//!
//! Models: apiserver `pkg/storage/continue.go`, `pkg/storage/etcd3/store.go`, apimachinery
//! `pkg/apis/meta/internalversion/validation`.

use super::ApiServer;
use super::url::Query;
use crate::api::{FieldError, Object, Request, Status};
use crate::apiserver::{keys, read};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

/// A piece of a list.
#[derive(Debug)]
pub struct Page {
    /// The objects.
    pub objects: Vec<Object>,
    /// The revision as of which they are.
    pub revision: u64,
    /// How to ask for the rest; empty when there is none.
    pub token: String,
    /// How many the rest are, where that is known without looking at them.
    pub remaining: Option<usize>,
}

/// What a query says of a list.
struct Wish {
    limit: usize,
    /// The revision that is meant exactly.
    exact: Option<u64>,
    /// The key, without its kind's prefix, from which the list goes on.
    start: String,
}

/// Which version a token that is no longer consistent names.
const INCONSISTENT: i64 = -1;

impl ApiServer {
    /// The piece of a list that a query asks for.
    pub(super) fn page(&self, request: &Request, query: &Query) -> Result<Page, Status> {
        read::check_fields(request.kind, &request.options)?;
        let wish = self.wish(query)?;
        let prefix = keys::prefix(request.kind, "");
        let within = keys::prefix(request.kind, &request.namespace);
        let revision = wish.exact.unwrap_or(self.store.revision());
        let from = format!("{prefix}{}", wish.start);
        let is_plain = request.options.labels.requirements.is_empty() && request.options.fields.is_empty();
        let then: Vec<(crate::base::Text, Object)>;
        let all: Box<dyn Iterator<Item = (&str, &Object)>> = if revision == self.store.revision() {
            Box::new(self.store.range(&within).map(|(key, stored)| (&**key, &stored.value.object)))
        } else {
            let old = self.store.at(&within, revision).map_err(|_| Self::too_old(&wish))?;
            then = old.into_iter().map(|(key, record, at)| (key, record.object.at_revision(at))).collect();
            Box::new(then.iter().map(|(key, object)| (&**key, object)))
        };
        let mut rest = all.filter(|(key, _)| *key >= from.as_str()).peekable();
        let (mut objects, mut last) = (Vec::new(), "");
        while wish.limit == 0 || objects.len() < wish.limit {
            let Some((key, object)) = rest.next() else { break };
            if read::selected(object, &request.options) {
                objects.push(object.clone());
            }
            last = key;
        }
        let has_more = rest.peek().is_some();
        let start = last.strip_prefix(prefix.as_str()).unwrap_or(last);
        let token = if has_more {
            token(i64::try_from(revision).unwrap_or(0), &format!("{start}\0"))
        } else {
            String::new()
        };
        let remaining = (has_more && is_plain).then(|| rest.count());
        Ok(Page { objects, revision, token, remaining })
    }

    fn wish(&self, query: &Query) -> Result<Wish, Status> {
        let limit = usize::try_from(integer(query, "limit")?.unwrap_or(0)).unwrap_or(0);
        let (token, said) = (query.get("continue"), query.get("resourceVersion").filter(|said| *said != "0"));
        check_match(query)?;
        if let Some(token) = token {
            if said.is_some() {
                return Err(Status::bad_request(
                    "specifying resource version is not allowed when using continue",
                ));
            }
            let (revision, start) = read_token(token)
                .map_err(|words| Status::bad_request(format!("invalid continue token: {words}")))?;
            return Ok(Wish { limit, exact: u64::try_from(revision).ok(), start });
        }
        let revision = self.check_version(query)?;
        let exact = match query.get("resourceVersionMatch") {
            Some("Exact") => true,
            None => limit > 0,
            Some(_) => false,
        };
        Ok(Wish { limit, exact: Some(revision).filter(|n| exact && *n > 0), start: String::new() })
    }

    /// The revision that a query names, 0 for none; one that is yet to come is refused.
    pub(super) fn check_version(&self, query: &Query) -> Result<u64, Status> {
        let Some(said) = query.get("resourceVersion") else { return Ok(0) };
        let revision = said.parse::<u64>().map_err(|_| {
            let quoted = Value::from(said);
            let why = if said.bytes().all(|b| b.is_ascii_digit()) {
                "value out of range"
            } else {
                "invalid syntax"
            };
            let words = format!(
                "resourceVersion: Invalid value: {quoted}: strconv.ParseUint: parsing {quoted}: {why}"
            );
            Status::bad_request(format!("invalid resource version: {words}"))
        })?;
        let now = self.store.revision();
        if revision > now {
            return Err(Status::too_large_version(revision, now));
        }
        Ok(revision)
    }

    /// The refusal of a revision that the store has forgotten.
    fn too_old(wish: &Wish) -> Status {
        if wish.start.is_empty() {
            return Status::plain(410, "Expired", "The resourceVersion for the provided list is too old.");
        }
        let words = "The provided continue parameter is too old to display a consistent list result. You can start a new \
                     list without the continue parameter, or use the continue token in this response to retrieve the \
                     remainder of the results. Continuing with the provided token results in an inconsistent list - \
                     objects that were created, modified, or deleted between the time the first chunk was returned and \
                     now may show up in the list.";
        Status::plain(410, "Expired", words)
    }
}

/// The refusal of a list, which goes on all the same where only its revision is forgotten.
pub(super) fn refusal(status: &Status, query: &Query) -> Value {
    let mut refused = status.to_json();
    let start = query.get("continue").filter(|_| status.code == 410).and_then(|token| read_token(token).ok());
    if let Some((_, start)) = start {
        refused["metadata"]["continue"] = token(INCONSISTENT, &start).into();
    }
    refused
}

/// An integer of a query, in Go's words when it is none.
pub(super) fn integer(query: &Query, key: &str) -> Result<Option<i64>, Status> {
    let Some(text) = query.get(key) else { return Ok(None) };
    text.parse::<i64>().map(Some).map_err(|_| {
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        let why = if is_number { "value out of range" } else { "invalid syntax" };
        Status::bad_request(format!("strconv.ParseInt: parsing {text:?}: {why}"))
    })
}

/// What may be said of revisions together.
fn check_match(query: &Query) -> Result<(), Status> {
    let said = query.get("resourceVersion");
    let mut wrong = Vec::new();
    if let Some(how) = query.get("resourceVersionMatch") {
        let mut forbid = |words: &str| wrong.push(FieldError::forbidden("resourceVersionMatch", words));
        if said.is_none() {
            forbid("resourceVersionMatch is forbidden unless resourceVersion is provided");
        }
        if query.get("continue").is_some() {
            forbid("resourceVersionMatch is forbidden when continue is provided");
        }
        if !matches!(how, "Exact" | "NotOlderThan") {
            wrong.push(FieldError::not_supported("resourceVersionMatch", how, &["Exact", "NotOlderThan"]));
        }
        if how == "Exact" && said == Some("0") {
            let words = "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"";
            wrong.push(FieldError::forbidden("resourceVersionMatch", words));
        }
    }
    if query.get("sendInitialEvents").is_some() {
        wrong.push(FieldError::forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"));
    }
    if wrong.is_empty() { Ok(()) } else { Err(Status::invalid_options("ListOptions", wrong)) }
}

fn token(revision: i64, start: &str) -> String {
    BASE64URL_NOPAD
        .encode(json!({ "v": "meta.k8s.io/v1", "rv": revision, "start": start }).to_string().as_bytes())
}

fn read_token(token: &str) -> Result<(i64, String), String> {
    const INVALID: &str = "continue key is not valid";
    let bytes = BASE64URL_NOPAD
        .decode(token.as_bytes())
        .map_err(|error| format!("{INVALID}: illegal base64 data at input byte {}", error.position))?;
    let read: Value = serde_json::from_slice(&bytes).map_err(|error| format!("{INVALID}: {error}"))?;
    if read["v"] != "meta.k8s.io/v1" {
        return Err(format!("{INVALID}: server does not recognize this encoded version {}", read["v"]));
    }
    let revision = read["rv"].as_i64().filter(|revision| *revision != 0);
    let revision = revision.ok_or_else(|| {
        format!("{INVALID}: incorrect encoded start resourceVersion (version meta.k8s.io/v1)")
    })?;
    match read["start"].as_str().unwrap_or_default() {
        "" => Err(format!("{INVALID}: encoded start key empty (version meta.k8s.io/v1)")),
        start if start.split('/').any(|part| matches!(part, "" | "." | "..")) => {
            Err(format!("{INVALID}: {start}"))
        }
        start => Ok((revision, start.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use crate::apiserver::tests::Bench;
    use serde_json::{Value, json};

    fn get(bench: &mut Bench, path: &str) -> (u16, Value) {
        bench.http("GET", path, "application/json", "")
    }

    fn names(list: &Value) -> Vec<&str> {
        list["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["metadata"]["name"].as_str().unwrap())
            .collect()
    }

    #[test]
    fn a_list_in_pieces_is_as_of_one_revision() {
        let mut bench = Bench::new();
        let (_, first) = get(&mut bench, "/api/v1/namespaces?limit=2");
        assert_eq!(names(&first), ["default", "kube-node-lease"]);
        assert_eq!(first["metadata"]["remainingItemCount"], json!(2));
        let token = first["metadata"]["continue"].as_str().unwrap();
        // What is made in between is not in the rest.
        bench.http("POST", "/api/v1/namespaces", "application/json", r#"{"metadata":{"name":"kube-q"}}"#);
        let (_, rest) = get(&mut bench, &format!("/api/v1/namespaces?limit=2&continue={token}"));
        assert_eq!(names(&rest), ["kube-public", "kube-system"]);
        assert_eq!(rest["metadata"]["continue"], Value::Null);
        assert_eq!(rest["metadata"]["resourceVersion"], first["metadata"]["resourceVersion"]);
        let revision = first["metadata"]["resourceVersion"].as_str().unwrap();
        let exact = format!("/api/v1/namespaces?resourceVersion={revision}&resourceVersionMatch=Exact");
        assert_eq!(names(&get(&mut bench, &exact).1).len(), 4);
        assert_eq!(names(&get(&mut bench, "/api/v1/namespaces?resourceVersion=0").1).len(), 5);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        // unverified: the words are upstream's source.
        let mut bench = Bench::new();
        for (query, code, words) in [
            (
                "continue=!",
                400,
                "invalid continue token: continue key is not valid: illegal base64 data at input byte 0",
            ),
            ("limit=x", 400, "strconv.ParseInt: parsing \"x\": invalid syntax"),
            (
                "limit=99999999999999999999",
                400,
                "strconv.ParseInt: parsing \"99999999999999999999\": value out of range",
            ),
            (
                "resourceVersionMatch=Exact",
                422,
                "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided",
            ),
        ] {
            let (found, refused) = get(&mut bench, &format!("/api/v1/services?{query}"));
            assert_eq!((found, refused["message"].as_str().unwrap()), (code, words));
        }
        let (code, refused) = get(&mut bench, "/api/v1/services?resourceVersion=999999");
        assert_eq!((code, &refused["reason"]), (504, &json!("Timeout")));
        assert!(
            refused["message"].as_str().unwrap().starts_with("Too large resource version: 999999, current: ")
        );
        assert_eq!(get(&mut bench, "/api/v1/services?limit=-5").0, 200);
    }

    #[test]
    fn a_token_that_the_log_has_forgotten_expires_and_another_goes_on() {
        let mut bench = Bench::new();
        let (_, first) = get(&mut bench, "/api/v1/namespaces?limit=1");
        let token = first["metadata"]["continue"].as_str().unwrap().to_string();
        for n in 0..10_100 {
            let patch = json!({ "metadata": { "labels": { "n": n.to_string() } } }).to_string();
            bench.http("PATCH", "/api/v1/namespaces/default", "application/merge-patch+json", &patch);
        }
        let (code, expired) = get(&mut bench, &format!("/api/v1/namespaces?limit=1&continue={token}"));
        assert_eq!((code, &expired["reason"]), (410, &json!("Expired")));
        let next = expired["metadata"]["continue"].as_str().unwrap();
        let (code, rest) = get(&mut bench, &format!("/api/v1/namespaces?continue={next}"));
        assert_eq!((code, names(&rest).len()), (200, 3));
    }
}
