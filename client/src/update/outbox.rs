//! Messages that are queued, answered, refused or taken back. Which one is sent next is decided in `plan`.
//!
//! After a temporary failure (no answer, a redirect, 408, 429, 5xx) a message stays the head of the queue. After any
//! other 4xx it is marked as refused, and the queue continues.

use std::sync::Arc;

use quchat_shared::{Message, RoomId, Seq};

use super::{Failure, attention, editing, navigation};
use crate::model::{Cause, DialogId, EditOf, Model, NO_TICKET, Pending, SendState, Storage, Tone};

/// Adds a message to the end of the outbox and saves it.
pub(super) fn queue(model: &mut Model, id: RoomId, text: Arc<str>, reply_to: Option<Seq>) {
    let pending = Pending { reply_to, ..new(model, text) };
    push(model, id, usize::MAX, pending);
}

/// Adds an edit to the end of the outbox and saves it.
pub(super) fn queue_edit(model: &mut Model, id: RoomId, edit: EditOf, text: Arc<str>) {
    let pending = Pending { edit: Some(edit), ..new(model, text) };
    push(model, id, usize::MAX, pending);
}

fn new(model: &mut Model, text: Arc<str>) -> Pending {
    let txn: Arc<str> = format!("{}-{}", model.txn_prefix, model.txn_next).into();
    model.txn_next += 1;
    let kept = !matches!(model.storage, Storage::Elsewhere(_));
    let state = if kept { SendState::Saving(NO_TICKET) } else { SendState::Queued };
    Pending { txn, text, reply_to: None, edit: None, changed: false, written_ms: model.now.wall_ms, state }
}

/// Inserts a pending message at this place in the outbox, or at its end, and saves it.
fn push(model: &mut Model, id: RoomId, at: usize, pending: Pending) {
    let Some(room) = model.rooms.get_mut(&id) else { return };
    room.outbox.insert(at.min(room.outbox.len()), pending);
    model.touch(id);
    model.save_now(id);
}

/// A pending message was stored with an earlier text than it has by now: queues an edit right after it.
fn catch_up(model: &mut Model, id: RoomId, at: usize, text: Arc<str>, message: &Message) {
    if *text != *message.text && message.deleted_at.is_none() {
        let pending = Pending { edit: Some(EditOf::now(message)), ..new(model, text) };
        push(model, id, at, pending);
    }
}

/// Handles the reply to a send.
pub(super) fn answered(model: &mut Model, id: RoomId, txn: &str, reply: Result<Message, Failure>) {
    match reply {
        Ok(message) => acknowledged(model, id, txn, message),
        Err(failure) => failed(model, id, txn, &failure),
    }
    model.sweep(id);
}

fn acknowledged(model: &mut Model, id: RoomId, txn: &str, message: Message) {
    let me = model.me();
    let Some(room) = model.rooms.get_mut(&id) else { return };
    let message = Arc::new(message);
    room.send_failures = 0;
    room.read_to(message.seq, me); // as the server does
    room.follow_edit(txn, &message);
    let mut differs = None;
    if let Some(at) = room.outbox.iter().position(|pending| *pending.txn == *txn) {
        let pending = &mut room.outbox[at];
        let changed = std::mem::take(&mut pending.changed);
        differs = changed.then(|| (at + 1, Arc::clone(&pending.text), Arc::clone(&message)));
        pending.state = SendState::Sent(message);
    } else if room.timeline.index(message.seq).is_some() {
        room.timeline.offer(&message); // the event arrived before the reply
    }
    if let Some((at, text, message)) = differs {
        catch_up(model, id, at, text, &message);
    }
    let Some(room) = model.rooms.get_mut(&id) else { return };
    room.absorb_sent();
    room.wants.newer = true;
    model.touch(id);
}

/// Handles a failed send or edit.
pub(super) fn failed(model: &mut Model, id: RoomId, txn: &str, failure: &Failure) {
    let failures = model.rooms.get(&id).map_or(0, |room| room.send_failures);
    let pause = model.pause(failures, failure.retry_after_ms());
    let at = model.now.mono_ms.saturating_add(pause);
    let Some(room) = model.rooms.get_mut(&id) else { return };
    let waits = |pending: &&mut Pending| !matches!(pending.state, SendState::Refused(_)); // else it is given up
    let Some(pending) = room.pending(txn).filter(waits) else { return };
    if failure.may_pass() {
        let asked = failure.retry_after_ms().map(|_| failure.reason().into());
        pending.state = SendState::RetryAt { at, asked };
        room.send_failures = failures.saturating_add(1);
        return;
    }
    pending.state = SendState::Refused(failure.reason().into());
    let what = if pending.edit.is_some() { "edit not saved in" } else { "not sent to" };
    let notice = format!("{what} {}: {} (/unsent)", attention::name(room), failure.reason());
    model.touch(id);
    model.show_notice_while(Cause::Refused, Tone::Error, &notice);
}

/// The user's own message arrived by event or page: removes it from the outbox if it was pending.
pub(super) fn recognise(model: &mut Model, id: RoomId, message: &Message) {
    let Some(room) = model.rooms.get_mut(&id) else { return };
    let Some(txn) = &message.txn else { return };
    let Some(at) = room.outbox.iter().position(|pending| *pending.txn == **txn) else { return };
    let pending = room.outbox.remove(at);
    room.rename(txn, message.seq);
    room.follow_edit(txn, message);
    room.send_failures = 0;
    model.touch(id);
    if let Some(pending) = pending.filter(|pending| pending.changed) {
        catch_up(model, id, at, pending.text, message);
    }
}

/// Marks everything unsent as refused: sending it would fail, or bring the user back into a room that they were put out
/// of. What the server has refused gets this reason, too, because the answer may have come before the event.
pub(super) fn refuse_all(model: &mut Model, id: RoomId, why: &Arc<str>) {
    let Some(room) = model.rooms.get_mut(&id) else { return };
    let unsent = room.outbox.iter_mut().filter(|pending| !matches!(pending.state, SendState::Sent(_)));
    let count = unsent.map(|pending| pending.state = SendState::Refused(Arc::clone(why))).count();
    if count > 0 {
        model.touch(id);
    }
}

/// Queues a refused message again.
pub(super) fn send_again(model: &mut Model, id: RoomId, txn: &str) {
    let Some(room) = model.rooms.get_mut(&id) else { return };
    let edited = room.edits().find(|(_, pending)| *pending.txn == *txn).map(|(edit, _)| edit.seq);
    let rev = edited.and_then(|seq| room.message(seq)).map(|message| message.rev);
    let refused = room.pending(txn).filter(|pending| matches!(pending.state, SendState::Refused(_)));
    if let Some(pending) = refused {
        pending.state = SendState::Queued; // the disk has its txn already
        if let Some(edit) = &mut pending.edit {
            edit.rev = rev; // the user wants it, whatever the text is now
        }
        model.touch(id);
    }
    review_next(model);
}

/// Discards a refused message. Like any input, it can be recalled.
pub(super) fn discard(model: &mut Model, id: RoomId, txn: &str) {
    if let Some(room) = model.rooms.get_mut(&id)
        && let Some(pending) = room.take_refused(txn)
    {
        room.inputs.remember(pending.text);
        model.touch(id);
        model.save_now(id);
        model.sweep(id);
    }
    review_next(model);
}

/// Moves the text of a refused message to the front of the room's draft. A refused edit is edited again.
pub(super) fn take_back(model: &mut Model, id: RoomId, txn: &str) {
    model.close_dialog(DialogId::Review);
    let Some(room) = model.rooms.get_mut(&id) else { return };
    let Some(pending) = room.take_refused(txn) else { return };
    room.leave_edit();
    if let Some(edit) = pending.edit
        && editing::take_back(model, id, edit, &pending.text)
    {
        return navigation::visit(model, id);
    }
    let Some(room) = model.rooms.get_mut(&id) else { return };
    room.end_recall(); // otherwise the next Down would replace the text taken back
    let draft = &room.draft.text;
    let text = if draft.is_empty() { pending.text } else { format!("{}\n{draft}", pending.text).into() };
    room.draft.replace(text);
    room.draft.reply_to = room.draft.reply_to.or(pending.reply_to);
    model.touch(id);
    model.save_now(id);
    navigation::visit(model, id);
}

/// Shows the next refused message, or closes the dialog.
fn review_next(model: &mut Model) {
    model.close_dialog(DialogId::Review);
    model.show_refused();
}
