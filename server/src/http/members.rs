//! Who is in a room.

use std::sync::Arc;

use quchat_shared::{
    Room,
    api::{JoinRoom, LeaveRoom},
};

use super::{problem::Failure, request::Request, response::Reply};
use crate::{app::App, auth::jwt::Verified, domain::members};

pub(super) async fn join_room(
    app: Arc<App>,
    who: Verified,
    request: Request<JoinRoom>,
) -> Result<Reply<Room>, Failure> {
    let join = move |tx: &mut dyn crate::store::Tx, now| members::join_room(tx, who.caller, request.path, now);
    Ok(Reply::ok(app.write(who.caller, join).await?))
}

pub(super) async fn leave_room(
    app: Arc<App>,
    who: Verified,
    request: Request<LeaveRoom>,
) -> Result<Reply<()>, Failure> {
    let leave = move |tx: &mut dyn crate::store::Tx, now| members::leave_room(tx, who.caller, request.path, now);
    if app.write(who.caller, leave).await? {
        app.room_deleted.notify_one();
    }
    Ok(Reply::ok(()))
}
