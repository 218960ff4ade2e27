//! What there is to refer to: pods and templates with their labels and ports, Services, namespaces; of the cluster, and of
//! the documents in the editor. Knows no text.

use serde_json::Value;
use tidepool_core::api::Object;
use tidepool_core::api::tree;
use tidepool_core::api::yaml::Document;
use tidepool_core::base::FlatMap;

/// A port that a container declares.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Port {
    /// Its name; may be empty.
    pub name: String,
    /// Its number.
    pub number: i64,
}

/// A pod, or a template of pods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labelled {
    /// Its namespace.
    pub namespace: String,
    /// Its labels.
    pub labels: FlatMap<String, String>,
    /// Its containers' ports.
    pub ports: Vec<Port>,
    /// Whether it is a pod of the cluster, not a template or a document.
    pub is_pod: bool,
}

impl Labelled {
    /// Whether it has all labels of a selector.
    pub fn has(&self, selector: &FlatMap<String, String>) -> bool {
        selector.iter().all(|(key, value)| self.labels.get(key) == Some(value))
    }
}

/// What there is to refer to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// Pods, and templates of pods.
    pub pods: Vec<Labelled>,
    /// Services: namespace and name.
    pub services: Vec<(String, String)>,
    /// Namespaces.
    pub namespaces: Vec<String>,
}

impl Known {
    /// What a cluster holds.
    pub fn of_objects(objects: &[Object]) -> Known {
        let mut known = Known::default();
        for object in objects.iter().filter(|object| !object.is_terminating()) {
            known.add(object.tree(), true);
        }
        known
    }

    /// The same, and what the documents of a text would add.
    pub fn with(&self, documents: &[Document]) -> Known {
        let mut known = self.clone();
        for document in documents {
            known.add(&document.value, false);
        }
        known
    }

    fn add(&mut self, object: &Value, is_live: bool) {
        let name = tree::str(object, "metadata.name").to_string();
        let namespace = namespace(object);
        match tree::str(object, "kind") {
            "Pod" => self.add_pods(object, namespace, is_live),
            "Service" => self.services.push((namespace, name)),
            "Namespace" => self.namespaces.push(name),
            "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" => {
                if let Some(template) = tree::get(object, "spec.template") {
                    self.add_pods(template, namespace, false);
                }
            }
            _ => {}
        }
    }

    fn add_pods(&mut self, pod: &Value, namespace: String, is_pod: bool) {
        let ports = tree::list(pod, "spec.containers").iter().flat_map(|c| tree::list(c, "ports"));
        let port = |port: &Value| Port {
            name: tree::str(port, "name").to_string(),
            number: tree::int(port, "containerPort").unwrap_or_default(),
        };
        self.pods.push(Labelled {
            namespace,
            labels: labels(pod, "metadata.labels"),
            ports: ports.map(port).collect(),
            is_pod,
        });
    }

    /// The pods and templates of a namespace.
    pub fn in_namespace<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = &'a Labelled> {
        self.pods.iter().filter(move |pod| pod.namespace == namespace)
    }

    /// How many pods of a namespace have a label.
    pub fn pods_with(&self, namespace: &str, key: &str, value: &str) -> usize {
        let has = |pod: &&Labelled| pod.is_pod && pod.labels.get(key).is_some_and(|own| own == value);
        self.in_namespace(namespace).filter(has).count()
    }
}

/// The labels, or the selector, at a path.
pub fn labels(object: &Value, path: &str) -> FlatMap<String, String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_string);
    let map = tree::map(object, path).into_iter().flatten();
    map.map(|(key, value)| (key.clone(), text(value))).collect()
}

/// The namespace of an object; `default` when it says none.
pub fn namespace(object: &Value) -> String {
    match tree::str(object, "metadata.namespace") {
        "" => "default".to_string(),
        namespace => namespace.to_string(),
    }
}
