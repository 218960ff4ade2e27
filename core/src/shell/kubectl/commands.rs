//! The list of sub-commands. A new one is one file beside this one, one line in [`ENTRIES`] and one in [`Work`].

use super::args::{self, Args, Flag, Takes};
use super::script::{Flow, Io, Next};
use super::{
    apply, attach, autoscale, awaiting, config, create, delete, describe, diff, discovery, edit, events,
    exec, explain, expose, get, label, logs, patch, rollout, run, scale, set,
};
use super::{drain, nodes, port_forward, replace};

/// All sub-commands, in the order of `kubectl help`.
pub static ENTRIES: &[Entry] = &[
    create::CREATE,
    create::CONFIG_MAP,
    create::DEPLOYMENT,
    create::NAMESPACE,
    create::SECRET,
    create::SERVICE_ACCOUNT,
    create::CLUSTER_IP,
    create::EXTERNAL_NAME,
    create::LOAD_BALANCER,
    create::NODE_PORT,
    expose::EXPOSE,
    run::RUN,
    set::IMAGE,
    set::ENV,
    set::RESOURCES,
    explain::EXPLAIN,
    get::GET,
    edit::EDIT,
    delete::DELETE,
    describe::DESCRIBE,
    rollout::HISTORY,
    rollout::PAUSE,
    rollout::RESTART,
    rollout::RESUME,
    rollout::STATUS,
    rollout::UNDO,
    scale::SCALE,
    autoscale::AUTOSCALE,
    discovery::CLUSTER_INFO,
    nodes::CORDON,
    nodes::UNCORDON,
    autoscale::TOP,
    drain::DRAIN,
    nodes::TAINT,
    events::EVENTS,
    logs::LOGS,
    exec::EXEC,
    port_forward::PORT_FORWARD,
    diff::DIFF,
    apply::APPLY,
    patch::PATCH,
    replace::REPLACE,
    awaiting::WAIT,
    label::LABEL,
    label::ANNOTATE,
    discovery::API_RESOURCES,
    discovery::API_VERSIONS,
    config::CURRENT_CONTEXT,
    config::GET_CONTEXTS,
    config::SET_CONTEXT,
    config::USE_CONTEXT,
    config::VIEW,
    discovery::VERSION,
];

/// A sub-command.
#[derive(Debug)]
pub struct Entry {
    /// Its words: `rollout status`.
    pub path: &'static str,
    /// What it does, in one line.
    pub about: &'static str,
    /// Its own flags.
    pub flags: &'static [Flag],
    /// Its first stage.
    pub start: fn(Args) -> Work,
}

impl Entry {
    /// Declares a sub-command.
    pub const fn new(
        path: &'static str,
        about: &'static str,
        flags: &'static [Flag],
        start: fn(Args) -> Work,
    ) -> Entry {
        Entry { path, about, flags, start }
    }
}

/// Declares [`Work`]: what kubectl is doing, one variant per file of sub-commands.
macro_rules! works {
    ($($(#[$doc:meta])* $variant:ident($work:ty),)*) => {
        /// What kubectl is doing: a sub-command's stage.
        #[derive(Debug, Clone)]
        pub enum Work {
            /// Reading the command line.
            Start(Vec<String>),
            $($(#[$doc])* $variant($work),)*
        }

        impl Work {
            /// One run of the stage.
            pub fn run(&self, io: &mut Io<'_, '_, '_>) -> Flow<Work> {
                match self {
                    Work::Start(line) => begin(io, line),
                    $(Work::$variant(work) => work.run(io),)*
                }
            }
        }
    };
}

works! {
    /// `apply`.
    Apply(apply::Apply),
    /// `autoscale` and `top`.
    Autoscale(autoscale::Autoscale),
    /// `run -i`.
    Attach(attach::Attach),
    /// `config`.
    Config(config::Config),
    /// `create`.
    Create(create::Create),
    /// `diff`.
    Diff(diff::Diff),
    /// `delete`.
    Delete(delete::Delete),
    /// `describe`.
    Describe(describe::Describe),
    /// `version`, `cluster-info`, `api-versions`, `api-resources`.
    Discovery(discovery::Discovery),
    /// `edit`.
    Edit(edit::Edit),
    /// `drain`.
    Drain(drain::Drain),
    /// `events`.
    Events(events::Events),
    /// `exec`.
    Exec(exec::Exec),
    /// `explain`.
    Explain(explain::Explain),
    /// `expose`.
    Expose(expose::Expose),
    /// `get`.
    Get(get::Get),
    /// `label`, `annotate`.
    Label(label::Label),
    /// `logs`.
    Logs(logs::Logs),
    /// `cordon`, `uncordon`, `taint`.
    Nodes(nodes::Nodes),
    /// `patch`.
    Patch(patch::Patch),
    /// `port-forward`.
    PortForward(port_forward::PortForward),
    /// `replace`.
    Replace(replace::Replace),
    /// `rollout`.
    Rollout(rollout::Rollout),
    /// `run`.
    Run(run::Run),
    /// `scale`.
    Scale(scale::Scale),
    /// `set`.
    Set(set::Set),
    /// `wait`.
    Wait(awaiting::Wait),
}

impl Work {
    /// The first stage of a command line.
    pub fn start(line: Vec<String>) -> Work {
        Work::Start(line)
    }
}

fn begin(io: &mut Io<'_, '_, '_>, line: &[String]) -> Flow<Work> {
    let found = find(line);
    let Some(entry) = found.entry else { return without_entry(io, &found) };
    let command = format!("kubectl {}", entry.path);
    let parsed = Args::parse(&command, &[entry.flags, args::GLOBAL], &found.rest);
    let args = io.check(parsed)?;
    if args.on("help") {
        io.print(help_of(entry));
        return Ok(Next::Exit(0));
    }
    Ok(Next::Then((entry.start)(args)))
}

/// What a line's first words name.
struct Found<'l> {
    entry: Option<&'static Entry>,
    /// The words that were understood as the beginning of a sub-command.
    path: String,
    /// The first word that was not.
    unknown: Option<&'l String>,
    /// The line without those words.
    rest: Vec<String>,
}

/// Takes the words of a sub-command out of a line, past flags that stand before or between them.
fn find(line: &[String]) -> Found<'_> {
    let mut found = Found { entry: None, path: String::new(), unknown: None, rest: Vec::new() };
    let mut words = line.iter();
    while let Some(word) = words.next() {
        if word == "--" {
            found.rest.push(word.clone());
            break;
        }
        if word.starts_with('-') && word.len() > 1 {
            found.rest.push(word.clone());
            if takes_next(word) {
                found.rest.extend(words.next().cloned());
            }
            continue;
        }
        let longer = if found.path.is_empty() { word.clone() } else { format!("{} {word}", found.path) };
        let longer = alias(&longer);
        if !ENTRIES.iter().any(|entry| entry.path == longer || entry.path.starts_with(&format!("{longer} ")))
        {
            found.unknown = Some(word);
            found.rest.push(word.clone());
            break;
        }
        found.path = longer;
    }
    found.rest.extend(words.cloned());
    found.entry = ENTRIES.iter().find(|entry| entry.path == found.path);
    found
}

/// Other words for the same sub-command.
fn alias(path: &str) -> String {
    const ALIASES: &[(&str, &str)] = &[
        ("create deploy", "create deployment"),
        ("create svc", "create service"),
        ("create cm", "create configmap"),
        ("create ns", "create namespace"),
        ("create sa", "create serviceaccount"),
        ("ro", "rollout"),
    ];
    let same = ALIASES.iter().find(|(other, _)| *other == path);
    same.map_or(path, |(_, path)| path).to_string()
}

/// Whether a flag before the sub-command takes the next word.
fn takes_next(word: &str) -> bool {
    let flag = args::GLOBAL.iter().find(|flag| {
        word == format!("--{}", flag.name) || flag.short.is_some_and(|short| word == format!("-{short}"))
    });
    flag.is_some_and(|flag| matches!(flag.takes, Takes::Value | Takes::Number))
}

fn without_entry(io: &mut Io<'_, '_, '_>, found: &Found<'_>) -> Flow<Work> {
    match found.unknown {
        Some(word) if found.path.is_empty() && word != "help" => {
            let mut text = format!("unknown command {word:?} for \"kubectl\"");
            let close = similar(word);
            if !close.is_empty() {
                text += &format!("\n\nDid you mean this?\n\t{}\n", close.join("\n\t"));
            }
            io.fail(&text)
        }
        Some(word) if !found.path.is_empty() && found.path != "help" => io.fail(&format!(
            "unknown command {:?}\nSee 'kubectl {} -h' for help and examples",
            word, found.path
        )),
        _ => {
            io.print(help(&found.path));
            Ok(Next::Exit(0))
        }
    }
}

/// The sub-commands that begin with a word or are close to it.
fn similar(word: &str) -> Vec<&'static str> {
    let mut names: Vec<&'static str> = Vec::new();
    for entry in ENTRIES {
        let name = entry.path.split(' ').next().unwrap_or_default();
        let close = distance(word, name) <= 2 || name.starts_with(word);
        if close && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// Levenshtein's distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}

/// The sub-commands below a path, with what they do.
fn help(path: &str) -> String {
    let prefix = if path.is_empty() { String::new() } else { format!("{path} ") };
    let mut out = "kubectl talks to the API server of the simulated cluster.\n\nCommands:\n".to_string();
    for entry in ENTRIES.iter().filter(|entry| entry.path.starts_with(&prefix)) {
        out += &format!("  {:<28}{}\n", entry.path, entry.about);
    }
    out + "\nUse \"kubectl <command> --help\" for the flags of a command.\n"
}

fn help_of(entry: &Entry) -> String {
    let mut out = format!("{}.\n\nUsage:\n  kubectl {} [flags]\n\nFlags:\n", entry.about, entry.path);
    for flag in entry.flags.iter().chain(args::GLOBAL) {
        let short = flag.short.map_or("    ".to_string(), |short| format!("-{short}, "));
        let takes = match flag.takes {
            Takes::Switch => "",
            Takes::Value => "=''",
            Takes::Number => "=0",
            Takes::Optional(_) => "[='']",
        };
        out += &format!("  {short}--{}{takes}\n", flag.name);
    }
    out
}
