//! Label selectors: what a Service, a ReplicaSet or `-l` selects. Models: apimachinery `pkg/labels/selector.go`.

mod parse;

use super::Object;
use serde_json::Value;

/// A conjunction of requirements on labels. Without any it matches everything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selector {
    /// The requirements, all of which must hold.
    pub requirements: Vec<Requirement>,
}

/// One requirement on a label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Requirement {
    /// The label is there with one of these values.
    In(String, Vec<String>),
    /// The label is absent or has none of these values.
    NotIn(String, Vec<String>),
    /// The label is there.
    Exists(String),
    /// The label is absent.
    DoesNotExist(String),
    /// The label is a number greater than this.
    Greater(String, i64),
    /// The label is a number less than this.
    Less(String, i64),
}

impl Selector {
    /// From a map of labels, as in `spec.selector` of a Service.
    pub fn of_map(map: Option<&Value>) -> Selector {
        let pairs = map.and_then(Value::as_object).into_iter().flatten();
        let equals = |(k, v): (&String, &Value)| {
            Requirement::In(k.clone(), vec![v.as_str().unwrap_or_default().into()])
        };
        Selector { requirements: pairs.map(equals).collect() }
    }

    /// From a `metav1.LabelSelector`, as in `spec.selector` of a Deployment.
    pub fn of_label_selector(selector: Option<&Value>) -> Selector {
        let Some(selector) = selector else { return Selector::default() };
        let mut all = Selector::of_map(selector.get("matchLabels")).requirements;
        for e in super::tree::list(selector, "matchExpressions") {
            let key = super::tree::str(e, "key").to_string();
            let values =
                super::tree::list(e, "values").iter().filter_map(Value::as_str).map(String::from).collect();
            match super::tree::str(e, "operator") {
                "In" => all.push(Requirement::In(key, values)),
                "NotIn" => all.push(Requirement::NotIn(key, values)),
                "Exists" => all.push(Requirement::Exists(key)),
                "DoesNotExist" => all.push(Requirement::DoesNotExist(key)),
                _ => {}
            }
        }
        Selector { requirements: all }
    }

    /// Reads `-l`: `a=b,c!=d,e in (f,g),h notin (i),j,!k`. The error is in upstream's words.
    pub fn parse(text: &str) -> Result<Selector, String> {
        let requirements = parse::requirements(text)?;
        Ok(Selector { requirements })
    }

    /// Whether it has no requirement.
    pub fn is_empty(&self) -> bool {
        self.requirements.is_empty()
    }

    /// Whether an object's labels meet it.
    pub fn matches(&self, object: &Object) -> bool {
        self.matches_with(|key| object.label(key))
    }

    /// Whether the labels of a map meet it.
    pub fn matches_map(&self, labels: Option<&Value>) -> bool {
        self.matches_with(|key| labels?.get(key)?.as_str())
    }

    fn matches_with<'a>(&self, label: impl Fn(&str) -> Option<&'a str>) -> bool {
        self.requirements.iter().all(|requirement| match requirement {
            Requirement::In(key, values) => label(key).is_some_and(|v| values.iter().any(|x| x == v)),
            Requirement::NotIn(key, values) => label(key).is_none_or(|v| values.iter().all(|x| x != v)),
            Requirement::Exists(key) => label(key).is_some(),
            Requirement::DoesNotExist(key) => label(key).is_none(),
            Requirement::Greater(key, than) => number(label(key)).is_some_and(|n| n > *than),
            Requirement::Less(key, than) => number(label(key)).is_some_and(|n| n < *than),
        })
    }
}

fn number(label: Option<&str>) -> Option<i64> {
    label?.parse().ok()
}
