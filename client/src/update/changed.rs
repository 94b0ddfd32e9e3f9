//! Messages that changed: edited, deleted or reacted to. The copy with the highest revision is shown everywhere.

use std::sync::Arc;

use quchat_shared::{Message, RoomId};

use super::{find, inbox, pages, recount, search};
use crate::model::{Model, SendState};

/// Handles `message.updated`. A change may add an unread mention or remove one. If the earlier copy is not loaded, only
/// the server knows.
pub(super) fn message_updated(model: &mut Model, id: RoomId, message: Message) {
    let Some((me, room)) = model.me().zip(model.rooms.get_mut(&id)) else { return };
    if !room.count_changed(&message, me) {
        recount::ask(model, id);
    }
    inbox::note(model, &message);
    search::renew(model, &message);
    renew(model, id, message);
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
