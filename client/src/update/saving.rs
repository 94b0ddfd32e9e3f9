//! The disk's answers: what was saved, and what it kept from before. `plan` decides what is saved when.

use std::sync::Arc;

use quchat_shared::RoomId;

use super::{NotKept, navigation};
use crate::model::{Model, Storage, Stored, Tone};

/// The disk answered: what was saved under this ticket may be sent, also if the disk refused.
pub(super) fn saved(model: &mut Model, ticket: u64, result: Result<(), String>) {
    let Some(id) = model.internal.saves.get(&ticket).copied() else { return };
    model.internal.saves.retain(|&other, room| *room != id || other > ticket);
    match result {
        Ok(()) => {
            if let Some(room) = model.rooms.get_mut(&id) {
                room.save_failures = 0;
            }
            if model.storage.takes_saves() {
                note_kept(model);
            }
        }
        Err(reason) if model.storage.takes_saves() => fail(model, id, reason),
        Err(_) => {}
    }
    if let Some(room) = model.rooms.get_mut(&id) {
        room.release_saved(ticket);
    }
}

/// What the disk did not take is still to be saved: at the next change, at the latest after a pause that grows.
fn fail(model: &mut Model, id: RoomId, reason: String) {
    model.storage = Storage::Failing(reason.into());
    let failures = model.rooms.get(&id).map_or(0, |room| room.save_failures);
    let pause = model.backoff(failures);
    model.touch(id);
    if let Some(room) = model.rooms.get_mut(&id) {
        room.save_failures = failures.saturating_add(1);
        room.save_not_before = model.now.mono_ms.saturating_add(pause);
    }
}

/// The disk took something: all is kept, unless there is a room of which it has not.
fn note_kept(model: &mut Model) {
    let failing = model.rooms.values().any(|room| room.save_failures > 0);
    if !failing || !matches!(model.storage, Storage::Failing(_)) {
        model.storage = Storage::Kept;
    }
}

/// What the disk kept, or why it keeps nothing.
pub(super) fn loaded(model: &mut Model, result: Result<Vec<Stored>, NotKept>) {
    if model.account.is_none() {
        return;
    }
    let unread = !model.storage.takes_saves(); // also where another client kept its own until now
    match result {
        Ok(stored) => {
            note_kept(model);
            if unread {
                model.internal.unplaced = stored.into_iter().map(|stored| (stored.room, stored)).collect();
                place_stored(model);
                if model.cursor.is_some() {
                    report_unplaced(model); // the rooms were listed first
                }
            }
        }
        Err(NotKept::Elsewhere) => {
            let why = "another quchat has this account open; nothing is kept here";
            do_without(model, why.into());
        }
        Err(NotKept::Failing(reason)) => do_without(model, reason.into()),
    }
    model.save_all_now();
    if model.open.is_none() {
        navigation::open_latest(model); // listed first, or remembered
    }
}

fn do_without(model: &mut Model, why: Arc<str>) {
    model.storage = Storage::Elsewhere(why);
    for room in model.rooms.values_mut() {
        room.release_saved(u64::MAX);
    }
}

/// Puts what was kept into the rooms that are known by now; the rest waits, untouched on the disk.
pub(super) fn place_stored(model: &mut Model) {
    for (id, stored) in std::mem::take(&mut model.internal.unplaced) {
        match model.rooms.get_mut(&id) {
            None => drop(model.internal.unplaced.insert(id, stored)),
            Some(room) => {
                model.internal.busy.insert(id);
                if room.restore(stored) {
                    model.touch(id);
                }
            }
        }
    }
}

/// Says so if something waits for rooms that are not listed: it is sent only if they come back.
pub(super) fn report_unplaced(model: &mut Model) {
    match model.internal.unplaced.values().filter(|stored| stored.is_unsaid()).count() {
        0 => {}
        1 => model.show_notice(Tone::Error, "what you wrote in a room you can no longer see is kept, not sent"),
        n => {
            let text = format!("what you wrote in {n} rooms you can no longer see is kept, not sent");
            model.show_notice(Tone::Error, &text);
        }
    }
}
