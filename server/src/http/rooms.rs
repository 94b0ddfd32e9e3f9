//! Rooms.

use std::sync::Arc;

use quchat_shared::{
    Room,
    api::{CreateRoom, Endpoint, GetRoom, ListRooms, Rooms},
};

use super::{
    problem::Failure,
    request::Request,
    response::{Encoded, Reply},
};
use crate::{app::App, auth::jwt::Verified, domain::rooms};

pub(super) async fn list_rooms(app: Arc<App>, who: Verified, request: Request<ListRooms>) -> Result<Encoded, Failure> {
    let lineage = app.store.lineage().clone();
    let read = move |store: &dyn crate::store::Snapshot| {
        let rooms = rooms::list_rooms(store, who.caller)?;
        Ok(Encoded::new(&Rooms { rooms, cursor: lineage.cursor(store.head()?) }, &request.account)?)
    };
    Ok(app.read_much(who.caller, read).await?)
}

pub(super) async fn create_room(
    app: Arc<App>,
    who: Verified,
    request: Request<CreateRoom>,
) -> Result<Reply<Room>, Failure> {
    let bounds = app.room_bounds();
    let create =
        move |tx: &mut dyn crate::store::Tx, now| rooms::create_room(tx, who.caller, &request.body, bounds, now);
    let room = app.write(who.caller, create).await?;
    let location = GetRoom::target(&room.info.id, &());
    Ok(Reply::created(room).at(location))
}

pub(super) async fn get_room(app: Arc<App>, who: Verified, request: Request<GetRoom>) -> Result<Reply<Room>, Failure> {
    let room = app.read(who.caller, move |store| rooms::get_room(store, who.caller, request.path)).await?;
    Ok(Reply::ok(room))
}
