//! Where a request comes from, and whether others could read it on its way. Only trusted proxies are believed about it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use hyper::{
    HeaderMap,
    header::{FORWARDED, HeaderName},
};

use crate::{cidr::Cidr, connection::Peer};

/// The client of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ClientAddress {
    /// Its address, or that of the nearest proxy that is known, with an IPv4 address never mapped to IPv6.
    pub(crate) ip: IpAddr,
    /// The client is a program on this machine.
    pub(crate) is_local: bool,
    /// Nobody in between could read the request: it came over TLS, from this machine, or from a trusted proxy itself.
    pub(crate) is_secure: bool,
}

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

impl ClientAddress {
    /// The client on the other end of the local socket.
    pub(super) const LOCAL: Self = Self { ip: IpAddr::V4(Ipv4Addr::LOCALHOST), is_local: true, is_secure: true };

    /// Finds the client of a request that arrived from `peer`.
    pub(super) fn of(peer: Peer, headers: &HeaderMap, trusted: &[Cidr]) -> Self {
        let ip = peer.address.to_canonical();
        let is_forwarded = headers.keys().any(|name| *name == FORWARDED || name.as_str().starts_with("x-forwarded-"));
        let is_trusted = |ip: IpAddr| trusted.iter().any(|block| block.contains(ip));
        match (is_forwarded, is_trusted(ip)) {
            (true, true) => forwarded(ip, headers, is_trusted),
            // Anybody can send these headers. On this machine they come from a proxy that is not known.
            (true, false) if !peer.is_encrypted => Self { ip, is_local: false, is_secure: false },
            (_, is_trusted) => {
                let is_local = ip.is_loopback();
                Self { ip, is_local, is_secure: peer.is_encrypted || is_local || is_trusted }
            }
        }
    }
}

/// One step on the way of a request: the address from which a proxy got it, and whether it was encrypted there. `None`
/// if the proxy does not say so.
struct Hop {
    from: Option<IpAddr>,
    is_encrypted: bool,
}

/// Finds the client as trusted proxies report it. A proxy may pass on one kind of header as its own client sent it. So
/// where both kinds are present, they must agree.
fn forwarded(proxy: IpAddr, headers: &HeaderMap, is_trusted: impl Fn(IpAddr) -> bool) -> ClientAddress {
    let reports = [standard_hops(headers), other_hops(headers)];
    let clients: Vec<_> = reports.into_iter().flatten().map(|hops| client(proxy, &hops, &is_trusted)).collect();
    let agreed = clients.first().filter(|first| clients.iter().all(|(ip, _)| *ip == first.0));
    ClientAddress {
        ip: agreed.map_or(proxy, |(ip, _)| *ip),
        is_local: false,
        is_secure: !clients.is_empty() && clients.iter().all(|(_, is_encrypted)| *is_encrypted),
    }
}

/// The rightmost address that is not trusted, and whether the request was encrypted there.
fn client(proxy: IpAddr, hops: &[Hop], is_trusted: impl Fn(IpAddr) -> bool) -> (IpAddr, bool) {
    let (mut ip, mut is_encrypted) = (proxy, false);
    for hop in hops.iter().rev() {
        is_encrypted = hop.is_encrypted;
        match hop.from {
            Some(from) => ip = from,
            None => break,
        }
        if !is_trusted(ip) {
            break;
        }
    }
    (ip, is_encrypted)
}

/// The hops in `Forwarded` (RFC 7239), the client's first.
fn standard_hops(headers: &HeaderMap) -> Option<Vec<Hop>> {
    let elements = values(headers, &FORWARDED)?;
    let hop = |element: &str| {
        let parameter = |wanted: &str| {
            let mut pairs = split_unquoted(element, ';').into_iter().filter_map(|pair| pair.split_once('='));
            let (_, value) = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case(wanted))?;
            Some(value.trim().trim_matches('"').to_owned())
        };
        Hop {
            from: parameter("for").as_deref().and_then(address),
            is_encrypted: parameter("proto").is_some_and(|proto| proto.eq_ignore_ascii_case("https")),
        }
    };
    Some(elements.iter().map(|element| hop(element)).collect())
}

/// The hops in `X-Forwarded-For`, the client's first. All of them count as encrypted if each value of
/// `X-Forwarded-Proto` says so.
fn other_hops(headers: &HeaderMap) -> Option<Vec<Hop>> {
    let (sources, protocols) = (values(headers, &X_FORWARDED_FOR), values(headers, &X_FORWARDED_PROTO));
    let is_encrypted =
        protocols.as_ref().is_some_and(|protocols| protocols.iter().all(|proto| proto.eq_ignore_ascii_case("https")));
    match sources {
        Some(sources) => Some(sources.iter().map(|source| Hop { from: address(source), is_encrypted }).collect()),
        None => protocols.map(|_| vec![Hop { from: None, is_encrypted }]),
    }
}

/// The elements of all fields of this name, which are lists; `None` if there is no such field. What is not text is an
/// element without meaning.
fn values(headers: &HeaderMap, name: &HeaderName) -> Option<Vec<String>> {
    headers.contains_key(name).then(|| {
        let texts = headers.get_all(name).iter().map(|value| value.to_str().unwrap_or_default());
        texts.flat_map(|text| split_unquoted(text, ',')).map(|element| element.trim().to_owned()).collect()
    })
}

/// Splits at a separator, except inside of double quotes.
fn split_unquoted(text: &str, separator: char) -> Vec<&str> {
    let mut is_quoted = false;
    text.split(|c| {
        is_quoted ^= c == '"';
        c == separator && !is_quoted
    })
    .collect()
}

/// An address, possibly with a port, IPv6 possibly in brackets. Anything else names nobody.
fn address(text: &str) -> Option<IpAddr> {
    let bare = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let ip = text.parse().ok().or_else(bare).or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()))?;
    Some(ip.to_canonical())
}

#[cfg(test)]
mod tests;
