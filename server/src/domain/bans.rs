//! Bans: users who are kept out of a room.

use quchat_shared::{
    RoomId, RoomInfo, Timestamp, UserId,
    api::{Bans, NewBan},
    event::BanUpdated,
    limits, query,
    room::RoomKind,
};

use super::{
    Error, Principal, Result, invalid,
    memberships::{Ended, end_membership},
    paging,
    policy::{self, Action},
    rooms,
    users::{self, reference},
};
use crate::store::{EventRef, Snapshot, Tx};

/// A page of the bans of a room, by the name of the user.
pub(crate) fn list_bans(store: &dyn Snapshot, caller: Principal, room: RoomId, page: &query::Page) -> Result<Bans> {
    let limit = invalid("limit", limits::page(page.limit))?;
    policy::authorize(store, caller, Action::ListBans, room)?;
    let mut bans = store.bans(room, page.after.as_deref().unwrap_or_default(), limit + 1)?;
    let next = paging::cut(&mut bans, limit, |ban| ban.user.name.clone());
    Ok(Bans { bans, next })
}

/// Keeps a user out of a room, and ends their membership. A user who is banned already stays banned as they are. Returns
/// whether the room was deleted, because they were the last member of a private one.
pub(crate) fn ban_user(
    tx: &mut dyn Tx,
    caller: Principal,
    (room, user): (RoomId, UserId),
    new: &NewBan,
    now: Timestamp,
) -> Result<bool> {
    let (info, actor) = policy::authorize(tx, caller, Action::Ban, room)?;
    let reason = invalid("reason", limits::ban_reason(new.reason.as_deref().unwrap_or_default()))?;
    reference(tx, user)?; // somebody there is
    if caller.user() == Some(user) {
        return Err(Error::Forbidden("you cannot ban yourself; leave the room instead"));
    }
    if users::is_admin(tx, user)? {
        return Err(Error::Forbidden("an admin of this server cannot be banned"));
    }
    policy::require_above(tx, actor, &info, user)?;
    if tx.is_banned(room, user)? {
        return Ok(false);
    }
    tx.insert_ban(room, user, caller.user(), (!reason.is_empty()).then_some(reason), now)?;
    let is_member = tx.membership(room, user)?.is_some();
    if is_member {
        end_membership(tx, &info, user, Ended { by: caller.user(), banned: true }, now)?;
    }
    notify_user(tx, &info, user, true, now)?;
    if is_member { rooms::end_deserted_room(tx, &info, user, now) } else { Ok(false) }
}

/// Lifts a ban. The user is not a member then. Without a ban nothing changes.
pub(crate) fn unban_user(
    tx: &mut dyn Tx,
    caller: Principal,
    (room, user): (RoomId, UserId),
    now: Timestamp,
) -> Result<()> {
    let (info, _) = policy::authorize(tx, caller, Action::Ban, room)?;
    if tx.delete_ban(room, user)? {
        notify_user(tx, &info, user, false, now)?;
    }
    Ok(())
}

/// Lets the user know, if they still see the room.
fn notify_user(tx: &mut dyn Tx, room: &RoomInfo, user: UserId, banned: bool, now: Timestamp) -> Result<()> {
    if room.kind == RoomKind::Public {
        let event = BanUpdated { room_id: room.id, banned };
        tx.record(room, EventRef::BanUpdated { user }, event.into(), now)?;
    }
    Ok(())
}
