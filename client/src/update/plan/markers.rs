//! Read markers: one in flight per room, the latest wins, at most one per 2 s.

use quchat_shared::{RoomId, api::NewReadMarker};

use crate::{
    model::{Call, Model},
    update::{Effect, Request, effect::call},
};

/// Shortest time between two read markers of a room, in milliseconds.
const MARKER_EVERY_MS: u64 = 2_000;

/// Sends the wanted read marker of the room, if it is due.
pub(super) fn plan(model: &mut Model, id: RoomId, effects: &mut Vec<Effect>) {
    let (now, me) = (model.now.mono_ms, model.me());
    if model.is_signed_out() || model.internal.stale.is_some() {
        return; // after a reset, list the rooms first
    }
    let Some(room) = model.rooms.get_mut(&id) else { return };
    let free = room.marker.in_flight.is_none() && room.marker.not_before <= now;
    let Some(seq) = room.marker.wanted.filter(|_| free) else { return };
    room.marker.wanted = None;
    room.marker.not_before = now + MARKER_EVERY_MS;
    room.read_to(seq, me);
    let request = Request::MarkRead(id, NewReadMarker { seq, rewind: false });
    let call = call(model, Call::MarkRead(id, seq), request, effects);
    if let Some(room) = model.rooms.get_mut(&id) {
        room.marker.in_flight = Some(call);
    }
}
