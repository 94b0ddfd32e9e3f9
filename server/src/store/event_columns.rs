//! How the reference of an event stands in the columns of its row, and back.

use quchat_shared::{Seq, UserId};

use super::EventRef;

/// The column `kind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum EventKind {
    RoomCreated,
    RoomUpdated,
    RoomDeleted,
    MemberJoined,
    MemberUpdated,
    MemberLeft,
    MessageCreated,
    MessageUpdated,
    ReadUpdated,
    SettingsUpdated,
    BanUpdated,
}

/// The columns of an event besides its room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct EventColumns {
    pub(in crate::store) kind: EventKind,
    /// Whom it is about besides the room's members.
    pub(in crate::store) user: Option<UserId>,
    /// Which message.
    pub(in crate::store) seq: Option<Seq>,
    /// Who did it, if it was not `user`.
    pub(in crate::store) by: Option<UserId>,
    pub(in crate::store) banned: bool,
}

impl EventColumns {
    const fn new(kind: EventKind) -> Self {
        Self { kind, user: None, seq: None, by: None, banned: false }
    }

    const fn about(kind: EventKind, user: UserId) -> Self {
        Self { user: Some(user), ..Self::new(kind) }
    }

    const fn of_message(kind: EventKind, seq: Seq) -> Self {
        Self { seq: Some(seq), ..Self::new(kind) }
    }

    /// The event; `None` if a column is empty that this kind needs.
    pub(in crate::store) fn event_ref(self) -> Option<EventRef> {
        let Self { kind, user, seq, by, banned } = self;
        Some(match kind {
            EventKind::RoomCreated => EventRef::RoomCreated { by: user? },
            EventKind::RoomUpdated => EventRef::RoomUpdated,
            EventKind::RoomDeleted => EventRef::RoomDeleted { member: user },
            EventKind::MemberJoined => EventRef::MemberJoined { user: user?, by },
            EventKind::MemberUpdated => EventRef::MemberUpdated { user: user?, by },
            EventKind::MemberLeft => EventRef::MemberLeft { user: user?, by, banned },
            EventKind::MessageCreated => EventRef::MessageCreated { seq: seq? },
            EventKind::MessageUpdated => EventRef::MessageUpdated { seq: seq? },
            EventKind::ReadUpdated => EventRef::ReadUpdated { user: user?, seq: seq? },
            EventKind::SettingsUpdated => EventRef::SettingsUpdated { user: user? },
            EventKind::BanUpdated => EventRef::BanUpdated { user: user? },
        })
    }
}

impl From<EventRef> for EventColumns {
    fn from(what: EventRef) -> Self {
        match what {
            EventRef::RoomCreated { by } => Self::about(EventKind::RoomCreated, by),
            EventRef::RoomUpdated => Self::new(EventKind::RoomUpdated),
            EventRef::RoomDeleted { member } => Self { user: member, ..Self::new(EventKind::RoomDeleted) },
            EventRef::MemberJoined { user, by } => Self { by, ..Self::about(EventKind::MemberJoined, user) },
            EventRef::MemberUpdated { user, by } => Self { by, ..Self::about(EventKind::MemberUpdated, user) },
            EventRef::MemberLeft { user, by, banned } => {
                Self { by, banned, ..Self::about(EventKind::MemberLeft, user) }
            }
            EventRef::MessageCreated { seq } => Self::of_message(EventKind::MessageCreated, seq),
            EventRef::MessageUpdated { seq } => Self::of_message(EventKind::MessageUpdated, seq),
            EventRef::ReadUpdated { user, seq } => Self { seq: Some(seq), ..Self::about(EventKind::ReadUpdated, user) },
            EventRef::SettingsUpdated { user } => Self::about(EventKind::SettingsUpdated, user),
            EventRef::BanUpdated { user } => Self::about(EventKind::BanUpdated, user),
        }
    }
}
