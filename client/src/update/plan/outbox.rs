//! Saves and sends: a message goes out after the save that contains it, one at a time per room.

use std::sync::Arc;

use quchat_shared::{RoomId, api::NewMessage};

use crate::{
    model::{Call, Model, SendState},
    update::{Effect, Request, effect::call},
};

/// Saves the room if its time has come.
pub(super) fn save(model: &mut Model, id: RoomId, effects: &mut Vec<Effect>) {
    let now = model.now.mono_ms;
    let Some(room) = model.rooms.get_mut(&id) else { return };
    let at_once = std::mem::take(&mut room.save_at_once);
    if at_once || room.save_due().is_some_and(|at| at <= now) {
        let save = model.take_save(id);
        effects.extend(save.map(|(ticket, stored)| Effect::Save { ticket, stored }));
    }
}

/// Sends the head of the queue, if nothing is in flight and it may go.
pub(super) fn send(model: &mut Model, id: RoomId, effects: &mut Vec<Effect>) {
    if model.is_signed_out() || model.internal.stale.is_some() {
        return; // after a reset, first it must be known which rooms these are
    }
    let now = model.now.mono_ms;
    let Some(room) = model.rooms.get(&id).filter(|room| !room.remembered) else { return };
    let Some(head) = room.head().filter(|_| !room.is_in_flight()) else { return };
    let due = match head.state {
        SendState::Queued => true,
        SendState::RetryAt { at, .. } => at <= now,
        _ => false,
    };
    if due {
        let txn = Arc::clone(&head.txn);
        let message = NewMessage { text: head.text.to_string(), txn: Some(txn.to_string()), reply_to: head.reply_to };
        let what = Call::SendMessage(id, Arc::clone(&txn));
        let call = call(model, what, Request::SendMessage(id, message), effects);
        if let Some(pending) = model.rooms.get_mut(&id).and_then(|room| room.pending(&txn)) {
            pending.state = SendState::InFlight(call);
        }
    }
}
