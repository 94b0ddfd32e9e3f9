//! Pages of history: how a page is merged with the loaded messages. `plan` decides which page is fetched next.
//!
//! A room waits for one page; replies to other requests are dropped. So is a page around a position that the reader has
//! left. The scroll position changes only if the reader is on the way to the page.

use std::sync::Arc;

use quchat_shared::{Message, RoomId, Seq, api::MessagePage, limits::PAGE_MAX};

use super::{Failure, outbox};
use crate::model::{Anchor, Fetch, GAP_MAX, Key, Model, Offered, Room, RunLimit, Timeline, Wanted, bytes, is_run};

/// The bytes of a room are counted once per this many messages of the stream.
const COUNT_EVERY: u64 = 1_024;
/// The bytes of all rooms are counted once newer copies of messages have added this many.
const GROWTH_MAX: usize = 1024 * 1024;

/// Handles the reply to a request for a page.
pub(super) fn arrived(model: &mut Model, id: RoomId, call: u64, reply: Result<MessagePage, Failure>) {
    let (me, limit) = (model.me(), model.run_limit(id));
    let Some(room) = model.rooms.get_mut(&id) else { return };
    let page = match room.fetch {
        Fetch::Loading { call: awaited, page, .. } if awaited == call => page,
        _ => return,
    };
    let reply = reply.and_then(|page| if is_page(&page.messages) { Ok(page) } else { Err(Failure::nonsense()) });
    let MessagePage { messages, has_older, has_newer, own_reactions } = match reply {
        Ok(page) => page,
        Err(failure) => return failed(model, id, page, &failure),
    };
    room.fetch = Fetch::Idle;
    let empty = messages.is_empty();
    let before = (room.timeline.first(), room.timeline.last());
    let messages: Vec<Arc<Message>> = messages.into_iter().map(Arc::new).collect();
    room.reactions.take_page(&messages, own_reactions);
    let own = |message: &&Arc<Message>| Some(message.sender.id) == me && message.txn.is_some();
    let echoes: Vec<_> =
        if room.outbox.is_empty() { Vec::new() } else { messages.iter().filter(own).map(Arc::clone).collect() };
    join(room, page, messages, has_older, has_newer);
    for message in &echoes {
        outbox::recognise(model, id, message);
    }
    if let Some(room) = model.rooms.get_mut(&id) {
        room.absorb_sent();
        room.bound(limit);
        room.note_end();
    }
    let Some(room) = model.rooms.get_mut(&id) else { return };
    let outrun = empty && room.timeline.is_unknown(); // the first message came while an empty page was under way
    let stuck = match page {
        Wanted::Older => room.timeline.has_older && room.timeline.first() == before.0,
        Wanted::Newer => room.timeline.has_newer && room.timeline.last() == before.1,
        Wanted::Newest => outrun && room.fetch_failures > 0,
        Wanted::Around(_) => false,
    };
    let go_on = match page {
        Wanted::Older | Wanted::Newer => true,
        Wanted::Newest => outrun || !empty && room.missing() <= GAP_MAX,
        Wanted::Around(_) => !empty,
    };
    if stuck {
        failed(model, id, page, &Failure::nonsense()); // an immediate retry would get the same page
    } else {
        room.fetch_failures = u32::from(outrun);
        if go_on {
            room.wants.newer = true;
        }
    }
}

/// Notes that a page could not be fetched. Scrolling retries it at once; events retry it only after a pause.
fn failed(model: &mut Model, id: RoomId, page: Wanted, failure: &Failure) {
    let failures = model.rooms.get(&id).map_or(0, |room| room.fetch_failures);
    let pause = model.pause(failures, failure.retry_after_ms());
    let at = model.now.mono_ms.saturating_add(pause);
    if let Some(room) = model.rooms.get_mut(&id) {
        room.fetch = Fetch::Failed { page, reason: failure.reason().into() };
        room.fetch_failures = failures.saturating_add(1);
        room.fetch_not_before = at;
    }
}

/// Whether a page is valid: contiguous, and not longer than the largest page.
fn is_page(messages: &[Message]) -> bool {
    messages.len() <= PAGE_MAX as usize && is_run(messages)
}

fn join(room: &mut Room, page: Wanted, messages: Vec<Arc<Message>>, has_older: bool, has_newer: bool) {
    if let Some(last) = messages.last() {
        room.info.last_seq = room.info.last_seq.max(last.seq);
    }
    match page {
        Wanted::Newest | Wanted::Around(_) => begin(room, page, messages, has_older, has_newer),
        Wanted::Older => room.timeline.prepend(messages, has_older),
        Wanted::Newer => {
            room.timeline.has_newer = has_newer;
            for message in &messages {
                room.timeline.offer(message);
            }
        }
    }
}

/// Starts the timeline again with a page, if the reader is in it or on the way to it.
fn begin(room: &mut Room, page: Wanted, messages: Vec<Arc<Message>>, has_older: bool, has_newer: bool) {
    let there = room.position();
    let held = match (&there.anchor, messages.first(), messages.last()) {
        (Anchor::At { top: Key::Seq(seq), .. }, Some(first), Some(last)) => (first.seq..=last.seq).contains(seq),
        (Anchor::At { top: Key::Seq(_), .. }, ..) => false,
        (Anchor::End | Anchor::At { top: Key::Txn(_), .. }, ..) => page == Wanted::Newest || !has_newer,
    };
    let requested_for_it = page == room.page_around(); // but the message does not exist any more
    if !held && !requested_for_it && !room.timeline.is_unknown() {
        room.wants.page = room.distrusted.then(|| room.page_around());
        room.wants.near = true;
        return; // the reader has moved since
    }
    if std::mem::take(&mut room.distrusted) {
        room.timeline = Timeline::default();
    }
    room.timeline.begin(messages, has_older, has_newer, page == Wanted::Newest);
    let arrived = room.destination.take().and_then(|there| there.seq());
    match arrived.filter(|seq| room.new_after.map(Seq::next) == Some(*seq)) {
        _ if !held => room.go_to_end(),
        Some(first) => room.stand_at_new(first),
        None => room.stand(there),
    }
}

/// Takes a newer copy of a loaded message. It may be larger, so the byte limits are enforced.
pub(super) fn renew(model: &mut Model, id: RoomId, message: &Arc<Message>) {
    let Some(room) = model.rooms.get_mut(&id) else { return };
    let Some(at) = room.timeline.index(message.seq) else { return };
    let before = bytes(&room.timeline.messages[at]);
    room.timeline.offer(message);
    let growth = bytes(&room.timeline.messages[at]).saturating_sub(before);
    model.internal.grown += growth;
    if model.internal.grown > GROWTH_MAX {
        model.internal.grown = 0;
        for (id, room) in &mut model.rooms {
            room.bound(if model.open == Some(*id) { &RunLimit::IN_VIEW } else { &RunLimit::OUT_OF_VIEW });
        }
    }
}

/// Takes a new message from the stream.
pub(super) fn append(model: &mut Model, id: RoomId, message: &Arc<Message>) {
    renew(model, id, message); // it may be loaded already
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
                room.wants.newer = true;
            } else if room.anchor == Anchor::End {
                room.timeline = Timeline::default();
            }
        }
    }
}
