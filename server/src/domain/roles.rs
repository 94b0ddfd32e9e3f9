//! The roles of members: who owns a room and who moderates it.

use quchat_shared::{
    RoomId, Timestamp, UserId,
    event::MemberUpdated,
    room::{Member, Role},
};

use super::{
    Error, Principal, Result,
    members::get_member,
    policy::{self, Action},
    users::reference,
};
use crate::store::{EventRef, Tx};

/// Sets the role of a member, who may be the caller. The last owner stays owner. `online` tells who has a stream open.
pub(crate) fn set_role(
    tx: &mut dyn Tx,
    caller: Principal,
    (room, user): (RoomId, UserId),
    role: Role,
    now: Timestamp,
    online: impl Fn(UserId) -> bool,
) -> Result<Member> {
    let (info, _) = policy::authorize(tx, caller, Action::SetRole, room)?;
    let current = tx.membership(room, user)?.ok_or(Error::NotFound("member"))?.role;
    if current != role {
        if current == Role::Owner && !tx.has_owner_besides(room, user)? {
            return Err(Error::Conflict("the last owner stays owner; make somebody else an owner first".into()));
        }
        tx.set_role(room, user, role)?;
        let by = caller.user().filter(|by| *by != user);
        let by_whom = by.map(|by| reference(tx, by)).transpose()?;
        let event = MemberUpdated { room: info.clone(), user: reference(tx, user)?, role, by: by_whom };
        tx.record(&info, EventRef::MemberUpdated { user, by }, event.into(), now)?;
    }
    get_member(tx, caller, room, user, online)
}
