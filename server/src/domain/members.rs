//! Membership: who is in a room, how users come and go, and what they set for themselves.

use std::slice;

use quchat_shared::{
    Room, RoomId, Timestamp, UserId, api,
    event::SettingsUpdated,
    limits, query,
    room::{Member, Notify, RoomKind},
};

use super::{
    Caller, Error, Principal, Result, invalid,
    memberships::{Ended, admit, check_private_bound, end_membership},
    paging,
    policy::{self, Action},
    rooms,
    users::{self, reference},
};
use crate::store::{EventRef, Snapshot, Tx};

/// A page of the members of a room, by name. `online` tells who has a stream open.
pub(crate) fn list_members(
    store: &dyn Snapshot,
    caller: Principal,
    room: RoomId,
    filter: &query::ListMembers,
    online: impl Fn(UserId) -> bool,
) -> Result<api::Members> {
    let limit = invalid("limit", limits::page(filter.limit))?;
    policy::authorize(store, caller, Action::Read, room)?;
    let mut members = store.members(room, filter, limit + 1)?;
    let next = paging::cut(&mut members, limit, |member| member.user.name.clone());
    let mut users = members.iter().map(|member| member.user.clone()).collect::<Vec<_>>();
    users::mark_online(store, caller, &mut users, online)?;
    members.iter_mut().zip(users).for_each(|(member, user)| member.user = user);
    Ok(api::Members { members, next })
}

/// Makes the caller a member. Has no effect for a member.
pub(crate) fn join_room(tx: &mut dyn Tx, caller: Caller, room: RoomId, now: Timestamp) -> Result<Room> {
    let (info, actor) = policy::authorize(tx, caller, Action::Join, room)?;
    if actor.membership.is_none() {
        admit(tx, &info, caller.user, None, now)?;
    }
    rooms::get_room(tx, caller, room)
}

/// What became of adding a user.
#[derive(Debug)]
pub(crate) enum Added {
    /// They are a member from now on.
    New(Member),
    /// They were a member before.
    Known(Member),
    /// The caller named themselves, which is the same as joining.
    Caller(Box<Room>),
}

/// Makes another user a member. `private_max` is how many rooms that are not public a user may be in.
pub(crate) fn add_member(
    tx: &mut dyn Tx,
    caller: Principal,
    (room, user): (RoomId, UserId),
    private_max: u32,
    now: Timestamp,
    online: impl Fn(UserId) -> bool,
) -> Result<Added> {
    if let Principal::User(caller) = caller
        && user == caller.user
    {
        return join_room(tx, caller, room, now).map(|room| Added::Caller(Box::new(room)));
    }
    let (info, _) = policy::authorize(tx, caller, Action::AddMember, room)?;
    reference(tx, user)?; // somebody there is
    if tx.membership(room, user)?.is_some() {
        return get_member(tx, caller, room, user, online).map(Added::Known);
    }
    if tx.is_banned(room, user)? {
        return Err(Error::Forbidden("this user is banned from the room; lift the ban first"));
    }
    if info.kind != RoomKind::Public {
        check_private_bound(tx, caller, user, private_max)?;
    }
    admit(tx, &info, user, caller.user(), now)?;
    get_member(tx, caller, room, user, online).map(Added::New)
}

/// A member as the caller sees them.
pub(super) fn get_member(
    store: &dyn Snapshot,
    caller: Principal,
    room: RoomId,
    user: UserId,
    online: impl Fn(UserId) -> bool,
) -> Result<Member> {
    let mut member = store.member(room, user)?.ok_or(Error::NotFound("member"))?;
    users::mark_online(store, caller, slice::from_mut(&mut member.user), online)?;
    Ok(member)
}

/// Ends the caller's membership. If they are outside already, nothing changes. When the last member leaves a private
/// room, it is deleted. Returns whether it was.
pub(crate) fn leave_room(tx: &mut dyn Tx, caller: Caller, room: RoomId, now: Timestamp) -> Result<bool> {
    let (info, actor) = policy::authorize(tx, caller, Action::Leave, room)?;
    if actor.membership.is_none() {
        return Ok(false);
    }
    end_membership(tx, &info, caller.user, Ended { by: None, banned: false }, now)?;
    rooms::end_deserted_room(tx, &info, caller.user, now)
}

/// Ends the membership of another user. If they are outside already, nothing changes. With the caller's own id it is
/// [`leave_room`]. Returns whether the room was deleted.
pub(crate) fn remove_member(
    tx: &mut dyn Tx,
    caller: Principal,
    (room, user): (RoomId, UserId),
    now: Timestamp,
) -> Result<bool> {
    if let Principal::User(caller) = caller
        && user == caller.user
    {
        return leave_room(tx, caller, room, now);
    }
    let (info, actor) = policy::authorize(tx, caller, Action::RemoveMember, room)?;
    if tx.membership(room, user)?.is_none() {
        return Ok(false);
    }
    policy::require_above(tx, actor, &info, user)?;
    end_membership(tx, &info, user, Ended { by: caller.user(), banned: false }, now)?;
    rooms::end_deserted_room(tx, &info, user, now)
}

/// Sets what the room notifies the caller about.
pub(crate) fn set_notify(
    tx: &mut dyn Tx,
    caller: Caller,
    room: RoomId,
    notify: Notify,
    now: Timestamp,
) -> Result<Room> {
    let (info, actor) = policy::authorize(tx, caller, Action::SetNotify, room)?;
    if actor.member()?.notify != notify {
        tx.set_notify(room, caller.user, notify)?;
        let event = SettingsUpdated { room_id: room, notify };
        tx.record(&info, EventRef::SettingsUpdated { user: caller.user }, event.into(), now)?;
    }
    rooms::get_room(tx, caller, room)
}
