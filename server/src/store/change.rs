//! Changes: as rows of the event log, and as what a transaction publishes.

use std::collections::HashMap;

use quchat_shared::{Event, Message, RoomId, Seq, SessionId, UserId, event::RoomActivity, room::RoomKind};

/// One row of the event log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LoggedEvent {
    pub(crate) id: u64,
    pub(crate) room: RoomId,
    pub(crate) what: EventRef,
}

/// One row of a log that several servers share.
#[derive(Debug, Clone, Copy)]
pub(crate) enum LoggedRow {
    /// The kind is that of its room; one that is gone is no longer public.
    Event { logged: LoggedEvent, room_kind: RoomKind },
    /// Tells other servers that a session has ended. Nobody replays it.
    SessionEnded { id: u64, user: UserId, session: SessionId },
}

/// Rows of such a log, in its order.
pub(crate) struct LogPage {
    /// The newest event.
    pub(crate) head: u64,
    pub(crate) rows: Vec<LoggedRow>,
    /// The messages that were sent or changed, as they are now.
    pub(crate) messages: Vec<Message>,
    /// For the event of a read marker, how many messages after the marker mentioned the user by then.
    pub(crate) mentions: HashMap<u64, u64>,
}

impl LoggedRow {
    pub(crate) fn id(&self) -> u64 {
        match self {
            Self::Event { logged, .. } => logged.id,
            Self::SessionEnded { id, .. } => *id,
        }
    }

    /// The event, if others than servers see it.
    pub(crate) fn event(&self) -> Option<&LoggedEvent> {
        match self {
            Self::Event { logged, .. } => Some(logged),
            Self::SessionEnded { .. } => None,
        }
    }
}

/// A durable event as stored in the log: its kind, and what it refers to besides its room. It holds references, so that
/// a replay shows the current state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EventRef {
    RoomCreated {
        by: UserId,
    },
    RoomUpdated,
    /// One for each user who was a member until then; a single one without a user if the room was public.
    RoomDeleted {
        member: Option<UserId>,
    },
    /// `by` is who did it, if it was not the user themselves.
    MemberJoined {
        user: UserId,
        by: Option<UserId>,
    },
    MemberUpdated {
        user: UserId,
        by: Option<UserId>,
    },
    MemberLeft {
        user: UserId,
        by: Option<UserId>,
        banned: bool,
    },
    MessageCreated {
        seq: Seq,
    },
    /// The text, the reactions or the deletion of a message. The log keeps the newest of each message.
    MessageUpdated {
        seq: Seq,
    },
    /// `user` has read up to `seq`.
    ReadUpdated {
        user: UserId,
        seq: Seq,
    },
    /// What the room notifies `user` about.
    SettingsUpdated {
        user: UserId,
    },
    /// Whether `user` is banned from the room.
    BanUpdated {
        user: UserId,
    },
}

/// An event that is published, but neither stored nor replayed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Ephemeral {
    /// A public room has a new message. Users who have not joined get an unread mark, too.
    Activity(RoomActivity),
}

/// What a transaction publishes to the rest of the server once it is committed.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "nearly every change is an event: boxing it would cost, not save")]
pub(crate) enum Change {
    /// A durable event in a room of this kind.
    Event {
        logged: LoggedEvent,
        room_kind: RoomKind,
        event: Event,
    },
    Ephemeral(Ephemeral),
    /// Every stream of this session ends.
    SessionEnded {
        user: UserId,
        session: SessionId,
    },
    /// What follows must not reach these users, although they might see it at that time: it shows what came after they had
    /// lost the right. Their streams end, and read it as they may see it now.
    RightsLost {
        users: Vec<UserId>,
    },
}

/// What a committed transaction publishes.
#[derive(Debug)]
pub(crate) struct Committed {
    /// The newest event before the transaction.
    pub(crate) begun: u64,
    /// The newest event since it. Not every number in between needs to have an event.
    pub(crate) head: u64,
    pub(crate) changes: Vec<Change>,
}

impl Change {
    /// Whether it is a message that can be found from now on.
    pub(crate) fn is_new_message(&self) -> bool {
        matches!(self, Self::Event { logged: LoggedEvent { what: EventRef::MessageCreated { .. }, .. }, .. })
    }
}

#[cfg(test)]
impl Change {
    /// The id, if this is an event.
    pub(crate) fn event_id(&self) -> Option<u64> {
        match self {
            Self::Event { logged, .. } => Some(logged.id),
            Self::Ephemeral(_) | Self::SessionEnded { .. } | Self::RightsLost { .. } => None,
        }
    }
}
