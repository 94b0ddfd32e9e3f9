//! Handlers for membership: joining and leaving a room.

use std::sync::Arc;

use quchat_shared::{
    Room,
    api::{JoinRoom, LeaveRoom},
};

use super::{problem::Failure, reply::Reply, request::Request};
use crate::{
    app::App,
    domain::{Caller, members},
    store::Tx,
};

pub(super) async fn join_room(
    app: Arc<App>,
    caller: Caller,
    request: Request<JoinRoom>,
) -> Result<Reply<Room>, Failure> {
    let join = move |tx: &mut dyn Tx, now| members::join_room(tx, caller, request.path, now);
    Ok(Reply::ok(app.write(caller, join).await?))
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
