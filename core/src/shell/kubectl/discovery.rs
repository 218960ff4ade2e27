//! `kubectl version`, `cluster-info`, `api-versions` and `api-resources`: what the API server says of itself.
//! Models: kubectl `pkg/cmd/version`, `pkg/cmd/clusterinfo`, `pkg/cmd/apiresources`. Omits: `cluster-info dump`, colours

use super::args::{Args, Flag, switch, value};
use super::commands::{Entry, Work};
use super::script::{Asked, Flow, Io, Next};
use super::table::Tabbed;
use super::{client, json};
use crate::api::{service, tree, yaml};
use crate::base::order;
use serde_json::{Value, json};

/// `kubectl version`.
pub const VERSION: Entry =
    Entry::new("version", "Print the client and server version information", VERSION_FLAGS, |args| {
        verb(args, Verb::Version)
    });
/// `kubectl cluster-info`.
pub const CLUSTER_INFO: Entry =
    Entry::new("cluster-info", "Display cluster information", &[], |args| verb(args, Verb::ClusterInfo));
/// `kubectl api-versions`.
pub const API_VERSIONS: Entry = Entry::new(
    "api-versions",
    "Print the supported API versions on the server, in the form of \"group/version\"",
    &[],
    |args| verb(args, Verb::ApiVersions),
);
/// `kubectl api-resources`.
pub const API_RESOURCES: Entry =
    Entry::new("api-resources", "Print the supported API resources on the server", RESOURCES_FLAGS, |args| {
        verb(args, Verb::ApiResources)
    });

const VERSION_FLAGS: &[Flag] = &[switch("client", None), value("output", Some('o'))];
const RESOURCES_FLAGS: &[Flag] = &[
    value("api-group", None),
    switch("namespaced", None),
    value("verbs", None),
    value("sort-by", None),
    value("categories", None),
    value("output", Some('o')),
    switch("no-headers", None),
    switch("cached", None),
];

/// The version of kubectl.
const CLIENT: &str = "v1.35.2";
/// The version of the kustomize within it.
const KUSTOMIZE: &str = "v5.7.1";
/// Where the API server is.
const SERVER: &str = "https://192.0.2.10:6443";

#[derive(Debug, Clone, Copy, PartialEq)]
enum Verb {
    Version,
    ClusterInfo,
    ApiVersions,
    ApiResources,
}

fn verb(args: Args, verb: Verb) -> Work {
    Work::Discovery(Discovery { args, verb })
}

/// One of these commands at work.
#[derive(Debug, Clone)]
pub struct Discovery {
    args: Args,
    verb: Verb,
}

impl Discovery {
    /// One turn.
    pub fn run(&self, io: &mut Io<'_, '_, '_>) -> Flow<Work> {
        if let Some(word) = self.args.words.first() {
            let words = &self.args.words;
            return match self.verb {
                Verb::ClusterInfo => {
                    io.fail(&format!("unknown command {word:?} for \"kubectl cluster-info\""))
                }
                _ => io.fail(&format!("extra arguments: [{}]", words.join(" "))),
            };
        }
        match self.verb {
            Verb::Version => self.version(io)?,
            Verb::ClusterInfo => cluster_info(io)?,
            Verb::ApiVersions => {
                let mut all = group_versions(io)?;
                order::sort(&mut all);
                all.iter().for_each(|version| io.line(version));
            }
            Verb::ApiResources => self.resources(io)?,
        }
        Ok(Next::Exit(0))
    }

    fn version(&self, io: &mut Io<'_, '_, '_>) -> Asked<()> {
        let format = self.args.text("output").unwrap_or_default();
        if !matches!(format, "" | "json" | "yaml") {
            return io.fail("--output must be 'yaml' or 'json'");
        }
        let server = if self.args.on("client") {
            None
        } else {
            Some(io.must(client::get("/version", &[("timeout", "32s")], client::JSON_ANY))?.json.clone())
        };
        let mut all = json!({
            "clientVersion": {"gitVersion": CLIENT, "major": "1", "minor": "35", "platform": "linux/amd64"},
            "kustomizeVersion": KUSTOMIZE,
        });
        if let Some(server) = &server {
            all["serverVersion"] = server.clone();
        }
        match format {
            "json" => io.print(json::pretty(&all)),
            "yaml" => io.print(yaml::write(&all)),
            _ => {
                io.line(&format!("Client Version: {CLIENT}"));
                io.line(&format!("Kustomize Version: {KUSTOMIZE}"));
                if let Some(server) = server {
                    io.line(&format!("Server Version: {}", tree::str(&server, "gitVersion")));
                }
            }
        }
        Ok(())
    }

    fn resources(&self, io: &mut Io<'_, '_, '_>) -> Asked<()> {
        let format = self.args.text("output").unwrap_or_default();
        if !matches!(format, "" | "wide" | "name") {
            return io.fail(&format!("--output {format} is not available"));
        }
        let by = self.args.text("sort-by").unwrap_or_default();
        if !matches!(by, "" | "name" | "kind") {
            return io.fail("--sort-by accepts only name or kind");
        }
        let mut all = Vec::new();
        for version in group_versions(io)? {
            let group = version.rsplit_once('/').map_or("", |(group, _)| group).to_string();
            if self.args.text("api-group").is_some_and(|wanted| wanted != group) {
                continue;
            }
            let path = if group.is_empty() { format!("/api/{version}") } else { format!("/apis/{version}") };
            let list = io.must(client::get(&path, &[("timeout", "32s")], client::JSON_ANY))?;
            let own = tree::list(&list.json, "resources").iter();
            let wanted = own.filter(|resource| self.wants(resource));
            all.extend(wanted.map(|resource| Resource::new(&group, &version, resource)));
        }
        order::sort_by_key(&mut all, |resource| match by {
            "name" => (resource.name.clone(), resource.name.clone()),
            "kind" => (resource.kind.clone(), resource.name.clone()),
            _ => (resource.group.clone(), resource.name.clone()),
        });
        if format == "name" {
            all.iter().for_each(|resource| io.line(&resource.full_name()));
            return Ok(());
        }
        let mut table = Tabbed::new(6, 3);
        let is_wide = format == "wide";
        if !self.args.on("no-headers") && !all.is_empty() {
            let more = if is_wide { "\tVERBS\tCATEGORIES" } else { "" };
            table.line(&format!("NAME\tSHORTNAMES\tAPIVERSION\tNAMESPACED\tKIND{more}"));
        }
        all.iter().for_each(|resource| table.line(&resource.row(is_wide)));
        io.print(table.finish());
        Ok(())
    }

    fn wants(&self, resource: &Value) -> bool {
        let has_all = |flag: &str, field: &str| {
            let there = strings(resource, field);
            self.args.listed(flag).iter().all(|wanted| there.iter().any(|one| one == wanted))
        };
        let of_scope = match self.args.text("namespaced") {
            Some(_) => tree::bool(resource, "namespaced") == Some(self.args.on("namespaced")),
            None => true,
        };
        let is_sub = tree::str(resource, "name").contains('/');
        !is_sub && of_scope && has_all("verbs", "verbs") && has_all("categories", "categories")
    }
}

/// A row of `api-resources`.
struct Resource {
    group: String,
    version: String,
    name: String,
    kind: String,
    short: String,
    namespaced: bool,
    verbs: String,
    categories: String,
}

impl Resource {
    fn new(group: &str, version: &str, resource: &Value) -> Resource {
        Resource {
            group: group.to_string(),
            version: version.to_string(),
            name: tree::str(resource, "name").to_string(),
            kind: tree::str(resource, "kind").to_string(),
            short: strings(resource, "shortNames").join(","),
            namespaced: tree::bool(resource, "namespaced").unwrap_or(false),
            verbs: strings(resource, "verbs").join(","),
            categories: strings(resource, "categories").join(","),
        }
    }

    fn full_name(&self) -> String {
        if self.group.is_empty() { self.name.clone() } else { format!("{}.{}", self.name, self.group) }
    }

    fn row(&self, is_wide: bool) -> String {
        let Resource { name, short, version, namespaced, kind, verbs, categories, .. } = self;
        let more = if is_wide { format!("\t{verbs}\t{categories}") } else { String::new() };
        format!("{name}\t{short}\t{version}\t{namespaced}\t{kind}{more}")
    }
}

fn strings(tree: &Value, path: &str) -> Vec<String> {
    tree::list(tree, path).iter().filter_map(Value::as_str).map(String::from).collect()
}

/// All `group/version`, the core group first.
fn group_versions(io: &mut Io<'_, '_, '_>) -> Asked<Vec<String>> {
    let core = io.must(client::get("/api", &[("timeout", "32s")], client::DISCOVERY))?;
    let others = io.must(client::get("/apis", &[("timeout", "32s")], client::DISCOVERY))?;
    let mut all = Vec::new();
    for group in tree::list(&core.json, "items").iter().chain(tree::list(&others.json, "items")) {
        let name = tree::str(group, "metadata.name");
        for version in tree::list(group, "versions") {
            let version = tree::str(version, "version");
            all.push(if name.is_empty() { version.to_string() } else { format!("{name}/{version}") });
        }
    }
    Ok(all)
}

fn cluster_info(io: &mut Io<'_, '_, '_>) -> Asked<()> {
    let path = client::path(&service::SERVICE, "kube-system", "");
    let query = [("labelSelector", "kubernetes.io/cluster-service=true")];
    let list = io.must(client::get(&path, &query, client::JSON_ANY))?;
    io.line(&format!("Kubernetes control plane is running at {SERVER}"));
    for item in tree::list(&list.json, "items") {
        let labelled = tree::pairs(item, "metadata.labels").find(|(key, _)| *key == "kubernetes.io/name");
        let name = labelled.map_or(tree::str(item, "metadata.name"), |(_, name)| name);
        io.line(&format!("{name} is running at {}", link(item)));
    }
    io.line("\nTo further debug and diagnose cluster problems, use 'kubectl cluster-info dump'.");
    Ok(())
}

/// Where a Service of the cluster is reached: its load balancer, or the API server's proxy.
fn link(service: &Value) -> String {
    let ports = tree::list(service, "spec.ports");
    let number = |port: &Value| tree::int(port, "port").unwrap_or(0);
    if let Some(ingress) = tree::list(service, "status.loadBalancer.ingress").first() {
        let ip = tree::str(ingress, "ip");
        let host = if ip.is_empty() { tree::str(ingress, "hostname") } else { ip };
        return ports.iter().map(|port| format!("http://{host}:{} ", number(port))).collect();
    }
    let mut name = tree::str(service, "metadata.name").to_string();
    if let Some(port) = ports.first() {
        let port_name = tree::str(port, "name");
        let is_https = port_name == "https" || number(port) == 443;
        name = match (is_https, port_name) {
            (true, _) => format!("https:{name}:{port_name}"),
            (false, "") => name,
            (false, _) => format!("{name}:{port_name}"),
        };
    }
    let namespace = tree::str(service, "metadata.namespace");
    format!("{SERVER}/api/v1/namespaces/{namespace}/services/{name}/proxy")
}
