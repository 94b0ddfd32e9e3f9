//! Handler for direct rooms.

use std::sync::Arc;

use quchat_shared::{
    Room,
    api::{Endpoint, GetRoom, OpenDirectRoom},
};

use super::{problem::Failure, reply::Reply, request::Request};
use crate::{
    app::App,
    domain::{
        Caller,
        direct_rooms::{self, Opened},
    },
    store::Tx,
};

pub(super) async fn open_direct_room(
    app: Arc<App>,
    caller: Caller,
    request: Request<OpenDirectRoom>,
) -> Result<Reply<Room>, Failure> {
    let bounds = app.room_bounds();
    let open = move |tx: &mut dyn Tx, now| direct_rooms::open_direct_room(tx, caller, request.path, bounds, now);
    Ok(match app.write(caller, open).await? {
        Opened::Now(room) => {
            let location = GetRoom::target(&room.info.id, &());
            Reply::created(room).at(location)
        }
        Opened::Before(room) => Reply::ok(room),
    })
}
