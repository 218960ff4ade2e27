//! What is wrong with addresses and ranges that stand in fields.
//!
//! Models: apimachinery `pkg/util/validation/ip.go`, ValidateNonSpecialIP. Omits: the warnings about leading zeros.

use super::FieldError;
use ipnet::IpNet;
use serde_json::Value;
use std::net::IpAddr;

/// What is said of text that is no address.
pub const NOT_AN_IP: &str = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
/// What is said of text that is no range.
pub const NOT_A_CIDR: &str = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";

/// The address in a value, or the problem.
pub fn ip(value: &Value, path: &str) -> Result<IpAddr, FieldError> {
    let parsed = value.as_str().and_then(|text| text.parse().ok());
    parsed.ok_or_else(|| FieldError::invalid(path, value, NOT_AN_IP))
}

/// The problem of text that should be a range.
pub fn cidr_problem(text: &str, path: &str) -> Option<FieldError> {
    let wrong = text.parse::<IpNet>().is_err();
    wrong.then(|| FieldError::invalid(path, &text.into(), NOT_A_CIDR))
}

/// The problems of an address that traffic cannot be sent to.
pub fn special(ip: IpAddr, path: &str) -> Vec<FieldError> {
    let (link_local, link_local_multicast) = match ip {
        IpAddr::V4(ip) => (ip.is_link_local(), ip.octets().starts_with(&[224, 0, 0])),
        IpAddr::V6(ip) => (ip.is_unicast_link_local(), ip.segments()[0] & 0xff0f == 0xff02),
    };
    let mut wrong = Vec::new();
    let mut say = |words: &str| wrong.push(FieldError::invalid(path, &ip.to_string().into(), words));
    if ip.is_unspecified() {
        say(&format!("may not be unspecified ({ip})"));
    }
    if ip.is_loopback() {
        say("may not be in the loopback range (127.0.0.0/8, ::1/128)");
    }
    if link_local {
        say("may not be in the link-local range (169.254.0.0/16, fe80::/10)");
    }
    if link_local_multicast {
        say("may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)");
    }
    wrong
}
