//! Who may see a room, and who may write there.

use quchat_shared::{RoomId, RoomInfo, room::Membership};

use super::{Caller, Error, Result, audience::may_know};
use crate::store::Snapshot;

/// The room and the caller's membership, if they may know that it exists. Otherwise it does not exist.
pub(crate) fn visible_room(
    store: &dyn Snapshot,
    caller: Caller,
    room: RoomId,
) -> Result<(RoomInfo, Option<Membership>)> {
    // Both are asked in any case: a hidden room takes as long as one that does not exist.
    let (info, member) = (store.room(room)?, store.membership(room, caller.user)?);
    let info = info.ok_or(NO_ROOM)?;
    if may_know(info.kind, member.is_some()) { Ok((info, member)) } else { Err(NO_ROOM) }
}

/// The room and the caller's membership; who is outside is told so, if they may know of the room at all.
pub(crate) fn joined_room(store: &dyn Snapshot, caller: Caller, room: RoomId) -> Result<(RoomInfo, Membership)> {
    match visible_room(store, caller, room)? {
        (info, Some(member)) => Ok((info, member)),
        (_, None) => Err(Error::Forbidden("you are not a member of this room; join it first")),
    }
}

/// Whether messages can still be added.
pub(crate) fn may_post(room: &RoomInfo) -> Result<()> {
    if room.archived { Err(Error::Forbidden("this room is archived")) } else { Ok(()) }
}

const NO_ROOM: Error = Error::NotFound("room");
