//! Decides which page of the open room is fetched next. One page is pending at a time.

use quchat_shared::{
    RoomId,
    limits::PAGE_MAX,
    query::{Bound, ListMessages},
};

use crate::{
    model::{Anchor, Call, Fetch, GAP_MAX, Key, Model, Wanted},
    update::{Effect, Request, effect::call},
};

/// The size of the page fetched when a room is opened: enough for a tall screen.
const PAGE_FIRST: u32 = 60;

/// Fetches the page that the handlers asked for.
pub(super) fn plan(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(room) = model.open_room_mut() else { return };
    let id = room.info.id;
    let wants = std::mem::take(&mut room.wants);
    if let Some(page) = wants.page {
        fetch(model, id, page, effects);
    }
    if wants.retry {
        retry(model, id, effects);
    }
    if wants.newer {
        catch_up(model, id, effects);
    }
    if wants.near {
        fetch_near(model, id, effects);
    }
    renew(model, id, effects);
}

/// Fetches loaded messages again if they are outdated, after the pending page.
fn renew(model: &mut Model, id: RoomId, effects: &mut Vec<Effect>) {
    let Some(room) = model.rooms.get_mut(&id).filter(|room| room.outdated && room.fetch == Fetch::Idle) else { return };
    let page = room.page_around();
    fetch(model, id, page, effects);
    if let Some(room) = model.rooms.get_mut(&id) {
        room.outdated = room.fetch == Fetch::Idle;
        room.distrusted |= !room.outdated;
    }
}

/// Requests a page. It replaces a pending request of this room.
fn fetch(model: &mut Model, id: RoomId, page: Wanted, effects: &mut Vec<Effect>) {
    let since = model.now.mono_ms;
    let Some(room) = model.rooms.get(&id).filter(|room| !room.gone && !room.remembered) else { return };
    if model.is_signed_out() {
        return;
    }
    let page = match page {
        Wanted::Older | Wanted::Newer if room.distrusted || room.timeline.is_unknown() => room.page_around(),
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
    let call = call(model, Call::ListMessages(id), request, effects);
    if let Some(room) = model.rooms.get_mut(&id) {
        room.fetch = Fetch::Loading { call, page, since };
        room.destination.take_if(|there| there.seq().map(Wanted::Around) != Some(page)); // gave way to another page
    }
}

/// Closes the gap between the timeline and the end of the room, if the reader is near it.
fn catch_up(model: &mut Model, id: RoomId, effects: &mut Vec<Effect>) {
    let Some(room) = model.rooms.get(&id) else { return };
    let waits = match room.fetch {
        Fetch::Idle => false,
        Fetch::Loading { .. } => true,
        Fetch::Failed { .. } => model.now.mono_ms < room.fetch_not_before,
    };
    if !room.timeline.has_newer || waits {
        return;
    }
    let near = room.missing() <= GAP_MAX;
    match room.anchor {
        Anchor::End if !near || room.timeline.is_unknown() => fetch(model, id, Wanted::Newest, effects),
        _ if near => fetch(model, id, Wanted::Newer, effects),
        _ => {}
    }
}

/// Fetches the page that the reader scrolls towards.
fn fetch_near(model: &mut Model, id: RoomId, effects: &mut Vec<Effect>) {
    let Some(room) = model.rooms.get(&id) else { return };
    let Some(seen) = model.internal.seen.as_ref().filter(|seen| seen.room == id) else { return };
    if room.fetch != Fetch::Idle || room.timeline.is_unknown() {
        return;
    }
    let near = 2 * usize::from(seen.rows) + room.scroll_rows.unsigned_abs() as usize;
    let place = |key: &Key| match key {
        Key::Seq(seq) => room.timeline.index(*seq),
        Key::Txn(_) => Some(room.timeline.messages.len()),
    };
    let older = room.timeline.has_older && place(&seen.first).is_some_and(|at| at < near);
    let newer =
        room.timeline.has_newer && place(&seen.last).is_some_and(|at| at + near >= room.timeline.messages.len());
    match (older, newer) {
        (true, _) => fetch(model, id, Wanted::Older, effects),
        (false, true) => fetch(model, id, Wanted::Newer, effects),
        (false, false) => {}
    }
}

/// Retries a failed page, or fetches the page of the reader's position if that is lacking.
fn retry(model: &mut Model, id: RoomId, effects: &mut Vec<Effect>) {
    let Some(room) = model.rooms.get(&id) else { return };
    let lacks = room.timeline.is_unknown() || room.destination.is_some() || room.distrusted && model.cursor.is_some();
    match &room.fetch {
        Fetch::Loading { .. } => {}
        Fetch::Failed { page: page @ (Wanted::Older | Wanted::Newer | Wanted::Newest), .. } => {
            fetch(model, id, *page, effects);
        }
        Fetch::Failed { page: Wanted::Around(_), .. } => fetch(model, id, room.page_around(), effects),
        Fetch::Idle if lacks => fetch(model, id, room.page_around(), effects),
        Fetch::Idle => catch_up(model, id, effects),
    }
}
