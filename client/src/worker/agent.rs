//! How connections to a server are made: time-outs, certificates, proxies.
//!
//! Owns every setting of the HTTP client. It must not know what is asked over the connections.

use std::time::Duration;

use ureq::{Agent, config::ConfigBuilder, typestate::AgentScope};

use crate::model::Origin;

/// For calls. `connections` may be kept open between calls.
pub(super) fn for_calls(origin: &Origin, connections: usize) -> Agent {
    base(origin)
        .max_idle_connections_per_host(connections) // the default of 3 would close and open one all the time
        .max_idle_age(Duration::from_secs(30))
        .timeout_connect(Some(Duration::from_secs(5)))
        .timeout_resolve(Some(Duration::from_secs(5)))
        .timeout_global(Some(Duration::from_secs(30)))
        .build()
        .into()
}

/// For one call that must not hold up anything: signing out.
pub(super) fn for_farewell(origin: &Origin) -> Agent {
    base(origin).timeout_global(Some(Duration::from_secs(5))).build().into()
}

/// For one event stream, to be shut down with it, and dead when it says nothing for so long. There is no time-out for
/// the whole of the body: that never ends.
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
        .http_status_as_error(false) // the body of an error says what to do
        .max_redirects(0) // a token goes to the origin that issued it and nowhere else
        .max_redirects_will_error(false)
        .user_agent(concat!("quchat/", env!("CARGO_PKG_VERSION")));
    // A proxy cannot reach what only this machine can reach.
    if origin.is_loopback() { builder.proxy(None) } else { builder }
}
