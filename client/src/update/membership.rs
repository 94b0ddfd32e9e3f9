//! Creating, joining and leaving rooms. Opening a public room on purpose joins it.

use quchat_shared::{Room as Listed, RoomId, api::NewRoom, limits, room::RoomKind};

use super::{
    Effect, Failure, Request, attention, deleting, direct, effect::call, navigation, people, presence, room_changes,
    rooms,
};
use crate::model::{Call, Cause, Dialog, DialogId, Model, Question, Room, Tone};

/// Opens a room at the user's request, and joins it if it is public.
pub(super) fn open(model: &mut Model, id: RoomId, effects: &mut Vec<Effect>) {
    navigation::visit(model, id);
    if model.rooms.get(&id).is_some_and(|room| room.info.kind == RoomKind::Public) {
        join(model, id, effects);
    }
}

/// Creates a room. The dialog, if open, waits for the reply.
pub(super) fn create(model: &mut Model, name: String, kind: RoomKind, effects: &mut Vec<Effect>) {
    if model.internal.awaits(|call| *call == Call::CreateRoom) || model.account.is_none() {
        return;
    }
    model.close_dialog(DialogId::Switcher);
    if model.is_signed_out() {
        refuse(model, "sign in first");
        return model.show_dialog(Dialog::SignedOut);
    }
    let name = match limits::room_name(&name) {
        Ok(name) => name.to_owned(),
        Err(refusal) => return refuse(model, &refusal),
    };
    let kind = Some(kind).filter(|kind| *kind != RoomKind::Public);
    if let Some(Dialog::CreateRoom { waiting, problem, .. }) = dialog(model) {
        *waiting = true;
        *problem = None;
    }
    call(model, Call::CreateRoom, Request::CreateRoom(NewRoom { name, topic: None, kind }), effects);
}

fn dialog(model: &mut Model) -> Option<&mut Dialog> {
    model.dialogs.iter_mut().find(|dialog| dialog.id() == DialogId::CreateRoom)
}

fn refuse(model: &mut Model, why: &str) {
    match dialog(model) {
        Some(Dialog::CreateRoom { waiting, problem, .. }) => (*waiting, *problem) = (false, Some(why.to_owned())),
        _ => model.show_notice(Tone::Error, why),
    }
}

/// Handles the reply to the creation of a room.
pub(super) fn created(model: &mut Model, reply: Result<Listed, Failure>) {
    match reply {
        Err(failure) => refuse(model, failure.reason()),
        Ok(listed) => {
            let id = listed.info.id;
            if rooms::takes(model, id) {
                rooms::merge_one(model, listed, false);
            }
            model.close_dialog(DialogId::CreateRoom);
            navigation::visit(model, id);
        }
    }
}

/// Repeats requests of the user that were pending on dropped connections. Joining, leaving and deleting are idempotent.
/// A room is not created again, because there might be two.
pub(super) fn ask_again(model: &mut Model, given_up: &[Call], effects: &mut Vec<Effect>) {
    for given_up in given_up {
        match given_up {
            Call::JoinRoom(id) => join(model, *id, effects),
            Call::LeaveRoom(id) if model.rooms.get(id).is_some_and(Room::joined) => leave(model, *id, effects),
            Call::DeleteMessage(id, seq) => deleting::delete(model, *id, *seq, effects),
            Call::FindUser(name, action) => people::by_name(model, name, action.clone(), effects),
            Call::OpenDirectRoom(user, text) => direct::open(model, user.clone(), text.clone(), effects),
            Call::ChangeMember(user, action) => people::change(model, user.clone(), action.clone(), effects),
            Call::UpdateRoom(id, change) => room_changes::change_room(model, *id, change.clone(), effects),
            Call::DeleteRoom(id) => room_changes::delete(model, *id, effects),
            Call::CreateInvite => {
                let why = "it is not known whether the invite was created; /admin invites lists those that work";
                model.show_notice(Tone::Error, why);
            }
            Call::CreateRoom => refuse(model, "it is not known whether the room was created; look for it first"),
            _ => {}
        }
    }
}

/// Joins a room.
pub(super) fn join(model: &mut Model, id: RoomId, effects: &mut Vec<Effect>) {
    let asked = model.internal.awaits(|call| *call == Call::JoinRoom(id));
    let may = model.rooms.get(&id).is_some_and(|room| !room.joined() && !room.gone);
    if model.rooms.get(&id).is_some_and(|room| room.banned) {
        return model.show_notice_while(Cause::Outside(id), Tone::Error, "you are banned from this room");
    }
    if may && model.is_signed_out() {
        model.show_dialog(Dialog::SignedOut); // otherwise Enter would do nothing without a reason
    } else if may && !asked {
        call(model, Call::JoinRoom(id), Request::JoinRoom(id), effects);
    }
}

/// Handles the reply to a join.
pub(super) fn joined(model: &mut Model, id: RoomId, reply: Result<Listed, Failure>) {
    match reply {
        Ok(listed) => {
            rooms::merge_one(model, listed, false);
            model.want_newer(id); // messages from before the stream included this room
            presence::look_round_soon(model);
        }
        Err(failure) => {
            if failure.status().is_none() {
                model.internal.joins_lost.insert(id);
            }
            let name = model.rooms.get(&id).map_or_else(|| "the room".to_owned(), attention::name);
            let why = format!("could not join {name}: {}", failure.reason());
            model.show_notice_while(Cause::Outside(id), Tone::Error, &why);
        }
    }
}

/// Joins the rooms whose requests were lost with the connection.
pub(super) fn join_lost(model: &mut Model, effects: &mut Vec<Effect>) {
    for id in std::mem::take(&mut model.internal.joins_lost) {
        join(model, id, effects);
    }
}

/// Fetches a room that the user joined outside this client, perhaps long ago, because only the server knows what is
/// read.
pub(super) fn ask_for_marker(model: &mut Model, id: RoomId, effects: &mut Vec<Effect>) {
    let answered_anyway = |call: &Call| matches!(call, Call::JoinRoom(room) | Call::GetRoom(room) if *room == id);
    if !model.internal.awaits(answered_anyway) {
        call(model, Call::GetRoom(id), Request::GetRoom(id), effects);
    }
}

/// Handles the reply to [`ask_for_marker`]. If it failed, the next list of rooms contains the room.
pub(super) fn got(model: &mut Model, id: RoomId, reply: Result<Listed, Failure>) {
    let Ok(listed) = reply else { return };
    let Some(room) = model.rooms.get_mut(&id).filter(|room| room.joined()) else { return };
    if room.marker.in_flight.is_none() && room.marker.wanted.is_none() {
        room.member = None; // its marker was a guess
    }
    rooms::merge_one(model, listed, false);
}

/// Leaves the open room. Asks first if the user could not rejoin on their own, or would lose text.
pub(super) fn ask_to_leave(model: &mut Model, effects: &mut Vec<Effect>) -> Result<(), String> {
    let room = model.open_room().ok_or("no room is open")?;
    let id = room.info.id;
    if room.gone {
        match room.outbox.is_empty() && !room.has_draft() {
            true => close_gone(model, id),
            false => model.ask(Question::Leave { room: id }),
        }
        return Ok(());
    }
    if !room.joined() {
        return Err("you are not a member of this room".to_owned());
    }
    if room.head().is_some() {
        return Err("messages still wait to be sent here; sending them would make you join again".to_owned());
    }
    if room.is_direct() {
        return Err("a direct room cannot be left; /mute mutes it".to_owned());
    }
    if room.info.kind == RoomKind::Public {
        leave(model, id, effects);
    } else {
        model.ask(Question::Leave { room: id });
    }
    Ok(())
}

/// Drops a room that is gone, with what was not sent there.
fn close_gone(model: &mut Model, id: RoomId) {
    let Some(room) = model.rooms.get_mut(&id) else { return };
    room.give_up();
    model.touch(id);
    if model.open == Some(id) {
        navigation::depart(model);
    }
    model.sweep(id);
}

pub(super) fn leave(model: &mut Model, id: RoomId, effects: &mut Vec<Effect>) {
    if model.rooms.get(&id).is_some_and(|room| room.gone) {
        return close_gone(model, id);
    }
    let asked = model.internal.awaits(|call| *call == Call::LeaveRoom(id));
    if !asked && model.rooms.contains_key(&id) {
        call(model, Call::LeaveRoom(id), Request::LeaveRoom(id), effects);
    }
}

/// Handles the reply to leaving a room.
pub(super) fn left(model: &mut Model, id: RoomId, reply: Result<(), Failure>) {
    if let Err(failure) = reply {
        let why = format!("could not leave: {}", failure.reason());
        return model.show_notice(Tone::Error, &why);
    }
    let name = model.rooms.get(&id).map_or_else(|| "the room".to_owned(), attention::name);
    let done = format!("you have left {name}");
    rooms::out_of(model, id, &done);
    if model.open == Some(id) {
        navigation::depart(model);
    }
    model.show_notice(Tone::Calm, &done); // in the room that is open now
}
