//! Who may do what in a room: one table of rights (permissions).
//!
//! [`authorize`] reads the room and the caller's membership in the transaction that uses the right, so nothing changes
//! between check and use. The rest is pure: [`Action::right`] is the table, [`may`] applies it.

use quchat_shared::{
    RoomId, RoomInfo, UserId,
    room::{Membership, Role, RoomKind},
};

use super::{Error, Principal, Result, audience::may_know, users};
use crate::store::Snapshot;

/// Something that a user does in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// See the room itself: its name, its topic, its state.
    See,
    /// Read its messages, and who is in it.
    Read,
    /// Open a stream that is restricted to the room.
    Follow,
    Join,
    Leave,
    Post,
    /// Edit a message of one's own.
    Edit,
    React,
    Type,
    MarkRead,
    SetNotify,
    /// Delete a message of one's own.
    DeleteOwnMessage,
    /// Delete a message of another user.
    DeleteMessage,
    /// Rename the room, set its topic, archive it.
    UpdateRoom,
    DeleteRoom,
    AddMember,
    /// Remove a member of a lower role.
    RemoveMember,
    SetRole,
    ListBans,
    /// Ban a user of a lower role, or lift a ban.
    Ban,
    /// Create an invite to the server that leads into the room, where owners may do so.
    Invite,
}

/// The right that an action requires, besides that the user can see the room.
struct Right {
    who: Who,
    in_archived_room: Allowed,
    in_direct_room: Allowed,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    /// Whoever can see the room, even if they are banned from it.
    Anyone,
    /// Whoever can see the room and is not banned from it.
    NotBanned,
    /// Members, and not even an admin who is not one.
    Members,
    /// Those whose rank is this one or above.
    AtLeast(Rank),
}

#[derive(PartialEq, Eq)]
enum Allowed {
    Yes,
    No,
}

/// What a user is in a room; each may do what the ones before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    Outsider,
    Member,
    Moderator,
    Owner,
    /// An admin of the server, in any public room.
    Admin,
    /// The operator of the server, in any room.
    Operator,
}

impl From<Role> for Rank {
    fn from(role: Role) -> Self {
        match role {
            Role::Member => Self::Member,
            Role::Moderator => Self::Moderator,
            Role::Owner => Self::Owner,
        }
    }
}

impl Action {
    /// The table of rights.
    fn right(self) -> Right {
        use Allowed::{No, Yes};
        use Who::{Anyone, AtLeast, Members, NotBanned};
        let right = |who, in_archived_room, in_direct_room| Right { who, in_archived_room, in_direct_room };
        match self {
            //                                              who                       archived  direct
            Self::See => right(Anyone, Yes, Yes),
            Self::Read => right(NotBanned, Yes, Yes),
            Self::Follow => right(Members, Yes, Yes),
            Self::Join => right(NotBanned, Yes, Yes),
            Self::Leave => right(Anyone, Yes, No),
            Self::Post => right(NotBanned, No, Yes),
            Self::Edit => right(Members, No, Yes),
            Self::React => right(Members, No, Yes),
            Self::Type => right(Members, No, Yes),
            Self::MarkRead => right(Members, Yes, Yes),
            Self::SetNotify => right(Members, Yes, Yes),
            Self::DeleteOwnMessage => right(NotBanned, Yes, Yes),
            Self::DeleteMessage => right(AtLeast(Rank::Moderator), Yes, Yes),
            Self::UpdateRoom => right(AtLeast(Rank::Moderator), Yes, No),
            Self::DeleteRoom => right(AtLeast(Rank::Owner), Yes, No),
            Self::AddMember => right(AtLeast(Rank::Member), Yes, No),
            Self::RemoveMember => right(AtLeast(Rank::Moderator), Yes, No),
            Self::SetRole => right(AtLeast(Rank::Owner), Yes, No),
            Self::ListBans => right(AtLeast(Rank::Moderator), Yes, No),
            Self::Ban => right(AtLeast(Rank::Moderator), Yes, No),
            Self::Invite => right(AtLeast(Rank::Owner), Yes, No),
        }
    }
}

/// A user, or the operator of the server, in relation to one room.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Actor {
    /// `None` if the user is not a member.
    pub(crate) membership: Option<Membership>,
    pub(crate) is_banned: bool,
    /// Whether they are an admin of the server. Read only for actions that take a rank.
    pub(crate) is_admin: bool,
    pub(crate) is_operator: bool,
}

impl Actor {
    const OPERATOR: Self = Self { membership: None, is_banned: false, is_admin: false, is_operator: true };

    /// # Errors
    /// The user is not a member.
    pub(crate) fn member(self) -> Result<Membership> {
        self.membership.ok_or(Error::Forbidden("you are not a member of this room; join it first"))
    }

    /// Their rank in the room.
    pub(crate) fn rank(self, room: &RoomInfo) -> Rank {
        match self.membership {
            _ if self.is_operator => Rank::Operator,
            _ if self.is_admin && room.kind == RoomKind::Public => Rank::Admin,
            Some(member) => member.role.into(),
            None => Rank::Outsider,
        }
    }
}

/// Reads a room and the caller as an [`Actor`] in it, if they may do this there.
///
/// # Errors
/// As [`may`].
pub(crate) fn authorize(
    store: &dyn Snapshot,
    caller: impl Into<Principal>,
    action: Action,
    room: RoomId,
) -> Result<(RoomInfo, Actor)> {
    match caller.into() {
        Principal::User(caller) => authorize_user(store, caller.user, action, room),
        Principal::Operator => {
            let info = store.room(room)?.ok_or(NO_ROOM)?;
            may(Actor::OPERATOR, action, &info)?;
            Ok((info, Actor::OPERATOR))
        }
    }
}

/// As [`authorize`], for a user who need not be signed in.
///
/// # Errors
/// As [`may`].
pub(crate) fn authorize_user(
    store: &dyn Snapshot,
    user: UserId,
    action: Action,
    room: RoomId,
) -> Result<(RoomInfo, Actor)> {
    // Always reads both, so that a hidden room takes as long as one that does not exist.
    let (info, membership) = (store.room(room)?, store.membership(room, user)?);
    let info = info.ok_or(NO_ROOM)?;
    let who = action.right().who;
    // A banned user is no member, and most actions do not depend on who is an admin: two look-ups less for a message.
    let is_banned = who != Who::Anyone && membership.is_none() && store.is_banned(room, user)?;
    let is_admin = matches!(who, Who::AtLeast(_)) && users::is_admin(store, user)?;
    let actor = Actor { membership, is_banned, is_admin, is_operator: false };
    may(actor, action, &info)?;
    Ok((info, actor))
}

/// Checks that an actor may do this in a room.
///
/// # Errors
/// [`Error::NotFound`] if they may not know of the room, [`Error::Conflict`] if nobody can do it in a direct room, else
/// [`Error::Forbidden`].
pub(crate) fn may(actor: Actor, action: Action, room: &RoomInfo) -> Result<()> {
    if !actor.is_operator && !may_know(room.kind, actor.membership.is_some()) {
        return Err(NO_ROOM);
    }
    let Right { who, in_archived_room, in_direct_room } = action.right();
    if room.kind == RoomKind::Direct && in_direct_room == Allowed::No {
        return Err(Error::Conflict("a direct room belongs to its two users and stays as it is".into()));
    }
    if actor.is_banned && who != Who::Anyone {
        return Err(Error::Forbidden("you are banned from this room"));
    }
    match who {
        Who::Anyone | Who::NotBanned => {}
        Who::Members => drop(actor.member()?),
        Who::AtLeast(rank) if actor.rank(room) >= rank => {}
        Who::AtLeast(Rank::Outsider | Rank::Member) => drop(actor.member()?),
        Who::AtLeast(Rank::Moderator) => {
            return Err(Error::Forbidden("only moderators and owners of this room may do this"));
        }
        Who::AtLeast(Rank::Owner) => return Err(Error::Forbidden("only owners of this room may do this")),
        Who::AtLeast(Rank::Admin | Rank::Operator) => {
            return Err(Error::Forbidden("only admins of this server may do this"));
        }
    }
    if room.archived && in_archived_room == Allowed::No {
        return Err(Error::Forbidden("this room is archived"));
    }
    Ok(())
}

/// Refuses an actor whose rank in the room is not above that of another user.
///
/// # Errors
/// [`Error::Forbidden`].
pub(crate) fn require_above(store: &dyn Snapshot, actor: Actor, room: &RoomInfo, other: UserId) -> Result<()> {
    let membership = store.membership(room.id, other)?;
    let is_admin = users::is_admin(store, other)?;
    let other = Actor { membership, is_banned: false, is_admin, is_operator: false };
    if actor.rank(room) > other.rank(room) {
        Ok(())
    } else {
        Err(Error::Forbidden("this takes a role above theirs in this room"))
    }
}

/// Whether a user can read a room.
pub(crate) fn can_read(store: &dyn Snapshot, user: UserId, room: &RoomInfo) -> Result<bool> {
    let membership = store.membership(room.id, user)?;
    let is_banned = membership.is_none() && room.kind == RoomKind::Public && store.is_banned(room.id, user)?;
    let actor = Actor { membership, is_banned, is_admin: false, is_operator: false };
    Ok(may(actor, Action::Read, room).is_ok())
}

const NO_ROOM: Error = Error::NotFound("room");

#[cfg(test)]
mod tests {
    use quchat_shared::{Seq, Timestamp, room::Notify};

    use super::*;

    const ACTIONS: [Action; 21] = [
        Action::See,
        Action::Read,
        Action::Follow,
        Action::Join,
        Action::Leave,
        Action::Post,
        Action::Edit,
        Action::React,
        Action::Type,
        Action::MarkRead,
        Action::SetNotify,
        Action::DeleteOwnMessage,
        Action::DeleteMessage,
        Action::UpdateRoom,
        Action::DeleteRoom,
        Action::AddMember,
        Action::RemoveMember,
        Action::SetRole,
        Action::ListBans,
        Action::Ban,
        Action::Invite,
    ];

    fn room(kind: RoomKind, archived: bool) -> RoomInfo {
        RoomInfo {
            id: RoomId(1),
            rev: 1,
            name: "lobby".into(),
            topic: String::new(),
            kind,
            created_by: UserId(1),
            created_at: Timestamp::from_millis(0),
            last_seq: Seq(0),
            archived,
        }
    }

    const OUTSIDER: Actor = Actor { membership: None, is_banned: false, is_admin: false, is_operator: false };
    const BANNED: Actor = Actor { is_banned: true, ..OUTSIDER };
    const ADMIN: Actor = Actor { is_admin: true, ..OUTSIDER };

    fn member(role: Role) -> Actor {
        let membership = Membership { role, last_read_seq: Seq(0), notify: Notify::default() };
        Actor { membership: Some(membership), ..OUTSIDER }
    }

    /// The actions that end in this: `+` allowed, `-` forbidden, `!` never in a direct room, `?` no such room. In the
    /// order of [`ACTIONS`].
    fn outcomes(actor: Actor, room: &RoomInfo) -> String {
        let outcome = |action| match may(actor, action, room) {
            Ok(()) => '+',
            Err(Error::Forbidden(_)) => '-',
            Err(Error::Conflict(_)) => '!',
            Err(Error::NotFound("room")) => '?',
            Err(error) => panic!("{action:?}: {error}"),
        };
        ACTIONS.map(outcome).iter().collect()
    }

    #[test]
    fn each_right_depends_on_the_actor_and_the_room() {
        let (public, archived) = (room(RoomKind::Public, false), room(RoomKind::Public, true));
        assert_eq!(outcomes(OUTSIDER, &public), "++-+++-----+---------");
        assert_eq!(outcomes(OUTSIDER, &archived), "++-++------+---------");
        assert_eq!(outcomes(BANNED, &public), "+---+----------------");
        assert_eq!(outcomes(ADMIN, &public), "++-+++-----++++++++++");
        for kind in [RoomKind::Public, RoomKind::Private] {
            assert_eq!(outcomes(member(Role::Member), &room(kind, false)), "++++++++++++---+-----");
            assert_eq!(outcomes(member(Role::Moderator), &room(kind, false)), "++++++++++++++-++-++-");
            assert_eq!(outcomes(member(Role::Owner), &room(kind, false)), "+++++++++++++++++++++");
            assert_eq!(outcomes(member(Role::Owner), &room(kind, true)), "+++++----++++++++++++");
        }
    }

    #[test]
    fn a_room_that_is_not_public_exists_for_its_members_alone() {
        for kind in [RoomKind::Private, RoomKind::Direct] {
            for archived in [false, true] {
                for actor in [OUTSIDER, ADMIN] {
                    assert_eq!(outcomes(actor, &room(kind, archived)), "?".repeat(ACTIONS.len()), "{kind:?}");
                }
            }
        }
        let admin = Actor { is_admin: true, ..member(Role::Member) };
        let den = room(RoomKind::Private, false);
        assert_eq!(outcomes(admin, &den), outcomes(member(Role::Member), &den), "an admin is a member like others");
    }

    #[test]
    fn the_operator_governs_every_room_as_an_admin_does_a_public_one() {
        for archived in [false, true] {
            let expected = outcomes(ADMIN, &room(RoomKind::Public, archived));
            for kind in [RoomKind::Public, RoomKind::Private] {
                assert_eq!(outcomes(Actor::OPERATOR, &room(kind, archived)), expected);
            }
        }
    }

    #[test]
    fn a_direct_room_stays_as_it_is() {
        assert_eq!(outcomes(Actor::OPERATOR, &room(RoomKind::Direct, false)), "++-+!+-----++!!!!!!!!");
        assert_eq!(outcomes(member(Role::Member), &room(RoomKind::Direct, false)), "++++!+++++++-!!!!!!!!");
    }
}
