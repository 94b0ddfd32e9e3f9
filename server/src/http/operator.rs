//! Handlers of the local socket. Its caller is the operator, who needs no token and has every right.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use bytes::Bytes;
use hyper::{Method, Response};
use quchat_shared::{
    UserId, limits,
    query::{self, Query},
    user::ServerRole,
};
use serde::Deserialize;

use super::{
    json,
    problem::{self, Failure},
    reply::{Reply, Respond},
};
use crate::{
    app::App,
    connection::Body,
    domain::{self, operator},
    store::{Snapshot, Tx},
};

/// A user to add.
#[derive(Deserialize)]
struct NewUser {
    name: String,
    password: String,
    role: Option<ServerRole>,
}

/// The new password of a user.
#[derive(Deserialize)]
struct NewPassword {
    new: String,
}

/// Where passwords come from that the operator sets.
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Answers a request of the operator.
pub(crate) async fn respond(app: &Arc<App>, method: &Method, path: &str, query: &str, body: &Bytes) -> Response<Body> {
    let outcome = route(app, method, path, query, body).await;
    outcome.unwrap_or_else(|failure| problem::respond(&failure))
}

async fn route(
    app: &Arc<App>,
    method: &Method,
    path: &str,
    query: &str,
    body: &Bytes,
) -> Result<Response<Body>, Failure> {
    let parts: Vec<_> = path.trim_start_matches('/').split('/').collect();
    match (method.as_str(), &*parts) {
        ("GET", ["v1", "users"]) => list_users(app, query).await,
        ("POST", ["v1", "users"]) => add_user(app, body).await,
        ("PUT", ["v1", "users", user, "password"]) => reset_password(app, user, body).await,
        (_, ["v1", "users"]) => Err(Failure::MethodNotAllowed { allow: "GET, POST".to_owned() }),
        (_, ["v1", "users", _, "password"]) => Err(Failure::MethodNotAllowed { allow: "PUT".to_owned() }),
        _ => Err(Failure::NoSuchPath),
    }
}

async fn list_users(app: &App, query: &str) -> Result<Response<Body>, Failure> {
    let filter = query::ListUsers::decode(query)
        .map_err(|error| Failure::BadRequest(format!("invalid query: {error}").into()))?;
    let online = app.hub.online().clone();
    let list = move |store: &dyn Snapshot| operator::list_users(store, &filter);
    let mut page = app.store.read(list).await?;
    page.users.iter_mut().for_each(|user| user.online = online.contains(user.id));
    Ok(Reply::ok(page).respond())
}

async fn add_user(app: &App, body: &Bytes) -> Result<Response<Body>, Failure> {
    let NewUser { name, password, role } = json::parse_object(body)?;
    let wanted = (name.clone(), password.clone());
    let check = move |store: &dyn Snapshot| operator::check_new_user(store, &wanted.0, &wanted.1);
    app.store.read(check).await?;
    let (hash, now) = (app.passwords.hash(password, HERE).await?, app.now());
    let role = role.unwrap_or(ServerRole::Member);
    let add = move |tx: &mut dyn Tx| operator::add_user(tx, &name, &hash, role, now);
    Ok(Reply::created(app.store.write(add).await?).respond())
}

async fn reset_password(app: &App, user: &str, body: &Bytes) -> Result<Response<Body>, Failure> {
    let id = user.parse().map(UserId).map_err(|_| Failure::BadRequest("the id of a user is a whole number".into()))?;
    let NewPassword { new } = json::parse_object(body)?;
    domain::invalid("new", limits::password(&new)).map_err(Failure::from)?;
    let hash = app.passwords.hash(new, HERE).await?;
    app.store.write(move |tx: &mut dyn Tx| operator::reset_password(tx, id, &hash)).await?;
    Ok(Reply::ok(()).respond())
}
