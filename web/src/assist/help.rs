//! What a field of a manifest is: found by place where the YAML is sound, by the line where it is not yet.

use super::context::{Context, Step, context};
use super::offer;
use crate::words::Words;
use std::ops::Range;
use tidepool_core::api::fields::texts;
use tidepool_core::api::fields::{self, Shape};
use tidepool_core::api::tree;
use tidepool_core::api::yaml::{self, Place};

/// What a field is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Help {
    /// The key's bytes.
    pub span: Range<usize>,
    /// The kind and the path: `Service.spec.ports.targetPort`.
    pub path: String,
    /// The type.
    pub shape: String,
    /// Whether it must be there.
    pub required: bool,
    /// What it is for; may be empty.
    pub text: String,
    /// The values that it may have; any when empty.
    pub values: &'static [&'static str],
}

/// What the field at an offset is.
pub fn help(text: &str, offset: usize, words: &Words) -> Option<Help> {
    let offset = past_indentation(text, offset)?;
    by_place(text, offset, words).or_else(|| by_line(text, offset, words))
}

/// Before a line's first word, that word is meant.
fn past_indentation(text: &str, offset: usize) -> Option<usize> {
    let line = text.get(..offset)?.rsplit('\n').next()?;
    let is_before = line.chars().all(|c| matches!(c, ' ' | '-'));
    let rest = text.get(offset..)?;
    let blank = rest.len() - rest.trim_start_matches([' ', '-']).len();
    Some(if is_before { offset + blank } else { offset })
}

fn root(version: &str, kind: &str) -> Option<Shape> {
    fields::of(version, kind).or_else(|| fields::of_kind(kind))
}

fn by_place(text: &str, offset: usize, words: &Words) -> Option<Help> {
    let read = yaml::read(text);
    let document = read.document_at(offset)?;
    let kind = tree::str(&document.value, "kind");
    let mut shape = root(tree::str(&document.value, "apiVersion"), kind)?;
    let mut place: &Place = &document.root;
    let mut path = vec![kind.to_string()];
    let mut found = None;
    while let Some(entry) = place.entries.iter().find(|entry| entry.holds(offset)) {
        if let Some(item) = shape.item() {
            shape = item.clone();
        } else if let Some(field) = shape.field(&entry.key) {
            path.push(entry.key.clone());
            found = Some(one(&path, &shape, field, entry.at.clone(), words));
            shape = field.shape.clone();
        } else {
            break;
        }
        place = &entry.place;
    }
    let mut found = found?;
    if found.path.ends_with(".kind") && offset > found.span.end && path.len() == 2 {
        let of_kind = root(tree::str(&document.value, "apiVersion"), kind)?;
        found.text = (words.editor.kind)(&of_kind).to_string();
    }
    Some(found)
}

fn by_line(text: &str, offset: usize, words: &Words) -> Option<Help> {
    let start = text.get(..offset)?.rfind('\n').map_or(0, |at| at + 1);
    let line = text.get(start..)?.lines().next()?;
    let colon = start + line.find(':')? + 1;
    let mut at: Context = context(text, colon)?;
    let Some(Step::Key(key)) = at.path.pop() else { return None };
    let parent = offer::shape(&at)?;
    let field = parent.field(&key)?;
    let mut path = vec![at.kind.clone()];
    path.extend(at.path.iter().filter_map(|step| match step {
        Step::Key(key) => Some(key.clone()),
        Step::Item => None,
    }));
    path.push(key.clone());
    let span = colon - 1 - key.len()..colon - 1;
    Some(one(&path, &parent, field, span, words))
}

fn one(path: &[String], parent: &Shape, field: &fields::Field, span: Range<usize>, words: &Words) -> Help {
    Help {
        span,
        path: path.join("."),
        shape: field.shape.explained(),
        required: field.required,
        text: (words.editor.field)(parent, field.name).to_string(),
        values: texts::values(&field.shape),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Language;

    fn at(text: &str, language: Language) -> Option<Help> {
        let offset = text.find('|').expect("a pointer");
        help(&text.replacen('|', "", 1), offset, language.words())
    }

    #[test]
    fn fields_are_explained_in_both_languages() {
        let text = "apiVersion: v1\nkind: Service\nspec:\n  ports:\n  - port: 80\n    target|Port: web\n";
        let english = at(text, Language::En).expect("help");
        assert_eq!(
            (english.path.as_str(), english.shape.as_str()),
            ("Service.spec.ports.targetPort", "IntOrString")
        );
        let chinese = at(text, Language::ZhCn).expect("help");
        assert!(!english.text.is_empty() && !chinese.text.is_empty() && english.text != chinese.text);
        assert_eq!(english.span, chinese.span);
    }

    #[test]
    fn labels_and_values_explain_their_field() {
        let label = at("apiVersion: v1\nkind: Service\nspec:\n  selector:\n    app: My|App\n", Language::En);
        assert_eq!(label.expect("help").path, "Service.spec.selector");
        let kind = at("apiVersion: v1\nkind: Ser|vice\n", Language::En).expect("help");
        assert!(kind.text.contains("pods"), "{kind:?}");
        let before = at("apiVersion: v1\nkind: Service\nspec:\n  ports:\n|  - port: 80\n", Language::En);
        assert_eq!(before.expect("help").path, "Service.spec.ports.port");
        let protocol = at("apiVersion: v1\nkind: Service\nspec: {ports: [{proto|col: TCP}]}\n", Language::En);
        assert_eq!(protocol.expect("help").values, ["SCTP", "TCP", "UDP"]);
    }

    #[test]
    fn broken_manifests_are_explained_too() {
        let text = "apiVersion: v1\nkind: Service\nspec:\n  po|rts:\n  - port: [\n";
        assert_eq!(at(text, Language::En).expect("help").path, "Service.spec.ports");
        assert_eq!(at("# com|ment\nkind: Service\n", Language::En), None);
    }
}
