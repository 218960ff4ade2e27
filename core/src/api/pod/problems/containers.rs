//! What is wrong with containers: names, images, ports, environment, mounts and probes.

use crate::api::service::problems::ports::{number_or_name, number_problem, protocol_problem};
use crate::api::{FieldError, names, tree};
use serde_json::{Value, json};

/// The problems of all containers of a pod's spec.
pub(super) fn all(spec: &Value, path: &str, volumes: &[&str], wrong: &mut Vec<FieldError>) {
    let containers = tree::list(spec, "containers");
    if containers.is_empty() {
        wrong.push(FieldError::required(format!("{path}.containers"), ""));
    }
    let mut seen: Vec<&str> = Vec::new();
    for list in ["containers", "initContainers"] {
        for (i, container) in tree::list(spec, list).iter().enumerate() {
            let path = format!("{path}.{list}[{i}]");
            one(container, &path, volumes, wrong);
            let name = tree::str(container, "name");
            if seen.contains(&name) && !name.is_empty() {
                wrong.push(FieldError::duplicate(format!("{path}.name"), &json!(name)));
            }
            seen.push(name);
            if list == "containers" || tree::str(container, "restartPolicy") == "Always" {
                probes(container, &path, wrong);
            }
        }
    }
}

fn one(container: &Value, path: &str, volumes: &[&str], wrong: &mut Vec<FieldError>) {
    let name = tree::str(container, "name");
    if name.is_empty() {
        wrong.push(FieldError::required(format!("{path}.name"), ""));
    } else {
        for words in names::dns1123_label(name) {
            wrong.push(FieldError::invalid(format!("{path}.name"), &json!(name), words));
        }
    }
    if tree::str(container, "image").is_empty() {
        wrong.push(FieldError::required(format!("{path}.image"), ""));
    }
    ports(container, path, wrong);
    environment(container, path, wrong);
    mounts(container, path, volumes, wrong);
    let pull = tree::str(container, "imagePullPolicy");
    let known = ["Always", "IfNotPresent", "Never"];
    if !known.contains(&pull) {
        wrong.push(FieldError::not_supported(format!("{path}.imagePullPolicy"), pull, &known));
    }
}

fn ports(container: &Value, path: &str, wrong: &mut Vec<FieldError>) {
    let mut seen: Vec<&str> = Vec::new();
    for (i, port) in tree::list(container, "ports").iter().enumerate() {
        let path = format!("{path}.ports[{i}]");
        let name = tree::str(port, "name");
        if !name.is_empty() {
            let words = names::port_name(name);
            if words.is_empty() && seen.contains(&name) {
                wrong.push(FieldError::duplicate(format!("{path}.name"), &json!(name)));
            }
            for words in words {
                wrong.push(FieldError::invalid(format!("{path}.name"), &json!(name), words));
            }
            seen.push(name);
        }
        match port.get("containerPort").filter(|n| n.as_i64() != Some(0)) {
            None => wrong.push(FieldError::required(format!("{path}.containerPort"), "")),
            Some(number) => wrong.extend(number_problem(number, &format!("{path}.containerPort"))),
        }
        if let Some(number) = port.get("hostPort").filter(|n| n.as_i64() != Some(0)) {
            wrong.extend(number_problem(number, &format!("{path}.hostPort")));
        }
        wrong.extend(protocol_problem(port, &path));
    }
}

fn environment(container: &Value, path: &str, wrong: &mut Vec<FieldError>) {
    for (i, env) in tree::list(container, "env").iter().enumerate() {
        let (path, name) = (format!("{path}.env[{i}]"), tree::str(env, "name"));
        if name.is_empty() {
            wrong.push(FieldError::required(format!("{path}.name"), ""));
        } else {
            for words in names::env_var_name(name) {
                wrong.push(FieldError::invalid(format!("{path}.name"), &json!(name), words));
            }
        }
        let Some(from) = env.get("valueFrom") else { continue };
        let sources = ["fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"];
        let count = sources.iter().filter(|source| from.get(**source).is_some()).count();
        let path = format!("{path}.valueFrom");
        if !tree::str(env, "value").is_empty() {
            if count > 0 {
                let words = "may not be specified when `value` is not empty";
                wrong.push(FieldError::invalid(path, &json!(""), words));
            }
        } else if count == 0 {
            let words = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`";
            wrong.push(FieldError::invalid(path, &json!(""), words));
        } else if count > 1 {
            let words = "may not have more than one field specified at a time";
            wrong.push(FieldError::invalid(path, &json!(""), words));
        }
    }
}

fn mounts(container: &Value, path: &str, volumes: &[&str], wrong: &mut Vec<FieldError>) {
    let mut seen: Vec<&str> = Vec::new();
    for (i, mount) in tree::list(container, "volumeMounts").iter().enumerate() {
        let path = format!("{path}.volumeMounts[{i}]");
        let (name, at) = (tree::str(mount, "name"), tree::str(mount, "mountPath"));
        if name.is_empty() {
            wrong.push(FieldError::required(format!("{path}.name"), ""));
        } else if !volumes.contains(&name) {
            wrong.push(FieldError::not_found(format!("{path}.name"), &json!(name)));
        }
        if at.is_empty() {
            wrong.push(FieldError::required(format!("{path}.mountPath"), ""));
        }
        if seen.contains(&at) {
            wrong.push(FieldError::invalid(format!("{path}.mountPath"), &json!(at), "must be unique"));
        }
        seen.push(at);
    }
}

fn probes(container: &Value, path: &str, wrong: &mut Vec<FieldError>) {
    for field in ["livenessProbe", "readinessProbe", "startupProbe"] {
        let Some(probe) = container.get(field).filter(|p| p.is_object()) else { continue };
        let path = format!("{path}.{field}");
        handler(probe, &path, wrong);
        for number in
            ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"]
        {
            wrong.extend(FieldError::not_negative(format!("{path}.{number}"), tree::int(probe, number)));
        }
        let successes = tree::int(probe, "successThreshold").unwrap_or(1);
        if field != "readinessProbe" && successes != 1 {
            let path = format!("{path}.successThreshold");
            wrong.push(FieldError::invalid(path, &json!(successes), "must be 1"));
        }
    }
}

fn handler(probe: &Value, path: &str, wrong: &mut Vec<FieldError>) {
    let mut count = 0;
    for kind in ["exec", "httpGet", "tcpSocket", "grpc"] {
        let Some(handler) = probe.get(kind).filter(|h| h.is_object()) else { continue };
        let path = format!("{path}.{kind}");
        count += 1;
        if count > 1 {
            wrong.push(FieldError::forbidden(path, "may not specify more than 1 handler type"));
            continue;
        }
        match kind {
            "exec" if tree::list(handler, "command").is_empty() => {
                wrong.push(FieldError::required(format!("{path}.command"), ""));
            }
            "httpGet" => {
                if tree::str(handler, "path").is_empty() {
                    wrong.push(FieldError::required(format!("{path}.path"), ""));
                }
                wrong.extend(number_or_name(handler.get("port"), &format!("{path}.port")));
                let scheme = tree::str(handler, "scheme");
                if !matches!(scheme, "HTTP" | "HTTPS") {
                    let path = format!("{path}.scheme");
                    wrong.push(FieldError::not_supported(path, scheme, &["HTTP", "HTTPS"]));
                }
            }
            "tcpSocket" | "grpc" => {
                wrong.extend(number_or_name(handler.get("port"), &format!("{path}.port")));
            }
            _ => {}
        }
    }
    if count == 0 {
        wrong.push(FieldError::required(path, "must specify a handler type"));
    }
}
