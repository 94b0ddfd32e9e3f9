//! Notifications: one for each burst of messages.

use crate::{
    model::{Alert, Burst, Model},
    update::Effect,
};

/// A message within this time after the previous one belongs to the same burst, in milliseconds.
const BURST_GAP_MS: u64 = 5_000;
/// A burst that goes on notifies again after this time, in milliseconds.
const BURST_MAX_MS: u64 = 60_000;

/// Notifies of the messages of this step, once per burst.
pub(super) fn plan(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(Alert { room, title, mut body, more }) = model.internal.alert.take() else { return };
    if model.rooms.get(&room).is_none_or(|room| room.unread() == 0) {
        return; // read in another client meanwhile
    }
    let now = model.now.mono_ms;
    let burst =
        model.internal.burst.filter(|burst| now < burst.last + BURST_GAP_MS && now < burst.begun + BURST_MAX_MS);
    model.internal.burst = Some(Burst { begun: burst.map_or(now, |burst| burst.begun), last: now });
    if burst.is_some() {
        return;
    }
    if more > 0 {
        body.push_str(&format!(" (and {more} more)"));
    }
    effects.push(Effect::Notify { title, body });
}
