//! The threads that talk to the server: calls on a pool, the event stream on a thread of its own.
//!
//! Owns connections, time-outs and what an answer means in the words of `update`. It must not know the terminal or
//! the model; a dead server, a cut wire or a panic ends in a value handed back, never in a waiting loop.

mod agent;
mod bounds;
mod call;
mod calls;
mod failure;
mod pool;
mod request;
mod stream;

pub use calls::{Calls, sign_in, sign_out};
pub use stream::Stream;

/// Where calls go, and as whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// The server.
    pub origin: crate::model::Origin,
    /// What lets one in there, and only there.
    pub token: Token,
}

/// A bearer token. Its debug text tells nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// A token as the server issued it.
    #[must_use]
    pub fn new(token: String) -> Self {
        Self(token)
    }

    /// The text itself, for the one file that keeps it.
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

#[cfg(test)]
pub(crate) mod tests;
