//! Reports of the disk: what was saved, and what was stored before. `plan` decides when to save.

use std::sync::Arc;

use quchat_shared::RoomId;

use super::{NotKept, navigation, rooms};
use crate::model::{Model, Room, Storage, Stored, Tone};

/// Handles the result of a save. Its messages may be sent now, even if it failed.
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

/// Retries a failed save with the next change, at the latest after a pause that grows.
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

/// A save succeeded: storage works again, unless the save of another room is failing.
fn note_kept(model: &mut Model) {
    let failing = model.rooms.values().any(|room| room.save_failures > 0);
    if !failing || !matches!(model.storage, Storage::Failing(_)) {
        model.storage = Storage::Kept;
    }
}

/// Takes the stored data of the user, or why nothing is saved.
pub(super) fn loaded(model: &mut Model, result: Result<Vec<Stored>, NotKept>) {
    if model.account.is_none() {
        return;
    }
    let unread = !model.storage.takes_saves(); // also if another client held the lock until now
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
            let why = "another quchat has this account open; nothing is saved here";
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

/// Restores stored data into the rooms that are listed now. The rest stays untouched on disk.
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

/// Shows visited rooms that the server does not list any more, but that hold unsent text of the user.
fn restore_absent(model: &mut Model) {
    let mut restored = Vec::new();
    for visit in std::mem::take(&mut model.internal.absent) {
        let id = visit.info.id;
        if model.internal.unplaced.get(&id).is_some_and(Stored::is_unsaid) {
            model.rooms.insert(id, Room::recall(visit));
            restored.push(id);
        }
    }
    if !restored.is_empty() {
        navigation::place_visits(model);
        place_stored(model);
        restored.into_iter().for_each(|id| rooms::mark_gone(model, id, "this room is gone"));
    }
}

/// Shows a notice if unsent text belongs to rooms of which nothing is known. It is sent only if they come back.
pub(super) fn report_unplaced(model: &mut Model) {
    if model.storage == Storage::Opening {
        return; // `loaded` calls it again
    }
    restore_absent(model);
    match model.internal.unplaced.values().filter(|stored| stored.is_unsaid()).count() {
        0 => {}
        1 => model.show_notice(Tone::Error, "what you wrote in a room you can no longer see is kept, not sent"),
        n => {
            let text = format!("what you wrote in {n} rooms you can no longer see is kept, not sent");
            model.show_notice(Tone::Error, &text);
        }
    }
}
