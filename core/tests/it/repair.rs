//! Restoring manifests as they arrive from web pages.

#![allow(clippy::unwrap_used)] // in WebAssembly these are no `#[test]`s, which is all that the lint exempts

use serde_json::{Value, json};
use tidepool_core::api::yaml::read;
use tidepool_core::api::yaml::repair::{RepairKind, offer};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test; // the same tests, in WebAssembly

fn restored(text: &str) -> Value {
    let repair = offer(text).unwrap_or_else(|| panic!("nothing was offered for\n{text}"));
    let found = read(&repair.text);
    assert_eq!(found.fatal(), None, "{}", repair.text);
    assert_eq!(offer(&repair.text), None, "a second repair of\n{}", repair.text);
    found.documents[0].value.clone()
}

/// A manifest as a page gives it: every line at the left, a blank line after each.
fn flattened(text: &str) -> String {
    text.lines().map(|line| format!("{}\n\n", line.trim())).collect()
}

const SERVICE: &str = "apiVersion: v1\n\nkind: Service\n\nmetadata:\n\nname: my-service\n\nspec:\n\nselector:\n\napp: MyApp\n\nports:\n\n- protocol: TCP\n\nport: 80\n\ntargetPort: 9376\n\ntype: ClusterIP\n";
const INGRESS: &str = "apiVersion: networking.k8s.io/v1\n\nkind: Ingress\n\nmetadata:\n\nname: my-ingress\n\nspec:\n\nrules:\n\n- host: myapp.example.com\n\nhttp:\n\npaths:\n\n- path: /\n\npathType: Prefix\n\nbackend:\n\nservice:\n\nname: my-service\n\nport:\n\nnumber: 80\n";
const VIRTUAL_SERVICE: &str = "apiVersion: networking.istio.io/v1alpha3\n\nkind: VirtualService\n\nmetadata:\n\nname: my-virtual-service\n\nspec:\n\nhosts:\n\n- myapp.example.com\n\nhttp:\n\n- route:\n\n- destination:\n\nhost: my-service\n\nport:\n\nnumber: 80\n";

#[test]
fn the_service_gets_its_shape_back() {
    let text = offer(SERVICE).unwrap();
    assert_eq!(text.what, [RepairKind::Indentation]);
    let whole = "apiVersion: v1\nkind: Service\nmetadata:\n  name: my-service\nspec:\n  selector:\n    app: MyApp\n  ports:\n    - protocol: TCP\n      port: 80\n      targetPort: 9376\n  type: ClusterIP\n";
    assert_eq!(text.text, whole);
    assert_eq!(offer(whole), None);
}

#[test]
fn the_ingress_gets_its_shape_back() {
    let expected = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": { "name": "my-ingress" },
        "spec": { "rules": [{ "host": "myapp.example.com", "http": { "paths": [{
            "path": "/", "pathType": "Prefix",
            "backend": { "service": { "name": "my-service", "port": { "number": 80 } } },
        }] } }] },
    });
    assert_eq!(restored(INGRESS), expected);
}

#[test]
fn the_virtual_service_gets_its_shape_back() {
    let expected = json!({
        "apiVersion": "networking.istio.io/v1alpha3", "kind": "VirtualService",
        "metadata": { "name": "my-virtual-service" },
        "spec": { "hosts": ["myapp.example.com"], "http": [{ "route": [{
            "destination": { "host": "my-service", "port": { "number": 80 } },
        }] }] },
    });
    assert_eq!(restored(VIRTUAL_SERVICE), expected);
}

/// All three on one page, without separators.
#[test]
fn documents_are_told_apart() {
    let text = format!("{SERVICE}\n{INGRESS}\n---\n{VIRTUAL_SERVICE}");
    let repair = offer(&text).unwrap();
    let found = read(&repair.text);
    let kinds: Vec<_> =
        found.documents.iter().map(|d| d.value["kind"].as_str().unwrap().to_string()).collect();
    assert_eq!(kinds, ["Service", "Ingress", "VirtualService"]);
    for (document, alone) in found.documents.iter().zip([SERVICE, INGRESS, VIRTUAL_SERVICE]) {
        assert_eq!(document.value, restored(alone));
    }
}

const DEPLOYMENT: &str = "apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels:
    app: web
spec:
  replicas: 3
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: web
        tier: front
      annotations:
        note: hello
    spec:
      containers:
      - name: web
        image: nginx:1.27
        args: [\"-g\", \"daemon off;\"]
        env:
        - name: A
          value: \"1\"
        - name: B
          valueFrom:
            configMapKeyRef:
              name: conf
              key: b
        ports:
        - containerPort: 80
          name: http
        readinessProbe:
          httpGet:
            path: /
            port: 80
          periodSeconds: 5
        resources:
          limits:
            cpu: 100m
            memory: 64Mi
      - name: side
        image: busybox
        command:
        - sleep
        - \"3600\"
        volumeMounts:
        - name: data
          mountPath: /data
      volumes:
      - name: data
        emptyDir: {}
";

/// A long manifest, flattened and otherwise bent, comes back as it was.
#[test]
fn a_deployment_survives_every_bend() {
    let whole = read(DEPLOYMENT).documents.remove(0).value;
    assert_eq!(offer(DEPLOYMENT), None);
    let bends: [(&str, String); 7] = [
        ("flat", flattened(DEPLOYMENT)),
        ("one column", DEPLOYMENT.lines().map(|line| format!("   {}\n", line.trim())).collect()),
        ("tabs", DEPLOYMENT.replace("  ", "\t")),
        ("no-break spaces", DEPLOYMENT.replace("  ", "\u{a0} ").replace(": ", ":\u{a0}")),
        (
            "full width",
            DEPLOYMENT
                .replace(": ", "： ")
                .replace(":\n", "：\n")
                .replace("[\"-g\", \"daemon off;\"]", "[“-g”，“daemon off;”]"),
        ),
        ("zero width", DEPLOYMENT.replace("kind", "\u{200b}kind").replace("apps/v1", "apps/\u{200b}v1")),
        ("a line too far", DEPLOYMENT.replace("      - name: side", "       - name: side")),
    ];
    for (bend, text) in bends {
        assert_eq!(restored(&text), whole, "{bend}");
    }
}

/// kubectl refuses this one: `yaml: line 4: did not find expected key`.
#[test]
fn one_line_out_of_place_is_put_back() {
    let text = "apiVersion: v1\nkind: Service\nmetadata:\n  name: x\n spec:\n  ports: []\n";
    let expected = json!({ "apiVersion": "v1", "kind": "Service", "metadata": { "name": "x" }, "spec": { "ports": [] } });
    assert_eq!(restored(text), expected);
}

#[test]
fn text_and_comments_keep_their_characters() {
    let good = "# 注释：“好”\nkind: ConfigMap\napiVersion: v1\nmetadata:\n  name: a # 说明：，\ndata:\n  a: \"你好：世界，“x”\u{a0}\"\n  b: |\n    名：值\u{3000}，\n    \u{a0}x\n  c: 你好，世界\n";
    assert_eq!(offer(good), None);
}

#[test]
fn comments_and_blocks_move_with_their_lines() {
    let bent = "apiVersion: v1\nkind: ConfigMap\nmetadata:\nname: a\n# what it holds\ndata:\nrun.sh: |\n  #!/bin/sh\n    echo: hi\nkey: value\n";
    let repair = offer(bent).unwrap();
    let whole = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n# what it holds\ndata:\n  run.sh: |\n    #!/bin/sh\n      echo: hi\n";
    assert!(repair.text.starts_with(whole), "{}", repair.text);
}

#[test]
fn what_cannot_be_restored_is_not_offered() {
    for text in [
        "",
        "hello",
        "a: [",
        "kind: Banana\nx: y\n",
        "{{{{",
        "- a\n- b\n",
        "apiVersion: v1\nkind: Service\nspec: {prots: [80]}\n",
    ] {
        assert_eq!(offer(text), None, "{text}");
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod properties {
    use super::*;
    use proptest::prelude::*;
    use tidepool_core::api::yaml::write;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

        /// Any lines at any indentation: no panic, and what is offered is not offered again.
        #[test]
        fn any_lines_are_taken(
            lines in proptest::collection::vec(
                (0..6usize, proptest::sample::select(DEPLOYMENT.lines().chain(SERVICE.lines()).collect::<Vec<_>>())),
                0..40,
            )
        ) {
            let text: String = lines.iter().map(|(n, l)| format!("{}{}\n", " ".repeat(*n), l.trim())).collect();
            if let Some(repair) = offer(&text) {
                prop_assert_ne!(&repair.text, &text);
            }
        }

        /// Written YAML is good YAML.
        #[test]
        fn what_is_written_needs_no_repair(labels in proptest::collection::btree_map("[a-z]{1,5}", "[ -~“：，\u{a0}中]{0,12}", 0..5)) {
            let value = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "x" }, "data": labels });
            let written = write(&value);
            if let Some(repair) = offer(&written) {
                // Invisible spaces in bare text are the only thing to find.
                prop_assert_eq!(repair.what, [RepairKind::Spaces]);
            }
        }
    }
}
