//! The address of a server: what people type, made into one spelling.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
};

/// The port a server listens on unless told otherwise.
pub(crate) const DEFAULT_PORT: u16 = 7878;

/// Scheme, host and port of a server in one spelling: `http://localhost:7878`. A token belongs to exactly one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    encrypted: bool,
    host: String,
    port: u16,
}

impl Origin {
    /// Reads `host`, `host:port` or `http(s)://host[:port]`. The port is 7878 unless `https` is asked for, then 443.
    ///
    /// # Errors
    /// One sentence that says what to change.
    pub fn parse(typed: &str) -> Result<Self, &'static str> {
        let typed = typed.trim();
        let (encrypted, rest) = match typed.split_once("://") {
            None => (false, typed),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (false, rest),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (true, rest),
            Some(_) => return Err("an address begins with http://, https:// or the host itself"),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = split_port(rest)?;
        let port = match port {
            None if encrypted => 443,
            None => DEFAULT_PORT,
            Some(port) => port.parse().ok().filter(|&p| p != 0).ok_or("a port is a number from 1 to 65535")?,
        };
        Ok(Self { encrypted, host, port })
    }

    /// Traffic stays on this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let bare = self.host.trim_start_matches('[').trim_end_matches(']');
        bare == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }

    /// Everything sent can be read on the way: "not encrypted" is shown.
    #[must_use]
    pub fn is_exposed(&self) -> bool {
        !self.encrypted && !self.is_loopback()
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", if self.encrypted { "https" } else { "http" }, self.host, self.port)
    }
}

fn split_port(rest: &str) -> Result<(String, Option<&str>), &'static str> {
    if let Some(inner) = rest.strip_prefix('[') {
        let (ip, after) = inner.split_once(']').ok_or("an IPv6 address ends with ]")?;
        let ip: Ipv6Addr = ip.parse().map_err(|_| "not an IPv6 address between the brackets")?;
        let port = match after.strip_prefix(':') {
            None if after.is_empty() => None,
            Some(port) => Some(port),
            None => return Err("after the ] comes :port or nothing"),
        };
        return Ok((format!("[{ip}]"), port));
    }
    if let Ok(ip) = rest.parse::<Ipv6Addr>() {
        return Ok((format!("[{ip}]"), None));
    }
    let (host, port) = rest.split_once(':').map_or((rest, None), |(host, port)| (host, Some(port)));
    if host.is_empty() {
        return Err("the server's address, please: host, host:port or https://host");
    }
    if host.len() > 253 || !host.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '.' | '_')) {
        return Err("an address is host, host:port or https://host, nothing behind it");
    }
    Ok((host.to_lowercase(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_type_becomes_one_spelling() {
        for (typed, origin) in [
            ("localhost", "http://localhost:7878"),
            (" LocalHost:7878/ ", "http://localhost:7878"),
            ("http://10.0.0.7", "http://10.0.0.7:7878"),
            ("HTTPS://Chat.Example.org", "https://chat.example.org:443"),
            ("https://chat.example.org:8443/", "https://chat.example.org:8443"),
            ("::1", "http://[::1]:7878"),
            ("[::1]:80", "http://[::1]:80"),
        ] {
            assert_eq!(Origin::parse(typed).unwrap().to_string(), origin, "{typed}");
        }
    }

    #[test]
    fn an_origin_reads_its_own_spelling() {
        for typed in ["localhost", "https://a.b", "[::1]:80"] {
            let origin = Origin::parse(typed).unwrap();
            assert_eq!(Origin::parse(&origin.to_string()), Ok(origin));
        }
    }

    #[test]
    fn what_is_no_address_says_what_to_change() {
        for typed in [
            "",
            "  ",
            ":80",
            "ftp://x",
            "a b",
            "a/b",
            "user@host",
            "host:0",
            "host:99999",
            "host:",
            "[::1",
            "[x]",
            "[::1]x",
        ] {
            assert!(Origin::parse(typed).is_err(), "{typed:?}");
        }
    }

    #[test]
    fn only_plain_http_beyond_this_machine_is_exposed() {
        for (typed, exposed) in
            [("localhost", false), ("127.9.9.9", false), ("::1", false), ("10.0.0.7", true), ("https://a.b", false)]
        {
            assert_eq!(Origin::parse(typed).unwrap().is_exposed(), exposed, "{typed}");
        }
    }
}
