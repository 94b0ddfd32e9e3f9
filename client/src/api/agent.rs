//! Configures the connections to a server: timeouts, TLS certificates, proxies.
//!
//! Owns every setting of the HTTP library. It must not know the requests.

use std::{
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use rustls::ClientConfig;
use ureq::{
    Agent,
    config::{Config, ConfigBuilder},
    typestate::AgentScope,
    unversioned::{
        resolver::DefaultResolver,
        transport::{ConnectProxyConnector, Connector as _, TcpConnector},
    },
};

use super::{Origin, Server, tls::Tls, verifier};

/// Most connections that stay open between calls.
pub(crate) const CONNECTIONS_MAX: usize = 4;

/// How long to wait for the first sign of a server.
const KNOCK_TIMEOUT: Duration = Duration::from_secs(10);

/// An agent for calls. Each call must be answered within `timeout`.
pub(super) fn for_calls(server: &Server, timeout: Duration) -> Agent {
    let config = base(&server.origin)
        .max_idle_connections_per_host(CONNECTIONS_MAX) // with the default of 3, connections would be closed and opened all the time
        .max_idle_age(Duration::from_secs(30))
        .timeout_connect(Some(Duration::from_secs(5)))
        .timeout_resolve(Some(Duration::from_secs(5)))
        .timeout_global(Some(timeout))
        .build();
    agent(config, server)
}

/// An agent for event streams. A stream that sends nothing for `silence` is dead. The body as a whole has no timeout,
/// because it never ends.
pub(super) fn for_stream(server: &Server, silence: Duration) -> Agent {
    let config = base(&server.origin)
        .accept_encoding("identity")
        .timeout_resolve(Some(Duration::from_secs(5)))
        .timeout_connect(Some(Duration::from_secs(5)))
        .timeout_recv_response(Some(Duration::from_secs(10)))
        .timeout_per_read(Some(silence))
        .build();
    agent(config, server)
}

/// An agent that only makes the TLS handshake, and sets the flag once that has succeeded. Its calls fail.
pub(super) fn for_knock(origin: &Origin, config: Arc<ClientConfig>, done: Arc<AtomicBool>) -> Agent {
    let knock = base(origin).timeout_global(Some(KNOCK_TIMEOUT)).build();
    encrypting(knock, Tls::handshake_only(config, done))
}

/// An agent for one request without a token.
pub(super) fn for_plain_knock(origin: &Origin) -> Agent {
    base(origin).timeout_global(Some(KNOCK_TIMEOUT)).build().into()
}

fn agent(config: Config, server: &Server) -> Agent {
    match server.origin.is_encrypted() {
        true => encrypting(config, Tls::new(verifier::verified(server.pin))),
        false => config.into(),
    }
}

fn encrypting(config: Config, tls: Tls) -> Agent {
    let connector = ().chain(ConnectProxyConnector::default()).chain(TcpConnector::default()).chain(tls);
    Agent::with_parts(config, connector, DefaultResolver::default())
}

fn base(origin: &Origin) -> ConfigBuilder<AgentScope> {
    let builder = Agent::config_builder()
        .http_status_as_error(false) // the body of an error is needed
        .max_redirects(0) // a token must only be sent to the origin that issued it
        .max_redirects_will_error(false)
        .user_agent(concat!("quchat/", env!("CARGO_PKG_VERSION")));
    // A proxy cannot reach a loopback address of this machine.
    if origin.is_loopback() { builder.proxy(None) } else { builder }
}
