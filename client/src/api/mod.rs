//! The API client: blocking calls to one server, and its event stream as an iterator. Each returns a plain `Result`.
//!
//! Owns connections, their encryption, timeouts, the token's header, and the bounds on what a server may send. It knows
//! no model, no thread and no terminal. The worker threads use it, and so can programs without a screen.
//!
//! A new endpoint needs a [`Bounded`] reply, and a row in `request.rs` if `update` asks for it.

mod address;
mod agent;
mod backoff;
mod bounds;
mod client;
mod events;
mod failure;
mod knock;
mod origin;
mod request;
mod tls;
mod verifier;

#[cfg(test)]
pub(crate) mod tests;

pub use address::Address;
pub(crate) use agent::CONNECTIONS_MAX;
pub(crate) use backoff::pause_ms;
pub use bounds::Bounded;
pub(crate) use bounds::ROOMS_MAX;
pub use client::Client;
pub use events::{Closer, Events, Received};
pub use failure::Failure;
pub(crate) use failure::REFUSED;
pub use knock::{Contact, Reached, knock};
pub use origin::Origin;
pub use request::{Answer, Reply, Request};

use quchat_shared::{pin::Pin, user::Session};

/// A server: its address, and how it is recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    pub origin: Origin,
    /// The key that the server must have if the roots do not verify its certificate. `None` trusts the roots only.
    pub pin: Option<Pin>,
}

impl From<Origin> for Server {
    fn from(origin: Origin) -> Self {
        Self { origin, pin: None }
    }
}

/// A server, and the token of a session on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// The server. The token is never sent to another one.
    pub server: Server,
    /// The session's token.
    pub token: Token,
}

impl Access {
    /// The access that a session gives.
    #[must_use]
    pub fn new(server: impl Into<Server>, session: &Session) -> Self {
        Self { server: server.into(), token: Token::new(session.token.clone()) }
    }
}

/// A bearer token. Its `Debug` output does not contain the token.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// A token as the server issued it.
    #[must_use]
    pub fn new(token: String) -> Self {
        Self(token)
    }

    /// The text of the token, for the request header and the session file.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token")
    }
}
