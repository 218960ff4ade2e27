//! What is wrong with the ports of a Service: each for itself, then all together.

use crate::api::{FieldError, names, tree};
use serde_json::{Value, json};

/// The problems of each port.
pub(super) fn each(service: &Value, wrong: &mut Vec<FieldError>) {
    let ports = tree::list(service, "spec.ports");
    let mut seen: Vec<&str> = Vec::new();
    for (i, port) in ports.iter().enumerate() {
        let path = format!("spec.ports[{i}]");
        let name = tree::str(port, "name");
        if name.is_empty() {
            if ports.len() > 1 {
                wrong.push(FieldError::required(format!("{path}.name"), ""));
            }
        } else {
            for words in names::dns1123_label(name) {
                wrong.push(FieldError::invalid(format!("{path}.name"), &json!(name), words));
            }
            if seen.contains(&name) {
                wrong.push(FieldError::duplicate(format!("{path}.name"), &json!(name)));
            }
            seen.push(name);
        }
        wrong.extend(number_problem(port.get("port").unwrap_or(&json!(0)), &format!("{path}.port")));
        wrong.extend(protocol_problem(port, &path));
        wrong.extend(number_or_name(port.get("targetPort"), &format!("{path}.targetPort")));
        if let Some(protocol) = port.get("appProtocol").and_then(Value::as_str) {
            for words in names::qualified_name(protocol) {
                wrong.push(FieldError::invalid(format!("{path}.appProtocol"), &json!(protocol), words));
            }
        }
    }
}

/// The problems of ports beside each other.
pub(super) fn together(service: &Value, kind: &str, wrong: &mut Vec<FieldError>) {
    let ports = tree::list(service, "spec.ports");
    let node_port = |port: &Value| tree::int(port, "nodePort").unwrap_or(0);
    if kind == "ClusterIP" {
        for (i, _) in ports.iter().enumerate().filter(|(_, port)| node_port(port) != 0) {
            let path = format!("spec.ports[{i}].nodePort");
            wrong.push(FieldError::forbidden(path, "may not be used when `type` is 'ClusterIP'"));
        }
    }
    let mut seen: Vec<(&str, i64)> = Vec::new();
    for (i, port) in ports.iter().enumerate().filter(|(_, port)| node_port(port) != 0) {
        let key = (tree::str(port, "protocol"), node_port(port));
        if seen.contains(&key) {
            wrong.push(FieldError::duplicate(format!("spec.ports[{i}].nodePort"), &json!(key.1)));
        }
        seen.push(key);
    }
    seen.clear();
    for (i, port) in ports.iter().enumerate() {
        let key = (tree::str(port, "protocol"), tree::int(port, "port").unwrap_or(0));
        if seen.contains(&key) {
            let (protocol, number) = key;
            let mut error = FieldError::duplicate(format!("spec.ports[{i}]"), &Value::Null);
            // The whole key is shown, in Go's order of fields.
            error.value = Some(format!(
                "{{\"Name\":\"\",\"Protocol\":{protocol:?},\"AppProtocol\":null,\"Port\":{number},\
                 \"TargetPort\":0,\"NodePort\":0}}"
            ));
            wrong.push(error);
        }
        seen.push(key);
    }
}

/// The problem of a port's number.
pub(in crate::api) fn number_problem(value: &Value, path: &str) -> Option<FieldError> {
    let words = names::port_number(value.as_i64().unwrap_or(0))?;
    Some(FieldError::invalid(path, value, words))
}

/// The problem of a port's protocol.
pub(in crate::api) fn protocol_problem(port: &Value, path: &str) -> Option<FieldError> {
    let protocol = tree::str(port, "protocol");
    let known = ["SCTP", "TCP", "UDP"];
    (!known.contains(&protocol))
        .then(|| FieldError::not_supported(format!("{path}.protocol"), protocol, &known))
}

/// The problems of a port that may be a number or a name.
pub(in crate::api) fn number_or_name(value: Option<&Value>, path: &str) -> Vec<FieldError> {
    match value {
        Some(Value::String(name)) => {
            let words = names::port_name(name).into_iter();
            words.map(|words| FieldError::invalid(path, &json!(name), words)).collect()
        }
        Some(number) => number_problem(number, path).into_iter().collect(),
        None => number_problem(&json!(0), path).into_iter().collect(),
    }
}
