//! Rooms: the list, one room, making one.

use quchat_shared::{
    Room, RoomId, Seq, Timestamp,
    api::NewRoom,
    event::{MemberJoined, RoomCreated},
    limits,
    room::{Role, RoomKind},
};

use super::{
    Caller, Error, Result,
    audience::may_know,
    invalid,
    policy::{self, Action},
    users,
};
use crate::store::{EventRef, NewMember, Snapshot, Tx};

/// Every room the caller can see, by id.
pub(crate) fn list_rooms(store: &dyn Snapshot, caller: Caller) -> Result<Vec<Room>> {
    let mut rooms = store.rooms_of(caller.user)?;
    rooms.retain(|room| may_know(room.info.kind, room.member.is_some()));
    Ok(rooms)
}

/// One room, if the caller can see it.
pub(crate) fn get_room(store: &dyn Snapshot, caller: Caller, id: RoomId) -> Result<Room> {
    policy::authorize(store, caller, Action::See, id)?;
    store.room_of(id, caller.user)?.ok_or(Error::NotFound("room"))
}

/// How many rooms there may be. Those beyond, of an older database or of a server that allowed more, stay.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Of one creator, direct rooms left out.
    pub(crate) per_user: u32,
    /// In all, direct rooms left out.
    pub(crate) in_all: u32,
    /// Not public, with one user as a member.
    pub(crate) private_per_user: u32,
}

/// Makes a room; the caller owns it and is its first member.
pub(crate) fn create_room(
    tx: &mut dyn Tx,
    caller: Caller,
    new: &NewRoom,
    bounds: Bounds,
    now: Timestamp,
) -> Result<Room> {
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
    check_bounds(tx, caller, new.kind.unwrap_or_default(), bounds)?;
    let room = tx.insert_room(&new, caller.user, now)?;
    let event = RoomCreated { room: room.clone() };
    tx.record(&room, EventRef::RoomCreated { by: caller.user }, event.into(), now)?;
    let user = users::reference(tx, caller.user)?;
    let event = MemberJoined { room: room.clone(), user, role: Role::Owner, by: None };
    let joined = tx.record(&room, EventRef::MemberJoined { user: caller.user, by: None }, event.into(), now)?;
    tx.insert_member(
        &room,
        &NewMember { user: caller.user, role: Role::Owner, last_read_seq: Seq(0), joined, at: now },
    )?;
    get_room(tx, caller, room.id)
}

/// Refuses a further room where there are as many as there may be.
fn check_bounds(store: &dyn Snapshot, caller: Caller, kind: RoomKind, bounds: Bounds) -> Result<()> {
    let Bounds { per_user, in_all, private_per_user } = bounds;
    let refuse = |detail: String| Err(Error::Conflict(detail.into()));
    if kind != RoomKind::Public && store.count_private_rooms_of(caller.user)? >= private_per_user.into() {
        return refuse(format!(
            "you are in {private_per_user} rooms that are not public, the most a user may be in; leave one of them, or \
             ask who runs the server to raise --max-private-rooms-per-user"
        ));
    }
    if store.count_rooms_by(caller.user)? >= per_user.into() {
        return refuse(format!(
            "you have made {per_user} rooms, the most a user may have; use one of them, be the last to leave a private \
             one, or ask who runs the server to raise --max-rooms-per-user"
        ));
    }
    if store.count_rooms()? >= in_all.into() {
        return refuse(format!(
            "there are {in_all} rooms, the most this server holds; use one of them, or ask who runs the server to \
             raise --max-rooms"
        ));
    }
    Ok(())
}
