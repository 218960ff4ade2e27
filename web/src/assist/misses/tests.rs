//! Near misses: what is found, where, and that the change rights it.

use super::*;
use tidepool_core::api::yaml;

/// Four pods with app=MyApp and a port named web, one with role=client; namespaces default and shop.
fn cluster() -> Known {
    let pod = |labels: &str, ports: &str| {
        format!(
            "kind: Pod\nmetadata: {{labels: {{{labels}}}}}\nspec: {{containers: [{{ports: [{ports}]}}]}}\n---\n"
        )
    };
    let text = pod("app: MyApp, tier: front", "{name: web, containerPort: 9376}").repeat(4)
        + &pod("role: client", "")
        + "kind: Namespace\nmetadata: {name: default}\n---\nkind: Namespace\nmetadata: {name: shop}\n";
    let mut known = Known::default().with(&yaml::read(&text).documents);
    known.pods.iter_mut().for_each(|pod| pod.is_pod = true);
    known
}

fn find(text: &str) -> Vec<Found> {
    misses(text, &yaml::read(text), &cluster())
}

/// The only thing found, what is underlined, and the text after the first change.
fn only(text: &str) -> (Miss, String, Option<String>) {
    let found = find(text);
    assert_eq!(found.len(), 1, "{found:?}");
    let found = found.into_iter().next().expect("one");
    let fixed = found.changes.first().map(|change| {
        let mut fixed = text.to_string();
        fixed.replace_range(change.span.clone(), &change.text);
        fixed
    });
    (found.miss, text[found.span].to_string(), fixed)
}

fn service(selector: &str, ports: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: s\nspec:\n  selector: {selector}\n  ports: {ports}\n"
    )
}

#[test]
fn a_selector_that_no_pod_has() {
    let (miss, at, fixed) = only(&service("{app: MyAp}", "[{port: 80, targetPort: 9376}]"));
    assert_eq!(miss, Miss::Label { wanted: "app=MyAp".into(), near: Some(("app=MyApp".into(), 4)) });
    assert_eq!(at, "MyAp");
    assert_eq!(find(&fixed.expect("a change")), []);
    let (miss, at, fixed) = only(&service("{ap: MyApp}", "[{port: 80, targetPort: web}]"));
    assert_eq!((at.as_str(), find(&fixed.expect("a change"))), ("ap", vec![]));
    assert!(matches!(miss, Miss::Label { near: Some((near, 4)), .. } if near == "app=MyApp"));
    let (miss, ..) = only(&service("{tool: x}", "[{port: 80}]"));
    assert_eq!(miss, Miss::Label { wanted: "tool=x".into(), near: None });
    let (miss, ..) = only(&service("{app: MyApp, role: client}", "[{port: 80}]"));
    assert_eq!(miss, Miss::Together);
}

#[test]
fn a_template_in_the_editor_counts() {
    let text = service("{app: web}", "[{port: 80}]")
        + "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec:\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec: {containers: [{name: c, image: i}]}\n";
    assert_eq!(find(&text), []);
}

#[test]
fn target_ports() {
    let (miss, at, fixed) = only(&service("{app: MyApp}", "[{port: 80, targetPort: wbe}]"));
    assert_eq!(miss, Miss::PortName { name: "wbe".into(), declared: vec!["web (9376)".into()] });
    assert_eq!((at.as_str(), find(&fixed.expect("a change"))), ("wbe", vec![]));
    let (miss, at, fixed) = only(&service("{app: MyApp}", "[{port: 80, targetPort: 8080}]"));
    assert_eq!(miss, Miss::PortNumber { number: 8080, declared: vec!["web (9376)".into()] });
    assert_eq!((at.as_str(), find(&fixed.expect("a change"))), ("8080", vec![]));
    for ports in ["[{port: 80}]", "\n  - name: a\n    port: 80"] {
        let (_, at, fixed) = only(&service("{app: MyApp}", ports));
        assert_eq!((at.as_str(), find(&fixed.expect("a change"))), ("80", vec![]), "{ports}");
    }
}

#[test]
fn a_selector_that_its_template_does_not_fit() {
    let text = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec:\n  selector: {matchLabels: {app: wob}}\n  template:\n    metadata: {labels: {app: web}}\n    spec: {containers: [{name: c, image: i}]}\n";
    let (miss, at, fixed) = only(text);
    assert_eq!(miss, Miss::Template { wanted: "app=wob".into(), found: Some("app=web".into()) });
    assert_eq!((at.as_str(), find(&fixed.expect("a change"))), ("wob", vec![]));
}

#[test]
fn namespaces_fields_kinds_versions_types() {
    let (miss, _, fixed) = only("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: shpo}\n");
    assert_eq!(miss, Miss::Namespace("shpo".into()));
    assert!(fixed.is_some_and(|fixed| fixed.contains("namespace: shop}")));
    let (miss, at, fixed) = only("apiVersion: v1\nkind: ConfigMap\nmetadata: {nmae: c}\n");
    assert_eq!(miss, Miss::Field { name: "nmae".into(), near: Some("name".into()) });
    assert_eq!((at.as_str(), find(&fixed.expect("a change"))), ("nmae", vec![]));
    let (miss, ..) = only("apiVersion: v1\nkind: Servise\n");
    assert_eq!(miss, Miss::Kind { name: "Servise".into(), near: Some("Service".into()) });
    let (miss, _, fixed) = only("apiVersion: v1\nkind: Deployment\n");
    assert_eq!(miss, Miss::Version { kind: "Deployment".into(), version: "apps/v1".into() });
    assert_eq!(fixed.as_deref(), Some("apiVersion: apps/v1\nkind: Deployment\n"));
    let (_, _, fixed) = only("kind: Deployment\n");
    assert_eq!(fixed.as_deref(), Some("apiVersion: apps/v1\nkind: Deployment\n"));
    let (miss, at, _) = only("apiVersion: v1\nkind: Pod\nmetadata: {name: yes}\n");
    assert_eq!((miss, at.as_str()), (Miss::Type("name".into(), "string".into()), "yes"));
    assert_eq!(find("apiVersion: example.com/v1\nkind: Banana\n"), []);
}

#[test]
fn values_are_quoted_where_they_must_be() {
    assert_eq!(scalar("MyApp"), "MyApp");
    assert_eq!((scalar("true").as_str(), scalar("80").as_str()), ("\"true\"", "\"80\""));
}
