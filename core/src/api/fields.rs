//! The fields of every kind, by name and type, from two tables: Kubernetes' own, which `cargo xtask schema` derives from
//! k8s-openapi, and the meshes' and gateways', written by hand. Knows no values and no rules beyond types.
//! Models: k8s.io/api `types.go`. Omits: what fields are for.

pub mod texts;

use crate::base::FlatMap;
use std::sync::LazyLock;

static KUBERNETES: &str = include_str!("fields/kubernetes.txt");
static MESHES: &str = include_str!("fields/meshes.txt");

/// The type of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// A string; `string`, or the name of upstream's type: `v1.Protocol`.
    Text(&'static str),
    /// An integer: `int32` or `int64`.
    Int(&'static str),
    /// `float64`.
    Float,
    /// `bool`.
    Bool,
    /// Bytes as base64.
    Bytes,
    /// A quantity: `100m`, `1Gi`, or a number.
    Quantity,
    /// A number or a string.
    IntOrString,
    /// A time as RFC 3339.
    Time,
    /// A time with microseconds.
    MicroTime,
    /// Anything.
    Any,
    /// A struct of the table.
    Struct(&'static str),
    /// A list.
    List(Box<Shape>),
    /// A map from strings.
    Map(Box<Shape>),
}

/// A field of a struct.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name in JSON.
    pub name: &'static str,
    /// Whether upstream calls it required.
    pub required: bool,
    /// Its type.
    pub shape: Shape,
}

/// Both tables, read.
struct Table {
    /// By kind: the group or `group/version`, and the struct.
    kinds: FlatMap<&'static str, Vec<(&'static str, &'static str)>>,
    structs: FlatMap<&'static str, Vec<Field>>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table { kinds: FlatMap::new(), structs: FlatMap::new() };
    let mut current = "";
    for line in KUBERNETES.lines().chain(MESHES.lines()).filter(|line| !line.starts_with('#')) {
        let mut words = line.split(' ');
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some("kind"), Some(version), Some(kind), Some(name)) => {
                table.kinds.entry(kind).or_default().push((version, name));
            }
            (Some("type"), Some(name), None, None)
                if name.starts_with(|c: char| c.is_uppercase()) || name.contains('/') =>
            {
                current = name;
                table.structs.entry(name).or_default();
            }
            (Some(name), Some(shape), None, None) => {
                let required = name.ends_with('!');
                let field = Field { name: name.trim_end_matches('!'), required, shape: shape_of(shape) };
                table.structs.entry(current).or_default().push(field);
            }
            _ => {}
        }
    }
    table
});

fn shape_of(word: &'static str) -> Shape {
    if let Some(inner) = word.strip_prefix("[]") {
        return Shape::List(Box::new(shape_of(inner)));
    }
    if let Some(inner) = word.strip_prefix("{}") {
        return Shape::Map(Box::new(shape_of(inner)));
    }
    match word {
        "string" => Shape::Text(word),
        "int32" | "int64" => Shape::Int(word),
        "float64" => Shape::Float,
        "bool" => Shape::Bool,
        "bytes" => Shape::Bytes,
        "Quantity" => Shape::Quantity,
        "IntOrString" => Shape::IntOrString,
        "Time" => Shape::Time,
        "MicroTime" => Shape::MicroTime,
        "any" => Shape::Any,
        _ if word.contains('.') => Shape::Text(word),
        _ => Shape::Struct(word),
    }
}

/// The type of a kind's objects: `of("apps/v1", "Deployment")`. Lists of objects have none of their own: see [`list_item`].
pub fn of(api_version: &str, kind: &str) -> Option<Shape> {
    let group = api_version.rsplit_once('/').map_or("", |(group, _)| group);
    let fits = |(version, _): &&(&str, &str)| {
        *version == api_version || version.strip_suffix("/*").is_some_and(|any| any == group)
    };
    let (_, name) = TABLE.kinds.get(kind)?.iter().find(fits)?;
    Some(Shape::Struct(name))
}

/// The type of a kind's objects when its version is not known or wrong: the first kind of the name.
pub fn of_kind(kind: &str) -> Option<Shape> {
    TABLE.kinds.get(kind)?.first().map(|(_, name)| Shape::Struct(name))
}

/// The kind whose list this is: `Service` for `ServiceList`; empty for `List`, whose items say their own.
pub fn list_item(kind: &str) -> Option<&str> {
    kind.strip_suffix("List").filter(|item| item.is_empty() || TABLE.kinds.contains_key(item))
}

/// All kinds: `apiVersion` (with `*` where any version of the group is meant) and kind.
pub fn kinds() -> impl Iterator<Item = (&'static str, &'static str)> {
    TABLE.kinds.iter().flat_map(|(kind, all)| all.iter().map(|(version, _)| (*version, *kind)))
}

/// All structs.
pub fn structs() -> impl Iterator<Item = Shape> {
    TABLE.structs.keys().map(|name| Shape::Struct(name))
}

impl Shape {
    /// The fields, in the order of their names; none for what is not a struct.
    pub fn fields(&self) -> &'static [Field] {
        match self {
            Shape::Struct(name) => TABLE.structs.get(name).map(Vec::as_slice).unwrap_or_default(),
            _ => &[],
        }
    }

    /// The field of a name.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields().iter().find(|field| field.name == name)
    }

    /// The type one key down: a field's, or a map's values'.
    pub fn key(&self, key: &str) -> Option<&Shape> {
        match self {
            Shape::Struct(_) => self.field(key).map(|field| &field.shape),
            Shape::Map(inner) => Some(inner),
            _ => None,
        }
    }

    /// The type of a list's items.
    pub fn item(&self) -> Option<&Shape> {
        match self {
            Shape::List(inner) => Some(inner),
            _ => None,
        }
    }

    /// Whether it is written as one scalar.
    pub fn is_scalar(&self) -> bool {
        !matches!(self, Shape::Struct(_) | Shape::List(_) | Shape::Map(_) | Shape::Any)
    }

    /// The type at a path such as `spec.ports[0].port`; indices may be left out, as `kubectl explain` does.
    pub fn at(&self, path: &str) -> Option<Shape> {
        let mut at = self;
        for step in super::yaml::place::steps(path) {
            at = match step {
                super::yaml::place::Step::Index(_) => at.item()?,
                super::yaml::place::Step::Key(key) => at.item().unwrap_or(at).key(&key)?,
            };
        }
        Some(at.clone())
    }

    /// Upstream's name of the type: `int32`, `v1.Protocol`, `[]v1.ServicePort`, `map[string]string`.
    pub fn go(&self) -> String {
        match self {
            Shape::Text(name) | Shape::Int(name) => (*name).to_string(),
            Shape::Float => "float64".into(),
            Shape::Bool => "bool".into(),
            Shape::Bytes => "[]uint8".into(),
            Shape::Quantity => "resource.Quantity".into(),
            Shape::IntOrString => "intstr.IntOrString".into(),
            Shape::Time => "v1.Time".into(),
            Shape::MicroTime => "v1.MicroTime".into(),
            Shape::Any => "interface {}".into(),
            Shape::Struct(_) => format!("v1.{}", self.struct_name()),
            Shape::List(inner) => format!("[]{}", inner.go()),
            Shape::Map(inner) => format!("map[string]{}", inner.go()),
        }
    }

    /// Upstream's name of the struct; empty for what is not one.
    pub fn struct_name(&self) -> &'static str {
        match self {
            Shape::Struct(name) => name.rsplit('/').next().unwrap_or(name),
            _ => "",
        }
    }

    /// The type as `kubectl explain` writes it: `<string>`, `<[]ServicePort>`, `<map[string]string>`.
    pub fn explained(&self) -> String {
        match self {
            Shape::Text(_) | Shape::Bytes | Shape::Time | Shape::MicroTime => "string".into(),
            Shape::Int(_) => "integer".into(),
            Shape::Float => "number".into(),
            Shape::Bool => "boolean".into(),
            Shape::Quantity => "Quantity".into(),
            Shape::IntOrString => "IntOrString".into(),
            Shape::Any => "Object".into(),
            Shape::Struct(_) => self.struct_name().into(),
            Shape::List(inner) => format!("[]{}", inner.explained()),
            Shape::Map(inner) => format!("map[string]{}", inner.explained()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_found_by_path() {
        let service = of("v1", "Service").unwrap();
        assert_eq!(service.at("spec.ports[0].port"), Some(Shape::Int("int32")));
        assert_eq!(service.at("spec.ports.protocol").unwrap().go(), "v1.Protocol");
        assert_eq!(service.at("spec.ports").unwrap().go(), "[]v1.ServicePort");
        assert_eq!(service.at("metadata.labels").unwrap().go(), "map[string]string");
        assert_eq!(service.at("spec.prots"), None);
        let deployment = of("apps/v1", "Deployment").unwrap();
        assert_eq!(deployment.at("spec.template.spec.containers[0].image"), Some(Shape::Text("string")));
        assert!(
            of("networking.istio.io/v1alpha3", "VirtualService").unwrap().at("spec.http[0].route").is_some()
        );
        assert_eq!(list_item("ServiceList"), Some("Service"));
    }

    #[test]
    fn every_struct_that_is_named_is_there() {
        fn named(shape: &Shape) -> Option<&'static str> {
            match shape {
                Shape::Struct(name) => Some(name),
                Shape::List(inner) | Shape::Map(inner) => named(inner),
                _ => None,
            }
        }
        for field in TABLE.structs.values().flatten() {
            let name = named(&field.shape);
            assert!(name.is_none_or(|name| TABLE.structs.contains_key(name)), "{field:?}");
        }
        assert!(TABLE.kinds.values().flatten().all(|(_, name)| TABLE.structs.contains_key(name)));
    }
}
