//! Who may do what in a room: one table of rights.
//!
//! [`authorize`] reads the room and the caller's place in it inside the transaction that uses the right, so nothing
//! changes between check and act. The rest is pure: [`Action::right`] is the table, [`may`] applies it.

use quchat_shared::{RoomId, RoomInfo, UserId, room::Membership};

use super::{Caller, Error, Result, audience::may_know};
use crate::store::Snapshot;

/// Something that users do in rooms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// See the room and its history.
    Read,
    /// Follow the room alone, on a stream that is narrowed to it.
    Follow,
    Join,
    Leave,
    Post,
    MarkRead,
}

/// What an action takes, besides that the room is visible.
struct Right {
    who: Who,
    in_archived_room: Archived,
}

#[derive(PartialEq, Eq)]
enum Who {
    /// Whoever can see the room.
    Anyone,
    Members,
}

#[derive(PartialEq, Eq)]
enum Archived {
    Allowed,
    Refused,
}

impl Action {
    /// The table of rights.
    fn right(self) -> Right {
        match self {
            Self::Read => Right { who: Who::Anyone, in_archived_room: Archived::Allowed },
            Self::Follow => Right { who: Who::Members, in_archived_room: Archived::Allowed },
            Self::Join => Right { who: Who::Anyone, in_archived_room: Archived::Allowed },
            Self::Leave => Right { who: Who::Anyone, in_archived_room: Archived::Allowed },
            Self::Post => Right { who: Who::Anyone, in_archived_room: Archived::Refused },
            Self::MarkRead => Right { who: Who::Members, in_archived_room: Archived::Allowed },
        }
    }
}

/// A user as one room knows them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Actor {
    /// `None` outside the room.
    pub(crate) membership: Option<Membership>,
}

impl Actor {
    /// # Errors
    /// The user is outside the room.
    pub(crate) fn member(self) -> Result<Membership> {
        self.membership.ok_or(Error::Forbidden("you are not a member of this room; join it first"))
    }
}

/// Reads a room, and the caller as its [`Actor`], if they may do this there.
///
/// # Errors
/// As [`may`].
pub(crate) fn authorize(
    store: &dyn Snapshot,
    caller: Caller,
    action: Action,
    room: RoomId,
) -> Result<(RoomInfo, Actor)> {
    // Both are read in any case: a hidden room takes as long as one that does not exist.
    let (info, membership) = (store.room(room)?, store.membership(room, caller.user)?);
    let (info, actor) = (info.ok_or(NO_ROOM)?, Actor { membership });
    may(actor, action, &info)?;
    Ok((info, actor))
}

/// Whether an actor may do this in a room.
///
/// # Errors
/// [`Error::NotFound`] if they may not know of the room, else [`Error::Forbidden`].
pub(crate) fn may(actor: Actor, action: Action, room: &RoomInfo) -> Result<()> {
    if !may_know(room.kind, actor.membership.is_some()) {
        return Err(NO_ROOM);
    }
    let Right { who, in_archived_room } = action.right();
    if who == Who::Members {
        actor.member()?;
    }
    if room.archived && in_archived_room == Archived::Refused {
        return Err(Error::Forbidden("this room is archived"));
    }
    Ok(())
}

/// Whether a user can see a room.
pub(crate) fn can_see(store: &dyn Snapshot, user: UserId, room: &RoomInfo) -> Result<bool> {
    let everyone = Actor { membership: None };
    if may(everyone, Action::Read, room).is_ok() {
        return Ok(true); // without a look-up
    }
    let actor = Actor { membership: store.membership(room.id, user)? };
    Ok(may(actor, Action::Read, room).is_ok())
}

const NO_ROOM: Error = Error::NotFound("room");

#[cfg(test)]
mod tests {
    use quchat_shared::{
        Seq, Timestamp,
        room::{Notify, Role, RoomKind},
    };

    use super::*;

    const ACTIONS: [Action; 6] =
        [Action::Read, Action::Follow, Action::Join, Action::Leave, Action::Post, Action::MarkRead];

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

    fn member(role: Role) -> Actor {
        Actor { membership: Some(Membership { role, last_read_seq: Seq(0), notify: Notify::default() }) }
    }

    /// The actions that end in this: `+` allowed, `-` forbidden, `?` no such room. In the order of [`ACTIONS`].
    fn outcomes(actor: Actor, room: &RoomInfo) -> String {
        let outcome = |action| match may(actor, action, room) {
            Ok(()) => '+',
            Err(Error::Forbidden(_)) => '-',
            Err(Error::NotFound("room")) => '?',
            Err(error) => panic!("{action:?}: {error}"),
        };
        ACTIONS.map(outcome).iter().collect()
    }

    #[test]
    fn each_right_depends_on_the_actor_and_the_room() {
        let outsider = Actor { membership: None };
        assert_eq!(outcomes(outsider, &room(RoomKind::Public, false)), "+-+++-");
        assert_eq!(outcomes(outsider, &room(RoomKind::Public, true)), "+-++--");
        for kind in [RoomKind::Private, RoomKind::Direct] {
            for archived in [false, true] {
                assert_eq!(outcomes(outsider, &room(kind, archived)), "??????", "{kind:?}");
            }
        }
        for role in [Role::Member, Role::Moderator, Role::Owner] {
            for kind in [RoomKind::Public, RoomKind::Private, RoomKind::Direct] {
                assert_eq!(outcomes(member(role), &room(kind, false)), "++++++", "{role:?}");
                assert_eq!(outcomes(member(role), &room(kind, true)), "++++-+", "{role:?}");
            }
        }
    }
}
