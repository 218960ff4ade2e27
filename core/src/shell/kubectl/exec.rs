//! `kubectl exec`: a command in a pod. Knows no program.
//! Models: kubectl `pkg/cmd/exec/exec.go`. Omits: the API server's and the kubelet's part of the stream

use super::args::{Args, Flag, switch, value};
use super::commands::{Entry, Work};
use super::run::pod_of;
use super::script::{Flow, Io, Next};
use crate::api::tree;
use crate::base::Text;
use crate::effect::ContainerId;
use crate::process::Errno;

/// The command.
pub const EXEC: Entry =
    Entry::new("exec", "Execute a command in a container", FLAGS, |args| Work::Exec(Exec { args }));

const FLAGS: &[Flag] = &[
    switch("stdin", Some('i')),
    switch("tty", Some('t')),
    value("container", Some('c')),
    switch("quiet", Some('q')),
];

/// A `kubectl exec` at work.
#[derive(Debug, Clone)]
pub struct Exec {
    args: Args,
}

impl Exec {
    /// One turn.
    pub fn run(&self, io: &mut Io<'_, '_, '_>) -> Flow<Work> {
        let (before, command) = self.args.split();
        let Some(name) = before.first() else {
            return io.fail("pod, type/name or --filename must be specified");
        };
        if command.is_empty() {
            let words = "you must specify at least one command for the container";
            return io.fail(words);
        }
        let (pod, _) = pod_of(io, &self.args, name, |_, _| None)?;
        let name = tree::str(&pod, "metadata.name");
        let containers = tree::list(&pod, "spec.containers");
        let container = self
            .args
            .text("container")
            .or(containers.first().map(|c| tree::str(c, "name")))
            .unwrap_or_default();
        if containers.iter().all(|c| tree::str(c, "name") != container) {
            io.complain(&format!(
                "Error from server (BadRequest): container {container} is not valid for pod {name}"
            ));
            return Ok(Next::Exit(1));
        }
        if matches!(tree::str(&pod, "status.phase"), "Succeeded" | "Failed") {
            let phase = tree::str(&pod, "status.phase");
            return io
                .fail(&format!("cannot exec into a container in a completed pod; current phase is {phase}"));
        }
        let statuses = tree::list(&pod, "status.containerStatuses");
        let runs = statuses
            .iter()
            .any(|s| tree::str(s, "name") == container && tree::get(s, "state.running").is_some());
        let argv: Vec<Text> = command.iter().map(|word| word.as_str().into()).collect();
        let id = ContainerId { pod: tree::str(&pod, "metadata.uid").into(), name: container.into() };
        let spawned = if runs { io.spawn(&argv, Some(&id))? } else { Err(Errno::Esrch) };
        let Ok(child) = spawned else {
            if spawned == Err(Errno::Esrch) {
                return io.fail(&format!("Internal error occurred: unable to upgrade connection: container not found ({container:?})"));
            }
            let program = command.first().map(String::as_str).unwrap_or_default();
            io.complain(&format!(
                "error: Internal error occurred: Internal error occurred: error executing command in container: failed to exec in container: failed to start exec: OCI runtime exec failed: exec failed: unable to start container process: exec: {program:?}: executable file not found in $PATH: unknown"
            ));
            return Ok(Next::Exit(1));
        };
        let status = io.wait(child)?;
        if status != 0 {
            io.complain(&format!("command terminated with exit code {status}"));
        }
        Ok(Next::Exit(status))
    }
}
