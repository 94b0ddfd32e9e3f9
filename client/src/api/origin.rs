//! The address of a server: parses what people type into one canonical form.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// The port that a server listens on by default.
pub(crate) const DEFAULT_PORT: u16 = 7878;

/// Scheme, host and port of a server in canonical form: `http://localhost:7878`. A token belongs to exactly one origin.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    encrypted: bool,
    host: String,
    port: u16,
}

impl Origin {
    /// Parses `host`, `host:port` or `http(s)://host[:port]`. The default port is 443 for `https`, otherwise 7878.
    /// Without a scheme it is the `http` one; [`super::Address`] remembers that there was none.
    ///
    /// # Errors
    /// One sentence that says what to change. Each kind of mistake has its own sentence.
    pub fn parse(typed: &str) -> Result<Self, &'static str> {
        let typed = typed.trim();
        if typed.is_empty() {
            return Err("enter the server's address: host, host:port or https://host");
        }
        if typed.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err("an address cannot contain spaces");
        }
        if typed.contains('\\') {
            return Err("use slashes, not backslashes");
        }
        let (encrypted, rest) = split_scheme(typed)?;
        let (authority, behind) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err("an address cannot contain a user name or password: remove everything up to the @");
        }
        match behind.as_bytes() {
            [] | [b'/'] => {}
            [b'?', ..] | [b'/', b'?', ..] => {
                return Err("an address cannot have a query: remove the ? and everything after it");
            }
            [b'#', ..] | [b'/', b'#', ..] => {
                return Err("an address cannot have a fragment: remove the # and everything after it");
            }
            _ => return Err("an address cannot have a path: remove the / after the host and everything after it"),
        }
        let (host, port) = split_port(authority)?;
        let port = match port {
            None if encrypted => 443,
            None => DEFAULT_PORT,
            Some(port) => parse_port(port)?,
        };
        Ok(Self { encrypted, host, port })
    }

    /// Whether the server is on this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let bare = self.host.trim_start_matches('[').trim_end_matches([']', '.']);
        let named = bare == "localhost" || bare.ends_with(".localhost"); // RFC 6761, section 6.3
        named || bare.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback())
    }

    /// Whether connections to it are encrypted: `https`.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// Host and port.
    #[must_use]
    pub fn authority(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// The same host and port with `https`.
    #[must_use]
    pub fn encrypted(self) -> Self {
        Self { encrypted: true, ..self }
    }

    /// The same host and port with `http`.
    #[must_use]
    pub fn plain(self) -> Self {
        Self { encrypted: false, ..self }
    }

    /// Whether others on the network can read the traffic. The screen then shows "not encrypted".
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

/// Whether the scheme is `https`, and the rest after the scheme.
fn split_scheme(typed: &str) -> Result<(bool, &str), &'static str> {
    if let Some((scheme, rest)) = typed.split_once("://") {
        return match scheme.to_ascii_lowercase().as_str() {
            "http" => Ok((false, rest)),
            "https" => Ok((true, rest)),
            "" => Err("the address begins with ://; put http or https before it"),
            _ => Err("an address must begin with http://, https:// or the host"),
        };
    }
    let scheme = typed.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    if matches!(scheme.as_deref(), Some("http" | "https")) {
        return Err("write two slashes after the scheme: https://host");
    }
    Ok((false, typed))
}

fn parse_port(port: &str) -> Result<u16, &'static str> {
    if port.is_empty() {
        return Err("the port after the colon is missing: write host:7878, or remove the colon");
    }
    if !port.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("the port is not a number; nothing else may follow the colon");
    }
    match port.parse() {
        Ok(0) => Err("port 0 is not valid: a port is a number from 1 to 65535"),
        Ok(port) => Ok(port),
        Err(_) => Err("this port is too large: a port is a number from 1 to 65535"),
    }
}

fn split_port(authority: &str) -> Result<(String, Option<&str>), &'static str> {
    if let Some(inner) = authority.strip_prefix('[') {
        let (ip, after) = inner.split_once(']').ok_or("the IPv6 address in brackets must end with ]")?;
        let port = match after.strip_prefix(':') {
            None if after.is_empty() => None,
            Some(port) => Some(port),
            None => return Err("only :port may follow the ]"),
        };
        return Ok((format!("[{}]", parse_ipv6(ip)?), port));
    }
    if authority.bytes().filter(|&byte| byte == b':').count() > 1 {
        let ip = parse_ipv6(authority).map_err(|why| match why {
            NOT_IPV6 => "not a valid IPv6 address; if it has a port, write the address in brackets: [::1]:7878",
            why => why,
        })?;
        return Ok((format!("[{ip}]"), None));
    }
    let (host, port) = authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
    check_host(host)?;
    Ok((host.to_ascii_lowercase(), port))
}

const NOT_IPV6: &str = "the brackets do not contain a valid IPv6 address";

fn parse_ipv6(ip: &str) -> Result<Ipv6Addr, &'static str> {
    match ip.parse() {
        Ok(ip) => Ok(ip),
        Err(_) if ip.contains('%') => {
            Err("IPv6 addresses with a zone are not supported: remove the % and everything after it")
        }
        Err(_) => Err(NOT_IPV6),
    }
}

/// Checks that `host` is a valid DNS name or IPv4 address.
fn check_host(host: &str) -> Result<(), &'static str> {
    let parts = || host.strip_suffix('.').unwrap_or(host).split('.');
    if host.is_empty() {
        return Err("the host is missing: write host, host:port or https://host");
    }
    if !host.is_ascii() {
        return Err("the host must be ASCII: use the form of its name that begins with xn--");
    }
    if !host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_')) {
        return Err("a host may contain only letters, digits, '-', '.' and '_'");
    }
    if parts().any(str::is_empty) {
        return Err("a host cannot start with a dot or contain two dots in a row");
    }
    if host.len() > 253 || parts().any(|part| part.len() > 63) {
        return Err("a host may have at most 253 characters, and at most 63 between two dots");
    }
    let numbers = parts().count() == 4 && parts().all(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    if numbers && host.trim_end_matches('.').parse::<Ipv4Addr>().is_err() {
        return Err("an IPv4 address consists of four numbers from 0 to 255");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_parsed_into_canonical_form() {
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
    fn an_origin_parses_its_own_canonical_form() {
        for typed in ["localhost", "https://a.b", "[::1]:80"] {
            let origin = Origin::parse(typed).unwrap();
            assert_eq!(Origin::parse(&origin.to_string()), Ok(origin));
        }
    }

    #[test]
    fn each_mistake_in_an_address_has_its_own_error() {
        let kinds: &[(&[&str], &str)] = &[
            (&["", "  ", "\t"], "enter the server's address"),
            (&["a b", "http://a b", "a\u{a0}b", "a\nb"], "spaces"),
            (&["http:\\\\host", "host\\chat"], "backslashes"),
            (&["ftp://x", "ws://host:80", "1://x"], "begin with http://"),
            (&["://x"], "begins with ://"),
            (&["http:host", "https:/host", "HTTP:80"], "two slashes"),
            (&["user@host", "http://user:secret@host:80"], "cannot contain a user name"),
            (&["http://127.0.0.1:7878/chat/", "a/b", "host//", "host:80/x?y"], "path"),
            (&["host?x", "http://host/?x=1"], "query"),
            (&["host#x", "http://host/#x"], "fragment"),
            (&["host:", "http://host:/", "[::1]:"], "after the colon is missing"),
            (&["host:http", "host:+80", "host:-1", "host:80x", "host:٣", "[::1]:x"], "is not a number"),
            (&["host:0", "[::1]:0", "host:000"], "port 0"),
            (&["host:65536", "host:99999", "host:99999999999999999999"], "too large"),
            (&[":80", "http://", "https://:443", "http:///", "/"], "host is missing"),
            (&["[::1", "http://[::1"], "end with ]"),
            (&["[x]", "[127.0.0.1]", "[]", "[::1::]", "[::12345]"], "valid IPv6 address"),
            (&["[::1]x", "[::1]80"], "follow the ]"),
            (&["[fe80::1%eth0]", "fe80::1%25eth0"], "zone"),
            (&["::1::", "a:b:c", "host:80:80", "1:2:3:4:5:6:7:8:9"], "in brackets"),
            (&["bücher.example", "http://日本"], "xn--"),
            (&["ho%73t", "host!", "a,b", "<host>"], "only letters, digits, '-', '.' and '_'"),
            (&["a..b", ".a", "."], "two dots"),
            (&["256.1.1.1", "1.2.3.1000"], "four numbers"),
        ];
        for (typed, part) in kinds.iter().flat_map(|(all, part)| all.iter().map(move |typed| (typed, part))) {
            let why = Origin::parse(typed).map(|origin| origin.to_string()).unwrap_err();
            assert!(why.contains(part), "{typed:?}: {why}");
        }
        for long in ["a".repeat(64), vec!["a"; 128].join(".")] {
            assert!(Origin::parse(&long).unwrap_err().contains("253"), "{long}");
        }
    }

    #[test]
    fn every_form_of_an_ip_address_works() {
        for (typed, origin) in [
            ("::", "http://[::]:7878"),
            ("2001:DB8::1", "http://[2001:db8::1]:7878"),
            ("http://[2001:db8:0:0:0:0:0:1]", "http://[2001:db8::1]:7878"),
            ("https://[2001:db8::1]/", "https://[2001:db8::1]:443"),
            ("[::ffff:127.0.0.1]:80", "http://[::ffff:127.0.0.1]:80"),
            ("https://10.0.0.7:8443/", "https://10.0.0.7:8443"),
            ("example.org.", "http://example.org.:7878"),
        ] {
            assert_eq!(Origin::parse(typed).unwrap().to_string(), origin, "{typed}");
        }
        for near in ["[::1]", "[::ffff:127.0.0.1]", "127.0.0.1", "LOCALHOST", "localhost.", "chat.localhost"] {
            assert!(Origin::parse(near).unwrap().is_loopback(), "{near}");
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
