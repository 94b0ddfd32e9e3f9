//! Reading: scrolling, the "new" line, and the replies to read markers.

use std::sync::Arc;

use quchat_shared::{RoomId, Seq, api::ReadMarker};

use super::{Failure, sighting};
use crate::model::{Anchor, CaughtUp, Fetch, Model, Position, Question, Room, Seen, Tone, Wanted};

/// Most rows of scrolling that may wait for a frame.
const SCROLL_MAX: i32 = 1_000;

/// Takes what a frame showed: its position becomes the anchor, and its scrolling is done.
pub(super) fn seen(model: &mut Model, seen: Seen) {
    model.page_rows = seen.rows.max(1);
    let Some(room) = model.rooms.get_mut(&seen.room) else { return };
    let follows = room.anchor == Anchor::End && seen.scrolled >= 0;
    room.scroll_rows = room.scroll_rows.saturating_sub(seen.scrolled).clamp(-SCROLL_MAX, SCROLL_MAX);
    room.landing.take_if(|first| room.timeline.index(*first).is_some());
    let at_end = seen.at_end && (follows || !room.timeline.has_newer);
    room.anchor = if at_end { Anchor::End } else { seen.anchor.clone() };
    if model.open == Some(seen.room) {
        model.internal.seen = Some(seen);
        room.wants.near = true;
    }
}

/// Rows of a page. Two pages overlap by one row.
pub(super) fn page(model: &Model) -> i32 {
    i32::from(model.page_rows.saturating_sub(1).max(1))
}

/// Scrolls the open room by `rows`, down if positive. A failed page in that direction is retried.
pub(super) fn scroll(model: &mut Model, rows: i32) {
    let Some(room) = model.open_room_mut() else { return };
    room.landing = None;
    if rows < 0 || room.anchor != Anchor::End || room.scroll_rows < 0 {
        room.scroll_rows = room.scroll_rows.saturating_add(rows).clamp(-SCROLL_MAX, SCROLL_MAX);
    }
    let again = match &room.fetch {
        Fetch::Failed { page: Wanted::Older, .. } => rows < 0,
        Fetch::Failed { page: Wanted::Newer, .. } => rows > 0,
        Fetch::Failed { .. } => true,
        _ => false,
    };
    room.wants.retry |= again;
    room.wants.near = true;
}

/// Goes to the newest message at the user's request. The whole room counts as read.
pub(super) fn to_bottom(model: &mut Model) {
    let Some(room) = model.open_room_mut() else { return };
    room.go_to(Position::default());
    sighting::mark_all(model);
}

/// Goes to the "new" line, or to the first unread message.
pub(super) fn to_new(model: &mut Model) {
    let Some(room) = model.open_room_mut() else { return };
    let unread = room.member.filter(|_| room.unread() > 0).map(|member| member.last_read_seq);
    let Some(after) = room.new_after.or(unread) else {
        return model.show_notice(Tone::Calm, "no new messages here");
    };
    let first = after.next();
    room.go_to(Room::at_new(first));
    if room.destination.is_none() {
        room.stand_at_new(first);
    }
}

/// The terminal gained or lost the focus. Messages that came in between are new.
pub(super) fn term_focus(model: &mut Model, focused: bool) {
    model.term_focused = focused;
    let left_at = model.internal.left_at.take();
    let Some(room) = model.open_room_mut() else { return };
    let (id, last) = (room.info.id, room.info.last_seq);
    if !focused {
        model.internal.left_at = Some(left_at.filter(|(room, _)| *room == id).unwrap_or((id, last)));
        return;
    }
    if left_at.is_some_and(|(room, before)| room == id && before < last) {
        room.new_after = None; // `draw_line` sets it again
    }
    room.draw_line();
}

/// Asks whether to mark everything as read.
pub(super) fn ask_to_catch_up(model: &mut Model) {
    let now = |room: &Room| CaughtUp { room: room.info.id, last: room.info.last_seq, mentions: room.mentions };
    let rooms: Arc<[_]> = model.rooms.values().filter(|room| room.unread() > 0).map(now).collect();
    match model.rooms.values().map(Room::unread).fold(0, u64::saturating_add) {
        0 => model.show_notice(Tone::Calm, "nothing is unread"),
        messages => model.ask(Question::CatchUp { messages, rooms }),
    }
}

/// Marks everything as read that was unread when the question was asked.
pub(super) fn catch_up(model: &mut Model, rooms: &[CaughtUp]) {
    for &CaughtUp { room: id, last, mentions } in rooms {
        let unread = |room: &&mut Room| room.member.is_some_and(|member| member.last_read_seq < last);
        let Some(room) = model.rooms.get_mut(&id).filter(unread) else { continue };
        room.marker.wanted = room.marker.wanted.max(Some(last));
        room.new_after = None;
        room.mentions = room.mentions.saturating_sub(mentions); // also those that are not loaded
        room.read_to(last, None);
        model.internal.busy.insert(id);
    }
}

/// Handles the reply to a read marker.
pub(super) fn marked(model: &mut Model, id: RoomId, seq: Seq, reply: Result<ReadMarker, Failure>) {
    let failures = model.rooms.get(&id).map_or(0, |room| room.marker.failures);
    let pause = match &reply {
        Err(failure) if failure.may_pass() => Some(model.pause(failures, failure.retry_after_ms())),
        _ => None,
    };
    let (now, me) = (model.now.mono_ms, model.me());
    let Some(room) = model.rooms.get_mut(&id) else { return };
    room.marker.in_flight = None;
    room.marker.failures = 0;
    if let Ok(marker) = reply {
        room.read_to(marker.last_read_seq, me);
        let last = Seq(marker.last_read_seq.0.saturating_add(marker.unread));
        room.take_count(marker.mentions, marker.last_read_seq, last, me.unwrap_or_default());
    }
    if let (Some(pause), true) = (pause, room.joined()) {
        room.marker.failures = failures.saturating_add(1);
        room.marker.wanted = room.marker.wanted.max(Some(seq));
        room.marker.not_before = room.marker.not_before.max(now.saturating_add(pause));
        model.internal.busy.insert(id);
    }
}
