//! Asks the server again how many unread messages of a room mention the user.
//!
//! Needed after a message changed that the client does not hold. However many change, one request is made at a time, and
//! at most one per second.

use quchat_shared::{Room as Listed, RoomId};

use super::Failure;
use crate::model::Model;

/// The pause before a request. Changes in between need no other one.
const SOON_MS: u64 = 500;
/// The shortest time between two requests.
const EVERY_MS: u64 = 1_000;

/// Asks for the count of this room, soon.
pub(super) fn ask(model: &mut Model, id: RoomId) {
    if model.internal.recounts.is_empty() {
        let soon = model.now.mono_ms.saturating_add(SOON_MS);
        model.internal.recount_not_before = model.internal.recount_not_before.max(soon);
    }
    model.internal.recounts.insert(id);
}

/// Handles the reply. After a failure the next list of rooms has the count.
pub(super) fn arrived(model: &mut Model, id: RoomId, reply: Result<Listed, Failure>) {
    model.internal.recount_not_before = model.now.mono_ms.saturating_add(EVERY_MS);
    let Some((me, room)) = model.me().zip(model.rooms.get_mut(&id)) else { return };
    let Ok(Listed { info, member: Some(member), mentions, .. }) = reply else { return };
    let early = info.last_seq > room.mentions_seq; // messages that it counts have yet to arrive on the stream
    room.take_count(mentions, member.last_read_seq, info.last_seq, me);
    if early {
        ask(model, id);
    }
}

/// When the next request is due.
pub(super) fn deadline(model: &Model) -> Option<u64> {
    let waits = !model.internal.recounts.is_empty() && model.may_count();
    waits.then_some(model.internal.recount_not_before)
}
