//! Handles the events of the stream.

use std::sync::Arc;

use quchat_shared::{
    Event, Message, RoomId, Seq,
    event::{Activity, MemberJoined, MemberLeft, MemberUpdated, ReadUpdated, RoomCreated, RoomUpdated},
    room::{Membership, Notify},
};

use super::{
    Effect, ServerEvent, attention, bans, changed, connection, inbox, members, membership, outbox, pages, people,
    presence, recount, room_changes, rooms,
};
use crate::model::{Model, Sighted, Tone};

/// Handles events in order. Events of an earlier stream are dropped.
pub(super) fn take(model: &mut Model, stream: u64, events: Vec<ServerEvent>, effects: &mut Vec<Effect>) {
    for event in events {
        if model.stream != Some(stream) {
            return; // also if an event of this batch closed it
        }
        if !matches!(event, ServerEvent::Ended(_)) {
            model.internal.dialled = None;
            model.internal.gave_up = None;
        }
        match event {
            ServerEvent::Event(event, cursor) => {
                if !cursor.0.is_empty() {
                    model.cursor = Some(cursor);
                }
                apply(model, event, effects);
            }
            ServerEvent::At(cursor) => model.cursor = Some(cursor),
            ServerEvent::Ended(failure) => connection::ended(model, &failure),
        }
    }
}

fn apply(model: &mut Model, event: Event, effects: &mut Vec<Effect>) {
    let named = match &event {
        Event::RoomCreated(RoomCreated { room })
        | Event::RoomUpdated(RoomUpdated { room })
        | Event::MemberJoined(MemberJoined { room, .. })
        | Event::MemberUpdated(MemberUpdated { room, .. }) => Some(room.id),
        _ => None,
    };
    if named.is_some_and(|id| !rooms::takes(model, id)) {
        return;
    }
    match event {
        Event::Hello(hello) => connection::hello(model, hello, effects),
        Event::Reset(reset) => connection::reset(model, reset),
        Event::Bye(bye) => connection::bye(model, bye.reason),
        Event::Activity(activity) => note_activity(model, &activity),
        Event::RoomCreated(event) => drop(rooms::upsert(model, event.room)),
        Event::RoomUpdated(event) => room_changes::room_updated(model, event.room),
        Event::RoomDeleted(event) => room_changes::room_deleted(model, event.room_id),
        Event::MemberJoined(event) => member_joined(model, event, effects),
        Event::MemberUpdated(event) => member_updated(model, event),
        Event::MemberLeft(event) => member_left(model, &event),
        Event::MessageCreated(event) => message_created(model, event.room_id, event.message),
        Event::MessageUpdated(event) => changed::message_updated(model, event.room_id, event.message),
        Event::ReadUpdated(event) => read_updated(model, &event),
        Event::SettingsUpdated(event) => attention::set_elsewhere(model, event.room_id, event.notify),
        Event::BanUpdated(event) => ban_updated(model, event.room_id, event.banned),
        Event::Presence(event) => presence::presence(model, &event),
        Event::Typing(event) => presence::typing(model, &event),
    }
}

/// Notes new messages in rooms that are not joined. In joined rooms each message has its own event.
fn note_activity(model: &mut Model, activity: &Activity) {
    for moved in &activity.rooms {
        let open = model.open == Some(moved.id);
        let Some(room) = model.rooms.get_mut(&moved.id).filter(|room| !room.joined()) else { continue };
        room.info.last_seq = room.info.last_seq.max(moved.last_seq);
        if open {
            room.known_seq = room.info.last_seq;
            room.note_end();
            room.wants.newer = true;
        }
    }
}

fn member_joined(model: &mut Model, event: MemberJoined, effects: &mut Vec<Effect>) {
    let me = model.me() == Some(event.user.id);
    let last_read_seq = event.room.last_seq;
    model.internal.visits_changed |= me;
    members::joined(model, event.room.id);
    let open = model.open == Some(event.room.id);
    let by = event.by.filter(|by| by.id != event.user.id);
    let room = rooms::upsert(model, event.room);
    if !me {
        room.participants.welcome(&event.user);
        if room.is_direct() {
            room.peer.get_or_insert(event.user);
        }
    } else {
        room.gone = false;
        room.banned = false;
        let known = room.joined();
        room.note_joining();
        let fresh = Membership { role: event.role, last_read_seq, notify: Notify::default() };
        room.member.get_or_insert(fresh).role = event.role;
        room.note_end();
        room.wants.newer = true; // messages from before the stream included this room
        let id = room.info.id;
        let nameless = room.is_direct() && room.peer.is_none();
        let added = by.filter(|_| !known && !room.is_direct());
        let added = added.map(|by| format!("{} added you to {}", by.name, attention::name(room)));
        if !known && (last_read_seq > Seq(0) || nameless) {
            membership::ask_for_marker(model, id, effects);
        }
        if open {
            presence::look_round_soon(model);
        }
        if let Some(added) = added {
            model.show_notice(Tone::Calm, &added);
        }
    }
}

fn member_updated(model: &mut Model, event: MemberUpdated) {
    let me = model.me() == Some(event.user.id);
    members::role_changed(model, event.room.id, event.user.id, event.role);
    let room = rooms::upsert(model, event.room);
    let (true, Some(member)) = (me, &mut room.member) else { return };
    let before = std::mem::replace(&mut member.role, event.role);
    if before != event.role {
        let told = people::new_role(room, event.role, event.by.as_ref().filter(|by| by.id != event.user.id));
        model.show_notice(Tone::Calm, &told);
    }
}

fn member_left(model: &mut Model, event: &MemberLeft) {
    let (id, user) = (event.room_id, event.user.id);
    members::left(model, id, user);
    if event.banned {
        bans::banned(model, id, &event.user);
    }
    let Some(room) = model.rooms.get_mut(&id) else { return };
    room.participants.miss(user);
    if model.me() != Some(user) {
        return;
    }
    let put_out = model.rooms.get(&id).and_then(|room| people::put_out(room, event.by.as_ref(), event.banned));
    match put_out {
        None => rooms::out_of(model, id, "you are no longer in this room"),
        Some(why) => {
            outbox::refuse_all(model, id, &why.as_str().into());
            rooms::out_of(model, id, &why);
            model.show_notice(Tone::Error, &why); // also if another room is open
        }
    }
}

/// The user was banned from a public room, or the ban was lifted.
fn ban_updated(model: &mut Model, id: RoomId, banned: bool) {
    let Some(room) = model.rooms.get_mut(&id) else { return };
    if std::mem::replace(&mut room.banned, banned) && !banned {
        let text = format!("you may join {} again", attention::name(room));
        model.show_notice(Tone::Calm, &text);
    }
}

fn message_created(model: &mut Model, id: RoomId, message: Message) {
    let Some(me) = model.me() else { return };
    let open = model.open == Some(id);
    model.internal.arrivals += 1;
    let Some(room) = model.rooms.get_mut(&id) else { return };
    let message = Arc::new(message);
    room.quoted.update(&message); // a replay shows it as it is now
    room.participants.stopped(message.sender.id);
    if room.is_direct() && room.peer.is_none() && message.sender.id != me {
        room.peer = Some(message.sender.clone());
    }
    room.info.last_seq = room.info.last_seq.max(message.seq);
    room.note_unread(model.internal.arrivals);
    // `last_seq` is no measure: in a replay, room events show the room as it is now, before its messages arrive.
    let fresh = message.seq > room.counted_seq;
    if fresh {
        room.counted_seq = message.seq;
    }
    room.count_new(&message, me);
    if open {
        room.known_seq = room.info.last_seq;
    }
    if message.sender.id == me {
        room.read_to(message.seq, Some(me)); // as the server does
        outbox::recognise(model, id, &message);
    }
    if fresh {
        attention::prepare_notification(model, id, &message);
        inbox::note(model, &message);
    }
    pages::append(model, id, &message);
}

/// The marker moved in another client of the user, or this is the echo of a marker of this client.
fn read_updated(model: &mut Model, event: &ReadUpdated) {
    let Some(room) = model.rooms.get_mut(&event.room_id) else { return };
    let waiting = room.marker.in_flight.is_some() || room.marker.wanted.is_some();
    let before = room.read();
    if event.last_read_seq > before {
        room.sighted.add(before.next(), event.last_read_seq); // seen in another client
    } else if event.last_read_seq < before && !waiting {
        room.sighted = Sighted::default(); // marked as unread
        model.internal.watched.range.take_if(|_| model.open == Some(event.room_id));
    }
    if let Some(member) = &mut room.member {
        let own = if waiting { member.last_read_seq } else { Seq(0) };
        member.last_read_seq = event.last_read_seq.max(own);
    }
    room.mentions = room.mentions.min(room.unread());
    room.note_unread(model.internal.arrivals);
    if room.read() == event.last_read_seq && room.mentions != event.mentions {
        room.mentions = event.mentions.min(room.unread());
        recount::ask(model, event.room_id); // in a replay it counts changed messages as they are today
    }
}
