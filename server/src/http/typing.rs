//! Handlers for typing.

use std::sync::Arc;

use quchat_shared::api::NotifyTyping;

use super::{problem::Failure, reply::Reply, request::Request};
use crate::{
    app::App,
    domain::{Caller, typing},
    store::Snapshot,
};

pub(super) async fn notify_typing(
    app: Arc<App>,
    caller: Caller,
    request: Request<NotifyTyping>,
) -> Result<Reply<()>, Failure> {
    let room = request.path;
    app.read(caller, move |store: &dyn Snapshot| typing::notify_typing(store, caller, room)).await?;
    app.hub.notify_typing(room, caller.user, app.config.clock.elapsed());
    Ok(Reply::ok(()))
}
