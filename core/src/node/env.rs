//! A container's environment: Services of its namespace, `envFrom`, `env` with references, and `$(NAME)`.
//!
//! Models: `pkg/kubelet/envvars/envvars.go`, `kubelet_pods.go` (`makeEnvironmentVariables`), `third_party/forked/golang/expansion`.

use super::config::NodeConfig;
use super::dns::kernel_name;
use crate::api::{Cache, Object, service, tree};
use crate::base::{FlatMap, Text};
use data_encoding::BASE64;
use serde_json::Value;
use std::net::IpAddr;

type Pairs = Vec<(Text, Text)>;

/// The environment in order; later entries win. A reference to what is not there is a problem.
pub fn of(
    pod: &Object,
    container: &Value,
    ip: Option<IpAddr>,
    config: &NodeConfig,
    cache: &Cache,
) -> Result<Pairs, String> {
    let mut env: Pairs = vec![
        ("PATH".into(), "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".into()),
        ("HOSTNAME".into(), kernel_name(pod, config)?.into()),
    ];
    env.extend(services(pod, cache));
    for source in tree::list(container, "envFrom") {
        env.extend(from_source(pod, source, cache)?);
    }
    for entry in tree::list(container, "env") {
        let value = match entry.get("valueFrom") {
            Some(from) => match referenced(pod, container, from, ip, config, cache)? {
                Some(value) => value,
                None => continue,
            },
            None => expand(tree::str(entry, "value"), &env),
        };
        env.push((tree::str(entry, "name").into(), value.into()));
    }
    env.push(("HOME".into(), "/root".into()));
    Ok(env)
}

/// The variables of the Services that a pod sees.
fn services(pod: &Object, cache: &Cache) -> Pairs {
    let links = pod.bool("spec.enableServiceLinks") != Some(false);
    let mut seen: FlatMap<&str, &Object> = FlatMap::new();
    if let Some(kubernetes) = cache.get("Service", "default", "kubernetes") {
        seen.insert("kubernetes", kubernetes);
    }
    if links {
        seen.extend(cache.list("Service", pod.namespace()).map(|service| (service.name(), service)));
    }
    seen.into_values().flat_map(service_variables).collect()
}

/// The variables of one Service; none when it has no address.
pub fn service_variables(object: &Object) -> Pairs {
    let ip = object.str("spec.clusterIP");
    let is_virtual = ip.parse::<IpAddr>().is_ok() && object.str("spec.type") != "ExternalName";
    let ports = service::ports(object);
    let (true, Some(first)) = (is_virtual, ports.first()) else { return Vec::new() };
    let mangle = |name: &str| name.to_uppercase().replace('-', "_");
    let name = mangle(object.name());
    let host = if ip.contains(':') { format!("[{ip}]") } else { ip.to_string() };
    let url =
        |port: &service::ServicePort| format!("{}://{host}:{}", port.protocol.to_lowercase(), port.port);
    let mut env: Vec<(String, String)> = vec![
        (format!("{name}_SERVICE_HOST"), ip.into()),
        (format!("{name}_SERVICE_PORT"), first.port.to_string()),
    ];
    for port in ports.iter().filter(|port| !port.name.is_empty()) {
        env.push((format!("{name}_SERVICE_PORT_{}", mangle(&port.name)), port.port.to_string()));
    }
    env.push((format!("{name}_PORT"), url(first)));
    for port in &ports {
        let base = format!("{name}_PORT_{}_{}", port.port, port.protocol.to_uppercase());
        env.push((base.clone(), url(port)));
        env.push((format!("{base}_PROTO"), port.protocol.to_lowercase()));
        env.push((format!("{base}_PORT"), port.port.to_string()));
        env.push((format!("{base}_ADDR"), ip.into()));
    }
    env.into_iter().map(|(name, value)| (name.into(), value.into())).collect()
}

fn from_source(pod: &Object, source: &Value, cache: &Cache) -> Result<Pairs, String> {
    let prefix = tree::str(source, "prefix");
    for (field, kind) in [("configMapRef", "ConfigMap"), ("secretRef", "Secret")] {
        let Some(reference) = source.get(field) else { continue };
        let name = tree::str(reference, "name");
        return match cache.get(kind, pod.namespace(), name) {
            Some(object) => {
                let pairs = data(object).into_iter();
                Ok(pairs.map(|(k, v)| (format!("{prefix}{k}").into(), text(&v).into())).collect())
            }
            None if tree::bool(reference, "optional") == Some(true) => Ok(Vec::new()),
            None => Err(format!("{} {name:?} not found", kind.to_lowercase())),
        };
    }
    Ok(Vec::new())
}

/// The data of a ConfigMap or Secret, decoded, sorted by key.
pub fn data(object: &Object) -> Vec<(String, Vec<u8>)> {
    let secret = &*object.key.kind == "Secret";
    let mut all = FlatMap::new();
    for (key, value) in tree::pairs(object.tree(), "data") {
        let bytes =
            if secret { BASE64.decode(value.as_bytes()).ok() } else { Some(value.as_bytes().to_vec()) };
        all.insert(key.to_string(), bytes.unwrap_or_default());
    }
    for (key, value) in tree::pairs(object.tree(), "binaryData") {
        all.insert(key.to_string(), BASE64.decode(value.as_bytes()).unwrap_or_default());
    }
    all.into_iter().collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn referenced(
    pod: &Object,
    container: &Value,
    from: &Value,
    ip: Option<IpAddr>,
    config: &NodeConfig,
    cache: &Cache,
) -> Result<Option<String>, String> {
    if let Some(field) = tree::get(from, "fieldRef.fieldPath").and_then(Value::as_str) {
        return Ok(Some(pod_field(pod, field, ip, config)));
    }
    if let Some(resource) = tree::get(from, "resourceFieldRef.resource").and_then(Value::as_str) {
        let found = container.get("resources").and_then(|resources| tree::get(resources, resource));
        return Ok(Some(found.map_or("0".into(), quantity)));
    }
    for (field, kind) in [("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")] {
        let Some(reference) = from.get(field) else { continue };
        let (name, key) = (tree::str(reference, "name"), tree::str(reference, "key"));
        let optional = tree::bool(reference, "optional") == Some(true);
        let Some(object) = cache.get(kind, pod.namespace(), name) else {
            let problem = format!("{} {name:?} not found", kind.to_lowercase());
            return if optional { Ok(None) } else { Err(problem) };
        };
        return match data(object).into_iter().find(|(k, _)| k == key) {
            Some((_, value)) => Ok(Some(text(&value))),
            None if optional => Ok(None),
            None => Err(format!("couldn't find key {key} in {kind} {}/{name}", pod.namespace())),
        };
    }
    Ok(None)
}

fn quantity(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), String::from)
}

/// A field of the pod, as the downward API gives it.
pub fn pod_field(pod: &Object, field: &str, ip: Option<IpAddr>, config: &NodeConfig) -> String {
    let address = || ip.map(|ip| ip.to_string()).unwrap_or_default();
    let both = |ip: IpAddr| match config.other_ip(ip) {
        Some(other) => format!("{ip},{other}"),
        None => ip.to_string(),
    };
    if let Some((map, key)) = field.strip_suffix("']").and_then(|field| field.split_once("['")) {
        let found = match map {
            "metadata.labels" => pod.label(key),
            "metadata.annotations" => pod.annotation(key),
            _ => None,
        };
        return found.unwrap_or_default().to_string();
    }
    match field {
        "status.podIP" => address(),
        "status.podIPs" => ip.map(both).unwrap_or_default(),
        "status.hostIP" => config.ip.to_string(),
        "status.hostIPs" => both(config.ip),
        "spec.nodeName" => config.name.to_string(),
        _ => pod.str(field).to_string(),
    }
}

/// Replaces `$(NAME)` by the last value of a variable; `$$` is `$`, and what is unknown stays.
pub fn expand(text: &str, env: &[(Text, Text)]) -> String {
    let mut done = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        done.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let name = rest.strip_prefix('(').and_then(|inner| inner.split_once(')'));
        if let Some(after) = rest.strip_prefix('$') {
            done.push('$');
            rest = after;
        } else if let Some((name, after)) = name {
            match env.iter().rev().find(|(known, _)| **known == *name) {
                Some((_, value)) => done.push_str(value),
                None => done.push_str(&format!("$({name})")),
            }
            rest = after;
        } else {
            done.push('$');
        }
    }
    done.push_str(rest);
    done
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// The variables that a pod without links sees, in upstream's order.
    #[test]
    fn a_service_becomes_variables() {
        let service = json!({ "metadata": { "name": "kubernetes", "namespace": "default" },
            "spec": { "clusterIP": "10.96.0.1", "ports": [{ "name": "https", "port": 443, "protocol": "TCP" }] } });
        let lines: Vec<String> = service_variables(&Object::new(&service::SERVICE, service))
            .into_iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let expected = [
            "KUBERNETES_SERVICE_HOST=10.96.0.1",
            "KUBERNETES_SERVICE_PORT=443",
            "KUBERNETES_SERVICE_PORT_HTTPS=443",
            "KUBERNETES_PORT=tcp://10.96.0.1:443",
            "KUBERNETES_PORT_443_TCP=tcp://10.96.0.1:443",
            "KUBERNETES_PORT_443_TCP_PROTO=tcp",
            "KUBERNETES_PORT_443_TCP_PORT=443",
            "KUBERNETES_PORT_443_TCP_ADDR=10.96.0.1",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn references_expand_and_unknown_ones_stay() {
        let env: Pairs = vec![("A".into(), "1".into()), ("A".into(), "2".into())];
        assert_eq!(expand("$(A)-$(B)-$$(A)-$x$", &env), "2-$(B)-$(A)-$x$");
    }
}
