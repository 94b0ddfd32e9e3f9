//! Handlers for rooms: list, read and create.

use std::sync::Arc;

use quchat_shared::{
    Room,
    api::{CreateRoom, DeleteRoom, Endpoint, GetRoom, ListRooms, Rooms, UpdateRoom},
};

use super::{
    problem::Failure,
    reply::{Encoded, Reply},
    request::Request,
};
use crate::{
    app::App,
    domain::{Caller, Principal, rooms},
    store::{Snapshot, Tx},
};

pub(super) async fn list_rooms(
    app: Arc<App>,
    caller: Principal,
    request: Request<ListRooms>,
) -> Result<Encoded, Failure> {
    let lineage = app.store.lineage().clone();
    let read = move |store: &dyn Snapshot| {
        let rooms = rooms::list_rooms(store, caller)?;
        Ok(Encoded::new(&Rooms { rooms, cursor: lineage.cursor(store.head()?) }, &request.account)?)
    };
    Ok(app.read_much(caller, read).await?)
}

pub(super) async fn create_room(
    app: Arc<App>,
    caller: Caller,
    request: Request<CreateRoom>,
) -> Result<Reply<Room>, Failure> {
    let bounds = app.room_bounds();
    let create = move |tx: &mut dyn Tx, now| rooms::create_room(tx, caller, &request.body, bounds, now);
    let room = app.write(caller, create).await?;
    let location = GetRoom::target(&room.info.id, &());
    Ok(Reply::created(room).at(location))
}

pub(super) async fn get_room(
    app: Arc<App>,
    caller: Principal,
    request: Request<GetRoom>,
) -> Result<Reply<Room>, Failure> {
    let room = app.read(caller, move |store| rooms::get_room(store, caller, request.path)).await?;
    Ok(Reply::ok(room))
}

pub(super) async fn update_room(
    app: Arc<App>,
    caller: Principal,
    request: Request<UpdateRoom>,
) -> Result<Reply<Room>, Failure> {
    let update = move |tx: &mut dyn Tx, now| rooms::update_room(tx, caller, request.path, &request.body, now);
    Ok(Reply::ok(app.write(caller, update).await?))
}

pub(super) async fn delete_room(
    app: Arc<App>,
    caller: Principal,
    request: Request<DeleteRoom>,
) -> Result<Reply<()>, Failure> {
    let delete = move |tx: &mut dyn Tx, now| rooms::delete_room(tx, caller, request.path, now);
    app.write(caller, delete).await?;
    app.room_deleted.notify_one();
    Ok(Reply::ok(()))
}
