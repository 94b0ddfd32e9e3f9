//! Saves and sends. A message or an edit is sent after the save that contains it, one at a time per room.

use std::sync::Arc;

use quchat_shared::{
    RoomId,
    api::{MessageEdit, NewMessage},
};

use crate::{
    model::{Call, Model, SendState},
    update::{Effect, Request, effect::call},
};

/// Saves the room if a save is due.
pub(super) fn save(model: &mut Model, id: RoomId, effects: &mut Vec<Effect>) {
    let now = model.now.mono_ms;
    let Some(room) = model.rooms.get_mut(&id) else { return };
    let at_once = std::mem::take(&mut room.save_at_once);
    if at_once || room.save_due().is_some_and(|at| at <= now) {
        let save = model.take_save(id);
        effects.extend(save.map(|(ticket, stored)| Effect::Save { ticket, stored }));
    }
}

/// Sends the head of the queue if it is due and nothing is in flight.
pub(super) fn send(model: &mut Model, id: RoomId, effects: &mut Vec<Effect>) {
    if model.is_signed_out() || model.internal.stale.is_some() {
        return; // after a reset, list the rooms first: ids may mean other rooms
    }
    let now = model.now.mono_ms;
    let Some(room) = model.rooms.get(&id).filter(|room| !room.remembered) else { return };
    let Some(head) = room.head().filter(|_| !room.is_in_flight() && !model.waits_for_join(room)) else { return };
    let due = match head.state {
        SendState::Queued => true,
        SendState::RetryAt { at, .. } => at <= now,
        _ => false,
    };
    if due {
        let txn = Arc::clone(&head.txn);
        let text = head.text.to_string();
        let (what, request) = match head.edit {
            Some(edit) => {
                let edit_of = MessageEdit { text, expect_rev: edit.rev };
                (Call::EditMessage(id, Arc::clone(&txn)), Request::EditMessage((id, edit.seq), edit_of))
            }
            None => {
                let message = NewMessage { text, txn: Some(txn.to_string()), reply_to: head.reply_to };
                (Call::SendMessage(id, Arc::clone(&txn)), Request::SendMessage(id, message))
            }
        };
        let call = call(model, what, request, effects);
        if let Some(pending) = model.rooms.get_mut(&id).and_then(|room| room.pending(&txn)) {
            pending.state = SendState::InFlight(call);
        }
    }
}
