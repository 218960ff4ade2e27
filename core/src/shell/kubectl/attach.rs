//! `kubectl run -i`: waits for the pod, runs its program on this terminal, and takes the pod away again with `--rm`.
//! Models: kubectl `pkg/cmd/run/run.go`, `pkg/cmd/attach/attach.go`.
//! Omits: attaching to what runs already (the program starts when somebody is there); without `--rm` the pod stays

use super::args::Args;
use super::commands::Work;
use super::delete::Delete;
use super::resources::Target;
use super::script::{Asked, Flow, Io, Next};
use super::watch::Following;
use crate::api::{pod, tree};
use crate::base::{Duration, Text};
use crate::effect::{ContainerId, ContainerSpec};
use crate::process::Errno;
use crate::shell::images;
use serde_json::Value;

/// What is printed before the program's own output.
const NOTICE: &str = "All commands and output from this session will be recorded in container logs, including credentials \
                      and sensitive information passed through the command prompt.\n\
                      If you don't see a command prompt, try pressing enter.";

/// How long kubectl waits for the pod.
const PATIENCE: Duration = Duration::secs(60);

/// A pod that is waited for, and then run.
#[derive(Debug, Clone)]
pub struct Attach {
    args: Args,
    namespace: String,
    name: String,
    following: Option<Box<Following>>,
}

impl Attach {
    /// Attaches to a pod that was just made.
    pub fn new(args: Args, namespace: &str, name: &str) -> Attach {
        Attach { args, namespace: namespace.to_string(), name: name.to_string(), following: None }
    }

    /// One turn.
    pub fn run(&self, io: &mut Io<'_, '_, '_>) -> Flow<Work> {
        let Some(following) = &self.following else {
            let target = Target { kind: &pod::POD, name: self.name.clone() };
            let deadline = Some(io.now() + PATIENCE);
            let following = Following::begin(io, &target, &self.namespace, deadline)?;
            return self.wait(following);
        };
        let Some((following, events)) = (**following).clone().next(io)? else {
            return io.fail("timed out waiting for the condition");
        };
        for event in &events {
            let object = event.get("object").cloned().unwrap_or_default();
            match (tree::str(event, "type"), tree::str(&object, "status.phase")) {
                ("DELETED", _) => return io.fail(&format!("pods {:?} not found", self.name)),
                (_, "Failed" | "Succeeded") => return self.end(io, 1),
                ("ADDED" | "MODIFIED", _) if runs(&object) => return self.attached(io, &object),
                _ => {}
            }
        }
        self.wait(following)
    }

    fn wait(&self, following: Following) -> Flow<Work> {
        let following = Some(Box::new(following));
        Ok(Next::Then(Work::Attach(Attach { following, ..self.clone() })))
    }

    fn attached(&self, io: &mut Io<'_, '_, '_>, object: &Value) -> Flow<Work> {
        if !self.args.on("quiet") {
            io.complain(NOTICE);
        }
        let container = tree::list(object, "spec.containers").first().cloned().unwrap_or_default();
        let pod = tree::str(object, "metadata.uid").into();
        let id = ContainerId { pod, name: tree::str(&container, "name").into() };
        let status = program(io, &id, &container)?;
        let always = tree::str(object, "spec.restartPolicy") == "Always";
        if self.args.on("tty") && always && !self.args.on("rm") && !self.args.on("quiet") {
            let name = &self.name;
            io.line(&format!(
                "Session ended, resume using 'kubectl attach {name} -c {name} -i -t' command when the pod is running"
            ));
        }
        self.end(io, status)
    }

    fn end(&self, io: &mut Io<'_, '_, '_>, status: i32) -> Flow<Work> {
        let said = if status == 0 {
            String::new()
        } else {
            format!("pod {}/{} terminated (Error)", self.namespace, self.name)
        };
        if self.args.on("rm") {
            let delete = Delete::one_pod(&self.namespace, &self.name);
            return Ok(Next::Then(Work::Delete(delete.and_then(said, status))));
        }
        if !said.is_empty() {
            io.complain(&said);
        }
        Ok(Next::Exit(status))
    }
}

/// Runs the container's program; its exit status.
fn program(io: &mut Io<'_, '_, '_>, id: &ContainerId, container: &Value) -> Asked<i32> {
    let words =
        |field: &str| tree::list(container, field).iter().filter_map(Value::as_str).map(Text::from).collect();
    let argv = images::command_line(&ContainerSpec {
        image: tree::str(container, "image").into(),
        command: words("command"),
        args: words("args"),
        env: Vec::new(),
        ports: Vec::new(),
    });
    match io.spawn(&argv, Some(id))? {
        Ok(child) => io.wait(child),
        Err(Errno::Esrch) => Ok(1),
        Err(_) => {
            let program = argv.first().map_or("", |word| &**word);
            io.complain(&format!("exec: {program:?}: executable file not found in $PATH"));
            Ok(127)
        }
    }
}

/// Whether a pod's first container runs.
fn runs(object: &Value) -> bool {
    tree::list(object, "status.containerStatuses")
        .first()
        .is_some_and(|status| tree::get(status, "state.running").is_some())
}
