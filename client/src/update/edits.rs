//! Edits on their way to the server: from the composer into the outbox, and the replies.

use std::sync::Arc;

use quchat_shared::{Message, RoomId};

use super::{Failure, changed, editing, outbox};
use crate::model::{Cause, EditTarget, Model, NO_TICKET, SendState, Storage, Tone};

/// Enter while a message is being edited: queues the edit, and the former draft returns.
pub(super) fn submit(model: &mut Model, id: RoomId) {
    let Some(room) = model.rooms.get_mut(&id) else { return };
    let Some(editing) = &room.draft.editing else { return };
    let (target, draft) = (editing.target.clone(), Arc::clone(&room.draft.text));
    let lost = matches!(&target, EditTarget::Unsent(_)) && room.latest_text(&target).is_none();
    if lost {
        room.turn_edit_into_draft();
        model.touch(id);
        return object(model, id, "the message is not waiting any more; Enter sends the text as a new one");
    }
    let deleted = match &target {
        EditTarget::Message(edit) => room.message(edit.seq).is_some_and(|message| message.deleted_at.is_some()),
        EditTarget::Unsent(_) => false,
    };
    if deleted {
        return object(model, id, "the message was deleted meanwhile; Esc, then Up brings back your text");
    }
    let text = match draft.strip_prefix('/') {
        Some(literal) if literal.starts_with('/') => literal,
        Some(_) if !draft.contains('\n') => {
            return object(model, id, "this is an edit: //x saves /x; for a command, press Esc first");
        }
        _ => &*draft,
    };
    if text.trim().is_empty() {
        return object(model, id, "a message needs a text; to delete it, press Esc, then /delete");
    }
    match room.check_message(text) {
        Ok(text) => {
            room.end_edit();
            model.touch(id);
            change(model, id, &target, text);
        }
        Err(why) => object(model, id, &why),
    }
}

/// Shows why the edit is not made, until the text changes.
fn object(model: &mut Model, id: RoomId, why: &str) {
    let text = model.rooms.get(&id).map_or("".into(), |room| Arc::clone(&room.draft.text));
    model.show_notice_while(Cause::Draft(id, text), Tone::Error, why);
}

/// `/edit TEXT`: replaces the text of the user's last message in the open room.
pub(super) fn edit_last(model: &mut Model, text: Arc<str>) {
    let Some(id) = model.open else { return };
    let target = editing::last_own(model).map_err(str::to_owned);
    let checked = target.and_then(|target| editing::may_edit(model, &target).map(|()| target));
    match checked {
        Ok(target) => change(model, id, &target, text),
        Err(why) => {
            if let Some(room) = model.rooms.get_mut(&id) {
                room.inputs.put_aside(text);
            }
            model.show_notice(Tone::Error, &format!("{why}; Up brings back the text"));
        }
    }
}

/// Changes the text of a message. One that is not sent yet is changed where it waits.
fn change(model: &mut Model, id: RoomId, target: &EditTarget, text: Arc<str>) {
    let kept = !matches!(model.storage, Storage::Elsewhere(_));
    let Some(room) = model.rooms.get_mut(&id) else { return };
    if room.latest_text(target) == Some(&*text) {
        return;
    }
    match target {
        EditTarget::Message(edit) => outbox::queue_edit(model, id, *edit, text),
        EditTarget::Unsent(txn) => {
            let Some(pending) = room.pending(txn) else { return };
            pending.text = text;
            pending.changed = true;
            if !matches!(pending.state, SendState::InFlight(_) | SendState::Sent(_)) {
                pending.state = if kept { SendState::Saving(NO_TICKET) } else { SendState::Queued };
            }
            model.touch(id);
            model.save_now(id);
        }
    }
    if model.is_signed_out() {
        model.ask_for_password(); // the edit is queued until the user signs in
    }
}

/// Handles the reply to an edit.
pub(super) fn answered(model: &mut Model, id: RoomId, txn: &str, reply: Result<Message, Failure>) {
    match reply {
        Ok(message) => accepted(model, id, txn, message),
        Err(failure) => outbox::failed(model, id, txn, &failure),
    }
    model.sweep(id);
}

fn accepted(model: &mut Model, id: RoomId, txn: &str, message: Message) {
    let Some(room) = model.rooms.get_mut(&id) else { return };
    room.send_failures = 0;
    room.outbox.retain(|pending| *pending.txn != *txn);
    room.rebase_edits(&message);
    changed::renew(model, id, message);
    model.touch(id);
}
