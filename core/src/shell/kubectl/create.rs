//! `kubectl create`: objects from files, or from flags. Knows which fields flags fill in, not what they do.
//! Models: kubectl `pkg/cmd/create`.
//! Omits: what is not in the list below (jobs, roles, quotas ...), --edit, --save-config

use super::apply::{DryRun, field_validation};
use super::args::{Args, Flag, number, optional, switch, value};
use super::client::{self, Answer};
use super::commands::{Entry, Work};
use super::config;
use super::files::{self, Document};
use super::generate;
use super::printers::Format;
use super::resources;
use super::script::{Asked, Flow, Io, Next};
use super::words::{self, Problem};
use crate::api::{Kind, tree};
use serde_json::{Map, Value};
use std::sync::Arc;

/// `kubectl create -f`.
pub const CREATE: Entry =
    Entry::new("create", "Create a resource from a file or from stdin", FILE_FLAGS, |args| {
        Work::Create(Create { args, stage: Stage::Begin })
    });
/// `kubectl create deployment`.
pub const DEPLOYMENT: Entry = Entry::new(
    "create deployment",
    "Create a deployment with the specified name",
    DEPLOYMENT_FLAGS,
    |args| generated(args, "deployment"),
);
/// `kubectl create namespace`.
pub const NAMESPACE: Entry =
    Entry::new("create namespace", "Create a namespace with the specified name", COMMON, |args| {
        generated(args, "namespace")
    });
/// `kubectl create configmap`.
pub const CONFIG_MAP: Entry = Entry::new(
    "create configmap",
    "Create a config map from a local file, directory or literal value",
    DATA_FLAGS,
    |args| generated(args, "configmap"),
);
/// `kubectl create secret generic`.
pub const SECRET: Entry = Entry::new(
    "create secret generic",
    "Create a secret from a local file, directory, or literal value",
    DATA_FLAGS,
    |args| generated(args, "secret generic"),
);
/// `kubectl create serviceaccount`.
pub const SERVICE_ACCOUNT: Entry =
    Entry::new("create serviceaccount", "Create a service account with the specified name", COMMON, |args| {
        generated(args, "serviceaccount")
    });
/// `kubectl create service clusterip`.
pub const CLUSTER_IP: Entry =
    Entry::new("create service clusterip", "Create a ClusterIP service", SERVICE_FLAGS, |args| {
        generated(args, "ClusterIP")
    });
/// `kubectl create service nodeport`.
pub const NODE_PORT: Entry =
    Entry::new("create service nodeport", "Create a NodePort service", SERVICE_FLAGS, |args| {
        generated(args, "NodePort")
    });
/// `kubectl create service loadbalancer`.
pub const LOAD_BALANCER: Entry =
    Entry::new("create service loadbalancer", "Create a LoadBalancer service", SERVICE_FLAGS, |args| {
        generated(args, "LoadBalancer")
    });
/// `kubectl create service externalname`.
pub const EXTERNAL_NAME: Entry =
    Entry::new("create service externalname", "Create an ExternalName service", SERVICE_FLAGS, |args| {
        generated(args, "ExternalName")
    });

fn generated(args: Args, what: &'static str) -> Work {
    Work::Create(Create { args, stage: Stage::Generate(what) })
}

const FILE_FLAGS: &[Flag] = &[
    value("filename", Some('f')),
    value("kustomize", Some('k')),
    switch("recursive", Some('R')),
    value("selector", Some('l')),
    value("output", Some('o')),
    optional("dry-run", "unchanged"),
    optional("validate", "strict"),
    switch("save-config", None),
    value("field-manager", None),
    value("raw", None),
];
const COMMON: &[Flag] = &[
    value("output", Some('o')),
    optional("dry-run", "unchanged"),
    optional("validate", "strict"),
    switch("save-config", None),
    value("field-manager", None),
    switch("show-managed-fields", None),
];
const DEPLOYMENT_FLAGS: &[Flag] = &[
    value("output", Some('o')),
    optional("dry-run", "unchanged"),
    optional("validate", "strict"),
    switch("save-config", None),
    value("field-manager", None),
    value("image", None),
    value("replicas", Some('r')),
    number("port"),
];
const SERVICE_FLAGS: &[Flag] = &[
    value("output", Some('o')),
    optional("dry-run", "unchanged"),
    optional("validate", "strict"),
    switch("save-config", None),
    value("field-manager", None),
    value("tcp", None),
    value("clusterip", None),
    number("node-port"),
    value("external-name", None),
];
const DATA_FLAGS: &[Flag] = &[
    value("output", Some('o')),
    optional("dry-run", "unchanged"),
    optional("validate", "strict"),
    switch("save-config", None),
    value("field-manager", None),
    value("from-literal", None),
    value("from-file", None),
    value("type", None),
];

/// A `kubectl create` at work.
#[derive(Debug, Clone)]
pub struct Create {
    args: Args,
    stage: Stage,
}

#[derive(Debug, Clone)]
enum Stage {
    /// Read the files.
    Begin,
    /// Create the documents, one after another.
    Files(Arc<Vec<Document>>, usize, Vec<Problem>),
    /// Make an object from flags and create it.
    Generate(&'static str),
}

impl Create {
    /// One turn.
    pub fn run(&self, io: &mut Io<'_, '_, '_>) -> Flow<Work> {
        match &self.stage {
            Stage::Begin => self.begin(io),
            Stage::Files(documents, at, problems) => self.file(io, documents, *at, problems.clone()),
            Stage::Generate(what) => self.generate(io, what),
        }
    }

    fn begin(&self, io: &mut Io<'_, '_, '_>) -> Flow<Work> {
        if let Some(word) = self.args.words.first() {
            return io
                .fail(&format!("Unexpected args: [{word}]\nSee 'kubectl create -h' for help and examples"));
        }
        if self.args.all("filename").is_empty() {
            return io.fail("must specify one of -f and -k");
        }
        let (documents, problems) = files::readable(io, &self.args)?;
        if documents.is_empty() && problems.is_empty() {
            return io.fail("no objects passed to create");
        }
        self.then(Stage::Files(Arc::new(documents), 0, problems))
    }

    fn then(&self, stage: Stage) -> Flow<Work> {
        Ok(Next::Then(Work::Create(Create { args: self.args.clone(), stage })))
    }

    fn file(
        &self,
        io: &mut Io<'_, '_, '_>,
        documents: &Arc<Vec<Document>>,
        at: usize,
        mut problems: Vec<Problem>,
    ) -> Flow<Work> {
        let Some(document) = documents.get(at) else {
            for line in words::problems(&problems) {
                io.complain(&line);
            }
            return Ok(Next::Exit(i32::from(!problems.is_empty())));
        };
        if let Err(problem) = self.document(io, document)? {
            problems.push(problem);
        }
        self.then(Stage::Files(documents.clone(), at + 1, problems))
    }

    fn document(&self, io: &mut Io<'_, '_, '_>, document: &Document) -> Asked<Result<(), Problem>> {
        let validate = !matches!(self.args.text("validate"), Some("false" | "ignore"));
        let target = match files::target(document, validate) {
            Ok(target) => target,
            Err(problem) => return Ok(Err(problem)),
        };
        let namespace = match files::namespace_of(io, &self.args, &target, &document.tree) {
            Ok(namespace) => namespace,
            Err(problem) => return Ok(Err(problem)),
        };
        let made = make(io, &self.args, target.kind, &namespace, document.tree.clone(), "kubectl-create")?;
        Ok(match made {
            Ok(object) => {
                show(io, &self.args, target.kind, &object, "created")?;
                Ok(())
            }
            Err(answer) => Err(Problem::from_source(answer.status(), "creating", &document.source)),
        })
    }

    fn generate(&self, io: &mut Io<'_, '_, '_>, what: &str) -> Flow<Work> {
        let (names, command) = self.args.split();
        let path = match what {
            "deployment" | "namespace" | "configmap" | "secret generic" | "serviceaccount" => {
                what.to_string()
            }
            kind => format!("service {}", kind.to_lowercase()),
        };
        let [name] = names else {
            return io.fail(&format!(
                "exactly one NAME is required, got {}\nSee 'kubectl create {path} -h' for help and examples",
                names.len()
            ));
        };
        let object = match what {
            "deployment" => generate::deployment(name, &self.args, command),
            "namespace" => Ok(generate::namespace(name)),
            "serviceaccount" => Ok(generate::service_account(name)),
            "configmap" => self.data(io)?.map(|data| generate::config_map(name, data)),
            "secret generic" => {
                let kind = self.args.text("type").unwrap_or_default();
                self.data(io)?.map(|data| generate::secret(name, kind, data))
            }
            kind => generate::service(name, kind, &self.args),
        };
        let object = io.check(object)?;
        let kind = Kind::find(tree::str(&object, "apiVersion"), tree::str(&object, "kind"));
        let Some(kind) = kind else { return io.fail("the server doesn't have this resource type") };
        let namespace = if kind.namespaced { config::namespace(io, &self.args) } else { String::new() };
        match make(io, &self.args, kind, &namespace, object, "kubectl-create")? {
            Ok(object) => {
                show(io, &self.args, kind, &object, "created")?;
                Ok(Next::Exit(0))
            }
            Err(answer) if what == "namespace" => io.refused(&answer),
            Err(answer) => {
                let message = tree::str(&answer.status(), "message").to_string();
                io.fail(&match what {
                    "secret generic" => format!("failed to create secret {message}"),
                    _ if path.starts_with("service ") => {
                        format!("failed to create {what} service: {message}")
                    }
                    _ => format!("failed to create {path}: {message}"),
                })
            }
        }
    }

    /// The keys and values of `--from-literal` and `--from-file`.
    fn data(&self, io: &mut Io<'_, '_, '_>) -> Asked<Result<Map<String, Value>, String>> {
        let mut data = Map::new();
        for literal in self.args.all("from-literal") {
            match literal.split_once('=') {
                Some((key, value)) => drop(data.insert(key.to_string(), value.into())),
                None => return Ok(Err(format!("invalid literal source {literal}, expected key=value"))),
            }
        }
        for source in self.args.all("from-file") {
            let base = source.rsplit('/').next().unwrap_or(source);
            let (key, path) = source.split_once('=').unwrap_or((base, source));
            let absolute = io.absolute(path);
            match io.file(&absolute)? {
                Ok(content) => {
                    data.insert(key.to_string(), String::from_utf8_lossy(&content).into_owned().into());
                }
                Err(errno) => {
                    return Ok(Err(format!("error reading {path}: {}", errno.words().to_lowercase())));
                }
            }
        }
        Ok(Ok(data))
    }
}

/// Sends a new object, unless the dry run is kubectl's own. A refusal is handed back.
pub fn make(
    io: &mut Io<'_, '_, '_>,
    args: &Args,
    kind: &'static Kind,
    namespace: &str,
    mut object: Value,
    manager: &str,
) -> Asked<Result<Value, Arc<Answer>>> {
    let dry_run = DryRun::of(args);
    if dry_run == DryRun::Client {
        if let Some(namespace) = args.text("namespace").filter(|_| kind.namespaced) {
            tree::set(&mut object, "metadata.namespace", namespace);
        }
        return Ok(Ok(object));
    }
    if kind.namespaced {
        tree::set(&mut object, "metadata.namespace", namespace);
    }
    let query = [
        ("dryRun", dry_run.query()),
        ("fieldManager", args.text("field-manager").unwrap_or(manager)),
        ("fieldValidation", field_validation(args)),
    ];
    let answer = io.http(client::post(&client::path(kind, namespace, ""), &query, &object))?;
    Ok(if answer.is_ok() { Ok(answer.json.clone()) } else { Err(answer) })
}

/// Prints what became of an object: a result line, or the object in the form that `-o` asks for.
pub fn show(io: &mut Io<'_, '_, '_>, args: &Args, kind: &Kind, object: &Value, what: &str) -> Asked<()> {
    let format = Format::of(args);
    let format = io.check(format)?;
    let name = resources::full_name(kind, tree::str(object, "metadata.name"));
    match format {
        Format::Table | Format::Wide => io.line(&format!("{name} {what}{}", DryRun::of(args).suffix())),
        Format::Name => io.line(&name),
        format => {
            let mut object = object.clone();
            format.tidy(args, &mut object);
            let text = format.render(&object, true);
            let text = io.check(text)?;
            io.print(text);
        }
    }
    Ok(())
}
