//! Bodies in Kubernetes' protobuf, as JSON: what `kubectl create` and client libraries in Go send. Knows field numbers
//! (the table that `cargo xtask schema` writes) and, from the core, what fields are called in JSON.
//!
//! Models: `k8s.io/apimachinery/pkg/runtime/serializer/protobuf`. Omits: writing it; answers are JSON, which these
//! clients take as well.

use bytes::{Buf, Bytes};
use prost::encoding::{WireType, decode_key, decode_varint};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::LazyLock;
use tidepool_core::api::fields::{self, Shape};
use tidepool_core::base::Instant;

/// The content type.
pub const CONTENT_TYPE: &str = "application/vnd.kubernetes.protobuf";
/// What every body begins with.
const MAGIC: &[u8] = b"k8s\0";
/// How deep messages may hold each other.
const MAX_DEPTH: usize = 64;

/// A field: its name and type in the table's notation.
type Numbers = BTreeMap<u32, (&'static str, &'static str)>;

static TABLE: LazyLock<BTreeMap<&'static str, Numbers>> = LazyLock::new(|| {
    let mut table: BTreeMap<&str, Numbers> = BTreeMap::new();
    let mut current = "";
    for line in include_str!("protobuf/numbers.txt").lines() {
        let words: Vec<&str> = line.split(' ').collect();
        match words.as_slice() {
            ["message", name] => {
                current = name;
                table.entry(name).or_default();
            }
            [number, name, kind] => {
                if let Ok(number) = number.parse() {
                    table.entry(current).or_default().insert(number, (name, kind));
                }
            }
            _ => {}
        }
    }
    table
});

/// Scalars that upstream's types hold by pointer: zero is a value there. Elsewhere zero is what "nothing" looks like.
/// From `k8s.io/api` `types.go`.
const POINTERS: &[&str] = &[
    "activeDeadlineSeconds",
    "allocateLoadBalancerNodePorts",
    "allowPrivilegeEscalation",
    "appProtocol",
    "automountServiceAccountToken",
    "averageUtilization",
    "backoffLimit",
    "backoffLimitPerIndex",
    "blockOwnerDeletion",
    "completionMode",
    "completions",
    "controller",
    "defaultMode",
    "deletionGracePeriodSeconds",
    "enableServiceLinks",
    "expirationSeconds",
    "failedJobsHistoryLimit",
    "fsGroup",
    "fsGroupChangePolicy",
    "gracePeriodSeconds",
    "holderIdentity",
    "hostUsers",
    "hostname",
    "immutable",
    "ingressClassName",
    "internalTrafficPolicy",
    "ipFamilyPolicy",
    "leaseDurationSeconds",
    "leaseTransitions",
    "loadBalancerClass",
    "managedBy",
    "manualSelector",
    "maxFailedIndexes",
    "minReplicas",
    "mode",
    "nodeName",
    "optional",
    "orphanDependents",
    "parallelism",
    "partition",
    "pathType",
    "podReplacementPolicy",
    "port",
    "preemptionPolicy",
    "priority",
    "privileged",
    "procMount",
    "progressDeadlineSeconds",
    "propagationPolicy",
    "protocol",
    "readOnlyRootFilesystem",
    "ready",
    "replicas",
    "restartPolicy",
    "revisionHistoryLimit",
    "runAsGroup",
    "runAsNonRoot",
    "runAsUser",
    "runtimeClassName",
    "seLinuxChangePolicy",
    "serving",
    "setHostnameAsFQDN",
    "shareProcessNamespace",
    "startingDeadlineSeconds",
    "stabilizationWindowSeconds",
    "storageClassName",
    "successfulJobsHistoryLimit",
    "supplementalGroupsPolicy",
    "suspend",
    "terminating",
    "terminationGracePeriodSeconds",
    "timeZone",
    "timeoutSeconds",
    "tolerationSeconds",
    "trafficDistribution",
    "ttlSecondsAfterFinished",
    "unhealthyPodEvictionPolicy",
    "volumeAttributesClassName",
    "volumeMode",
    "volumeName",
    "zone",
];

/// The same names, where they are no pointers: by message. An empty string or zero means nothing there.
const NOT_POINTERS: &[(&str, &str)] = &[
    ("ServicePort", "port"),
    ("ServicePort", "protocol"),
    ("ContainerPort", "protocol"),
    ("PodSpec", "nodeName"),
    ("PodSpec", "hostname"),
    ("PodSpec", "restartPolicy"),
    ("Probe", "timeoutSeconds"),
    ("HttpGetAction", "port"),
    ("ReplicaSetStatus", "replicas"),
    ("DeploymentStatus", "replicas"),
    ("StatefulSetStatus", "replicas"),
    ("ScaleStatus", "replicas"),
    ("ScaleSpec", "replicas"),
    ("ContainerStatus", "ready"),
    ("NodeSystemInfo", "hostname"),
    ("PortStatus", "port"),
    ("PortStatus", "protocol"),
];

/// A body as JSON; why not, if it cannot be read.
pub fn to_json(body: &Bytes) -> Result<Value, String> {
    let envelope =
        body.strip_prefix(MAGIC).ok_or("provided data does not appear to be a protobuf message")?;
    let (mut kind, mut version, mut raw) = (String::new(), String::new(), Bytes::new());
    for field in split(body.slice_ref(envelope))? {
        match (field.number, field.value) {
            (1, Wire::Bytes(meta)) => {
                for field in split(meta)? {
                    match (field.number, field.value) {
                        (1, Wire::Bytes(text)) => version = string(&text)?,
                        (2, Wire::Bytes(text)) => kind = string(&text)?,
                        _ => {}
                    }
                }
            }
            (2, Wire::Bytes(bytes)) => raw = bytes,
            _ => {}
        }
    }
    let path = path_of(&version, &kind)
        .ok_or_else(|| format!("no kind \"{kind}\" is registered for version \"{version}\""))?;
    let shape = fields::of(&version, &kind).unwrap_or(Shape::Any);
    let mut object = Map::new();
    object.insert("apiVersion".into(), version.into());
    object.insert("kind".into(), kind.into());
    read(raw, path, &shape, &mut object, 0)?;
    Ok(object.into())
}

/// The message of a kind.
fn path_of(version: &str, kind: &str) -> Option<&'static str> {
    if kind == "DeleteOptions" {
        return Some("apimachinery/pkg/apis/meta/v1/DeleteOptions");
    }
    let (group, version) = version.split_once('/').unwrap_or(("core", version));
    let group = group.split('.').next().unwrap_or(group);
    let path = format!("api/{group}/{version}/{kind}");
    TABLE.get_key_value(path.as_str()).map(|(path, _)| *path)
}

/// A field on the wire.
struct Field {
    number: u32,
    value: Wire,
}

/// A value on the wire.
enum Wire {
    Varint(u64),
    Double(f64),
    Bytes(Bytes),
}

fn split(mut bytes: Bytes) -> Result<Vec<Field>, String> {
    let broken = |_| "the body is no protobuf".to_string();
    let short = || "the body is cut short".to_string();
    let mut fields = Vec::new();
    while bytes.has_remaining() {
        let (number, wire) = decode_key(&mut bytes).map_err(broken)?;
        let value = match wire {
            WireType::Varint => Wire::Varint(decode_varint(&mut bytes).map_err(broken)?),
            WireType::LengthDelimited => {
                let length = decode_varint(&mut bytes).map_err(broken)?;
                let length = usize::try_from(length).ok().filter(|n| *n <= bytes.len()).ok_or_else(short)?;
                Wire::Bytes(bytes.split_to(length))
            }
            WireType::SixtyFourBit => Wire::Double(bytes.try_get_f64_le().map_err(|_| short())?),
            WireType::ThirtyTwoBit => Wire::Double(f64::from(bytes.try_get_f32_le().map_err(|_| short())?)),
            WireType::StartGroup | WireType::EndGroup => return Err("groups are not used here".into()),
        };
        fields.push(Field { number, value });
    }
    Ok(fields)
}

fn string(bytes: &Bytes) -> Result<String, String> {
    String::from_utf8(bytes.to_vec()).map_err(|_| "a string is not UTF-8".to_string())
}

/// Reads a message into an object; messages that JSON holds inline go into the same one.
fn read(
    bytes: Bytes,
    path: &str,
    shape: &Shape,
    into: &mut Map<String, Value>,
    depth: usize,
) -> Result<(), String> {
    if depth > MAX_DEPTH {
        return Err("messages hold each other too deep".into());
    }
    let numbers = TABLE.get(path).ok_or_else(|| format!("no message {path}"))?;
    let message = path.rsplit('/').next().unwrap_or(path);
    for field in split(bytes)? {
        // Fields of later versions are dropped, as upstream does.
        let Some((name, kind)) = numbers.get(&field.number) else { continue };
        let known = shape.fields().iter().find(|known| same(known.name, name));
        let (json_name, inner) = match known {
            Some(known) => (known.name.to_string(), known.shape.clone()),
            None if kind.contains('/') && !shape.fields().is_empty() => {
                if let Wire::Bytes(bytes) = field.value {
                    read(bytes, kind, shape, into, depth + 1)?;
                }
                continue;
            }
            None => (camel(name), Shape::Any),
        };
        if let Some(kind) = kind.strip_prefix("[]") {
            let item = if let Shape::List(item) = inner { *item } else { Shape::Any };
            let value = value(field.value, kind, &item, depth)?;
            if let Value::Array(list) = into.entry(json_name).or_insert_with(|| json!([])) {
                list.push(value);
            }
        } else if let Some(kind) = kind.strip_prefix("{}") {
            let item = if let Shape::Map(item) = inner { *item } else { Shape::Any };
            let (key, value) = entry(field.value, kind, &item, depth)?;
            if let Value::Object(map) = into.entry(json_name).or_insert_with(|| json!({})) {
                map.insert(key, value);
            }
        } else {
            let value = value(field.value, kind, &inner, depth)?;
            if !is_nothing(&value, &json_name, message, kind) {
                into.insert(json_name, value);
            }
        }
    }
    Ok(())
}

/// Whether a value is what Go's encoder writes for a field that was never set.
fn is_nothing(value: &Value, name: &str, message: &str, kind: &str) -> bool {
    let is_zero = match value {
        Value::Null => return true,
        Value::String(text) => text.is_empty(),
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::Bool(flag) => !flag,
        Value::Object(_) | Value::Array(_) => false,
    };
    let is_pointer = POINTERS.contains(&name) && !NOT_POINTERS.contains(&(message, name));
    is_zero && !is_pointer && !kind.ends_with("/IntOrString")
}

fn entry(wire: Wire, kind: &str, shape: &Shape, depth: usize) -> Result<(String, Value), String> {
    let Wire::Bytes(bytes) = wire else { return Err("a map's entry is no message".into()) };
    let (mut key, mut found) = (String::new(), None);
    for field in split(bytes)? {
        match (field.number, field.value) {
            (1, Wire::Bytes(text)) => key = string(&text)?,
            (2, wire) => found = Some(value(wire, kind, shape, depth)?),
            _ => {}
        }
    }
    Ok((key, found.unwrap_or_else(|| json!(""))))
}

fn value(wire: Wire, kind: &str, shape: &Shape, depth: usize) -> Result<Value, String> {
    Ok(match (wire, kind) {
        (Wire::Varint(number), "bool") => json!(number != 0),
        // Negative numbers are ten bytes long: their bits are those of an i64.
        (Wire::Varint(number), _) => json!(number as i64),
        (Wire::Double(number), _) => json!(number),
        (Wire::Bytes(bytes), "string") => json!(string(&bytes)?),
        (Wire::Bytes(bytes), "bytes") => json!(data_encoding::BASE64.encode(&bytes)),
        (Wire::Bytes(bytes), path) => message(bytes, path, shape, depth)?,
    })
}

/// A message: those that JSON writes as one value, and all others.
fn message(bytes: Bytes, path: &str, shape: &Shape, depth: usize) -> Result<Value, String> {
    let name = path.rsplit('/').next().unwrap_or(path);
    match name {
        "Time" | "MicroTime" | "IntOrString" | "Quantity" | "FieldsV1" | "RawExtension" => {}
        _ => {
            let mut object = Map::new();
            read(bytes, path, shape, &mut object, depth + 1)?;
            return Ok(object.into());
        }
    }
    let (mut numbers, mut texts) = ([0_i64; 3], BTreeMap::new());
    for field in split(bytes)? {
        match field.value {
            Wire::Varint(number) => {
                if let Some(slot) = numbers.get_mut(field.number as usize - 1) {
                    *slot = number as i64;
                }
            }
            Wire::Bytes(bytes) => {
                texts.insert(field.number, string(&bytes)?);
            }
            Wire::Double(_) => {}
        }
    }
    let text = |number: u32| texts.get(&number).cloned().unwrap_or_default();
    Ok(match name {
        // Type 0 is a number in field 2, type 1 a string in field 3.
        "IntOrString" if numbers[0] == 1 => json!(text(3)),
        "IntOrString" => json!(numbers[1]),
        "Quantity" => json!(text(1)),
        "FieldsV1" | "RawExtension" => serde_json::from_str(&text(1)).unwrap_or(Value::Null),
        _ if numbers[0] == 0 => Value::Null,
        _ => time(numbers[0], numbers[1], name == "MicroTime"),
    })
}

/// Seconds since 1970, and nanoseconds, as RFC 3339.
fn time(seconds: i64, nanos: i64, micro: bool) -> Value {
    let epoch = i64::try_from(Instant::ZERO.unix_seconds()).unwrap_or_default();
    let since = u64::try_from(seconds.saturating_sub(epoch)).unwrap_or_default();
    let nanos = u64::try_from(nanos).unwrap_or_default();
    let instant = Instant(since.saturating_mul(1_000_000_000).saturating_add(nanos));
    json!(if micro { instant.rfc3339_micro() } else { instant.rfc3339() })
}

/// Whether a name of JSON and one of the table are the same but for their spelling.
fn same(json: &str, table: &str) -> bool {
    let letters = table.bytes().filter(|byte| *byte != b'_');
    json.bytes().map(|byte| byte.to_ascii_lowercase()).eq(letters.map(|byte| byte.to_ascii_lowercase()))
}

/// `grace_period_seconds` as `gracePeriodSeconds`.
fn camel(name: &str) -> String {
    let mut out = String::new();
    let mut upper = false;
    for c in name.chars() {
        if c == '_' {
            upper = true;
        } else {
            out.push(if std::mem::take(&mut upper) { c.to_ascii_uppercase() } else { c });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What kubectl v1.35.2 sent for `kubectl create deployment web --image=x --replicas=3`, from its `-v=9`.
    const DEPLOYMENT: &str = "6b387300 0a15 0a07 617070732f7631 120a 4465706c6f796d656e74 12a301 0a1f 0a03776562 1200 1a00 2200 \
        2a00 3200 3800 4200 5a0a 0a03617070 1203776562 1272 0803 120c 0a0a 0a03617070 1203776562 1a58 0a1c 0a00 1200 1a00 \
        2200 2a00 3200 3800 4200 5a0a 0a03617070 1203776562 1238 121a 0a0178 120178 2a00 4200 6a00 7200 800100 880100 \
        900100 a20100 1a00 3200 4200 4a00 5200 5800 6000 6800 820100 8a0100 9a0100 c20100 2202 0a00 2800 3800 1a0c 0800 \
        1000 1800 2000 2800 3800 1a00 2200";

    fn bytes(hex: &str) -> Bytes {
        let hex: String = hex.split_whitespace().collect();
        data_encoding::HEXLOWER.decode(hex.as_bytes()).expect("hex").into()
    }

    #[test]
    fn a_deployment_is_read() {
        let expected = json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": { "name": "web", "labels": { "app": "web" } },
            "spec": {
                "replicas": 3, "selector": { "matchLabels": { "app": "web" } }, "strategy": {},
                "template": {
                    "metadata": { "labels": { "app": "web" } },
                    "spec": { "containers": [{ "name": "x", "image": "x", "resources": {} }] },
                },
            },
            "status": {},
        });
        assert_eq!(to_json(&bytes(DEPLOYMENT)), Ok(expected));
    }

    #[test]
    fn broken_bodies_are_refused() {
        let whole = bytes(DEPLOYMENT);
        for length in 0..whole.len() {
            let _ = to_json(&whole.slice(..length));
        }
        assert!(to_json(&Bytes::from_static(b"{}")).is_err());
        let mut nested = b"k8s\0".to_vec();
        nested.extend_from_slice(&[0xff; 64]);
        assert!(to_json(&nested.into()).is_err());
    }

    #[test]
    fn every_type_of_the_table_is_there() {
        for (message, numbers) in TABLE.iter() {
            for (name, kind) in numbers.values() {
                let inner = kind.trim_start_matches(['[', ']', '{', '}']);
                let scalar = ["string", "bytes", "bool", "int32", "int64", "double"].contains(&inner);
                assert!(scalar || TABLE.contains_key(inner), "{message}.{name}: {kind}");
            }
        }
    }
}
