//! Which rooms show who of their members is online.
//!
//! Rooms of up to [`PRESENCE_MEMBERS_MAX`] members do. A direct room does once both of its users have written.

use quchat_shared::{RoomId, UserId, limits::PRESENCE_MEMBERS_MAX};

use super::Result;
use crate::store::Snapshot;

/// A room to look up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question {
    pub(crate) room: RoomId,
    /// The room had this many members fewer when it was last known.
    pub(crate) joined: u64,
}

/// What presence needs to know of a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RoomMembers {
    pub(crate) room: RoomId,
    /// Whether the room shows who is online.
    pub(crate) is_shown: bool,
    /// How many there are.
    pub(crate) count: u64,
    /// The first [`PRESENCE_MEMBERS_MAX`] of them by the order of joining, if the room shows who is online, or did
    /// before the last of them joined.
    pub(crate) members: Vec<UserId>,
}

/// Looks rooms up. Those that do not exist any more show nobody.
pub(crate) fn look_up(store: &dyn Snapshot, questions: &[Question]) -> Result<Vec<RoomMembers>> {
    let max = u64::from(PRESENCE_MEMBERS_MAX);
    let look_up = |&Question { room, joined }: &Question| {
        let (count, is_shown) = match store.presence_size(room)? {
            Some(count) => (count, count <= max),
            None => (0, false),
        };
        let members = if is_shown || (count > max && count - joined.min(count) <= max) {
            store.first_members(room, PRESENCE_MEMBERS_MAX)?
        } else {
            Vec::new()
        };
        Ok(RoomMembers { room, is_shown, count, members })
    };
    questions.iter().map(look_up).collect()
}
