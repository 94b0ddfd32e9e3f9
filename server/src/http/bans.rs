//! Handlers for bans.

use std::sync::Arc;

use quchat_shared::api::{BanUser, Bans, ListBans, UnbanUser};

use super::{problem::Failure, reply::Reply, request::Request};
use crate::{
    app::App,
    domain::{Principal, bans},
    store::{Snapshot, Tx},
};

pub(super) async fn list_bans(
    app: Arc<App>,
    caller: Principal,
    request: Request<ListBans>,
) -> Result<Reply<Bans>, Failure> {
    let page = move |store: &dyn Snapshot| bans::list_bans(store, caller, request.path, &request.query);
    Ok(Reply::ok(app.read(caller, page).await?))
}

pub(super) async fn ban_user(
    app: Arc<App>,
    caller: Principal,
    request: Request<BanUser>,
) -> Result<Reply<()>, Failure> {
    let ban = move |tx: &mut dyn Tx, now| bans::ban_user(tx, caller, request.path, &request.body, now);
    if app.write(caller, ban).await? {
        app.room_deleted.notify_one();
    }
    Ok(Reply::ok(()))
}

pub(super) async fn unban_user(
    app: Arc<App>,
    caller: Principal,
    request: Request<UnbanUser>,
) -> Result<Reply<()>, Failure> {
    let unban = move |tx: &mut dyn Tx, now| bans::unban_user(tx, caller, request.path, now);
    Ok(Reply::ok(app.write(caller, unban).await?))
}
