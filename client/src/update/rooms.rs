//! The list of rooms and the user's membership in them.

use std::collections::BTreeSet;

use quchat_shared::{
    Room as Listed, RoomId, RoomInfo, Seq,
    event::ResetReason,
    room::{Membership, RoomKind},
};

use crate::{
    api::ROOMS_MAX,
    model::{Cause, Marker, Model, Participants, Room, SendState, Sighted, Storage, Timeline, Tone, Visit},
};

/// Takes a complete list of rooms. With `stale`, after a reset, it replaces the present state; otherwise the newer of
/// two copies wins.
pub(super) fn merge(model: &mut Model, listed: Vec<Listed>, stale: Option<ResetReason>) {
    model.internal.arrivals += 1; // their order of becoming unread is unknown
    let there: BTreeSet<RoomId> = listed.iter().map(|room| room.info.id).collect();
    for id in std::mem::take(&mut model.internal.listed).difference(&there).copied() {
        mark_gone(model, id, "this room is gone");
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

/// Drops the reply targets of everything unsent and gives up edits, because seqs may mean other messages now.
fn forget_replies(model: &mut Model) {
    let (mut written, mut edited) = (false, false);
    let changed: Vec<_> = model
        .rooms
        .values_mut()
        .filter_map(|room| {
            written |= room.draft.reply_to.is_some();
            edited |= room.draft.editing.is_some();
            room.forget_replies_beyond(Seq(0)).then_some(room.info.id)
        })
        .collect();
    changed.into_iter().for_each(|id| model.touch(id));
    for stored in model.internal.unplaced.values_mut() {
        stored.reply_to = None;
        stored.outbox.iter_mut().for_each(|kept| kept.reply_to = None);
        stored.forget_edits();
    }
    if written {
        model.show_notice(Tone::Error, "the server was reset: choose again what your draft replies to");
    } else if edited {
        model.show_notice(Tone::Error, "the server was reset and the edit cancelled; Up brings back your text");
    }
}

/// Whether the limit on rooms leaves space for this one. Shows a notice once if not.
pub(super) fn takes(model: &mut Model, id: RoomId) -> bool {
    let taken = model.rooms.len() < ROOMS_MAX || model.rooms.contains_key(&id);
    if !taken && !std::mem::replace(&mut model.internal.told_of_rooms, true) {
        let text = format!("the server has more than {ROOMS_MAX} rooms: the others are not shown");
        model.show_notice(Tone::Error, &text);
    }
    taken
}

pub(super) fn merge_one(model: &mut Model, listed: Listed, stale: bool) {
    let Listed { info, member, unread: _, mentions, peer, banned, .. } = listed;
    let (last_seq, arrival) = (info.last_seq, model.internal.arrivals);
    model.internal.visits_changed = true;
    replace_another(model, &info);
    let fresh = stale.then(|| info.clone());
    let room = upsert(model, info);
    room.info = fresh.unwrap_or_else(|| room.info.clone());
    room.gone = false;
    room.cleared_when_gone = false;
    room.counted_seq = room.counted_seq.max(last_seq);
    room.mentions_seq = room.mentions_seq.max(last_seq);
    if stale {
        room.counted_seq = last_seq;
        room.mentions_seq = last_seq;
        room.known_seq = room.known_seq.min(last_seq);
        room.forget_replies_beyond(last_seq);
        room.marker = Marker::default();
        room.sighted = Sighted::default();
        room.unread_since = None;
        room.rounded = false;
    }
    let waiting = room.marker.in_flight.is_some() || room.marker.wanted.is_some();
    let own = match &room.member {
        Some(member) if waiting || !stale => member.last_read_seq, // the server may not have this marker yet
        _ => Seq(0),
    };
    if member.is_some() {
        room.note_joining();
    }
    room.member = member.map(|member| Membership { last_read_seq: member.last_read_seq.max(own), ..member });
    room.mentions = mentions.min(room.unread());
    room.note_unread(arrival);
    room.note_end();
    room.banned = banned;
    room.peer = peer.or(room.peer.take());
    let unmet =
        room.peer.as_ref().filter(|_| room.is_direct() && room.participants.online().is_none()).map(|peer| peer.id);
    model.internal.unmet.extend(unmet);
}

/// Handles a restored server that reuses the id of a lost room for another one. Messages for the lost room are not sent
/// to the new one; the user can take them back.
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

/// Adds a room, or updates it if `info` is newer. Membership and read position stay as they are.
pub(super) fn upsert(model: &mut Model, info: RoomInfo) -> &mut Room {
    let room = model.rooms.entry(info.id).or_insert_with(|| Room::new(info.clone(), None));
    if let Some(stored) = model.internal.unplaced.remove(&info.id) {
        model.internal.busy.insert(info.id);
        room.restore(stored); // before a save of new text would overwrite it
    }
    if std::mem::take(&mut room.remembered) {
        room.known_seq = info.last_seq; // as in a new room
    }
    model.internal.visits_changed |= room.visited > 0 && info.rev > room.info.rev;
    let last_seq = room.info.last_seq.max(info.last_seq);
    if info.rev >= room.info.rev {
        room.info = info;
    }
    room.info.last_seq = last_seq;
    room
}

/// Shows the stored rooms until the server has listed its rooms.
pub(super) fn recall(model: &mut Model, visits: Vec<Visit>) {
    for visit in visits {
        let id = visit.info.id;
        model.internal.listed.insert(id);
        model.rooms.entry(id).or_insert_with(|| Room::recall(visit));
    }
}

/// Marks a room that the user can no longer see. It stays listed while it is open or holds unsent text.
pub(super) fn mark_gone(model: &mut Model, id: RoomId, why: &str) {
    let open = model.open == Some(id);
    let Some(room) = model.rooms.get_mut(&id) else { return };
    if room.remembered && model.storage == Storage::Opening {
        model.internal.absent.push(room.visit()); // what the disk holds for it is not known yet
    }
    room.member = None;
    room.mentions = 0;
    room.gone = true;
    room.gone_because = why.into();
    room.remembered = false;
    model.internal.visits_changed = true;
    room.forget_sent();
    if open {
        model.show_notice_while(Cause::Open(id), Tone::Error, why);
    }
    model.sweep(id);
}

/// Ends the user's membership.
pub(super) fn out_of(model: &mut Model, id: RoomId, why: &str) {
    let Some(room) = model.rooms.get_mut(&id) else { return };
    if room.info.kind != RoomKind::Public {
        return mark_gone(model, id, why);
    }
    let was = room.member.take().is_some();
    room.participants = Participants::default();
    model.internal.visits_changed = true;
    room.mentions = 0;
    room.known_seq = room.info.last_seq;
    room.forget_sent();
    if model.open != Some(id) {
        room.timeline = Timeline::default(); // no events about it will arrive
    } else if was {
        model.show_notice_while(Cause::Open(id), Tone::Calm, why);
    }
}
