//! The API over HTTP: one file of handlers per noun. A handler decodes a request, calls the domain and encodes the
//! reply.
//!
//! Requests come from `connection`, which also sends the responses, complete or as a stream. Handlers must not know the
//! storage engine.

mod bans;
mod client_address;
mod direct_rooms;
mod events;
mod invites;
mod json;
mod limit_hits;
mod members;
mod mentions;
mod messages;
mod operator;
mod passwords;
mod problem;
mod reactions;
mod read_markers;
mod registration;
mod reply;
mod request;
mod request_counts;
mod request_id;
mod request_log;
mod rooms;
mod router;
mod search;
mod server_info;
mod service;
mod sessions;
mod typing;
mod users;

pub(crate) use self::service::Api;
