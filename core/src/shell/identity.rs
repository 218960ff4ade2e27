//! `whoami`, `id`, `hostname`, `uname`, `ip addr`, `ifconfig`: who and where one is.
//!
//! Omits: users (everyone is root), everything of `ip` but addresses

use super::print::Printed;
use crate::base::Text;
use crate::process::Cx;
use crate::trace::Place;
use std::net::IpAddr;

/// `whoami`
pub fn whoami(_: &mut Cx<'_, '_>, _: &[Text]) -> Printed {
    Printed::out("root\n")
}

/// `id`
pub fn id(_: &mut Cx<'_, '_>, argv: &[Text]) -> Printed {
    Printed::out(match argv.get(1).map(|word| &**word) {
        Some("-u" | "-g") => "0\n",
        Some("-un" | "-gn") => "root\n",
        _ => "uid=0(root) gid=0(root) groups=0(root)\n",
    })
}

/// `hostname`, `hostname -i`
pub fn hostname(cx: &mut Cx<'_, '_>, argv: &[Text]) -> Printed {
    let addresses = || cx.ips().map(|ip| ip.to_string()).collect::<Vec<_>>().join(" ");
    match argv.get(1).map(|word| &**word) {
        None | Some("-s") => Printed::out(format!("{}\n", cx.hostname())),
        Some("-f" | "--fqdn") => Printed::out(format!("{}\n", full_name(cx))),
        Some("-i" | "--ip-address") => Printed::out(format!("{}\n", addresses())),
        Some("-I" | "--all-ip-addresses") => Printed::out(format!("{} \n", addresses())),
        Some(word) if word.starts_with('-') => {
            Printed::fail(1, &format!("hostname: invalid option -- '{}'", word.trim_start_matches('-')))
        }
        Some(_) => Printed::fail(1, "hostname: you must be root to change the host name"),
    }
}

/// The name that `/etc/hosts` gives one's own address, or the short one.
fn full_name(cx: &Cx<'_, '_>) -> String {
    let ip = cx.ip().map(|ip| ip.to_string()).unwrap_or_default();
    let hosts = cx.files.text("/etc/hosts").unwrap_or_default();
    let mut lines = hosts.lines().map(str::split_whitespace);
    let own = lines.find_map(|mut words| (words.next() == Some(ip.as_str())).then(|| words.next()).flatten());
    own.map_or_else(|| cx.hostname().to_string(), str::to_string)
}

/// `uname -a`
pub fn uname(cx: &mut Cx<'_, '_>, argv: &[Text]) -> Printed {
    let kernel = ["Linux", &cx.hostname(), "6.12.0", "#1 SMP PREEMPT_DYNAMIC", "x86_64", "GNU/Linux"]
        .map(String::from);
    let text = match argv.get(1).map(|word| &**word) {
        None | Some("-s") => kernel[0].clone(),
        Some("-n") => kernel[1].clone(),
        Some("-r") => kernel[2].clone(),
        Some("-m") => kernel[4].clone(),
        Some(_) => kernel.join(" "),
    };
    Printed::out(format!("{text}\n"))
}

/// `ip addr`
pub fn ip(cx: &mut Cx<'_, '_>, argv: &[Text]) -> Printed {
    let words: Vec<&str> =
        argv.iter().skip(1).map(|word| &**word).filter(|word| !word.starts_with('-')).collect();
    match words.first() {
        Some(object)
            if ["address", "a"].iter().any(|name| name.starts_with(object) || object.starts_with("addr")) => {
        }
        Some(object) => {
            return Printed::fail(1, &format!("Object \"{object}\" is unknown, try \"ip help\"."));
        }
        None => return Printed::fail(255, "Usage: ip [ OPTIONS ] OBJECT { COMMAND | help }"),
    }
    let Some(own) = cx.ip() else { return Printed::default() };
    let lines: String = cx
        .ips()
        .map(|ip| match ip {
            IpAddr::V4(_) => format!(
                "    inet {ip}/24 brd {} scope global eth0\n       valid_lft forever preferred_lft forever\n",
                broadcast(ip)
            ),
            IpAddr::V6(_) => {
                format!("    inet6 {ip}/64 scope global\n       valid_lft forever preferred_lft forever\n")
            }
        })
        .collect();
    let peer = if is_pod(cx) { "2: eth0@if3" } else { "2: eth0" };
    Printed::out(format!(
        "1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00
    inet 127.0.0.1/8 scope host lo
       valid_lft forever preferred_lft forever
{peer}: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default
    link/ether {} brd ff:ff:ff:ff:ff:ff
{lines}",
        hardware(own)
    ))
}

/// `ifconfig`
pub fn ifconfig(cx: &mut Cx<'_, '_>, _: &[Text]) -> Printed {
    let Some(own) = cx.ip() else { return Printed::default() };
    let lines: String = cx
        .ips()
        .map(|ip| match ip {
            IpAddr::V4(_) => {
                format!("        inet {ip}  netmask 255.255.255.0  broadcast {}\n", broadcast(ip))
            }
            IpAddr::V6(_) => format!("        inet6 {ip}  prefixlen 64  scopeid 0x0<global>\n"),
        })
        .collect();
    Printed::out(format!(
        "eth0: flags=4163<UP,BROADCAST,RUNNING,MULTICAST>  mtu 1500
{lines}        ether {}  txqueuelen 1000  (Ethernet)

lo: flags=73<UP,LOOPBACK,RUNNING>  mtu 65536
        inet 127.0.0.1  netmask 255.0.0.0
        loop  txqueuelen 1000  (Local Loopback)

",
        hardware(own)
    ))
}

fn is_pod(cx: &Cx<'_, '_>) -> bool {
    matches!(cx.place(), Place::Pod(..))
}

fn octets(ip: IpAddr) -> [u8; 4] {
    match ip {
        IpAddr::V4(ip) => ip.octets(),
        IpAddr::V6(ip) => {
            let all = ip.octets();
            [all[12], all[13], all[14], all[15]]
        }
    }
}

fn broadcast(ip: IpAddr) -> String {
    let [a, b, c, _] = octets(ip);
    format!("{a}.{b}.{c}.255")
}

/// The hardware address that container networks derive from the address.
fn hardware(ip: IpAddr) -> String {
    let [a, b, c, d] = octets(ip);
    format!("02:42:{a:02x}:{b:02x}:{c:02x}:{d:02x}")
}
