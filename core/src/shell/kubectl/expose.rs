//! `kubectl expose`: a Service in front of what is there. Models: kubectl `pkg/cmd/expose/expose.go`. Omits: --overrides

use super::args::{Args, Flag, optional, value};
use super::commands::{Entry, Work};
use super::create::{make, show};
use super::script::{Flow, Io, Next};
use super::{client, config, resources};
use crate::api::{pod, service, tree};
use serde_json::{Map, Value, json};

/// The command.
pub const EXPOSE: Entry = Entry::new(
    "expose",
    "Take a replication controller, service, deployment or pod and expose it as a new Kubernetes service",
    FLAGS,
    |args| Work::Expose(Expose { args }),
);

const FLAGS: &[Flag] = &[
    value("port", None),
    value("target-port", None),
    value("name", None),
    value("type", None),
    value("protocol", None),
    value("selector", None),
    value("labels", Some('l')),
    value("cluster-ip", None),
    value("external-ip", None),
    value("session-affinity", None),
    value("output", Some('o')),
    optional("dry-run", "unchanged"),
    optional("validate", "strict"),
    value("field-manager", None),
];

/// A `kubectl expose` at work.
#[derive(Debug, Clone)]
pub struct Expose {
    args: Args,
}

impl Expose {
    /// One turn.
    pub fn run(&self, io: &mut Io<'_, '_, '_>) -> Flow<Work> {
        let targets = resources::targets(&self.args.words);
        let targets = io.check(targets)?;
        let namespace = config::namespace(io, &self.args);
        for target in &targets {
            let path = client::path(target.kind, &namespace, &target.name);
            let found = io.must(client::get(&path, &[], client::JSON))?;
            let object = self.service(target, &found.json);
            let object = io.check(object)?;
            match make(io, &self.args, &service::SERVICE, &namespace, object, "kubectl-expose")? {
                Ok(object) => show(io, &self.args, &service::SERVICE, &object, "exposed")?,
                Err(answer) => return io.refused(&answer),
            }
        }
        Ok(Next::Exit(0))
    }

    fn service(&self, target: &resources::Target, found: &Value) -> Result<Value, String> {
        let selector = self.selector(target, found);
        if selector.as_object().is_none_or(Map::is_empty) {
            let words = "couldn't retrieve selectors via --selector flag or introspection: the object has no selector";
            return Err(words.into());
        }
        let protocol = self.args.text("protocol").unwrap_or("TCP");
        let declared = self.declared(found);
        let numbers: Vec<i64> = match self.args.text("port") {
            Some(port) => port
                .split(',')
                .map(|p| p.parse().map_err(|_| format!("invalid port {p:?}")))
                .collect::<Result<_, _>>()?,
            None => declared,
        };
        if numbers.is_empty() {
            return Err("couldn't find port via --port flag or introspection\nSee 'kubectl expose -h' for help and examples".into());
        }
        let many = numbers.len() > 1;
        let ports: Vec<Value> = numbers
            .iter()
            .enumerate()
            .map(|(n, number)| {
                let mut port = json!({"port": number, "protocol": protocol});
                port["targetPort"] = match self.args.text("target-port") {
                    Some(target) => target.parse::<i64>().map_or_else(|_| target.into(), Value::from),
                    None => json!(number),
                };
                if many {
                    port["name"] = format!("port-{}", n + 1).into();
                }
                port
            })
            .collect();
        let name = self.args.text("name").unwrap_or(&target.name);
        let mut made = json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
            "spec": {"ports": ports, "selector": selector}, "status": {"loadBalancer": {}},
        });
        // Without labels of its own the Service takes those of what it exposes.
        if self.args.text("labels").is_some() {
            let pairs = self.args.listed("labels");
            let pairs = pairs.iter().filter_map(|pair| pair.split_once('='));
            let labels = tree::object(pairs.map(|(key, value)| (key.to_string(), value.into())));
            tree::set(&mut made, "metadata.labels", labels);
        } else if let Some(labels) = tree::get(found, "metadata.labels") {
            tree::set(&mut made, "metadata.labels", labels.clone());
        }
        for (flag, field) in [
            ("type", "spec.type"),
            ("cluster-ip", "spec.clusterIP"),
            ("session-affinity", "spec.sessionAffinity"),
        ] {
            if let Some(value) = self.args.text(flag) {
                tree::set(&mut made, field, value);
            }
        }
        if let Some(ip) = self.args.text("external-ip") {
            tree::set(&mut made, "spec.externalIPs", json!([ip]));
        }
        Ok(made)
    }

    /// The labels that the Service is to select.
    fn selector(&self, target: &resources::Target, found: &Value) -> Value {
        match self.args.text("selector") {
            Some(_) => {
                let pairs = self.args.listed("selector");
                let pairs = pairs.iter().filter_map(|pair| pair.split_once('='));
                tree::object(pairs.map(|(key, value)| (key.to_string(), value.into()))).into()
            }
            None if target.kind == &pod::POD => {
                tree::get(found, "metadata.labels").cloned().unwrap_or_default()
            }
            None => {
                let selector = tree::get(found, "spec.selector");
                selector.and_then(|s| s.get("matchLabels")).or(selector).cloned().unwrap_or_default()
            }
        }
    }

    /// The ports that the object itself names.
    fn declared(&self, found: &Value) -> Vec<i64> {
        let containers =
            [tree::list(found, "spec.containers"), tree::list(found, "spec.template.spec.containers")]
                .concat();
        let of_containers = containers
            .iter()
            .flat_map(|c| tree::list(c, "ports"))
            .filter_map(|p| tree::int(p, "containerPort"));
        let of_service = tree::list(found, "spec.ports").iter().filter_map(|p| tree::int(p, "port"));
        of_containers.chain(of_service).collect()
    }
}
