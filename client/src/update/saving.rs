//! Drafts and outbox on their way to the disk and back.
//!
//! A change is saved 300 ms later at the latest, a message before it is sent. Nothing is saved before what the disk
//! holds has been read, and never where another client keeps its own.

use std::sync::Arc;

use quchat_shared::RoomId;

use super::{Effect, NotKept, navigation, outbox, time};
use crate::model::{Left, Model, Pending, Room, SendState, Storage, Stored, Tone};

/// How long a change may stay unsaved.
const SAVE_AFTER_MS: u64 = 300;

/// The ticket of a message that no save holds yet.
pub(super) const UNTICKETED: u64 = u64::MAX;

/// Draft or outbox of the room changed.
pub(super) fn touch(model: &mut Model, id: RoomId) {
    let now = model.now.mono_ms;
    if let Some(room) = model.rooms.get_mut(&id) {
        room.unsaved_since.get_or_insert(now);
        room.save_not_before = room.save_not_before.min(now.saturating_add(SAVE_AFTER_MS));
        model.memory.busy.insert(id);
    }
}

/// Whether saves are of use now.
pub(super) fn is_on(model: &Model) -> bool {
    matches!(model.storage, Storage::Kept | Storage::Failing(_))
}

/// When the room is to be saved, if it changed.
pub(super) fn due(room: &Room) -> Option<u64> {
    room.unsaved_since.map(|since| since.saturating_add(SAVE_AFTER_MS).max(room.save_not_before))
}

/// Saves the room at once, if it changed.
pub(super) fn save(model: &mut Model, id: RoomId, out: &mut Vec<Effect>) {
    let on = is_on(model);
    let Some(room) = model.rooms.get_mut(&id).filter(|room| on && room.unsaved_since.is_some()) else { return };
    room.unsaved_since = None;
    let ticket = model.memory.number();
    for pending in &mut room.outbox {
        if let SendState::Saving(by @ UNTICKETED) = &mut pending.state {
            *by = ticket;
        }
    }
    model.memory.saves.insert(ticket, id);
    let Left { text: draft, reply_to } = draft_to_keep(room);
    let stored = Stored {
        room: id,
        draft,
        reply_to,
        outbox: room.outbox.iter().filter_map(Pending::kept).collect(),
        inputs: room.recall.inputs.iter().map(Arc::clone).collect(),
        notify: room.notify,
    };
    out.push(Effect::Save { ticket, stored });
}

/// While an earlier input is in the composer, the draft left for it is what must survive; once it is changed, both.
fn draft_to_keep(room: &Room) -> Left {
    let shown = match &room.recall.at {
        Some((_, left)) if !left.text.is_empty() => {
            Left { text: Arc::clone(&left.text), reply_to: left.reply_to.or(room.draft.reply_to) }
        }
        _ => Left { text: Arc::clone(&room.draft.text), reply_to: room.draft.reply_to },
    };
    let Some(left) = &room.recall.left else { return shown };
    let text = match shown.text.is_empty() || shown.text == left.text {
        true => Arc::clone(&left.text),
        false => format!("{}\n{}", left.text, shown.text).into(),
    };
    Left { text, reply_to: left.reply_to.or(shown.reply_to) }
}

/// Saves all that changed, at once.
pub(super) fn flush(model: &mut Model, out: &mut Vec<Effect>) {
    for id in model.memory.busy.clone() {
        save(model, id, out);
    }
}

/// The disk answered: what was saved under this ticket may be sent, also if the disk refused.
pub(super) fn saved(model: &mut Model, ticket: u64, result: Result<(), String>, out: &mut Vec<Effect>) {
    let Some(id) = model.memory.saves.get(&ticket).copied() else { return };
    model.memory.saves.retain(|&other, room| *room != id || other > ticket);
    match result {
        Ok(()) => {
            if let Some(room) = model.rooms.get_mut(&id) {
                room.save_failures = 0;
            }
            if is_on(model) {
                settle(model);
            }
        }
        Err(reason) if is_on(model) => fail(model, id, reason),
        Err(_) => {}
    }
    if let Some(room) = model.rooms.get_mut(&id) {
        release(room, ticket);
    }
    outbox::deliver(model, id, out);
}

/// What the disk did not take is still to be saved: at the next change, at the latest after a pause that grows.
fn fail(model: &mut Model, id: RoomId, reason: String) {
    model.storage = Storage::Failing(reason.into());
    let failures = model.rooms.get(&id).map_or(0, |room| room.save_failures);
    let pause = time::backoff(model, failures);
    touch(model, id);
    if let Some(room) = model.rooms.get_mut(&id) {
        room.save_failures = failures.saturating_add(1);
        room.save_not_before = model.now.mono_ms.saturating_add(pause);
    }
}

/// The disk took something: all is kept, unless there is a room of which it has not.
fn settle(model: &mut Model) {
    let failing = model.rooms.values().any(|room| room.save_failures > 0);
    if !failing || !matches!(model.storage, Storage::Failing(_)) {
        model.storage = Storage::Kept;
    }
}

fn release(room: &mut Room, ticket: u64) {
    for pending in &mut room.outbox {
        if matches!(pending.state, SendState::Saving(by) if by <= ticket) {
            pending.state = SendState::Queued;
        }
    }
}

/// What the disk kept, or why it keeps nothing.
pub(super) fn loaded(model: &mut Model, result: Result<Vec<Stored>, NotKept>, out: &mut Vec<Effect>) {
    if model.account.is_none() {
        return;
    }
    let unread = !is_on(model); // also where another client kept its own until now
    match result {
        Ok(stored) => {
            settle(model);
            if unread {
                model.memory.shelf = stored.into_iter().map(|stored| (stored.room, stored)).collect();
                unshelve(model);
                if model.cursor.is_some() {
                    name_the_shelved(model); // the rooms were listed first
                }
            }
        }
        Err(NotKept::Elsewhere) => {
            let why = "another quchat has this account open; nothing is kept here";
            do_without(model, why.into());
        }
        Err(NotKept::Failing(reason)) => do_without(model, reason.into()),
    }
    flush(model, out);
    outbox::deliver_all(model, out);
    if model.open.is_none() {
        navigation::open_latest(model, out); // listed first, or remembered
    }
}

fn do_without(model: &mut Model, why: Arc<str>) {
    model.storage = Storage::Elsewhere(why);
    for room in model.rooms.values_mut() {
        release(room, u64::MAX);
    }
}

/// What outlives a room of which nothing is unsaid, should it come back.
pub(super) fn shelve(model: &mut Model, room: Room) {
    let id = room.info.id;
    let stored = Stored { inputs: room.recall.inputs.into(), notify: room.notify, ..Stored::new(id) };
    if !stored.is_empty() {
        model.memory.shelf.insert(id, stored);
    }
}

/// Puts what was kept into the rooms that are known by now; the rest waits, untouched on the disk.
pub(super) fn unshelve(model: &mut Model) {
    for (id, stored) in std::mem::take(&mut model.memory.shelf) {
        match model.rooms.get_mut(&id) {
            None => drop(model.memory.shelf.insert(id, stored)),
            Some(room) => {
                model.memory.busy.insert(id);
                if restore(room, stored) {
                    touch(model, id);
                }
            }
        }
    }
}

/// Says so if something waits for rooms that are not listed: it is sent only if they come back.
pub(super) fn name_the_shelved(model: &mut Model) {
    match model.memory.shelf.values().filter(|stored| stored.is_unsaid()).count() {
        0 => {}
        1 => time::notice(model, Tone::Error, "what you wrote in a room you can no longer see is kept, not sent"),
        n => {
            let text = format!("what you wrote in {n} rooms you can no longer see is kept, not sent");
            time::notice(model, Tone::Error, &text);
        }
    }
}

/// What was kept comes before what was written since; true if the disk must hear of a mixture.
pub(super) fn restore(room: &mut Room, stored: Stored) -> bool {
    let fresh = room.unsaved_since.is_some();
    let known = |txn: &Arc<str>| room.outbox.iter().any(|pending| pending.txn == *txn);
    let kept: Vec<Pending> = stored.outbox.into_iter().filter(|kept| !known(&kept.txn)).map(Pending::from).collect();
    for pending in kept.into_iter().rev() {
        room.outbox.push_front(pending);
    }
    room.end_recall();
    room.recall.restore(stored.inputs);
    room.notify = room.notify.or(stored.notify);
    room.draft.reply_to = room.draft.reply_to.or(stored.reply_to);
    if !stored.draft.is_empty() && stored.draft != room.draft.text {
        let text = if room.draft.text.is_empty() {
            stored.draft
        } else {
            format!("{}\n{}", stored.draft, room.draft.text).into()
        };
        room.draft.replace(text);
    }
    fresh
}
