//! Begins and ends memberships. A room that has members keeps an owner, unless it is a direct one.

use quchat_shared::{
    RoomInfo, Timestamp, UserId,
    event::{MemberJoined, MemberLeft, MemberUpdated},
    room::{Membership, Notify, Role, RoomKind},
};

use super::{Error, Principal, Result, users::reference};
use crate::store::{EventRef, NewMember, Snapshot, Tx};

/// Refuses a further room that is not public to a user who is in `most` of them.
pub(super) fn check_private_bound(
    store: &dyn Snapshot,
    caller: impl Into<Principal>,
    user: UserId,
    most: u32,
) -> Result<()> {
    if store.count_private_rooms_of(user)? < most.into() {
        return Ok(());
    }
    let (who_is, advice) = if caller.into().user() == Some(user) {
        ("you are".to_owned(), "leave one")
    } else {
        (format!("{} is", reference(store, user)?.name), "ask them to leave one")
    };
    Err(Error::Conflict(
        format!(
            "{who_is} in {most} private and direct rooms, which is the limit; {advice}, or ask the server's admin to raise \
             --max-private-rooms-per-user"
        )
        .into(),
    ))
}

/// Makes a user a member: an ordinary one, or the owner of a public room that has none. `by` is who added them, if it was
/// not they themselves.
pub(super) fn admit(
    tx: &mut dyn Tx,
    room: &RoomInfo,
    user: UserId,
    by: Option<UserId>,
    now: Timestamp,
) -> Result<Membership> {
    let inherits = room.kind == RoomKind::Public && !tx.has_owner(room.id)?;
    begin_membership(tx, room, user, if inherits { Role::Owner } else { Role::Member }, by, now)
}

/// Makes a user a member in this role, with the marker at the room's end.
pub(super) fn begin_membership(
    tx: &mut dyn Tx,
    room: &RoomInfo,
    user: UserId,
    role: Role,
    by: Option<UserId>,
    now: Timestamp,
) -> Result<Membership> {
    let member = Membership { role, last_read_seq: room.last_seq, notify: Notify::default() };
    let by_whom = by.map(|by| reference(tx, by)).transpose()?;
    let event = MemberJoined { room: room.clone(), user: reference(tx, user)?, role, by: by_whom };
    let joined = tx.record(room, EventRef::MemberJoined { user, by }, event.into(), now)?;
    tx.insert_member(room, &NewMember { user, role, last_read_seq: member.last_read_seq, joined, at: now })?;
    Ok(member)
}

/// How a membership ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ended {
    /// Who did it, if it was not the user themselves.
    pub(super) by: Option<UserId>,
    pub(super) banned: bool,
}

/// Ends a membership. When the last owner goes, the moderator who joined first becomes owner, else the member who did.
pub(super) fn end_membership(
    tx: &mut dyn Tx,
    room: &RoomInfo,
    user: UserId,
    ended: Ended,
    now: Timestamp,
) -> Result<()> {
    let Ended { by, banned } = ended;
    tx.delete_member(room, user)?;
    let by_whom = by.map(|by| reference(tx, by)).transpose()?;
    let event = MemberLeft { room_id: room.id, user: reference(tx, user)?, by: by_whom, banned };
    tx.record(room, EventRef::MemberLeft { user, by, banned }, event.into(), now)?;
    if tx.has_owner(room.id)? {
        return Ok(());
    }
    let Some(heir) = tx.heir(room.id)? else { return Ok(()) };
    tx.set_role(room.id, heir, Role::Owner)?;
    let event = MemberUpdated { room: room.clone(), user: reference(tx, heir)?, role: Role::Owner, by: None };
    tx.record(room, EventRef::MemberUpdated { user: heir, by: None }, event.into(), now)?;
    Ok(())
}
