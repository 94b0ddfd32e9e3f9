//! Jumps: to a message anywhere, and back to where the user was.

use std::sync::Arc;

use quchat_shared::api::Hit;

use super::navigation;
use crate::model::{DialogId, Model, Position, Tone, Visited, place};

/// Notes where the user is, before going elsewhere.
pub(super) fn leave(model: &mut Model) {
    if let Some(here) = model.here() {
        model.places.jump(here);
    }
}

/// Goes to a message that was listed. It stands out until Esc.
pub(super) fn to(model: &mut Model, hit: Arc<Hit>) {
    let (id, seq) = place(&hit);
    if model.rooms.get(&id).is_none_or(|room| room.gone) {
        return model.show_notice(Tone::Error, "you can no longer read that room");
    }
    leave(model);
    if model.shows_dialog(DialogId::Search) {
        model.search.chosen = Some((id, seq));
    }
    model.close_dialog(DialogId::Inbox);
    model.close_dialog(DialogId::Search);
    model.find = None;
    model.selected = None;
    navigation::enter(model, id);
    let rows = model.page_rows;
    let byte = hit.ranges.first().map_or(0, |&(start, _)| start);
    model.spotlight = Some(hit);
    if let Some(room) = model.rooms.get_mut(&id) {
        room.go_to(Position::in_view(seq, byte, rows));
    }
}

/// Ends the highlight of the message that the user jumped to. Returns whether there was one.
pub(super) fn end(model: &mut Model) -> bool {
    model.spotlight.take().is_some()
}

/// Goes to the place before the last jump, or forward again.
pub(super) fn back(model: &mut Model, back: bool) {
    let here = model.here();
    while let Some(there) = model.places.take(back) {
        let gone = model.rooms.get(&there.room).is_none_or(|room| room.gone);
        if gone || Some(&there) == here.as_ref() {
            continue;
        }
        if let Some(here) = here {
            model.places.leave(here, back);
        }
        return stand(model, there);
    }
    let way = if back { "back to" } else { "forward to" };
    model.show_notice(Tone::Calm, &format!("there is no place to go {way}"));
}

fn stand(model: &mut Model, there: Visited) {
    model.find = None;
    model.selected = None;
    navigation::enter(model, there.room);
    if let Some(room) = model.rooms.get_mut(&there.room) {
        room.go_to(Position { anchor: there.anchor, scroll_rows: 0 });
    }
}
