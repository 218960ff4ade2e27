//! Bringing a pod up: sandbox, images, init containers in order, then the rest.
//!
//! Models: `pkg/kubelet/kuberuntime/kuberuntime_manager.go`, `images/image_manager.go`.
//! Omits: real registries. Every image is found, but those of a registry under `.invalid`, a name that never resolves.

use super::kubelet::Kubelet;
use super::worker::{Role, Stage, State, Step, Worker};
use super::{dns, env, probes, volumes};
use crate::api::tree;
use crate::base::{Duration, Text};
use crate::effect::{ContainerId, ContainerSpec, KubeletWake, Out, RuntimeCall};
use serde_json::Value;

/// How long the kubelet waits before it tries something again that failed.
const RETRY: Duration = Duration::secs(2);
/// The longest back-off of pulls.
const MAX_PULL_BACKOFF: u64 = 300;

/// Makes a pod's sandbox, once its volumes are there.
pub fn admit(kubelet: &mut Kubelet, uid: &Text, out: &mut Out<'_>) {
    kubelet.post_soon(uid, out);
    let Some(worker) = kubelet.workers.get(uid) else { return };
    let mut files = match volumes::files(&worker.pod, &kubelet.cache) {
        Ok(files) => files,
        Err((volume, problem)) => {
            let message = format!("MountVolume.SetUp failed for volume {volume:?} : {problem}");
            kubelet.say(uid, "", true, "FailedMount", &message, out);
            return kubelet.timer(RETRY, KubeletWake::SyncPod(uid.clone()), out);
        }
    };
    let (pod, host_network) = (worker.pod.clone(), worker.host_network());
    let ip = if host_network { Some(kubelet.config.ip) } else { kubelet.ipam.take() };
    let Some(ip) = ip else {
        let message = "Failed to create pod sandbox: no IP addresses available in range set";
        kubelet.say(uid, "", true, "FailedCreatePodSandBox", message, out);
        return kubelet.timer(RETRY, KubeletWake::SyncPod(uid.clone()), out);
    };
    let names = match dns::names(&pod, ip, &kubelet.config) {
        Ok(names) => names,
        Err(problem) => {
            if !host_network {
                kubelet.ipam.release(ip);
            }
            let message = format!("Failed to create pod sandbox: {problem}");
            kubelet.say(uid, "", true, "FailedCreatePodSandBox", &message, out);
            return kubelet.timer(RETRY, KubeletWake::SyncPod(uid.clone()), out);
        }
    };
    for message in names.trimmed {
        kubelet.say(uid, "", true, "DNSConfigForming", &message, out);
    }
    files.extend(names.files);
    if let Some(worker) = kubelet.workers.get_mut(uid) {
        worker.ip = Some(ip);
    }
    let names = (pod.key.namespace.clone(), pod.key.name.clone());
    let other_ip = kubelet.config.other_ip(ip);
    let up = RuntimeCall::SandboxUp { uid: uid.clone(), pod: names, ip, other_ip, host_network, files };
    kubelet.runtime(out.timing.sandbox, up, out);
    kubelet.wake(out.timing.sandbox, KubeletWake::StartContainers(uid.clone()), out);
}

/// The sandbox is there.
pub fn sandbox_is_up(kubelet: &mut Kubelet, uid: &Text, out: &mut Out<'_>) {
    let Some(worker) = kubelet.workers.get_mut(uid) else { return };
    if worker.stage == Stage::Creating {
        worker.stage = Stage::Up;
        kubelet.post_soon(uid, out);
        advance(kubelet, uid, out);
    }
}

/// Begins with the containers whose turn it is.
pub fn advance(kubelet: &mut Kubelet, uid: &Text, out: &mut Out<'_>) {
    let Some(worker) = kubelet.workers.get_mut(uid) else { return };
    if worker.stage == Stage::Creating && worker.ip.is_none() {
        return admit(kubelet, uid, out);
    }
    if worker.stage != Stage::Up {
        return;
    }
    let fresh = |state: &State| matches!(state, State::Waiting(reason, _) if is_initial(reason));
    let mut turn = Vec::new();
    let mut blocked = false;
    for container in &worker.containers {
        if blocked && container.role == Role::App {
            break;
        }
        if fresh(&container.state) && container.next.is_none() {
            turn.push(container.name.clone());
        }
        if container.role != Role::App && !container.is_past() {
            blocked = true;
            break;
        }
    }
    if !blocked {
        for container in worker.containers.iter_mut().filter(|container| container.role == Role::App) {
            if fresh(&container.state) {
                container.state = State::Waiting("ContainerCreating".into(), "".into());
            }
        }
    }
    for name in turn {
        begin(kubelet, &ContainerId { pod: uid.clone(), name }, out);
    }
    kubelet.post_soon(uid, out);
}

fn is_initial(reason: &str) -> bool {
    matches!(reason, "PodInitializing" | "ContainerCreating")
}

/// A container's planned step is due.
pub fn step(kubelet: &mut Kubelet, id: &ContainerId, out: &mut Out<'_>) {
    let Some(worker) = kubelet.workers.get_mut(&id.pod) else { return };
    if worker.stage != Stage::Up {
        return;
    }
    let Some(container) = worker.container(&id.name) else { return };
    let step = match container.next {
        Some((due, step)) if due == out.now => step,
        _ => return,
    };
    container.next = None;
    match step {
        Step::Begin => begin(kubelet, id, out),
        Step::Pulled => pulled(kubelet, id, out),
        Step::Started => started(kubelet, id, out),
        Step::BackOff => super::containers::back_off(kubelet, id, out),
    }
    kubelet.post_soon(&id.pod, out);
}

/// Sees to the image.
fn begin(kubelet: &mut Kubelet, id: &ContainerId, out: &mut Out<'_>) {
    let Some(spec) = spec(kubelet, id) else { return };
    let image = tree::str(&spec, "image").to_string();
    if !is_valid_image(&image) {
        let message = format!(
            "Failed to apply default image tag {image:?}: couldn't parse image name {image:?}: \
             invalid reference format"
        );
        kubelet.say(&id.pod, &id.name, true, "InspectFailed", &message, out);
        kubelet.say(&id.pod, &id.name, true, "Failed", "Error: InvalidImageName", out);
        return wait(kubelet, id, "InvalidImageName", &message, Duration::secs(15), out);
    }
    let present = kubelet.images.contains(image.as_str());
    match tree::str(&spec, "imagePullPolicy") {
        "Never" if !present => {
            let message = format!("Container image {image:?} is not present with pull policy of Never");
            kubelet.say(&id.pod, &id.name, true, "ErrImageNeverPull", &message, out);
            wait(kubelet, id, "ErrImageNeverPull", &message, Duration::secs(15), out);
        }
        policy if present && policy != "Always" => {
            let message = format!(
                "Container image {image:?} already present on machine and can be accessed by the pod"
            );
            kubelet.say(&id.pod, &id.name, false, "Pulled", &message, out);
            launch(kubelet, id, out);
        }
        _ => {
            kubelet.say(&id.pod, &id.name, false, "Pulling", &format!("Pulling image {image:?}"), out);
            kubelet.plan(id, pull_time(present, out), Step::Pulled, out);
        }
    }
}

/// A pull of an image that is there asks for its digest only.
fn pull_time(present: bool, out: &Out<'_>) -> Duration {
    if present { Duration(out.timing.image_pull.0 / 8) } else { out.timing.image_pull }
}

fn pulled(kubelet: &mut Kubelet, id: &ContainerId, out: &mut Out<'_>) {
    let Some(spec) = spec(kubelet, id) else { return };
    let image = Text::from(tree::str(&spec, "image"));
    let registry = image.split('/').next().unwrap_or_default();
    let host = registry.split(':').next().unwrap_or_default();
    if image.contains('/') && host.ends_with(".invalid") {
        return pull_failed(kubelet, id, &image, host, out);
    }
    let present = !kubelet.images.insert(image.clone());
    if let Some(container) = container(kubelet, id) {
        container.pull_failures = 0;
    }
    let took = go_duration(pull_time(present, out));
    let message = format!(
        "Successfully pulled image {image:?} in {took} ({took} including waiting). Image size: {} bytes.",
        image_size(&image)
    );
    kubelet.say(&id.pod, &id.name, false, "Pulled", &message, out);
    launch(kubelet, id, out);
}

fn pull_failed(kubelet: &mut Kubelet, id: &ContainerId, image: &str, host: &str, out: &mut Out<'_>) {
    let problem = format!(
        "failed to pull and unpack image {image:?}: failed to resolve reference {image:?}: failed to do request: \
         Head \"https://{host}/\": dial tcp: lookup {host}: no such host"
    );
    kubelet.say(
        &id.pod,
        &id.name,
        true,
        "Failed",
        &format!("Failed to pull image {image:?}: {problem}"),
        out,
    );
    kubelet.say(&id.pod, &id.name, true, "Failed", "Error: ErrImagePull", out);
    let Some(container) = container(kubelet, id) else { return };
    container.pull_failures += 1;
    let seconds = (10_u64 << (container.pull_failures - 1).min(5)).min(MAX_PULL_BACKOFF);
    container.state = State::Waiting("ErrImagePull".into(), problem.into());
    container.next = None;
    kubelet.plan(id, Duration::secs(1), Step::BackOff, out);
    if let Some(container) = self::container(kubelet, id) {
        container.backoff = Some((Duration::secs(seconds), out.now));
    }
}

/// Makes and starts the container.
fn launch(kubelet: &mut Kubelet, id: &ContainerId, out: &mut Out<'_>) {
    let Some(worker) = kubelet.workers.get(&id.pod) else { return };
    let Some(spec) = worker.containers.iter().find(|c| c.name == id.name).map(|c| c.spec.clone()) else {
        return;
    };
    let env = match env::of(&worker.pod, &spec, worker.ip, &kubelet.config, &kubelet.cache) {
        Ok(env) => env,
        Err(problem) => {
            kubelet.say(&id.pod, &id.name, true, "Failed", &format!("Error: {problem}"), out);
            return wait(kubelet, id, "CreateContainerConfigError", &problem, Duration::secs(10), out);
        }
    };
    let call = RuntimeCall::Start(id.clone(), Box::new(container_spec(&spec, env)));
    kubelet.say(&id.pod, &id.name, false, "Created", "Container created", out);
    let mut again = false;
    if let Some(container) = container(kubelet, id) {
        if let Some(end) = container.end() {
            container.last = Some(end);
            again = true;
        }
        container.restarts += u32::from(again);
    }
    kubelet.runtime(out.timing.container_start, call, out);
    kubelet.plan(id, out.timing.container_start, Step::Started, out);
}

fn started(kubelet: &mut Kubelet, id: &ContainerId, out: &mut Out<'_>) {
    kubelet.say(&id.pod, &id.name, false, "Started", "Container started", out);
    if let Some(container) = container(kubelet, id) {
        container.state = State::Running(out.now);
        container.killed = false;
        container.kill_at = None;
    }
    probes::begin(kubelet, id, out);
    advance(kubelet, &id.pod, out);
}

/// The container waits, for a reason, and is tried again later.
fn wait(
    kubelet: &mut Kubelet,
    id: &ContainerId,
    reason: &str,
    message: &str,
    retry: Duration,
    out: &mut Out<'_>,
) {
    if let Some(container) = container(kubelet, id) {
        container.state = State::Waiting(reason.into(), message.into());
    }
    kubelet.plan(id, retry, Step::Begin, out);
}

fn spec(kubelet: &Kubelet, id: &ContainerId) -> Option<Value> {
    let worker: &Worker = kubelet.workers.get(&id.pod)?;
    worker.containers.iter().find(|c| c.name == id.name).map(|c| c.spec.clone())
}

/// A container of a kubelet's pods.
pub fn container<'a>(kubelet: &'a mut Kubelet, id: &ContainerId) -> Option<&'a mut super::worker::Container> {
    kubelet.workers.get_mut(&id.pod)?.container(&id.name)
}

fn container_spec(spec: &Value, env: Vec<(Text, Text)>) -> ContainerSpec {
    let expand = |field: &str| {
        let words = tree::list(spec, field).iter().filter_map(Value::as_str);
        words.map(|word| env::expand(word, &env).into()).collect::<Vec<Text>>()
    };
    let port = |port: &Value| {
        let number = u16::try_from(tree::int(port, "containerPort")?).ok()?;
        let protocol = Some(tree::str(port, "protocol")).filter(|p| !p.is_empty()).unwrap_or("TCP");
        Some((number, Text::from(protocol)))
    };
    // Whoever attaches runs the program: until then the container only waits.
    let waits = tree::bool(spec, "stdinOnce") == Some(true);
    ContainerSpec {
        image: tree::str(spec, "image").into(),
        command: if waits { vec!["/pause".into()] } else { expand("command") },
        args: expand("args"),
        ports: tree::list(spec, "ports").iter().filter_map(port).collect(),
        env,
    }
}

/// Whether a name is an image reference: lower-case path components, an optional tag or digest.
fn is_valid_image(image: &str) -> bool {
    let (name, digest) = image.split_once('@').unwrap_or((image, "sha256:"));
    let slash = name.rfind('/').map_or(0, |n| n + 1);
    let (path, tag) = match name[slash..].find(':') {
        Some(n) => (&name[..slash + n], Some(&name[slash + n + 1..])),
        None => (name, None),
    };
    let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    let tag_is_fine = tag.is_none_or(|tag| !tag.is_empty() && tag.len() <= 128 && tag.chars().all(word));
    let mut parts = path.split('/').enumerate().peekable();
    let path_is_fine = parts.all(|(n, part)| {
        let host = n == 0 && path.contains('/') && part.contains([':', '.']);
        let allowed = |c: char| {
            c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '.' | '-') || (host && c == ':')
        };
        let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        part.chars().all(allowed) && edge(part.chars().next()) && edge(part.chars().last())
    });
    path_is_fine && tag_is_fine && digest.contains(':')
}

/// The size that an image is said to have: the same for the same name, between 4 and 68 MB.
fn image_size(image: &str) -> u64 {
    let sum = image.bytes().fold(5_381_u64, |sum, byte| sum.wrapping_mul(33).wrapping_add(u64::from(byte)));
    4_000_000 + sum % 64_000_000
}

/// A duration as Go prints it: `400ms`, `1.5s`.
fn go_duration(duration: Duration) -> String {
    let ms = duration.as_millis();
    if ms < 1_000 {
        return format!("{ms}ms");
    }
    let fraction = format!(".{:03}", ms % 1_000);
    format!("{}{}s", ms / 1_000, fraction.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn image_names_are_checked_as_the_distribution_grammar_says() {
        for good in
            ["nginx", "nginx:1.27", "traefik/whoami", "localhost:5000/a/b:c", "a@sha256:00", "reg.io/X:t"]
        {
            assert_eq!(is_valid_image(good), good != "reg.io/X:t", "{good}");
        }
        for bad in ["", "Nginx", "nginx:", "a b", "nginx/", "/nginx", "nginx:la:test"] {
            assert!(!is_valid_image(bad), "{bad}");
        }
    }

    #[test]
    fn durations_are_printed_as_go_does() {
        assert_eq!(go_duration(Duration::millis(400)), "400ms");
        assert_eq!(go_duration(Duration::millis(1_500)), "1.5s");
        assert_eq!(go_duration(Duration::secs(2)), "2s");
    }
}
