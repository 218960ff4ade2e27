//! `kubectl port-forward`: a port of this machine leads into one pod, past Services and kube-proxies. A pod that goes is
//! noticed with the next connection.
//!
//! Models: kubectl `pkg/cmd/portforward/portforward.go`, client-go `tools/portforward/portforward.go`.
//! Omits: `--address`; what is said when nothing listens in the pod: the connection is closed.

use super::args::{Args, Flag, value};
use super::commands::{Entry, Work};
use super::run::pod_of;
use super::script::{Asked, Flow, Io, Next};
use super::{client, config, resources};
use crate::api::{service, tree};
use crate::base::{Fd, Text};
use crate::effect::ContainerId;
use crate::process::Ready;
use serde_json::Value;
use std::net::{Ipv4Addr, SocketAddr};

/// The command.
pub const PORT_FORWARD: Entry =
    Entry::new("port-forward", "Forward one or more local ports to a pod", FLAGS, |args| {
        Work::PortForward(PortForward { args, running: None })
    });

const FLAGS: &[Flag] = &[value("address", None), value("pod-running-timeout", None)];

/// A `kubectl port-forward` at work.
#[derive(Debug, Clone)]
pub struct PortForward {
    args: Args,
    running: Option<Running>,
}

#[derive(Debug, Clone)]
struct Running {
    listening: Vec<Forward>,
    container: ContainerId,
}

/// A port here and one of the pod.
#[derive(Debug, Clone)]
struct Forward {
    fd: Fd,
    local: u16,
    remote: u16,
}

impl PortForward {
    /// One turn.
    pub fn run(&self, io: &mut Io<'_, '_, '_>) -> Flow<Work> {
        match &self.running {
            None => self.begin(io),
            Some(running) => self.serve(io, running),
        }
    }

    fn then(&self, running: Running) -> Flow<Work> {
        Ok(Next::Then(Work::PortForward(PortForward { args: self.args.clone(), running: Some(running) })))
    }

    fn begin(&self, io: &mut Io<'_, '_, '_>) -> Flow<Work> {
        let Some((name, ports)) = self.args.words.split_first().filter(|(_, ports)| !ports.is_empty()) else {
            return io.fail("TYPE/NAME and list of ports are required for port-forward\nSee 'kubectl port-forward -h' for help and examples");
        };
        let service = self.service(io, name)?;
        let (pod, _) = pod_of(io, &self.args, name, |_, _| None)?;
        let phase = tree::str(&pod, "status.phase");
        if phase != "Running" {
            return io
                .fail(&format!("unable to forward port because pod is not running. Current status={phase}"));
        }
        let mut wanted = Vec::new();
        for word in ports {
            let pair = pair(word, service.as_ref(), &pod);
            wanted.push(io.check(pair)?);
        }
        let first = tree::list(&pod, "spec.containers").first().cloned().unwrap_or_default();
        let uid: Text = tree::str(&pod, "metadata.uid").into();
        let container = ContainerId { pod: uid, name: tree::str(&first, "name").into() };
        let mut listening = Vec::new();
        let mut taken = Vec::new();
        for (local, remote) in wanted {
            // Ports of the kernel's own choice are of this range.
            let local = if local == 0 { 32_768 + io.below_draw(28_232) as u16 } else { local };
            match io.listen(local)? {
                Ok(fd) => listening.push(Forward { fd, local, remote }),
                Err(errno) => {
                    let words = errno.words().to_lowercase();
                    let of = |family: &str, ip: &str| {
                        format!(
                            "unable to create listener: Error listen {family} {ip}:{local}: bind: {words}"
                        )
                    };
                    let (v4, v6) = (of("tcp4", "127.0.0.1"), of("tcp6", "[::1]"));
                    io.line(&format!("Unable to listen on port {local}: Listeners failed to create with the following errors: [{v4} {v6}]"));
                    taken.push(format!("{{{local} {remote}}}"));
                }
            }
        }
        if listening.is_empty() {
            return io
                .fail(&format!("unable to listen on any of the requested ports: [{}]", taken.join(" ")));
        }
        for Forward { local, remote, .. } in &listening {
            io.line(&format!("Forwarding from 127.0.0.1:{local} -> {remote}"));
            io.line(&format!("Forwarding from [::1]:{local} -> {remote}"));
        }
        self.then(Running { listening, container })
    }

    /// The Service that a word names, for its ports.
    fn service(&self, io: &mut Io<'_, '_, '_>, word: &str) -> Asked<Option<Value>> {
        let targets = resources::targets(&[word.to_string()]).ok();
        let target = targets.and_then(|mut targets| targets.pop());
        let Some(target) = target.filter(|target| target.kind == &service::SERVICE && word.contains('/'))
        else {
            return Ok(None);
        };
        let namespace = config::namespace(io, &self.args);
        let path = client::path(target.kind, &namespace, &target.name);
        let answer = io.http(client::get(&path, &[], client::JSON_ANY))?;
        if answer.is_ok() { Ok(Some(answer.json.clone())) } else { io.refused(&answer) }
    }

    fn serve(&self, io: &mut Io<'_, '_, '_>, running: &Running) -> Flow<Work> {
        let (at, what) = io.happens()?;
        let forward = running.listening.iter().find(|forward| forward.fd == at);
        let (Some(forward), Ready::Accepted(fd, _)) = (forward, what) else {
            return self.then(running.clone());
        };
        io.line(&format!("Handling connection for {}", forward.local));
        let to = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), forward.remote);
        let relayed = io.relay(fd, to, &running.container)?;
        io.close(fd)?;
        match relayed {
            Ok(()) => self.then(running.clone()),
            Err(_) => io.fail("lost connection to pod"),
        }
    }
}

/// The ports here and in the pod that a word stands for: `8080:80`, `80`, `:80`, `8080:http`.
fn pair(word: &str, service: Option<&Value>, pod: &Value) -> Result<(u16, u16), String> {
    let (local, remote) = word.split_once(':').unwrap_or((word, word));
    let number = |text: &str| text.parse::<u16>();
    let target = match service {
        Some(service) => of_service(service, remote, pod)?,
        None => of_pod(remote, pod)?,
    };
    let local = match local {
        "" => 0,
        local if !word.contains(':') => number(local).unwrap_or(target),
        local => number(local).map_err(|_| {
            format!(
                "error parsing local port '{local}': strconv.ParseUint: parsing {local:?}: invalid syntax"
            )
        })?,
    };
    if target == 0 {
        return Err("remote port must be > 0".to_string());
    }
    Ok((local, target))
}

fn of_pod(port: &str, pod: &Value) -> Result<u16, String> {
    if let Ok(number) = port.parse::<u16>() {
        return Ok(number);
    }
    let containers = tree::list(pod, "spec.containers").iter();
    let mut ports = containers.flat_map(|container| tree::list(container, "ports"));
    let found =
        ports.find(|own| tree::str(own, "name") == port).and_then(|own| tree::int(own, "containerPort"));
    found.and_then(|number| u16::try_from(number).ok()).ok_or_else(|| {
        format!("Pod '{}' does not have a named port '{port}'", tree::str(pod, "metadata.name"))
    })
}

/// A Service's port, by number or name, as the pod's port behind it.
fn of_service(service: &Value, port: &str, pod: &Value) -> Result<u16, String> {
    let number = port.parse::<i64>().ok();
    let name = tree::str(service, "metadata.name");
    let mut ports = tree::list(service, "spec.ports").iter();
    let found = ports.find(|own| match number {
        Some(number) => tree::int(own, "port") == Some(number),
        None => tree::str(own, "name") == port,
    });
    let Some(found) = found else {
        return Err(match number {
            Some(number) => format!("Service {name} does not have a service port {number}"),
            None => format!("Service '{name}' does not have a named port '{port}'"),
        });
    };
    // Without a virtual address the port is not translated.
    if tree::str(service, "spec.clusterIP") == "None" {
        let own = tree::int(found, "port").and_then(|number| u16::try_from(number).ok());
        return own.ok_or_else(|| format!("Service {name} does not have a service port {port}"));
    }
    match found.get("targetPort") {
        Some(Value::String(target)) => of_pod(target, pod),
        target => {
            let target = target.and_then(Value::as_i64).or(tree::int(found, "port"));
            target
                .and_then(|number| u16::try_from(number).ok())
                .ok_or_else(|| format!("Service {name} does not have a service port {port}"))
        }
    }
}
