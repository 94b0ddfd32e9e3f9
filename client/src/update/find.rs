//! The search in the open room: as you type, from hit to hit, and back to where you were.
//!
//! The client searches the loaded messages. Before them, the server searches: it finds words by their beginning, and of
//! what it finds, only messages that contain the typed text are hits.

use std::sync::Arc;

use quchat_shared::{RoomId, Seq, api::Hits, query::SearchMessages};

use super::Failure;
use crate::model::{Anchor, Find, Further, Key, Model, Position, Room, Tone};

/// The budget of one step: a fraction of a millisecond.
const STEP_COST: usize = 256 * 1024;
/// Most pages that are fetched for one hit.
const PAGES_MAX: u32 = 4;
/// The pause before the next step. Waiting events are handled and drawn in between.
const STEP_EVERY_MS: u64 = 1;

/// Opens the search with this text. Does nothing if it is open.
pub(super) fn open(model: &mut Model, typed: &str) {
    let last_seen = model.internal.seen.as_ref().and_then(|seen| match &seen.last {
        Key::Seq(seq) => Some((seen.room, *seq)),
        Key::Txn(_) => None,
    });
    let Some(room) = model.open_room().filter(|_| model.find.is_none()) else { return };
    if room.timeline.messages.is_empty() {
        return model.show_notice(Tone::Calm, "there is no message to search in");
    }
    let seen = last_seen.filter(|(seen, _)| *seen == room.info.id).map(|(_, seq)| seq);
    let near = seen.or(room.timeline.last()).unwrap_or_default();
    let find = Find::new(room.info.id, room.position(), near);
    model.selected = None;
    model.in_side_bar = false;
    model.find = Some(find);
    sought(model, typed.into());
}

/// Changes the search text. The first step follows at once.
pub(super) fn sought(model: &mut Model, typed: Arc<str>) {
    let Some(find) = &mut model.find else { return };
    let going = find.going;
    find.seek(typed);
    if going != find.going
        && let Some(room) = model.rooms.get_mut(&find.room)
    {
        room.stay();
    }
}

/// Searches the loaded messages for one step and goes to a hit.
pub(super) fn go_on(model: &mut Model) {
    let Some(find) = &mut model.find else { return };
    let Some(room) = model.rooms.get(&find.room).filter(|_| model.open == Some(find.room)) else {
        return model.find = None;
    };
    find.follow(&room.timeline);
    find.search(&room.timeline, STEP_COST);
    if let Some(seq) = find.going {
        let loaded = room.timeline.index(seq).is_some();
        find.going.take_if(|_| loaded || room.destination.is_none()); // the user may have gone elsewhere
        if loaded {
            stand(model, Some(seq));
        }
        return;
    }
    let kept = find.at.filter(|at| find.holds(*at)); // still a hit after the text changed
    let at = kept.or_else(|| find.nearest());
    let early = at.is_none() && find.goes_on();
    if !early && (at != find.at || !find.settled) {
        stand(model, at);
    }
}

/// When the search goes on, in [`crate::model::Now::mono_ms`].
pub(super) fn deadline(model: &Model) -> Option<u64> {
    model.find.as_ref().filter(|find| find.goes_on()).map(|_| model.now.mono_ms + STEP_EVERY_MS)
}

/// Goes `by` hits further down; up if negative. Where the loaded messages end, the server's hits follow.
pub(super) fn step(model: &mut Model, by: isize) {
    if step_beyond(model, by < 0) {
        return;
    }
    if let Some(seq) = model.find.as_ref().and_then(|find| find.further(by)) {
        stand(model, Some(seq));
    }
}

/// Leaves the loaded messages, if the current hit is the last of them in this direction. Returns whether it does.
fn step_beyond(model: &mut Model, up: bool) -> bool {
    let rows = model.page_rows;
    let Some((find, room)) = model.find.as_mut().zip(model.open.and_then(|open| model.rooms.get_mut(&open))) else {
        return false;
    };
    if find.going.is_some() {
        room.wants.retry = true; // the page around it may have failed
        return true;
    }
    let is_more = if up || find.count().1 == 0 { room.timeline.has_older } else { room.timeline.has_newer };
    if find.needle.is_none() || !is_more || !find.is_last(up) {
        return false;
    }
    if let Some(seq) = find.beyond(up) {
        find.know(None);
        go(find, room, seq, rows);
        return true;
    }
    if !up && find.count().1 > 0 || find.further == Further::Nothing {
        return false;
    }
    if !matches!(find.further, Further::Wanted { .. }) {
        find.further = Further::Wanted { after: None, pages: 0 };
    }
    true
}

/// Handles a page of hits before the loaded messages: goes to the newest of them.
pub(super) fn arrived(model: &mut Model, query: &SearchMessages, reply: Result<Hits, Failure>) {
    if model.further_request().as_ref() != Some(query) {
        return; // of an earlier text
    }
    let rows = model.page_rows;
    let Some((find, room)) = model.find.as_mut().zip(model.open.and_then(|open| model.rooms.get_mut(&open))) else {
        return;
    };
    let Further::Wanted { pages, .. } = find.further else { return };
    let Hits { hits, next } = match reply {
        Ok(hits) => hits,
        Err(failure) => return find.further = Further::Failed(failure.reason().into()),
    };
    let (Some(needle), Some(first)) = (find.needle.clone(), room.timeline.first()) else { return };
    let before =
        hits.iter().map(|hit| &hit.message).filter(|message| message.seq < first && needle.is_in(&message.text));
    let found: Vec<Seq> = before.map(|message| message.seq).collect();
    match found.iter().max().copied() {
        Some(seq) => {
            find.know(found);
            go(find, room, seq, rows);
        }
        None if next.is_some() && pages + 1 < PAGES_MAX => {
            find.further = Further::Wanted { after: next, pages: pages + 1 }
        }
        None => find.further = Further::Nothing,
    }
}

/// Goes to a hit that is not loaded.
fn go(find: &mut Find, room: &mut Room, seq: Seq, rows: u16) {
    find.go(seq);
    room.go_to(Position::in_view(seq, 0, rows)); // `stand` looks for the byte when the text is there
}

/// Searches a message again because it was edited.
pub(super) fn look_again(model: &mut Model, id: RoomId, seq: Seq) {
    let Some(find) = model.find.as_mut().filter(|find| find.room == id) else { return };
    if let Some(room) = model.rooms.get(&id) {
        find.look_again(&room.timeline, seq);
    }
}

/// Ends the search and returns to the position before it. Returns whether there was one.
pub(super) fn leave(model: &mut Model) -> bool {
    let Some(find) = model.find.take() else { return false };
    if let Some(room) = model.rooms.get_mut(&find.room) {
        room.go_to(find.from);
    }
    true
}

/// Ends the search at the current position. Returns the current hit.
pub(super) fn stay(model: &mut Model) -> Option<Seq> {
    let find = model.find.take()?;
    if let Some(room) = model.rooms.get_mut(&find.room).filter(|_| find.going.is_some()) {
        room.stay();
    }
    find.at
}

/// Goes to a hit, so that the first match in it is visible. Without one, returns to the position before the search.
fn stand(model: &mut Model, at: Option<Seq>) {
    let rows = model.page_rows;
    let seen = model.internal.seen.as_ref();
    let Some(find) = &mut model.find else { return };
    let Some(room) = model.rooms.get_mut(&find.room) else { return };
    let was = std::mem::replace(&mut find.at, at);
    find.settled = true;
    let Some(seq) = at else {
        if was.is_some() {
            room.go_to(find.from.clone());
        }
        return;
    };
    let key = Key::Seq(seq);
    let in_view = seen.is_some_and(|seen| {
        let unmoved =
            room.scroll_rows == 0 && (room.anchor == seen.anchor || room.anchor == Anchor::End && seen.at_end);
        seen.room == find.room && unmoved && seen.first < key && key < seen.last
    });
    if in_view {
        room.stay();
    } else {
        let text = room.timeline.index(seq).and_then(|at| room.timeline.messages.get(at)).map(|message| &message.text);
        let hit = find.needle.as_ref().zip(text).and_then(|(needle, text)| needle.stretches(text).into_iter().next());
        room.go_to(Position::in_view(seq, hit.map_or(0, |hit| hit.start), rows));
    }
}
