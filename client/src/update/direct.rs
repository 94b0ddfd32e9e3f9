//! Direct rooms: opening the conversation with a user, and sending the first message there.

use std::sync::Arc;

use quchat_shared::{Room as Listed, RoomId, UserId, UserRef};

use super::{Effect, Failure, Request, effect::call, navigation, rooms, writing};
use crate::model::{Call, DialogId, Model, PersonAction, Tone};

/// Opens the direct room with a user and sends this text there. Without a connection that works for rooms that exist.
pub(super) fn open(model: &mut Model, user: UserRef, text: Option<Arc<str>>, effects: &mut Vec<Effect>) {
    if let Some(id) = room_with(model, user.id) {
        return enter(model, id, text);
    }
    let pending =
        |call: &Call| matches!(call, Call::OpenDirectRoom(other, pending) if *other == user && *pending == text);
    if !model.internal.awaits(pending) {
        call(model, Call::OpenDirectRoom(user.clone(), text), Request::OpenDirectRoom(user.id), effects);
    }
}

/// The direct room with this user, if the user has opened it.
fn room_with(model: &Model, user: UserId) -> Option<RoomId> {
    let mut rooms = model.rooms.values().filter(|room| room.is_direct() && room.joined() && !room.gone);
    rooms.find(|room| room.peer.as_ref().is_some_and(|peer| peer.id == user)).map(|room| room.info.id)
}

fn enter(model: &mut Model, id: RoomId, text: Option<Arc<str>>) {
    model.close_dialog(DialogId::People);
    navigation::visit(model, id);
    if let Some(text) = text.filter(|_| model.open == Some(id)) {
        writing::post_here(model, text, None);
    }
}

/// Handles the reply to the opening.
pub(super) fn opened(model: &mut Model, user: &UserRef, text: Option<Arc<str>>, reply: Result<Listed, Failure>) {
    match reply {
        Ok(listed) => {
            let id = listed.info.id;
            if rooms::takes(model, id) {
                rooms::merge_one(model, listed, false);
            }
            enter(model, id, text);
        }
        Err(failure) => {
            give_back(model, &user.name, &PersonAction::Message(text));
            let why = format!("could not open the room with {}: {}", user.name, failure.reason());
            model.show_notice(Tone::Error, &why);
        }
    }
}

/// Puts a message that could not be sent back into the composer, as the command that it was, unless there is other text.
pub(super) fn give_back(model: &mut Model, name: &str, action: &PersonAction) {
    let PersonAction::Message(Some(text)) = action else { return };
    let typed: Arc<str> = format!("/msg {name} {text}").into();
    let Some(room) = model.open_room_mut() else {
        if model.command.text.is_empty() {
            model.command.replace(typed);
        }
        return;
    };
    if room.draft.text.is_empty() {
        room.draft.replace(typed);
        let id = room.info.id;
        model.touch(id);
    }
}
