//! Which rooms there are, and being in them.

use std::collections::BTreeSet;

use quchat_shared::{
    Room as Listed, RoomId, RoomInfo, Seq,
    api::NewRoom,
    event::ResetReason,
    limits,
    room::{Membership, RoomKind},
};

use super::{Effect, Failure, Request, calls::call, navigation, pages};
use crate::{
    api::ROOMS_MAX,
    model::{Call, Cause, Dialog, DialogId, Marker, Model, Question, Room, SendState, Sighted, Timeline, Tone, Visit},
};

/// Takes a whole list of rooms. After a reset, what is at hand is `stale` and replaced; else the newer of two copies
/// wins.
pub(super) fn merge(model: &mut Model, listed: Vec<Listed>, stale: Option<ResetReason>) {
    model.memory.arrivals += 1; // which of these became unread first, nobody knows
    let there: BTreeSet<RoomId> = listed.iter().map(|room| room.info.id).collect();
    for id in std::mem::take(&mut model.memory.listed).difference(&there).copied() {
        lose(model, id, "this room is gone");
    }
    let (joined, others): (Vec<_>, Vec<_>) = listed.into_iter().partition(|listed| listed.member.is_some());
    for listed in joined.into_iter().chain(others) {
        if takes(model, listed.info.id) {
            merge_one(model, listed, stale.is_some());
        }
    }
    if stale == Some(ResetReason::Unknown) {
        forget_replies(model);
    }
}

/// The numbers of messages mean others now, or none: what is written answers nothing any more.
fn forget_replies(model: &mut Model) {
    let mut written = false;
    let changed: Vec<_> = model
        .rooms
        .values_mut()
        .filter_map(|room| {
            written |= room.draft.reply_to.is_some();
            room.forget_replies_beyond(Seq(0)).then_some(room.info.id)
        })
        .collect();
    changed.into_iter().for_each(|id| model.touch(id));
    for stored in model.memory.unplaced.values_mut() {
        stored.reply_to = None;
        stored.outbox.iter_mut().for_each(|kept| kept.reply_to = None);
    }
    if written {
        model.show_notice(Tone::Error, "the server was reset: choose again what your draft replies to");
    }
}

/// Whether there is a place for this room among those that are known; says so, once, if there is none.
pub(super) fn takes(model: &mut Model, id: RoomId) -> bool {
    let taken = model.rooms.len() < ROOMS_MAX || model.rooms.contains_key(&id);
    if !taken && !std::mem::replace(&mut model.memory.told_of_rooms, true) {
        let text = format!("the server has more than {ROOMS_MAX} rooms: the others are not shown");
        model.show_notice(Tone::Error, &text);
    }
    taken
}

fn merge_one(model: &mut Model, listed: Listed, stale: bool) {
    let Listed { info, member, unread: _, mentions, last_message: _ } = listed;
    let (last_seq, arrival) = (info.last_seq, model.memory.arrivals);
    model.memory.visits_changed = true;
    replace_another(model, &info);
    let fresh = stale.then(|| info.clone());
    let room = know(model, info);
    room.info = fresh.unwrap_or_else(|| room.info.clone());
    (room.gone, room.cleared_when_gone) = (false, false);
    room.counted_seq = room.counted_seq.max(last_seq);
    if stale {
        room.counted_seq = last_seq;
        room.known_seq = room.known_seq.min(last_seq);
        room.forget_replies_beyond(last_seq);
        (room.marker, room.sighted) = (Marker::default(), Sighted::default());
        (room.unread_since, room.rounded) = (None, false);
    }
    let waiting = room.marker.in_flight.is_some() || room.marker.wanted.is_some();
    let own = match &room.member {
        Some(member) if waiting || !stale => member.last_read_seq, // known here first
        _ => Seq(0),
    };
    room.member = member.map(|member| Membership { last_read_seq: member.last_read_seq.max(own), ..member });
    room.mentions = mentions.min(room.unread());
    room.note_unread(arrival);
    room.note_end();
}

/// A restored server may give the number of a room that it lost to another one. What was written for the one is not sent
/// to the other; it can be taken back.
fn replace_another(model: &mut Model, info: &RoomInfo) {
    let another = |room: &&mut Room| room.info.created_at != info.created_at;
    let Some(room) = model.rooms.get_mut(&info.id).filter(another) else { return };
    room.timeline = Timeline::default();
    room.info = RoomInfo { rev: 0, last_seq: Seq(0), ..info.clone() };
    room.go_to_end();
    room.forget_replies_beyond(Seq(0));
    for pending in &mut room.outbox {
        pending.state = SendState::Refused("it was written for another room, which is gone".into());
    }
    model.touch(info.id);
}

/// Takes what is the same for everyone: a new room, or the newer copy of one.
pub(super) fn know(model: &mut Model, info: RoomInfo) -> &mut Room {
    let room = model.rooms.entry(info.id).or_insert_with(|| Room::new(info.clone(), None));
    if let Some(stored) = model.memory.unplaced.remove(&info.id) {
        model.memory.busy.insert(info.id);
        room.restore(stored); // before the first letter there would replace it
    }
    if std::mem::take(&mut room.remembered) {
        room.known_seq = info.last_seq; // as in a room just heard of
    }
    model.memory.visits_changed |= room.visited > 0 && info.rev > room.info.rev;
    let last_seq = room.info.last_seq.max(info.last_seq);
    if info.rev >= room.info.rev {
        room.info = info;
    }
    room.info.last_seq = last_seq;
    room
}

/// Shows what the disk remembers until the server tells which rooms there are.
pub(super) fn recall(model: &mut Model, visits: Vec<Visit>) {
    for visit in visits {
        let id = visit.info.id;
        model.memory.listed.insert(id);
        model.rooms.entry(id).or_insert_with(|| Room::recall(visit));
    }
}

/// One may not know of this room any more. It stays listed while it is open or holds something unsent.
pub(super) fn lose(model: &mut Model, id: RoomId, why: &str) {
    let open = model.open == Some(id);
    let Some(room) = model.rooms.get_mut(&id) else { return };
    (room.member, room.mentions, room.gone, room.remembered) = (None, 0, true, false);
    model.memory.visits_changed = true;
    room.forget_sent();
    if open {
        model.show_notice_while(Cause::Open(id), Tone::Error, why);
    }
    model.sweep(id);
}

/// One is no longer a member.
pub(super) fn out_of(model: &mut Model, id: RoomId, why: &str) {
    let Some(room) = model.rooms.get_mut(&id) else { return };
    if room.info.kind != RoomKind::Public {
        return lose(model, id, why);
    }
    let was = room.member.take().is_some();
    model.memory.visits_changed = true;
    room.mentions = 0;
    room.known_seq = room.info.last_seq;
    room.forget_sent();
    if model.open != Some(id) {
        room.timeline = Timeline::default(); // from here on nobody tells of changes to it
    } else if was {
        model.show_notice_while(Cause::Open(id), Tone::Calm, why);
    }
}

/// Makes a room; the dialog, if open, waits for the answer.
pub(super) fn create(model: &mut Model, name: String, private: bool, out: &mut Vec<Effect>) {
    if model.memory.awaits(|call| *call == Call::CreateRoom) || model.account.is_none() {
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
    let kind = private.then_some(RoomKind::Private);
    if let Some(Dialog::CreateRoom { waiting, problem, .. }) = dialog(model) {
        (*waiting, *problem) = (true, None);
    }
    call(model, Call::CreateRoom, Request::CreateRoom(NewRoom { name, topic: None, kind }), out);
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

/// The room is there, or not.
pub(super) fn created(model: &mut Model, reply: Result<Listed, Failure>, out: &mut Vec<Effect>) {
    match reply {
        Err(failure) => refuse(model, failure.reason()),
        Ok(listed) => {
            let id = listed.info.id;
            if takes(model, id) {
                merge_one(model, listed, false);
            }
            model.close_dialog(DialogId::CreateRoom);
            navigation::visit(model, id, out);
        }
    }
}

/// Asks again for what was asked on connections that are given up. Joining and leaving change nothing the second time.
/// A room is not made again: there might be two.
pub(super) fn ask_again(model: &mut Model, given_up: &[Call], out: &mut Vec<Effect>) {
    for given_up in given_up {
        match given_up {
            Call::JoinRoom(id) => join(model, *id, out),
            Call::LeaveRoom(id) if model.rooms.get(id).is_some_and(Room::joined) => leave(model, *id, out),
            Call::CreateRoom => refuse(model, "it is not known whether the room was made; look for it first"),
            _ => {}
        }
    }
}

/// Asks to be let in.
pub(super) fn join(model: &mut Model, id: RoomId, out: &mut Vec<Effect>) {
    let asked = model.memory.awaits(|call| *call == Call::JoinRoom(id));
    let may = model.rooms.get(&id).is_some_and(|room| !room.joined() && !room.gone);
    if may && model.is_signed_out() {
        model.show_dialog(Dialog::SignedOut); // else Enter would do nothing and not say why
    } else if may && !asked {
        call(model, Call::JoinRoom(id), Request::JoinRoom(id), out);
    }
}

/// One is in, or not.
pub(super) fn joined(model: &mut Model, id: RoomId, reply: Result<Listed, Failure>, out: &mut Vec<Effect>) {
    match reply {
        Ok(listed) => {
            merge_one(model, listed, false);
            pages::catch_up(model, id, out); // what was said before the stream had this room
        }
        Err(failure) => {
            let name = model.rooms.get(&id).map_or("the room", |room| &room.info.name);
            let why = format!("could not join {name}: {}", failure.reason());
            model.show_notice_while(Cause::Outside(id), Tone::Error, &why);
        }
    }
}

/// One has joined by another way than a call of this client, perhaps long ago: only the server knows what is read.
pub(super) fn ask_for_marker(model: &mut Model, id: RoomId, out: &mut Vec<Effect>) {
    let answered_anyway = |call: &Call| matches!(call, Call::JoinRoom(room) | Call::GetRoom(room) if *room == id);
    if !model.memory.awaits(answered_anyway) {
        call(model, Call::GetRoom(id), Request::GetRoom(id), out);
    }
}

/// The room as it is. Unanswered, it is listed with the next connection that begins anew.
pub(super) fn got(model: &mut Model, id: RoomId, reply: Result<Listed, Failure>) {
    let Ok(listed) = reply else { return };
    let Some(room) = model.rooms.get_mut(&id).filter(|room| room.joined()) else { return };
    if room.marker.in_flight.is_none() && room.marker.wanted.is_none() {
        room.member = None; // its marker was a guess
    }
    merge_one(model, listed, false);
}

/// Leaves the open room; asks first where one could not come back by oneself.
pub(super) fn ask_to_leave(model: &mut Model, out: &mut Vec<Effect>) -> Result<(), String> {
    let room = model.open_room().filter(|room| room.joined()).ok_or("you are not a member of this room")?;
    let id = room.info.id;
    if room.head().is_some() {
        return Err("messages still wait to be sent here; sent later, they would bring you back".to_owned());
    }
    if room.info.kind == RoomKind::Public {
        leave(model, id, out);
    } else {
        model.ask(Question::Leave { room: id });
    }
    Ok(())
}

/// Leaves.
pub(super) fn leave(model: &mut Model, id: RoomId, out: &mut Vec<Effect>) {
    let asked = model.memory.awaits(|call| *call == Call::LeaveRoom(id));
    if !asked && model.rooms.contains_key(&id) {
        call(model, Call::LeaveRoom(id), Request::LeaveRoom(id), out);
    }
}

/// One is out, or not.
pub(super) fn left(model: &mut Model, id: RoomId, reply: Result<(), Failure>, out: &mut Vec<Effect>) {
    if let Err(failure) = reply {
        let why = format!("could not leave: {}", failure.reason());
        return model.show_notice(Tone::Error, &why);
    }
    let name = model.rooms.get(&id).map_or("the room", |room| &room.info.name);
    let done = format!("you have left {name}");
    out_of(model, id, &done);
    if model.open == Some(id) {
        navigation::depart(model, out);
    }
    model.show_notice(Tone::Calm, &done); // in the room that is open now
}
