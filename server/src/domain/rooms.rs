//! Rooms as such.

use quchat_shared::{
    Room, RoomId, Seq, Timestamp,
    api::NewRoom,
    event::{MemberJoined, RoomCreated},
    limits,
    room::{Role, RoomKind},
};

use super::{Caller, Error, Result, invalid, members, policy};
use crate::store::{Snapshot, Tx};

/// Every room the caller can see, by id.
pub(crate) fn list_rooms(store: &dyn Snapshot, caller: Caller) -> Result<Vec<Room>> {
    Ok(store.rooms_of(caller.user)?)
}

/// One room, if the caller can see it.
pub(crate) fn get_room(store: &dyn Snapshot, caller: Caller, id: RoomId) -> Result<Room> {
    policy::visible_room(store, caller, id)?;
    store.room_of(id, caller.user)?.ok_or(Error::NotFound("room"))
}

/// Makes a room; the caller owns it and is its first member.
pub(crate) fn create_room(tx: &mut dyn Tx, caller: Caller, new: &NewRoom, now: Timestamp) -> Result<Room> {
    let new = NewRoom {
        name: invalid("name", limits::room_name(&new.name))?.to_owned(),
        topic: Some(invalid("topic", limits::topic(new.topic.as_deref().unwrap_or_default()))?.to_owned()),
        kind: new.kind,
    };
    match new.kind.unwrap_or_default() {
        RoomKind::Public if tx.is_public_name_taken(&limits::room_key(&new.name))? => return Err(Error::NameTaken),
        RoomKind::Direct => {
            let detail = "a room is made public or private".into();
            return Err(Error::Invalid { field: "kind".into(), detail });
        }
        RoomKind::Public | RoomKind::Private => {}
    }
    let room = tx.insert_room(&new, caller.user, now)?;
    tx.record(RoomCreated { room: room.clone() }.into(), Some(caller.user), now)?;
    let user = members::reference(tx, caller.user)?;
    tx.insert_member(room.id, caller.user, Role::Owner, Seq(0), tx.next_event())?;
    tx.record(MemberJoined { room: room.clone(), user, role: Role::Owner }.into(), Some(caller.user), now)?;
    get_room(tx, caller, room.id)
}
