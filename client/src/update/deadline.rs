//! When the next [`super::Msg::Tick`] is due.
//!
//! There is no periodic timer, except for counters of seconds on the screen: the pause after a lost connection, the pause
//! that the server asks for before the next message, and the time since which the server owes an answer.

use super::{find, inbox, presence, quotes, recount, search, sighting};
use crate::model::{Fetch, Link, Model, PATIENCE_MS, Room, SILENCE_MS, SendState};

/// When [`super::Msg::Tick`] is due, in [`crate::model::Now::mono_ms`]; `None` if nothing waits for a deadline. After
/// `update` it is in the future.
#[must_use]
pub fn next_deadline(model: &Model) -> Option<u64> {
    let now = model.now.mono_ms;
    let notice = model.notice.as_ref().map(|notice| notice.until);
    let link = match model.link {
        Link::Reconnecting { at, .. } => Some(counted_down(at, now)),
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
    let rooms = model.internal.busy.iter().filter_map(|id| room_deadline(model, model.rooms.get(id)?)).min();
    let password = model.internal.password_due;
    let others = [working, silence, sighting::deadline(model), find::deadline(model), quotes::deadline(model)];
    let lists = [inbox::deadline(model), search::deadline(model), recount::deadline(model), presence::deadline(model)];
    [notice, link, loading, rooms, password].into_iter().chain(others).chain(lists).flatten().min()
}

/// When the number of whole seconds until `at` changes next; at last, `at` itself.
fn counted_down(at: u64, now: u64) -> u64 {
    at - at.saturating_sub(now + 1) / 1000 * 1000
}

fn room_deadline(model: &Model, room: &Room) -> Option<u64> {
    let save = room.save_due().filter(|_| model.storage.takes_saves());
    if model.is_signed_out() || model.internal.stale.is_some() {
        return save;
    }
    let send =
        room.head().filter(|_| !room.is_in_flight() && !model.waits_for_join(room)).and_then(|head| match head.state {
            SendState::RetryAt { at, asked: None } => Some(at),
            SendState::RetryAt { at, asked: Some(_) } => Some(counted_down(at, model.now.mono_ms)),
            _ => None,
        });
    let marker = room.marker.wanted.filter(|_| room.marker.in_flight.is_none()).map(|_| room.marker.not_before);
    [save, send, marker].into_iter().flatten().min()
}
