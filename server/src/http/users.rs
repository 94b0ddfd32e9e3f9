//! Handlers for users: register and look up.

use std::sync::Arc;

use quchat_shared::{
    User,
    api::{GetMe, GetUser, ListUsers, Register, Users},
    user::Session,
};

use super::{problem::Failure, reply::Reply, request::Request, sessions};
use crate::{
    app::App,
    domain::{Caller, users},
    store::{Snapshot, Tx},
};

pub(super) async fn register(app: Arc<App>, request: Request<Register>) -> Result<Reply<Session>, Failure> {
    let new = request.body;
    let wanted = new.clone();
    app.store.read(move |store| users::check_registration(store, &wanted)).await?;
    let hash = app.passwords.hash(new.password, request.client.ip).await?;
    let (client, now, lifetime) = (sessions::client(&request.headers), app.now(), app.config.token_lifetime);
    let register = move |tx: &mut dyn Tx| users::register(tx, &new.name, &hash, &client, now, lifetime);
    let (user, signed_in) = app.store.write(register).await?;
    Ok(Reply::created(sessions::session(&app, user, &signed_in)))
}

pub(super) async fn get_me(app: Arc<App>, caller: Caller, _: Request<GetMe>) -> Result<Reply<User>, Failure> {
    let online = app.hub.online().clone();
    let me = move |store: &dyn Snapshot| users::get_user(store, caller, caller.user, |user| online.contains(user));
    Ok(Reply::ok(app.read(caller, me).await?))
}

pub(super) async fn get_user(app: Arc<App>, caller: Caller, request: Request<GetUser>) -> Result<Reply<User>, Failure> {
    let online = app.hub.online().clone();
    let user = move |store: &dyn Snapshot| users::get_user(store, caller, request.path, |user| online.contains(user));
    Ok(Reply::ok(app.read(caller, user).await?))
}

pub(super) async fn list_users(
    app: Arc<App>,
    caller: Caller,
    request: Request<ListUsers>,
) -> Result<Reply<Users>, Failure> {
    let online = app.hub.online().clone();
    let page =
        move |store: &dyn Snapshot| users::list_users(store, caller, &request.query, |user| online.contains(user));
    Ok(Reply::ok(app.read(caller, page).await?))
}
