//! Replay, for a stream that resumes: the events of the log after a position that a caller may see, with current state.

use std::collections::BTreeSet;

use quchat_shared::{
    Cursor, Event, Message, RoomId,
    event::{ResetReason, RoomActivity},
};

use super::{
    Caller, Result,
    audience::Viewer,
    event_reader::EventReader,
    policy::{self, Action},
    room_filter::RoomFilter,
    shown_messages::ShownMessages,
};
use crate::store::{Snapshot, parse_cursor};

/// How many events of the log the first page of a replay spans.
pub(crate) const SPAN_FIRST: u64 = 2000;
/// If a page has fewer visible events than this, the next page spans more.
const SPARSE: usize = 100;
/// Approximate size of a page, in bytes of events.
const PAGE_BYTES: usize = 64 * 1024;

/// Where a stream starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    /// At the head of the log: no position was requested.
    Fresh { head: u64 },
    /// After this event, up to the head to begin with.
    Resume { after: u64, head: u64 },
    /// At the head, because what was asked for cannot be replayed.
    Reset { reason: ResetReason, head: u64 },
}

/// A page of events after a position.
#[derive(Debug)]
pub(crate) struct Page {
    /// The events that the caller may see, with their ids.
    pub(crate) events: Vec<(u64, Event)>,
    /// The id of the last event of the log that the page covers.
    pub(crate) through: u64,
    /// How many events of the log the next page spans. It grows if the caller may see few of them.
    pub(crate) next_span: u64,
    /// The events after the position are no longer kept. The page is empty and continues at the head.
    pub(crate) is_lost: bool,
    /// That this was the head, and the rooms that the caller is a member of as of it.
    pub(crate) head: Option<JoinedRooms>,
}

/// The rooms that a user is a member of.
#[derive(Debug, Default)]
pub(crate) struct JoinedRooms {
    /// Those that the stream covers.
    pub(crate) covered: BTreeSet<RoomId>,
    pub(crate) others: BTreeSet<RoomId>,
}

/// Refuses a filter with a room that the caller may not follow.
pub(crate) fn check_filter(store: &dyn Snapshot, caller: Caller, filter: &RoomFilter) -> Result<()> {
    for room in filter.named() {
        policy::authorize(store, caller, Action::Follow, room)?;
    }
    Ok(())
}

/// Finds where a stream that requests `since` starts.
pub(crate) fn locate(
    store: &dyn Snapshot,
    caller: Caller,
    filter: &RoomFilter,
    since: Option<&Cursor>,
    replay_max: u64,
) -> Result<Start> {
    let head = store.head()?;
    let Some(since) = since else { return Ok(Start::Fresh { head }) };
    let reset = |reason| Ok(Start::Reset { reason, head });
    let Some((tag, after)) = parse_cursor(since) else { return reset(ResetReason::Unknown) };
    match store.lineage_head(tag)? {
        Some(end) if after <= end => {}
        _ => return reset(ResetReason::Unknown),
    }
    if after < store.pruned_through()? {
        return reset(ResetReason::TooOld);
    }
    if head - after > replay_max
        && store.count_events_for(caller.user, &filter.named(), after, replay_max + 1)? > replay_max
    {
        return reset(ResetReason::TooFar);
    }
    Ok(Start::Resume { after, head })
}

/// The next page after `after`, which spans up to `span` events of all that happened.
pub(crate) fn replay(
    store: &dyn Snapshot,
    caller: Caller,
    filter: &RoomFilter,
    shown: &mut ShownMessages,
    after: u64,
    span: u64,
) -> Result<Page> {
    let head = store.head()?;
    let (viewer, mut reader) = (Viewer::new(store, caller.user)?, EventReader::new(store));
    let is_lost = after < store.pruned_through()?;
    let after = if is_lost { head } else { after };
    let mut page = Page {
        events: Vec::new(),
        through: head.min(after.saturating_add(span)).max(after),
        next_span: span,
        is_lost,
        head: None,
    };
    let mut bytes = 0;
    let logged = if after < page.through {
        store.events_for(caller.user, &filter.named(), after, page.through)?
    } else {
        Vec::new() // a stream that starts at the head
    };
    for (nth, event) in logged.iter().enumerate() {
        if bytes >= PAGE_BYTES {
            page.through = event.id - 1;
            break;
        }
        if viewer.sees(event, || reader.kind(event.room))?
            && !shown.repeats(event)
            && let Some(current) = reader.read(event, &logged[nth + 1..])?
        {
            shown.note(event);
            bytes += size(&current);
            page.events.push((event.id, current));
        }
    }
    if page.events.len() < SPARSE {
        page.next_span = span.saturating_mul(4);
    }
    if page.through >= head {
        let (covered, others): (Vec<_>, Vec<_>) = viewer.into_rooms().partition(|&room| filter.covers(room));
        // A set is built from all of its items at once several times faster than from one after the other.
        page.head = Some(JoinedRooms { covered: covered.into_iter().collect(), others: others.into_iter().collect() });
    }
    Ok(page)
}

/// Public rooms with new messages since the event `after`, for a stream that covers all rooms.
pub(crate) fn active_rooms(store: &dyn Snapshot, filter: &RoomFilter, after: u64) -> Result<Vec<RoomActivity>> {
    match filter {
        RoomFilter::All => Ok(store.active_rooms(after)?),
        RoomFilter::Only(_) => Ok(Vec::new()),
    }
}

/// Approximate size of an event on the wire, in bytes.
fn size(event: &Event) -> usize {
    /// Everything except texts: names, times and numbers.
    const BESIDES_TEXT: usize = 300;
    let text = match event {
        Event::MessageCreated(event) => message_size(&event.message),
        Event::MessageUpdated(event) => message_size(&event.message),
        Event::RoomCreated(_)
        | Event::RoomUpdated(_)
        | Event::RoomDeleted(_)
        | Event::MemberJoined(_)
        | Event::MemberUpdated(_)
        | Event::MemberLeft(_)
        | Event::ReadUpdated(_)
        | Event::Hello(_)
        | Event::Reset(_)
        | Event::Bye(_)
        | Event::SettingsUpdated(_)
        | Event::BanUpdated(_)
        | Event::Presence(_)
        | Event::Typing(_)
        | Event::Activity(_) => 0,
    };
    BESIDES_TEXT + text
}

/// Roughly the bytes of what differs most from message to message.
fn message_size(message: &Message) -> usize {
    /// An emoji with its count, and one user who reacted.
    const REACTION: (usize, usize) = (50, 8);
    let reactions = message.reactions.iter().map(|reaction| REACTION.0 + REACTION.1 * reaction.users.len());
    message.text.len() + reactions.sum::<usize>()
}
