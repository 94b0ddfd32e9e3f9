//! Handlers for reactions to messages.

use std::sync::Arc;

use quchat_shared::{
    Message,
    api::{AddReaction, RemoveReaction},
};

use super::{problem::Failure, reply::Reply, request::Request};
use crate::{
    app::App,
    domain::{Caller, reactions},
    store::{Hints, Tx},
};

pub(super) async fn add_reaction(
    app: Arc<App>,
    caller: Caller,
    request: Request<AddReaction>,
) -> Result<Reply<Message>, Failure> {
    let hints = Hints::of_room(request.path.0);
    let add = move |tx: &mut dyn Tx, now| reactions::add_reaction(tx, caller, &request.path, now);
    Ok(Reply::ok(app.write_with(caller, hints, add).await?))
}

pub(super) async fn remove_reaction(
    app: Arc<App>,
    caller: Caller,
    request: Request<RemoveReaction>,
) -> Result<Reply<Message>, Failure> {
    let hints = Hints::of_room(request.path.0);
    let remove = move |tx: &mut dyn Tx, now| reactions::remove_reaction(tx, caller, &request.path, now);
    Ok(Reply::ok(app.write_with(caller, hints, remove).await?))
}
