//! Handlers for users: looking up, setting the role, suspending.

use std::sync::Arc;

use quchat_shared::{
    User,
    api::{GetMe, GetUser, ListUsers, UpdateUser, Users},
};

use super::{problem::Failure, reply::Reply, request::Request};
use crate::{
    app::App,
    domain::{Caller, Principal, users},
    store::{Snapshot, Tx},
};

pub(super) async fn get_me(app: Arc<App>, caller: Caller, _: Request<GetMe>) -> Result<Reply<User>, Failure> {
    let online = app.hub.online().clone();
    let me = move |store: &dyn Snapshot| users::get_user(store, caller, caller.user, |user| online.contains(user));
    Ok(Reply::ok(app.read(caller, me).await?))
}

pub(super) async fn get_user(
    app: Arc<App>,
    caller: Principal,
    request: Request<GetUser>,
) -> Result<Reply<User>, Failure> {
    let online = app.hub.online().clone();
    let user = move |store: &dyn Snapshot| users::get_user(store, caller, request.path, |user| online.contains(user));
    Ok(Reply::ok(app.read(caller, user).await?))
}

pub(super) async fn list_users(
    app: Arc<App>,
    caller: Principal,
    request: Request<ListUsers>,
) -> Result<Reply<Users>, Failure> {
    let online = app.hub.online().clone();
    let page =
        move |store: &dyn Snapshot| users::list_users(store, caller, &request.query, |user| online.contains(user));
    Ok(Reply::ok(app.read(caller, page).await?))
}

pub(super) async fn update_user(
    app: Arc<App>,
    caller: Principal,
    request: Request<UpdateUser>,
) -> Result<Reply<User>, Failure> {
    let online = app.hub.online().clone();
    let update = move |tx: &mut dyn Tx, _| {
        users::update_user(tx, caller, request.path, request.body, |user| online.contains(user))
    };
    Ok(Reply::ok(app.write(caller, update).await?))
}
