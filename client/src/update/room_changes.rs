//! Changes of a room: name, topic, archived, deleted.

use std::sync::Arc;

use quchat_shared::{Room as Listed, RoomId, RoomInfo, api::RoomChange};

use super::{Effect, Failure, Request, attention, effect::call, navigation, outbox, rooms};
use crate::model::{Call, Dialog, Model, Question, Room, Tone};

/// Changes the open room.
pub(super) fn change(model: &mut Model, change: RoomChange, effects: &mut Vec<Effect>) {
    if let Some(id) = model.open {
        change_room(model, id, change, effects);
    }
}

/// Asks whether to archive the open room. One that is archived is opened again at once.
pub(super) fn archive(model: &mut Model, effects: &mut Vec<Effect>) {
    match model.open_room().map(|room| (room.info.id, room.info.archived)) {
        Some((room, true)) => set_archived(model, room, false, effects),
        Some((room, false)) => model.ask(Question::Archive { room }),
        None => model.show_notice(Tone::Error, "no room is open"),
    }
}

/// Archives a room, or opens it again.
pub(super) fn set_archived(model: &mut Model, id: RoomId, archived: bool, effects: &mut Vec<Effect>) {
    change_room(model, id, RoomChange { archived: Some(archived), ..RoomChange::default() }, effects);
}

/// Changes a room.
pub(super) fn change_room(model: &mut Model, id: RoomId, change: RoomChange, effects: &mut Vec<Effect>) {
    if model.is_signed_out() {
        return model.show_dialog(Dialog::SignedOut);
    }
    let what = Call::UpdateRoom(id, change.clone());
    if !model.internal.awaits(|call| *call == what) {
        call(model, what, Request::UpdateRoom(id, change), effects);
    }
}

/// Handles the reply to a change.
pub(super) fn changed(model: &mut Model, id: RoomId, change: &RoomChange, reply: Result<Listed, Failure>) {
    match reply {
        Err(failure) => {
            let name = model.rooms.get(&id).map_or_else(|| "the room".to_owned(), attention::name);
            model.show_notice(Tone::Error, &format!("could not change {name}: {}", failure.reason()));
        }
        Ok(listed) => {
            if model.rooms.contains_key(&id) {
                rooms::upsert(model, listed.info);
            }
            let Some(room) = model.rooms.get(&id) else { return };
            let name = attention::name(room);
            let text = match change {
                RoomChange { name: Some(_), .. } => format!("the room is called {name} now"),
                RoomChange { topic: Some(topic), .. } if topic.is_empty() => format!("{name} has no topic now"),
                RoomChange { topic: Some(_), .. } => format!("the topic of {name} is set"),
                RoomChange { archived: Some(true), .. } => format!("{name} is archived; /archive opens it again"),
                _ => format!("{name} takes messages again"),
            };
            model.show_notice(Tone::Calm, &text);
        }
    }
}

/// Takes the new state of a room. The user is told what changed of the open one.
pub(super) fn room_updated(model: &mut Model, info: RoomInfo) {
    let id = info.id;
    let before = model.rooms.get(&id).filter(|_| model.open == Some(id)).map(|room| room.info.clone());
    let room = rooms::upsert(model, info);
    let Some(text) = before.and_then(|before| difference(&before, room)) else { return };
    model.show_notice(Tone::Calm, &text);
}

fn difference(before: &RoomInfo, room: &Room) -> Option<String> {
    let (after, name) = (&room.info, attention::name(room));
    if before.archived != after.archived {
        let text = if after.archived { "is archived now: nobody can write here" } else { "takes messages again" };
        return Some(format!("{name} {text}"));
    }
    if before.name != after.name {
        return Some(format!("{}{} is called {name} now", room.sign(), before.name));
    }
    (before.topic != after.topic).then(|| format!("{name} has a new topic"))
}

/// Deletes a room, after the user has said yes.
pub(super) fn delete(model: &mut Model, id: RoomId, effects: &mut Vec<Effect>) {
    let what = Call::DeleteRoom(id);
    if !model.internal.awaits(|call| *call == what) && model.rooms.contains_key(&id) {
        call(model, what, Request::DeleteRoom(id), effects);
    }
}

/// Asks whether to delete the open room.
pub(super) fn ask_to_delete(model: &mut Model) {
    match model.open_room() {
        Some(room) if !room.gone => model.ask(Question::DeleteRoom { room: room.info.id }),
        _ => model.show_notice(Tone::Error, "no room is open"),
    }
}

/// Handles the reply to the deletion.
pub(super) fn deleted(model: &mut Model, id: RoomId, reply: Result<(), Failure>) {
    let name = model.rooms.get(&id).map_or_else(|| "the room".to_owned(), attention::name);
    if let Err(failure) = reply {
        return model.show_notice(Tone::Error, &format!("could not delete {name}: {}", failure.reason()));
    }
    room_deleted(model, id);
    if model.open == Some(id) && model.rooms.get(&id).is_some_and(Room::is_over) {
        navigation::depart(model);
    }
    model.show_notice(Tone::Calm, &format!("{name} is deleted"));
}

/// A room was deleted. Its draft and what was not sent stay readable.
pub(super) fn room_deleted(model: &mut Model, id: RoomId) {
    let why: Arc<str> = "this room was deleted".into();
    outbox::refuse_all(model, id, &why);
    rooms::mark_gone(model, id, &why);
}
