//! The real dig, host and nslookup against a served world print what they printed of a real CoreDNS. Where a tool is not
//! installed, its questions are left out and that is said.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;
use tidepool_clients::Served;

#[path = "../../core/tests/it/dns/rules.rs"]
mod rules;

fn case(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../core/cases/dns").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The recorded cluster with its Corefile, as a cluster file.
fn cluster(test: &str) -> PathBuf {
    let corefile: String = case("cluster.Corefile").lines().map(|line| format!("    {line}\n")).collect();
    let text = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: coredns, namespace: kube-system}}\ndata:\n  Corefile: |\n{corefile}---\n{}",
        case("cluster.yaml")
    );
    let path = std::env::temp_dir().join(format!("tidepool-dns-{test}-{}.yaml", std::process::id()));
    std::fs::write(&path, text).expect("a file");
    path
}

/// Runs a recorded command against another port; `None` where the tool is not installed.
fn run(command: &str, port: &str) -> Option<String> {
    let mut words: Vec<String> = command.split(' ').map(String::from).collect();
    let tool = words.remove(0);
    let at = match tool.as_str() {
        "nslookup" => format!("-port={port}"),
        _ => format!("-p{port}"),
    };
    words.insert(0, at);
    let output = Command::new(&tool).args(&words).env("LC_ALL", "C").output().ok()?;
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    if let Some(status) = output.status.code().filter(|status| *status != 0) {
        text = format!("{}\n[exit {status}]\n", text.trim_end());
    }
    Some(text)
}

/// What differs from run to run is blanked; the lines of each section are a set, as their order is drawn.
fn comparable(text: &str, port: &str) -> Vec<BTreeSet<String>> {
    let mut sections = vec![BTreeSet::new()];
    for line in text.replace(&format!("#{port}"), "#53").lines() {
        let line = line.trim_end();
        let varies = ["; <<>> DiG", "; COOKIE:", ";; Query time:", ";; WHEN:", ";; ->>HEADER<<-"];
        let line = match varies.iter().find(|start| line.starts_with(**start)) {
            Some(&";; ->>HEADER<<-") => line.split(", id:").next().unwrap_or_default().to_string(),
            Some(start) => start.to_string(),
            None => line.to_string(),
        };
        let words: Vec<&str> = line.split_whitespace().collect();
        let line = match words.iter().position(|word| *word == "SOA") {
            // The serial is a time.
            Some(at) if words.len() > at + 4 && words[at + 3] != "1" => {
                let mut words: Vec<String> = words.iter().map(|word| word.to_string()).collect();
                words[at + 3] = "<serial>".into();
                words.join(" ")
            }
            _ => line,
        };
        match line.is_empty() {
            true => sections.push(BTreeSet::new()),
            false => drop(sections.last_mut().expect("a section").insert(line)),
        }
    }
    sections.retain(|section| !section.is_empty());
    sections
}

/// What dig says of a question, as `rules.txt` writes it; `None` where dig is not installed.
fn by_rules(question: &str, port: &str) -> Option<Vec<String>> {
    let options = ["+nocmd", "+noquestion", "+nostats", "+nocookie", "+time=3"];
    let mut dig = Command::new("dig");
    let output =
        dig.args(["@127.0.0.1", "-p", port]).args(options).args(question.split(' ')).output().ok()?;
    let (mut head, mut sign, mut records) = (String::new(), "", Vec::new());
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if let Some((_, rest)) = line.split_once("status: ") {
            head = rest.split(',').next().unwrap_or_default().into();
        } else if let Some(rest) = line.strip_prefix(";; flags: ") {
            head = format!("{head} {}", rest.split(';').next().unwrap_or_default());
        } else if line.starts_with(";; ANSWER") {
            sign = "=";
        } else if line.starts_with(";; AUTHORITY") {
            sign = "~";
        } else if line.starts_with(";; ADDITIONAL") {
            sign = "+";
        } else if !line.starts_with(';') && !words.is_empty() {
            let serial = words.iter().position(|word| *word == "SOA").map(|at| at + 3);
            let words = words.iter().enumerate().map(|(n, w)| if Some(n) == serial { "<serial>" } else { w });
            records.push(format!("{sign} {}", words.collect::<Vec<_>>().join(" ")));
        }
    }
    records.sort();
    records.insert(0, head);
    Some(records)
}

/// A name server to ask: a served world, or, where `COREDNS` names one, the real CoreDNS in front of the served API.
#[test]
fn questions_are_answered_by_the_rules() {
    let path = cluster("rules");
    let file = path.to_string_lossy().into_owned();
    let served = Served::start(&["--cluster", &file, "--speed", "1"]);
    let (real, port) = match std::env::var_os("COREDNS") {
        Some(program) => {
            let (child, port) = coredns(&program, served.said("api"));
            (Some(child), port)
        }
        None => (None, served.said("dns").rsplit(':').next().unwrap_or_default().to_string()),
    };
    let mut failures = Vec::new();
    for (question, expected) in rules::questions(&case("rules.txt")) {
        match by_rules(&question, &port) {
            Some(got) if got == expected => {}
            Some(got) => failures.push(format!("? {question}\n  expected {expected:#?}\n  got {got:#?}")),
            None => {
                println!("skipped: dig is not installed");
                break;
            }
        }
    }
    if let Some(mut child) = real {
        let _ = child.kill();
        let _ = child.wait();
    }
    let _ = std::fs::remove_file(path);
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// A real CoreDNS on a free port, once it is ready.
fn coredns(program: &std::ffi::OsStr, api: &str) -> (std::process::Child, String) {
    let free = || {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.local_addr().expect("its address").port()
    };
    let (port, ready) = (free(), free());
    let corefile = case("cluster.Corefile")
        .replace(".:53", &format!(".:{port}"))
        .replace("    ready\n", &format!("    ready 127.0.0.1:{ready}\n"))
        .replace("    health {\n        lameduck 5s\n    }\n", "")
        .replace("ttl 30", &format!("ttl 30\n        endpoint {api}"));
    let path = std::env::temp_dir().join(format!("tidepool-corefile-{}", std::process::id()));
    std::fs::write(&path, corefile).expect("a file");
    let child = Command::new(program).arg("-conf").arg(&path).spawn().expect("CoreDNS starts");
    for _ in 0..100 {
        if tidepool_clients::http(&format!("127.0.0.1:{ready}"), "GET", "/ready", "text/plain", "").0 == 200 {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    (child, port.to_string())
}

#[test]
fn the_real_tools_print_what_they_printed_of_coredns() {
    let path = cluster("answers");
    let file = path.to_string_lossy().into_owned();
    let served = Served::start(&["--cluster", &file, "--speed", "1"]);
    let port = served.said("dns").rsplit(':').next().unwrap_or_default().to_string();
    let (mut failures, mut asked, mut missing) = (Vec::new(), 0, BTreeSet::new());
    for block in format!("\n{}", case("answers.txt")).split("\n$ ").skip(1) {
        let (command, expected) = block.split_once('\n').expect("an answer");
        let Some(printed) = run(command, &port) else {
            missing.insert(command.split(' ').next().unwrap_or_default().to_string());
            continue;
        };
        asked += 1;
        // The recorder's CoreDNS had no Service in front of it; one that has is named after it (plugin/kubernetes/ns.go).
        if command.ends_with(" cluster.local. NS") {
            assert!(printed.contains("30\tIN\tNS\tkube-dns.kube-system.svc.cluster.local."), "{printed}");
            assert!(
                printed.contains("kube-dns.kube-system.svc.cluster.local.\t30 IN A\t10.96.0.10"),
                "{printed}"
            );
            continue;
        }
        // Another question leads to this name too, some seconds before or after: how much is left of it is chance.
        let left = |text: &str| match command.contains(" www.example.test.") {
            true => (0..30).fold(text.to_string(), |text, n| text.replace(&format!("\t{n}\t"), "\t30\t")),
            false => text.to_string(),
        };
        let (want, got) = (comparable(&left(expected), "53"), comparable(&left(&printed), &port));
        if want != got {
            failures.push(format!("$ {command}\n  expected {want:#?}\n  printed {got:#?}"));
        }
    }
    let _ = std::fs::remove_file(path);
    if !missing.is_empty() {
        println!("skipped, as they are not installed: {missing:?}");
    }
    assert!(failures.is_empty(), "{} of {asked} differ\n{}", failures.len(), failures.join("\n"));
}

/// Options of dig, each with each name below.
const OPTIONS: &[&str] = &[
    "",
    "+short",
    "+noall +answer",
    "+noall +answer +comments",
    "+tcp",
    "+noedns",
    "+dnssec +nocookie",
    "+norecurse +noadflag",
    "+nottlid +noclass",
    "+nocomments +nostats",
    "+noquestion +noauthority +noadditional",
    "+nocmd +noall +question +stats",
];

/// Names and types whose answers have no order.
const QUESTIONS: &[&str] = &[
    "web.shop.svc.cluster.local",
    "web.shop.svc.cluster.local AAAA",
    "-t SRV _http._tcp.web.shop.svc.cluster.local",
    "-x 10.96.0.1",
    "1.0.96.10.in-addr.arpa. PTR",
    "nope.shop.svc.cluster.local",
    "cluster.local SOA",
    "dns-version.cluster.local TXT",
    "shop.svc.cluster.local MX",
    "-c CH -t TXT version.bind",
    "a-name-that-is-quite-long-for-the-columns.shop.svc.cluster.local A",
    "web.shop.svc.cluster.local ANY",
];

/// What must differ between two runs is blanked, and nothing else.
fn exact(text: &str) -> Vec<String> {
    let blank = |line: &str| {
        let varies = ["; <<>> DiG", "; COOKIE:", ";; Query time:", ";; WHEN:", ";; SERVER:"];
        if let Some(start) = varies.iter().find(|start| line.starts_with(**start)) {
            return start.to_string();
        }
        if let Some((head, _)) = line.split_once(", id: ") {
            return head.to_string();
        }
        match line.split_once("hostmaster.cluster.local. ") {
            Some((head, rest)) => format!("{head}SERIAL {}", rest.split_once(' ').unwrap_or_default().1),
            None => line.to_string(),
        }
    };
    text.lines().map(blank).collect()
}

#[test]
fn dig_in_the_page_prints_what_dig_prints() {
    const MARK: &str = "=== ";
    let path = cluster("page");
    let file = path.to_string_lossy().into_owned();
    let served = Served::start(&["--cluster", &file, "--speed", "1"]);
    let port = served.said("dns").rsplit(':').next().unwrap_or_default().to_string();
    let commands: Vec<String> = QUESTIONS
        .iter()
        .flat_map(|question| {
            OPTIONS.iter().map(move |options| format!("{options} {question}").trim().to_string())
        })
        .collect();
    let mut script = String::from(
        "kubectl run tools --image=registry.k8s.io/e2e-test-images/jessie-dnsutils:1.3 > /dev/null; sleep 30\n",
    );
    for command in &commands {
        script
            .push_str(&format!("echo '{MARK}{command}'\nkubectl exec tools -- dig @10.96.0.10 {command}\n"));
    }
    let script_path = std::env::temp_dir().join(format!("tidepool-dig-{}.sh", std::process::id()));
    std::fs::write(&script_path, script).expect("a file");
    let page = Command::new(tidepool_clients::tidepool())
        .arg("run")
        .arg(&script_path)
        .args(["--cluster", &file])
        .output()
        .expect("a run");
    let page = String::from_utf8_lossy(&page.stdout).into_owned();
    let printed: Vec<&str> =
        page.split(MARK).skip(1).map(|part| part.split_once('\n').unwrap_or_default().1).collect();
    assert_eq!(printed.len(), commands.len());
    let mut failures = Vec::new();
    for (command, printed) in commands.iter().zip(printed) {
        let words =
            ["@127.0.0.1", "-p", &port].into_iter().chain(command.split(' ').filter(|word| !word.is_empty()));
        let Ok(real) = Command::new("dig").args(words).env("LC_ALL", "C").output() else {
            println!("skipped: dig is not installed");
            break;
        };
        let (want, got) = (exact(&String::from_utf8_lossy(&real.stdout)), exact(printed));
        if want != got {
            failures.push(format!("$ dig {command}\n  dig {want:#?}\n  the page {got:#?}"));
        }
    }
    let _ = (std::fs::remove_file(path), std::fs::remove_file(script_path));
    assert!(failures.is_empty(), "{} of {} differ\n{}", failures.len(), commands.len(), failures.join("\n"));
}
