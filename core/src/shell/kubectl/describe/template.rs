//! Containers, volumes and tolerations, as pages of pods and of what makes pods show them. Asks nothing.
//! Models: kubectl `pkg/describe/describe.go` describeContainers, describeVolumes, DescribePodTemplate.
//! Omits: security contexts, devices, volumes that this cluster does not have.

use super::page::{Page, or_none, plain, rfc1123, titled};
use crate::api::tree;
use crate::base::order;
use serde_json::{Map, Value};

/// Writes a pod template.
pub fn template(page: &mut Page, template: Option<&Value>) {
    page.line(0, "Pod Template:");
    let Some(template) = template else {
        page.line(1, "<unset>");
        return;
    };
    page.labels("  Labels", tree::map(template, "metadata.labels"));
    if let Some(annotations) = tree::map(template, "metadata.annotations").filter(|map| !map.is_empty()) {
        page.annotations("  Annotations", Some(annotations));
    }
    page.field_if(1, "Service Account", tree::str(template, "spec.serviceAccountName"));
    let spec = template.get("spec").unwrap_or(&Value::Null);
    let init = tree::list(spec, "initContainers");
    if !init.is_empty() {
        containers(page, "Init Containers", init, &[], "  ");
    }
    containers(page, "Containers", tree::list(spec, "containers"), &[], "  ");
    volumes(page, tree::list(spec, "volumes"), "  ");
    page.labels("  Node-Selectors", tree::map(spec, "nodeSelector"));
    tolerations(page, "  Tolerations", tree::list(spec, "tolerations"));
}

/// Writes containers with their statuses. `space` is the indent of their heading.
pub fn containers(page: &mut Page, title: &str, containers: &[Value], statuses: &[Value], space: &str) {
    page.line(0, &format!("{space}{title}:"));
    let name_indent = if space.is_empty() { "" } else { " " };
    for container in containers {
        let name = tree::str(container, "name");
        page.line(1, &format!("{name_indent}{name}:"));
        let status = statuses.iter().find(|status| tree::str(status, "name") == name);
        container_basics(page, container, status);
        words(page, "Command", tree::list(container, "command"));
        words(page, "Args", tree::list(container, "args"));
        if let Some(status) = status {
            self::status(page, status);
        }
        for (title, path) in [("Limits", "resources.limits"), ("Requests", "resources.requests")] {
            quantities(page, title, tree::map(container, path));
        }
        for (title, path) in
            [("Liveness", "livenessProbe"), ("Readiness", "readinessProbe"), ("Startup", "startupProbe")]
        {
            if let Some(probe) = tree::get(container, path) {
                page.field(2, title, &self::probe(probe));
            }
        }
        environment(page, container);
        mounts(page, tree::list(container, "volumeMounts"));
    }
}

fn container_basics(page: &mut Page, container: &Value, status: Option<&Value>) {
    if let Some(status) = status {
        page.field(2, "Container ID", tree::str(status, "containerID"));
    }
    page.field(2, "Image", tree::str(container, "image"));
    if let Some(status) = status {
        page.field(2, "Image ID", tree::str(status, "imageID"));
    }
    for (title, field) in [("Port", "containerPort"), ("Host Port", "hostPort")] {
        let ports: Vec<String> =
            tree::list(container, "ports").iter().map(|port| self::port(port, field)).collect();
        let plural = if ports.len() > 1 { "s" } else { "" };
        page.field(2, &format!("{title}{plural}"), or_none(&ports.join(", ")));
    }
}

fn port(port: &Value, field: &str) -> String {
    let protocol = Some(tree::str(port, "protocol")).filter(|p| !p.is_empty()).unwrap_or("TCP");
    let number = tree::int(port, field).unwrap_or(0);
    match tree::str(port, "name") {
        "" => format!("{number}/{protocol}"),
        name => format!("{number}/{protocol} ({name})"),
    }
}

fn words(page: &mut Page, title: &str, words: &[Value]) {
    if words.is_empty() {
        return;
    }
    page.line(2, &format!("{title}:"));
    for line in words.iter().filter_map(Value::as_str).flat_map(|word| word.split('\n')) {
        page.line(3, line);
    }
}

fn status(page: &mut Page, status: &Value) {
    state(page, "State", status.get("state"));
    if tree::get(status, "lastState.terminated").is_some() {
        state(page, "Last State", status.get("lastState"));
    }
    page.field(2, "Ready", titled(tree::bool(status, "ready").unwrap_or(false)));
    page.field(2, "Restart Count", &tree::int(status, "restartCount").unwrap_or(0).to_string());
}

fn state(page: &mut Page, title: &str, state: Option<&Value>) {
    let of = |name: &str| state.and_then(|state| tree::get(state, name));
    if let Some(running) = of("running") {
        page.field(2, title, "Running");
        page.field(3, "Started", &rfc1123(tree::str(running, "startedAt")));
    } else if let Some(ended) = of("terminated") {
        page.field(2, title, "Terminated");
        page.field_if(3, "Reason", tree::str(ended, "reason"));
        page.field_if(3, "Message", tree::str(ended, "message"));
        page.field(3, "Exit Code", &tree::int(ended, "exitCode").unwrap_or(0).to_string());
        if let Some(signal) = tree::int(ended, "signal").filter(|signal| *signal > 0) {
            page.field(3, "Signal", &signal.to_string());
        }
        page.field(3, "Started", &rfc1123(tree::str(ended, "startedAt")));
        page.field(3, "Finished", &rfc1123(tree::str(ended, "finishedAt")));
    } else {
        page.field(2, title, "Waiting");
        page.field_if(
            3,
            "Reason",
            of("waiting").map(|waiting| tree::str(waiting, "reason")).unwrap_or_default(),
        );
    }
}

fn quantities(page: &mut Page, title: &str, map: Option<&Map<String, Value>>) {
    let Some(map) = map.filter(|map| !map.is_empty()) else { return };
    page.line(2, &format!("{title}:"));
    for (name, quantity) in map {
        page.field(3, name, &plain(quantity));
    }
}

/// `http-get http://:http/ delay=0s timeout=1s period=10s #success=1 #failure=3`
fn probe(probe: &Value) -> String {
    let number = |path| tree::int(probe, path).unwrap_or(0);
    let attributes = format!(
        "delay={}s timeout={}s period={}s #success={} #failure={}",
        number("initialDelaySeconds"),
        number("timeoutSeconds"),
        number("periodSeconds"),
        number("successThreshold"),
        number("failureThreshold")
    );
    let port = |path| tree::get(probe, path).map(plain).unwrap_or_default();
    if let Some(exec) = tree::get(probe, "exec") {
        let words: Vec<&str> = tree::list(exec, "command").iter().filter_map(Value::as_str).collect();
        return format!("exec [{}] {attributes}", words.join(" "));
    }
    if let Some(http) = tree::get(probe, "httpGet") {
        let scheme = tree::str(http, "scheme").to_lowercase();
        let scheme = if scheme.is_empty() { "http" } else { &scheme };
        let (host, path) = (tree::str(http, "host"), tree::str(http, "path"));
        return format!("http-get {scheme}://{host}:{}{path} {attributes}", port("httpGet.port"));
    }
    if let Some(tcp) = tree::get(probe, "tcpSocket") {
        return format!("tcp-socket {}:{} {attributes}", tree::str(tcp, "host"), port("tcpSocket.port"));
    }
    if tree::get(probe, "grpc").is_some() {
        return format!("grpc <pod>:{} {} {attributes}", port("grpc.port"), tree::str(probe, "grpc.service"));
    }
    format!("unknown {attributes}")
}

fn environment(page: &mut Page, container: &Value) {
    let from = tree::list(container, "envFrom");
    if !from.is_empty() {
        page.line(2, "Environment Variables from:");
        for source in from {
            for (field, title) in [("configMapRef", "ConfigMap"), ("secretRef", "Secret")] {
                if let Some(reference) = tree::get(source, field) {
                    let optional = tree::bool(reference, "optional").unwrap_or(false);
                    page.line(3, &format!("{}\t{title}\tOptional: {optional}", tree::str(reference, "name")));
                }
            }
        }
    }
    let env = tree::list(container, "env");
    if env.is_empty() {
        page.field(2, "Environment", "<none>");
        return;
    }
    page.line(2, "Environment:");
    for variable in env {
        let name = tree::str(variable, "name");
        let Some(source) = tree::get(variable, "valueFrom") else {
            page.field(3, name, tree::str(variable, "value"));
            continue;
        };
        let key = |path: &str| {
            let reference = tree::get(source, path)?;
            let optional = tree::bool(reference, "optional").unwrap_or(false);
            Some((
                tree::str(reference, "key").to_string(),
                tree::str(reference, "name").to_string(),
                optional,
            ))
        };
        let text = if let Some(field) = tree::get(source, "fieldRef") {
            let version = Some(tree::str(field, "apiVersion")).filter(|v| !v.is_empty()).unwrap_or("v1");
            format!(" ({version}:{})", tree::str(field, "fieldPath"))
        } else if let Some((key, name, optional)) = key("configMapKeyRef") {
            format!("<set to the key '{key}' of config map '{name}'>\tOptional: {optional}")
        } else if let Some((key, name, optional)) = key("secretKeyRef") {
            format!("<set to the key '{key}' in secret '{name}'>\tOptional: {optional}")
        } else {
            String::new()
        };
        page.field(3, name, &text);
    }
}

fn mounts(page: &mut Page, mounts: &[Value]) {
    if mounts.is_empty() {
        page.field(2, "Mounts", "<none>");
        return;
    }
    page.line(2, "Mounts:");
    let mut lines: Vec<String> = mounts.iter().map(mount).collect();
    order::sort(&mut lines);
    for line in lines {
        page.line(3, &line);
    }
}

fn mount(mount: &Value) -> String {
    let mut flags =
        vec![if tree::bool(mount, "readOnly") == Some(true) { "ro".to_string() } else { "rw".to_string() }];
    if let Some(path) = Some(tree::str(mount, "subPath")).filter(|path| !path.is_empty()) {
        flags.push(format!("path={path:?}"));
    }
    format!("{} from {} ({})", tree::str(mount, "mountPath"), tree::str(mount, "name"), flags.join(","))
}

/// Writes volumes; `space` is the indent of their heading.
pub fn volumes(page: &mut Page, volumes: &[Value], space: &str) {
    if volumes.is_empty() {
        page.line(0, &format!("{space}Volumes:\t<none>"));
        return;
    }
    page.line(0, &format!("{space}Volumes:"));
    let name_indent = if space.is_empty() { "" } else { " " };
    for volume in volumes {
        page.line(1, &format!("{name_indent}{}:", tree::str(volume, "name")));
        for (title, value) in volume_lines(volume) {
            page.field(2, title, &value);
        }
    }
}

fn volume_lines(volume: &Value) -> Vec<(&'static str, String)> {
    let unset = |text: &str| if text.is_empty() { "<unset>".to_string() } else { text.to_string() };
    let optional = |source: &Value| tree::bool(source, "optional").unwrap_or(false).to_string();
    if let Some(source) = tree::get(volume, "configMap") {
        return vec![
            ("Type", "ConfigMap (a volume populated by a ConfigMap)".to_string()),
            ("Name", tree::str(source, "name").to_string()),
            ("Optional", optional(source)),
        ];
    }
    if let Some(source) = tree::get(volume, "secret") {
        return vec![
            ("Type", "Secret (a volume populated by a Secret)".to_string()),
            ("SecretName", tree::str(source, "secretName").to_string()),
            ("Optional", optional(source)),
        ];
    }
    if let Some(source) = tree::get(volume, "hostPath") {
        return vec![
            ("Type", "HostPath (bare host directory volume)".to_string()),
            ("Path", tree::str(source, "path").to_string()),
            ("HostPathType", tree::str(source, "type").to_string()),
        ];
    }
    if let Some(source) = volume.get("emptyDir") {
        return vec![
            ("Type", "EmptyDir (a temporary directory that shares a pod's lifetime)".to_string()),
            ("Medium", tree::str(source, "medium").to_string()),
            ("SizeLimit", unset(tree::str(source, "sizeLimit"))),
        ];
    }
    if volume.get("projected").is_some() {
        return vec![(
            "Type",
            "Projected (a volume that contains injected data from multiple sources)".to_string(),
        )];
    }
    vec![("Type", "<unknown>".to_string())]
}

/// Writes tolerations, one below the other.
pub fn tolerations(page: &mut Page, title: &str, tolerations: &[Value]) {
    if tolerations.is_empty() {
        page.line(0, &format!("{title}:\t<none>"));
        return;
    }
    let mut lines: Vec<String> = tolerations.iter().map(toleration).collect();
    order::sort(&mut lines);
    let mut start = format!("{title}:\t");
    for line in lines {
        page.line(0, &format!("{start}{line}"));
        start = "\t".to_string();
    }
}

fn toleration(toleration: &Value) -> String {
    let text = |path| tree::str(toleration, path);
    let mut line = text("key").to_string();
    if !text("value").is_empty() {
        line += &format!("={}", text("value"));
    }
    if !text("effect").is_empty() {
        line += &format!(":{}", text("effect"));
    }
    if text("operator") == "Exists" && text("value").is_empty() {
        line += if text("key").is_empty() && text("effect").is_empty() { "op=Exists" } else { " op=Exists" };
    }
    if let Some(seconds) = tree::int(toleration, "tolerationSeconds") {
        line += &format!(" for {seconds}s");
    }
    line
}
