//! Handlers of what only the operator of the server may do. The other routes of the API take them as a caller of its own
//! kind.

use std::net::{IpAddr, Ipv4Addr};

use hyper::{Method, Response, http::request::Parts};
use quchat_shared::{
    UserId,
    invite::{CreatedInvite, NewInvite},
    limits::{self, BODY_MAX},
    user::ServerRole,
};
use serde::{Deserialize, Serialize};

use super::{
    invites, json,
    problem::Failure,
    reply::{Reply, Respond},
};
use crate::{
    app::App,
    connection::{Body, Upload},
    domain::{self, Principal, invites::Wanted, operator},
    join_links,
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

/// As [`NewInvite`]. It may also make an admin.
#[derive(Deserialize)]
struct NewInviteOfOperator {
    room: Option<quchat_shared::RoomId>,
    uses: Option<u32>,
    expires_in_seconds: Option<u64>,
    #[serde(default)]
    admin: bool,
}

/// As [`CreatedInvite`], with what to hand out.
#[derive(Serialize)]
struct InviteWithLinks {
    #[serde(flatten)]
    invite: CreatedInvite,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    admin: bool,
    /// One for each address at which others reach the server; none if it serves nobody.
    links: Vec<String>,
}

/// Where passwords come from that the operator sets.
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Answers a request to a route that is different for the operator; `None` if this is no such route.
pub(super) async fn own_route(
    app: &App,
    head: &Parts,
    path: &str,
    body: &mut Upload,
) -> Option<Result<Response<Body>, Failure>> {
    let parts: Vec<_> = path.trim_start_matches('/').split('/').collect();
    match (&head.method, &*parts) {
        (&Method::POST, ["v1", "users"]) => Some(add_user(app, body).await),
        (&Method::POST, ["v1", "invites"]) => Some(create_invite(app, body).await),
        (_, ["v1", "users", "me", ..]) => None,
        (&Method::PUT, ["v1", "users", user, "password"]) => Some(reset_password(app, user, body).await),
        (_, ["v1", "users", _, "password"]) => Some(Err(Failure::MethodNotAllowed { allow: "PUT".to_owned() })),
        _ => None,
    }
}

async fn add_user(app: &App, body: &mut Upload) -> Result<Response<Body>, Failure> {
    let NewUser { name, password, role } = json::parse_object(&body.read(BODY_MAX).await?)?;
    let wanted = (name.clone(), password.clone());
    let check = move |store: &dyn Snapshot| operator::check_new_user(store, &wanted.0, &wanted.1);
    app.store.read(check).await?;
    let (hash, now) = (app.passwords.hash(password, HERE).await?, app.now());
    let role = role.unwrap_or(ServerRole::Member);
    let add = move |tx: &mut dyn Tx| operator::add_user(tx, &name, &hash, role, now);
    Ok(Reply::created(app.store.write(add).await?).respond())
}

async fn reset_password(app: &App, user: &str, body: &mut Upload) -> Result<Response<Body>, Failure> {
    let id = user.parse().map(UserId).map_err(|_| Failure::BadRequest("the id of a user is a whole number".into()))?;
    let NewPassword { new } = json::parse_object(&body.read(BODY_MAX).await?)?;
    domain::invalid("new", limits::password(&new)).map_err(Failure::from)?;
    let hash = app.passwords.hash(new, HERE).await?;
    app.store.write(move |tx: &mut dyn Tx| operator::reset_password(tx, id, &hash)).await?;
    Ok(Reply::ok(()).respond())
}

async fn create_invite(app: &App, body: &mut Upload) -> Result<Response<Body>, Failure> {
    let body = body.read(BODY_MAX).await?;
    let body = if body.trim_ascii().is_empty() { "{}".into() } else { body };
    let NewInviteOfOperator { room, uses, expires_in_seconds, admin } = json::parse_object(&body)?;
    let role = if admin { ServerRole::Admin } else { ServerRole::Member };
    let wanted = Wanted { invite: NewInvite { room, uses, expires_in_seconds }, role };
    let invite = invites::create(app, Principal::Operator, wanted).await?;
    let links = join_links::with_invite(app, &invite.code);
    Ok(Reply::created(InviteWithLinks { invite, admin, links }).respond())
}
