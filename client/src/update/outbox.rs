//! Sending: one message in flight per room, in the order they were written, until each is answered.
//!
//! What may pass (no answer, a redirect, 408, 429, 5xx) keeps the head of the queue; what will not (any other 4xx) is marked
//! refused and the queue goes on.

use std::sync::Arc;

use quchat_shared::{Message, RoomId, Seq, api::NewMessage};

use super::{Effect, Failure, Request, calls::call, dialogs, navigation, pages, rooms, saving, time};
use crate::model::{Anchor, Call, Cause, DialogId, Key, Link, Model, Offered, Pending, Room, SendState, Storage, Tone};

/// Most unanswered messages of a room.
pub(super) const OUTBOX_MAX: usize = 1_000;

/// Puts a message behind the others and on its way to the disk.
pub(super) fn queue(model: &mut Model, id: RoomId, text: Arc<str>, reply_to: Option<Seq>, out: &mut Vec<Effect>) {
    let txn: Arc<str> = format!("{}-{}", model.txn_prefix, model.txn_next).into();
    model.txn_next += 1;
    let kept = !matches!(model.storage, Storage::Elsewhere(_));
    let state = if kept { SendState::Saving(saving::UNTICKETED) } else { SendState::Queued };
    let written_ms = model.now.wall_ms;
    let Some(room) = model.rooms.get_mut(&id) else { return };
    room.outbox.push_back(Pending { txn, text, reply_to, written_ms, state });
    saving::touch(model, id);
    saving::save(model, id, out);
    deliver(model, id, out);
}

/// Sends the head of the queue, if nothing is in flight and it may go.
pub(super) fn deliver(model: &mut Model, id: RoomId, out: &mut Vec<Effect>) {
    if matches!(model.link, Link::SignedOut { .. }) || model.memory.stale.is_some() {
        return; // after a reset, first it must be known which rooms these are
    }
    let now = model.now.mono_ms;
    let Some(room) = model.rooms.get(&id).filter(|room| !room.remembered) else { return };
    let Some(head) = head(room).filter(|_| !is_in_flight(room)) else { return };
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

/// The message whose turn it is.
pub(super) fn head(room: &Room) -> Option<&Pending> {
    room.outbox.iter().find(|pending| !matches!(pending.state, SendState::Sent(_) | SendState::Refused(_)))
}

/// Whether a message of this room is to be answered.
pub(super) fn is_in_flight(room: &Room) -> bool {
    room.outbox.iter().any(|pending| matches!(pending.state, SendState::InFlight(_)))
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
        release(room, false);
    }
    deliver_all(model, out);
}

/// What waits to be sent again waits no longer; `all` is also what the server named a time for.
pub(super) fn release(room: &mut Room, all: bool) {
    for pending in &mut room.outbox {
        if matches!(pending.state, SendState::RetryAt { asked, .. } if all || !asked) {
            pending.state = SendState::Queued;
        }
    }
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
        rooms::sweep(model, id);
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
    absorb(room);
    saving::touch(model, id);
    pages::catch_up(model, id, out);
}

fn failed(model: &mut Model, id: RoomId, txn: &str, failure: &Failure) {
    let failures = model.rooms.get(&id).map_or(0, |room| room.send_failures);
    let asked = failure.retry_after_ms();
    let pause = time::pause(model, failures, asked);
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
    saving::touch(model, id);
    time::notice_while(model, Cause::Refused, Tone::Error, &notice);
}

/// A message of one's own came by another way than the answer: if it was pending, it is no more.
pub(super) fn recognise(model: &mut Model, id: RoomId, message: &Message, out: &mut Vec<Effect>) {
    let Some(room) = model.rooms.get_mut(&id) else { return };
    let Some(txn) = &message.txn else { return };
    let Some(at) = room.outbox.iter().position(|pending| *pending.txn == **txn) else { return };
    room.outbox.remove(at);
    room.rename(txn, message.seq);
    room.send_failures = 0;
    saving::touch(model, id);
    deliver(model, id, out);
}

/// Moves acknowledged messages into the timeline as soon as it has come that far.
pub(super) fn absorb(room: &mut Room) {
    while !room.distrusted {
        let timeline = &room.timeline;
        let ready = |pending: &Pending| match &pending.state {
            SendState::Sent(message) => timeline.has_newer || timeline.next().is_some_and(|next| message.seq <= next),
            _ => false,
        };
        let Some(at) = room.outbox.iter().position(ready) else { return };
        let Some(Pending { txn, state: SendState::Sent(message), .. }) = room.outbox.remove(at) else { return };
        if room.timeline.offer(&message) == Offered::Beyond {
            room.timeline.has_newer = true;
        }
        room.info.last_seq = room.info.last_seq.max(message.seq);
        room.rename(&txn, message.seq);
    }
}

/// What is acknowledged needs no place in the outbox where the stream tells nothing any more.
pub(super) fn forget_sent(room: &mut Room) {
    room.outbox.retain(|pending| !matches!(pending.state, SendState::Sent(_)));
}

/// What was in flight is not answered any more: it is sent again, under its txn.
pub(super) fn requeue(room: &mut Room) {
    for pending in &mut room.outbox {
        if let SendState::InFlight(_) = pending.state {
            pending.state = SendState::Queued;
        }
    }
}

/// A refused message gets another chance.
pub(super) fn send_again(model: &mut Model, id: RoomId, txn: &str, out: &mut Vec<Effect>) {
    let refused = model.rooms.get_mut(&id).and_then(|room| room.pending(txn));
    if let Some(pending) = refused.filter(|pending| matches!(pending.state, SendState::Refused(_))) {
        pending.state = SendState::Queued; // the disk has its txn already
        saving::touch(model, id);
        deliver(model, id, out);
    }
    dialogs::review_next(model);
}

/// A refused message is given up; like any input, it can be recalled.
pub(super) fn discard(model: &mut Model, id: RoomId, txn: &str, out: &mut Vec<Effect>) {
    if let Some(room) = model.rooms.get_mut(&id)
        && let Some(pending) = take_refused(room, txn)
    {
        room.recall.remember(pending.text);
        saving::touch(model, id);
        saving::save(model, id, out);
        rooms::sweep(model, id);
    }
    dialogs::review_next(model);
}

/// Takes a refused message out of the outbox; who stood at it stands at the end.
fn take_refused(room: &mut Room, txn: &str) -> Option<Pending> {
    let refused = |pending: &Pending| *pending.txn == *txn && matches!(pending.state, SendState::Refused(_));
    let at = room.outbox.iter().position(refused)?;
    let pending = room.outbox.remove(at)?;
    if room.anchor_index().is_none() && matches!(&room.anchor, Anchor::At { top: Key::Txn(_), .. }) {
        room.go_to_end();
    }
    Some(pending)
}

/// A refused message becomes text again, in front of the draft of its room.
pub(super) fn take_back(model: &mut Model, id: RoomId, txn: &str, out: &mut Vec<Effect>) {
    dialogs::close(model, DialogId::Review);
    let Some(room) = model.rooms.get_mut(&id) else { return };
    let Some(pending) = take_refused(room, txn) else { return };
    room.end_recall(); // else the next Down would put the draft in place of what was taken back
    let draft = &room.draft.text;
    let text = if draft.is_empty() { pending.text } else { format!("{}\n{draft}", pending.text).into() };
    room.draft.replace(text);
    room.draft.reply_to = room.draft.reply_to.or(pending.reply_to);
    saving::touch(model, id);
    saving::save(model, id, out);
    navigation::visit(model, id, out);
}
