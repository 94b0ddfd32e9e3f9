//! The address of a server: what people type, made into one spelling.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
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
    /// One sentence that says what to change; each thing an address may not have has its own.
    pub fn parse(typed: &str) -> Result<Self, &'static str> {
        let typed = typed.trim();
        if typed.is_empty() {
            return Err("the server's address, please: host, host:port or https://host");
        }
        if typed.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err("an address has no spaces in it");
        }
        if typed.contains('\\') {
            return Err("an address has slashes, not backslashes");
        }
        let (encrypted, rest) = split_scheme(typed)?;
        let (authority, behind) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err("an address holds no user name and no password: leave out what stands before the @");
        }
        match behind.as_bytes() {
            [] | [b'/'] => {}
            [b'?', ..] | [b'/', b'?', ..] => return Err("an address has no query: leave out the ? and what follows"),
            [b'#', ..] | [b'/', b'#', ..] => {
                return Err("an address has no fragment: leave out the # and what follows");
            }
            _ => return Err("an address has no path: leave out the / behind the host and what follows"),
        }
        let (host, port) = split_port(authority)?;
        let port = match port {
            None if encrypted => 443,
            None => DEFAULT_PORT,
            Some(port) => parse_port(port)?,
        };
        Ok(Self { encrypted, host, port })
    }

    /// Traffic stays on this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let bare = self.host.trim_start_matches('[').trim_end_matches([']', '.']);
        let named = bare == "localhost" || bare.ends_with(".localhost"); // RFC 6761, section 6.3
        named || bare.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback())
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

/// Whether the address asks for encryption, and what follows the scheme.
fn split_scheme(typed: &str) -> Result<(bool, &str), &'static str> {
    if let Some((scheme, rest)) = typed.split_once("://") {
        return match scheme.to_ascii_lowercase().as_str() {
            "http" => Ok((false, rest)),
            "https" => Ok((true, rest)),
            "" => Err("the address begins with ://; put http or https before it"),
            _ => Err("an address begins with http://, https:// or the host itself"),
        };
    }
    let scheme = typed.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    if matches!(scheme.as_deref(), Some("http" | "https")) {
        return Err("two slashes follow http: and https:, as in https://host");
    }
    Ok((false, typed))
}

fn parse_port(port: &str) -> Result<u16, &'static str> {
    if port.is_empty() {
        return Err("a port follows the colon: host:7878; or leave the colon out");
    }
    if !port.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("a port is a number, nothing else follows the colon");
    }
    match port.parse() {
        Ok(0) => Err("nothing listens on port 0: a port is a number from 1 to 65535"),
        Ok(port) => Ok(port),
        Err(_) => Err("this port is too large: a port is a number from 1 to 65535"),
    }
}

fn split_port(authority: &str) -> Result<(String, Option<&str>), &'static str> {
    if let Some(inner) = authority.strip_prefix('[') {
        let (ip, after) = inner.split_once(']').ok_or("an IPv6 address ends with ]")?;
        let port = match after.strip_prefix(':') {
            None if after.is_empty() => None,
            Some(port) => Some(port),
            None => return Err("after the ] comes :port or nothing"),
        };
        return Ok((format!("[{}]", parse_ipv6(ip)?), port));
    }
    if authority.bytes().filter(|&byte| byte == b':').count() > 1 {
        let ip = parse_ipv6(authority).map_err(|why| match why {
            NOT_IPV6 => "more than one colon is an IPv6 address; one with a port stands in brackets: [::1]:7878",
            why => why,
        })?;
        return Ok((format!("[{ip}]"), None));
    }
    let (host, port) = authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
    check_host(host)?;
    Ok((host.to_ascii_lowercase(), port))
}

const NOT_IPV6: &str = "not an IPv6 address between the brackets";

fn parse_ipv6(ip: &str) -> Result<Ipv6Addr, &'static str> {
    match ip.parse() {
        Ok(ip) => Ok(ip),
        Err(_) if ip.contains('%') => Err("an IPv6 address with a zone (the % and what follows) is not understood"),
        Err(_) => Err(NOT_IPV6),
    }
}

/// A name as the DNS takes it, or an IPv4 address.
fn check_host(host: &str) -> Result<(), &'static str> {
    let parts = || host.strip_suffix('.').unwrap_or(host).split('.');
    if host.is_empty() {
        return Err("the host is missing: an address is host, host:port or https://host");
    }
    if !host.is_ascii() {
        return Err("a host is written in ASCII: use the form of its name that begins with xn--");
    }
    if !host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_')) {
        return Err("a host has letters, digits, '-', '.' and '_' only");
    }
    if parts().any(str::is_empty) {
        return Err("a host has no empty part: something stands before each dot and between two dots");
    }
    if host.len() > 253 || parts().any(|part| part.len() > 63) {
        return Err("a host has at most 253 characters, and 63 between two dots");
    }
    let numbers = parts().count() == 4 && parts().all(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    if numbers && host.trim_end_matches('.').parse::<Ipv4Addr>().is_err() {
        return Err("an IPv4 address has four numbers from 0 to 255");
    }
    Ok(())
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
    fn each_thing_an_address_may_not_have_has_its_own_sentence() {
        let kinds: &[(&[&str], &str)] = &[
            (&["", "  ", "\t"], "address, please"),
            (&["a b", "http://a b", "a\u{a0}b", "a\nb"], "spaces"),
            (&["http:\\\\host", "host\\chat"], "backslashes"),
            (&["ftp://x", "ws://host:80", "1://x"], "begins with http://"),
            (&["://x"], "begins with ://"),
            (&["http:host", "https:/host", "HTTP:80"], "two slashes"),
            (&["user@host", "http://user:secret@host:80"], "no user name"),
            (&["http://127.0.0.1:7878/chat/", "a/b", "host//", "host:80/x?y"], "path"),
            (&["host?x", "http://host/?x=1"], "query"),
            (&["host#x", "http://host/#x"], "fragment"),
            (&["host:", "http://host:/", "[::1]:"], "follows the colon: host:7878"),
            (&["host:http", "host:+80", "host:-1", "host:80x", "host:٣", "[::1]:x"], "is a number"),
            (&["host:0", "[::1]:0", "host:000"], "port 0"),
            (&["host:65536", "host:99999", "host:99999999999999999999"], "too large"),
            (&[":80", "http://", "https://:443", "http:///", "/"], "host is missing"),
            (&["[::1", "http://[::1"], "ends with ]"),
            (&["[x]", "[127.0.0.1]", "[]", "[::1::]", "[::12345]"], "not an IPv6 address"),
            (&["[::1]x", "[::1]80"], "after the ]"),
            (&["[fe80::1%eth0]", "fe80::1%25eth0"], "zone"),
            (&["::1::", "a:b:c", "host:80:80", "1:2:3:4:5:6:7:8:9"], "in brackets"),
            (&["bücher.example", "http://日本"], "xn--"),
            (&["ho%73t", "host!", "a,b", "<host>"], "'-', '.' and '_' only"),
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
