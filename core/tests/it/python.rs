//! python3 in a whole cluster: each line that touches the network has a journey of its own; and, whatever the text, the
//! parser, the repair and the machine come to an end.

use proptest::prelude::*;
use std::collections::BTreeMap;
use tidepool_core::recording::{Recording, Script};
use tidepool_core::shell::python::repair;
use tidepool_core::trace::{Cargo, Fact};

const CALL: &str = "import socket
# 服务名称
service_name = 'my-service.default.svc.cluster.local'
# DNS解析
service_ip = socket.gethostbyname(service_name)
# 连接服务
service_port = 80
sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
sock.connect((service_ip, service_port))
# 调用服务
request = 'GET / HTTP/1.1\\r\\nHost: {}\\r\\n\\r\\n'.format(service_name)
sock.sendall(request.encode('utf-8'))
# 接收响应
response = sock.recv(4096)
print(response.decode('utf-8'))
# 关闭连接
sock.close()
";

const SETUP: &[&str] = &[
    "kubectl create deployment my-app --image=registry.k8s.io/e2e-test-images/agnhost:2.53 --port=9376 -- /agnhost serve-hostname",
    "kubectl expose deployment my-app --name=my-service --port=80 --target-port=9376",
    "kubectl run client --image=python:3.12-slim --command -- sleep infinity",
    "kubectl wait --for=condition=Ready pod/client --timeout=60s",
    "kubectl rollout status deployment/my-app",
    "sleep 3",
];

fn run(script: &mut Script, line: &str) -> (String, i32) {
    let result = script.line(line).expect("an open terminal");
    (result.output, result.status)
}

fn cluster() -> Script {
    let mut script = Script::new(Recording::new(7, "")).expect("an empty recording");
    for line in SETUP {
        assert_eq!(run(&mut script, line).1, 0, "{line}");
    }
    script
}

#[test]
fn each_line_that_touches_the_network_has_its_own_journey() {
    let mut script = cluster();
    let write = format!("kubectl exec -i client -- sh -c 'cat > call.py' <<'E'\n{CALL}E");
    assert_eq!(run(&mut script, &write).1, 0);
    let (printed, status) = run(&mut script, "kubectl exec client -- python3 call.py");
    assert!(printed.starts_with("HTTP/1.1 200 OK\r\n") && status == 0, "{printed}");

    let log = script.session.world().log();
    let command = log.journeys.iter().filter(|journey| match &journey.origin {
        tidepool_core::trace::Origin::Request(words, _) => &**words == "python3 call.py",
        _ => false,
    });
    let command = command.into_iter().next_back().expect("the program's journey").id;
    let mut by_line: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    for journey in log.journeys.iter() {
        let Some(line) = journey.origin.line() else { continue };
        assert_eq!((line.file, journey.parent), ("/call.py", Some(command)));
        assert_eq!(Some(line.text), CALL.lines().nth(line.line as usize - 1));
        let cargoes = journey.events.iter().filter_map(|id| match &log.get(*id)?.fact {
            Fact::Moved(hop) => Some(match &hop.cargo {
                Cargo::Dns(_) => "dns".to_string(),
                Cargo::Tcp(flag) => format!("{flag:?}"),
                Cargo::HttpRequest(..) => "request".to_string(),
                Cargo::HttpResponse(..) => "response".to_string(),
                _ => "other".to_string(),
            }),
            _ => None,
        });
        by_line.entry(line.line).or_default().extend(cargoes);
    }
    assert_eq!(by_line.keys().copied().collect::<Vec<u32>>(), [5, 9, 12, 17]);
    let has =
        |line: u32, what: &str| by_line.get(&line).is_some_and(|all| all.iter().any(|cargo| cargo == what));
    assert!(
        has(5, "dns") && has(9, "Syn") && has(12, "request") && has(12, "response") && has(17, "Fin"),
        "{by_line:?}"
    );
    assert!(!has(9, "dns") && !has(17, "request"), "{by_line:?}");
}

/// Tokens that make programs which mostly parse.
const WORDS: &[&str] = &[
    "x",
    "y",
    "if ",
    "else",
    ":",
    "\n",
    "\n    ",
    "\n\t",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    "=",
    "==",
    "+",
    "-",
    "*",
    "**",
    "for ",
    " in ",
    "while ",
    "def f(a, b=1):",
    "return ",
    "lambda ",
    "try:",
    "except ",
    "finally:",
    "with ",
    " as ",
    "f'{",
    "}'",
    "'",
    "\"\"\"",
    "1",
    "0x",
    "1.5",
    "not ",
    " and ",
    " or ",
    "import socket",
    "服务",
    "：",
    "#",
    "\\",
    ".",
    ";",
    "raise ",
    "global x",
    "break",
    "continue",
    "pass",
    "print(",
    "@",
    ":=",
    "yield",
    "class ",
    "\u{a0}",
    "!r",
    "del ",
    "*",
];

fn run_alone(text: &str) -> (String, i32) {
    let mut script = Script::new(Recording::new(7, "")).expect("an empty recording");
    let quoted = text.replace('\'', "'\\''");
    run(&mut script, &format!("timeout 5 python3 -c '{quoted}'"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_text_breaks_the_repair(text in "\\PC{0,200}") {
        let _ = repair::offer(&text);
    }

    #[test]
    fn no_row_of_words_breaks_the_repair(words in prop::collection::vec(prop::sample::select(WORDS), 0..40)) {
        let text: String = words.concat();
        if let Some(repair) = repair::offer(&text) {
            let bare = |text: &str| text.lines().map(|line| line.replacen("# ", "", 1)).collect::<Vec<_>>();
            prop_assert_eq!(bare(&repair.text).len(), text.lines().count());
            prop_assert_eq!(repair::offer(&repair.text), None);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(30))]

    #[test]
    fn every_program_ends_or_is_ended(words in prop::collection::vec(prop::sample::select(WORDS), 0..30)) {
        let text: String = words.concat();
        let (_, status) = run_alone(&text);
        prop_assert!(matches!(status, 0 | 1 | 124 | 127 | 2), "{text}: {status}");
    }
}

/// Python that is sound: every name is bound before it is used.
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(
        &["x", "1", "'a b'", "len('服务')", "None", "[1, x]", "{'k': x}", "x if x else 2"][..],
    );
    leaf.prop_map(str::to_string).prop_recursive(3, 12, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} or {b})")),
            inner.clone().prop_map(|a| format!("str({a})")),
            inner.clone().prop_map(|a| format!("'{{}}'.format({a})")),
            inner.prop_map(|a| format!("not {a}")),
        ]
    })
}

/// A statement as lines without indentation of their own.
fn statement() -> impl Strategy<Value = Vec<String>> {
    let simple = prop_oneof![
        expression().prop_map(|value| format!("x = {value}")),
        expression().prop_map(|value| format!("print({value})")),
        expression().prop_map(|value| format!("x = {value}  # 为什么")),
        prop::sample::select(
            &["pass", "import time", "# 连接服务", "x = f'{x}!'", "print(\"a\", end='')"][..]
        )
        .prop_map(str::to_string),
    ];
    simple.prop_map(|line| vec![line]).prop_recursive(3, 20, 4, |inner| {
        let block = prop::collection::vec(inner, 1..4).prop_map(|all| {
            let lines = all.into_iter().flatten().map(|line| format!("    {line}"));
            lines.chain(["    pass".to_string()]).collect::<Vec<_>>()
        });
        let heads = prop::sample::select(
            &["if x:", "for i in range(3):", "while not x:", "def f(a, b=1):", "with_try"][..],
        );
        (heads, block).prop_map(|(head, mut lines)| {
            if head == "with_try" {
                lines.insert(0, "try:".into());
                lines.extend(["except OSError as e:".into(), "    print(e)".into()]);
            } else {
                lines.insert(0, head.into());
            }
            lines
        })
    })
}

/// What people write above a line of code.
const PROSE: &[&str] = &["服务名称", "DNS解析", "连接服务并发送请求", "调用服务：读取响应", "关闭连接"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_sound_program_stays_as_it_is(statements in prop::collection::vec(statement(), 1..8)) {
        let text = format!("x = 0\n{}\n", statements.concat().join("\n"));
        prop_assert_eq!(repair::offer(&text), None, "{}", text);
    }

    #[test]
    fn comments_get_back_their_sign(parts in prop::collection::vec((prop::sample::select(PROSE), statement()), 1..6)) {
        let program = |sign: &str| {
            let with_prose = |(prose, lines): &(&str, Vec<String>)| format!("{sign}{prose}\n{}\n", lines.join("\n"));
            format!("x = 0\n{}", parts.iter().map(with_prose).collect::<String>())
        };
        let offered = repair::offer(&program(""));
        prop_assert_eq!(offered.map(|repair| repair.text), Some(program("# ")));
    }
}

#[test]
fn deep_nesting_is_refused_and_not_followed() {
    for text in [
        format!("x = {}1{}", "(".repeat(150), ")".repeat(150)),
        format!("x = {}1", "-".repeat(5_000)),
        format!("x = {}1", "not ".repeat(5_000)),
        format!("x = {}1", "lambda: ".repeat(5_000)),
        format!("x = {}1", "1 if 1 else ".repeat(5_000)),
        format!("x = {}1", "2 ** ".repeat(5_000)),
        format!("x = {}1{}", "[".repeat(5_000), "]".repeat(5_000)),
        format!("x = {}", "f'{".repeat(500)),
    ] {
        let mut script = Script::new(Recording::new(7, "")).expect("an empty recording");
        let write = format!("cat > deep.py <<'E'\n{text}\nE");
        assert_eq!(run(&mut script, &write).1, 0);
        let (printed, status) = run(&mut script, "python3 deep.py");
        assert_eq!(status, 1, "{printed}");
        assert!(printed.contains("SyntaxError"), "{printed}");
    }
    let blocks: String = (0..90).map(|n| format!("{}if 1:\n", " ".repeat(n))).collect();
    let text = format!("{blocks}{}pass\n", " ".repeat(90));
    assert!(repair::offer(&text).is_none());
}
