//! Volumes as files of a pod's sandbox: ConfigMaps, Secrets, projections of both and of the pod's own fields.
//!
//! Models: `pkg/volume/{configmap,secret,projected,downwardapi}`. Omits: every other volume (they are empty), `subPath`
//! of files, permissions, service account tokens.

use super::env::data;
use super::kubelet::Kubelet;
use super::worker::Stage;
use crate::api::{Cache, Object, tree};
use crate::base::{Duration, Text};
use crate::effect::{Out, RuntimeCall};
use bytes::Bytes;
use serde_json::Value;

/// How long after a change of a ConfigMap its files change: the kubelet's sync period and what its cache adds.
const REFRESH: Duration = Duration::secs(60);

type Files = Vec<(Text, Bytes)>;

/// The files of a pod's volumes where its containers mount them; or the volume that cannot be made, and why.
pub fn files(pod: &Object, cache: &Cache) -> Result<Files, (String, String)> {
    let mut files = Files::new();
    let containers = pod.list("spec.initContainers").iter().chain(pod.list("spec.containers"));
    let mounts: Vec<&Value> = containers.flat_map(|c| tree::list(c, "volumeMounts")).collect();
    for volume in pod.list("spec.volumes") {
        let name = tree::str(volume, "name");
        let content = content(pod, volume, cache).map_err(|problem| (name.to_string(), problem))?;
        for mount in mounts.iter().filter(|mount| tree::str(mount, "name") == name) {
            let path = tree::str(mount, "mountPath").trim_end_matches('/');
            let sub = tree::str(mount, "subPath");
            for (file, bytes) in &content {
                if sub.is_empty() {
                    files.push((format!("{path}/{file}").into(), bytes.clone()));
                } else if file == sub {
                    files.push((path.into(), bytes.clone()));
                }
            }
        }
    }
    Ok(files)
}

/// A ConfigMap or Secret changed: its files follow, in pods that mount it.
pub fn refresh(kubelet: &mut Kubelet, object: &Object, out: &mut Out<'_>) {
    let (kind, name) = (&*object.key.kind, object.name());
    let uses = |volume: &Value| {
        let own = match kind {
            "ConfigMap" => tree::str(volume, "configMap.name"),
            _ => tree::str(volume, "secret.secretName"),
        };
        let field = if kind == "ConfigMap" { "configMap.name" } else { "secret.name" };
        own == name || tree::list(volume, "projected.sources").iter().any(|s| tree::str(s, field) == name)
    };
    let mut updates = Vec::new();
    for (uid, worker) in &kubelet.workers {
        let mounts = worker.pod.list("spec.volumes").iter().any(uses);
        if worker.pod.namespace() == object.namespace() && mounts && worker.stage == Stage::Up {
            updates.extend(files(&worker.pod, &kubelet.cache).map(|files| (uid.clone(), files)).ok());
        }
    }
    for (uid, files) in updates {
        kubelet.runtime(REFRESH, RuntimeCall::WriteFiles(uid, files), out);
    }
}

fn content(pod: &Object, volume: &Value, cache: &Cache) -> Result<Vec<(String, Bytes)>, String> {
    if let Some(source) = volume.get("configMap") {
        return from_object(pod, "ConfigMap", tree::str(source, "name"), source, cache);
    }
    if let Some(source) = volume.get("secret") {
        return from_object(pod, "Secret", tree::str(source, "secretName"), source, cache);
    }
    if let Some(source) = volume.get("downwardAPI") {
        return Ok(downward(pod, source));
    }
    let mut files = Vec::new();
    for source in tree::list(volume, "projected.sources") {
        if let Some(map) = source.get("configMap") {
            files.extend(from_object(pod, "ConfigMap", tree::str(map, "name"), map, cache)?);
        } else if let Some(secret) = source.get("secret") {
            files.extend(from_object(pod, "Secret", tree::str(secret, "name"), secret, cache)?);
        } else if let Some(own) = source.get("downwardAPI") {
            files.extend(downward(pod, own));
        }
    }
    Ok(files)
}

fn from_object(
    pod: &Object,
    kind: &str,
    name: &str,
    source: &Value,
    cache: &Cache,
) -> Result<Vec<(String, Bytes)>, String> {
    let Some(object) = cache.get(kind, pod.namespace(), name) else {
        let optional = tree::bool(source, "optional") == Some(true);
        let missing = format!("{} {name:?} not found", kind.to_lowercase());
        return if optional { Ok(Vec::new()) } else { Err(missing) };
    };
    let items = tree::list(source, "items");
    let path_of = |key: &str| {
        let item = items.iter().find(|item| tree::str(item, "key") == key);
        item.map(|item| tree::str(item, "path").to_string())
    };
    let files = data(object).into_iter().filter_map(|(key, bytes)| {
        let path = if items.is_empty() { Some(key) } else { path_of(&key) };
        path.map(|path| (path, Bytes::from(bytes)))
    });
    Ok(files.collect())
}

fn downward(pod: &Object, source: &Value) -> Vec<(String, Bytes)> {
    let item = |item: &Value| {
        let field = tree::str(item, "fieldRef.fieldPath");
        let text = match field {
            "metadata.labels" | "metadata.annotations" => {
                let lines: Vec<String> =
                    tree::pairs(pod.tree(), field).map(|(key, value)| format!("{key}={value:?}")).collect();
                lines.join("\n")
            }
            // Volumes offer metadata only, for which the node does not matter.
            _ => pod.str(field).to_string(),
        };
        (tree::str(item, "path").to_string(), Bytes::from(text))
    };
    tree::list(source, "items").iter().map(item).collect()
}
