//! Effects on the connection: sessions and the event stream.

use quchat_shared::Cursor;

use crate::{
    model::{Call, Link, Model, SessionChange},
    update::{Effect, Request, effect::call},
};

/// Ends, changes and starts sessions and streams, in this order.
pub(super) fn plan(model: &mut Model, effects: &mut Vec<Effect>) {
    let last_saves = std::mem::take(&mut model.internal.last_saves); // before the user's directory is closed
    effects.extend(last_saves.into_iter().map(|(ticket, stored)| Effect::Save { ticket, stored }));
    if std::mem::take(&mut model.internal.hang_up) {
        effects.push(Effect::HangUp);
    }
    effects.extend(model.internal.trusted.take().map(Effect::Trust)); // before a session uses it
    match model.internal.session_change.take() {
        Some(SessionChange::Enter { server, session }) => effects.push(Effect::Enter { server, session }),
        Some(SessionChange::SignOut) => effects.push(Effect::SignOut),
        None => {}
    }
    if std::mem::take(&mut model.internal.redial) {
        effects.push(Effect::Redial);
    }
    if matches!(model.link, Link::Reconnecting { at, .. } if at <= model.now.mono_ms) {
        model.connect();
    }
    let is_connecting = matches!(model.link, Link::Connecting { .. });
    if !is_connecting || model.stream.is_some() || model.internal.awaits(|call| *call == Call::ListRooms) {
        return;
    }
    match model.cursor.clone() {
        Some(since) => listen(model, since, effects),
        None => {
            model.internal.listed = model.rooms.keys().copied().collect();
            call(model, Call::ListRooms, Request::ListRooms, effects);
        }
    }
}

fn listen(model: &mut Model, since: Cursor, effects: &mut Vec<Effect>) {
    let stream = model.internal.number();
    model.stream = Some(stream);
    model.internal.bye = None;
    model.internal.greeted = false;
    model.internal.dialled = Some(model.now.mono_ms);
    effects.push(Effect::Listen { stream, since });
}
