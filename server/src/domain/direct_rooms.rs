//! Direct rooms: a conversation of two users, or one user's place for notes.

use quchat_shared::{Room, RoomInfo, Seq, Timestamp, UserId, api::NewRoom, event::RoomCreated, room::RoomKind};

use super::{
    Caller, Error, Result,
    memberships::{admit, check_private_bound},
    rooms::{self, Bounds},
};
use crate::store::{self, EventRef, Tx};

/// A direct room as its opener has it.
#[derive(Debug)]
pub(crate) enum Opened {
    /// The caller is a member from now on.
    Now(Room),
    /// The caller was a member before.
    Before(Room),
}

/// Opens the direct room of the caller and `peer`, who may be the same user. It is made if there is none. The peer becomes
/// a member once they open it, too, or with the first message.
pub(crate) fn open_direct_room(
    tx: &mut dyn Tx,
    caller: Caller,
    peer: UserId,
    bounds: Bounds,
    now: Timestamp,
) -> Result<Opened> {
    let users = [caller.user, tx.user(peer)?.ok_or(Error::NotFound("user"))?.id];
    let known = match tx.direct_room_of(users)? {
        Some(id) => Some(tx.room(id)?.ok_or(store::Error::BrokenRow("a direct room without its room"))?),
        None => None,
    };
    if let Some(room) = &known
        && tx.membership(room.id, caller.user)?.is_some()
    {
        return rooms::get_room(tx, caller, room.id).map(Opened::Before);
    }
    check_private_bound(tx, caller, caller.user, bounds.private_per_user)?;
    let room = match known {
        Some(room) => room,
        None => create(tx, users, now)?,
    };
    admit(tx, &room, caller.user, None, now)?;
    rooms::get_room(tx, caller, room.id).map(Opened::Now)
}

/// Makes the direct room of two users; the first one is its creator. Nobody is a member yet.
fn create(tx: &mut dyn Tx, users: [UserId; 2], now: Timestamp) -> Result<RoomInfo> {
    let new = NewRoom { name: String::new(), topic: None, kind: Some(RoomKind::Direct) };
    let room = tx.insert_room(&new, users[0], now)?;
    tx.insert_direct_room(room.id, users)?;
    tx.record(&room, EventRef::RoomCreated { by: users[0] }, RoomCreated { room: room.clone() }.into(), now)?;
    Ok(room)
}

/// What a message does before it is added: its sender has written, and the first one makes the other user a member.
pub(super) fn before_message(tx: &mut dyn Tx, room: &RoomInfo, sender: UserId, now: Timestamp) -> Result<()> {
    tx.set_has_written(room.id, sender)?;
    if room.last_seq == Seq(0)
        && let Some(peer) = tx.peer(room.id, sender)?
        && tx.membership(room.id, peer)?.is_none()
    {
        admit(tx, room, peer, Some(sender), now)?;
    }
    Ok(())
}
