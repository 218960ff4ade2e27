//! Objects that kubectl makes from flags. Knows no requests.
//! Models: kubectl `pkg/cmd/create`, `pkg/generate/versioned`.

use super::args::Args;
use crate::api::tree;
use data_encoding::BASE64;
use serde_json::{Map, Value, json};

/// `kubectl create deployment`.
pub fn deployment(name: &str, args: &Args, command: &[String]) -> Result<Value, String> {
    let images = args.listed("image");
    if images.is_empty() {
        return Err("required flag(s) \"image\" not set".to_string());
    }
    if images.len() > 1 && !command.is_empty() {
        return Err("cannot specify multiple --image options and command".to_string());
    }
    let replicas = match args.text("replicas").map(str::parse::<i64>) {
        None => 1,
        Some(Ok(replicas)) => replicas,
        Some(Err(_)) => {
            return Err("invalid argument for \"-r, --replicas\" flag: invalid syntax".to_string());
        }
    };
    let mut containers = Vec::new();
    for image in &images {
        let mut container = json!({"image": image, "name": container_name(image), "resources": {}});
        if !command.is_empty() {
            container["command"] = json!(command);
        }
        if let Some(port) = args.number("port").filter(|port| *port > 0) {
            container["ports"] = json!([{"containerPort": port}]);
        }
        containers.push(container);
    }
    let labels = json!({"app": name});
    Ok(json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"labels": labels, "name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "strategy": {},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": containers}},
        },
        "status": {},
    }))
}

/// The last part of an image's name, without tag and digest.
fn container_name(image: &str) -> String {
    let last = image.rsplit('/').next().unwrap_or(image);
    let bare = last.split(['@', ':']).next().unwrap_or(last);
    bare.to_lowercase().replace(['_', '.'], "-")
}

/// `kubectl create namespace`.
pub fn namespace(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}, "spec": {}, "status": {}})
}

/// `kubectl create configmap`.
pub fn config_map(name: &str, data: Map<String, Value>) -> Value {
    let mut object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}});
    if !data.is_empty() {
        object["data"] = Value::Object(data);
    }
    object
}

/// `kubectl create secret generic`.
pub fn secret(name: &str, kind: &str, data: Map<String, Value>) -> Value {
    let mut object = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}});
    if !data.is_empty() {
        let encoded = data.into_iter().map(|(key, value)| {
            let text = value.as_str().unwrap_or_default();
            (key, BASE64.encode(text.as_bytes()).into())
        });
        object["data"] = tree::object(encoded).into();
    }
    if !kind.is_empty() {
        object["type"] = kind.into();
    }
    object
}

/// `kubectl create serviceaccount`.
pub fn service_account(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}})
}

/// `kubectl create service`.
pub fn service(name: &str, kind: &str, args: &Args) -> Result<Value, String> {
    let mut ports = Vec::new();
    for text in args.listed("tcp") {
        ports.push(port(&text, args)?);
    }
    let cluster_ip = args.text("clusterip").unwrap_or_default();
    let needs_ports = kind != "ExternalName" && cluster_ip != "None";
    if ports.is_empty() && needs_ports {
        return Err("at least one tcp port specification must be provided".to_string());
    }
    let mut spec = json!({"selector": {"app": name}, "type": kind});
    if !ports.is_empty() {
        spec["ports"] = Value::Array(ports);
    }
    if kind == "ExternalName" {
        let external = args.text("external-name").ok_or("required flag(s) \"external-name\" not set")?;
        spec["externalName"] = external.into();
    }
    if kind == "ClusterIP" && !cluster_ip.is_empty() {
        spec["clusterIP"] = cluster_ip.into();
    }
    Ok(json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {"labels": {"app": name}, "name": name},
        "spec": spec,
        "status": {"loadBalancer": {}},
    }))
}

/// `80` or `80:8080` or `80:http`.
fn port(text: &str, args: &Args) -> Result<Value, String> {
    let (port, target) = text.split_once(':').unwrap_or((text, ""));
    let number: u16 = port.parse().map_err(|_| {
        format!(
            "invalid argument: port number is not valid: strconv.ParseInt: parsing {port:?}: invalid syntax"
        )
    })?;
    let name = if target.is_empty() { port.to_string() } else { format!("{port}-{target}") };
    let target = match target.parse::<u16>() {
        Ok(target) => json!(target),
        Err(_) if target.is_empty() => json!(number),
        Err(_) => json!(target),
    };
    let mut made = json!({"name": name, "port": number, "protocol": "TCP", "targetPort": target});
    if let Some(node_port) = args.number("node-port").filter(|port| *port > 0) {
        made["nodePort"] = node_port.into();
    }
    Ok(made)
}
