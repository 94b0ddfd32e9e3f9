//! Messages that are queued, answered, refused or taken back. Which one is sent next is decided in `plan`.
//!
//! After a temporary failure (no answer, a redirect, 408, 429, 5xx) a message stays the head of the queue. After any
//! other 4xx it is marked as refused, and the queue continues.

use std::sync::Arc;

use quchat_shared::{Message, RoomId, Seq};

use super::{Failure, navigation};
use crate::model::{Cause, DialogId, Model, NO_TICKET, Pending, SendState, Storage, Tone};

/// Adds a message to the end of the outbox and saves it.
pub(super) fn queue(model: &mut Model, id: RoomId, text: Arc<str>, reply_to: Option<Seq>) {
    let txn: Arc<str> = format!("{}-{}", model.txn_prefix, model.txn_next).into();
    model.txn_next += 1;
    let kept = !matches!(model.storage, Storage::Elsewhere(_));
    let state = if kept { SendState::Saving(NO_TICKET) } else { SendState::Queued };
    let written_ms = model.now.wall_ms;
    let Some(room) = model.rooms.get_mut(&id) else { return };
    room.outbox.push_back(Pending { txn, text, reply_to, written_ms, state });
    model.touch(id);
    model.save_now(id);
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
    if let Some(pending) = room.pending(txn) {
        pending.state = SendState::Sent(message);
    } else if room.timeline.index(message.seq).is_some() {
        room.timeline.offer(&message); // the event arrived before the reply
    }
    room.absorb_sent();
    room.wants.newer = true;
    model.touch(id);
}

fn failed(model: &mut Model, id: RoomId, txn: &str, failure: &Failure) {
    let failures = model.rooms.get(&id).map_or(0, |room| room.send_failures);
    let asked = failure.retry_after_ms();
    let pause = model.pause(failures, asked);
    let at = model.now.mono_ms.saturating_add(pause);
    let Some(room) = model.rooms.get_mut(&id) else { return };
    let Some(pending) = room.pending(txn) else { return };
    if failure.may_pass() {
        pending.state = SendState::RetryAt { at, asked: asked.is_some() };
        room.send_failures = failures.saturating_add(1);
        return;
    }
    pending.state = SendState::Refused(failure.reason().into());
    let notice = format!("not sent to {}: {} (/unsent)", room.info.name, failure.reason());
    model.touch(id);
    model.show_notice_while(Cause::Refused, Tone::Error, &notice);
}

/// The user's own message arrived by event or page: removes it from the outbox if it was pending.
pub(super) fn recognise(model: &mut Model, id: RoomId, message: &Message) {
    let Some(room) = model.rooms.get_mut(&id) else { return };
    let Some(txn) = &message.txn else { return };
    let Some(at) = room.outbox.iter().position(|pending| *pending.txn == **txn) else { return };
    room.outbox.remove(at);
    room.rename(txn, message.seq);
    room.send_failures = 0;
    model.touch(id);
}

/// Queues a refused message again.
pub(super) fn send_again(model: &mut Model, id: RoomId, txn: &str) {
    let refused = model.rooms.get_mut(&id).and_then(|room| room.pending(txn));
    if let Some(pending) = refused.filter(|pending| matches!(pending.state, SendState::Refused(_))) {
        pending.state = SendState::Queued; // the disk has its txn already
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

/// Moves the text of a refused message to the front of the room's draft.
pub(super) fn take_back(model: &mut Model, id: RoomId, txn: &str) {
    model.close_dialog(DialogId::Review);
    let Some(room) = model.rooms.get_mut(&id) else { return };
    let Some(pending) = room.take_refused(txn) else { return };
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
