//! Deadlines: what is due, when the next one is, how long to wait after a failure.
//!
//! Nothing repeats by itself, but for what counts seconds while it is shown: the pause of a lost connection, and the
//! silence of a server that owes an answer.

use super::{Effect, find, link, outbox, quotes, reading, saving, session, sighting};
use crate::{
    api::pause_ms,
    model::{Cause, Fetch, Link, Model, Notice, PATIENCE_MS, Room, SILENCE_MS, SendState, Tone},
};

/// When [`super::Msg::Tick`] is due, in [`crate::model::Now::mono_ms`]; `None` while nothing waits for time to pass.
/// After `update` it lies in the future.
#[must_use]
pub fn next_deadline(model: &Model) -> Option<u64> {
    let now = model.now.mono_ms;
    let notice = model.notice.as_ref().map(|notice| notice.until);
    let link = match model.link {
        Link::Reconnecting { at, .. } => Some(at - at.saturating_sub(now + 1) / 1000 * 1000), // whole seconds to go
        _ => None,
    };
    let silence = model.unanswered_since().map(|since| {
        let silent = now.saturating_sub(since);
        if silent < SILENCE_MS { since + SILENCE_MS } else { since + (silent / 1_000 + 1) * 1_000 } // then whole seconds
    });
    let loading = model.open_room().and_then(|room| match room.fetch {
        Fetch::Loading { since, .. } => Some(since + PATIENCE_MS).filter(|&at| at > now),
        _ => None,
    });
    let working = model.working_since().map(|since| since + PATIENCE_MS).filter(|&at| at > now);
    let rooms = model.memory.busy.iter().filter_map(|id| room_deadline(model, model.rooms.get(id)?)).min();
    let password = model.memory.password_due;
    let others = [working, silence, sighting::deadline(model), find::deadline(model), quotes::deadline(model)];
    [notice, link, loading, rooms, password].into_iter().chain(others).flatten().min()
}

fn room_deadline(model: &Model, room: &Room) -> Option<u64> {
    let save = saving::due(room).filter(|_| saving::is_on(model));
    if matches!(model.link, Link::SignedOut { .. }) || model.memory.stale.is_some() {
        return save;
    }
    let send = outbox::head(room).filter(|_| !outbox::is_in_flight(room)).and_then(|head| match head.state {
        SendState::RetryAt { at, .. } => Some(at),
        _ => None,
    });
    let marker = room.marker.wanted.filter(|_| room.marker.in_flight.is_none()).map(|_| room.marker.not_before);
    [save, send, marker].into_iter().flatten().min()
}

/// Does everything whose moment has come.
pub(super) fn perform_due(model: &mut Model, out: &mut Vec<Effect>) {
    let now = model.now.mono_ms;
    model.notice = model.notice.take().filter(|notice| notice.until > now);
    if matches!(model.link, Link::Reconnecting { at, .. } if at <= now) {
        link::connect(model, out);
    }
    session::ask_when_due(model);
    sighting::mark_due(model);
    for id in model.memory.busy.clone() {
        let Some(room) = model.rooms.get(&id) else { continue };
        if saving::due(room).is_some_and(|at| at <= now) {
            saving::save(model, id, out);
        }
        outbox::deliver(model, id, out);
        reading::send_marker(model, id, out);
    }
    let rooms = &model.rooms;
    model.memory.busy.retain(|id| rooms.get(id).is_some_and(is_busy));
}

fn is_busy(room: &Room) -> bool {
    room.unsaved_since.is_some() || !room.outbox.is_empty() || room.marker.wanted.is_some()
}

/// How long to wait after so many failures in a row.
pub(super) fn backoff(model: &mut Model, failures: u32) -> u64 {
    pause(model, failures, None)
}

/// How long to wait where the server may have asked for a longer pause.
pub(super) fn pause(model: &mut Model, failures: u32, asked_ms: Option<u64>) -> u64 {
    pause_ms(failures, chance(model), asked_ms)
}

/// The next number of the sequence that the seed began (SplitMix64).
fn chance(model: &mut Model) -> u64 {
    model.seed = model.seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mixed = (model.seed ^ (model.seed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// Says something that goes by itself.
pub(super) fn notice(model: &mut Model, tone: Tone, text: &str) {
    let shown_ms = match tone {
        Tone::Calm => 3_000,
        Tone::Error => 8_000,
    };
    model.memory.cause = None;
    model.notice = Some(Notice { text: text.to_owned(), tone, until: model.now.mono_ms.saturating_add(shown_ms) });
}

/// Says something that goes as soon as it is not true any more.
pub(super) fn notice_while(model: &mut Model, cause: Cause, tone: Tone, text: &str) {
    notice(model, tone, text);
    model.memory.cause = Some(cause);
}

/// Takes a notice away whose cause is over.
pub(super) fn end_notice(model: &mut Model) {
    let Some(cause) = &model.memory.cause else { return };
    let holds = match cause {
        Cause::Draft(id, text) => model.open_room().is_some_and(|room| room.info.id == *id && room.draft.text == *text),
        Cause::Command(text) => model.open_room().is_none() && model.command.text == *text,
        Cause::Open(id) => model.open == Some(*id),
        Cause::Outside(id) => model.rooms.get(id).is_some_and(|room| !room.joined()),
        Cause::QuitArmed => model.memory.quit_armed_until.is_some(),
        Cause::Refused => model.rooms.values().any(|room| room.refused().next().is_some()),
        Cause::SignedOut => matches!(model.link, Link::SignedOut { .. }),
        Cause::Unlisted => model.cursor.is_none(),
    };
    if !holds {
        (model.notice, model.memory.cause) = (None, None);
    }
}
