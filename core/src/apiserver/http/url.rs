//! URLs: which object or collection a path means, and the options of its query.

use crate::api::request::Options;
use crate::api::{Kind, Selector, Status};
use crate::base::Text;
use http::Method;

/// What a path means.
#[derive(Debug, Clone)]
pub struct Target {
    /// The kind.
    pub kind: &'static Kind,
    /// The namespace; empty for none and for all.
    pub namespace: Text,
    /// The object's name; empty for the collection.
    pub name: Text,
    /// The subresource; empty for the object itself.
    pub subresource: &'static str,
    /// Whether the path is one of those that watch, as in `/api/v1/watch/services`.
    pub watches: bool,
}

/// The subresources that paths may name.
const SUBRESOURCES: &[&str] = &["status", "scale", "binding", "eviction", "log", "finalize"];

impl Target {
    /// Reads `/api/v1/...` and `/apis/GROUP/VERSION/...`.
    pub fn parse(path: &str) -> Option<Target> {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let (group, version, rest) = match parts.as_slice() {
            ["api", version, rest @ ..] => ("", *version, rest),
            ["apis", group, version, rest @ ..] => (*group, *version, rest),
            _ => return None,
        };
        let (watches, rest) = match rest {
            ["watch", rest @ ..] => (true, rest),
            rest => (false, rest),
        };
        let target = |namespace: &str, plural, name: &str, sub: &str| {
            let subresource = match sub {
                "" => "",
                sub => SUBRESOURCES.iter().find(|known| **known == sub)?,
            };
            let kind = Kind::of_url(group, version, plural)?;
            Some(Target { kind, namespace: namespace.into(), name: name.into(), subresource, watches })
        };
        match rest {
            ["namespaces", namespace, sub @ ("status" | "finalize")] => {
                target("", "namespaces", namespace, sub)
            }
            ["namespaces", namespace, plural] => target(namespace, plural, "", ""),
            ["namespaces", namespace, plural, name] => target(namespace, plural, name, ""),
            ["namespaces", namespace, plural, name, sub] => target(namespace, plural, name, sub),
            [plural] => target("", plural, "", ""),
            [plural, name] => target("", plural, name, ""),
            [plural, name, sub] => target("", plural, name, sub),
            _ => None,
        }
    }
}

impl Target {
    /// Whether there is such a place: a namespace where the kind has one and only there, and a part that the kind has.
    pub fn exists(&self) -> bool {
        let kind = self.kind;
        let placed = if kind.namespaced {
            self.name.is_empty() || !self.namespace.is_empty()
        } else {
            self.namespace.is_empty()
        };
        let has_part = match self.subresource {
            "" => true,
            "status" => kind.has_status,
            "scale" => kind.has_scale,
            "finalize" => kind.kind == "Namespace",
            _ => kind.kind == "Pod",
        };
        placed && has_part
    }

    /// Whether something can be done here with a method.
    pub fn allows(&self, method: &Method) -> bool {
        let everywhere = self.kind.namespaced && self.namespace.is_empty();
        let allowed: &[Method] = match (self.subresource, self.name.is_empty()) {
            _ if self.watches => &[Method::GET],
            ("log", _) => &[Method::GET],
            ("binding" | "eviction", _) => &[Method::POST],
            ("finalize", _) => &[Method::PUT],
            ("status" | "scale", _) => &[Method::GET, Method::PUT, Method::PATCH],
            (_, true) if everywhere => &[Method::GET],
            (_, true) => &[Method::GET, Method::POST, Method::DELETE],
            (_, false) => &[Method::GET, Method::PUT, Method::PATCH, Method::DELETE],
        };
        allowed.contains(method)
    }
}

/// A query string, decoded.
#[derive(Debug, Clone, Default)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Decodes.
    pub fn parse(text: &str) -> Query {
        Query(form_urlencoded::parse(text.as_bytes()).into_owned().collect())
    }

    /// The value of a key, unless it is empty.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// Whether a key is there, with or without a value.
    pub fn has(&self, key: &str) -> bool {
        self.value(key).is_some()
    }

    /// The value of a key, which may be empty.
    pub fn value(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// The options that it holds.
    pub fn options(&self) -> Result<Options, Status> {
        let labels =
            Selector::parse(self.get("labelSelector").unwrap_or_default()).map_err(Status::bad_request)?;
        Ok(Options {
            labels,
            fields: fields(self.get("fieldSelector").unwrap_or_default())?,
            dry_run: self.get("dryRun") == Some("All"),
            strict: self.get("fieldValidation") == Some("Strict"),
            field_manager: self.get("fieldManager").unwrap_or_default().into(),
            force: self.get("force") == Some("true"),
            grace_seconds: self.get("gracePeriodSeconds").and_then(|n| n.parse().ok()),
            propagation: self.get("propagationPolicy").unwrap_or_default().into(),
            uid: Text::default(),
            version: Text::default(),
            through: None,
        })
    }
}

/// Reads `a=b,c!=d`.
fn fields(text: &str) -> Result<Vec<(Text, Text, bool)>, Status> {
    let terms = text.split(',').filter(|term| !term.trim().is_empty());
    let read = |term: &str| {
        let (path, value, equal) = match (term.split_once("!="), term.split_once("=="), term.split_once('='))
        {
            (Some((path, value)), _, _) => (path, value, false),
            (_, Some((path, value)), _) | (_, _, Some((path, value))) => (path, value, true),
            _ => {
                return Err(Status::bad_request(format!(
                    "invalid field selector: {term:?}; can't understand {term:?}"
                )));
            }
        };
        Ok((path.trim().into(), value.trim().into(), equal))
    };
    terms.map(read).collect()
}
