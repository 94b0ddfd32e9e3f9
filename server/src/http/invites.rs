//! Handlers for invites: creating, listing and deleting them.

use std::sync::Arc;

use quchat_shared::{
    api::{CreateInvite, DeleteInvite, ListInvites},
    invite::{CreatedInvite, Invites},
    user::ServerRole,
};

use super::{problem::Failure, reply::Reply, request::Request};
use crate::{
    app::App,
    auth::invite_codes,
    domain::{Error, Principal, invites},
    store::{Snapshot, Tx},
};

pub(super) async fn create_invite(
    app: Arc<App>,
    caller: Principal,
    request: Request<CreateInvite>,
) -> Result<Reply<CreatedInvite>, Failure> {
    let wanted = invites::Wanted { invite: request.body, role: ServerRole::Member };
    Ok(Reply::created(create(&app, caller, wanted).await?))
}

/// Creates an invite with a new code.
pub(super) async fn create(app: &App, caller: Principal, wanted: invites::Wanted) -> Result<CreatedInvite, Failure> {
    let code = invite_codes::draw().map_err(|_| Error::Unavailable("the server has no random numbers; try again"))?;
    let (hash, admission) = (invite_codes::hash(&code), app.admission());
    let create = move |tx: &mut dyn Tx, now| invites::create_invite(tx, caller, &wanted, &hash, admission, now);
    let invites::Created { id, room, uses, expires_at } = app.write(caller, create).await?;
    Ok(CreatedInvite { id, code, room, uses, expires_at })
}

pub(super) async fn list_invites(
    app: Arc<App>,
    caller: Principal,
    request: Request<ListInvites>,
) -> Result<Reply<Invites>, Failure> {
    let (admission, now) = (app.admission(), app.now());
    let page = move |store: &dyn Snapshot| invites::list_invites(store, caller, &request.query, admission, now);
    Ok(Reply::ok(app.read(caller, page).await?))
}

pub(super) async fn delete_invite(
    app: Arc<App>,
    caller: Principal,
    request: Request<DeleteInvite>,
) -> Result<Reply<()>, Failure> {
    let admission = app.admission();
    let delete = move |tx: &mut dyn Tx, _| invites::delete_invite(tx, caller, request.path, admission);
    app.write(caller, delete).await?;
    Ok(Reply::ok(()))
}
