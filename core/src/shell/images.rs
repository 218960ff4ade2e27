//! Which program a container runs: its image's entrypoint and the container's command, as the runtime combines them.
//! An image that the world does not know serves HTTP on its declared ports, so that any manifest works.

use super::connect::Connect;
use super::idle::Idle;
use super::print::{Print, Printed};
use super::servers::agnhost::{Netexec, ServeHostname};
use super::servers::nginx::Nginx;
use super::servers::plain::Plain;
use super::servers::whoami::Whoami;
use super::servers::{App, Server};
use super::{Programs, commands, coredns, external_dns, kubedns};
use crate::base::{Duration, Text};
use crate::dns::plugins::duration;
use crate::effect::ContainerSpec;
use crate::net::Protocol;
use crate::process::{Cx, Libc, Userland};

/// An image: how its name ends, its entrypoint, and its default arguments.
struct Image {
    name: &'static str,
    entrypoint: &'static [&'static str],
    arguments: &'static [&'static str],
}

const CURL: &str = "curlimages/curl";

/// The images that the world knows, by the end of their repository. Those with the same end are one.
static IMAGES: &[Image] = &[
    image("agnhost", &["/agnhost"], &["pause"]),
    image("nginx", &["/docker-entrypoint.sh"], &["nginx", "-g", "daemon off;"]),
    image("traefik/whoami", &["/whoami"], &[]),
    image("containous/whoami", &["/whoami"], &[]),
    image("pause", &["/pause"], &[]),
    image("coredns", &["/coredns"], &[]),
    image("external-dns", &["/bin/external-dns"], &[]),
    image("k8s-dns-kube-dns", &["/kube-dns"], &[]),
    image("k8s-dns-dnsmasq-nanny", &["/dnsmasq-nanny"], &[]),
    image("k8s-dns-node-cache", &["/node-cache"], &[]),
    image("k8s-dns-sidecar", &["/sidecar"], &[]),
    image("busybox", &[], &["sh"]),
    image("alpine", &[], &["/bin/sh"]),
    image("debian", &[], &["bash"]),
    image("ubuntu", &[], &["/bin/bash"]),
    image(CURL, &["/entrypoint.sh"], &["curl"]),
    image("nicolaka/netshoot", &[], &["zsh"]),
    image("jessie-dnsutils", &[], &["sleep", "infinity"]),
    image("dnsutils", &[], &["sleep", "infinity"]),
    image("python", &[], &["python3"]),
    image("hashicorp/http-echo", &["/http-echo"], &[]),
    image("hello-app", &["/hello-app"], &[]),
    image("httpd", &[], &["httpd-foreground"]),
];

const fn image(
    name: &'static str,
    entrypoint: &'static [&'static str],
    arguments: &'static [&'static str],
) -> Image {
    Image { name, entrypoint, arguments }
}

/// What an image brings, by its base: Alpine has musl and busybox, Debian has glibc. busybox itself has glibc unless its
/// tag says musl.
pub fn userland(image: &str) -> Userland {
    let (repository, tag) = split(image);
    let is = |name| is_of(repository, name);
    // Alpine with BIND's tools: agnhost and netshoot.
    let with_bind = is("agnhost") || is("nicolaka/netshoot");
    let alpine = match tag.split_once("alpine") {
        Some((_, version)) => Some(version),
        None if is("alpine") => Some(tag),
        None if is(CURL) || with_bind => Some(""),
        None => None,
    };
    let libc = match alpine.map(minor) {
        Some(Some(minor)) if minor < MUSL_WITH_TCP => Libc::OldMusl,
        Some(_) => Libc::Musl,
        None if is("busybox") && tag.contains("musl") => Libc::Musl,
        None => Libc::Glibc,
    };
    Userland { libc, busybox: is("busybox") || alpine.is_some() && !with_bind }
}

/// Alpine 3.18 was the first with musl 1.2.4.
const MUSL_WITH_TCP: u32 = 18;

/// The second number of Alpine's version: 17 of `3.17.3`.
fn minor(version: &str) -> Option<u32> {
    version.strip_prefix("3.")?.split(['.', '-', '_']).next()?.parse().ok()
}

/// The program of a container.
pub fn program(spec: &ContainerSpec) -> Programs {
    let (repository, tag) = split(&spec.image);
    let known = IMAGES.iter().find(|image| is_of(repository, image.name));
    let argv = arguments(spec, known);
    let Some(first) = argv.first() else { return unknown(spec, &argv) };
    let name = first.rsplit('/').next().unwrap_or_default();
    let rest = argv.get(1..).unwrap_or_default();
    match name {
        "docker-entrypoint.sh" | "entrypoint.sh" if known.is_some() => {
            let is_command = rest.first().is_some_and(|word| commands::find(word).is_some());
            let with_curl = [&[Text::from("curl")], rest].concat();
            // curl's image takes what is no command as curl's own words.
            let command = if is_of(repository, CURL) && !is_command { with_curl } else { rest.to_vec() };
            program(&ContainerSpec { command, args: Vec::new(), ..spec.clone() })
        }
        "agnhost" => agnhost(&argv),
        "nginx" => Server::new(&argv, App::Nginx(Nginx::of_tag(tag)), [(Protocol::Tcp, 80)]).into(),
        "whoami" => whoami(spec, &argv),
        "coredns" => coredns::start(&argv),
        "external-dns" if known.is_some() => external_dns::start(&argv),
        "kube-dns" => kubedns::kube_dns(&argv),
        "dnsmasq-nanny" => kubedns::nanny(&argv),
        "node-cache" => coredns::node_cache(&argv),
        "sidecar" if known.is_some() => kubedns::sidecar(&argv),
        "pause" => Idle::new(&argv).into(),
        "http-echo" => http_echo(&argv),
        "hello-app" => plain(&argv, Plain::Hello(hello_version(tag)), 8080),
        "httpd-foreground" | "httpd" => plain(&argv, Plain::Httpd, 80),
        "tail" if rest.iter().any(|word| &**word == "/dev/null") => Idle::new(&argv).into(),
        _ => match commands::program(&argv) {
            Some(program) => program,
            None if known.is_some() && spec.ports.is_empty() => Print::new(&argv, not_found).into(),
            None => unknown(spec, &argv),
        },
    }
}

/// The command line that a container runs, for whoever runs it in its place.
pub fn command_line(spec: &ContainerSpec) -> Vec<Text> {
    let repository = split(&spec.image).0;
    let known = IMAGES.iter().find(|image| is_of(repository, image.name));
    let argv = arguments(spec, known);
    let is_entrypoint = argv.first().is_some_and(|word| word.ends_with("entrypoint.sh"));
    let rest = argv.get(1..).unwrap_or_default();
    match rest.first() {
        Some(word) if is_entrypoint && commands::find(word).is_some() => rest.to_vec(),
        _ if is_entrypoint && is_of(repository, CURL) => [&[Text::from("curl")], rest].concat(),
        _ if is_entrypoint => rest.to_vec(),
        _ => argv,
    }
}

/// The words of the process: `command` replaces the entrypoint and the arguments, `args` the arguments.
fn arguments(spec: &ContainerSpec, image: Option<&Image>) -> Vec<Text> {
    let words = |words: &[&str]| words.iter().map(|word| Text::from(*word)).collect::<Vec<Text>>();
    let entrypoint = match image {
        _ if !spec.command.is_empty() => spec.command.clone(),
        Some(image) => words(image.entrypoint),
        None => Vec::new(),
    };
    let arguments = match image {
        _ if !spec.args.is_empty() || !spec.command.is_empty() => spec.args.clone(),
        Some(image) => words(image.arguments),
        None => Vec::new(),
    };
    [entrypoint, arguments].concat()
}

/// The repository and the tag of an image's name.
fn split(image: &str) -> (&str, &str) {
    let image = image.split('@').next().unwrap_or_default();
    match image.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, tag),
        _ => (image, "latest"),
    }
}

fn is_of(repository: &str, name: &str) -> bool {
    repository.strip_suffix(name).is_some_and(|before| before.is_empty() || before.ends_with('/'))
}

/// What an image runs that the world does not know: HTTP on each declared port, or nothing.
fn unknown(spec: &ContainerSpec, argv: &[Text]) -> Programs {
    let ports = spec.ports.iter().filter(|(_, protocol)| &**protocol == "TCP");
    let ports: Vec<(Protocol, u16)> = ports.map(|(port, _)| (Protocol::Tcp, *port)).collect();
    let name = [Text::from(split(&spec.image).0.rsplit('/').next().unwrap_or_default())];
    let argv = if argv.is_empty() { &name } else { argv };
    if ports.is_empty() {
        return Idle::new(argv).into();
    }
    Server::new(argv, App::Plain(Plain::Unknown(spec.image.clone())), ports).into()
}

pub(super) fn not_found(_: &mut Cx<'_, '_>, argv: &[Text]) -> Printed {
    let name = argv.first().map_or("", |word| &**word);
    Printed::fail(128, &format!("exec: \"{name}\": executable file not found in $PATH"))
}

/// `--name=value` or `--name value`, with one dash or two.
pub(super) fn flag<'a>(argv: &'a [Text], name: &str) -> Option<&'a str> {
    argv.iter().enumerate().find_map(|(n, word)| {
        let word = word.strip_prefix("--").or(word.strip_prefix('-'))?;
        match word.strip_prefix(name)?.strip_prefix('=') {
            Some(value) => Some(value),
            None if word == name => argv.get(n + 1).map(|next| &**next),
            None => None,
        }
    })
}

/// A flag that is on when it is there and not `=false`.
pub(super) fn switch(argv: &[Text], name: &str, default: bool) -> bool {
    let value = argv.iter().find_map(|word| {
        let word = word.strip_prefix("--").or(word.strip_prefix('-'))?;
        let rest = word.strip_prefix(name)?;
        if rest.is_empty() { Some(true) } else { rest.strip_prefix('=').map(|value| value != "false") }
    });
    value.unwrap_or(default)
}

fn port(argv: &[Text], name: &str, default: u16) -> u16 {
    flag(argv, name).and_then(|value| value.parse().ok()).unwrap_or(default)
}

/// agnhost with its sub-command.
pub fn agnhost(argv: &[Text]) -> Programs {
    match argv.get(1).map(|word| &**word) {
        Some("netexec") => {
            let http_port = port(argv, "http-port", 8080);
            let udp = flag(argv, "udp-port").map_or(Some(8081), |value| value.parse().ok());
            let udp_ports = udp.map(|port| (Protocol::Udp, port));
            let ports = std::iter::once((Protocol::Tcp, http_port)).chain(udp_ports);
            Server::new(argv, App::Netexec(Netexec { http_port, udp_port: udp }), ports).into()
        }
        Some("serve-hostname") => {
            let (port, tcp, udp) =
                (port(argv, "port", 9376), switch(argv, "tcp", false), switch(argv, "udp", false));
            let http = switch(argv, "http", true);
            if http && (tcp || udp) {
                return Print::new(argv, both_modes).into();
            }
            let app = ServeHostname { port, tcp, close: switch(argv, "close", false) };
            let tcp = (http || tcp).then_some((Protocol::Tcp, port));
            let udp = udp.then_some((Protocol::Udp, port));
            Server::new(argv, App::ServeHostname(app), tcp.into_iter().chain(udp)).into()
        }
        Some("connect") => {
            let timeout = flag(argv, "timeout").and_then(|text| duration(text).ok());
            let timeout = timeout
                .and_then(|nanos| u64::try_from(nanos).ok())
                .map_or(Duration::secs(10), Duration::nanos);
            Connect::new(argv, timeout, flag(argv, "protocol") == Some("udp")).into()
        }
        _ => Idle::new(argv).into(),
    }
}

fn both_modes(cx: &mut Cx<'_, '_>, _: &[Text]) -> Printed {
    let text = "Can't server TCP/UDP mode and HTTP mode at the same time";
    let line = super::servers::answer::go_log(cx.out.now, text);
    Printed::fail(1, line.trim_end())
}

fn whoami(spec: &ContainerSpec, argv: &[Text]) -> Programs {
    let variable = |name: &str| {
        let found = spec.env.iter().rev().find(|(key, _)| &**key == name);
        found.map(|(_, value)| &**value).filter(|value| !value.is_empty())
    };
    let port = flag(argv, "port").or(variable("WHOAMI_PORT_NUMBER")).and_then(|port| port.parse().ok());
    let port = port.unwrap_or(80);
    let name = flag(argv, "name").or(variable("WHOAMI_NAME")).unwrap_or_default().into();
    let app = Whoami { port, name, verbose: switch(argv, "verbose", false), health: 200 };
    Server::new(argv, App::Whoami(app), [(Protocol::Tcp, port)]).into()
}

fn http_echo(argv: &[Text]) -> Programs {
    let listen = flag(argv, "listen").and_then(|at| at.rsplit(':').next()).and_then(|p| p.parse().ok());
    let port = listen.unwrap_or(5678);
    match flag(argv, "text") {
        Some(text) => plain(argv, Plain::Echo(text.into(), port), port),
        None => Print::new(argv, no_text).into(),
    }
}

fn no_text(_: &mut Cx<'_, '_>, _: &[Text]) -> Printed {
    Printed::fail(127, "Missing -text option!")
}

fn hello_version(tag: &str) -> Text {
    match tag {
        "2.0" | "v2" => "2.0.0".into(),
        _ => "1.0.0".into(),
    }
}

fn plain(argv: &[Text], app: Plain, port: u16) -> Programs {
    Server::new(argv, App::Plain(app), [(Protocol::Tcp, port)]).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_has_the_userland_of_its_base() {
        let of = |image| (userland(image).libc, userland(image).busybox);
        assert_eq!(of("alpine"), (Libc::Musl, true));
        assert_eq!(of("docker.io/library/alpine:3.17.3"), (Libc::OldMusl, true));
        assert_eq!(of("nginx:1.29-alpine3.22"), (Libc::Musl, true));
        assert_eq!(of("nginx:1.29"), (Libc::Glibc, false));
        assert_eq!(of("curlimages/curl:8.5.0"), (Libc::Musl, true));
        assert_eq!(of("registry.k8s.io/e2e-test-images/agnhost:2.53"), (Libc::Musl, false));
        assert_eq!(of("busybox:1.36"), (Libc::Glibc, true));
        assert_eq!(of("busybox:1.36-musl"), (Libc::Musl, true));
        assert_eq!(of("registry.k8s.io/e2e-test-images/jessie-dnsutils:1.3"), (Libc::Glibc, false));
    }
}
