//! The newest events, kept for streams that come a moment after them, and who each of them reaches.

use std::collections::{BTreeSet, VecDeque};

use bytes::Bytes;
use quchat_shared::{Event, RoomId, SessionId, UserId, room::RoomKind};

use crate::domain::events::Only;

/// Most events kept.
const EVENTS_MAX: usize = 4096;
/// Most bytes kept.
const BYTES_MAX: usize = 8 * 1024 * 1024;

/// Who an event is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Everyone: it is about a public room as such.
    Public(RoomId),
    /// The members of the room.
    Members(RoomId),
    /// The members of the room, of whom this user is one from here on.
    Joined(RoomId, UserId),
    /// The members of the room, of whom this user is the last time one.
    Left(RoomId, UserId),
    /// This user alone.
    User(RoomId, UserId),
}

impl Reach {
    /// Who `event` is for; `user` is whom it concerns besides the room's members.
    pub(super) fn of(event: &Event, user: Option<UserId>) -> Option<Self> {
        Some(match event {
            Event::RoomCreated(event) if event.room.kind != RoomKind::Public => Self::User(event.room.id, user?),
            Event::RoomCreated(event) => Self::Public(event.room.id),
            Event::RoomDeleted(event) => Self::User(event.room_id, user?),
            Event::MemberJoined(event) => Self::Joined(event.room.id, event.user.id),
            Event::MemberUpdated(event) => Self::Members(event.room.id),
            Event::MemberLeft(event) => Self::Left(event.room_id, event.user.id),
            Event::MessageCreated(event) => Self::Members(event.room_id),
            Event::ReadUpdated(event) => Self::User(event.room_id, user?),
            _ => return None,
        })
    }
}

/// Whose stream it is and what it covers.
#[derive(Debug)]
pub(crate) struct Scope {
    pub(crate) user: UserId,
    pub(crate) session: SessionId,
    /// Narrowed to these rooms.
    pub(crate) only: Only,
    /// The rooms it covers in which the user is a member.
    pub(crate) rooms: BTreeSet<RoomId>,
}

impl Scope {
    pub(super) fn covers(&self, room: RoomId) -> bool {
        self.only.as_ref().is_none_or(|only| only.contains(&room))
    }

    /// Whether the stream gets an event of that reach; follows the user into rooms and out of them.
    pub(super) fn follow(&mut self, reach: Reach) -> bool {
        match reach {
            Reach::Public(room) => self.covers(room),
            Reach::Members(room) => self.rooms.contains(&room),
            Reach::Joined(room, user) => {
                if user == self.user && self.covers(room) {
                    self.rooms.insert(room);
                }
                self.rooms.contains(&room)
            }
            Reach::Left(room, user) if user == self.user => self.rooms.remove(&room),
            Reach::Left(room, _) => self.rooms.contains(&room),
            Reach::User(room, user) => user == self.user && self.covers(room),
        }
    }
}

/// The newest events, encoded, oldest first.
#[derive(Debug)]
pub(super) struct Tail {
    /// The event before the oldest one kept.
    base: u64,
    events: VecDeque<(u64, Reach, Bytes)>,
    bytes: usize,
}

impl Tail {
    pub(super) fn new(head: u64) -> Self {
        Self { base: head, events: VecDeque::new(), bytes: 0 }
    }

    pub(super) fn push(&mut self, id: u64, reach: Reach, frame: Bytes) {
        self.bytes += frame.len();
        self.events.push_back((id, reach, frame));
        while self.events.len() > EVENTS_MAX || self.bytes > BYTES_MAX {
            let Some((id, _, frame)) = self.events.pop_front() else { break };
            self.base = id;
            self.bytes -= frame.len();
        }
    }

    /// The events after `position`; `None` if that is further back than what is kept.
    pub(super) fn after(&self, position: u64) -> Option<impl Iterator<Item = (Reach, &Bytes)>> {
        let start = self.events.partition_point(|&(id, ..)| id <= position);
        (position >= self.base).then(|| self.events.range(start..).map(|(_, reach, frame)| (*reach, frame)))
    }
}
