//! What could stand at the cursor: kinds, fields by path, values of a field, and names and labels of what the cluster
//! holds. Decides; shows nothing.

use super::context::{At, Context, Step, context, written};
use super::known::{self, Known};
use crate::words::Words;
use tidepool_core::api::fields::texts;
use tidepool_core::api::fields::{self, Shape};
use tidepool_core::api::{kinds, yaml};
use tidepool_core::base::{FlatSet, order};

/// What a candidate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// A kind.
    Kind,
    /// A field.
    Field,
    /// A value that the field allows.
    Value,
    /// Something that the cluster holds.
    Name,
}

impl Sort {
    /// Its name for the editor's icons.
    pub fn name(self) -> &'static str {
        match self {
            Sort::Kind => "class",
            Sort::Field => "property",
            Sort::Value => "enum",
            Sort::Name => "variable",
        }
    }
}

/// Something that could stand at the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// What is listed.
    pub label: String,
    /// What it is, in a few words: a type, a version, how many pods.
    pub detail: String,
    /// What it is for.
    pub info: String,
    /// What is put in.
    pub insert: String,
    /// What it is.
    pub sort: Sort,
}

/// What could stand at the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Where what it replaces begins, in bytes.
    pub from: usize,
    /// The candidates, best first.
    pub list: Vec<Candidate>,
}

/// What could stand at an offset of a text.
pub fn offer(text: &str, offset: usize, cluster: &Known, words: &Words) -> Option<Offer> {
    let at = context(text, offset)?;
    let read = yaml::read(text);
    let known = cluster.with(&read.documents);
    let document = read.document_at(at.from);
    let mut list = match at.at {
        At::Key => keys(&at, &namespace(document), &known, words),
        At::Value => values(&at, document, &known, words),
    };
    let mut seen = FlatSet::new();
    list.retain(|candidate| seen.insert(candidate.label.clone()));
    list = fitting(list, &at.typed);
    // What is typed out is not offered, so that Enter begins a new line.
    let is_typed = at.at == At::Value && list.iter().any(|candidate| candidate.label == at.typed);
    (!list.is_empty() && !is_typed).then_some(Offer { from: at.from, list })
}

/// Those that begin with what is typed, then those that contain it; when there are none, those that are near.
fn fitting(list: Vec<Candidate>, typed: &str) -> Vec<Candidate> {
    let typed = typed.to_lowercase();
    let place = |candidate: &Candidate| candidate.label.to_lowercase().find(&typed);
    if list.iter().all(|candidate| place(candidate).is_none()) {
        return list.into_iter().filter(|candidate| super::is_near(&typed, &candidate.label)).collect();
    }
    let mut list: Vec<Candidate> = list.into_iter().filter(|candidate| place(candidate).is_some()).collect();
    order::sort_by_key(&mut list, |candidate| place(candidate) != Some(0));
    list
}

fn namespace(document: Option<&yaml::Document>) -> String {
    document.map_or("default".to_string(), |document| known::namespace(&document.value))
}

/// The type of what a path leads to.
pub fn shape(at: &Context) -> Option<Shape> {
    let mut shape = fields::of(&at.api_version, &at.kind).or_else(|| fields::of_kind(&at.kind))?;
    for step in &at.path {
        shape = match step {
            Step::Key(key) => shape.key(key)?.clone(),
            Step::Item => shape.item()?.clone(),
        };
    }
    Some(shape)
}

fn keys(at: &Context, namespace: &str, known: &Known, words: &Words) -> Vec<Candidate> {
    let path = at.written();
    if is_labels(at) {
        return label_keys(at, namespace, known, words);
    }
    let Some(shape) = shape(at) else {
        return if at.path.is_empty() { roots(at) } else { Vec::new() };
    };
    // A list without its dash offers the dash with each field.
    let (shape, dash) = match shape.item() {
        Some(item) if !at.in_flow => (item.clone(), "- "),
        _ => (shape, ""),
    };
    let column = at.column + dash.len();
    let mut fields: Vec<&fields::Field> = shape.fields().iter().collect();
    fields.retain(|field| !at.siblings.iter().any(|key| key == field.name) && !is_writers(&path, field.name));
    order::sort_by_key(&mut fields, |field| (!field.required, rank(field.name), field.name));
    let candidate = |field: &&fields::Field| Candidate {
        label: field.name.to_string(),
        detail: field.shape.explained(),
        info: (words.editor.field)(&shape, field.name).to_string(),
        insert: format!("{dash}{}{}", field.name, after(&field.shape, column, at.in_flow)),
        sort: Sort::Field,
    };
    fields.iter().map(candidate).collect()
}

/// Fields that the cluster writes are not offered.
fn is_writers(path: &str, field: &str) -> bool {
    (path.is_empty() && field == "status")
        || (path == "metadata"
            && !matches!(
                field,
                "name" | "namespace" | "labels" | "annotations" | "generateName" | "finalizers"
            ))
}

/// The fields that come first in most manifests.
fn rank(field: &str) -> usize {
    const FIRST: [&str; 17] = [
        "apiVersion",
        "kind",
        "metadata",
        "name",
        "namespace",
        "labels",
        "spec",
        "replicas",
        "selector",
        "template",
        "type",
        "ports",
        "port",
        "targetPort",
        "containers",
        "image",
        "data",
    ];
    FIRST.iter().position(|first| *first == field).unwrap_or(FIRST.len())
}

/// What follows a key.
fn after(shape: &Shape, column: usize, in_flow: bool) -> String {
    let below = " ".repeat(column);
    match shape {
        _ if in_flow => ": ".into(),
        Shape::List(_) => format!(":\n{below}- "),
        Shape::Struct(_) | Shape::Map(_) => format!(":\n{below}  "),
        _ => ": ".into(),
    }
}

/// The keys of a document whose kind is not known yet.
fn roots(at: &Context) -> Vec<Candidate> {
    let all = ["apiVersion", "kind", "metadata", "spec"];
    let left = all.into_iter().filter(|name| !at.siblings.iter().any(|key| key == name));
    let insert = |name: &str| {
        if matches!(name, "metadata" | "spec") { format!("{name}:\n  ") } else { format!("{name}: ") }
    };
    left.map(|name| Candidate { insert: insert(name), ..plain(name, "", Sort::Field) }).collect()
}

fn plain(label: &str, detail: &str, sort: Sort) -> Candidate {
    Candidate { label: label.into(), detail: detail.into(), info: String::new(), insert: label.into(), sort }
}

/// Whether the keys here are labels of pods; for a value, whether its key is one.
fn is_labels(at: &Context) -> bool {
    let steps = match (at.at, at.path.split_last()) {
        (At::Value, Some((_, map))) => map,
        _ => &at.path,
    };
    let path = written(steps);
    (path == "spec.selector" && matches!(at.kind.as_str(), "Service" | "ReplicationController"))
        || path.ends_with("selector.matchLabels")
        || path == "metadata.labels"
        || path.ends_with("template.metadata.labels")
}

fn label_keys(at: &Context, namespace: &str, known: &Known, words: &Words) -> Vec<Candidate> {
    let mut keys: Vec<(&String, usize, FlatSet<&String>)> = Vec::new();
    for pod in known.in_namespace(namespace) {
        for (key, value) in pod.labels.iter().filter(|(key, _)| *key != "pod-template-hash") {
            match keys.iter_mut().find(|(known, ..)| *known == key) {
                Some((_, pods, values)) => {
                    *pods += 1;
                    values.insert(value);
                }
                None => keys.push((key, 1, FlatSet::from([value]))),
            }
        }
    }
    keys.retain(|(key, ..)| !at.siblings.contains(*key));
    // Keys of the cluster's own come last, those of many pods first.
    order::sort_by_key(&mut keys, |(key, pods, _)| (key.contains(".kubernetes.io/"), usize::MAX - pods));
    let of = |(key, _, values): &(&String, usize, FlatSet<&String>)| {
        let detail = values.iter().take(3).map(|value| value.as_str()).collect::<Vec<_>>().join(", ");
        Candidate {
            insert: format!("{key}: "),
            info: words.editor.label_of_pods.into(),
            ..plain(key, &detail, Sort::Name)
        }
    };
    keys.iter().map(of).collect()
}

fn values(at: &Context, document: Option<&yaml::Document>, known: &Known, words: &Words) -> Vec<Candidate> {
    let path = at.written();
    let namespace = namespace(document);
    match path.as_str() {
        "kind" => return all_kinds(&at.api_version),
        "apiVersion" => return versions(&at.kind),
        "metadata.namespace" => {
            return known.namespaces.iter().map(|name| plain(name, "Namespace", Sort::Name)).collect();
        }
        "spec.subdomain"
        | "spec.template.spec.subdomain"
        | "spec.serviceName"
        | "metadata.labels.kubernetes.io/service-name" => {
            let services = known.services.iter().filter(|(of, _)| *of == namespace);
            return services.map(|(_, name)| plain(name, "Service", Sort::Name)).collect();
        }
        _ if is_labels(at) => return label_values(at, known, &namespace, words),
        _ if path.ends_with("ports[].targetPort") => {
            let selector = document.map(|document| known::labels(&document.value, "spec.selector"));
            return target_ports(known, &namespace, &selector.unwrap_or_default(), words);
        }
        _ => {}
    }
    let Some(shape) = shape(at) else { return Vec::new() };
    if shape == Shape::Bool {
        return ["true", "false"].map(|word| plain(word, "boolean", Sort::Value)).into();
    }
    texts::values(&shape).iter().map(|value| plain(value, &shape.explained(), Sort::Value)).collect()
}

fn all_kinds(version: &str) -> Vec<Candidate> {
    const FIRST: [&str; 7] =
        ["Service", "Deployment", "Pod", "ConfigMap", "Namespace", "StatefulSet", "EndpointSlice"];
    let own = kinds::KINDS.iter().map(|kind| (kind.api_version(), kind.kind));
    let others = fields::kinds().map(|(version, kind)| (version.replace("/*", ""), kind));
    let mut all: Vec<(String, &str)> = own.chain(others).collect();
    let rank = |kind: &str| FIRST.iter().position(|first| *first == kind).unwrap_or(FIRST.len());
    order::sort_by_key(&mut all, |(of, kind)| (!version.is_empty() && of != version, rank(kind)));
    all.iter().map(|(version, kind)| plain(kind, version, Sort::Kind)).collect()
}

fn versions(kind: &str) -> Vec<Candidate> {
    let own = kinds::KINDS.iter().map(|known| (known.api_version(), known.kind));
    let others =
        fields::kinds().filter(|(version, _)| !version.contains('*')).map(|(v, kind)| (v.to_string(), kind));
    let all: Vec<(String, &str)> = own.chain(others).collect();
    let fitting: Vec<_> = all.iter().filter(|(_, of)| kind.is_empty() || *of == kind).collect();
    fitting
        .iter()
        .map(|(version, of)| plain(version, if kind.is_empty() { "" } else { of }, Sort::Value))
        .collect()
}

fn label_values(at: &Context, known: &Known, namespace: &str, words: &Words) -> Vec<Candidate> {
    let Some(Step::Key(key)) = at.path.last() else { return Vec::new() };
    let values: FlatSet<&String> =
        known.in_namespace(namespace).filter_map(|pod| pod.labels.get(key)).collect();
    let detail = |value: &str| match known.pods_with(namespace, key, value) {
        0 => words.editor.template_only.to_string(),
        pods => (words.to_pods)(pods),
    };
    values.into_iter().map(|value| plain(value, &detail(value), Sort::Name)).collect()
}

fn target_ports(
    known: &Known,
    namespace: &str,
    selector: &tidepool_core::base::FlatMap<String, String>,
    words: &Words,
) -> Vec<Candidate> {
    let ports: FlatSet<_> =
        known.in_namespace(namespace).filter(|pod| pod.has(selector)).flat_map(|pod| &pod.ports).collect();
    let named = ports.iter().filter(|port| !port.name.is_empty());
    let named = named.map(|port| plain(&port.name, &port.number.to_string(), Sort::Name));
    let numbers =
        ports.iter().map(|port| plain(&port.number.to_string(), words.editor.container_port, Sort::Name));
    named.chain(numbers).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Language;

    fn cluster() -> Known {
        let text = "kind: Pod\nmetadata: {labels: {app: MyApp}}\nspec: {containers: [{ports: [{name: web, containerPort: 9376}]}]}\n---\n\
                    kind: Pod\nmetadata: {labels: {app: Other, example.org/of: x}}\nspec: {containers: [{ports: [{containerPort: 8080}]}]}\n---\n\
                    kind: Namespace\nmetadata: {name: shop}\n";
        let mut known = Known::default().with(&yaml::read(text).documents);
        known.pods.iter_mut().for_each(|pod| pod.is_pod = true);
        known
    }

    /// The labels of what is offered at the `|`.
    fn offered(text: &str) -> Vec<String> {
        let offset = text.find('|').expect("a cursor");
        let offer = offer(&text.replacen('|', "", 1), offset, &cluster(), Language::En.words());
        offer.map(|offer| offer.list.into_iter().map(|c| c.label).collect()).unwrap_or_default()
    }

    fn one(text: &str, label: &str) -> Candidate {
        let offset = text.find('|').expect("a cursor");
        let offer = offer(&text.replacen('|', "", 1), offset, &cluster(), Language::En.words());
        offer.and_then(|offer| offer.list.into_iter().find(|c| c.label == label)).expect(label)
    }

    #[test]
    fn kinds_and_versions() {
        assert!(offered("apiVersion: v1\nkind: Ser|").contains(&"Service".to_string()));
        assert_eq!(offered("apiVersion: |\nkind: Deployment\n"), ["apps/v1"]);
        assert_eq!(offered("|"), ["apiVersion", "kind", "metadata", "spec"]);
        assert_eq!(offered("ki|"), ["kind"]);
        assert_eq!(offered("kidn|"), ["kind"]);
        assert_eq!(offered("kind: Serv|")[..2], ["Service", "ServiceAccount"]);
    }

    #[test]
    fn fields_by_path_without_those_that_are_there() {
        let fields = offered("apiVersion: v1\nkind: Service\nspec:\n  ports:\n  - port: 80\n    |");
        assert!(
            fields.contains(&"targetPort".to_string()) && !fields.contains(&"port".to_string()),
            "{fields:?}"
        );
        let top = offered("apiVersion: v1\nkind: Service\n|");
        assert_eq!(top, ["metadata", "spec"]);
        let ports = one("apiVersion: v1\nkind: Service\nspec:\n  po|", "ports");
        assert_eq!((ports.detail.as_str(), ports.insert.as_str()), ("[]ServicePort", "ports:\n  - "));
        let dash = one("apiVersion: v1\nkind: Service\nspec:\n  ports:\n    |", "port");
        assert_eq!(dash.insert, "- port: ");
        let nested = offered(
            "apiVersion: apps/v1\nkind: Deployment\nspec:\n  template:\n    spec:\n      containers:\n      - |",
        );
        assert!(nested.contains(&"image".to_string()));
    }

    #[test]
    fn values_that_a_field_allows() {
        assert_eq!(
            offered("kind: Service\nspec:\n  type: |"),
            ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]
        );
        assert_eq!(offered("kind: Service\nspec:\n  ports:\n  - protocol: u|"), ["UDP"]);
        assert_eq!(offered("kind: Pod\nspec:\n  restartPolicy: |"), ["Always", "Never", "OnFailure"]);
        assert_eq!(offered("kind: Service\nspec:\n  publishNotReadyAddresses: |"), ["true", "false"]);
    }

    #[test]
    fn what_the_cluster_holds() {
        assert_eq!(offered("kind: Service\nspec:\n  selector:\n    |"), ["app", "example.org/of"]);
        assert_eq!(offered("kind: Service\nspec:\n  selector:\n    app: |"), ["MyApp", "Other"]);
        assert_eq!(one("kind: Service\nspec:\n  selector: {app: My|", "MyApp").detail, "1 pod");
        assert_eq!(offered("kind: Service\nspec:\n  selector:\n    example.org/of: |"), ["x"]);
        let ports = offered("kind: Service\nspec:\n  selector: {app: MyApp}\n  ports:\n  - targetPort: |");
        assert_eq!(ports, ["web", "9376"]);
        assert_eq!(offered("kind: Service\nmetadata:\n  namespace: |"), ["shop"]);
    }
}
