//! Going from room to room.

use quchat_shared::RoomId;

use super::{attention, jump, presence, rooms};
use crate::model::{
    Anchor, DialogId, Fetch, Model, PageWants, Participants, Quoted, Room, RunLimit, Timeline, Tone, Unfolded,
    VISITS_KEPT, Visit, Watched,
};

/// Dropping this many messages at once is worth returning memory to the system: about 2 MiB.
pub(crate) const RUN_LONG: usize = 5_000;

/// A direction through the joined rooms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Next,
    Previous,
}

/// Opens a room and moves the focus to its composer. The user can go back.
pub(super) fn visit(model: &mut Model, id: RoomId) {
    if model.open != Some(id) && model.rooms.contains_key(&id) {
        jump::leave(model);
    }
    enter(model, id);
}

/// As [`visit`], for those who note themselves where the user was.
pub(super) fn enter(model: &mut Model, id: RoomId) {
    if !model.rooms.contains_key(&id) {
        return;
    }
    model.close_dialog(DialogId::Switcher);
    model.in_side_bar = false;
    let opened = model.open != Some(id);
    if opened {
        let before = model.open;
        close(model);
        let before = before.filter(|before| model.rooms.contains_key(before)).or(model.last);
        model.last = before.filter(|&before| before != id);
        model.open = Some(id);
        model.internal.visits += 1;
        model.move_command_to(id);
        presence::look_round_soon(model);
    }
    let visits = model.internal.visits;
    if let Some(room) = model.rooms.get_mut(&id) {
        room.rounded = room.unread() > 0; // a read room must not count as visited when it becomes unread
        model.internal.visits_changed |= std::mem::replace(&mut room.visited, visits) != visits;
    }
    look_in(model, id, opened);
}

/// Marks the present state of a room as known and asks for missing pages. A room just `opened` shows its new messages.
fn look_in(model: &mut Model, id: RoomId, opened: bool) {
    let rows = model.page_rows;
    let Some(room) = model.rooms.get_mut(&id) else { return };
    room.known_seq = room.info.last_seq;
    room.draw_line();
    if opened {
        room.land(rows);
    }
    let lost = matches!(room.anchor, Anchor::At { .. }) && room.anchor_index().is_none();
    if room.timeline.is_unknown() && room.fetch == Fetch::Idle || matches!(room.fetch, Fetch::Failed { .. }) {
        room.wants.retry = true;
    } else if lost && room.fetch == Fetch::Idle {
        room.wants.page = Some(room.page_around());
    } else {
        room.note_end();
        room.wants.newer = true;
    }
}

/// The server has listed the rooms, and the open one was restored from disk: refreshes it, or opens another if it is
/// gone.
pub(super) fn arrive(model: &mut Model, id: RoomId) {
    match model.rooms.get(&id).filter(|room| room.is_over()) {
        None => look_in(model, id, true),
        Some(room) => {
            let why = format!("{} is gone", attention::name(room));
            depart(model);
            model.show_notice(Tone::Error, &why);
        }
    }
}

/// Takes the stored visits. All of them are older than the visits of this client.
pub(super) fn visited(model: &mut Model, mut visits: Vec<Visit>) {
    if model.account.is_none() {
        return;
    }
    visits.truncate(VISITS_KEPT);
    visits.reverse();
    let before = visits.len() as u64;
    model.internal.visits += before;
    for room in model.rooms.values_mut().filter(|room| room.visited > 0) {
        room.visited += before;
    }
    model.internal.visited = visits.iter().map(|visit| visit.info.id).collect();
    if model.cursor.is_none() {
        rooms::recall(model, visits);
    } else {
        visits.retain(|visit| !model.rooms.contains_key(&visit.info.id));
        model.internal.absent = visits;
    }
    place_visits(model);
}

/// Sets the stored visits on the rooms that are listed now.
pub(super) fn place_visits(model: &mut Model) {
    for (nth, id) in (1..).zip(&model.internal.visited) {
        if let Some(room) = model.rooms.get_mut(id).filter(|room| room.visited == 0) {
            room.visited = nth;
        }
    }
}

/// Closes the open room: saves its draft and shortens its history.
pub(super) fn close(model: &mut Model) {
    model.internal.watched = Watched::default();
    model.selected = None;
    model.find = None;
    model.spotlight = None;
    let Some(id) = model.open.take() else { return };
    model.save_now(id);
    if let Some(room) = model.rooms.get_mut(&id) {
        room.new_after = None;
        room.sighted.forget_to(room.read());
        if room.landing.is_some() {
            room.go_to_end(); // no frame has shown the new messages
        }
        room.unfolded = Unfolded::default();
        room.known_seq = room.info.last_seq;
        room.wants = PageWants::default();
        if !room.is_direct() {
            room.participants = Participants::default();
        }
        if room.bound(&RunLimit::OUT_OF_VIEW) >= RUN_LONG {
            model.internal.give_back = true;
        }
        if !room.joined() {
            // no events of this room arrive
            room.timeline = Timeline::default();
            room.quoted = Quoted::default();
        }
    }
    model.sweep(id);
}

/// After leaving a room: opens the previous one, or the one visited last.
pub(super) fn depart(model: &mut Model) {
    let last = model.last.filter(|last| model.rooms.get(last).is_some_and(Room::joined));
    close(model);
    match last {
        Some(last) => visit(model, last),
        None => open_latest(model),
    }
}

/// Opens the joined room visited last, else the first one.
pub(super) fn open_latest(model: &mut Model) {
    let latest = model.ordered().take_while(|room| room.joined()).min_by_key(|room| std::cmp::Reverse(room.visited));
    if let Some(id) = latest.map(|room| room.info.id) {
        visit(model, id);
    }
}

/// The joined rooms in the order of the side bar.
fn joined(model: &Model) -> Vec<RoomId> {
    model.ordered().take_while(|room| room.joined()).map(|room| room.info.id).collect()
}

/// Opens the next or previous joined room; wraps around.
pub(super) fn step(model: &mut Model, step: Step) {
    let joined = joined(model);
    let at = joined.iter().position(|&id| model.open == Some(id));
    let next = match (at, step) {
        (_, _) if joined.is_empty() => return,
        (None, Step::Next) => 0,
        (None, Step::Previous) => joined.len() - 1,
        (Some(at), Step::Next) => (at + 1) % joined.len(),
        (Some(at), Step::Previous) => (at + joined.len() - 1) % joined.len(),
    };
    visit(model, joined[next]);
}

/// Opens the room that was open before.
pub(super) fn last(model: &mut Model) {
    match model.last.filter(|last| model.rooms.get(last).is_some_and(Room::joined)) {
        Some(last) => visit(model, last),
        None => model.show_notice(Tone::Calm, "no other room was open before"),
    }
}

/// Opens the nth joined room, counted from 1.
pub(super) fn number(model: &mut Model, number: usize) {
    match model.nth_joined(number) {
        Some(id) => visit(model, id),
        None => model.show_notice(Tone::Calm, &format!("there is no room {number}")),
    }
}

/// Opens the next unread room: first those with mentions and direct rooms, then the one unread longest, else the first
/// in the side bar. Each round visits every room once.
pub(super) fn next_unread(model: &mut Model) {
    let next = first_unread(model).or_else(|| {
        model.rooms.values_mut().for_each(|room| room.rounded = false);
        first_unread(model)
    });
    match next {
        Some(id) => visit(model, id),
        None => model.show_notice(Tone::Calm, "no other room is unread"),
    }
}

/// The first unread room in that order that was not visited in this round.
fn first_unread(model: &Model) -> Option<RoomId> {
    let joined = model.ordered().take_while(|room| room.joined());
    let unread = joined.filter(|room| room.unread() > 0 && !room.rounded && model.open != Some(room.info.id));
    let urgent = |room: &Room| room.addressed() > 0;
    unread.min_by_key(|room| (!urgent(room), room.unread_since)).map(|room| room.info.id)
}
