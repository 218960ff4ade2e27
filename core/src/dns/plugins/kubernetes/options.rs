//! The options of `kubernetes`. Knows no question.
//! Models: CoreDNS plugin/kubernetes/setup.go.

use super::Kubernetes;
use crate::dns::name::{is_reverse, zones_or};
use crate::dns::plugins::{Fallthrough, Plugin, Setup, duration, integer};

/// How names of pods are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PodMode {
    /// Not at all.
    Disabled,
    /// Whatever address the name says.
    Insecure,
    /// When a pod of the namespace has the address.
    Verified,
}

/// `kubernetes [ZONES...] { ... }`.
pub fn setup(setup: &mut Setup<'_>) -> Result<Plugin, String> {
    setup.tokens.advance();
    let zones = zones_or(setup.tokens.remaining_args().iter(), setup.zones);
    let primary = zones.iter().find(|zone| !is_reverse(zone)).cloned();
    let mut k = Kubernetes {
        primary: primary.ok_or("non-reverse zone name must be used")?,
        zones,
        namespaces: Vec::new(),
        pods: PodMode::Disabled,
        endpoint_pod_names: false,
        ttl: 5,
        no_endpoints: false,
        ignore_empty: false,
        fall: Fallthrough::default(),
    };
    while setup.tokens.next_block() {
        option(&mut k, setup)?;
    }
    Ok(k.into())
}

fn option(k: &mut Kubernetes, setup: &mut Setup<'_>) -> Result<(), String> {
    let tokens = &mut setup.tokens;
    let name = tokens.val().to_string();
    let args = tokens.remaining_args();
    let words: Vec<&str> = args.iter().map(|arg| &**arg).collect();
    match (name.as_str(), words.as_slice()) {
        ("endpoint_pod_names", []) => k.endpoint_pod_names = true,
        ("pods", ["disabled"]) => k.pods = PodMode::Disabled,
        ("pods", ["insecure"]) => k.pods = PodMode::Insecure,
        ("pods", ["verified"]) => k.pods = PodMode::Verified,
        ("pods", [mode]) => {
            return Err(format!(
                "wrong value for pods: {mode},  must be one of: disabled, verified, insecure"
            ));
        }
        ("namespaces", [_, ..]) => k.namespaces.extend(args),
        ("ttl", [text]) => {
            let ttl = integer(text).map_err(|error| tokens.err(&error))?;
            let Some(ttl) = u32::try_from(ttl).ok().filter(|ttl| *ttl <= 3600) else {
                return Err(tokens.err(&format!("ttl must be in range [0, 3600]: {ttl}")));
            };
            k.ttl = ttl;
        }
        ("noendpoints", []) => k.no_endpoints = true,
        ("ignore", ["empty_service"]) => k.ignore_empty = true,
        ("ignore", [_, ..]) => return Err(format!("unable to parse ignore value: '{}'", words[0])),
        ("fallthrough", _) => k.fall = Fallthrough::new(&args),
        ("startup_timeout", [text]) => drop(duration(text)?),
        ("endpoint" | "tls" | "kubeconfig" | "namespace_labels" | "labels", [_, ..])
        | ("apiserver_qps" | "apiserver_burst" | "apiserver_max_inflight", [_]) => {
            if name == "namespace_labels" || name == "labels" {
                return Err(format!("the option {name} is not simulated here"));
            }
        }
        ("multicluster" | "zonal", _) => return Err(format!("the option {name} is not simulated here")),
        ("pods" | "endpoint_pod_names" | "namespaces" | "ttl" | "noendpoints" | "ignore" | "labels", _)
        | ("startup_timeout" | "endpoint" | "tls" | "kubeconfig" | "namespace_labels", _)
        | ("apiserver_qps" | "apiserver_burst" | "apiserver_max_inflight", _) => return Err(tokens.arg_err()),
        (other, _) => return Err(tokens.err(&format!("unknown property '{other}'"))),
    }
    Ok(())
}
