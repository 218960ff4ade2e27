//! What `tidepool serve` tells whoever started it: a kubeconfig, and lines of JSON on standard output.

use super::ports::Opened;
use serde_json::{Map, Value, json};
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Tells; its kubeconfig goes when it is dropped.
pub struct Announcer {
    api: SocketAddr,
    dns: SocketAddr,
    folder: PathBuf,
}

impl Announcer {
    /// Writes the kubeconfig.
    pub fn new(api: SocketAddr, dns: SocketAddr) -> Result<Announcer, String> {
        let folder = std::env::temp_dir().join(format!("tidepool-{}", std::process::id()));
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "tidepool",
            "clusters": [{"name": "tidepool", "cluster": {"server": format!("http://{api}")}}],
            "users": [{"name": "operator", "user": {}}],
            "contexts": [{"name": "tidepool", "context": {"cluster": "tidepool", "user": "operator"}}],
        });
        let announcer = Announcer { api, dns, folder };
        let path = announcer.kubeconfig();
        let written = std::fs::create_dir_all(&announcer.folder)
            .and_then(|()| std::fs::write(&path, format!("{config:#}\n")));
        written.map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        Ok(announcer)
    }

    fn kubeconfig(&self) -> PathBuf {
        self.folder.join("kubeconfig")
    }

    /// Everything is open.
    pub fn ready(&self, ports: &[Opened], forwards: &[Opened]) -> Result<(), String> {
        let mut line = json!({
            "api": format!("http://{}", self.api),
            "dns": self.dns.to_string(),
            "kubeconfig": self.kubeconfig().to_string_lossy(),
            "nodePorts": addresses(ports.iter().filter(|opened| !opened.balancer)),
        });
        if ports.iter().any(|opened| opened.balancer) {
            line["loadBalancers"] = addresses(ports.iter().filter(|opened| opened.balancer));
        }
        if !forwards.is_empty() {
            line["forwards"] = addresses(forwards.iter());
        }
        say(&line)
    }

    /// More node ports and load balancers were opened.
    pub fn later(&self, ports: &[Opened]) -> Result<(), String> {
        for (name, balancer) in [("nodePorts", false), ("loadBalancers", true)] {
            let mut of = ports.iter().filter(|opened| opened.balancer == balancer).peekable();
            if of.peek().is_some() {
                say(&json!({ name: addresses(of) }))?;
            }
        }
        Ok(())
    }
}

impl Drop for Announcer {
    fn drop(&mut self) {
        // Best effort: what is left is a file in the folder for temporary files.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn addresses<'a>(ports: impl Iterator<Item = &'a Opened>) -> Value {
    let entries = ports.map(|opened| (opened.name.clone(), json!(opened.at.to_string())));
    Value::Object(entries.collect::<Map<_, _>>())
}

fn say(line: &Value) -> Result<(), String> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).map_err(|error| format!("cannot write: {error}"))
}
