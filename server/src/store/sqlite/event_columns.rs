//! How the reference of an event stands in the columns `kind`, `user_id` and `seq`, and back.

use quchat_shared::{RoomId, Seq, UserId};
use rusqlite::{Row, types::Type};

use super::columns::{optional_uint, text, uint};
use crate::store::{EventRef, LoggedEvent};

/// The column `kind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EventKind {
    RoomCreated,
    RoomUpdated,
    RoomDeleted,
    MemberJoined,
    MemberUpdated,
    MemberLeft,
    MessageCreated,
    ReadUpdated,
}

/// The columns of an event: whom it is about besides the room's members, and which message.
pub(super) fn columns(what: EventRef) -> (EventKind, Option<UserId>, Option<Seq>) {
    match what {
        EventRef::RoomCreated { by } => (EventKind::RoomCreated, Some(by), None),
        EventRef::RoomUpdated => (EventKind::RoomUpdated, None, None),
        EventRef::RoomDeleted { member } => (EventKind::RoomDeleted, Some(member), None),
        EventRef::MemberJoined { user } => (EventKind::MemberJoined, Some(user), None),
        EventRef::MemberUpdated { user } => (EventKind::MemberUpdated, Some(user), None),
        EventRef::MemberLeft { user } => (EventKind::MemberLeft, Some(user), None),
        EventRef::MessageCreated { seq } => (EventKind::MessageCreated, None, Some(seq)),
        EventRef::ReadUpdated { user, seq } => (EventKind::ReadUpdated, Some(user), Some(seq)),
    }
}

/// The way back; `None` if a column is empty that this kind needs.
pub(super) fn event_ref(kind: EventKind, user: Option<UserId>, seq: Option<Seq>) -> Option<EventRef> {
    Some(match kind {
        EventKind::RoomCreated => EventRef::RoomCreated { by: user? },
        EventKind::RoomUpdated => EventRef::RoomUpdated,
        EventKind::RoomDeleted => EventRef::RoomDeleted { member: user? },
        EventKind::MemberJoined => EventRef::MemberJoined { user: user? },
        EventKind::MemberUpdated => EventRef::MemberUpdated { user: user? },
        EventKind::MemberLeft => EventRef::MemberLeft { user: user? },
        EventKind::MessageCreated => EventRef::MessageCreated { seq: seq? },
        EventKind::ReadUpdated => EventRef::ReadUpdated { user: user?, seq: seq? },
    })
}

/// Reads `id`, `kind`, `room_id`, `user_id`, `seq`.
pub(super) fn logged_event(row: &Row<'_>) -> rusqlite::Result<LoggedEvent> {
    let (id, kind) = (uint(row, 0)?, text(row, 1)?);
    let (user, seq) = (optional_uint(row, 3)?.map(UserId), optional_uint(row, 4)?.map(Seq));
    let what = event_ref(kind, user, seq).ok_or_else(|| {
        let broken = format!("event {id} of kind {kind:?} lacks its user or seq");
        rusqlite::Error::FromSqlConversionFailure(3, Type::Null, broken.into())
    })?;
    Ok(LoggedEvent { id, room: RoomId(uint(row, 2)?), what })
}
