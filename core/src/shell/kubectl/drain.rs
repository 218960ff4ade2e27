//! `kubectl drain`: a node is closed and its pods are evicted. Models: kubectl `pkg/drain`.
//! Omits: --disable-eviction, --skip-wait-for-delete-timeout; and --timeout does not end the waiting for a budget

use super::apply::DryRun;
use super::args::{Args, Flag, number, optional, switch, value};
use super::client;
use super::commands::{Entry, Work};
use super::nodes;
use super::objects::{self, Found};
use super::script::{Asked, Flow, Io, Next};
use crate::api::{pod, tree};
use crate::base::Duration;
use http::Method;
use serde_json::{Value, json};

/// The command.
pub const DRAIN: Entry = Entry::new("drain", "Drain node in preparation for maintenance", FLAGS, |args| {
    Work::Drain(Drain { args, stage: Stage::Begin })
});

const FLAGS: &[Flag] = &[
    value("selector", Some('l')),
    value("pod-selector", None),
    switch("ignore-daemonsets", None),
    switch("delete-emptydir-data", None),
    switch("force", None),
    number("grace-period"),
    value("timeout", None),
    optional("dry-run", "unchanged"),
];

/// How often kubectl looks whether a pod is gone.
const LOOK: Duration = Duration::secs(1);
/// How long kubectl waits for a budget.
const RETRY: Duration = Duration::secs(5);

/// A `kubectl drain` at work.
#[derive(Debug, Clone)]
pub struct Drain {
    args: Args,
    stage: Stage,
}

#[derive(Debug, Clone)]
enum Stage {
    Begin,
    /// The nodes that are left, the pods of the first that are not gone yet, and those that a budget still holds.
    Waiting(Vec<String>, Vec<Value>, Vec<Value>),
    /// The nodes that are left.
    Next(Vec<String>),
}

impl Drain {
    /// One turn.
    pub fn run(&self, io: &mut Io<'_, '_, '_>) -> Flow<Work> {
        match &self.stage {
            Stage::Begin => self.begin(io),
            Stage::Next(nodes) => self.evict(io, nodes),
            Stage::Waiting(nodes, pods, held) => self.wait(io, nodes, pods, held),
        }
    }

    fn then(&self, stage: Stage) -> Flow<Work> {
        Ok(Next::Then(Work::Drain(Drain { args: self.args.clone(), stage })))
    }

    fn begin(&self, io: &mut Io<'_, '_, '_>) -> Flow<Work> {
        let words = nodes::nodes_of(io, &self.args, "drain")?;
        let (found, mut problems) = objects::find(io, &self.args, &words)?;
        for node in &found {
            problems.extend(nodes::cordon(io, &self.args, node, true)?.err());
        }
        if !problems.is_empty() {
            return Ok(objects::end(io, &problems));
        }
        self.then(Stage::Next(found.iter().map(|node: &Found| node.target.name.clone()).collect()))
    }

    fn evict(&self, io: &mut Io<'_, '_, '_>, nodes: &[String]) -> Flow<Work> {
        let Some(node) = nodes.first() else { return Ok(Next::Exit(0)) };
        let field = format!("spec.nodeName={node}");
        let labels = self.args.text("pod-selector").unwrap_or_default();
        let query = [("fieldSelector", field.as_str()), ("labelSelector", labels), ("limit", "500")];
        let list = io.must(client::get("/api/v1/pods", &query, client::JSON_ANY))?;
        let all = tree::list(&list.json, "items");
        let (daemons, pods): (Vec<Value>, Vec<Value>) = all.iter().cloned().partition(is_daemon);
        if !daemons.is_empty() && !self.args.on("ignore-daemonsets") {
            let words = "cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore)";
            let words = format!("{words}: {}", names(&daemons.iter().collect::<Vec<_>>()));
            return Ok(self.unable(io, node, nodes, self.refused(&pods, Some(words))));
        }
        let why = self.refused(&pods, None);
        if why.is_some() {
            return Ok(self.unable(io, node, nodes, why));
        }
        if !daemons.is_empty() {
            let names = names(&daemons.iter().collect::<Vec<_>>());
            io.complain(&format!("Warning: ignoring DaemonSet-managed Pods: {names}"));
        }
        let loose: Vec<&Value> = pods.iter().filter(|pod| is_loose(pod)).collect();
        if !loose.is_empty() {
            io.complain(&format!("Warning: deleting Pods that declare no controller: {}", names(&loose)));
        }
        let (gone, held) = self.try_all(io, &pods)?;
        self.then(Stage::Waiting(nodes.to_vec(), gone, held))
    }

    /// Evicts what may be evicted: the pods that are on their way out, and those that a budget holds.
    fn try_all(&self, io: &mut Io<'_, '_, '_>, pods: &[Value]) -> Asked<(Vec<Value>, Vec<Value>)> {
        let is_dry = DryRun::of(&self.args) != DryRun::No;
        let (mut gone, mut held) = (Vec::new(), Vec::new());
        for pod in pods {
            let (namespace, name) = (tree::str(pod, "metadata.namespace"), tree::str(pod, "metadata.name"));
            let suffix = DryRun::of(&self.args).suffix();
            io.line(&format!("evicting pod {namespace}/{name}{suffix}"));
            if is_dry {
                continue;
            }
            match self.one(io, namespace, name)? {
                None => gone.push(pod.clone()),
                Some(why) => {
                    let pod_words = format!("pods/{name:?} -n {namespace:?}");
                    io.complain(&format!("error when evicting {pod_words} (will retry after 5s): {why}"));
                    held.push(pod.clone());
                }
            }
        }
        Ok((gone, held))
    }

    fn unable(
        &self,
        io: &mut Io<'_, '_, '_>,
        node: &str,
        nodes: &[String],
        why: Option<String>,
    ) -> Next<Work> {
        let why = why.unwrap_or_default();
        io.complain(&format!(
            "error: unable to drain node {node:?} due to error: {why}, continuing command..."
        ));
        io.complain(&format!("There are pending nodes to be drained:\n {}\n{why}", nodes.join("\n ")));
        Next::Exit(1)
    }

    /// Why the node's pods may not simply go.
    fn refused(&self, pods: &[Value], daemons: Option<String>) -> Option<String> {
        let loose: Vec<&Value> = pods.iter().filter(|pod| is_loose(pod)).collect();
        let has_directory = |pod: &&Value| {
            tree::list(pod, "spec.volumes").iter().any(|volume| volume.get("emptyDir").is_some())
        };
        let keeping: Vec<&Value> = pods.iter().filter(has_directory).collect();
        let mut why: Vec<String> = daemons.into_iter().collect();
        if !loose.is_empty() && !self.args.on("force") {
            let words =
                "cannot delete cannot delete Pods that declare no controller (use --force to override)";
            why.push(format!("{words}: {}", names(&loose)));
        }
        if !keeping.is_empty() && !self.args.on("delete-emptydir-data") {
            let words = "cannot delete Pods with local storage (use --delete-emptydir-data to override)";
            why.push(format!("{words}: {}", names(&keeping)));
        }
        match why.as_slice() {
            [] => None,
            [one] => Some(one.clone()),
            many => Some(format!("[{}]", many.join(", "))),
        }
    }

    /// Evicts a pod; why not, when a budget holds it.
    fn one(&self, io: &mut Io<'_, '_, '_>, namespace: &str, name: &str) -> Asked<Option<String>> {
        let mut body = json!({
            "apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": namespace},
        });
        if let Some(grace) = self.args.number("grace-period").filter(|grace| *grace >= 0) {
            body["deleteOptions"] = json!({"gracePeriodSeconds": grace});
        }
        let url = format!("{}/eviction", client::path(&pod::POD, namespace, name));
        let request =
            client::request(Method::POST, &url, client::JSON_ANY, Some((client::JSON, body.to_string())));
        let answer = io.http(request)?;
        if answer.is_ok() || answer.is_not_found() {
            return Ok(None);
        }
        let status = answer.status();
        if tree::int(&status, "code") == Some(429) {
            return Ok(Some(tree::str(&status, "message").to_string()));
        }
        io.refused(&answer)
    }

    /// Looks which pods are gone.
    fn wait(&self, io: &mut Io<'_, '_, '_>, nodes: &[String], pods: &[Value], held: &[Value]) -> Flow<Work> {
        if !held.is_empty() {
            io.sleep(RETRY)?;
            let (gone, held) = self.try_all(io, held)?;
            return self.then(Stage::Waiting(nodes.to_vec(), [pods, gone.as_slice()].concat(), held));
        }
        let mut left = Vec::new();
        for pod in pods {
            let (namespace, name) = (tree::str(pod, "metadata.namespace"), tree::str(pod, "metadata.name"));
            let answer =
                io.http(client::get(&client::path(&pod::POD, namespace, name), &[], client::JSON_ANY))?;
            let is_same = tree::str(&answer.json, "metadata.uid") == tree::str(pod, "metadata.uid");
            if answer.is_ok() && is_same {
                left.push(pod.clone());
            } else {
                io.line(&format!("pod/{name} evicted"));
            }
        }
        if !left.is_empty() {
            io.sleep(LOOK)?;
            return self.then(Stage::Waiting(nodes.to_vec(), left, Vec::new()));
        }
        let (node, rest) =
            nodes.split_first().map_or(("", [].as_slice()), |(node, rest)| (node.as_str(), rest));
        io.line(&format!("node/{node} drained{}", DryRun::of(&self.args).suffix()));
        self.then(Stage::Next(rest.to_vec()))
    }
}

/// Whether a DaemonSet would make a new pod at once, cordoned or not.
fn is_daemon(pod: &Value) -> bool {
    let owners = tree::list(pod, "metadata.ownerReferences");
    let is_done = matches!(tree::str(pod, "status.phase"), "Succeeded" | "Failed");
    !is_done
        && owners
            .iter()
            .any(|o| tree::str(o, "kind") == "DaemonSet" && tree::bool(o, "controller") == Some(true))
}

/// Whether nobody makes a new pod in its place.
fn is_loose(pod: &Value) -> bool {
    let is_controller = |owner: &Value| tree::bool(owner, "controller") == Some(true);
    let is_done = matches!(tree::str(pod, "status.phase"), "Succeeded" | "Failed");
    !is_done && !tree::list(pod, "metadata.ownerReferences").iter().any(is_controller)
}

fn names(pods: &[&Value]) -> String {
    let name = |pod: &&Value| {
        format!("{}/{}", tree::str(pod, "metadata.namespace"), tree::str(pod, "metadata.name"))
    };
    pods.iter().map(name).collect::<Vec<_>>().join(", ")
}
