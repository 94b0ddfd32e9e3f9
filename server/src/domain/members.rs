//! Who is in a room.

use quchat_shared::{
    Room, RoomId, RoomInfo, Timestamp, UserId, UserRef,
    event::{MemberJoined, MemberLeft, MemberUpdated},
    room::{Membership, Notify, Role},
};

use super::{Caller, Error, Result, policy, rooms};
use crate::store::{Snapshot, Tx};

/// Makes the caller a member; one who is in already changes nothing.
pub(crate) fn join_room(tx: &mut dyn Tx, caller: Caller, room: RoomId, now: Timestamp) -> Result<Room> {
    let (info, member) = policy::visible_room(tx, caller, room)?;
    if member.is_none() {
        add_member(tx, &info, caller.user, now)?;
    }
    rooms::get_room(tx, caller, room)
}

/// Ends the caller's membership; one who is out already changes nothing. When the last owner leaves, whoever has
/// been there longest becomes owner.
pub(crate) fn leave_room(tx: &mut dyn Tx, caller: Caller, room: RoomId, now: Timestamp) -> Result<()> {
    let (info, Some(_)) = policy::visible_room(tx, caller, room)? else { return Ok(()) };
    tx.delete_member(room, caller.user)?;
    let user = reference(tx, caller.user)?;
    tx.record(MemberLeft { room_id: room, user }.into(), Some(caller.user), now)?;
    if let Some(heir) = tx.longest_member(room)?
        && !tx.has_owner(room)?
    {
        tx.set_role(room, heir, Role::Owner)?;
        let user = reference(tx, heir)?;
        tx.record(MemberUpdated { room: info, user, role: Role::Owner }.into(), Some(heir), now)?;
    }
    Ok(())
}

/// Adds an ordinary member, with everything said so far as read.
pub(crate) fn add_member(tx: &mut dyn Tx, room: &RoomInfo, user: UserId, now: Timestamp) -> Result<Membership> {
    let member = Membership { role: Role::Member, last_read_seq: room.last_seq, notify: Notify::default() };
    tx.insert_member(room.id, user, member.role, member.last_read_seq, tx.next_event())?;
    let event = MemberJoined { room: room.clone(), user: reference(tx, user)?, role: member.role };
    tx.record(event.into(), Some(user), now)?;
    Ok(member)
}

/// The user as events and messages name them.
pub(crate) fn reference(store: &dyn Snapshot, user: UserId) -> Result<UserRef> {
    let user = store.user(user)?.ok_or(Error::NotFound("user"))?;
    Ok(UserRef { id: user.id, name: user.name })
}
