//! Handler for read markers: move the marker, which clears unread messages.

use std::sync::Arc;

use quchat_shared::api::{MarkRead, ReadMarker};

use super::{problem::Failure, reply::Reply, request::Request};
use crate::{
    app::App,
    domain::{Caller, read_markers},
    store::{Hints, Tx},
};

pub(super) async fn mark_read(
    app: Arc<App>,
    caller: Caller,
    request: Request<MarkRead>,
) -> Result<Reply<ReadMarker>, Failure> {
    let hints = Hints::of_room(request.path);
    let mark = move |tx: &mut dyn Tx, now| read_markers::mark_read(tx, caller, request.path, request.body, now);
    Ok(Reply::ok(app.write_with(caller, hints, mark).await?))
}
