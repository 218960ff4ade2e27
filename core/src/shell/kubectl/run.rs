//! `kubectl run`: a pod from flags. Knows which fields flags fill in, not what they do.
//! Models: kubectl `pkg/cmd/run/run.go`, `pkg/cmd/util/override_options.go`.

use super::apply::DryRun;
use super::args::{Args, Flag, number, optional, switch, value};
use super::attach::Attach;
use super::commands::{Entry, Work};
use super::create::{make, show};
use super::script::{Flow, Io, Next};
use super::{config, resources};
use crate::api::patch::{json, merge, strategic};
use crate::api::{pod, service, tree};
use serde_json::{Value, json};

/// The command.
pub const RUN: Entry =
    Entry::new("run", "Run a particular image on the cluster", FLAGS, |args| Work::Run(Run { args }));

const FLAGS: &[Flag] = &[
    value("image", None),
    value("restart", None),
    value("labels", Some('l')),
    value("env", None),
    value("port", None),
    value("image-pull-policy", None),
    value("output", Some('o')),
    optional("dry-run", "unchanged"),
    optional("validate", "strict"),
    value("field-manager", None),
    switch("command", None),
    switch("expose", None),
    switch("quiet", Some('q')),
    number("grace-period"),
    switch("stdin", Some('i')),
    switch("tty", Some('t')),
    switch("attach", None),
    switch("rm", None),
    value("overrides", None),
    value("override-type", None),
];

/// A `kubectl run` at work.
#[derive(Debug, Clone)]
pub struct Run {
    args: Args,
}

impl Run {
    /// One turn.
    pub fn run(&self, io: &mut Io<'_, '_, '_>) -> Flow<Work> {
        let Some(name) = self.args.words.first() else {
            return io.fail("NAME is required for run\nSee 'kubectl run -h' for help and examples");
        };
        io.check(self.check_attached())?;
        let object = self.pod(name).and_then(|pod| self.overridden(pod));
        let object = io.check(object)?;
        let namespace = config::namespace(io, &self.args);
        let service = if self.args.on("expose") { Some(io.check(self.service(name))?) } else { None };
        let object = match make(io, &self.args, &pod::POD, &namespace, object, "kubectl-run")? {
            Ok(object) => object,
            Err(answer) => return io.refused(&answer),
        };
        if let Some(service) = service {
            let kind = &service::SERVICE;
            match make(io, &self.args, kind, &namespace, service, "kubectl-run")? {
                Ok(object) => show(io, &self.args, kind, &object, "created")?,
                Err(answer) => return io.refused(&answer),
            }
            if self.args.text("output") == Some("yaml") {
                // Both the command and its printer separate documents.
                io.print("---\n---\n");
            }
        }
        if self.is_attached() {
            let name = tree::str(&object, "metadata.name");
            return Ok(Next::Then(Work::Attach(Attach::new(self.args.clone(), &namespace, name))));
        }
        show(io, &self.args, &pod::POD, &object, "created")?;
        Ok(Next::Exit(0))
    }

    /// The pod with what `--overrides` says instead: by default in a JSON merge patch.
    fn overridden(&self, mut pod: Value) -> Result<Value, String> {
        let Some(text) = self.args.text("overrides") else { return Ok(pod) };
        let patch: Value =
            serde_json::from_str(text).map_err(|error| format!("Invalid JSON Patch: {error}"))?;
        match self.args.text("override-type").unwrap_or("merge") {
            "merge" => merge::apply(&mut pod, &patch),
            "strategic" => strategic::apply("Pod", &mut pod, &patch).map_err(|status| status.message)?,
            "json" => json::apply(&mut pod, &patch).map_err(|status| status.message)?,
            other => {
                return Err(format!(
                    "invalid override type: {other}\nSee 'kubectl run -h' for help and examples"
                ));
            }
        }
        Ok(pod)
    }

    fn is_attached(&self) -> bool {
        self.args.on("stdin") || self.args.on("attach")
    }

    fn check_attached(&self) -> Result<(), String> {
        if self.args.on("tty") && !self.args.on("stdin") {
            return Err("-i/--stdin is required for containers with -t/--tty=true".into());
        }
        if self.args.on("rm") && !self.is_attached() {
            return Err("--rm should only be used for attached containers".into());
        }
        if self.is_attached() && DryRun::of(&self.args) != DryRun::No {
            return Err(
                "--dry-run=[server|client] can't be used with attached containers options (--attach, --stdin, or --tty)"
                    .into(),
            );
        }
        Ok(())
    }

    /// The Service of `--expose`.
    fn service(&self, name: &str) -> Result<Value, String> {
        let Some(port) = self.args.number("port") else {
            return Err("--port must be set when exposing a service".into());
        };
        Ok(json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
            "spec": {
                "ports": [{"port": port, "protocol": "TCP", "targetPort": port}],
                "selector": {"run": name},
            },
            "status": {"loadBalancer": {}},
        }))
    }

    fn pod(&self, name: &str) -> Result<Value, String> {
        let image = self.args.text("image").ok_or("required flag(s) \"image\" not set")?;
        if image.trim().is_empty() || image.contains(' ') {
            return Err(format!("Invalid image name {image:?}: invalid reference format"));
        }
        let restart = self.args.text("restart").unwrap_or("Always");
        if !matches!(restart, "Always" | "OnFailure" | "Never") {
            return Err(format!(
                "invalid restart policy: {restart}\nSee 'kubectl run -h' for help and examples"
            ));
        }
        let mut labels = json!({"run": name});
        if self.args.text("labels").is_some() {
            labels = json!({});
            for pair in self.args.listed("labels") {
                let (key, value) =
                    pair.split_once('=').ok_or_else(|| format!("unexpected label spec: {pair}"))?;
                labels[key] = value.into();
            }
        }
        let mut container = json!({"image": image, "name": name, "resources": {}});
        let words = self.args.words.get(1..).unwrap_or_default();
        if !words.is_empty() {
            container[if self.args.on("command") { "command" } else { "args" }] = json!(words);
        }
        let env: Vec<Value> = self
            .args
            .all("env")
            .iter()
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| json!({"name": name, "value": value}))
            .collect();
        if !env.is_empty() {
            container["env"] = env.into();
        }
        if let Some(port) = self.args.text("port") {
            let port: u16 = port.parse().map_err(|_| format!("invalid port {port:?}"))?;
            container["ports"] = json!([{"containerPort": port}]);
        }
        if let Some(policy) = self.args.text("image-pull-policy") {
            container["imagePullPolicy"] = policy.into();
        }
        if self.is_attached() {
            // The program begins when somebody is there to read and type.
            container["stdin"] = true.into();
            container["stdinOnce"] = true.into();
        }
        if self.args.on("tty") {
            container["tty"] = true.into();
        }
        let mut made = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"labels": labels, "name": name},
            "spec": {"containers": [container], "dnsPolicy": "ClusterFirst", "restartPolicy": restart},
            "status": {},
        });
        if let Some(namespace) = self.args.text("namespace") {
            tree::set(&mut made, "metadata.namespace", namespace);
        }
        Ok(made)
    }
}

/// The pod that `pod/x`, `x`, or `deployment/x` (its first pod) names, for exec and logs, and how many it was chosen from.
/// What is not there is refused in the words that `missing` makes of the server's.
pub fn pod_of(
    io: &mut Io<'_, '_, '_>,
    args: &Args,
    word: &str,
    missing: fn(&str, &str) -> Option<String>,
) -> super::script::Asked<(Value, usize)> {
    let namespace = config::namespace(io, args);
    let target = match word.split_once('/') {
        Some(_) => resources::targets(&[word.to_string()]).map(|mut targets| targets.pop()),
        None => Ok(Some(resources::Target { kind: &pod::POD, name: word.to_string() })),
    };
    let Some(target) = io.check(target)? else { return io.fail("expected a pod") };
    let path = super::client::path(target.kind, &namespace, &target.name);
    let answer = io.http(super::client::get(&path, &[], super::client::JSON_ANY))?;
    if !answer.is_ok() {
        let words = missing(tree::str(&answer.status(), "message"), &namespace);
        return match words.filter(|_| answer.is_not_found()) {
            Some(words) => io.fail(&words),
            None => io.refused(&answer),
        };
    }
    if target.kind == &pod::POD {
        return Ok((answer.json.clone(), 1));
    }
    let selector = tree::get(&answer.json, "spec.selector");
    let labels = selector.and_then(|s| s.get("matchLabels")).or(selector).and_then(Value::as_object);
    let labels: Vec<String> = labels
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    let query = [("labelSelector", labels.join(","))];
    let query: Vec<(&str, &str)> = query.iter().map(|(key, value)| (*key, value.as_str())).collect();
    let list = io.must(super::client::get(
        &super::client::path(&pod::POD, &namespace, ""),
        &query,
        super::client::JSON_ANY,
    ))?;
    let items = tree::list(&list.json, "items");
    let ready = |item: &&Value| {
        tree::list(item, "status.conditions")
            .iter()
            .any(|c| tree::str(c, "type") == "Ready" && tree::str(c, "status") == "True")
    };
    match items.iter().find(ready).or(items.first()) {
        Some(found) => Ok((found.clone(), items.len())),
        None => io.fail(&format!("no pods found for {word}")),
    }
}
