//! The command line of `tidepool serve`.

use super::clock::Speed;
use crate::commands::read;
use lexopt::{Arg, Parser, ValueExt};

/// How to serve.
#[derive(Debug)]
pub struct Options {
    /// The cluster file; empty for the default cluster.
    pub cluster: String,
    /// The seed; `None`: the cluster file's, or the default.
    pub seed: Option<u64>,
    /// How fast the world's time passes.
    pub speed: Speed,
    /// The port of the API server on 127.0.0.1; 0 for any that is free.
    pub port: u16,
    /// The port of DNS; 0 for any that is free.
    pub dns_port: u16,
    /// The pod (namespace, name) from which DNS and forwards come; `None`: the first that runs.
    pub from: Option<(String, String)>,
    /// What else is opened.
    pub forwards: Vec<Forward>,
    /// Where the recording is written at the end.
    pub save: Option<String>,
}

/// A port of this machine that leads to a Service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forward {
    /// The port on 127.0.0.1; 0 for any that is free.
    pub local: u16,
    /// The namespace.
    pub namespace: String,
    /// The Service's name.
    pub service: String,
    /// The Service's port.
    pub port: u16,
    /// UDP instead of TCP.
    pub udp: bool,
}

impl Options {
    /// Reads the arguments.
    pub fn parse(mut args: Parser) -> Result<Options, String> {
        let mut options = Options {
            cluster: String::new(),
            seed: None,
            speed: Speed::default(),
            port: 0,
            dns_port: 0,
            from: None,
            forwards: Vec::new(),
            save: None,
        };
        while let Some(arg) = args.next().map_err(|error| error.to_string())? {
            let Arg::Long(name) = &arg else { return Err(arg.unexpected().to_string()) };
            let name = name.to_string();
            if !NAMES.contains(&name.as_str()) {
                return Err(arg.unexpected().to_string());
            }
            let value = args.value().and_then(|value| value.string()).map_err(|error| error.to_string())?;
            options.set(&name, &value)?;
        }
        Ok(options)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        let wrong = |what: &str| format!("--{name} {value:?} is not {what}");
        match name {
            "cluster" => self.cluster = read(value)?,
            "seed" => self.seed = Some(value.parse().map_err(|_| wrong("a whole number"))?),
            "speed" => self.speed = Speed::parse(value).ok_or_else(|| wrong("a factor such as 2, or max"))?,
            "port" => self.port = value.parse().map_err(|_| wrong("a port"))?,
            "dns-port" => self.dns_port = value.parse().map_err(|_| wrong("a port"))?,
            "from" => {
                let (namespace, pod) = value.split_once('/').unwrap_or(("default", value));
                self.from = Some((namespace.into(), pod.into()));
            }
            "forward" => self
                .forwards
                .push(Forward::parse(value).ok_or_else(|| wrong("[PORT:]svc/NAME[.NAMESPACE]:PORT[/udp]"))?),
            _ => self.save = Some(value.into()),
        }
        Ok(())
    }
}

/// The options; each takes a value.
const NAMES: &[&str] = &["cluster", "seed", "speed", "port", "dns-port", "from", "forward", "save"];

impl Forward {
    /// Reads `[PORT:]svc/NAME[.NAMESPACE]:PORT[/udp]`.
    fn parse(text: &str) -> Option<Forward> {
        let (text, udp) = match text.strip_suffix("/udp") {
            Some(text) => (text, true),
            None => (text.strip_suffix("/tcp").unwrap_or(text), false),
        };
        let (before, rest) = text.split_once("svc/")?;
        let local = if before.is_empty() { 0 } else { before.strip_suffix(':')?.parse().ok()? };
        let (name, port) = rest.rsplit_once(':')?;
        let (service, namespace) = name.split_once('.').unwrap_or((name, "default"));
        let port = port.parse().ok().filter(|port| *port != 0)?;
        (!service.is_empty()).then(|| Forward {
            local,
            namespace: namespace.into(),
            service: service.into(),
            port,
            udp,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forwards_are_read() {
        let forward = |text| Forward::parse(text).map(|f| (f.local, f.namespace, f.service, f.port, f.udp));
        let made = |local, namespace: &str, service: &str, port, udp| {
            Some((local, namespace.to_string(), service.to_string(), port, udp))
        };
        assert_eq!(forward("svc/web:80"), made(0, "default", "web", 80, false));
        assert_eq!(forward("8080:svc/web.shop:80"), made(8080, "shop", "web", 80, false));
        assert_eq!(forward("svc/kube-dns.kube-system:53/udp"), made(0, "kube-system", "kube-dns", 53, true));
        for wrong in ["web:80", "svc/:80", "svc/web", "x:svc/web:80", "svc/web:0", "svc/web:99999"] {
            assert_eq!(forward(wrong), None, "{wrong}");
        }
    }
}
