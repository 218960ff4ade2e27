//! The terse technical line of each fact, for `--events`, cases and the log panel. Not prose for learners.

#![warn(clippy::wildcard_enum_match_arm)]

use super::{Cargo, Change, Event, Fact, Hop, Reason, Refusal, TcpFlag};
use crate::trace::reason::PickedBy;
use std::fmt;

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.at, self.fact)
    }
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fact::Moved(hop) => write!(f, "{hop}"),
            Fact::Decided(by, reason) => write!(f, "{by}: {reason}"),
            Fact::Changed(object, change, revision) => write!(f, "{object} {change} (revision {revision})"),
            Fact::Refused(by, refusal) => write!(f, "{by} refuses: {refusal}"),
        }
    }
}

impl fmt::Display for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {}: {}", self.from, self.to, self.cargo)?;
        match &self.addresses {
            Some(pair) => write!(f, " [{} > {}]", pair.src, pair.dst),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Cargo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cargo::Dns(dns) => match &dns.answer {
                None => write!(f, "DNS {}? {}", dns.qtype, dns.name),
                Some((rcode, n)) => write!(f, "DNS {}! {} {rcode} {n} answers", dns.qtype, dns.name),
            },
            Cargo::Tcp(flag) => write!(f, "TCP {flag}"),
            Cargo::HttpRequest(line, _) => write!(f, "HTTP {line}"),
            Cargo::HttpResponse(status, len) => write!(f, "HTTP {status}, {len} bytes"),
            Cargo::Payload(len) => write!(f, "{len} bytes"),
            Cargo::PortUnreachable => write!(f, "ICMP port unreachable"),
            Cargo::ApiRequest(verb, path, agent) => write!(f, "{verb} {path} ({agent})"),
            Cargo::ApiResponse(code) => write!(f, "{code}"),
            Cargo::StoragePut(key, revision) => write!(f, "put {key} @{revision}"),
            Cargo::Watch(kind, object, revision) => write!(f, "{kind} {object} @{revision}"),
        }
    }
}

impl fmt::Display for TcpFlag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TcpFlag::Syn => "SYN",
            TcpFlag::SynAck => "SYN-ACK",
            TcpFlag::Fin => "FIN",
            TcpFlag::Rst => "RST",
        })
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Change::Created => "created",
            Change::Updated => "updated",
            Change::StatusUpdated => "status updated",
            Change::Terminating => "terminating",
            Change::Deleted => "deleted",
        })
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::SearchList(step) => {
                let (n, of) = step.attempt;
                write!(f, "try {n}/{of} {} (dots {}, ndots {})", step.tried, step.dots, step.ndots)
            }
            Reason::DnsPlugin(plugin, rcode, n) => write!(f, "plugin {plugin}: {rcode}, {n} answers"),
            Reason::ServiceRule(pick) => {
                let n = pick.candidates.len();
                let what = match pick.by {
                    PickedBy::Only | PickedBy::Affinity | PickedBy::Rules => "rule",
                    PickedBy::Numgen(_) => "element",
                    PickedBy::Rotation(_) | PickedBy::Least(_) | PickedBy::Hash(_) => "server",
                };
                let (chain, at) = (&pick.chain, pick.rule + 1);
                write!(f, "{chain} {what} {at}/{n}: {} => {}", pick.sent, pick.rewritten)
            }
            Reason::Conntrack(sent, to) => write!(f, "conntrack: {sent} => {to}"),
            Reason::SourceRestored(sent, seen) => write!(f, "conntrack: source {sent} => {seen}"),
            Reason::Scheduled(pod, node, n, all) => {
                write!(f, "{pod} to {node} ({n} of {all} nodes feasible)")
            }
            Reason::Scaled(object, from, to) => write!(f, "{object} from {from} to {to}"),
            Reason::Endpoints(slice, ready, not) => write!(f, "{slice}: {ready} ready, {not} not ready"),
            Reason::Probe(pod, ok, n, of) => {
                write!(f, "probe of {pod} {} ({n}/{of})", if *ok { "succeeded" } else { "failed" })
            }
            Reason::Readiness(pod, ready) => write!(f, "{pod} ready={ready}"),
            Reason::RulesSynced(revision, rules, services, endpoints) => {
                write!(f, "rules @{revision}: {rules} rules, {services} services, {endpoints} endpoints")
            }
            Reason::Allocated(object, address) => write!(f, "{object} gets {address}"),
            Reason::Stopping(pod, grace) => write!(f, "{pod} stops within {}s", grace.as_secs()),
            Reason::Balanced(node, healthy, all) => write!(f, "to {node} ({healthy} of {all} nodes healthy)"),
            Reason::PolicyAllows(policy, ingress, rule) => {
                let way = if *ingress { "ingress" } else { "egress" };
                write!(f, "{policy} lets it through ({way} rule {})", rule + 1)
            }
            Reason::NodeHealth(node, healthy) => {
                write!(f, "{node} is {}", if *healthy { "healthy" } else { "unhealthy" })
            }
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::NoEndpoints(service, address) => write!(f, "{service} has no endpoints ({address})"),
            Refusal::NoLocalEndpoints(service, address) => {
                write!(f, "{service} has no endpoints on this node ({address})")
            }
            Refusal::SourceNotAllowed(service, source) => {
                write!(f, "{service} does not take traffic from {}", source.ip())
            }
            Refusal::NoSuchPort(service, address) => write!(f, "{service} has no port {}", address.port()),
            Refusal::Unallocated(address) => write!(f, "no Service has {}", address.ip()),
            Refusal::Policy(refusal) => {
                let way = if refusal.ingress { "ingress from" } else { "egress to" };
                let names: Vec<&str> = refusal.policies.iter().map(|policy| &*policy.name).collect();
                write!(f, "{way} {} for {} (isolated by {})", refusal.peer, refusal.pod, names.join(", "))
            }
            Refusal::NotForwarded(address) => write!(f, "nothing is forwarded at {address}"),
            Refusal::NotListening(address) => write!(f, "nothing listens at {address}"),
            Refusal::NoSuchAddress(address) => write!(f, "no machine has {address}"),
            Refusal::TimedOut(address, after) => {
                write!(f, "no answer from {address} in {} ms", after.as_millis())
            }
            Refusal::Api(code, reason, message) => write!(f, "{code} {reason}: {message}"),
            Refusal::Dns(name, rcode) => write!(f, "{name}: {rcode}"),
            Refusal::OutOfFuel(what, steps) => write!(f, "{what} stopped after {steps} steps"),
            Refusal::InsertFailed(address) => write!(f, "lost a race in conntrack on its way to {address}"),
        }
    }
}
