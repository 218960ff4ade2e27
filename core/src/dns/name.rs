//! Names and zones as text: comparing, reversing, normalising. Knows no records.
//! Models: CoreDNS plugin/normalize.go, plugin/pkg/dnsutil/reverse.go.

use super::message::record::labels;
use super::message::text::reverse_name;
use crate::base::Text;
use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether a name lies in a zone. Both are lower case and fully qualified.
pub fn in_zone(name: &str, zone: &str) -> bool {
    zone == "." || name.strip_suffix(zone).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// The longest of the zones in which a name lies.
pub fn best_zone<'a>(name: &str, zones: &'a [Text]) -> Option<&'a Text> {
    zones.iter().filter(|zone| in_zone(name, zone)).max_by_key(|zone| zone.len())
}

/// The name with its final dot.
pub fn qualified(name: &str) -> String {
    if name.ends_with('.') { name.to_string() } else { format!("{name}.") }
}

/// The address that a reverse name stands for; `None` when it is none, or only a part of one.
pub fn address_of_reverse(name: &str) -> Option<IpAddr> {
    if let Some(rest) = name.strip_suffix(".in-addr.arpa.") {
        let parts: Vec<&str> = rest.split('.').rev().collect();
        return parts.join(".").parse::<Ipv4Addr>().ok().map(IpAddr::V4);
    }
    let nibbles: Vec<char> = name.strip_suffix(".ip6.arpa.")?.split('.').rev().flat_map(str::chars).collect();
    let hex: String = nibbles.iter().collect();
    (nibbles.len() == 32).then_some(())?;
    u128::from_str_radix(&hex, 16).ok().map(|bits| IpAddr::V6(Ipv6Addr::from(bits)))
}

/// Whether a name lies under one of the reverse domains.
pub fn is_reverse(name: &str) -> bool {
    name.ends_with(".in-addr.arpa.") || name.ends_with(".ip6.arpa.")
}

/// The zones that an argument names: a name, or the reverse zones of a range of addresses. Empty when it names none.
pub fn zones_of(argument: &str) -> Vec<Text> {
    let host = split_port(strip_scheme(argument)).0;
    if let Ok(net) = host.parse::<IpNet>() {
        return reverse_zones(net);
    }
    match labels(host) {
        Some(_) => vec![qualified(&host.to_ascii_lowercase()).into()],
        None => Vec::new(),
    }
}

/// The zones that arguments name, or the server block's own when there are none.
pub fn zones_or<'a>(arguments: impl Iterator<Item = &'a Text>, own: &[Text]) -> Vec<Text> {
    let zones: Vec<Text> = arguments.flat_map(|argument| zones_of(argument)).collect();
    if zones.is_empty() { own.to_vec() } else { zones }
}

/// A key without `dns://`.
pub fn strip_scheme(key: &str) -> &str {
    key.split_once("://").map_or(key, |(_, rest)| rest)
}

/// A key's host and, if it ends with one, port.
pub fn split_port(key: &str) -> (&str, Option<u16>) {
    match key.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => match port.parse() {
            Ok(port) => (host, Some(port)),
            Err(_) => (key, None),
        },
        _ => (key, None),
    }
}

/// Zones end where the mask does; a mask within a label makes several.
fn reverse_zones(net: IpNet) -> Vec<Text> {
    let (step, total) = match net {
        IpNet::V4(_) => (8, 4),
        IpNet::V6(_) => (4, 32),
    };
    let prefix = usize::from(net.prefix_len());
    let whole = prefix.div_ceil(step);
    let Ok(subnets) = net.subnets(u8::try_from(whole * step).unwrap_or(u8::MAX)) else { return Vec::new() };
    let zone = |net: IpNet| -> Text {
        let name = reverse_name(net.network());
        let skipped: Vec<&str> = name.split('.').skip(total - whole).collect();
        skipped.join(".").into()
    };
    subnets.map(zone).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Figures of CoreDNS plugin/normalize_test.go and plugin/pkg/dnsutil/reverse_test.go.
    #[test]
    fn ranges_and_reverse_names() {
        let zones = |text| zones_of(text).iter().map(|z| z.to_string()).collect::<Vec<_>>();
        assert_eq!(zones("10.0.0.0/24"), ["0.0.10.in-addr.arpa."]);
        assert_eq!(zones("10.0.0.0/15"), ["0.10.in-addr.arpa.", "1.10.in-addr.arpa."]);
        assert_eq!(zones("dns://Example.ORG:1053"), ["example.org."]);
        assert_eq!(zones("."), ["."]);
        assert_eq!(address_of_reverse("54.119.58.176.in-addr.arpa."), "176.58.119.54".parse().ok());
        assert_eq!(address_of_reverse("58.176.in-addr.arpa."), None);
        let six: IpAddr = "fd00:10:96::204".parse().expect("an address");
        assert_eq!(address_of_reverse(&reverse_name(six)), Some(six));
        assert!(in_zone("a.example.org.", "example.org.") && !in_zone("notexample.org.", "example.org."));
    }
}
