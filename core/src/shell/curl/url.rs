//! URLs as curl takes them: a missing scheme is http, a missing path is `/`. Knows no network.

/// Where a transfer goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The host, without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Path and query.
    pub path: String,
    /// `user:password`; empty when there is none.
    pub user: String,
}

/// Why a URL cannot be used: curl's exit code and message.
pub type Bad = (i32, String);

impl Target {
    /// Reads a URL.
    pub fn parse(url: &str) -> Result<Target, Bad> {
        let rest = match url.split_once("://") {
            None => url,
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => rest,
            Some((scheme, _)) => {
                let known = ["https", "ftp", "ftps", "file", "ws", "wss", "telnet", "dict", "gopher"];
                let scheme = scheme.to_ascii_lowercase();
                let why = if known.contains(&scheme.as_str()) { "disabled" } else { "not supported" };
                return Err((1, format!("Protocol \"{scheme}\" {why}")));
            }
        };
        let rest = rest.split('#').next().unwrap_or_default();
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let (user, host_port) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (host, port) = split_port(host_port).ok_or_else(|| rejected(BAD_PORT))?;
        if host.is_empty() {
            return Err(rejected("No host part in the URL"));
        }
        if url.contains(|c: char| c.is_control() || c == ' ') {
            return Err(rejected("Malformed input to a URL function"));
        }
        let path = if path.starts_with('/') { path.to_string() } else { format!("/{path}") };
        Ok(Target { host: host.to_ascii_lowercase(), port, path, user: user.to_string() })
    }

    /// Where a Location leads from here.
    pub fn follow(&self, location: &str) -> Result<Target, Bad> {
        if location.contains("://") {
            return Target::parse(location);
        }
        let path = if location.starts_with('/') {
            location.to_string()
        } else {
            let base = self.path.split('?').next().unwrap_or_default();
            format!("{}/{location}", base.rsplit_once('/').map_or("", |(dir, _)| dir))
        };
        Ok(Target { path, ..self.clone() })
    }

    /// Host and port as in the Host header: the port only when it is not 80.
    pub fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        if self.port == 80 { host } else { format!("{host}:{}", self.port) }
    }

    /// The whole URL, as `%{url_effective}` shows it.
    pub fn url(&self) -> String {
        format!("http://{}{}", self.authority(), self.path)
    }
}

const BAD_PORT: &str = "Port number was not a decimal number between 0 and 65535";

fn rejected(why: &str) -> Bad {
    (3, format!("URL rejected: {why}"))
}

fn split_port(text: &str) -> Option<(&str, u16)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        return match rest.strip_prefix(':') {
            Some(port) if !port.is_empty() => Some((host, port.parse().ok()?)),
            _ => Some((host, 80)),
        };
    }
    match text.split_once(':') {
        Some((host, "")) => Some((host, 80)),
        Some((host, port)) => Some((host, port.parse().ok()?)),
        None => Some((text, 80)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_filled_in() {
        let target = Target::parse("web:8080?x=1#top").expect("a URL");
        assert_eq!((target.host.as_str(), target.port, target.path.as_str()), ("web", 8080, "/?x=1"));
        assert_eq!(Target::parse("http://Web/a").map(|t| t.url()), Ok("http://web/a".to_string()));
        assert_eq!(Target::parse("http://[::1]:81/").map(|t| t.authority()), Ok("[::1]:81".to_string()));
        assert_eq!(Target::parse("foo://x").err().map(|(code, _)| code), Some(1));
        assert_eq!(Target::parse("http://").err().map(|(code, _)| code), Some(3));
        assert_eq!(Target::parse("web:port").err().map(|(code, _)| code), Some(3));
    }
}
