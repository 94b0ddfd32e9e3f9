//! The events of the model, who sees them, and what a replay makes of them.

use quchat_shared::{
    Event, Message, RoomId, UserId, UserRef,
    room::{Notify, Role},
};

use super::{PUBLIC, ROOMS, USERS, room::RoomModel};
use crate::harness::Client;

/// An event in a room of the case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    Joined {
        room: usize,
        who: usize,
        role: Role,
        by: Option<usize>,
    },
    Updated {
        room: usize,
        who: usize,
        role: Role,
        by: Option<usize>,
    },
    Left {
        room: usize,
        who: usize,
        by: Option<usize>,
        banned: bool,
    },
    /// A direct room, by this user.
    Created {
        room: usize,
        who: usize,
    },
    Changed {
        room: usize,
        rev: u64,
    },
    /// `who` was a member of the room, if it was not public.
    Deleted {
        room: usize,
        who: Option<usize>,
    },
    Message {
        room: usize,
        seq: u64,
    },
    MessageChanged {
        room: usize,
        seq: u64,
        rev: u64,
    },
    Read {
        room: usize,
        who: usize,
        seq: u64,
    },
    Notify {
        room: usize,
        who: usize,
        notify: Notify,
    },
    Ban {
        room: usize,
        who: usize,
        banned: bool,
    },
}

/// Who sees an event.
enum Audience {
    Everyone,
    /// Everyone if the room is public, else the members.
    Witnesses,
    Members,
    /// The members, and this user while they may know of the room.
    MembersAnd(usize),
    /// The members, and this user in any case.
    MembersAndAlways(usize),
    Only(usize),
}

impl Entry {
    pub(super) fn room(&self) -> usize {
        match *self {
            Self::Joined { room, .. }
            | Self::Updated { room, .. }
            | Self::Left { room, .. }
            | Self::Created { room, .. }
            | Self::Changed { room, .. }
            | Self::Deleted { room, .. }
            | Self::Message { room, .. }
            | Self::MessageChanged { room, .. }
            | Self::Read { room, .. }
            | Self::Notify { room, .. }
            | Self::Ban { room, .. } => room,
        }
    }

    fn audience(&self) -> Audience {
        match *self {
            Self::Joined { who, .. } | Self::Updated { who, .. } | Self::Created { who, .. } => {
                Audience::MembersAnd(who)
            }
            Self::Left { who, .. } => Audience::MembersAndAlways(who),
            Self::Message { .. } | Self::MessageChanged { .. } => Audience::Members,
            Self::Changed { .. } => Audience::Witnesses,
            Self::Deleted { who: None, .. } => Audience::Everyone,
            Self::Deleted { who: Some(who), .. }
            | Self::Read { who, .. }
            | Self::Notify { who, .. }
            | Self::Ban { who, .. } => Audience::Only(who),
        }
    }

    /// Whether the user gets it at once. `room` is as it leaves it behind.
    pub(super) fn is_for(&self, user: usize, room: &RoomModel) -> bool {
        match self.audience() {
            Audience::Everyone => true,
            Audience::Witnesses => room.is_visible_to(user),
            Audience::Members => room.has(user),
            Audience::MembersAnd(who) | Audience::MembersAndAlways(who) => room.has(user) || who == user,
            Audience::Only(who) => who == user,
        }
    }

    /// What a replay shows of it, as things are now. `is_since_joining` is whether it came with or after the latest
    /// joining of the user, and `later` is what came after it.
    pub(super) fn replayed(
        &self,
        user: usize,
        room: &RoomModel,
        is_since_joining: bool,
        later: &[Self],
    ) -> Option<Self> {
        let as_member = room.has(user) && is_since_joining;
        let is_shown = match self.audience() {
            Audience::Everyone => true,
            Audience::Witnesses => as_member || (room.is_public() && !room.is_absent),
            Audience::Members => as_member,
            Audience::MembersAnd(who) => as_member || (who == user && room.is_visible_to(user)),
            Audience::MembersAndAlways(who) => as_member || who == user,
            Audience::Only(who) => who == user,
        };
        match self.clone() {
            _ if !is_shown || later.iter().any(|later| self.gives_way_to(later)) => None,
            Self::Read { .. } | Self::Ban { .. } if room.is_absent => None,
            Self::Changed { room: number, .. } => Some(Self::Changed { room: number, rev: room.rev }),
            Self::MessageChanged { room: number, seq, .. } => {
                room.message(seq).map(|message| Self::MessageChanged { room: number, seq, rev: message.rev })
            }
            Self::Joined { room: number, who, by, .. } => {
                Some(Self::Joined { room: number, who, role: room.role(who), by })
            }
            Self::Updated { room: number, who, by, .. } => {
                Some(Self::Updated { room: number, who, role: room.role(who), by })
            }
            Self::Notify { room: number, who, .. } => {
                room.members.get(&who).map(|member| Self::Notify { room: number, who, notify: member.notify })
            }
            Self::Ban { room: number, who, .. } => {
                Some(Self::Ban { room: number, who, banned: room.banned.contains(&who) })
            }
            entry => Some(entry),
        }
    }

    /// Whether the log keeps only the later one. A stream may leave out such a change of a message, too.
    pub(super) fn gives_way_to(&self, later: &Self) -> bool {
        match (self, later) {
            (Self::MessageChanged { room, seq, .. }, Self::MessageChanged { room: r, seq: s, .. }) => {
                (room, seq) == (r, s)
            }
            (Self::Read { room, who, .. }, Self::Read { room: r, who: w, .. })
            | (Self::Notify { room, who, .. }, Self::Notify { room: r, who: w, .. })
            | (Self::Ban { room, who, .. }, Self::Ban { room: r, who: w, .. }) => (room, who) == (r, w),
            _ => false,
        }
    }
}

/// The users and rooms of a case, by their ids.
#[derive(Clone, Copy)]
pub(super) struct Numbers<'a> {
    pub(super) clients: &'a [Client; USERS],
    pub(super) rooms: [RoomId; ROOMS],
}

impl Numbers<'_> {
    pub(super) fn user(self, id: UserId) -> usize {
        self.clients.iter().position(|client| client.user().id == id).expect("there are three users")
    }

    pub(super) fn room(self, id: RoomId) -> Option<usize> {
        self.rooms.iter().position(|room| *room == id)
    }

    /// Translates an event that `reader` received. Returns `None` for other rooms.
    pub(super) fn entry(self, reader: usize, event: &Event) -> Option<Entry> {
        let by = |by: &Option<UserRef>| by.as_ref().map(|by| self.user(by.id));
        Some(match event {
            Event::MemberJoined(e) => {
                Entry::Joined { room: self.room(e.room.id)?, who: self.user(e.user.id), role: e.role, by: by(&e.by) }
            }
            Event::MemberUpdated(e) => {
                Entry::Updated { room: self.room(e.room.id)?, who: self.user(e.user.id), role: e.role, by: by(&e.by) }
            }
            Event::MemberLeft(e) => {
                Entry::Left { room: self.room(e.room_id)?, who: self.user(e.user.id), by: by(&e.by), banned: e.banned }
            }
            Event::RoomCreated(e) => Entry::Created { room: self.room(e.room.id)?, who: self.user(e.room.created_by) },
            Event::RoomUpdated(e) => Entry::Changed { room: self.room(e.room.id)?, rev: e.room.rev },
            Event::RoomDeleted(e) => {
                let room = self.room(e.room_id)?;
                Entry::Deleted { room, who: (room != PUBLIC).then_some(reader) }
            }
            Event::MessageCreated(e) => Entry::Message { room: self.room(e.room_id)?, seq: e.message.seq.0 },
            Event::MessageUpdated(e) => {
                let Message { seq, rev, .. } = e.message;
                Entry::MessageChanged { room: self.room(e.room_id)?, seq: seq.0, rev }
            }
            Event::ReadUpdated(e) => Entry::Read { room: self.room(e.room_id)?, who: reader, seq: e.last_read_seq.0 },
            Event::SettingsUpdated(e) => Entry::Notify { room: self.room(e.room_id)?, who: reader, notify: e.notify },
            Event::BanUpdated(e) => Entry::Ban { room: self.room(e.room_id)?, who: reader, banned: e.banned },
            Event::Presence(_) => return None,
            other => panic!("unexpected event: {other:?}"),
        })
    }
}
