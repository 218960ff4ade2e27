//! Whether a tree fits its kind, in the API server's words: unknown fields, and values of the wrong type. Knows types
//! and nothing of meaning. Models: sigs.k8s.io/json, Go's encoding/json, and apimachinery's strict serializer.
//! Omits: fields given twice (the tree cannot hold them).

use super::fields::{self, Shape};
use serde_json::Value;

mod leaves;

/// What is wrong with a tree.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Decoded {
    /// The first value that does not fit its field, in upstream's words: then nothing is decoded.
    pub refused: Option<String>,
    /// The path of that value.
    pub refused_at: Option<String>,
    /// Every unknown field: its path.
    pub unknown: Vec<String>,
}

impl Decoded {
    /// What the API server answers after `... cannot be handled as a ...: `, when it validates strictly or not.
    pub fn refusal(&self, strict: bool) -> Option<String> {
        if let Some(refused) = &self.refused {
            return Some(refused.clone());
        }
        let unknown = self.warnings();
        (strict && !unknown.is_empty()).then(|| format!("strict decoding error: {}", unknown.join(", ")))
    }

    /// The warnings when it does not validate strictly: `unknown field "spec.prots"`.
    pub fn warnings(&self) -> Vec<String> {
        self.unknown.iter().map(|path| format!("unknown field {path:?}")).collect()
    }
}

/// Decodes a tree as an object of a kind. A kind without fields in the table takes anything.
pub fn decode(api_version: &str, kind: &str, tree: &Value) -> Decoded {
    let mut walk = Walk::default();
    if let Some(shape) = fields::of(api_version, kind) {
        walk.value(&shape, tree, 0);
    }
    walk.decoded
}

/// Decodes a tree as a value of a type.
pub fn decode_as(shape: &Shape, tree: &Value) -> Decoded {
    let mut walk = Walk::default();
    walk.value(shape, tree, 0);
    walk.decoded
}

/// Takes the unknown fields out of an object of a kind, as decoding does. In a patch, `$setElementOrder/...` and the like
/// are no fields and stay.
pub fn prune(api_version: &str, kind: &str, tree: &mut Value) {
    if let Some(shape) = fields::of(api_version, kind) {
        prune_as(&shape, tree, 0);
    }
}

fn prune_as(shape: &Shape, tree: &mut Value, depth: usize) {
    if depth > MAX_DEPTH {
        return;
    }
    match (shape, tree) {
        (Shape::Struct(_), Value::Object(map)) => {
            map.retain(|key, _| key.starts_with('$') || shape.field(key).is_some());
            for (key, value) in map.iter_mut() {
                if let Some(field) = shape.field(key) {
                    prune_as(&field.shape, value, depth + 1);
                }
            }
        }
        (Shape::Map(inner), Value::Object(map)) => {
            map.values_mut().for_each(|value| prune_as(inner, value, depth + 1));
        }
        (Shape::List(inner), Value::Array(items)) => {
            items.iter_mut().for_each(|item| prune_as(inner, item, depth + 1));
        }
        _ => {}
    }
}

/// Deeper trees are not looked into; no kind has such.
const MAX_DEPTH: usize = 128;

#[derive(Default)]
struct Walk {
    decoded: Decoded,
    /// The path with indices, for unknown fields and places.
    path: Vec<String>,
    /// The names of fields from the root, for refusals.
    names: Vec<&'static str>,
    /// The innermost struct.
    within: &'static str,
}

impl Walk {
    fn value(&mut self, shape: &Shape, value: &Value, depth: usize) {
        if value.is_null() || depth > MAX_DEPTH {
            return;
        }
        match (shape, value) {
            (Shape::Struct(_), Value::Object(map)) => {
                for (key, value) in map {
                    self.member(shape, key, value, depth);
                }
            }
            (Shape::Map(inner), Value::Object(map)) => {
                for (key, value) in map {
                    self.path.push(format!(".{key}"));
                    self.value(inner, value, depth + 1);
                    self.path.pop();
                }
            }
            (Shape::List(inner), Value::Array(items)) => {
                for (index, item) in items.iter().enumerate() {
                    self.path.push(format!("[{index}]"));
                    self.value(inner, item, depth + 1);
                    self.path.pop();
                }
            }
            (Shape::Struct(_) | Shape::Map(_) | Shape::List(_), _) => self.refuse(shape, value),
            (leaf, _) => match leaves::check(leaf, value) {
                leaves::Fit::Yes => {}
                leaves::Fit::OtherType => self.refuse(leaf, value),
                leaves::Fit::Own(words) => self.refuse_with(words),
            },
        }
    }

    fn member(&mut self, shape: &Shape, key: &str, value: &Value, depth: usize) {
        self.path.push(format!(".{key}"));
        match shape.field(key) {
            None => self.decoded.unknown.push(self.written_path()),
            Some(field) => {
                let outer = std::mem::replace(&mut self.within, shape.struct_name());
                self.names.push(field.name);
                self.value(&field.shape, value, depth + 1);
                self.names.pop();
                self.within = outer;
            }
        }
        self.path.pop();
    }

    fn refuse(&mut self, shape: &Shape, value: &Value) {
        let found = match value {
            Value::Null => "null".to_string(),
            Value::Bool(_) => "bool".to_string(),
            Value::Number(number) if matches!(shape, Shape::Int(_) | Shape::Float) => {
                format!("number {number}")
            }
            Value::Number(_) => "number".to_string(),
            Value::String(_) => "string".to_string(),
            Value::Array(_) => "array".to_string(),
            Value::Object(_) => "object".to_string(),
        };
        let place = match (self.within, self.names.as_slice()) {
            ("", _) | (_, []) => "value".to_string(),
            (within, names) => format!("struct field {within}.{}", names.join(".")),
        };
        self.refuse_with(format!("json: cannot unmarshal {found} into Go {place} of type {}", shape.go()));
    }

    fn refuse_with(&mut self, words: String) {
        if self.decoded.refused.is_none() {
            self.decoded.refused_at = Some(self.written_path());
            self.decoded.refused = Some(words);
        }
    }

    fn written_path(&self) -> String {
        self.path.concat().trim_start_matches('.').to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(yaml: &str) -> Option<String> {
        let tree = crate::api::yaml::read(yaml).documents.remove(0).value;
        let text = |key| tree[key].as_str().unwrap();
        decode(text("apiVersion"), text("kind"), &tree).refusal(true)
    }

    /// Recorded from kube-apiserver v1.35.6.
    #[test]
    fn refusals_are_worded_as_upstream() {
        let recorded = [
            (
                "v1\nkind: Service\nspec: {prots: [{port: 80}]}",
                r#"strict decoding error: unknown field "spec.prots""#,
            ),
            (
                "v1\nkind: Service\nspec: {ports: [{port: eighty}]}",
                "json: cannot unmarshal string into Go struct field ServicePort.spec.ports.port of type int32",
            ),
            (
                "v1\nkind: Service\nspec: {ports: {port: 80}}",
                "json: cannot unmarshal object into Go struct field ServiceSpec.spec.ports of type []v1.ServicePort",
            ),
            (
                "v1\nkind: Service\nspec: {type: Banana, sessionAffinity: X, ports: [{port: 0, protocol: y},{port: 70000}]}",
                "json: cannot unmarshal bool into Go struct field ServicePort.spec.ports.protocol of type v1.Protocol",
            ),
            (
                "v1\nkind: Pod\nspec: {containers: [{name: c, image: x},{name: c, image: y}]}",
                "json: cannot unmarshal bool into Go struct field Container.spec.containers.image of type string",
            ),
            (
                "v1\nkind: ConfigMap\nmetadata: {name: yes}",
                "json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.name of type string",
            ),
        ];
        for (yaml, words) in recorded {
            assert_eq!(refusal(&format!("apiVersion: {yaml}")).as_deref(), Some(words), "{yaml}");
        }
    }

    #[test]
    fn what_fits_is_not_refused() {
        assert_eq!(
            refusal("apiVersion: v1\nkind: Service\nspec: {ports: [{port: 80, targetPort: web}]}"),
            None
        );
        assert_eq!(
            refusal(
                "apiVersion: v1\nkind: Pod\nspec: {containers: [{resources: {limits: {cpu: 1, memory: 1Gi}}}]}"
            ),
            None
        );
        assert_eq!(refusal("apiVersion: example.com/v1\nkind: Banana\nspec: 1"), None);
    }

    #[test]
    fn unknown_fields_are_all_named() {
        let words = refusal(
            "apiVersion: v1\nkind: Service\nspec: {a: 1, ports: [{port: 80}, {targetport: 1}]}\nx: 1",
        );
        let all = r#"strict decoding error: unknown field "spec.a", unknown field "spec.ports[1].targetport", unknown field "x""#;
        assert_eq!(words.as_deref(), Some(all));
    }
}
