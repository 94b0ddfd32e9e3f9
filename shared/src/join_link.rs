//! Join links: `quchat://HOST[:PORT]/PIN[/INVITE]`, all that somebody needs to join a server.

use core::net::{Ipv4Addr, Ipv6Addr};
use std::{fmt, str::FromStr};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{invite::InviteCode, pin::Pin};

/// The port of a server unless its address names another one.
pub const DEFAULT_PORT: u16 = 7878;
/// Longest name of a host, in characters (RFC 1035 section 3.1).
const HOST_MAX: usize = 253;
const SCHEME: &str = "quchat://";

/// The name or IP address of a machine.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Host {
    /// ASCII letters, digits, `.`, `-` and `_`, in lower case.
    Name(String),
    V4(Ipv4Addr),
    V6(Ipv6Addr),
}

/// As in a URL: an IPv6 address is in brackets.
impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::V4(address) => address.fmt(f),
            Self::V6(address) => write!(f, "[{address}]"),
        }
    }
}

/// The address of a server as people write it: `HOST[:PORT]`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HostPort {
    pub host: Host,
    /// `None` if the text names no port.
    pub port: Option<u16>,
}

/// A link with which somebody joins a server.
///
/// Its text holds the secret of the invite, if it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinLink {
    pub host: Host,
    pub port: u16,
    /// The key of the server; `None` if the roots of the platform verify its certificate.
    pub pin: Option<Pin>,
    pub invite: Option<InviteCode>,
}

/// Why a text is no address of a server or no join link: one sentence that says what to change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParseLinkError(&'static str);

impl fmt::Display for ParseLinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for ParseLinkError {}

impl FromStr for Host {
    type Err = ParseLinkError;

    /// Parses a host; an IPv6 address needs no brackets.
    fn from_str(text: &str) -> Result<Self, ParseLinkError> {
        const NO_NAME: ParseLinkError =
            ParseLinkError("a host has letters, digits, dots and hyphens, or is an IP address");
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        if let Ok(address) = bare.unwrap_or(text).parse() {
            return Ok(Self::V6(address));
        }
        if let Ok(address) = text.parse() {
            return Ok(Self::V4(address));
        }
        let is_plain = |label: &str| {
            !label.is_empty()
                && !label.starts_with('-')
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        };
        if text.len() > HOST_MAX || !text.split('.').all(is_plain) {
            return Err(NO_NAME);
        }
        Ok(Self::Name(text.to_ascii_lowercase()))
    }
}

impl FromStr for HostPort {
    type Err = ParseLinkError;

    fn from_str(text: &str) -> Result<Self, ParseLinkError> {
        if let Ok(address) = text.parse() {
            return Ok(Self { host: Host::V6(address), port: None });
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, Some(port)),
            _ => (text, None),
        };
        if host.contains(':') && !host.starts_with('[') {
            return Err(ParseLinkError("an IPv6 address with a port is written in brackets: [2001:db8::1]:7878"));
        }
        let is_number = |port: &&str| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
        let port = match port.map(|port| Some(port).filter(is_number).and_then(|port| port.parse().ok())) {
            Some(None | Some(0)) => return Err(ParseLinkError("a port is a number from 1 to 65535")),
            Some(port) => port,
            None => None,
        };
        Ok(Self { host: host.parse()?, port })
    }
}

impl fmt::Display for JoinLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}", self.host)?;
        if self.port != DEFAULT_PORT {
            write!(f, ":{}", self.port)?;
        }
        match &self.pin {
            Some(pin) => write!(f, "/{}", URL_SAFE_NO_PAD.encode(pin.0))?,
            None => f.write_str("/-")?,
        }
        match &self.invite {
            Some(code) => write!(f, "/{code}"),
            None => Ok(()),
        }
    }
}

impl JoinLink {
    /// The link as it is pasted into a shell: in single quotes if it has brackets, which a shell would expand.
    #[must_use]
    pub fn in_shell(&self) -> String {
        match self.host {
            Host::V6(_) => format!("'{self}'"),
            Host::Name(_) | Host::V4(_) => self.to_string(),
        }
    }

    /// Whether a text is meant to be a join link, valid or not.
    #[must_use]
    pub fn is_meant_by(text: &str) -> bool {
        unquoted(text).get(..SCHEME.len()).is_some_and(|start| start.eq_ignore_ascii_case(SCHEME))
    }
}

impl FromStr for JoinLink {
    type Err = ParseLinkError;

    /// Parses a link. Blanks and single quotes around it, and a slash at its end, do not matter.
    fn from_str(text: &str) -> Result<Self, ParseLinkError> {
        if !Self::is_meant_by(text) {
            return Err(ParseLinkError("a join link begins with quchat://"));
        }
        let text = &unquoted(text)[SCHEME.len()..];
        let mut parts = text.strip_suffix('/').unwrap_or(text).split('/');
        let HostPort { host, port } = parts.next().unwrap_or_default().parse()?;
        let pin = match parts.next() {
            None | Some("") => {
                return Err(ParseLinkError("the join link is cut off: the key of the server is missing"));
            }
            Some("-") => None,
            Some(text) => Some(parse_pin(text)?),
        };
        let invite = parts.next().map(str::parse).transpose();
        let invite =
            invite.map_err(|_| ParseLinkError("the invite in the join link is damaged; copy the whole link"))?;
        if parts.next().is_some() {
            return Err(ParseLinkError("the join link has too many parts; copy it once more"));
        }
        Ok(Self { host, port: port.unwrap_or(DEFAULT_PORT), pin, invite })
    }
}

fn unquoted(text: &str) -> &str {
    let text = text.trim();
    text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')).unwrap_or(text)
}

fn parse_pin(text: &str) -> Result<Pin, ParseLinkError> {
    const DAMAGED: ParseLinkError = ParseLinkError("the key in the join link is damaged; copy the whole link");
    let mut pin = [0; 32];
    match (text.len(), URL_SAFE_NO_PAD.decode_slice(text, &mut pin)) {
        (43, Ok(32)) => Ok(Pin(pin)),
        _ => Err(DAMAGED),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn link(host: &str, port: u16) -> JoinLink {
        JoinLink { host: host.parse().unwrap(), port, pin: None, invite: None }
    }

    #[test]
    fn a_link_names_server_key_and_invite() {
        let full = JoinLink {
            pin: Some(Pin([0xFB; 32])),
            invite: Some(InviteCode::new([0xFF; 16])),
            ..link("chat.example.org", 7000)
        };
        let text = "quchat://chat.example.org:7000/-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s/_____________________w";
        assert_eq!(full.to_string(), text);
        assert_eq!(text.parse(), Ok(full));
        assert_eq!(link("10.0.0.7", DEFAULT_PORT).to_string(), "quchat://10.0.0.7/-");
        assert_eq!(link("2001:DB8::7", 7879).to_string(), "quchat://[2001:db8::7]:7879/-");
    }

    #[test]
    fn only_a_link_with_brackets_is_quoted_for_the_shell() {
        assert_eq!(link("::1", DEFAULT_PORT).in_shell(), "'quchat://[::1]/-'");
        assert_eq!(link("localhost", 80).in_shell(), "quchat://localhost:80/-");
    }

    #[test]
    fn a_link_is_read_as_people_paste_it() {
        let plain = Ok(link("lan", DEFAULT_PORT));
        for text in
            ["quchat://lan/-", " quchat://lan/-\n", "'quchat://lan/-'", "QUCHAT://LAN:7878/-", "quchat://lan/-/"]
        {
            assert_eq!(text.parse(), plain, "{text:?}");
        }
        assert_eq!("'quchat://[::1]:1/-'".parse(), Ok(link("::1", 1)));
    }

    #[test]
    fn what_is_wrong_with_a_link_is_said() {
        let pin = URL_SAFE_NO_PAD.encode([7; 32]);
        for (text, reason) in [
            ("http://lan", "begins with quchat://"),
            ("quchat://lan", "cut off"),
            ("quchat://lan/", "cut off"),
            ("quchat://lan//-", "cut off"),
            ("quchat://lan/x", "key"),
            (&format!("quchat://lan/{}", &pin[1..]), "key"),
            ("quchat://lan/-/x", "invite"),
            (&format!("quchat://lan/{pin}/AAAAAAAAAAAAAAAAAAAAAA/x"), "too many"),
            ("quchat:///-", "host"),
            ("quchat://a b/-", "host"),
            ("quchat://bücher/-", "host"),
            ("quchat://-x/-", "host"),
            ("quchat://me@lan/-", "host"),
            ("quchat://[::1/-", "host"),
            ("quchat://::x:7878/-", "brackets"),
            ("quchat://lan:/-", "port"),
            ("quchat://lan:0/-", "port"),
            ("quchat://lan:+1/-", "port"),
            ("quchat://lan:65536/-", "port"),
        ] {
            let error = text.parse::<JoinLink>().unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }

    #[test]
    fn an_address_may_leave_its_port_out() {
        let address = |text: &str| text.parse::<HostPort>().map(|HostPort { host, port }| (host.to_string(), port));
        assert_eq!(address("Example.ORG"), Ok(("example.org".into(), None)));
        assert_eq!(address("10.0.0.7:1"), Ok(("10.0.0.7".into(), Some(1))));
        assert_eq!(address("2001:db8::1"), Ok(("[2001:db8::1]".into(), None)));
        assert_eq!(address("[2001:db8::1]"), Ok(("[2001:db8::1]".into(), None)));
        assert_eq!(address("[2001:db8::1]:9"), Ok(("[2001:db8::1]".into(), Some(9))));
    }

    fn links() -> impl Strategy<Value = JoinLink> {
        let host = prop_oneof![
            "[a-z0-9]([a-z0-9_-]{0,8}[a-z0-9])?(\\.[a-z]{2,5})?",
            any::<Ipv4Addr>().prop_map(|address| address.to_string()),
            any::<Ipv6Addr>().prop_map(|address| address.to_string()),
        ];
        let parts = (host, 1_u16.., any::<Option<[u8; 32]>>(), any::<Option<[u8; 16]>>());
        parts.prop_map(|(host, port, pin, invite)| {
            let (pin, invite) = (pin.map(Pin), invite.map(InviteCode::new));
            JoinLink { host: host.parse().unwrap(), port, pin, invite }
        })
    }

    proptest! {
        #[test]
        fn fuzz_every_link_survives_printing(link in links()) {
            prop_assert_eq!(link.to_string().parse(), Ok(link.clone()));
            prop_assert_eq!(link.in_shell().parse(), Ok(link.clone()));
            let inside = link.in_shell();
            let is_safe = |c: char| c.is_ascii_alphanumeric() || ":/.-_".contains(c);
            prop_assert!(inside.starts_with('\'') || inside.chars().all(is_safe), "{}", inside);
        }

        #[test]
        fn fuzz_a_damaged_link_is_refused_or_means_what_it_prints(
            link in links(),
            at in any::<prop::sample::Index>(),
            len in 0_usize..4,
            with in "[a-zA-Z0-9:/.@%_ '\\[\\]-]{0,3}|\\PC{0,3}",
        ) {
            let mut text = link.in_shell();
            let at = at.index(text.len());
            text.replace_range(at..(at + len).min(text.len()), &with);
            if let Ok(read) = text.parse::<JoinLink>() {
                prop_assert_eq!(read.to_string().parse(), Ok(read.clone()), "{}", text);
                prop_assert_eq!(read.in_shell().parse(), Ok(read.clone()), "{}", text);
                let is_safe = |c: char| c.is_ascii_alphanumeric() || ":/.-_[]".contains(c);
                prop_assert!(read.to_string().chars().all(is_safe), "{}", read);
            }
        }

        #[test]
        fn fuzz_no_text_makes_the_parser_panic(text in "(quchat://)?\\PC{0,40}") {
            let _ = text.parse::<JoinLink>();
            let _ = text.parse::<HostPort>();
        }
    }
}
