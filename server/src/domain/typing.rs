//! Typing: who may tell a room that they are.

use quchat_shared::RoomId;

use super::{
    Caller, Result,
    policy::{self, Action},
};
use crate::store::Snapshot;

/// Refuses a caller who could not post what they type. The notice itself is not stored.
pub(crate) fn notify_typing(store: &dyn Snapshot, caller: Caller, room: RoomId) -> Result<()> {
    policy::authorize(store, caller, Action::Type, room).map(drop)
}
