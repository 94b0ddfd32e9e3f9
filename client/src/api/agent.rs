//! Configures the connections to a server: timeouts, TLS certificates, proxies.
//!
//! Owns every setting of the HTTP library. It must not know the requests.

use std::time::Duration;

use ureq::{Agent, config::ConfigBuilder, typestate::AgentScope};

use super::Origin;

/// Most connections that stay open between calls.
pub(crate) const CONNECTIONS_MAX: usize = 4;

/// An agent for calls. Each call must be answered within `timeout`.
pub(super) fn for_calls(origin: &Origin, timeout: Duration) -> Agent {
    base(origin)
        .max_idle_connections_per_host(CONNECTIONS_MAX) // with the default of 3, connections would be closed and opened all the time
        .max_idle_age(Duration::from_secs(30))
        .timeout_connect(Some(Duration::from_secs(5)))
        .timeout_resolve(Some(Duration::from_secs(5)))
        .timeout_global(Some(timeout))
        .build()
        .into()
}

/// An agent for event streams. A stream that sends nothing for `silence` is dead. The body as a whole has no timeout,
/// because it never ends.
pub(super) fn for_stream(origin: &Origin, silence: Duration) -> Agent {
    base(origin)
        .accept_encoding("identity")
        .timeout_resolve(Some(Duration::from_secs(5)))
        .timeout_connect(Some(Duration::from_secs(5)))
        .timeout_recv_response(Some(Duration::from_secs(10)))
        .timeout_per_read(Some(silence))
        .build()
        .into()
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
