//! Reading and writing YAML beside kubectl's own: recorded from kubectl v1.35.2, `annotate --local` with `-o yaml` and `-o json`.

#![allow(clippy::unwrap_used)] // in WebAssembly these are no `#[test]`s, which is all that the lint exempts

use serde_json::Value;
use tidepool_core::api::yaml::{read, write};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test; // the same tests, in WebAssembly

/// Strings, keys and numbers that need care, as kubectl writes them.
#[test]
fn odd_values_are_written_as_kubectl_writes_them() {
    let value: Value = serde_json::from_str(include_str!("yaml/odd.json")).unwrap();
    let expected = include_str!("yaml/odd.yaml");
    let written = write(&value);
    for (number, (ours, theirs)) in written.lines().zip(expected.lines()).enumerate() {
        assert_eq!(ours, theirs, "line {}", number + 1);
    }
    assert_eq!(written, expected);
}

/// Reading back what was written gives the same tree.
#[test]
fn odd_values_survive() {
    let value: Value = serde_json::from_str(include_str!("yaml/odd.json")).unwrap();
    let found = read(&write(&value));
    assert_eq!(found.problems, []);
    assert_eq!(found.documents[0].value, read(include_str!("yaml/odd.yaml")).documents[0].value);
    assert_eq!(found.documents[0].value, value);
}

/// What kubectl makes of many short texts, and what it says of those that it refuses.
#[test]
fn texts_are_read_as_kubectl_reads_them() {
    let cases: Value = serde_json::from_str(include_str!("yaml/read.json")).unwrap();
    for case in cases.as_array().unwrap() {
        let text = case["text"].as_str().unwrap();
        // An object of a kind that nobody knows, so that kubectl prints all of it.
        let found = read(&format!("apiVersion: x.io/v1\nkind: Nope\nmetadata: {{name: x}}\n{text}"));
        match case["refused"].as_str() {
            Some(words) => assert_eq!(found.fatal().map(|p| p.message.as_str()), Some(words), "{text}"),
            None => {
                assert_eq!(found.fatal(), None, "{text}");
                let mut value = found.documents[0].value.clone();
                for known in ["apiVersion", "kind", "metadata"] {
                    value.as_object_mut().unwrap().remove(known);
                }
                assert_eq!(value, case["value"], "{text}");
            }
        }
    }
}

/// Places lead back to the text.
#[test]
fn places_are_exact() {
    let text = "kind: Service\n---\nspec:\n  ports:\n  - port: 80 # web\n    名: \"中\"\n  selector: {app: x}\nempty:\n";
    let found = read(text);
    let document = &found.documents[1];
    let at = |path: &str| &text[document.place(path)];
    assert_eq!(document.line, 3);
    assert_eq!(at("spec.ports[0].port"), "80");
    assert_eq!(at("spec.ports[0].名"), "\"中\"");
    assert_eq!(at("spec.selector.app"), "x");
    assert_eq!(at("spec.selector"), "{app: x}");
    assert_eq!(at("empty"), "empty");
    assert_eq!(&text[document.key_place("spec.ports[0].targetPort")], "port: 80 # web\n    名: \"中\"");
    assert_eq!(&text[document.key_place("spec.ports[0].port")], "port");
    let inside = text.find("80").unwrap();
    assert_eq!(document.root.path_at(inside), "spec.ports[0].port");
}

/// A broken document does not lose the others, and every problem says where it is.
#[test]
fn broken_documents_lose_only_themselves() {
    let text = "a: 1\n---\nb: [\n---\nc: yes\nc: 2\n";
    let found = read(text);
    assert_eq!(found.documents.iter().map(|d| d.index).collect::<Vec<_>>(), [0, 2]);
    let seen: Vec<_> = found.problems.iter().map(|p| (p.code, p.line, p.column, p.document)).collect();
    use tidepool_core::api::yaml::ProblemCode::*;
    assert_eq!(seen, [(UnclosedBracket, 3, 4, 1), (WordIsBoolean, 5, 4, 2), (DuplicateKey, 6, 1, 2)]);
}

/// Limits hold: depth, aliases, size.
#[test]
fn hostile_texts_end_in_problems() {
    use tidepool_core::api::yaml::ProblemCode::*;
    let code = |text: &str| read(text).fatal().map(|p| p.code);
    assert_eq!(code(&"[".repeat(20_000)), Some(TooDeep));
    assert_eq!(
        code(&(0..1000).map(|n| format!("{}- a:\n", "  ".repeat(n))).collect::<String>()),
        Some(TooDeep)
    );
    let bomb: String =
        (1..9).map(|n| format!("{}: &a{n} [{}]\n", n, vec![format!("*a{}", n - 1); 9].join(", "))).collect();
    assert_eq!(code(&format!("0: &a0 [x, x, x, x, x, x, x, x, x]\n{bomb}")), Some(TooManyAliases));
    assert_eq!(code(&"a: b\n".repeat(2_000_000)), Some(TooLarge));
}

#[cfg(not(target_arch = "wasm32"))]
mod properties {
    use super::*;
    use proptest::prelude::*;

    fn text() -> impl Strategy<Value = String> {
        let char = prop_oneof![
            4 => proptest::sample::select(" \n\t:-#'\"{}[],&*!|>%@`?~.=<0123456789eExXyYnNoO_+".chars().collect::<Vec<_>>()),
            4 => proptest::char::range('a', 'z'),
            1 => proptest::char::any().prop_filter("a byte order mark is not text", |c| *c != '\u{feff}'),
        ];
        prop_oneof![
            proptest::collection::vec(char, 0..20).prop_map(|chars| chars.into_iter().collect()),
            "([a-z]{1,12} {1,2}){5,40}",
            proptest::sample::select(vec![
                "yes",
                "null",
                "~",
                "1e3",
                "0x1f",
                "2001-01-01",
                "<<",
                ".inf",
                "1:30",
                ""
            ])
            .prop_map(String::from),
        ]
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            (-1e6..1e6f64)
                .prop_filter("whole numbers are integers", |f| f.fract() != 0.0)
                .prop_map(Value::from),
            text().prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 40, 5, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                proptest::collection::btree_map(text(), inner, 0..5)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

        /// What is written is read again.
        #[test]
        fn reading_inverts_writing(value in value()) {
            let value = serde_json::json!({ "v": value });
            let written = write(&value);
            let found = read(&written);
            prop_assert_eq!(found.fatal(), None, "{}", written);
            prop_assert_eq!(&found.documents[0].value, &value, "{}", written);
        }

        /// No text makes the reader panic, and every place lies in the text.
        #[test]
        fn any_text_is_read(text in "([a-z:\\-#'\"{}\\[\\],&*!|>%@? \t\n\u{3000}：“”]|- |: |\n  ){0,60}") {
            let found = read(&text);
            for problem in &found.problems {
                prop_assert!(text.get(problem.span.clone()).is_some());
                if let Some(fix) = &problem.fix { fix.apply(&text); }
            }
        }
    }
}
