//! The real iptables and nft, where they are installed and may run in a network namespace of their own: they take the
//! rendered rules, and print them again as we do. Where they are not, these tests say so and pass.

use super::bench::{Bench, web, web_slice};
use serde_json::json;
use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};
use tidepool_core::base::Duration;
use tidepool_core::net::Protocol::Tcp;
use tidepool_core::proxy::mode::Mode;
use tidepool_core::recording::{Recording, Script};

/// Runs a script in a network namespace of its own, with a text as its input. `None`: that is not possible here.
fn in_namespace(script: &str, input: &str) -> Option<String> {
    let mut child = Command::new("unshare")
        .args(["-n", "sh", "-ec", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .ok()?;
    child.stdin.take()?.write_all(input.as_bytes()).ok()?;
    let output = child.wait_with_output().ok()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}\n{input}");
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn can(tool: &str) -> bool {
    let script = format!("{tool} >/dev/null");
    let run = Command::new("unshare").args(["-n", "sh", "-c", &script]).stderr(Stdio::null()).status();
    run.is_ok_and(|status| status.success())
}

/// Services of every shape.
fn bench(mode: Mode) -> Bench {
    let mut bench = Bench::of(mode, 1, 1);
    let port = |node: u16| json!([{"port": 80, "targetPort": 8080, "protocol": "TCP", "nodePort": node}]);
    let specs = [
        json!({"type": "NodePort", "ports": port(30080)}),
        json!({"type": "LoadBalancer", "ports": port(31233), "externalTrafficPolicy": "Local",
               "loadBalancerSourceRanges": ["203.0.113.0/25", "172.18.0.0/16", "203.0.113.0/24"]}),
        json!({"type": "ClusterIP", "internalTrafficPolicy": "Local", "externalIPs": ["192.0.2.99"],
               "ports": [{"port": 443, "targetPort": 8443, "protocol": "TCP"}]}),
        json!({"sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 10_801}}}),
        json!({"ports": [{"port": 8080, "targetPort": 53, "protocol": "UDP"}]}),
    ];
    for (n, spec) in specs.into_iter().enumerate() {
        let mut service = web(spec);
        let (name, ip) = (format!("web{n}"), format!("10.96.{}.{}", 9 - n, n + 1));
        service["metadata"]["name"] = json!(name);
        service["spec"]["clusterIP"] = json!(ip);
        service["spec"]["clusterIPs"] = json!([ip]);
        if n == 1 {
            service["status"] = json!({"loadBalancer": {"ingress": [{"ip": "198.51.100.9"}]}});
        }
        bench.service(service);
        let mut slice =
            web_slice(&[("10.244.1.5", "node-1"), ("10.244.0.6", "node-0"), ("10.244.1.7", "node-1")]);
        slice["metadata"]["name"] = json!(format!("{name}-x"));
        slice["metadata"]["labels"]["kubernetes.io/service-name"] = json!(name);
        bench.slice(slice);
    }
    bench.run(Duration::secs(3));
    bench
}

/// The tables, each with its chains and rules; what is the kernel's own is left out.
fn lines(text: &str) -> Vec<String> {
    let mut tables: Vec<String> = text
        .split("COMMIT\n")
        .map(|table| {
            // Order of chains and counters of packets are the kernel's own; rules of a chain keep theirs.
            let chains: BTreeSet<&str> = table
                .lines()
                .filter(|line| line.starts_with(':'))
                .map(|l| l.split(' ').next().unwrap_or(l))
                .collect();
            let mut rules: Vec<&str> = table.lines().filter(|line| line.starts_with("-A")).collect();
            rules.sort_by_key(|rule| rule.split(' ').nth(1).unwrap_or_default().to_string());
            let head = table.lines().find(|line| line.starts_with('*')).unwrap_or_default();
            format!("{head}\n{}\n{}", chains.into_iter().collect::<Vec<_>>().join("\n"), rules.join("\n"))
        })
        .collect();
    tables.sort();
    tables
}

#[test]
fn iptables_restore_takes_the_rules_and_saves_the_same() {
    if !can("iptables-save") {
        println!("skipped: iptables does not run here");
        return;
    }
    let saved = bench(Mode::Iptables).rules(0);
    let again = in_namespace("iptables-restore; iptables-save", &saved).expect("unshare runs");
    assert_eq!(lines(&again), lines(&saved));
}

#[test]
fn nft_takes_the_table_and_lists_the_same() {
    if !can("nft list ruleset") {
        println!("skipped: nft does not run here");
        return;
    }
    let mut bench = bench(Mode::Nftables);
    bench.connect(0, "c", "10.244.0.9:4000", "10.96.9.1:80", Tcp);
    let listed = bench.rules(0);
    let again = in_namespace("nft -f -; nft list table ip kube-proxy", &listed).expect("unshare runs");
    assert_eq!(again, listed);
}

/// The rules of node-1 of a dual-stack world with Services of every shape, by a command on that node.
fn dual_stack(mode: &str, command: &str) -> String {
    let cluster = format!(
        "apiVersion: tidepool.dev/v1\nkind: Cluster\nspec: {{ipFamilies: [IPv4, IPv6], kubeProxy: {{mode: {mode}}}}}\n"
    );
    let services = "kubectl apply -f - <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec: {nodeName: node-1, containers: [{name: c, image: traefik/whoami}]}
---
apiVersion: v1
kind: Service
metadata: {name: both}
spec: {type: NodePort, ipFamilyPolicy: RequireDualStack, selector: {app: web}, ports: [{port: 80}], sessionAffinity: ClientIP}
---
apiVersion: v1
kind: Service
metadata: {name: local}
spec: {type: NodePort, ipFamilies: [IPv6], externalTrafficPolicy: Local, selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: nobody}
spec: {ipFamilies: [IPv6], selector: {app: nobody}, ports: [{port: 80}]}
YAML";
    let mut script = Script::new(Recording::new(7, &cluster)).expect("a cluster");
    for line in [services, "sleep 8"] {
        assert_eq!(script.line(line).expect("it runs").status, 0);
    }
    script.line(command).expect("it runs").output
}

#[test]
fn both_tools_take_the_rules_of_ipv6() {
    if can("ip6tables-save") {
        let saved = dual_stack("iptables", "ssh node-1 ip6tables-save");
        let again = in_namespace("ip6tables-restore; ip6tables-save", &saved).expect("unshare runs");
        assert_eq!(lines(&again), lines(&saved));
    }
    if can("nft list ruleset") {
        let listed = dual_stack("nftables", "ssh node-1 nft list table ip6 kube-proxy");
        let again = in_namespace("nft -f -; nft list table ip6 kube-proxy", &listed).expect("unshare runs");
        assert_eq!(again, listed);
    }
}
