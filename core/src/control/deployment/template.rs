//! Pod templates: which ReplicaSet has the Deployment's, its hash, and the ReplicaSet that is made of it.
//!
//! Models: `pkg/controller/controller_utils.go` (`ComputeHash`), `sync.go` (`getNewReplicaSet`).
//! Omits: upstream's exact hash, which is taken over a print of Go structures; ours is over the template's JSON, with
//! the same function and alphabet.

use super::revision;
use super::scaling::{Numbers, new_size};
use crate::api::cache::controller_reference;
use crate::api::replica_set::REPLICA_SET;
use crate::api::{Object, tree};
use serde_json::{Value, json};

/// The label that tells the pods of one template from those of another.
const HASH_LABEL: &str = "pod-template-hash";

/// Whether a ReplicaSet has the Deployment's template.
pub fn is_same(deployment: &Object, set: &Object) -> bool {
    let Some(template) = set.get("spec.template") else { return false };
    let mut template = template.clone();
    if let Some(labels) = template.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
        labels.remove(HASH_LABEL);
    }
    deployment.get("spec.template") == Some(&template)
}

/// The new ReplicaSet of a Deployment whose ReplicaSets ask for `total` pods.
pub fn new_set<'a>(
    deployment: &Object,
    old: impl Iterator<Item = &'a Object> + Clone,
    numbers: &Numbers,
    total: i64,
) -> Object {
    let mut template = deployment.get("spec.template").cloned().unwrap_or_default();
    let hash = free_hash(deployment, &template, old.clone());
    tree::default(&mut template, "metadata.labels", json!({}));
    tree::set(&mut template, &format!("metadata.labels.{HASH_LABEL}"), hash.as_str());
    let mut selector = deployment.get("spec.selector").cloned().unwrap_or_else(|| json!({}));
    tree::default(&mut selector, "matchLabels", json!({}));
    tree::set(&mut selector, &format!("matchLabels.{HASH_LABEL}"), hash.as_str());
    let mut set = json!({
        "apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {
            "name": format!("{}-{hash}", deployment.name()), "namespace": deployment.namespace(),
            "labels": template.pointer("/metadata/labels").cloned().unwrap_or_default(),
            "ownerReferences": [controller_reference(deployment)],
        },
        "spec": { "replicas": new_size(numbers, total, 0), "selector": selector, "template": template },
    });
    if let Some(seconds) = deployment.int("spec.minReadySeconds").filter(|seconds| *seconds > 0) {
        tree::set(&mut set, "spec.minReadySeconds", seconds);
    }
    revision::copy_annotations(deployment, &mut set);
    revision::set(&mut set, revision::newest(old) + 1);
    revision::set_sizes(&mut set, numbers);
    Object::new(&REPLICA_SET, set)
}

/// The first hash whose name is free, as upstream's collision count makes it.
fn free_hash<'a>(
    deployment: &Object,
    template: &Value,
    old: impl Iterator<Item = &'a Object> + Clone,
) -> String {
    let taken = |hash: &str| {
        let name = format!("{}-{hash}", deployment.name());
        old.clone().any(|set| set.name() == name)
    };
    let text = template.to_string();
    let first = deployment.int("status.collisionCount").unwrap_or(0);
    let hashes = (first..first + 100).map(|n| hash(&text, n));
    hashes.into_iter().find(|h| !taken(h)).unwrap_or_else(|| hash(&text, first))
}

/// FNV-1a over the template, its digits written in letters that spell nothing.
pub fn hash(template: &str, collisions: i64) -> String {
    const LETTERS: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
    let mut fnv: u32 = 2_166_136_261;
    let mut eat = |bytes: &[u8]| {
        bytes.iter().for_each(|byte| fnv = (fnv ^ u32::from(*byte)).wrapping_mul(16_777_619));
    };
    eat(template.as_bytes());
    if collisions > 0 {
        eat(&collisions.to_le_bytes());
    }
    let letter = |digit: u8| char::from(LETTERS[usize::from(digit) % LETTERS.len()]);
    fnv.to_string().bytes().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The alphabet of the hashes that kube-controller-manager v1.35.6 made in recordings: 65d9d68466, 7ff5f5987f.
    #[test]
    fn a_hash_spells_nothing_and_depends_on_the_template() {
        let one = hash("{}", 0);
        assert!(one.chars().all(|c| "456789bcdf".contains(c)), "{one}");
        assert_ne!(one, hash("{ }", 0));
        assert_ne!(one, hash("{}", 1));
    }
}
