//! The API over HTTP: routes by noun, with handlers that decode, call and encode.
//!
//! Requests come from `connection`, and answers go back there, whole or as a stream. A handler knows `domain` and never
//! an engine.

mod bans;
mod direct_rooms;
mod events;
mod json;
mod members;
mod mentions;
mod messages;
mod passwords;
mod problem;
mod reactions;
mod read_markers;
mod reply;
mod request;
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

pub(crate) use service::Api;
