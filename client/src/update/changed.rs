//! Messages that changed: edited, deleted or reacted to. The copy with the highest revision is shown everywhere.

use std::sync::Arc;

use quchat_shared::{Message, RoomId};

use super::{Effect, find, membership, pages};
use crate::model::{Model, SendState};

/// Handles `message.updated`.
pub(super) fn message_updated(model: &mut Model, id: RoomId, message: Message, effects: &mut Vec<Effect>) {
    count_mention(model, id, &message, effects);
    renew(model, id, message);
}

/// Keeps the number of unread mentions right: an edit may add one or remove it. If the earlier text is not loaded, only
/// the server knows.
fn count_mention(model: &mut Model, id: RoomId, message: &Message, effects: &mut Vec<Effect>) {
    let Some((me, room)) = model.me().zip(model.rooms.get_mut(&id)) else { return };
    let unread = room.member.is_some_and(|member| message.seq > member.last_read_seq);
    if !unread || message.sender.id == me {
        return;
    }
    let held = room.timeline.index(message.seq).and_then(|at| room.timeline.messages.get(at));
    match held {
        Some(held) if held.rev < message.rev => {
            let (before, now) = (held.mentions.contains(&me), message.mentions.contains(&me));
            let count = room.mentions.saturating_add(u64::from(now && !before));
            room.mentions = count.saturating_sub(u64::from(before && !now)).min(room.unread());
        }
        Some(_) => {}
        None => membership::ask_for_marker(model, id, effects),
    }
}

/// Takes a copy of a message, if it is newer than the one that is shown.
pub(super) fn renew(model: &mut Model, id: RoomId, message: Message) {
    let Some(room) = model.rooms.get_mut(&id) else { return };
    let seq = message.seq;
    room.quoted.update(&message);
    let message = Arc::new(message);
    for pending in &mut room.outbox {
        if let SendState::Sent(sent) = &mut pending.state
            && sent.seq == seq
            && sent.rev < message.rev
        {
            *sent = Arc::clone(&message);
        }
    }
    if room.timeline.index(seq).is_some() {
        pages::renew(model, id, &message);
        find::look_again(model, id, seq);
    }
}
