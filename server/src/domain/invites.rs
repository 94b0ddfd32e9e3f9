//! Invites: who may create and see them, and what one of them allows.
//!
//! The code of an invite is known here by its hash only. An invite works while its creator may create it: it stops
//! when an admin is suspended or an owner loses the room. Only the operator creates invites that make an admin.

use std::time::Duration;

use quchat_shared::{
    InviteId, RoomId, Timestamp, UserId,
    api::Registration,
    invite::{Invites, LIFETIME_DEFAULT, LIFETIME_MAX, NewInvite, USES_DEFAULT, USES_MAX},
    limits, query,
    user::ServerRole,
};

use super::{
    Error, Principal, Result, invalid, paging,
    policy::{self, Action},
    users,
};
use crate::store::{CodeHash, InviteRow, KnownInvite, Snapshot, Tx};

/// Most invites of one creator that can still be used.
const INVITES_MAX: u64 = 100;
/// How long the invite of the first admin lasts.
pub(crate) const ADMIN_INVITE_LASTS: Duration = Duration::from_secs(LIFETIME_DEFAULT);

/// Who may register, and who may invite.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Admission {
    pub(crate) registration: Registration,
    /// The owners of a room may invite people to it.
    pub(crate) room_invites: bool,
}

/// Somebody who wants to register.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Applicant {
    pub(crate) code: Option<Code>,
    /// Whether they are on the machine of the server.
    pub(crate) is_local: bool,
}

/// What somebody sent as the code of an invite.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Code {
    /// The hash of it.
    Hashed(CodeHash),
    /// It has not the form of one.
    Malformed,
}

/// What somebody who registers gets.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Admitted {
    pub(crate) role: ServerRole,
    /// The invite that they use.
    pub(crate) invite: Option<InviteId>,
    /// The room that they join.
    pub(crate) room: Option<RoomId>,
}

/// An invite to create.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) invite: NewInvite,
    /// What those who register with it become.
    pub(crate) role: ServerRole,
}

/// An invite that was created.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Created {
    pub(crate) id: InviteId,
    pub(crate) room: Option<RoomId>,
    pub(crate) uses: u32,
    pub(crate) expires_at: Timestamp,
}

/// Creates an invite with this code.
pub(crate) fn create_invite(
    tx: &mut dyn Tx,
    caller: Principal,
    wanted: &Wanted,
    code: &CodeHash,
    admission: Admission,
    now: Timestamp,
) -> Result<Created> {
    let Wanted { invite: new, role } = wanted;
    let creator = caller.user();
    match (creator, new.room) {
        (Some(user), room) => require_may_invite(tx, user, room, admission)?,
        (None, Some(room)) => drop(policy::authorize(tx, caller, Action::AddMember, room)?),
        (None, None) => {}
    }
    let within = |range: std::ops::RangeInclusive<u64>, n| match range.contains(&n) {
        true => Ok(n),
        false => Err(format!("it must be {} to {}", range.start(), range.end()).into()),
    };
    let uses = new.uses.unwrap_or(USES_DEFAULT);
    invalid("uses", within(1..=uses_max(*role).into(), uses.into()))?;
    let lifetime = new.expires_in_seconds.unwrap_or(LIFETIME_DEFAULT);
    let lifetime = Duration::from_secs(invalid("expires_in_seconds", within(1..=LIFETIME_MAX, lifetime))?);
    tx.delete_invites_ended_by(now)?;
    if tx.count_invites_by(creator)? >= INVITES_MAX {
        let detail = format!("there are {INVITES_MAX} invites of yours, which is the limit; delete one of them");
        return Err(Error::Conflict(detail.into()));
    }
    let expires_at = after(now, lifetime);
    let row = InviteRow {
        code,
        role: *role,
        room: new.room,
        created_by: creator,
        created_at: now,
        expires_at,
        uses,
        is_of_start: false,
    };
    Ok(Created { id: tx.insert_invite(&row)?, room: new.room, uses, expires_at })
}

/// Most uses of an invite. One that makes an admin works once.
fn uses_max(role: ServerRole) -> u32 {
    match role {
        ServerRole::Member => USES_MAX,
        ServerRole::Admin => 1,
    }
}

/// A page of the invites that the caller may delete, newest first. An admin sees every invite that makes no admin, but
/// not to which of the rooms that do not exist for them it leads. The operator sees all.
pub(crate) fn list_invites(
    store: &dyn Snapshot,
    caller: Principal,
    page: &query::Page,
    admission: Admission,
    now: Timestamp,
) -> Result<Invites> {
    let whose = require_may_list(store, caller, admission)?;
    let limit = invalid("limit", limits::page(page.limit))?;
    let before = page.after.as_deref().map_or(Ok(InviteId(u64::MAX)), str::parse);
    let before = invalid("after", before.map_err(|_| "use the `next` of the previous page".into()))?;
    let mut invites = match whose {
        Whose::Everyones => store.invites(before, now, limit + 1)?,
        Whose::Members => store.invites_of_members(before, now, limit + 1)?,
        Whose::ToRoomsOf(owner) => store.invites_to_rooms_of(owner, before, now, limit + 1)?,
    };
    let next = paging::cut(&mut invites, limit, |invite| invite.id.to_string());
    for invite in &mut invites {
        if let Some(room) = invite.room {
            match policy::authorize(store, caller, Action::See, room) {
                Ok(_) => {}
                Err(Error::NotFound(_)) => invite.room = None,
                Err(error) => return Err(error),
            }
        }
    }
    Ok(Invites { invites, next })
}

/// Deletes an invite.
pub(crate) fn delete_invite(tx: &mut dyn Tx, caller: Principal, id: InviteId, admission: Admission) -> Result<()> {
    const UNKNOWN: Error = Error::NotFound("invite");
    if let Whose::ToRoomsOf(_) = require_may_list(tx, caller, admission)? {
        let room = tx.invite(id)?.and_then(|invite| invite.room).ok_or(UNKNOWN)?;
        policy::authorize(tx, caller, Action::Invite, room).map_err(|error| match error {
            Error::Forbidden(_) | Error::NotFound(_) | Error::Conflict(_) => UNKNOWN,
            error => error,
        })?;
    }
    if tx.delete_invite(id)? { Ok(()) } else { Err(UNKNOWN) }
}

/// Makes the invite with this code the one with which somebody becomes the first admin; an earlier one is void. Returns
/// false, and makes none, if there is an admin.
pub(crate) fn renew_admin_invite(tx: &mut dyn Tx, code: &CodeHash, now: Timestamp) -> Result<bool> {
    tx.delete_invites_of_start()?;
    if tx.has_admin_besides(None)? {
        return Ok(false);
    }
    tx.insert_invite(&InviteRow {
        code,
        role: ServerRole::Admin,
        room: None,
        created_by: None,
        created_at: now,
        expires_at: after(now, ADMIN_INVITE_LASTS),
        uses: 1,
        is_of_start: true,
    })?;
    Ok(true)
}

/// Whether and as what somebody may register.
///
/// # Errors
/// [`Error::Invalid`] if an invite is missing or does not work, [`Error::Forbidden`] if registration is closed.
pub(crate) fn admit(
    store: &dyn Snapshot,
    applicant: Applicant,
    admission: Admission,
    now: Timestamp,
) -> Result<Admitted> {
    let is_first = applicant.is_local && !store.any_user()?;
    let role = if is_first { ServerRole::Admin } else { ServerRole::Member };
    let Some(code) = applicant.code else {
        return match admission.registration {
            _ if is_first => Ok(Admitted { role, invite: None, room: None }),
            Registration::Open => Ok(Admitted { role, invite: None, room: None }),
            Registration::Invite => refuse("this server asks for an invite; ask somebody who uses it for one"),
            Registration::Closed => Err(CLOSED),
        };
    };
    let known = match code {
        Code::Hashed(hash) => store.invite_with(&hash)?,
        Code::Malformed => None,
    };
    let works = |invite: &KnownInvite| Ok::<_, Error>(invite.expires_at > now && is_backed(store, invite, admission)?);
    match known {
        Some(invite) if works(&invite)? => {
            if admission.registration == Registration::Closed && invite.role != ServerRole::Admin && !is_first {
                return Err(CLOSED);
            }
            let role = if is_first { ServerRole::Admin } else { invite.role };
            Ok(Admitted { role, invite: Some(invite.id), room: invite.room })
        }
        _ => refuse("this invite does not work: it is mistyped, used up, expired or deleted; ask for a new one"),
    }
}

const CLOSED: Error = Error::Forbidden("registration is closed on this server; ask its operator to add you");

fn refuse<T>(detail: &'static str) -> Result<T> {
    invalid("invite", Err(detail.into()))
}

/// Whether the creator of an invite may still create it.
fn is_backed(store: &dyn Snapshot, invite: &KnownInvite, admission: Admission) -> Result<bool> {
    let Some(creator) = invite.created_by else { return Ok(true) };
    if store.user(creator)?.is_none_or(|creator| creator.suspended) {
        return Ok(false);
    }
    match require_may_invite(store, creator, invite.room, admission) {
        Ok(()) => Ok(true),
        Err(Error::Store(error)) => Err(error.into()),
        Err(_) => Ok(false),
    }
}

/// Refuses a user who may not invite people to the server or to this room.
fn require_may_invite(store: &dyn Snapshot, user: UserId, room: Option<RoomId>, admission: Admission) -> Result<()> {
    let is_admin = users::is_admin(store, user)?;
    match room {
        None if is_admin => Ok(()),
        // Whoever may add a user may also let one in who does not exist yet.
        Some(room) if is_admin => policy::authorize_user(store, user, Action::AddMember, room).map(drop),
        Some(room) if admission.room_invites => policy::authorize_user(store, user, Action::Invite, room).map(drop),
        Some(room) => policy::authorize_user(store, user, Action::See, room).and(Err(ONLY_ADMINS)),
        None if admission.room_invites => {
            Err(Error::Forbidden("only admins may invite to the server; name a room that you own"))
        }
        None => Err(ONLY_ADMINS),
    }
}

const ONLY_ADMINS: Error = Error::Forbidden("only admins of this server may invite people");

/// The invites that somebody may list and delete.
#[derive(Debug, Clone, Copy)]
enum Whose {
    Everyones,
    /// All that make no admin.
    Members,
    /// Those to rooms of this owner.
    ToRoomsOf(UserId),
}

/// Refuses users who have nothing to do with invites.
fn require_may_list(store: &dyn Snapshot, caller: Principal, admission: Admission) -> Result<Whose> {
    let Some(user) = caller.user() else { return Ok(Whose::Everyones) };
    match users::is_admin(store, user)? {
        true => Ok(Whose::Members),
        false if admission.room_invites => Ok(Whose::ToRoomsOf(user)),
        false => Err(ONLY_ADMINS),
    }
}

fn after(now: Timestamp, lifetime: Duration) -> Timestamp {
    let millis = i64::try_from(lifetime.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_millis(now.as_millis().saturating_add(millis))
}
