//! `/scale`, `/binding` and `/eviction`.
//!
//! Models: `pkg/registry/apps/deployment/storage`, `pkg/registry/core/pod/storage`. Omits: `unhealthyPodEvictionPolicy`.

use super::update::Make;
use super::{ApiServer, Warnings};
use crate::api::pod_disruption_budget::POD_DISRUPTION_BUDGET;
use crate::api::{Kind, Object, Request, Response, Selector, Status, node, pod, tree};
use crate::effect::Out;
use crate::trace::Change;
use serde_json::{Value, json};

/// What `/scale` shows and takes.
pub static SCALE: Kind =
    Kind { kind: "Scale", group: "autoscaling", plural: "scales", singular: "scale", ..Kind::PLAIN };

/// An object as `/scale` shows it.
pub fn scale_of(object: &Object) -> Result<Object, Status> {
    if !object.kind.has_scale {
        return Err(Status::plain(404, "NotFound", "the server could not find the requested resource"));
    }
    let mut metadata = json!({});
    for field in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
        if let Some(value) = object.get(&format!("metadata.{field}")) {
            tree::set(&mut metadata, field, value.clone());
        }
    }
    let selector: Vec<String> = tree::pairs(object.tree(), "spec.selector.matchLabels")
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    Ok(Object::new(
        &SCALE,
        json!({
            "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata,
            "spec": { "replicas": object.int("spec.replicas").unwrap_or(0) },
            "status": {
                "replicas": object.int("status.replicas").unwrap_or(0),
                "selector": selector.join(","),
            },
        }),
    ))
}

impl ApiServer {
    /// Changes an object through its scale: only the number of replicas.
    pub(super) fn rescale(
        &mut self,
        request: &Request,
        make: &Make<'_>,
        warnings: &mut Warnings,
        out: &mut Out<'_>,
    ) -> Result<Response, Status> {
        let found = self.stored(request.kind, &request.namespace, &request.name);
        let object = found.ok_or_else(|| Status::not_found(request.kind, &request.name))?.clone();
        let wanted = make(&scale_of(&object)?)?.tree;
        let said = tree::str(&wanted, "metadata.resourceVersion");
        if !said.is_empty() && said.parse() != Ok(object.revision) {
            return Err(Status::conflict(request.kind, &request.name));
        }
        let replicas = tree::int(&wanted, "spec.replicas").unwrap_or(0);
        if replicas < 0 {
            let words = "must be greater than or equal to 0";
            let wrong = crate::api::FieldError::invalid("spec.replicas", &json!(replicas), words);
            return Err(Status::invalid(&SCALE, &request.name, vec![wrong]));
        }
        let mut whole = Request { subresource: "", ..request.clone() };
        whole.options.through = Some("scale");
        let change = |old: &Object| {
            let mut tree = old.tree().clone();
            tree::set(&mut tree, "spec.replicas", replicas);
            Ok(tree.into())
        };
        let answer = self.change(&whole, &change, warnings, out)?;
        let changed = answer.object().cloned().unwrap_or(object);
        scale_of(&changed).map(Response::Object)
    }

    /// Puts a pod onto a node.
    pub(super) fn bind(
        &mut self,
        request: &Request,
        binding: &Object,
        out: &mut Out<'_>,
    ) -> Result<Response, Status> {
        let found = self.stored(&pod::POD, &request.namespace, &request.name);
        let pod = found.ok_or_else(|| Status::not_found(&pod::POD, &request.name))?.clone();
        let node = binding.str("target.name");
        let refuse = |words: String| Err(Status::precondition(request.kind, &request.name, &words));
        if !binding.uid.is_empty() && binding.uid != pod.uid {
            return refuse(super::update::uid_words(&binding.uid, &pod.uid));
        }
        if pod.is_terminating() {
            return refuse(format!("pod {} is being deleted, cannot be assigned to a host", pod.name()));
        }
        let bound = pod.str("spec.nodeName");
        if !bound.is_empty() {
            return refuse(format!("pod {} is already assigned to node \"{bound}\"", pod.name()));
        }
        if self.stored(&node::NODE, "", node).is_none() {
            return Err(Status::not_found(&node::NODE, node));
        }
        let mut tree = pod.tree().clone();
        tree::set(&mut tree, "spec.nodeName", node);
        self.topology_labels(&mut tree, node);
        scheduled(&mut tree, &out.now.rfc3339());
        let bound = self.put(Object::new(&pod::POD, tree), Change::Updated, out);
        Ok(Response::Object(bound))
    }

    /// Deletes a pod if nothing speaks against it.
    pub(super) fn evict(
        &mut self,
        request: &Request,
        eviction: &Object,
        out: &mut Out<'_>,
    ) -> Result<Response, Status> {
        let mut delete = Request::delete(&request.agent, &pod::POD, &request.namespace, &request.name);
        delete.options = request.options.clone();
        let grace = eviction.int("deleteOptions.gracePeriodSeconds").and_then(|n| u64::try_from(n).ok());
        delete.options.grace_seconds = grace.or(delete.options.grace_seconds);
        self.charge_budget(request, out)?;
        self.delete(&delete, out)
    }

    /// A pod that a disruption budget covers may go while the budget allows it; each that goes is charged to it at once.
    fn charge_budget(&mut self, request: &Request, out: &mut Out<'_>) -> Result<(), Status> {
        let Some(pod) = self.stored(&pod::POD, &request.namespace, &request.name) else { return Ok(()) };
        if pod::is_finished(pod) || pod.str("status.phase") == "Pending" || pod.is_terminating() {
            return Ok(());
        }
        let is_ready = pod::is_ready(pod);
        let covers = |budget: &&Object| {
            budget.namespace() == pod.namespace()
                && Selector::of_label_selector(budget.get("spec.selector")).matches(pod)
        };
        let all = self.peek(&POD_DISRUPTION_BUDGET);
        let mut covering = all.iter().filter(covers);
        let Some(budget) = covering.next() else { return Ok(()) };
        if covering.next().is_some() {
            let words = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.";
            return Err(Status::internal(words));
        }
        let of = |path| budget.int(path).unwrap_or(0);
        let healthy_enough = of("status.currentHealthy") >= of("status.desiredHealthy");
        if !is_ready && healthy_enough && of("status.desiredHealthy") > 0 {
            return Ok(());
        }
        let allowed = of("status.disruptionsAllowed");
        if allowed <= 0 || of("status.observedGeneration") < of("metadata.generation") {
            let words = "Cannot evict pod as it would violate the pod's disruption budget.";
            return Err(Status::plain(429, "TooManyRequests", words));
        }
        let charged = budget.edit(|tree| tree::set(tree, "status.disruptionsAllowed", allowed - 1));
        self.put(charged, Change::Updated, out);
        Ok(())
    }
}

/// Binding says itself that the pod is scheduled.
fn scheduled(pod: &mut Value, now: &str) {
    let condition = json!({
        "type": "PodScheduled", "status": "True", "lastProbeTime": null, "lastTransitionTime": now,
    });
    let mut conditions = tree::list(pod, "status.conditions").to_vec();
    conditions.retain(|c| tree::str(c, "type") != "PodScheduled");
    conditions.push(condition);
    tree::set(pod, "status.conditions", conditions);
}
