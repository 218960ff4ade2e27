//! English.

use super::{Said, Ui, Words, fraction, labels, millis};
use tidepool_core::base::ObjectRef;
use tidepool_core::trace::cargo::DnsCargo;
use tidepool_core::trace::reason::{PickedBy, PolicyRefusal, RulePick, SearchStep};
use tidepool_core::trace::{Cargo, Change, Hop, Place, Reason, Refusal, TcpFlag};
use tidepool_core::world::view::Check;

pub(super) static WORDS: Words = Words {
    tag: "en",
    name: "English",
    ui: UI,
    editor: super::editor::en::EDITOR,
    inspect: &super::inspect::EN,
    hop,
    reason,
    refusal,
    change,
    place,
    hops: |n| if n == 1 { "1 hop".into() } else { format!("{n} hops") },
    more: |n| format!("and {n} more"),
    stale_rules: |behind| {
        let written =
            behind.written.map(|ago| format!(", written {} before", millis(ago))).unwrap_or_default();
        let rewritten = match behind.rewritten {
            Some(later) => format!("kube-proxy wrote new ones {} later", millis(later)),
            None => "kube-proxy has not written new ones yet".into(),
        };
        format!("The rules on {}{written}, still named it; {rewritten}.", behind.node)
    },
    failed_since: |n| match n {
        1 => "A later request failed: look why".into(),
        n => format!("{n} later requests failed: look why"),
    },
    together: |n| format!("{n} together"),
    pod_state,
    endpoints: |ready, not| match (ready, not) {
        (0, 0) => "no endpoints".into(),
        (1, 0) => "1 ready endpoint".into(),
        (n, 0) => format!("{n} ready endpoints"),
        (n, m) => format!("{n} ready, {m} not ready"),
    },
    problems: |n| if n == 1 { "1 problem".into() } else { format!("{n} problems") },
    line: |line, column| format!("line {line}, column {column}"),
    behind: |speed| format!("runs at {speed}"),
    pods: |n, ready| format!("{n} pods, {ready} ready"),
    to_pods: |n| match n {
        0 => "no pods".into(),
        1 => "1 pod".into(),
        n => format!("{n} pods"),
    },
    calls: |n| if n == 1 { "1 call".into() } else { format!("{n} calls") },
    stage_summary: |nodes, pods, services| {
        format!("The cluster: {nodes} nodes, {pods} pods, {services} Services.")
    },
    draw: |rule, draw, limit| format!("Draw {draw}: below {limit}, so rule {rule} matches."),
    step_of: |n, of| format!("Step {n} of {of}"),
    check,
    rules_of: |applied, told| {
        if applied == told {
            format!("its rules are those of revision {applied}")
        } else {
            format!("its rules are those of revision {applied}; it has heard of {told}")
        }
    },
    replayed: |digest| {
        format!("Replayed to the same digest, {digest}. It stands where it was shared: press play to go on.")
    },
    differs: |had, has, version| {
        format!(
            "Replayed, but not to the same digest ({had}, here {has}): version {version} made it, and this one may differ."
        )
    },
    made_by: |file, line| format!("Made by {file}, line {line}"),
    lesson_of: |n, of| format!("Lesson {n} of {of}"),
    minutes: |n| format!("{n} minutes"),
    terminal: |n, at| format!("{n}: {at}"),
};

const UI: Ui = Ui {
    tagline: "A Kubernetes cluster small enough to look into",
    skip_to_stage: "Skip to the stage",
    language: "Language",
    theme_to_dark: "Dark theme",
    theme_to_light: "Light theme",
    reset: "Reset",
    reset_title: "Start a new cluster",
    reset_question: "Start a new, empty cluster? Your manifests stay; everything that you did to this cluster goes.",
    reset_yes: "New cluster",
    reset_no: "Keep this one",
    undo: "Undo",
    undo_title: "Take the last input back: the cluster replays without it",
    help_title: "Keyboard shortcuts",
    close: "Close",
    seed: "seed",
    stored_problem: "This browser stores nothing for this page, so your work will not survive a reload.",
    guide: "Guide",
    guide_eyebrow: "Start here",
    guide_title: "Who really answers when you call a Service?",
    guide_lead: "A whole cluster is running in this tab: three nodes, an API server, CoreDNS, kube-proxy. Put a Service into it, call it by name, and watch who answers.",
    share_link: "Share",
    share_title: "A link that holds this cluster and all that was done in it",
    share_text: "Whoever opens it sees the same, to the last packet. Nothing is uploaded: it is all in the link.",
    share_label: "The link",
    share_copied: "Copied",
    share_copy: "Copy",
    share_long: "It is long: some programs cut such links. Fewer commands make it shorter.",
    unreadable_damaged: "This link is damaged or cut short, so it cannot be opened. Ask for it again; your own cluster is as you left it.",
    unreadable_large: "This link holds more than is opened here. Your own cluster is as you left it.",
    unreadable_other: "This link holds no recording that this version can read. Your own cluster is as you left it.",
    dismiss: "Dismiss",
    shared_question: "This link brings a cluster of its own. It takes the place of yours.",
    shared_yes: "Open it",
    shared_no: "Keep mine",
    replaying: "Replaying what was shared…",
    inspector: "What is chosen",
    terminal_here: "Open a terminal here",
    whole_object: "The whole object",
    why_not: "Why does it not work?",
    it_works: "It works: this was looked at",
    its_rules: "Its rules",
    lesson: "Lesson",
    lessons: "Lessons",
    lessons_text: "Each has a cluster of its own and takes a few minutes.",
    lesson_leave: "Leave the lesson",
    lesson_failed: "A lesson could not be loaded.",
    lesson_again: "Again",
    begin: "Begin",
    hint: "Hint",
    show_me: "Show me",
    previous: "Previous",
    next: "Next",
    finish: "Finish",
    into_editor: "Put it into the editor",
    prints: "It prints",
    before_you_look: "Before you look",
    not_yet: "not yet",
    guide_step1: "Put a Service into the editor",
    guide_step1_text: "It is the Service of an article about service discovery, as it was pasted: the indentation is gone. The editor underlines where YAML breaks, and offers to restore it.",
    guide_step1_run: "Paste it",
    guide_step2: "Apply it",
    guide_step2_text: "kubectl sends it to the API server, which gives it an address. Look at the ring: it has no body. No process has that address.",
    guide_step2_run: "Apply",
    guide_step3: "Give it pods to call",
    guide_step3_text: "Three pods that say their name, on port 9376, and a pod to call them from. Watch the pods start, become ready, and become endpoints.",
    guide_step3_run: "Apply both",
    guide_step4: "Call it by name",
    guide_step4_text: "The name becomes an address, and the address becomes a pod. Follow it hop by hop at the right.",
    guide_step5: "Call it twelve times",
    guide_step5_text: "Each connection draws anew. Nothing takes turns here: kube-proxy's rules choose at random.",
    guide_after: "Then try what happens when the selector matches nothing, or targetPort is wrong.",
    run: "Run",
    done: "done",
    stage: "Stage",
    empty_title: "The cluster runs, and nothing is in it yet",
    empty_text: "Begin with the article's Service, three pods behind it, and a client to call from.",
    empty_button: "Put them in",
    lens: "What the stage shows",
    lens_traffic: "Traffic",
    lens_registration: "Registration",
    lens_dns: "DNS",
    believes: "believes",
    happens: "happens",
    belief: "Belief",
    reality: "Reality",
    belief_help: "Belief: whom the program thinks it talks to. Reality: where the packet goes.",
    no_one_home: "no one is home",
    no_endpoints: "no endpoints",
    operator: "your machine",
    api_server: "API server",
    etcd: "etcd",
    controllers: "controllers",
    node_agents: "kubelets · kube-proxies · DNS",
    kubectl: "kubectl",
    rules_title: "kube-proxy rules",
    rules_none: "no Service of yours yet",
    zone: "zone",
    not_ready: "not ready",
    legend: "Legend",
    legend_dns: "DNS",
    legend_request: "request",
    legend_answer: "answer",
    legend_failure: "failure",
    legend_probe: "probe",
    legend_watch: "watch",
    legend_tcp: "TCP",
    legend_api: "API call",
    starting: "starting",
    clock: "Clock",
    play: "Play",
    pause: "Pause",
    step_title: "One hop forward",
    back_title: "One hop back",
    pace: "Pace",
    pace_story: "Story",
    pace_clock: "Clock",
    pace_help: "Story: each hop of the followed request gets its time, waits are shortened. Clock: linear time.",
    speed: "Speed",
    scrubber: "Point in time",
    journey: "Journey",
    journey_empty: "No request yet",
    journey_empty_text: "Send one from a terminal, such as curl or dig, and its way appears here, hop by hop, with the evidence.",
    followed: "Followed request",
    evidence: "Evidence",
    resolv_conf: "/etc/resolv.conf",
    dns_message: "DNS message",
    conntrack: "conntrack",
    hop_list: "Hops",
    waiting: "on its way…",
    failed: "failed",
    answered: "answered",
    show_all: "All hops",
    show_main: "Main hops",
    raw: "technical",
    running: "running",
    workbench: "Workbench",
    manifests: "Manifests",
    terminal: "Terminal",
    objects: "Objects",
    rules: "Rules",
    dns: "DNS",
    traffic: "Traffic",
    log: "Log",
    examples: "Examples",
    example_hint: "Put an example into the editor",
    example_article: "The article's Service",
    example_flat: "The article's Service, as pasted",
    example_deployment: "Three pods that say their name",
    example_client: "A client pod",
    example_ingress: "The article's Ingress, as pasted",
    example_all: "Service, pods and client",
    apply: "Apply",
    apply_title: "Apply the manifests (Ctrl+Enter)",
    delete_manifest: "Clear",
    no_problems: "No problems",
    restore_indentation: "Restore the indentation",
    restore_comments: "Give the comments their # back",
    lost_comments: "This is prose, not Python: a comment that lost its #.",
    fix_hint: "Fix",
    problems_list: "Problems",
    editor_label: "Manifests, YAML",
    syntax_error: "This is not YAML yet",
    new_terminal: "New terminal",
    terminal_hint: "kubectl, curl, dig and more; try: kubectl get pods -A",
    on_host: "on your machine",
    in_pod: "in pod",
    close_terminal: "Close this terminal",
    interrupt: "Interrupt",
    busy: "running; Ctrl+C interrupts",
    prompt_label: "Terminal input",
    terminal_ended: "This terminal has ended.",
    kind: "Kind",
    namespace: "Namespace",
    name_column: "Name",
    state: "State",
    details: "Details",
    no_objects: "No objects match.",
    filter: "Filter",
    select_object: "Choose an object to see it as the API server holds it.",
    node: "Node",
    rules_empty: "This node has no rules yet.",
    rule_set: "Rules as this node's kube-proxy wrote them",
    lit_rule: "the rule that decided",
    dns_empty: "No question has been asked yet. Try: dig +short my-service.default.svc.cluster.local",
    question: "Question",
    answer: "Answer",
    asked_by: "Asked by",
    decoded: "The message, decoded",
    corefile: "Corefile",
    dns_log: "Questions and answers",
    traffic_empty: "No request has been answered yet.",
    destination: "Who answered",
    requests: "Requests",
    share: "Share",
    success: "Success",
    median: "median",
    slowest: "slowest",
    log_empty: "Nothing has happened yet.",
    log_filter: "Filter the log",
    only_followed: "Only the followed request",
    kept_events: "latest events",
    moved: "moved",
    decided: "decided",
    changed: "changed",
    refused: "refused",
    sizes: "Sizes of the regions",
    resize_guide: "Width of the guide: drag, arrow keys, double-click to reset",
    resize_journey: "Width of the journey: drag, arrow keys, double-click to reset",
    resize_bench: "Height of the workbench: drag, arrow keys, double-click to reset",
    resize_pair: "Width of the editor: drag, arrow keys, double-click to reset",
    key_play: "Play or pause",
    key_step: "One hop forward",
    key_back: "One hop back",
    key_terminal: "To the terminal",
    key_editor: "To the editor",
    key_apply: "Apply the manifests",
    key_theme: "Light or dark",
    key_help: "This list",
    key_tabs: "Tabs of the workbench",
};

fn hop(hop: &Hop) -> Said {
    let (from, to, takes) = (place(&hop.from), place(&hop.to), millis(hop.takes));
    let from_to = match &hop.addresses {
        Some(pair) => format!("{} → {}, {takes} on the way.", pair.src, pair.dst),
        None => format!("From {from}, {takes} on the way."),
    };
    match &hop.cargo {
        Cargo::Dns(dns) => dns_hop(dns, &from, &to, &from_to),
        Cargo::Tcp(TcpFlag::Syn) => {
            Said::new(format!("A connection to {to} begins"), format!("SYN: {from_to}"))
        }
        Cargo::Tcp(TcpFlag::SynAck) => {
            Said::new(format!("{from} accepts the connection"), format!("SYN-ACK: {from_to}"))
        }
        Cargo::Tcp(TcpFlag::Fin) => {
            Said::new(format!("{from} has no more to send"), format!("FIN: {from_to}"))
        }
        Cargo::Tcp(TcpFlag::Rst) => {
            Said::new(format!("{from} refuses the connection"), format!("RST: {from_to}"))
        }
        Cargo::HttpRequest(line, len) => {
            Said::new(format!("The request goes to {to}"), format!("{line}, {len} bytes. {from_to}"))
        }
        Cargo::HttpResponse(status, len) => {
            Said::new(format!("{from} answers {status}"), format!("HTTP {status}, {len} bytes. {from_to}"))
        }
        Cargo::Payload(len) => Said::new(format!("Data goes to {to}"), format!("{len} bytes. {from_to}")),
        Cargo::PortUnreachable => Said::new(
            format!("{from} says: port unreachable"),
            format!("An ICMP message instead of an answer. {from_to}"),
        ),
        Cargo::ApiRequest(verb, path, agent) => {
            Said::new(format!("{from} asks the API server"), format!("{verb} {path}, as {agent}."))
        }
        Cargo::ApiResponse(code) => {
            Said::new(format!("The API server answers {code}"), format!("To {to}, {takes} on the way."))
        }
        Cargo::StoragePut(key, revision) => {
            Said::new("etcd stores it", format!("{key} is now at revision {revision} of the store."))
        }
        Cargo::Watch(kind, object, revision) => Said::new(
            format!("{to} learns of {}", object.name),
            format!(
                "Its watch says {kind}: {object}, revision {revision}. It knows only what its watch has told it."
            ),
        ),
    }
}

fn dns_hop(dns: &DnsCargo, from: &str, to: &str, from_to: &str) -> Said {
    match &dns.answer {
        None => Said::new(format!("{from} asks {to}"), format!("“{} {}?” {from_to}", dns.name, dns.qtype)),
        Some((rcode, records)) => {
            let outcome = match (&**rcode, records) {
                ("NOERROR", 0) => {
                    format!("NOERROR with no record: the name exists, but has no {}.", dns.qtype)
                }
                ("NOERROR", 1) => "NOERROR, 1 record.".into(),
                ("NOERROR", n) => format!("NOERROR, {n} records."),
                ("NXDOMAIN", _) => "NXDOMAIN: there is no such name.".into(),
                (other, _) => format!("{other}."),
            };
            Said::new(format!("{from} answers {}", dns.qtype), format!("{}: {outcome} {from_to}", dns.name))
        }
    }
}

fn reason(by: &Place, reason: &Reason) -> Said {
    let by = place(by);
    match reason {
        Reason::SearchList(step) => search(step),
        Reason::DnsPlugin(plugin, rcode, n) => Said::new(
            format!("{by}: the plugin {plugin} answers"),
            format!(
                "The first plugin of the chain that knows the name ends the search. {rcode}, {n} answers."
            ),
        ),
        Reason::ServiceRule(pick) => rule(pick),
        Reason::Conntrack(sent, to) => Said::new(
            format!("{by} remembers this connection"),
            format!("conntrack: {sent} goes to {to}, as its first packet did. No new draw."),
        ),
        Reason::SourceRestored(sent, seen) => Said::new(
            "The source is put back",
            format!("{by}'s conntrack remembers: the client sees {seen} again, not {sent}."),
        ),
        Reason::Scheduled(pod, node, n, all) => Said::new(
            format!("{} goes to {node}", pod.name),
            format!("{n} of {all} nodes could take it; {node} scored highest."),
        ),
        Reason::Scaled(object, from, to) => Said::new(
            format!("{} {} goes from {from} to {to}", object.kind, object.name),
            format!("{by} compares what is wanted with what is there: {to} wanted, {from} there."),
        ),
        Reason::Endpoints(slice, ready, not) => Said::new(
            format!("{} now holds {ready} ready endpoints", slice.name),
            format!("{by} reads the selector and each pod's readiness: {ready} ready, {not} not ready."),
        ),
        Reason::Probe(pod, true, n, of) => Said::new(
            format!("The probe of {} succeeds", pod.name),
            format!("{n} in a row; {of} make a difference."),
        ),
        Reason::Probe(pod, false, n, of) => Said::new(
            format!("The probe of {} fails", pod.name),
            format!("{n} in a row; {of} make a difference."),
        ),
        Reason::Readiness(pod, true) => {
            Said::new(format!("{} is ready", pod.name), "From now on it may become an endpoint of Services.")
        }
        Reason::Readiness(pod, false) => {
            Said::new(format!("{} is not ready", pod.name), "Services that select it leave it out.")
        }
        Reason::RulesSynced(revision, rules, services, endpoints) => Said::new(
            format!("{by} has written its rules"),
            format!("Rule set {revision}: {rules} rules for {services} Services and {endpoints} endpoints."),
        ),
        Reason::Allocated(object, address) => Said::new(
            format!("{} gets {address}", object.name),
            "An address from the Service range; no machine has it.",
        ),
        Reason::Stopping(pod, grace) => Said::new(
            format!("{} is told to stop", pod.name),
            format!("SIGTERM; after {} s it is killed.", grace.as_secs()),
        ),
        Reason::Balanced(node, healthy, all) => balanced(&by, node, *healthy, *all),
        Reason::NodeHealth(node, healthy) => node_health(&by, node, *healthy),
        Reason::PolicyAllows(policy, ingress, rule) => Said::new(
            format!("NetworkPolicy {} lets it {}", policy.name, if *ingress { "in" } else { "out" }),
            format!("The pod is isolated that way; rule {} of the policy has this peer and port.", rule + 1),
        ),
    }
}

/// A NetworkPolicy refused a connection.
fn policy_refusal(refusal: &PolicyRefusal) -> Said {
    let names: Vec<&str> = refusal.policies.iter().map(|policy| &*policy.name).collect();
    let (way, from) = if refusal.ingress { ("in", "from") } else { ("out", "to") };
    Said::new(
        format!("NetworkPolicy does not let it {way}"),
        format!(
            "{} is isolated by {}; no rule allows traffic {from} {}. The packet vanishes, so that the caller waits \
             until it gives up.",
            refusal.pod.name,
            names.join(", "),
            refusal.peer
        ),
    )
}

/// A load balancer took a node.
fn balanced(by: &str, node: &str, healthy: u32, all: u32) -> Said {
    match healthy {
        0 => Said::new(
            format!("{by} takes {node}"),
            format!("None of its {all} nodes answers its health checks; then it uses all of them."),
        ),
        _ => Said::new(
            format!("{by} takes {node}"),
            format!(
                "A hash of addresses and ports decides among {healthy} healthy nodes of {all}. It sees nodes, not pods; \
                 the packet keeps its addresses."
            ),
        ),
    }
}

/// A load balancer's verdict on a node.
fn node_health(by: &str, node: &str, healthy: bool) -> Said {
    match healthy {
        true => Said::new(
            format!("{by}: {node} is healthy"),
            "It answered the health check; new connections may go there.",
        ),
        false => Said::new(
            format!("{by}: {node} is unhealthy"),
            "Three health checks in a row failed; new connections go to other nodes.",
        ),
    }
}

fn check(check: &Check) -> String {
    let pods = |n: usize| if n == 1 { "1 pod".to_string() } else { format!("{n} pods") };
    match check {
        Check::Selector(pairs) if pairs.is_empty() => {
            "It has no selector: somebody else must write its endpoints.".into()
        }
        Check::Selector(pairs) => format!("It selects pods with {}.", labels(pairs)),
        Check::Pods(0, Some((key, value, n))) => {
            let have = if *n == 1 { "has" } else { "have" };
            format!("No pod has these labels. {} {have} {key}={value}.", pods(*n))
        }
        Check::Pods(0, None) => "No pod has these labels.".into(),
        Check::Pods(1, _) => "1 pod has these labels.".into(),
        Check::Pods(n, _) => format!("{n} pods have these labels."),
        Check::Ready(ready, of, None) if ready == of => "All of them are ready.".into(),
        Check::Ready(ready, of, waits) => {
            let waits = waits.as_ref().map(|pod| format!("; {pod} is not")).unwrap_or_default();
            format!("{ready} of {of} are ready{waits}.")
        }
        Check::Target(port, target, without) if without.is_empty() => {
            format!("Port {port} leads to {target}, where the pods listen.")
        }
        Check::Target(port, target, without) => {
            format!("Port {port} leads to {target}, but nothing listens there in {}.", without.join(", "))
        }
        Check::Endpoints(0) => "Its EndpointSlices list no endpoint that takes traffic.".into(),
        Check::Endpoints(1) => "1 endpoint takes traffic.".into(),
        Check::Endpoints(n) => format!("{n} endpoints take traffic."),
        Check::Rules(behind, of) if behind.is_empty() => {
            format!("The rules on all {of} nodes know it as it is.")
        }
        Check::Rules(behind, _) => {
            format!("The rules on {} are behind; kube-proxy will write them.", behind.join(", "))
        }
        Check::Policies(names, true) => {
            format!("NetworkPolicy {} lets only some callers in.", names.join(", "))
        }
        Check::Policies(names, false) => format!("NetworkPolicy {} lets nobody in.", names.join(", ")),
        Check::Dns(0) => "No CoreDNS pod is ready: its name cannot be resolved.".into(),
        Check::Dns(1) => "1 CoreDNS pod is ready to tell its name.".into(),
        Check::Dns(n) => format!("{n} CoreDNS pods are ready to tell its name."),
    }
}

fn search(step: &SearchStep) -> Said {
    let (n, of) = step.attempt;
    let dots = if step.dots == 1 { "1 dot".to_string() } else { format!("{} dots", step.dots) };
    if step.asked.ends_with('.') {
        return Said::new(
            "The name is complete",
            format!("“{}” ends with a dot: no search list.", step.asked),
        );
    }
    let order = if step.dots < step.ndots {
        format!("{dots}, and ndots is {}: the search list comes first.", step.ndots)
    } else {
        format!("{dots}, and ndots is {}: the name itself comes first.", step.ndots)
    };
    Said::new(
        if n == 1 { "The name is completed" } else { "The next candidate" },
        format!("{order} Try {n} of {of}."),
    )
}

fn rule(pick: &RulePick) -> Said {
    let n = pick.candidates.len();
    let left_out = match pick.left_out {
        0 => String::new(),
        k => format!(", {k} left out (not ready)"),
    };
    let at = pick.rule + 1;
    let chosen = match (&pick.by, pick.draws.last()) {
        (PickedBy::Only, _) => "Only one, so nothing is drawn.".to_string(),
        (PickedBy::Affinity, _) => "Session affinity: this client met it not long ago.".to_string(),
        (PickedBy::Rules, Some((draw, limit))) if draw < limit => {
            let (draw, limit) = (fraction(*draw), fraction(*limit));
            format!("Draw {draw} is below {limit}: rule {at} of {n} matches.")
        }
        (PickedBy::Rules, Some((draw, _))) => {
            format!("Draw {}: no rule before it matched, so the last of {n} takes it.", fraction(*draw))
        }
        (PickedBy::Rules, None) => format!("Rule {at} of {n} matches."),
        (PickedBy::Numgen(draw), _) => {
            format!("One draw, {}, scaled to {n}: element {} of the map.", fraction(draw >> 1), pick.rule)
        }
        (PickedBy::Rotation(Some(after)), _) => {
            format!("Round robin: the turn goes from {after} to the next in the virtual server's list.")
        }
        (PickedBy::Rotation(None), _) => {
            "Round robin begins with the first of the virtual server's list.".to_string()
        }
        (PickedBy::Least(loads), _) => {
            let load = loads.get(pick.rule as usize).copied().unwrap_or_default();
            format!("It has the fewest connections: load {load}.")
        }
        (PickedBy::Hash(bucket), _) => {
            format!("The address hashes to bucket {bucket} of 256, and that is this server's.")
        }
    };
    let endpoints = if n == 1 { "1 ready endpoint".to_string() } else { format!("{n} ready endpoints") };
    let masquerade = if pick.masquerade { " The source becomes the node's own address." } else { "" };
    Said::new(
        format!("{} rewrites the address", pick.node),
        format!("{endpoints}{left_out}. {chosen}{masquerade}"),
    )
}

fn refusal(by: &Place, refusal: &Refusal) -> Said {
    let by = place(by);
    match refusal {
        Refusal::NoEndpoints(service, address) => Said::new(
            format!("{} has no endpoints", service.name),
            format!(
                "{by}'s rules reject {address}. Compare the selector with the pods' labels, and see whether they are ready."
            ),
        ),
        Refusal::NoLocalEndpoints(service, address) => Said::new(
            format!("{} has no endpoint on this node", service.name),
            format!(
                "Its traffic policy is Local, so {by} drops {address} instead of passing it to another node."
            ),
        ),
        Refusal::SourceNotAllowed(service, source) => Said::new(
            format!("{} does not take traffic from here", service.name),
            format!("{} is not in loadBalancerSourceRanges; {by} drops the packet.", source.ip()),
        ),
        Refusal::NoSuchPort(service, address) => Said::new(
            format!("{} has no port {}", service.name, address.port()),
            format!("The address is a Service's, but none of its ports is {}; {by} refuses.", address.port()),
        ),
        Refusal::Unallocated(address) => Said::new(
            format!("No Service has {}", address.ip()),
            format!(
                "The address is of the range for Services and given to none of them; {by} drops the packet."
            ),
        ),
        Refusal::Policy(refusal) => policy_refusal(refusal),
        Refusal::NotForwarded(address) => Said::new(
            format!("{by} forwards nothing at {address}"),
            "The Service has no such port, or there is no node to send to. The packet is lost.",
        ),
        Refusal::NotListening(address) => Said::new(
            format!("Nothing listens at {address}"),
            "The machine is there, but no process has opened this port. Is targetPort the one that the container listens on?",
        ),
        Refusal::NoSuchAddress(address) => Said::new(
            format!("No machine has {}", address.ip()),
            "The packet is lost; nobody says so to the sender.",
        ),
        Refusal::TimedOut(address, after) => {
            Said::new(format!("{address} did not answer"), format!("{by} gave up after {}.", millis(*after)))
        }
        Refusal::Api(code, reason, message) => {
            Said::new(format!("The API server refuses: {code} {reason}"), message.to_string())
        }
        Refusal::Dns(name, rcode) if &**rcode == "NXDOMAIN" => {
            Said::new("There is no such name", format!("{name}: every candidate ended in NXDOMAIN."))
        }
        Refusal::Dns(name, rcode) => Said::new("The name has no address", format!("{name}: {rcode}.")),
        Refusal::OutOfFuel(what, steps) => {
            Said::new("A loop was ended", format!("{what} took {steps} steps without getting anywhere."))
        }
        Refusal::InsertFailed(address) => Said::new(
            format!("The packet to {address} lost a race in conntrack"),
            "Two packets left one socket at once, and each wanted a new connection. The second could not be inserted; it is dropped, and nobody tells the sender.",
        ),
    }
}

fn change(object: &ObjectRef, change: Change, revision: u64) -> Said {
    let what = format!("{} {}", object.kind, object.name);
    let title = match change {
        Change::Created => format!("{what} now exists"),
        Change::Updated => format!("{what} has changed"),
        Change::StatusUpdated => format!("{what} has a new status"),
        Change::Terminating => format!("{what} is on its way out"),
        Change::Deleted => format!("{what} is gone"),
    };
    Said::new(title, format!("Revision {revision} of the store."))
}

fn place(place: &Place) -> String {
    match place {
        Place::Outside(name) if &**name == "host" => "your machine".into(),
        Place::Outside(name) | Place::Node(name) | Place::Pod(_, name) => name.to_string(),
        Place::ApiServer => "the API server".into(),
        Place::Etcd => "etcd".into(),
        Place::Controller(name) => format!("the {name}"),
        Place::Scheduler => "the scheduler".into(),
        Place::Kubelet(node) => format!("the kubelet of {node}"),
        Place::KubeProxy(node) => format!("kube-proxy on {node}"),
        Place::World => "the simulation".into(),
        Place::LoadBalancer(_, service) => format!("the load balancer of {service}"),
    }
}

fn pod_state(name: &str, phase: &str, ready: bool, going: bool) -> String {
    let state = match (phase, ready, going) {
        (_, _, true) => "terminating",
        ("Running", true, _) => "running and ready",
        ("Running", false, _) => "running, not ready",
        ("Pending", _, _) => "pending",
        (other, _, _) => other,
    };
    format!("{name}: {state}")
}
