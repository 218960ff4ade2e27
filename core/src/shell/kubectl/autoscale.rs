//! `kubectl autoscale` and `kubectl top`: an autoscaler's object, and what is said where nobody measures anything.
//! Models: kubectl `pkg/cmd/autoscale/autoscale.go`, `pkg/cmd/top`. Autoscalers are kept here and not simulated.

use super::args::{Args, Flag, number, optional, switch, value};
use super::commands::{Entry, Work};
use super::create::{make, show};
use super::objects;
use super::script::{Flow, Io, Next};
use crate::api::kept::HORIZONTAL_POD_AUTOSCALER;
use serde_json::json;

/// `kubectl autoscale`.
pub const AUTOSCALE: Entry = Entry::new(
    "autoscale",
    "Auto-scale a deployment, replica set, stateful set, or replication controller",
    &[
        number("min"),
        number("max"),
        number("cpu-percent"),
        value("cpu", None),
        value("memory", None),
        value("name", None),
        value("filename", Some('f')),
        value("output", Some('o')),
        optional("dry-run", "unchanged"),
        optional("validate", "strict"),
        value("field-manager", None),
    ],
    |args| Work::Autoscale(Autoscale { args, top: false }),
);

/// `kubectl top node` and `kubectl top pod`.
pub const TOP: Entry = Entry::new("top", "Display resource (CPU/memory) usage", TOP_FLAGS, |args| {
    Work::Autoscale(Autoscale { args, top: true })
});

const TOP_FLAGS: &[Flag] = &[
    value("selector", Some('l')),
    value("sort-by", None),
    switch("all-namespaces", Some('A')),
    switch("containers", None),
    switch("no-headers", None),
];

/// One of them at work.
#[derive(Debug, Clone)]
pub struct Autoscale {
    args: Args,
    top: bool,
}

impl Autoscale {
    /// One turn.
    pub fn run(&self, io: &mut Io<'_, '_, '_>) -> Flow<Work> {
        if self.top {
            return match self.args.words.first().map(String::as_str) {
                Some("node" | "nodes" | "no" | "pod" | "pods" | "po") => io.fail("Metrics API not available"),
                Some(word) => {
                    io.fail(&format!("unknown command {word:?}\nSee 'kubectl top -h' for help and examples"))
                }
                None => io.fail("a resource is missing: kubectl top pod, kubectl top node"),
            };
        }
        let (min, max) = (self.args.number("min"), self.args.number("max"));
        let Some(max) = max.filter(|max| *max >= 1) else {
            let words = "--max=MAXPODS is required and must be at least 1, max: ";
            return io.fail(&format!("{words}{}", max.unwrap_or(-1)));
        };
        if let Some(min) = min.filter(|min| *min > max) {
            let words =
                format!("--max=MAXPODS must be larger or equal to --min=MINPODS, max: {max}, min: {min}");
            return io.fail(&words);
        }
        let (found, mut problems) = objects::find(io, &self.args, &self.args.words)?;
        for one in &found {
            let kind = one.target.kind;
            let name = self.args.text("name").unwrap_or(&one.target.name);
            let cpu = self.args.number("cpu-percent").filter(|percent| *percent >= 0);
            let mut spec = json!({
                "maxReplicas": max,
                "scaleTargetRef": { "apiVersion": kind.api_version(), "kind": kind.kind, "name": one.target.name },
            });
            if let Some(min) = min.filter(|min| *min > 0) {
                spec["minReplicas"] = min.into();
            }
            if let Some(percent) = cpu {
                spec["metrics"] = json!([{ "type": "Resource", "resource": { "name": "cpu",
                    "target": { "type": "Utilization", "averageUtilization": percent } } }]);
            }
            let object = json!({
                "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
                "metadata": { "name": name }, "spec": spec,
            });
            let (to, manager) = (&HORIZONTAL_POD_AUTOSCALER, "kubectl-autoscale");
            match make(io, &self.args, to, &one.namespace, object, manager)? {
                Ok(object) => show(io, &self.args, to, &object, "autoscaled")?,
                Err(answer) => problems.push(super::words::Problem::Refusal(answer.status())),
            }
        }
        if problems.is_empty() { Ok(Next::Exit(0)) } else { Ok(objects::end(io, &problems)) }
    }
}
