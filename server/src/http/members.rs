//! Handlers for membership: who is in a room, in which role, and what they set for themselves.

use std::sync::Arc;

use quchat_shared::{
    Room,
    api::{AddMember, JoinRoom, LeaveRoom, ListMembers, Members, RemoveMember, SetNotify, SetRole},
    room::Member,
};

use super::{
    problem::Failure,
    reply::{Reply, Respond},
    request::Request,
};
use crate::{
    app::App,
    connection::Body,
    domain::{
        Caller, Principal,
        members::{self, Added},
        roles,
    },
    store::{Hints, Snapshot, Tx},
};

pub(super) async fn list_members(
    app: Arc<App>,
    caller: Principal,
    request: Request<ListMembers>,
) -> Result<Reply<Members>, Failure> {
    let online = app.hub.online().clone();
    let page = move |store: &dyn Snapshot| {
        members::list_members(store, caller, request.path, &request.query, |user| online.contains(user))
    };
    Ok(Reply::ok(app.read(caller, page).await?))
}

pub(super) async fn join_room(
    app: Arc<App>,
    caller: Caller,
    request: Request<JoinRoom>,
) -> Result<Reply<Room>, Failure> {
    let hints = Hints::of_room(request.path);
    let join = move |tx: &mut dyn Tx, now| members::join_room(tx, caller, request.path, now);
    Ok(Reply::ok(app.write_with(caller, hints, join).await?))
}

pub(super) async fn leave_room(
    app: Arc<App>,
    caller: Caller,
    request: Request<LeaveRoom>,
) -> Result<Reply<()>, Failure> {
    let leave = move |tx: &mut dyn Tx, now| members::leave_room(tx, caller, request.path, now);
    if app.write(caller, leave).await? {
        app.room_deleted.notify_one();
    }
    Ok(Reply::ok(()))
}

pub(super) async fn set_notify(
    app: Arc<App>,
    caller: Caller,
    request: Request<SetNotify>,
) -> Result<Reply<Room>, Failure> {
    let notify = request.body.notify;
    let set = move |tx: &mut dyn Tx, now| members::set_notify(tx, caller, request.path, notify, now);
    Ok(Reply::ok(app.write(caller, set).await?))
}

pub(super) async fn add_member(
    app: Arc<App>,
    caller: Principal,
    request: Request<AddMember>,
) -> Result<Added, Failure> {
    let (online, private_max) = (app.hub.online().clone(), app.config.max_private_rooms_per_user);
    let add = move |tx: &mut dyn Tx, now| {
        members::add_member(tx, caller, request.path, private_max, now, |user| online.contains(user))
    };
    Ok(app.write(caller, add).await?)
}

impl Respond for Added {
    fn respond(self) -> hyper::Response<Body> {
        match self {
            Self::New(member) => Reply::created(member).respond(),
            Self::Known(member) => Reply::ok(member).respond(),
            Self::Caller(room) => Reply::ok(*room).respond(),
        }
    }
}

pub(super) async fn set_role(
    app: Arc<App>,
    caller: Principal,
    request: Request<SetRole>,
) -> Result<Reply<Member>, Failure> {
    let (online, role) = (app.hub.online().clone(), request.body.role);
    let set =
        move |tx: &mut dyn Tx, now| roles::set_role(tx, caller, request.path, role, now, |user| online.contains(user));
    Ok(Reply::ok(app.write(caller, set).await?))
}

pub(super) async fn remove_member(
    app: Arc<App>,
    caller: Principal,
    request: Request<RemoveMember>,
) -> Result<Reply<()>, Failure> {
    let remove = move |tx: &mut dyn Tx, now| members::remove_member(tx, caller, request.path, now);
    if app.write(caller, remove).await? {
        app.room_deleted.notify_one();
    }
    Ok(Reply::ok(()))
}
