//! Pages of history: which one to ask for, and how one joins what is at hand.
//!
//! Per room one page is awaited; the answer to any other question is dropped. Whoever stands somewhere stays there.

use std::sync::Arc;

use quchat_shared::{
    Message, RoomId, Seq,
    api::MessagePage,
    limits::PAGE_MAX,
    query::{Bound, ListMessages},
};

use super::{Effect, Failure, Request, calls::call, outbox};
use crate::model::{Anchor, Call, Fetch, Key, Model, Offered, Room, RunLimit, Timeline, Wanted, bytes, is_run};

/// Bytes are counted once for so many messages of the stream.
const COUNT_EVERY: u64 = 1_024;
/// The bytes of all rooms are counted once newer copies of messages have added so many.
const GROWTH_MAX: usize = 1024 * 1024;
/// So many messages at once are worth giving their memory back: some 2 MiB.
pub(crate) const RUN_LONG: usize = 5_000;
/// Most missing messages that are fetched one page after the other; beyond, a new run begins at the end.
const GAP_MAX: u64 = 200;
/// Messages of a page when a room is opened: a tall screen full.
const PAGE_FIRST: u32 = 60;

/// Asks for a page; what was asked before in this room is awaited no more.
pub(super) fn fetch(model: &mut Model, id: RoomId, page: Wanted, out: &mut Vec<Effect>) {
    let since = model.now.mono_ms;
    let Some(room) = model.rooms.get(&id).filter(|room| !room.gone && !room.remembered) else { return };
    if model.is_signed_out() {
        return;
    }
    let page = match page {
        Wanted::Older | Wanted::Newer if room.distrusted => Wanted::Newest, // the run is not one to go on from
        page => page,
    };
    let (bound, limit) = match (page, room.timeline.first(), room.timeline.last()) {
        (Wanted::Older, Some(first), _) => (Bound::Before(first), PAGE_MAX),
        (Wanted::Newer, _, Some(last)) => (Bound::After(last), PAGE_MAX),
        (Wanted::Around(seq), ..) => (Bound::Around(seq), PAGE_MAX),
        (Wanted::Newest, ..) | (Wanted::Older, None, _) | (Wanted::Newer, _, None) => (Bound::Newest, PAGE_FIRST),
    };
    let page = if bound == Bound::Newest { Wanted::Newest } else { page };
    let request = Request::ListMessages(id, ListMessages { bound, limit: Some(limit) });
    let call = call(model, Call::ListMessages(id), request, out);
    if let Some(room) = model.rooms.get_mut(&id) {
        room.fetch = Fetch::Loading { call, page, since };
    }
}

/// A page, or none.
pub(super) fn arrived(
    model: &mut Model,
    id: RoomId,
    call: u64,
    reply: Result<MessagePage, Failure>,
    out: &mut Vec<Effect>,
) {
    let (me, limit) = (model.me(), model.run_limit(id));
    let Some(room) = model.rooms.get_mut(&id) else { return };
    let page = match room.fetch {
        Fetch::Loading { call: awaited, page, .. } if awaited == call => page,
        _ => return,
    };
    let reply = reply.and_then(|page| if is_page(&page.messages) { Ok(page) } else { Err(Failure::nonsense()) });
    let MessagePage { messages, has_older, has_newer } = match reply {
        Ok(page) => page,
        Err(failure) => return failed(model, id, page, &failure),
    };
    room.fetch = Fetch::Idle;
    let empty = messages.is_empty();
    let before = (room.timeline.first(), room.timeline.last());
    let messages: Vec<Arc<Message>> = messages.into_iter().map(Arc::new).collect();
    let own = |message: &&Arc<Message>| Some(message.sender.id) == me && message.txn.is_some();
    let echoes: Vec<_> =
        if room.outbox.is_empty() { Vec::new() } else { messages.iter().filter(own).map(Arc::clone).collect() };
    join(room, page, messages, has_older, has_newer);
    for message in &echoes {
        outbox::recognise(model, id, message, out);
    }
    if let Some(room) = model.rooms.get_mut(&id) {
        room.absorb_sent();
        room.bound(limit);
        room.note_end();
    }
    let Some(room) = model.rooms.get_mut(&id) else { return };
    let stuck = match page {
        Wanted::Older => room.timeline.has_older && room.timeline.first() == before.0,
        Wanted::Newer => room.timeline.has_newer && room.timeline.last() == before.1,
        Wanted::Newest | Wanted::Around(_) => false,
    };
    let go_on = match page {
        Wanted::Older | Wanted::Newer => true,
        Wanted::Newest => !empty && missing(room) <= GAP_MAX,
        Wanted::Around(_) => !empty,
    };
    if stuck {
        failed(model, id, page, &Failure::nonsense()); // asked again at once, it would be the same
    } else {
        room.fetch_failures = 0;
        if go_on {
            catch_up(model, id, out);
        }
    }
}

/// There is no page. Whoever scrolls there asks again at once; events ask again only after a pause.
fn failed(model: &mut Model, id: RoomId, page: Wanted, failure: &Failure) {
    let failures = model.rooms.get(&id).map_or(0, |room| room.fetch_failures);
    let pause = model.pause(failures, failure.retry_after_ms());
    let at = model.now.mono_ms.saturating_add(pause);
    if let Some(room) = model.rooms.get_mut(&id) {
        room.fetch = Fetch::Failed { page, reason: failure.reason().into() };
        (room.fetch_failures, room.fetch_not_before) = (failures.saturating_add(1), at);
    }
}

/// What a page must be: neighbours, and no more of them than can be asked for.
fn is_page(messages: &[Message]) -> bool {
    messages.len() <= PAGE_MAX as usize && is_run(messages)
}

fn join(room: &mut Room, page: Wanted, messages: Vec<Arc<Message>>, has_older: bool, has_newer: bool) {
    let distrusted = std::mem::take(&mut room.distrusted);
    if let Some(last) = messages.last() {
        room.info.last_seq = room.info.last_seq.max(last.seq);
    }
    let timeline = &mut room.timeline;
    match page {
        Wanted::Newest | Wanted::Around(_) => {
            if distrusted {
                *timeline = Timeline::default();
            }
            timeline.begin(messages, has_older, has_newer, page == Wanted::Newest);
        }
        Wanted::Older => timeline.prepend(messages, has_older),
        Wanted::Newer => {
            timeline.has_newer = has_newer;
            for message in &messages {
                timeline.offer(message);
            }
        }
    }
    let first_new = room.new_after.map(Seq::next);
    match page {
        Wanted::Newest => match room.landing.filter(|first| room.timeline.index(*first).is_some()) {
            Some(first) => room.stand_at_new(first),
            None => room.go_to_end(),
        },
        Wanted::Around(seq) if room.timeline.index(seq).is_none() => room.go_to_end(),
        Wanted::Around(seq) if first_new == Some(seq) => room.stand_at_new(seq),
        Wanted::Around(seq) => room.stand_at(Key::Seq(seq)),
        Wanted::Older | Wanted::Newer => {}
    }
}

/// Takes a newer copy of a message at hand, which may be larger: rooms are kept within their bytes.
pub(super) fn renew(model: &mut Model, id: RoomId, message: &Arc<Message>) {
    let Some(room) = model.rooms.get_mut(&id) else { return };
    let Some(at) = room.timeline.index(message.seq) else { return };
    let before = bytes(&room.timeline.run[at]);
    room.timeline.offer(message);
    let growth = bytes(&room.timeline.run[at]).saturating_sub(before);
    model.memory.grown += growth;
    if model.memory.grown > GROWTH_MAX {
        model.memory.grown = 0;
        for (id, room) in &mut model.rooms {
            room.bound(if model.open == Some(*id) { &RunLimit::IN_VIEW } else { &RunLimit::OUT_OF_VIEW });
        }
    }
}

/// Takes a message of the stream.
pub(super) fn append(model: &mut Model, id: RoomId, message: &Arc<Message>, out: &mut Vec<Effect>) {
    renew(model, id, message); // it may have been at hand
    let (open, limit) = (model.open == Some(id), model.run_limit(id));
    let Some(room) = model.rooms.get_mut(&id) else { return };
    match room.timeline.offer(message) {
        Offered::Before => {}
        Offered::Taken => {
            room.timeline.has_newer = room.timeline.last() < Some(room.info.last_seq);
            room.absorb_sent();
            room.shorten(limit.messages);
            if message.seq.0.is_multiple_of(COUNT_EVERY) {
                room.bound(limit);
            }
        }
        Offered::Beyond if room.timeline.is_unknown() => {}
        Offered::Beyond => {
            room.timeline.has_newer = true;
            if open {
                catch_up(model, id, out);
            } else if room.anchor == Anchor::End {
                room.timeline = Timeline::default();
            }
        }
    }
}

/// Closes the gap between the run and the end of the room on the screen, if the reader is near it.
pub(super) fn catch_up(model: &mut Model, id: RoomId, out: &mut Vec<Effect>) {
    let Some(room) = model.rooms.get(&id).filter(|_| model.open == Some(id)) else { return };
    let waits = match room.fetch {
        Fetch::Idle => false,
        Fetch::Loading { .. } => true,
        Fetch::Failed { .. } => model.now.mono_ms < room.fetch_not_before,
    };
    if !room.timeline.has_newer || waits {
        return;
    }
    let near = missing(room) <= GAP_MAX;
    match room.anchor {
        Anchor::End if !near || room.timeline.is_unknown() => fetch(model, id, Wanted::Newest, out),
        _ if near => fetch(model, id, Wanted::Newer, out),
        _ => {}
    }
}

/// Messages between the run and the end of the room.
fn missing(room: &Room) -> u64 {
    room.info.last_seq.0.saturating_sub(room.timeline.last().unwrap_or_default().0)
}

/// Fetches what the reader comes near to.
pub(super) fn want_more(model: &mut Model, id: RoomId, out: &mut Vec<Effect>) {
    let Some(room) = model.rooms.get(&id).filter(|_| model.open == Some(id)) else { return };
    let Some(seen) = model.memory.seen.as_ref().filter(|seen| seen.room == id) else { return };
    if room.fetch != Fetch::Idle || room.timeline.is_unknown() {
        return;
    }
    let near = 2 * usize::from(seen.rows) + room.scroll_rows.unsigned_abs() as usize;
    let place = |key: &Key| match key {
        Key::Seq(seq) => room.timeline.index(*seq),
        Key::Txn(_) => Some(room.timeline.run.len()),
    };
    let older = room.timeline.has_older && place(&seen.first).is_some_and(|at| at < near);
    let newer = room.timeline.has_newer && place(&seen.last).is_some_and(|at| at + near >= room.timeline.run.len());
    match (older, newer) {
        (true, _) => fetch(model, id, Wanted::Older, out),
        (false, true) => fetch(model, id, Wanted::Newer, out),
        (false, false) => {}
    }
}

/// Tries a failed page again, or the first one if there is none at hand.
pub(super) fn retry(model: &mut Model, id: RoomId, out: &mut Vec<Effect>) {
    let Some(room) = model.rooms.get(&id) else { return };
    match &room.fetch {
        Fetch::Failed { page, .. } => fetch(model, id, *page, out),
        Fetch::Idle if room.timeline.is_unknown() => fetch(model, id, room.page_around(), out),
        Fetch::Idle => catch_up(model, id, out),
        Fetch::Loading { .. } => {}
    }
}
