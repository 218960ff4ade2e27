//! `kubectl config`: the kubeconfig file, as far as contexts have namespaces. Knows no requests.
//! Omits: clusters, users and credentials (there is one cluster, and who runs kubectl may do everything)

use super::args::{Args, Flag, switch, value};
use super::commands::{Entry, Work};
use super::script::{Asked, Flow, Io, Next};
use serde_json::{Value, json};

/// The context that every world begins with.
const CONTEXT: &str = "tidepool";

/// `kubectl config current-context`.
pub const CURRENT_CONTEXT: Entry =
    Entry::new("config current-context", "Display the current-context", &[], |a| {
        Work::Config(Config { args: a, verb: "current-context" })
    });
/// `kubectl config set-context`.
pub const SET_CONTEXT: Entry =
    Entry::new("config set-context", "Set a context entry in kubeconfig", SET_FLAGS, |a| {
        Work::Config(Config { args: a, verb: "set-context" })
    });
/// `kubectl config get-contexts`.
pub const GET_CONTEXTS: Entry =
    Entry::new("config get-contexts", "Describe one or many contexts", &[], |a| {
        Work::Config(Config { args: a, verb: "get-contexts" })
    });
/// `kubectl config use-context`.
pub const USE_CONTEXT: Entry =
    Entry::new("config use-context", "Set the current-context in a kubeconfig file", &[], |a| {
        Work::Config(Config { args: a, verb: "use-context" })
    });
/// `kubectl config view`.
pub const VIEW: Entry = Entry::new("config view", "Display merged kubeconfig settings", VIEW_FLAGS, |a| {
    Work::Config(Config { args: a, verb: "view" })
});

const SET_FLAGS: &[Flag] = &[switch("current", None)];
const VIEW_FLAGS: &[Flag] = &[switch("minify", None), value("output", Some('o'))];

/// A `kubectl config` at work.
#[derive(Debug, Clone)]
pub struct Config {
    args: Args,
    verb: &'static str,
}

impl Config {
    /// One turn.
    pub fn run(&self, io: &mut Io<'_, '_, '_>) -> Flow<Work> {
        let config = read(io);
        match self.verb {
            "current-context" => io.line(current(&config)),
            "set-context" => return self.set_context(io, config),
            "get-contexts" => contexts(io, &config),
            "use-context" => return self.use_context(io, config),
            _ => io.print(crate::api::yaml::write(&config)),
        }
        Ok(Next::Exit(0))
    }

    fn set_context(&self, io: &mut Io<'_, '_, '_>, mut config: Value) -> Flow<Work> {
        let name = match (self.args.on("current"), self.args.words.first()) {
            (true, _) => current(&config).to_string(),
            (false, Some(name)) => name.clone(),
            (false, None) => return io.fail("you must specify a non-empty context name or --current"),
        };
        let known = context_mut(&mut config, &name).is_some();
        if !known && let Some(contexts) = config.get_mut("contexts").and_then(Value::as_array_mut) {
            contexts.push(json!({"context": {"cluster": CONTEXT, "user": CONTEXT}, "name": name}));
        }
        if let (Some(namespace), Some(context)) =
            (self.args.text("namespace"), context_mut(&mut config, &name))
        {
            context["namespace"] = namespace.into();
        }
        save(io, &config)?;
        io.line(&format!("Context {name:?} {}.", if known { "modified" } else { "created" }));
        Ok(Next::Exit(0))
    }

    fn use_context(&self, io: &mut Io<'_, '_, '_>, mut config: Value) -> Flow<Work> {
        let Some(name) = self.args.words.first() else { return io.fail("accepts 1 arg(s), received 0") };
        if context_mut(&mut config, name).is_none() {
            return io.fail(&format!("no context exists with the name: {name:?}"));
        }
        config["current-context"] = name.as_str().into();
        save(io, &config)?;
        io.line(&format!("Switched to context {name:?}."));
        Ok(Next::Exit(0))
    }
}

fn contexts(io: &mut Io<'_, '_, '_>, config: &Value) {
    let mut table = super::table::Tabbed::new(0, 3);
    table.line("CURRENT\tNAME\tCLUSTER\tAUTHINFO\tNAMESPACE");
    for entry in crate::api::tree::list(config, "contexts") {
        let text = |path| crate::api::tree::str(entry, path);
        let mark = if text("name") == current(config) { "*" } else { "" };
        let (cluster, user, namespace) =
            (text("context.cluster"), text("context.user"), text("context.namespace"));
        table.line(&format!("{mark}\t{}\t{cluster}\t{user}\t{namespace}", text("name")));
    }
    io.print(table.finish());
}

/// The namespace that a command works in: `-n`, or the context's, or in a pod its own, or `default`.
pub fn namespace(io: &Io<'_, '_, '_>, args: &Args) -> String {
    if let Some(namespace) = args.text("namespace") {
        return namespace.to_string();
    }
    let mut config = read(io);
    let name = args.text("context").unwrap_or(current(&config)).to_string();
    let of_context =
        context_mut(&mut config, &name).and_then(|c| c.get("namespace")?.as_str().map(String::from));
    let of_pod =
        || io.peek("/var/run/secrets/kubernetes.io/serviceaccount/namespace").map(|n| n.trim().to_string());
    of_context.or_else(of_pod).filter(|n| !n.is_empty()).unwrap_or_else(|| "default".to_string())
}

fn path(io: &Io<'_, '_, '_>) -> String {
    if let Some(path) = io.environment().get("KUBECONFIG") {
        return path.to_string();
    }
    format!("{}/.kube/config", io.environment().get("HOME").map_or("/root", |home| home))
}

/// The kubeconfig; what every world begins with when there is no file.
fn read(io: &Io<'_, '_, '_>) -> Value {
    let text = io.peek(&path(io));
    text.and_then(first_document).filter(Value::is_object).unwrap_or_else(|| {
        json!({
            "apiVersion": "v1", "kind": "Config", "preferences": {}, "current-context": CONTEXT,
            "clusters": [{"name": CONTEXT, "cluster": {"server": "https://192.0.2.10:6443"}}],
            "contexts": [{"name": CONTEXT, "context": {"cluster": CONTEXT, "user": CONTEXT}}],
            "users": [{"name": CONTEXT, "user": {}}],
        })
    })
}

fn first_document(text: &str) -> Option<Value> {
    crate::api::yaml::read(text).documents.into_iter().next().map(|document| document.value)
}

fn save(io: &mut Io<'_, '_, '_>, config: &Value) -> Asked<()> {
    let path = path(io);
    io.write_file(&path, crate::api::yaml::write(config))
}

fn current(config: &Value) -> &str {
    crate::api::tree::str(config, "current-context")
}

fn context_mut<'c>(config: &'c mut Value, name: &str) -> Option<&'c mut Value> {
    let contexts = config.get_mut("contexts")?.as_array_mut()?;
    contexts.iter_mut().find(|c| c.get("name").is_some_and(|n| n == name))?.get_mut("context")
}
