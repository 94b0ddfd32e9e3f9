//! Rooms: the list, one room; making, changing and deleting one.

use quchat_shared::{
    Room, RoomId, RoomInfo, Timestamp, UserId,
    api::{NewRoom, RoomChange},
    event::{RoomCreated, RoomDeleted, RoomUpdated},
    limits,
    room::{Role, RoomKind},
};

use super::{
    Caller, Error, Principal, Result,
    audience::may_know,
    invalid,
    memberships::{begin_membership, check_private_bound},
    policy::{self, Action},
};
use crate::store::{EventRef, Snapshot, Tx};

/// Every room that the caller can see, sorted by id.
pub(crate) fn list_rooms(store: &dyn Snapshot, caller: Principal) -> Result<Vec<Room>> {
    let Principal::User(caller) = caller else {
        return Ok(store.all_rooms()?.into_iter().map(of_nobody).collect());
    };
    let mut rooms = store.rooms_of(caller.user)?;
    rooms.retain(|room| may_know(room.info.kind, room.member.is_some()));
    Ok(rooms)
}

/// One room, if the caller can see it.
pub(crate) fn get_room(store: &dyn Snapshot, caller: impl Into<Principal>, id: RoomId) -> Result<Room> {
    let caller = caller.into();
    let (info, _) = policy::authorize(store, caller, Action::See, id)?;
    match caller.user() {
        Some(user) => store.room_of(id, user)?.ok_or(Error::NotFound("room")),
        None => Ok(of_nobody(info)),
    }
}

/// A room without what it is to some user.
fn of_nobody(info: RoomInfo) -> Room {
    Room { info, member: None, unread: 0, mentions: 0, peer: None, banned: false, last_message: None }
}

/// How many rooms there may be. Those beyond, of an older database or of a server that allowed more, stay.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Created by one user, not counting direct rooms.
    pub(crate) per_user: u32,
    /// In total, not counting direct rooms.
    pub(crate) in_all: u32,
    /// Private and direct rooms that one user is in.
    pub(crate) private_per_user: u32,
}

/// Creates a room. The caller becomes its owner and first member.
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
            let detail = "kind must be public or private".into();
            return Err(Error::Invalid { field: "kind".into(), detail });
        }
        RoomKind::Public | RoomKind::Private => {}
    }
    if new.kind == Some(RoomKind::Private) {
        check_private_bound(tx, caller, caller.user, bounds.private_per_user)?;
    }
    check_bounds(tx, caller.user, bounds)?;
    let room = tx.insert_room(&new, caller.user, now)?;
    let event = RoomCreated { room: room.clone() };
    tx.record(&room, EventRef::RoomCreated { by: caller.user }, event.into(), now)?;
    begin_membership(tx, &room, caller.user, Role::Owner, None, now)?;
    get_room(tx, caller, room.id)
}

/// Changes the name, the topic or the state of a room. If all stays as it is, nothing happens.
pub(crate) fn update_room(
    tx: &mut dyn Tx,
    caller: Principal,
    id: RoomId,
    change: &RoomChange,
    now: Timestamp,
) -> Result<Room> {
    let (info, _) = policy::authorize(tx, caller, Action::UpdateRoom, id)?;
    let mut changed = info.clone();
    if let Some(name) = &change.name {
        changed.name = invalid("name", limits::room_name(name))?.to_owned();
    }
    if let Some(topic) = &change.topic {
        changed.topic = invalid("topic", limits::topic(topic))?.to_owned();
    }
    changed.archived = change.archived.unwrap_or(info.archived);
    if changed != info {
        let key = limits::room_key(&changed.name);
        let is_other_name = key != limits::room_key(&info.name);
        if info.kind == RoomKind::Public && is_other_name && tx.is_public_name_taken(&key)? {
            return Err(Error::NameTaken);
        }
        changed.rev += 1;
        tx.update_room(&changed)?;
        tx.record(&changed, EventRef::RoomUpdated, RoomUpdated { room: changed.clone() }.into(), now)?;
    }
    get_room(tx, caller, id)
}

/// Deletes a room for everybody.
pub(crate) fn delete_room(tx: &mut dyn Tx, caller: Principal, id: RoomId, now: Timestamp) -> Result<()> {
    let (info, _) = policy::authorize(tx, caller, Action::DeleteRoom, id)?;
    end_room(tx, &info, None, now)
}

/// Ends a room: it is gone for everybody at once, its rows are purged later. Everyone is told if it was public, else each
/// member and the `leaver`, who was the last one.
pub(super) fn end_room(tx: &mut dyn Tx, room: &RoomInfo, leaver: Option<UserId>, now: Timestamp) -> Result<()> {
    let members = tx.delete_room(room)?;
    let mut record = |member| {
        tx.record(room, EventRef::RoomDeleted { member }, RoomDeleted { room_id: room.id }.into(), now).map(drop)
    };
    match room.kind {
        RoomKind::Public => record(None)?,
        RoomKind::Private | RoomKind::Direct => members.into_iter().chain(leaver).map(Some).try_for_each(record)?,
    }
    Ok(())
}

/// Ends a private room whose last member, the `leaver`, is gone. Returns whether it was the last one.
pub(super) fn end_deserted_room(tx: &mut dyn Tx, room: &RoomInfo, leaver: UserId, now: Timestamp) -> Result<bool> {
    if room.kind == RoomKind::Public || tx.count_members(room.id)? > 0 {
        return Ok(false);
    }
    end_room(tx, room, Some(leaver), now)?;
    Ok(true)
}

/// Refuses a further room where there are as many as there may be.
fn check_bounds(store: &dyn Snapshot, creator: UserId, bounds: Bounds) -> Result<()> {
    let Bounds { per_user, in_all, .. } = bounds;
    let refuse = |detail: String| Err(Error::Conflict(detail.into()));
    if store.count_rooms_by(creator)? >= per_user.into() {
        return refuse(format!(
            "you have created {per_user} rooms, which is the limit; delete one of them, or ask the server's admin to \
             raise --max-rooms-per-user"
        ));
    }
    if store.count_rooms()? >= in_all.into() {
        return refuse(format!(
            "the server has {in_all} rooms, which is its limit; delete one of yours, or ask the server's admin to raise \
             --max-rooms"
        ));
    }
    Ok(())
}
