//! Whom a message mentions: those of the users its text names who can see the room.

use quchat_shared::{RoomInfo, UserId, text::mentions};

use super::{Result, policy};
use crate::store::Snapshot;

/// The users that `text` names and who can see the room, by id.
pub(super) fn mentioned(store: &dyn Snapshot, room: &RoomInfo, text: &str) -> Result<Vec<UserId>> {
    let named = mentions::mentioned(text, |name| store.user_named(name).map(|user| user.map(|user| user.id)))?;
    let mut users = Vec::with_capacity(named.len());
    for user in named {
        if policy::can_read(store, user, room)? {
            users.push(user);
        }
    }
    Ok(users)
}
