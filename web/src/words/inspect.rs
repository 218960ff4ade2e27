//! What the DNS panel says beyond the messages themselves, in each language.

/// What the DNS panel says.
#[derive(Debug)]
pub struct Inspect {
    /// The chosen message as dig prints it.
    pub text: &'static str,
    /// The chosen message byte by byte.
    pub bytes: &'static str,
    /// How to read the bytes.
    pub bytes_help: &'static str,
    /// The servers, with their chains of plugins.
    pub chain: &'static str,
    /// How to read a chain.
    pub chain_help: &'static str,
    /// A plugin that is kept, and has no part in answering here.
    pub kept: &'static str,
    /// The caches.
    pub cache: &'static str,
    /// No cache holds anything.
    pub cache_empty: &'static str,
    /// An answer that says no.
    pub denial: &'static str,
    /// The seconds that are left.
    pub left: &'static str,
    /// What a name cost: questions, names that were tried, and how many questions the last of these took.
    pub cost: fn(usize, usize, usize) -> String,
}

/// In English.
pub static EN: Inspect = Inspect {
    text: "Text",
    bytes: "Bytes",
    bytes_help: "Each field of the message lies where the RFC says. Point at one, or move to it with the Tab key.",
    chain: "Plugins",
    chain_help: "A question passes the plugins from left to right, whatever their order in the Corefile, and the answer comes back through them.",
    kept: "named in the Corefile, not simulated here",
    cache: "Caches",
    cache_empty: "No cache holds anything now.",
    denial: "denial",
    left: "seconds left",
    cost: |questions, names, last| match names {
        1 => format!("This lookup took {questions} questions for one name."),
        _ => format!(
            "This lookup took {questions} questions for {names} names. Written in full, with a dot at its end, the last of them takes {last}."
        ),
    },
};

/// In Chinese.
pub static ZH_CN: Inspect = Inspect {
    text: "文本",
    bytes: "字节",
    bytes_help: "报文的每个字段都在 RFC 规定的位置。指向其中一个，或用 Tab 键移到它上面。",
    chain: "插件",
    chain_help: "不管在 Corefile 里怎么排列，问题都从左到右经过插件，回答再原路返回。",
    kept: "写在 Corefile 里，这里没有模拟",
    cache: "缓存",
    cache_empty: "现在没有缓存保存着任何东西。",
    denial: "没有",
    left: "剩余秒数",
    cost: |questions, names, last| match names {
        1 => format!("这次查询为一个名字问了 {questions} 个问题。"),
        _ => format!(
            "这次查询为 {names} 个名字问了 {questions} 个问题。如果写成末尾带点的完整名字，最后那个只要 {last} 个。"
        ),
    },
};
