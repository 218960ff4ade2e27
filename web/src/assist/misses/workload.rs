//! Deployments and their like whose selector does not fit their own template.

use super::{Found, Miss, Severity, below, pair, replace};
use crate::assist::known::labels;
use tidepool_core::api::tree;
use tidepool_core::api::yaml::Document;

pub(super) fn check(document: &Document, found: &mut Vec<Found>) {
    let object = &document.value;
    if tree::get(object, "spec.template").is_none() {
        return;
    }
    let own = labels(object, "spec.template.metadata.labels");
    for (key, value) in labels(object, "spec.selector.matchLabels") {
        if own.get(&key) == Some(&value) {
            continue;
        }
        let span = document.place(&below("spec.selector.matchLabels", &key));
        let changes = match own.get(&key) {
            Some(found) => vec![replace(&span, found)],
            None => Vec::new(),
        };
        let miss = Miss::Template {
            wanted: pair(&key, &value),
            found: own.get(&key).map(|found| pair(&key, found)),
        };
        found.push(Found { miss, span, severity: Severity::Error, changes });
    }
}
