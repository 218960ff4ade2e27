//! Simplified Chinese. Kubernetes' own nouns (Pod, Service, kube-proxy) stay as engineers write them.

use super::{Said, Ui, Words, fraction, labels, millis};
use tidepool_core::base::ObjectRef;
use tidepool_core::trace::cargo::DnsCargo;
use tidepool_core::trace::reason::{PickedBy, PolicyRefusal, RulePick, SearchStep};
use tidepool_core::trace::{Cargo, Change, Hop, Place, Reason, Refusal, TcpFlag};
use tidepool_core::world::view::Check;

pub(super) static WORDS: Words = Words {
    tag: "zh-CN",
    name: "中文",
    ui: UI,
    editor: super::editor::zh_cn::EDITOR,
    inspect: &super::inspect::ZH_CN,
    hop: |h| tighten(hop(h)),
    reason: |by, why| tighten(reason(by, why)),
    refusal: |by, why| tighten(refusal(by, why)),
    change,
    place,
    hops: |n| format!("{n} 跳"),
    more: |n| format!("另有 {n} 条"),
    stale_rules: |behind| {
        let written = behind.written.map(|ago| format!("（{}前写下）", millis(ago))).unwrap_or_default();
        let rewritten = match behind.rewritten {
            Some(later) => format!("{}后 kube-proxy 才写下新规则", millis(later)),
            None => "kube-proxy 还没有写下新规则".into(),
        };
        format!("{} 上的规则{written}里还有它；{rewritten}。", behind.node)
    },
    failed_since: |n| format!("之后有 {n} 次请求失败：看看原因"),
    together: |n| format!("{n} 个合并显示"),
    pod_state,
    endpoints: |ready, not| match (ready, not) {
        (0, 0) => "没有端点".into(),
        (n, 0) => format!("{n} 个就绪端点"),
        (n, m) => format!("{n} 个就绪，{m} 个未就绪"),
    },
    problems: |n| format!("{n} 个问题"),
    line: |line, column| format!("第 {line} 行第 {column} 列"),
    behind: |speed| format!("实际 {speed}"),
    pods: |n, ready| format!("{n} 个 Pod，{ready} 个就绪"),
    to_pods: |n| if n == 0 { "没有 Pod".into() } else { format!("{n} 个 Pod") },
    calls: |n| format!("{n} 次请求"),
    stage_summary: |nodes, pods, services| {
        format!("集群：{nodes} 个节点，{pods} 个 Pod，{services} 个 Service。")
    },
    draw: |rule, draw, limit| format!("随机数 {draw} 小于 {limit}，命中第 {rule} 条规则。"),
    step_of: |n, of| format!("第 {n} 步，共 {of} 步"),
    check,
    rules_of: |applied, told| {
        if applied == told {
            format!("规则对应修订版 {applied}")
        } else {
            format!("规则对应修订版 {applied}，已得知 {told}")
        }
    },
    replayed: |digest| format!("已重放到相同的摘要 {digest}，停在分享时的那一刻。按播放继续。"),
    differs: |had, has, version| {
        format!("已重放，但摘要不同（原为 {had}，这里是 {has}）：它由版本 {version} 生成，本版本可能有差异。")
    },
    made_by: |file, line| format!("来自 {file} 第 {line} 行"),
    lesson_of: |n, of| format!("第 {n} 课，共 {of} 课"),
    minutes: |n| format!("{n} 分钟"),
    terminal: |n, at| format!("{n}:{at}"),
};

const UI: Ui = Ui {
    tagline: "小到可以看清里面的 Kubernetes 集群",
    skip_to_stage: "跳到舞台",
    language: "语言",
    theme_to_dark: "深色主题",
    theme_to_light: "浅色主题",
    reset: "重置",
    reset_title: "新建一个集群",
    reset_question: "新建一个空集群？清单会保留，对当前集群做过的一切都会清除。",
    reset_yes: "新建集群",
    reset_no: "保留当前集群",
    undo: "撤销",
    undo_title: "撤回最后一步操作：集群会在没有这一步的情况下重放",
    help_title: "键盘快捷键",
    close: "关闭",
    seed: "种子",
    stored_problem: "浏览器不允许本页保存数据，刷新后你的操作会丢失。",
    guide: "指南",
    guide_eyebrow: "从这里开始",
    guide_title: "访问 Service 时，究竟是谁在应答？",
    guide_lead: "这个标签页里运行着一个完整的集群：三个节点、API server、CoreDNS 和 kube-proxy。放一个 Service 进去，用名字访问它，看看是谁在应答。",
    share_link: "分享",
    share_title: "一个链接，装着这个集群和其中发生的一切",
    share_text: "打开它的人会看到完全相同的过程，直到最后一个数据包。没有上传：全部在链接里。",
    share_label: "链接",
    share_copied: "已复制",
    share_copy: "复制",
    share_long: "链接很长，有些程序会截断它。命令少一些，链接就短一些。",
    unreadable_damaged: "这个链接已损坏或被截断，无法打开。请对方重新发送；你自己的集群原样保留。",
    unreadable_large: "这个链接的内容超出可以打开的大小。你自己的集群原样保留。",
    unreadable_other: "这个链接里没有本版本能读的记录。你自己的集群原样保留。",
    dismiss: "知道了",
    shared_question: "这个链接带来另一个集群，它会取代你现在的集群。",
    shared_yes: "打开",
    shared_no: "保留我的",
    replaying: "正在重放分享的过程……",
    inspector: "选中的内容",
    terminal_here: "在这里打开终端",
    whole_object: "完整对象",
    why_not: "为什么不通？",
    it_works: "一切正常，检查过：",
    its_rules: "它的规则",
    lesson: "课程",
    lessons: "课程",
    lessons_text: "每一课都有自己的集群，只需几分钟。",
    lesson_leave: "离开本课",
    lesson_failed: "课程没能加载。",
    lesson_again: "再学一遍",
    begin: "开始",
    hint: "提示",
    show_me: "演示",
    previous: "上一步",
    next: "下一步",
    finish: "完成",
    into_editor: "放进编辑器",
    prints: "输出",
    before_you_look: "先猜一猜",
    not_yet: "未完成",
    guide_step1: "把 Service 放进编辑器",
    guide_step1_text: "这是一篇服务发现文章里的 Service，原样粘贴，缩进已经丢失。编辑器会在 YAML 出错的地方画线，并能帮你恢复缩进。",
    guide_step1_run: "粘贴",
    guide_step2: "应用它",
    guide_step2_text: "kubectl 把它发给 API server，API server 给它分配一个地址。注意那个圆环：它没有实体，没有任何进程拥有这个地址。",
    guide_step2_run: "应用",
    guide_step3: "给它几个 Pod",
    guide_step3_text: "三个监听 9376 端口、会报出自己名字的 Pod，外加一个用来发请求的 Pod。看它们启动、就绪，然后成为端点。",
    guide_step3_run: "一并应用",
    guide_step4: "用名字访问",
    guide_step4_text: "名字变成地址，地址变成 Pod。右侧逐跳展示这次请求。",
    guide_step5: "连续访问十二次",
    guide_step5_text: "每个连接都重新抽一次随机数。这里没有轮询：kube-proxy 的规则是随机选择的。",
    guide_after: "接着可以试试：选择器匹配不到任何 Pod，或者 targetPort 写错，会发生什么。",
    run: "运行",
    done: "已完成",
    stage: "舞台",
    empty_title: "集群已经运行，里面还没有东西",
    empty_text: "先放入文章里的 Service、它背后的三个 Pod，以及一个用来发请求的客户端。",
    empty_button: "放进去",
    lens: "舞台显示的内容",
    lens_traffic: "流量",
    lens_registration: "注册",
    lens_dns: "DNS",
    believes: "以为",
    happens: "实际",
    belief: "以为",
    reality: "实际",
    belief_help: "以为：程序认为自己在和谁通信。实际：数据包真正去了哪里。",
    no_one_home: "里面没有人",
    no_endpoints: "没有端点",
    operator: "你的电脑",
    api_server: "API server",
    etcd: "etcd",
    controllers: "控制器",
    node_agents: "kubelet · kube-proxy · DNS",
    kubectl: "kubectl",
    rules_title: "kube-proxy 规则",
    rules_none: "还没有你的 Service",
    zone: "可用区",
    not_ready: "未就绪",
    legend: "图例",
    legend_dns: "DNS",
    legend_request: "请求",
    legend_answer: "响应",
    legend_failure: "失败",
    legend_probe: "探针",
    legend_watch: "watch",
    legend_tcp: "TCP",
    legend_api: "API 调用",
    starting: "启动中",
    clock: "时钟",
    play: "播放",
    pause: "暂停",
    step_title: "前进一跳",
    back_title: "后退一跳",
    pace: "节奏",
    pace_story: "讲述",
    pace_clock: "时钟",
    pace_help: "讲述：跟踪的请求每一跳都放慢，等待被压缩。时钟：时间线性流逝。",
    speed: "速度",
    scrubber: "时间点",
    journey: "请求旅程",
    journey_empty: "还没有请求",
    journey_empty_text: "在终端里用 curl 或 dig 发一个请求，它走过的路会逐跳显示在这里，并附上证据。",
    followed: "跟踪的请求",
    evidence: "证据",
    resolv_conf: "/etc/resolv.conf",
    dns_message: "DNS 报文",
    conntrack: "conntrack",
    hop_list: "逐跳",
    waiting: "在路上……",
    failed: "失败",
    answered: "已应答",
    show_all: "全部",
    show_main: "要点",
    raw: "技术细节",
    running: "运行中",
    workbench: "工作台",
    manifests: "清单",
    terminal: "终端",
    objects: "对象",
    rules: "规则",
    dns: "DNS",
    traffic: "流量",
    log: "日志",
    examples: "示例",
    example_hint: "把示例放进编辑器",
    example_article: "文章里的 Service",
    example_flat: "文章里的 Service（原样粘贴）",
    example_deployment: "三个会报名字的 Pod",
    example_client: "客户端 Pod",
    example_ingress: "文章里的 Ingress（原样粘贴）",
    example_all: "Service、Pod 和客户端",
    apply: "应用",
    apply_title: "应用清单（Ctrl+Enter）",
    delete_manifest: "清空",
    no_problems: "没有问题",
    restore_indentation: "恢复缩进",
    restore_comments: "把注释的 # 加回来",
    lost_comments: "这是文字，不是 Python：注释丢了开头的 #。",
    fix_hint: "修复",
    problems_list: "问题",
    editor_label: "清单（YAML）",
    syntax_error: "这还不是合法的 YAML",
    new_terminal: "新终端",
    terminal_hint: "可用 kubectl、curl、dig 等命令，例如：kubectl get pods -A",
    on_host: "在你的电脑上",
    in_pod: "在 Pod 中",
    close_terminal: "关闭这个终端",
    interrupt: "中断",
    busy: "运行中，按 Ctrl+C 中断",
    prompt_label: "终端输入",
    terminal_ended: "这个终端已结束。",
    kind: "类型",
    namespace: "命名空间",
    name_column: "名称",
    state: "状态",
    details: "详情",
    no_objects: "没有匹配的对象。",
    filter: "筛选",
    select_object: "选择一个对象，查看 API server 中保存的内容。",
    node: "节点",
    rules_empty: "这个节点还没有规则。",
    rule_set: "该节点的 kube-proxy 写入的规则",
    lit_rule: "起决定作用的规则",
    dns_empty: "还没有人查询过。试试：dig +short my-service.default.svc.cluster.local",
    question: "查询",
    answer: "应答",
    asked_by: "查询方",
    decoded: "解码后的报文",
    corefile: "Corefile",
    dns_log: "查询与应答",
    traffic_empty: "还没有请求得到应答。",
    destination: "应答方",
    requests: "请求数",
    share: "占比",
    success: "成功",
    median: "中位数",
    slowest: "最慢",
    log_empty: "还没有发生任何事。",
    log_filter: "筛选日志",
    only_followed: "只看跟踪的请求",
    kept_events: "条最新事件",
    moved: "移动",
    decided: "决定",
    changed: "变更",
    refused: "拒绝",
    sizes: "各区域的大小",
    resize_guide: "引导栏宽度：拖动或用方向键，双击还原",
    resize_journey: "旅程栏宽度：拖动或用方向键，双击还原",
    resize_bench: "工作台高度：拖动或用方向键，双击还原",
    resize_pair: "编辑器宽度：拖动或用方向键，双击还原",
    key_play: "播放或暂停",
    key_step: "前进一跳",
    key_back: "后退一跳",
    key_terminal: "转到终端",
    key_editor: "转到编辑器",
    key_apply: "应用清单",
    key_theme: "浅色或深色",
    key_help: "显示本列表",
    key_tabs: "切换工作台标签",
};

/// Names in Latin letters stand between spaces; where a Chinese name took their place, the spaces go.
fn tighten(said: Said) -> Said {
    let is_chinese = |c: Option<&char>| c.is_some_and(|c| ('\u{2e80}'..'\u{ffff}').contains(c));
    let without = |text: String| {
        let chars: Vec<char> = text.chars().collect();
        let keeps = |(n, c): (usize, &char)| {
            let before = n.checked_sub(1).and_then(|before| chars.get(before));
            let is_between = is_chinese(before) && is_chinese(chars.get(n + 1));
            (*c != ' ' || !is_between).then_some(*c)
        };
        chars.iter().enumerate().filter_map(keeps).collect()
    };
    Said { title: without(said.title), why: without(said.why) }
}

fn hop(hop: &Hop) -> Said {
    let (from, to, takes) = (place(&hop.from), place(&hop.to), millis(hop.takes));
    let from_to = match &hop.addresses {
        Some(pair) => format!("{} → {}，路上用时 {takes}。", pair.src, pair.dst),
        None => format!("来自 {from}，路上用时 {takes}。"),
    };
    match &hop.cargo {
        Cargo::Dns(dns) => dns_hop(dns, &from, &to, &from_to),
        Cargo::Tcp(TcpFlag::Syn) => Said::new(format!("开始与 {to} 建立连接"), format!("SYN:{from_to}")),
        Cargo::Tcp(TcpFlag::SynAck) => Said::new(format!("{from} 接受连接"), format!("SYN-ACK:{from_to}")),
        Cargo::Tcp(TcpFlag::Fin) => Said::new(format!("{from} 发送完毕"), format!("FIN:{from_to}")),
        Cargo::Tcp(TcpFlag::Rst) => Said::new(format!("{from} 拒绝连接"), format!("RST:{from_to}")),
        Cargo::HttpRequest(line, len) => {
            Said::new(format!("请求发往 {to}"), format!("{line}，{len} 字节。{from_to}"))
        }
        Cargo::HttpResponse(status, len) => {
            Said::new(format!("{from} 应答 {status}"), format!("HTTP {status}，{len} 字节。{from_to}"))
        }
        Cargo::Payload(len) => Said::new(format!("数据发往 {to}"), format!("{len} 字节。{from_to}")),
        Cargo::PortUnreachable => Said::new(
            format!("{from} 回复：端口不可达"),
            format!("收到的是 ICMP 消息，而不是应答。{from_to}"),
        ),
        Cargo::ApiRequest(verb, path, agent) => {
            Said::new(format!("{from} 请求 API server"), format!("{verb} {path}，客户端 {agent}。"))
        }
        Cargo::ApiResponse(code) => {
            Said::new(format!("API server 应答 {code}"), format!("发往 {to}，路上用时 {takes}。"))
        }
        Cargo::StoragePut(key, revision) => {
            Said::new("etcd 已保存", format!("{key} 现在是存储的第 {revision} 版。"))
        }
        Cargo::Watch(kind, object, revision) => Said::new(
            format!("{to} 得知 {} 的变化", object.name),
            format!("watch 送来 {kind}：{object}，版本 {revision}。它只知道 watch 告诉过它的事。"),
        ),
    }
}

fn dns_hop(dns: &DnsCargo, from: &str, to: &str, from_to: &str) -> Said {
    match &dns.answer {
        None => Said::new(format!("{from} 向 {to} 查询"), format!("“{} {}?” {from_to}", dns.name, dns.qtype)),
        Some((rcode, records)) => {
            let outcome = match (&**rcode, records) {
                ("NOERROR", 0) => format!("NOERROR，但没有记录：名字存在，只是没有 {} 记录。", dns.qtype),
                ("NOERROR", n) => format!("NOERROR，{n} 条记录。"),
                ("NXDOMAIN", _) => "NXDOMAIN：没有这个名字。".into(),
                (other, _) => format!("{other}。"),
            };
            Said::new(format!("{from} 应答 {} 查询", dns.qtype), format!("{}:{outcome}{from_to}", dns.name))
        }
    }
}

fn reason(by: &Place, reason: &Reason) -> Said {
    let by = place(by);
    match reason {
        Reason::SearchList(step) => search(step),
        Reason::DnsPlugin(plugin, rcode, n) => Said::new(
            format!("{by}：由 {plugin} 插件应答"),
            format!("插件链上第一个认识这个名字的插件给出答案。{rcode}，{n} 条记录。"),
        ),
        Reason::ServiceRule(pick) => rule(pick),
        Reason::Conntrack(sent, to) => Said::new(
            format!("{by} 记得这个连接"),
            format!("conntrack：{sent} 和首个数据包一样转到 {to}，不再重新选择。"),
        ),
        Reason::SourceRestored(sent, seen) => Said::new(
            "源地址被还原",
            format!("{by} 的 conntrack 记得这个连接：客户端看到的仍是 {seen}，而不是 {sent}。"),
        ),
        Reason::Scheduled(pod, node, n, all) => Said::new(
            format!("{} 调度到 {node}", pod.name),
            format!("{all} 个节点中有 {n} 个可用，{node} 得分最高。"),
        ),
        Reason::Scaled(object, from, to) => Said::new(
            format!("{} {} 从 {from} 个变为 {to} 个", object.kind, object.name),
            format!("{by} 比较期望与现状：期望 {to} 个，现有 {from} 个。"),
        ),
        Reason::Endpoints(slice, ready, not) => Said::new(
            format!("{} 现有 {ready} 个就绪端点", slice.name),
            format!("{by} 依据选择器和每个 Pod 的就绪状态写入：{ready} 个就绪，{not} 个未就绪。"),
        ),
        Reason::Probe(pod, true, n, of) => Said::new(
            format!("{} 的探针成功", pod.name),
            format!("连续第 {n} 次，达到 {of} 次才会改变状态。"),
        ),
        Reason::Probe(pod, false, n, of) => Said::new(
            format!("{} 的探针失败", pod.name),
            format!("连续第 {n} 次，达到 {of} 次才会改变状态。"),
        ),
        Reason::Readiness(pod, true) => {
            Said::new(format!("{} 已就绪", pod.name), "从现在起它可以成为 Service 的端点。")
        }
        Reason::Readiness(pod, false) => {
            Said::new(format!("{} 未就绪", pod.name), "选中它的 Service 会把它排除在外。")
        }
        Reason::RulesSynced(revision, rules, services, endpoints) => Said::new(
            format!("{by} 已写入规则"),
            format!("第 {revision} 版规则：{services} 个 Service、{endpoints} 个端点，共 {rules} 条规则。"),
        ),
        Reason::Allocated(object, address) => Said::new(
            format!("{} 得到地址 {address}", object.name),
            "地址来自 Service 网段，没有任何机器拥有它。",
        ),
        Reason::Stopping(pod, grace) => Said::new(
            format!("通知 {} 停止", pod.name),
            format!("先发送 SIGTERM，{} 秒后强制结束。", grace.as_secs()),
        ),
        Reason::Balanced(node, healthy, all) => balanced(&by, node, *healthy, *all),
        Reason::NodeHealth(node, healthy) => node_health(&by, node, *healthy),
        Reason::PolicyAllows(policy, ingress, rule) => Said::new(
            format!("NetworkPolicy {} 允许{}", policy.name, if *ingress { "进入" } else { "离开" }),
            format!("Pod 在这个方向上被隔离，而策略的第 {} 条规则包含这个对端和端口。", rule + 1),
        ),
    }
}

/// A NetworkPolicy refused a connection.
fn policy_refusal(refusal: &PolicyRefusal) -> Said {
    let names: Vec<&str> = refusal.policies.iter().map(|policy| &*policy.name).collect();
    let (way, from) = if refusal.ingress { ("进入", "来自") } else { ("离开", "发往") };
    Said::new(
        format!("NetworkPolicy 不允许{way}"),
        format!(
            "{} 被 {} 隔离，没有规则允许{from} {} 的流量。数据包直接消失，所以调用方会一直等到超时。",
            refusal.pod.name,
            names.join("、"),
            refusal.peer
        ),
    )
}

/// A load balancer took a node.
fn balanced(by: &str, node: &str, healthy: u32, all: u32) -> Said {
    match healthy {
        0 => Said::new(
            format!("{by} 选中 {node}"),
            format!("它的 {all} 个节点都没有通过健康检查，这时它会使用全部节点。"),
        ),
        _ => Said::new(
            format!("{by} 选中 {node}"),
            format!(
                "{all} 个节点中有 {healthy} 个健康，由地址和端口的哈希值决定。它只看到节点，看不到 Pod；数据包的地址保持不变。"
            ),
        ),
    }
}

/// A load balancer's verdict on a node.
fn node_health(by: &str, node: &str, healthy: bool) -> Said {
    match healthy {
        true => Said::new(format!("{by}：{node} 健康"), "它通过了健康检查，新连接可以发往这里。"),
        false => Said::new(format!("{by}：{node} 不健康"), "连续三次健康检查失败，新连接改发其他节点。"),
    }
}

fn check(check: &Check) -> String {
    match check {
        Check::Selector(pairs) if pairs.is_empty() => "没有选择器：端点要由别人来写。".into(),
        Check::Selector(pairs) => format!("选择带有 {} 的 Pod。", labels(pairs)),
        Check::Pods(0, Some((key, value, n))) => {
            format!("没有 Pod 带这些标签。有 {n} 个 Pod 带 {key}={value}。")
        }
        Check::Pods(0, None) => "没有 Pod 带这些标签。".into(),
        Check::Pods(n, _) => format!("{n} 个 Pod 带这些标签。"),
        Check::Ready(ready, of, None) if ready == of => "它们都已就绪。".into(),
        Check::Ready(ready, of, waits) => {
            let waits = waits.as_ref().map(|pod| format!("，{pod} 未就绪")).unwrap_or_default();
            format!("{of} 个中有 {ready} 个就绪{waits}。")
        }
        Check::Target(port, target, without) if without.is_empty() => {
            format!("端口 {port} 通向 {target}，Pod 正在那里监听。")
        }
        Check::Target(port, target, without) => {
            format!("端口 {port} 通向 {target}，但在 {} 里没有进程监听。", without.join("、"))
        }
        Check::Endpoints(0) => "它的 EndpointSlice 里没有接收流量的端点。".into(),
        Check::Endpoints(n) => format!("{n} 个端点接收流量。"),
        Check::Rules(behind, of) if behind.is_empty() => format!("{of} 个节点上的规则都是最新的。"),
        Check::Rules(behind, _) => format!("{} 上的规则还没跟上，kube-proxy 稍后会写。", behind.join("、")),
        Check::Policies(names, true) => format!("NetworkPolicy {} 只放行一部分调用方。", names.join("、")),
        Check::Policies(names, false) => format!("NetworkPolicy {} 不放行任何人。", names.join("、")),
        Check::Dns(0) => "没有就绪的 CoreDNS Pod：名字无法解析。".into(),
        Check::Dns(n) => format!("{n} 个 CoreDNS Pod 已就绪，可以解析它的名字。"),
    }
}

fn search(step: &SearchStep) -> Said {
    let (n, of) = step.attempt;
    if step.asked.ends_with('.') {
        return Said::new("名字已经完整", format!("“{}” 以点结尾，不使用搜索列表。", step.asked));
    }
    let order = if step.dots < step.ndots {
        format!("名字里有 {} 个点，ndots 是 {}：先用搜索列表补全。", step.dots, step.ndots)
    } else {
        format!("名字里有 {} 个点，ndots 是 {}：先查名字本身。", step.dots, step.ndots)
    };
    Said::new(
        if n == 1 { "补全名字" } else { "尝试下一个候选" },
        format!("{order}第 {n} 次，共 {of} 个候选。"),
    )
}

fn rule(pick: &RulePick) -> Said {
    let n = pick.candidates.len();
    let left_out = match pick.left_out {
        0 => String::new(),
        k => format!("，另有 {k} 个未就绪，不参与转发"),
    };
    let at = pick.rule + 1;
    let chosen = match (&pick.by, pick.draws.last()) {
        (PickedBy::Only, _) => "只有一个，无需抽取随机数。".to_string(),
        (PickedBy::Affinity, _) => "会话保持：这个客户端不久前访问过它。".to_string(),
        (PickedBy::Rules, Some((draw, limit))) if draw < limit => {
            let (draw, limit) = (fraction(*draw), fraction(*limit));
            format!("随机数 {draw} 小于 {limit}：命中 {n} 条规则中的第 {at} 条。")
        }
        (PickedBy::Rules, Some((draw, _))) => {
            format!("随机数 {}：前面的规则都没命中，由 {n} 条中的最后一条接手。", fraction(*draw))
        }
        (PickedBy::Rules, None) => format!("命中 {n} 条规则中的第 {at} 条。"),
        (PickedBy::Numgen(draw), _) => {
            format!(
                "只抽取一次随机数 {}，换算到 {n} 个之中：取映射表的第 {} 项。",
                fraction(draw >> 1),
                pick.rule
            )
        }
        (PickedBy::Rotation(Some(after)), _) => {
            format!("轮询：在虚拟服务器的列表中，从 {after} 轮到下一个。")
        }
        (PickedBy::Rotation(None), _) => "轮询从虚拟服务器列表中的第一个开始。".to_string(),
        (PickedBy::Least(loads), _) => {
            let load = loads.get(pick.rule as usize).copied().unwrap_or_default();
            format!("它的连接最少：负载值为 {load}。")
        }
        (PickedBy::Hash(bucket), _) => {
            format!("地址经哈希落入 256 个桶中的第 {bucket} 个，这个桶归它所有。")
        }
    };
    let masquerade = if pick.masquerade { "源地址改为节点自己的地址。" } else { "" };
    Said::new(
        format!("{} 改写目的地址", pick.node),
        format!("{n} 个就绪端点{left_out}。{chosen}{masquerade}"),
    )
}

fn refusal(by: &Place, refusal: &Refusal) -> Said {
    let by = place(by);
    match refusal {
        Refusal::NoEndpoints(service, address) => Said::new(
            format!("{} 没有端点", service.name),
            format!("{by} 的规则拒绝了 {address}。请对照选择器和 Pod 的标签，再看 Pod 是否就绪。"),
        ),
        Refusal::NoLocalEndpoints(service, address) => Said::new(
            format!("{} 在这个节点上没有端点", service.name),
            format!("它的流量策略是 Local，{by} 丢弃了发往 {address} 的数据包，不会转给其他节点。"),
        ),
        Refusal::SourceNotAllowed(service, source) => Said::new(
            format!("{} 不接受来自这里的流量", service.name),
            format!("{} 不在 loadBalancerSourceRanges 中，{by} 丢弃了数据包。", source.ip()),
        ),
        Refusal::NoSuchPort(service, address) => Said::new(
            format!("{} 没有端口 {}", service.name, address.port()),
            format!("这个地址属于该 Service，但它没有端口 {}，{by} 拒绝了连接。", address.port()),
        ),
        Refusal::Unallocated(address) => Said::new(
            format!("没有 Service 使用 {}", address.ip()),
            format!("这个地址在 Service 网段内，但没有分配给任何 Service，{by} 丢弃了数据包。"),
        ),
        Refusal::Policy(refusal) => policy_refusal(refusal),
        Refusal::NotForwarded(address) => Said::new(
            format!("{by} 不转发 {address}"),
            "Service 没有这个端口，或者没有可用的节点。数据包丢失了。",
        ),
        Refusal::NotListening(address) => Said::new(
            format!("{address} 上没有进程监听"),
            "机器在，但没有进程打开这个端口。targetPort 是容器真正监听的端口吗？",
        ),
        Refusal::NoSuchAddress(address) => {
            Said::new(format!("没有机器拥有 {}", address.ip()), "数据包丢失了，也没有人告诉发送方。")
        }
        Refusal::TimedOut(address, after) => {
            Said::new(format!("{address} 没有应答"), format!("{by} 等了 {} 后放弃。", millis(*after)))
        }
        Refusal::Api(code, reason, message) => {
            Said::new(format!("API server 拒绝：{code} {reason}"), message.to_string())
        }
        Refusal::Dns(name, rcode) if &**rcode == "NXDOMAIN" => {
            Said::new("没有这个名字", format!("{name}：所有候选都得到 NXDOMAIN。"))
        }
        Refusal::Dns(name, rcode) => Said::new("这个名字没有地址", format!("{name}:{rcode}。")),
        Refusal::OutOfFuel(what, steps) => {
            Said::new("循环被终止", format!("{what} 走了 {steps} 步仍无进展。"))
        }
        Refusal::InsertFailed(address) => Said::new(
            format!("发往 {address} 的数据包在 conntrack 竞争中丢失"),
            "同一个套接字同时发出两个数据包，两个都要新建连接记录；后插入的失败，数据包被丢弃，没有人告诉发送方。",
        ),
    }
}

fn change(object: &ObjectRef, change: Change, revision: u64) -> Said {
    let what = format!("{} {}", object.kind, object.name);
    let title = match change {
        Change::Created => format!("{what} 已创建"),
        Change::Updated => format!("{what} 有改动"),
        Change::StatusUpdated => format!("{what} 的状态有更新"),
        Change::Terminating => format!("{what} 正在终止"),
        Change::Deleted => format!("{what} 已删除"),
    };
    Said::new(title, format!("存储的第 {revision} 版。"))
}

fn place(place: &Place) -> String {
    match place {
        Place::Outside(name) if &**name == "host" => "你的电脑".into(),
        Place::Outside(name) | Place::Node(name) | Place::Pod(_, name) => name.to_string(),
        Place::ApiServer => "API server".into(),
        Place::Etcd => "etcd".into(),
        Place::Controller(name) => name.to_string(),
        Place::Scheduler => "调度器".into(),
        Place::Kubelet(node) => format!("{node} 的 kubelet"),
        Place::KubeProxy(node) => format!("{node} 的 kube-proxy"),
        Place::World => "模拟程序".into(),
        Place::LoadBalancer(_, service) => format!("{service} 的负载均衡器"),
    }
}

fn pod_state(name: &str, phase: &str, ready: bool, going: bool) -> String {
    let state = match (phase, ready, going) {
        (_, _, true) => "正在终止",
        ("Running", true, _) => "运行中，已就绪",
        ("Running", false, _) => "运行中，未就绪",
        ("Pending", _, _) => "等待中",
        ("Succeeded", _, _) => "已完成",
        ("Failed", _, _) => "已失败",
        (other, _, _) => other,
    };
    format!("{name}:{state}")
}
