//! The links with which people join this server, and the invite of its first admin.

use std::{
    collections::BTreeSet,
    net::{IpAddr, SocketAddr},
};

use quchat_shared::{
    invite::InviteCode,
    join_link::{Host, HostPort, JoinLink},
    pin::Pin,
};

use crate::{
    app::App,
    auth::invite_codes,
    domain::{Error, invites},
    store::Tx,
};

/// Most links that are printed. A machine may have hundreds of addresses.
const LINKS_MAX: usize = 8;

/// Where others reach a server.
#[derive(Debug, Clone, Default)]
pub struct Reach {
    /// The names or addresses that the operator gave; without any, those of the machine.
    pub public: Vec<HostPort>,
    /// The key of the server; `None` if the roots of every platform verify its certificate.
    pub pin: Option<Pin>,
}

/// What a server that starts prints about joining it.
#[derive(Debug)]
pub struct JoinLinks {
    /// One for each address that others can reach.
    links: Vec<JoinLink>,
    /// The invite that makes its user the admin, while there is none.
    admin: Option<InviteCode>,
}

impl JoinLinks {
    /// The lines to print. With the invite of an admin they hold a secret, which is why they are not logged.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines: Vec<_> =
            self.links.iter().map(|link| format!("to join, run: quchat {}", link.in_shell())).collect();
        if let Some(code) = &self.admin {
            let days = invites::ADMIN_INVITE_LASTS.as_secs() / (24 * 60 * 60);
            lines.push(format!(
                "nobody is the admin yet; this makes one, once, within {days} days and until the next start:"
            ));
            let admin = self.links.iter().map(|link| JoinLink { invite: Some(code.clone()), ..link.clone() });
            lines.extend(admin.map(|link| format!("to become the admin, run: quchat {}", link.in_shell())));
        }
        lines
    }
}

/// The links to a server that listens on `listening`. If others can reach it and nobody is the admin, it makes an
/// invite for the first one; the invite of an earlier start is void.
pub(crate) async fn join_links(app: &App, listening: SocketAddr, reach: &Reach) -> Result<JoinLinks, Error> {
    let links = addresses(listening, &reach.public, machine).into_iter().take(LINKS_MAX);
    let links: Vec<_> = links.map(|(host, port)| JoinLink { host, port, pin: reach.pin, invite: None }).collect();
    let _ = app.reached_at.set(links.clone()); // it is called once for each start
    let is_local = listening.ip().to_canonical().is_loopback() && reach.public.is_empty();
    let admin = match is_local || app.store.is_read_only() {
        true => None, // whoever registers first on this machine becomes the admin, and nobody where nothing is stored
        false => renew_admin_invite(app).await?,
    };
    Ok(JoinLinks { links, admin })
}

/// The links with this invite, as arguments of a shell; none if it is not known where others reach the server.
pub(crate) fn with_invite(app: &App, code: &InviteCode) -> Vec<String> {
    let pin = app.tls.pin(); // it may have changed since the start
    let links = app.reached_at.get().into_iter().flatten();
    let links = links.map(|link| JoinLink { pin: link.pin.and(Some(pin)), invite: Some(code.clone()), ..link.clone() });
    links.map(|link| link.to_string()).collect()
}

async fn renew_admin_invite(app: &App) -> Result<Option<InviteCode>, Error> {
    let code = invite_codes::draw().map_err(|_| Error::Unavailable("the operating system has no random bytes"))?;
    let (hash, now) = (invite_codes::hash(&code), app.now());
    let is_needed = app.store.write(move |tx: &mut dyn Tx| invites::renew_admin_invite(tx, &hash, now)).await?;
    Ok(is_needed.then_some(code))
}

/// Where others reach a server: the public addresses, or else those of the machine if it listens on all of them, or else
/// the one on which it listens.
fn addresses(listening: SocketAddr, public: &[HostPort], machine: impl FnOnce() -> Vec<IpAddr>) -> Vec<(Host, u16)> {
    let port = listening.port();
    if !public.is_empty() {
        return public.iter().map(|public| (public.host.clone(), public.port.unwrap_or(port))).collect();
    }
    let host = |address: IpAddr| match address.to_canonical() {
        IpAddr::V4(address) => Host::V4(address),
        IpAddr::V6(address) => Host::V6(address),
    };
    if !listening.ip().is_unspecified() {
        return vec![(host(listening.ip()), port)];
    }
    let is_reachable = |address: &IpAddr| match address {
        IpAddr::V4(address) => !address.is_loopback() && !address.is_link_local() && !address.is_unspecified(),
        // A link-local address needs the name of an interface, which differs from machine to machine.
        IpAddr::V6(address) => {
            listening.is_ipv6()
                && !address.is_loopback()
                && !address.is_unicast_link_local()
                && !address.is_unspecified()
        }
    };
    let found: BTreeSet<_> = machine().into_iter().filter(is_reachable).collect();
    found.into_iter().map(|address| (host(address), port)).collect()
}

/// The addresses of the interfaces of this machine.
fn machine() -> Vec<IpAddr> {
    match if_addrs::get_if_addrs() {
        Ok(interfaces) => interfaces.iter().map(if_addrs::Interface::ip).collect(),
        Err(error) => {
            tracing::warn!(%error, "cannot find the addresses of this machine; name one with --public-address");
            Vec::new()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(listening: &str, public: &[&str]) -> Vec<String> {
        let machine = || {
            ["127.0.0.1", "192.168.1.5", "169.254.0.9", "10.0.0.1", "::1", "fe80::1", "2001:db8::5", "10.0.0.1"]
                .map(|address| address.parse().unwrap())
                .to_vec()
        };
        let public = public.iter().map(|public| public.parse().unwrap()).collect::<Vec<_>>();
        let addresses = addresses(listening.parse().unwrap(), &public, machine);
        addresses.into_iter().map(|(host, port)| format!("{host} {port}")).collect()
    }

    #[test]
    fn a_server_on_every_address_is_reached_at_those_of_its_machine() {
        assert_eq!(found("0.0.0.0:7878", &[]), ["10.0.0.1 7878", "192.168.1.5 7878"]);
        assert_eq!(found("[::]:7879", &[]), ["10.0.0.1 7879", "192.168.1.5 7879", "[2001:db8::5] 7879"]);
    }

    #[test]
    fn a_server_on_one_address_is_reached_there() {
        assert_eq!(found("192.168.1.5:1", &[]), ["192.168.1.5 1"]);
        assert_eq!(found("[::ffff:10.0.0.1]:2", &[]), ["10.0.0.1 2"]);
    }

    #[test]
    fn what_the_operator_says_counts_more() {
        assert_eq!(found("0.0.0.0:7878", &["chat.example.org", "[::1]:9"]), ["chat.example.org 7878", "[::1] 9"]);
    }
}
