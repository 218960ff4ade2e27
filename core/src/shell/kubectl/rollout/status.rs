//! Where a rollout stands, in upstream's words, and whether it is done.
//!
//! Models: kubectl `pkg/polymorphichelpers/rollout_status.go`.

use crate::api::tree;
use serde_json::Value;

/// The text, and whether there is nothing more to wait for; or why that will never be.
pub fn of(object: &Value) -> Result<(String, bool), String> {
    match tree::str(object, "kind") {
        "DaemonSet" => daemon_set(object),
        "StatefulSet" => stateful_set(object),
        _ => deployment(object),
    }
}

fn deployment(object: &Value) -> Result<(String, bool), String> {
    let name = tree::str(object, "metadata.name");
    let of = |path| tree::int(object, path).unwrap_or(0);
    if of("metadata.generation") > of("status.observedGeneration") {
        return Ok(("Waiting for deployment spec update to be observed...\n".into(), false));
    }
    let progressing =
        tree::list(object, "status.conditions").iter().find(|c| tree::str(c, "type") == "Progressing");
    if progressing.is_some_and(|c| tree::str(c, "reason") == "ProgressDeadlineExceeded") {
        return Err(format!("deployment {name:?} exceeded its progress deadline"));
    }
    let (wanted, updated) = (of("spec.replicas"), of("status.updatedReplicas"));
    let (total, available) = (of("status.replicas"), of("status.availableReplicas"));
    let waiting =
        |what: String| Ok((format!("Waiting for deployment {name:?} rollout to finish: {what}...\n"), false));
    if updated < wanted {
        return waiting(format!("{updated} out of {wanted} new replicas have been updated"));
    }
    if total > updated {
        return waiting(format!("{} old replicas are pending termination", total - updated));
    }
    if available < updated {
        return waiting(format!("{available} of {updated} updated replicas are available"));
    }
    Ok((format!("deployment {name:?} successfully rolled out\n"), true))
}

fn daemon_set(object: &Value) -> Result<(String, bool), String> {
    let name = tree::str(object, "metadata.name");
    let of = |path| tree::int(object, path).unwrap_or(0);
    if tree::str(object, "spec.updateStrategy.type") != "RollingUpdate" {
        return Err("rollout status is only available for RollingUpdate strategy type".into());
    }
    if of("metadata.generation") > of("status.observedGeneration") {
        return Ok(("Waiting for daemon set spec update to be observed...\n".into(), false));
    }
    let (wanted, updated) = (of("status.desiredNumberScheduled"), of("status.updatedNumberScheduled"));
    let available = of("status.numberAvailable");
    let waiting =
        |what: String| Ok((format!("Waiting for daemon set {name:?} rollout to finish: {what}...\n"), false));
    if updated < wanted {
        return waiting(format!("{updated} out of {wanted} new pods have been updated"));
    }
    if available < wanted {
        return waiting(format!("{available} of {wanted} updated pods are available"));
    }
    Ok((format!("daemon set {name:?} successfully rolled out\n"), true))
}

fn stateful_set(object: &Value) -> Result<(String, bool), String> {
    let of = |path| tree::int(object, path).unwrap_or(0);
    if tree::str(object, "spec.updateStrategy.type") != "RollingUpdate" {
        return Err("rollout status is only available for RollingUpdate strategy type".into());
    }
    let seen = of("status.observedGeneration");
    if seen == 0 || of("metadata.generation") > seen {
        return Ok(("Waiting for statefulset spec update to be observed...\n".into(), false));
    }
    let (wanted, updated) = (of("spec.replicas"), of("status.updatedReplicas"));
    let missing = wanted - of("status.readyReplicas");
    if missing > 0 {
        return Ok((format!("Waiting for {missing} pods to be ready...\n"), false));
    }
    if tree::get(object, "spec.updateStrategy.rollingUpdate").is_some() {
        let wanted = wanted - of("spec.updateStrategy.rollingUpdate.partition");
        return Ok(if updated < wanted {
            let text = format!("{updated} out of {wanted} new pods have been updated");
            (format!("Waiting for partitioned roll out to finish: {text}...\n"), false)
        } else {
            (format!("partitioned roll out complete: {updated} new pods have been updated...\n"), true)
        });
    }
    let (current, update) =
        (tree::str(object, "status.currentRevision"), tree::str(object, "status.updateRevision"));
    Ok(if current == update {
        let pods = of("status.currentReplicas");
        (format!("statefulset rolling update complete {pods} pods at revision {current}...\n"), true)
    } else {
        let text = format!("{updated} pods at revision {update}");
        (format!("waiting for statefulset rolling update to complete {text}...\n"), false)
    })
}
