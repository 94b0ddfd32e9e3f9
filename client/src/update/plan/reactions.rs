//! Sends reactions: one call per message and emoji at a time.

use quchat_shared::RoomId;

use crate::{
    model::{Call, Model},
    update::{Effect, Request, effect::call},
};

/// Sends the reactions of a room that are not in flight.
pub(super) fn plan(model: &mut Model, id: RoomId, effects: &mut Vec<Effect>) {
    if model.is_signed_out() || model.internal.stale.is_some() || model.internal.is_joining(id) {
        return;
    }
    let waiting = |model: &Model| {
        let pending = &model.rooms.get(&id)?.reactions.pending;
        let at = pending.iter().position(|reacting| reacting.in_flight.is_none())?;
        Some((at, pending[at].on, (id, pending[at].seq, pending[at].emoji.to_string())))
    };
    while let Some((at, on, reaction)) = waiting(model) {
        let request = if on { Request::AddReaction(reaction) } else { Request::RemoveReaction(reaction) };
        let number = call(model, Call::React(id), request, effects);
        if let Some(room) = model.rooms.get_mut(&id) {
            room.reactions.pending[at].in_flight = Some((number, on));
        }
    }
}
