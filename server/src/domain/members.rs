//! Membership: who is in a room.

use quchat_shared::{
    Room, RoomId, RoomInfo, Timestamp, UserId,
    event::{MemberJoined, MemberLeft, MemberUpdated},
    room::{Membership, Notify, Role, RoomKind},
};

use super::{
    Caller, Result,
    policy::{self, Action},
    rooms,
    users::reference,
};
use crate::store::{EventRef, NewMember, Tx};

/// Makes the caller a member. If they are one already, nothing changes.
pub(crate) fn join_room(tx: &mut dyn Tx, caller: Caller, room: RoomId, now: Timestamp) -> Result<Room> {
    let (info, actor) = policy::authorize(tx, caller, Action::Join, room)?;
    if actor.membership.is_none() {
        admit(tx, &info, caller.user, None, now)?;
    }
    rooms::get_room(tx, caller, room)
}

/// Ends the caller's membership. If they are outside already, nothing changes. When the last owner leaves, the moderator
/// who joined first becomes owner, else the member who did. When the last member leaves a private room, it is deleted.
/// Returns whether it was.
pub(crate) fn leave_room(tx: &mut dyn Tx, caller: Caller, room: RoomId, now: Timestamp) -> Result<bool> {
    let (info, actor) = policy::authorize(tx, caller, Action::Leave, room)?;
    if actor.membership.is_none() {
        return Ok(false);
    }
    tx.delete_member(&info, caller.user)?;
    let user = reference(tx, caller.user)?;
    let left = EventRef::MemberLeft { user: user.id, by: None, banned: false };
    tx.record(&info, left, MemberLeft { room_id: room, user, by: None, banned: false }.into(), now)?;
    if tx.has_owner(room)? {
        return Ok(false);
    }
    match tx.heir(room)? {
        Some(heir) => {
            tx.set_role(room, heir, Role::Owner)?;
            let user = reference(tx, heir)?;
            let event = MemberUpdated { room: info.clone(), user, role: Role::Owner, by: None };
            tx.record(&info, EventRef::MemberUpdated { user: heir, by: None }, event.into(), now)?;
            Ok(false)
        }
        None if info.kind == RoomKind::Private => {
            rooms::end_room(tx, &info, Some(caller.user), now)?;
            Ok(true)
        }
        None => Ok(false),
    }
}

/// Makes a user a member, with the marker at the room's end: an ordinary one, or the owner of a public room that has
/// none. `by` is who added them, if it was not they themselves.
pub(crate) fn admit(
    tx: &mut dyn Tx,
    room: &RoomInfo,
    user: UserId,
    by: Option<UserId>,
    now: Timestamp,
) -> Result<Membership> {
    let inherits = room.kind == RoomKind::Public && !tx.has_owner(room.id)?;
    let role = if inherits { Role::Owner } else { Role::Member };
    let member = Membership { role, last_read_seq: room.last_seq, notify: Notify::default() };
    let by_whom = by.map(|by| reference(tx, by)).transpose()?;
    let event = MemberJoined { room: room.clone(), user: reference(tx, user)?, role, by: by_whom };
    let joined = tx.record(room, EventRef::MemberJoined { user, by }, event.into(), now)?;
    tx.insert_member(room, &NewMember { user, role, last_read_seq: member.last_read_seq, joined, at: now })?;
    Ok(member)
}
