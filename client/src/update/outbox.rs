//! Sending: one message in flight per room, in the order they were written, until each is answered.
//!
//! What may pass (no answer, a redirect, 408, 429, 5xx) keeps the head of the queue; what will not (any other 4xx) is marked
//! refused and the queue goes on.

use std::sync::Arc;

use quchat_shared::{Message, RoomId, Seq, api::NewMessage};

use super::{Effect, Failure, Request, calls::call, dialogs, navigation, pages, saving};
use crate::model::{Call, Cause, DialogId, Model, NO_TICKET, Pauses, Pending, SendState, Storage, Tone};

/// Most unanswered messages of a room.
pub(super) const OUTBOX_MAX: usize = 1_000;

/// Puts a message behind the others and on its way to the disk.
pub(super) fn queue(model: &mut Model, id: RoomId, text: Arc<str>, reply_to: Option<Seq>, out: &mut Vec<Effect>) {
    let txn: Arc<str> = format!("{}-{}", model.txn_prefix, model.txn_next).into();
    model.txn_next += 1;
    let kept = !matches!(model.storage, Storage::Elsewhere(_));
    let state = if kept { SendState::Saving(NO_TICKET) } else { SendState::Queued };
    let written_ms = model.now.wall_ms;
    let Some(room) = model.rooms.get_mut(&id) else { return };
    room.outbox.push_back(Pending { txn, text, reply_to, written_ms, state });
    model.touch(id);
    saving::save(model, id, out);
    deliver(model, id, out);
}

/// Sends the head of the queue, if nothing is in flight and it may go.
pub(super) fn deliver(model: &mut Model, id: RoomId, out: &mut Vec<Effect>) {
    if model.is_signed_out() || model.memory.stale.is_some() {
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
        let call = call(model, what, Request::SendMessage(id, message), out);
        if let Some(pending) = model.rooms.get_mut(&id).and_then(|room| room.pending(&txn)) {
            pending.state = SendState::InFlight(call);
        }
    }
}

/// [`deliver`] in every room.
pub(super) fn deliver_all(model: &mut Model, out: &mut Vec<Effect>) {
    for id in model.memory.busy.clone() {
        deliver(model, id, out);
    }
}

/// The connection is back: what waited for it waits no longer, except where the server named a time.
pub(super) fn release_all(model: &mut Model, out: &mut Vec<Effect>) {
    for id in &model.memory.busy {
        let Some(room) = model.rooms.get_mut(id) else { continue };
        room.end_pauses(Pauses::Own);
    }
    deliver_all(model, out);
}

/// The server's answer to a send.
pub(super) fn answered(
    model: &mut Model,
    id: RoomId,
    txn: &str,
    reply: Result<Message, Failure>,
    out: &mut Vec<Effect>,
) {
    match reply {
        Ok(message) => acknowledged(model, id, txn, message, out),
        Err(failure) => failed(model, id, txn, &failure),
    }
    deliver(model, id, out);
    if model.rooms.get(&id).is_some_and(|room| room.gone) {
        saving::save(model, id, out); // once it is swept away, nobody does
        model.sweep(id);
    }
}

fn acknowledged(model: &mut Model, id: RoomId, txn: &str, message: Message, out: &mut Vec<Effect>) {
    let me = model.me();
    let Some(room) = model.rooms.get_mut(&id) else { return };
    let message = Arc::new(message);
    room.send_failures = 0;
    room.read_to(message.seq, me); // as the server does
    if let Some(pending) = room.pending(txn) {
        pending.state = SendState::Sent(message);
    } else if room.timeline.index(message.seq).is_some() {
        room.timeline.offer(&message); // the stream was first
    }
    room.absorb_sent();
    model.touch(id);
    pages::catch_up(model, id, out);
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

/// A message of one's own came by another way than the answer: if it was pending, it is no more.
pub(super) fn recognise(model: &mut Model, id: RoomId, message: &Message, out: &mut Vec<Effect>) {
    let Some(room) = model.rooms.get_mut(&id) else { return };
    let Some(txn) = &message.txn else { return };
    let Some(at) = room.outbox.iter().position(|pending| *pending.txn == **txn) else { return };
    room.outbox.remove(at);
    room.rename(txn, message.seq);
    room.send_failures = 0;
    model.touch(id);
    deliver(model, id, out);
}

/// A refused message gets another chance.
pub(super) fn send_again(model: &mut Model, id: RoomId, txn: &str, out: &mut Vec<Effect>) {
    let refused = model.rooms.get_mut(&id).and_then(|room| room.pending(txn));
    if let Some(pending) = refused.filter(|pending| matches!(pending.state, SendState::Refused(_))) {
        pending.state = SendState::Queued; // the disk has its txn already
        model.touch(id);
        deliver(model, id, out);
    }
    dialogs::review_next(model);
}

/// A refused message is given up; like any input, it can be recalled.
pub(super) fn discard(model: &mut Model, id: RoomId, txn: &str, out: &mut Vec<Effect>) {
    if let Some(room) = model.rooms.get_mut(&id)
        && let Some(pending) = room.take_refused(txn)
    {
        room.inputs.remember(pending.text);
        model.touch(id);
        saving::save(model, id, out);
        model.sweep(id);
    }
    dialogs::review_next(model);
}

/// A refused message becomes text again, in front of the draft of its room.
pub(super) fn take_back(model: &mut Model, id: RoomId, txn: &str, out: &mut Vec<Effect>) {
    model.close_dialog(DialogId::Review);
    let Some(room) = model.rooms.get_mut(&id) else { return };
    let Some(pending) = room.take_refused(txn) else { return };
    room.end_recall(); // else the next Down would put the draft in place of what was taken back
    let draft = &room.draft.text;
    let text = if draft.is_empty() { pending.text } else { format!("{}\n{draft}", pending.text).into() };
    room.draft.replace(text);
    room.draft.reply_to = room.draft.reply_to.or(pending.reply_to);
    model.touch(id);
    saving::save(model, id, out);
    navigation::visit(model, id, out);
}
