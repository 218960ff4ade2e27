//! `tidepool serve` with nothing but sockets: the API server, watches, DNS over UDP and TCP, node ports, a clean end.

use serde_json::json;
use std::io::{Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::time::Duration;
use tidepool_clients::{Served, http, tidepool};

const DEPLOYMENT: &str = r#"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":{"replicas":2,
    "selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[
    {"name":"server","image":"registry.k8s.io/e2e-test-images/agnhost:2.53","command":["/agnhost","serve-hostname"]}]}}}}"#;

fn service(name: &str) -> String {
    json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
        "spec": {"type": "NodePort", "selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 9376}]},
    })
    .to_string()
}

/// Waits, in steps of a request each, until something holds.
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..600 {
        if holds() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("never happened: {what}");
}

#[test]
fn a_request_reaches_a_pod_by_a_node_port() {
    let mut served = Served::start(&["--speed", "10"]);
    assert_eq!(served.json("GET", "/version", "").1["minor"], "35");
    let (code, made) = served.json("POST", "/apis/apps/v1/namespaces/default/deployments", DEPLOYMENT);
    assert_eq!((code, &made["metadata"]["generation"]), (201, &json!(1)));
    let (code, made) = served.json("POST", "/api/v1/namespaces/default/services", &service("web"));
    assert_eq!(code, 201, "{made}");
    let port = made["spec"]["ports"][0]["nodePort"].to_string();
    let opened = served.line();
    let address = opened["nodePorts"][&port].as_str().expect("an address").to_string();
    let path = "/apis/apps/v1/namespaces/default/deployments/web";
    until("two ready pods", || served.json("GET", path, "").1["status"]["readyReplicas"] == 2);
    until("both answer", || {
        let names: std::collections::BTreeSet<String> =
            (0..20).map(|_| http(&address, "GET", "/", "text/plain", "").1).collect();
        names.iter().all(|name| name.starts_with("web-")) && names.len() == 2
    });
    // Nobody is behind it: the connection is reset, as REJECT does.
    let (code, _) = served.request("DELETE", path, "application/json", "");
    assert_eq!(code, 200);
    let slices = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?labelSelector=kubernetes.io/service-name%3Dweb";
    until("no endpoint", || {
        let (_, list) = served.json("GET", slices, "");
        list["items"][0]["endpoints"].as_array().is_none_or(Vec::is_empty)
    });
    until("a reset", || {
        let mut stream = TcpStream::connect(&address).expect("the port is open");
        stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").is_err() || stream.read(&mut [0; 10]).is_err()
    });
    assert!(served.stop());
}

#[test]
fn a_load_balancer_is_opened_once_the_cloud_has_made_it() {
    let mut served = Served::start(&["--speed", "10"]);
    let (code, _) = served.json("POST", "/apis/apps/v1/namespaces/default/deployments", DEPLOYMENT);
    assert_eq!(code, 201);
    let balanced = service("web").replace("NodePort", "LoadBalancer");
    let (code, made) = served.json("POST", "/api/v1/namespaces/default/services", &balanced);
    assert_eq!((code, &made["status"]), (201, &json!({"loadBalancer": {}})));
    assert!(served.line()["nodePorts"].is_object(), "its node port comes first");
    let opened = served.line();
    let address = opened["loadBalancers"]["default/web:80"].as_str().expect("an address").to_string();
    until("an answer", || http(&address, "GET", "/", "text/plain", "").1.starts_with("web-"));
    let (code, _) =
        served.request("DELETE", "/api/v1/namespaces/default/services/web", "application/json", "");
    assert_eq!(code, 200);
    until("it is closed", || TcpStream::connect(&address).is_err());
    assert!(served.stop());
}

#[test]
fn a_watch_streams_until_its_timeout() {
    let served = Served::start(&["--speed", "10"]);
    let path = "/api/v1/namespaces/default/services?watch=true&timeoutSeconds=20";
    let (code, text) = std::thread::scope(|scope| {
        let watcher = scope.spawn(|| served.request("GET", path, "application/json", ""));
        std::thread::sleep(Duration::from_millis(300));
        assert_eq!(served.json("POST", "/api/v1/namespaces/default/services", &service("late")).0, 201);
        watcher.join().expect("the watcher")
    });
    assert_eq!(code, 200);
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("an event")).collect();
    let told: Vec<(&str, &str)> = lines
        .iter()
        .map(|e| (e["type"].as_str().unwrap_or(""), e["object"]["metadata"]["name"].as_str().unwrap_or("")))
        .collect();
    assert_eq!(told, [("ADDED", "kubernetes"), ("ADDED", "late")]);
}

/// A question for the address of a name: one message of RFC 1035, with id 1234.
fn question(name: &str) -> Vec<u8> {
    let mut message = vec![0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        message.push(label.len() as u8);
        message.extend_from_slice(label.as_bytes());
    }
    message.extend_from_slice(&[0, 0, 1, 0, 1]);
    message
}

#[test]
fn names_are_answered_over_udp_and_tcp() {
    let served = Served::start(&[]);
    let dns = served.said("dns").to_string();
    let asked = question("kubernetes.default.svc.cluster.local");
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    socket.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
    let mut buffer = [0; 512];
    // The first question may find DNS not yet there: it is asked again, as resolvers do.
    socket.send_to(&asked, &dns).expect("sent");
    let length = socket.recv(&mut buffer).expect("an answer over UDP");
    let is_right = |answer: &[u8]| answer.starts_with(&[0x12, 0x34]) && answer.ends_with(&[10, 96, 0, 1]);
    assert!(is_right(&buffer[..length]), "{:?}", &buffer[..length]);
    let mut stream = TcpStream::connect(&dns).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
    let framed = [&(asked.len() as u16).to_be_bytes(), asked.as_slice()].concat();
    stream.write_all(&framed).expect("sent");
    let mut length = [0; 2];
    stream.read_exact(&mut length).expect("a length");
    let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut answer).expect("an answer over TCP");
    assert!(is_right(&answer), "{answer:?}");
}

#[test]
fn what_was_served_can_be_replayed() {
    let file = std::env::temp_dir().join(format!("tidepool-serve-{}.json", std::process::id()));
    let path = file.to_string_lossy().into_owned();
    let mut served = Served::start(&["--speed", "max", "--save", &path]);
    assert_eq!(served.json("POST", "/api/v1/namespaces/default/services", &service("web")).0, 201);
    let (code, refused) = served.json("POST", "/api/v1/namespaces/default/services", "{");
    assert_eq!((code, &refused["kind"]), (400, &json!("Status")));
    assert!(served.stop());
    let text = std::fs::read_to_string(&file).expect("the recording");
    let recording = tidepool_core::recording::Recording::from_json(&text).expect("a recording");
    let world = recording.replay().expect("a world");
    let _ = std::fs::remove_file(&file);
    assert!(recording.inputs.len() >= 2 && world.now().0 >= recording.start);
}

#[test]
fn bad_arguments_are_refused_with_a_reason() {
    for (args, words) in [
        (&["--speed", "fast"][..], "--speed \"fast\" is not a factor such as 2, or max"),
        (&["--port", "99999"], "--port \"99999\" is not a port"),
        (&["--forward", "web"], "--forward \"web\" is not [PORT:]svc/NAME[.NAMESPACE]:PORT[/udp]"),
        (&["--forward", "svc/nope:80"], "there is no Service nope with an address in namespace default"),
        (&["--cluster", "/nowhere"], "cannot read /nowhere"),
    ] {
        let mut command = std::process::Command::new(tidepool());
        let output = command.arg("serve").args(args).output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(words), "{args:?}: {said}");
    }
}
