//! Handlers for the server itself: name, limits, health.

use std::sync::Arc;

use bytes::Bytes;
use hyper::{
    StatusCode,
    header::{CONTENT_TYPE, HeaderValue},
};
use quchat_shared::{
    api::{GetServer, ServerInfo},
    limits::{LIMITS, Limits},
};

use super::{problem::Failure, reply::Reply, request::Request};
use crate::{app::App, connection::Body};

pub(super) async fn get_server(app: Arc<App>, _: Request<GetServer>) -> Result<Reply<ServerInfo>, Failure> {
    let bounds = app.room_bounds();
    Ok(Reply::ok(ServerInfo {
        name: app.config.name.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        limits: Limits {
            rooms_per_user: bounds.per_user,
            rooms: bounds.in_all,
            private_rooms_per_user: bounds.private_per_user,
            streams_per_user: u32::try_from(app.config.max_streams_per_user).unwrap_or(u32::MAX),
            ..LIMITS
        },
        heartbeat_seconds: app.config.heartbeat.as_secs().max(1),
        registration: app.config.registration,
    }))
}

/// The health check: 200 while the server accepts requests, 503 while it is stopping or its database cannot be used.
/// A damaged database does not change it, because a supervisor would restart the server, and that does not help.
pub(super) fn health(app: &App) -> hyper::Response<Body> {
    let (status, text) = match (app.is_stopping(), app.store.is_writable()) {
        (true, _) => (StatusCode::SERVICE_UNAVAILABLE, "stopping"),
        (false, false) if app.store.is_read_only() => {
            let text = "the data directory can only be read: reading works, and changes are refused";
            (StatusCode::SERVICE_UNAVAILABLE, text)
        }
        (false, false) => (StatusCode::SERVICE_UNAVAILABLE, "the database cannot be written"),
        (false, true) if !app.store.is_following() => (StatusCode::SERVICE_UNAVAILABLE, "PostgreSQL cannot be reached"),
        (false, true) => (StatusCode::OK, "ok"),
    };
    plain_text(status, text)
}

/// A page for people who open the address in a browser: what this is, and how to join.
pub(super) fn welcome(app: &App) -> hyper::Response<Body> {
    let name = &app.config.name;
    let text = format!(
        "{name}\n\n\
         This is a quchat server: a chat that you use from a terminal.\n\n\
         To join, install quchat and run it with the link that you were given, or with the address that your browser\n\
         shows for this page, without anything before or after host and port:\n\n    \
             quchat --server HOST:PORT\n"
    );
    plain_text(StatusCode::OK, text)
}

fn plain_text(status: StatusCode, text: impl Into<Bytes>) -> hyper::Response<Body> {
    let mut response = hyper::Response::new(Body::whole(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
