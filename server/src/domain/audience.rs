//! Who may see an event: the one visibility rule, for live events and for replayed ones.
//!
//! The hub finds the open streams of an [`Audience`]; a replay asks [`Viewer::sees`]. The store may pre-select rows for
//! a replay, but it leaves out only rows that this rule refuses.

use std::{collections::HashMap, convert::Infallible};

use quchat_shared::{
    RoomId, UserId,
    event::{Presence, Typing},
    room::RoomKind,
};

use super::Error;
use crate::store::{Ephemeral, EventRef, LoggedEvent, Snapshot};

/// The users who may see an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    /// Everyone. The event is about a public room itself.
    Everyone(RoomId),
    /// The members of the room.
    Members(RoomId),
    /// The members of the room besides this user.
    OtherMembers(RoomId, UserId),
    /// The members of the room, of whom this user is one from here on. Later the user sees it for as long as they may
    /// know of the room.
    MembersIncluding(RoomId, UserId),
    /// The members of the room, and this user, who leaves it with the event. In a replay, the user always sees it.
    MembersAndLeaver(RoomId, UserId),
    /// Everyone: the room is gone, and nobody is a member of it from here on.
    EveryoneAtEnd(RoomId),
    /// This user alone: the room is gone, and they are no member of it from here on.
    MemberAtEnd(RoomId, UserId),
    /// This user alone.
    User(RoomId, UserId),
    /// Everyone, but only on streams that are not restricted to some rooms. The event is about no particular room.
    Unfiltered,
}

/// The relation of a user to the room of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Was already a member before the event.
    Member,
    /// May know of the room: it is public, or the user became a member after the event.
    Visitor,
    /// May not know of the room.
    Stranger,
}

#[deny(clippy::wildcard_enum_match_arm, reason = "each kind of event is decided on its own")]
impl Audience {
    /// The audience of a logged event in a room of this kind.
    pub(crate) fn of(event: &LoggedEvent, kind: RoomKind) -> Self {
        let Ok(audience) = Self::of_room(event, || Ok::<_, Infallible>(kind));
        audience
    }

    /// Decides the audience of every kind of event. `kind` looks up the kind of the room; it is called only for events
    /// whose audience depends on it.
    fn of_room<E>(event: &LoggedEvent, kind: impl FnOnce() -> Result<RoomKind, E>) -> Result<Self, E> {
        let room = event.room;
        Ok(match event.what {
            EventRef::RoomCreated { by } => match kind()? {
                RoomKind::Public => Self::Everyone(room),
                RoomKind::Private | RoomKind::Direct => Self::MembersIncluding(room, by),
            },
            EventRef::RoomUpdated => match kind()? {
                RoomKind::Public => Self::Everyone(room),
                RoomKind::Private | RoomKind::Direct => Self::Members(room),
            },
            EventRef::RoomDeleted { member: None } => Self::EveryoneAtEnd(room),
            EventRef::RoomDeleted { member: Some(member) } => Self::MemberAtEnd(room, member),
            EventRef::MemberJoined { user, .. } | EventRef::MemberUpdated { user, .. } => {
                Self::MembersIncluding(room, user)
            }
            EventRef::MemberLeft { user, .. } => Self::MembersAndLeaver(room, user),
            EventRef::MessageCreated { .. } | EventRef::MessageUpdated { .. } => Self::Members(room),
            EventRef::ReadUpdated { user, .. } | EventRef::SettingsUpdated { user } | EventRef::BanUpdated { user } => {
                Self::User(room, user)
            }
        })
    }

    /// The audience of an ephemeral event.
    pub(crate) fn of_ephemeral(happened: Ephemeral) -> Self {
        match happened {
            Ephemeral::Activity(_) => Self::Unfiltered,
        }
    }

    /// The audience of a change of presence in a room. Nobody is told of themselves alone.
    pub(crate) fn of_presence(event: &Presence) -> Self {
        match (&*event.online, &*event.offline) {
            ([only], []) | ([], [only]) => Self::OtherMembers(event.room_id, *only),
            _ => Self::Members(event.room_id),
        }
    }

    /// The audience of a user's typing.
    pub(crate) const fn of_typing(event: &Typing) -> Self {
        Self::OtherMembers(event.room_id, event.user_id)
    }

    /// The room that the event is about.
    pub(crate) const fn room(self) -> Option<RoomId> {
        match self {
            Self::Everyone(room)
            | Self::Members(room)
            | Self::OtherMembers(room, _)
            | Self::MembersIncluding(room, _)
            | Self::MembersAndLeaver(room, _)
            | Self::EveryoneAtEnd(room)
            | Self::MemberAtEnd(room, _)
            | Self::User(room, _) => Some(room),
            Self::Unfiltered => None,
        }
    }

    /// Whether the audience includes a user with this standing.
    pub(crate) fn includes(self, user: UserId, standing: Standing) -> bool {
        match self {
            Self::Everyone(_) | Self::EveryoneAtEnd(_) | Self::Unfiltered => true,
            Self::Members(_) => standing == Standing::Member,
            Self::OtherMembers(_, left_out) => standing == Standing::Member && left_out != user,
            Self::MembersIncluding(_, named) => match standing {
                Standing::Member => true,
                Standing::Visitor => named == user,
                Standing::Stranger => false,
            },
            Self::MembersAndLeaver(_, leaver) => standing == Standing::Member || leaver == user,
            Self::User(_, owner) | Self::MemberAtEnd(_, owner) => owner == user,
        }
    }
}

/// Whether a user may know that a room exists.
pub(crate) fn may_know(kind: RoomKind, is_member: bool) -> bool {
    is_member || kind == RoomKind::Public
}

/// A user who reads the log, with the rooms that they are in now.
pub(crate) struct Viewer {
    user: UserId,
    /// For each room, the id of the event with which the user last joined.
    joined: HashMap<RoomId, u64>,
}

impl Viewer {
    pub(crate) fn new(store: &dyn Snapshot, user: UserId) -> Result<Self, Error> {
        Ok(Self { user, joined: store.joined_rooms(user)? })
    }

    /// Whether the user may see the event with their current rights. `kind` looks up the kind of its room.
    pub(crate) fn sees(
        &self,
        event: &LoggedEvent,
        mut kind: impl FnMut() -> Result<RoomKind, Error>,
    ) -> Result<bool, Error> {
        let audience = Audience::of_room(event, &mut kind)?;
        let standing = match self.joined.get(&event.room) {
            Some(&joined) if joined <= event.id => Standing::Member,
            Some(_) => Standing::Visitor,
            None if may_know(kind()?, false) => Standing::Visitor,
            None => Standing::Stranger,
        };
        Ok(audience.includes(self.user, standing))
    }

    /// The rooms that the user is in.
    pub(crate) fn into_rooms(self) -> impl Iterator<Item = RoomId> {
        self.joined.into_keys()
    }
}
