//! The connection: rooms first, then the stream from their cursor; after a loss the stream again from where it was.

use quchat_shared::{
    Cursor,
    api::Rooms,
    event::{ByeReason, Hello, Reset},
};

use super::{Effect, Failure, Request, calls::call, navigation, outbox, pages, rooms, saving, session, time};
use crate::model::{Anchor, Call, Fetch, Key, Link, Model, Room, Storage, Timeline, Wanted};

/// A connection that held this long was a good one: the next failure counts as the first.
const STABLE_MS: u64 = 10_000;

/// Begins an attempt.
pub(super) fn connect(model: &mut Model, out: &mut Vec<Effect>) {
    if model.account.is_none() {
        return;
    }
    model.link = Link::Connecting { failures: model.memory.link_failures };
    match model.cursor.clone() {
        Some(since) => listen(model, since, out),
        None => {
            model.memory.listed = model.rooms.keys().copied().collect();
            call(model, Call::ListRooms, Request::ListRooms, out);
        }
    }
}

fn listen(model: &mut Model, since: Cursor, out: &mut Vec<Effect>) {
    let stream = model.memory.number();
    model.stream = Some(stream);
    model.memory.bye = None;
    out.push(Effect::Listen { stream, since });
}

/// The rooms, as of a position of the stream: merge them, listen from there.
pub(super) fn rooms_listed(model: &mut Model, reply: Result<Rooms, Failure>, out: &mut Vec<Effect>) {
    let listed = match reply {
        Ok(listed) => listed,
        Err(failure) => return failed(model, &failure),
    };
    let stale = std::mem::take(&mut model.memory.stale);
    let remembered = model.open_room().is_some_and(|room| room.remembered);
    rooms::merge(model, listed.rooms, stale);
    navigation::place_visits(model);
    saving::unshelve(model);
    saving::name_the_shelved(model);
    model.cursor = Some(listed.cursor.clone());
    listen(model, listed.cursor, out);
    if stale {
        refresh(model, out);
    }
    match model.open {
        None if model.storage == Storage::Opening => {} // the disk will say which one
        None => navigation::open_latest(model, out),
        Some(open) if remembered => navigation::arrive(model, open, out),
        Some(open) => pages::catch_up(model, open, out),
    }
    outbox::deliver_all(model, out);
}

/// Nothing at hand can be trusted after a reset: forget it, except what is on the screen, which is fetched around the
/// place where one stands.
fn refresh(model: &mut Model, out: &mut Vec<Effect>) {
    let open = model.open;
    model.find = None;
    for room in model.rooms.values_mut().filter(|room| Some(room.info.id) != open) {
        room.timeline = Timeline::default();
        room.fetch = Fetch::Idle;
    }
    let Some(room) = open.and_then(|open| model.rooms.get_mut(&open)) else { return };
    room.distrusted = true;
    let (id, page) = (room.info.id, page_around(room));
    pages::fetch(model, id, page, out);
}

/// The page that shows a room where one stands in it.
pub(super) fn page_around(room: &Room) -> Wanted {
    match &room.anchor {
        Anchor::At { top: Key::Seq(seq), .. } => Wanted::Around(*seq),
        _ => Wanted::Newest,
    }
}

/// The stream is live.
pub(super) fn hello(model: &mut Model, hello: Hello, out: &mut Vec<Effect>) {
    model.cursor = Some(hello.cursor);
    model.link = Link::Connected;
    model.memory.connected_at = model.now.mono_ms;
    outbox::release_all(model, out);
    if let Some(open) = model.open {
        pages::retry(model, open, out);
    }
}

/// The stream cannot be resumed: close it, fetch the rooms, go on from their cursor.
pub(super) fn reset(model: &mut Model, _: Reset, out: &mut Vec<Effect>) {
    out.push(Effect::HangUp);
    model.stream = None;
    model.cursor = None;
    model.memory.stale = true;
    connect(model, out);
}

/// The server announced the end of the stream.
pub(super) fn bye(model: &mut Model, reason: ByeReason, out: &mut Vec<Effect>) {
    model.memory.bye = Some(reason);
    match reason {
        ByeReason::SignedOut => session::end(model, "you were signed out", out),
        ByeReason::Expired => session::end(model, "your session has expired", out),
        ByeReason::Shutdown | ByeReason::Slow => {}
    }
}

/// The stream is over.
pub(super) fn ended(model: &mut Model, failure: &Failure, out: &mut Vec<Effect>) {
    model.stream = None;
    if failure.status() == Some(401) {
        return session::end(model, "your session has ended", out);
    }
    let live = model.link == Link::Connected;
    let stable = live && model.now.mono_ms.saturating_sub(model.memory.connected_at) >= STABLE_MS;
    if stable {
        model.memory.link_failures = 0;
    }
    match model.memory.bye.take() {
        Some(ByeReason::Slow) if stable => connect(model, out),
        Some(ByeReason::Shutdown) => wait(model, "the server is shutting down", None),
        _ => failed(model, failure),
    }
}

fn failed(model: &mut Model, failure: &Failure) {
    wait(model, failure.reason(), failure.retry_after_ms());
}

fn wait(model: &mut Model, reason: &str, asked: Option<u64>) {
    let failures = model.memory.link_failures;
    let pause = time::pause(model, failures, asked);
    model.memory.link_failures = failures.saturating_add(1);
    model.link = Link::Reconnecting {
        at: model.now.mono_ms.saturating_add(pause),
        failures: model.memory.link_failures,
        reason: reason.to_owned(),
    };
}
