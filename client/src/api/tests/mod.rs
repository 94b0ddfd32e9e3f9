//! The API client against a server that follows a script.

mod events;
pub(crate) mod peer;
mod tls;
