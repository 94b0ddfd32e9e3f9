//! HTTP: connections, routes, and handlers that decode, call and encode.

mod activity;
mod body;
mod connection;
mod drive;
mod events;
mod handover;
mod json;
mod linger;
mod members;
mod messages;
mod problem;
mod read_markers;
mod receive;
mod request;
mod response;
mod rooms;
mod router;
mod server_info;
mod sessions;
mod turn_away;
mod users;

pub(crate) use connection::serve;
