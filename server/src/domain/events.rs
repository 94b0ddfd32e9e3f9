//! What a stream replays: which events of the log a caller may see, as things are when they are read.

use std::collections::{BTreeSet, HashMap, VecDeque, hash_map::Entry};

use quchat_shared::{
    Cursor, Event, Message, RoomId, RoomInfo, Seq, UserId, UserRef,
    event::{
        MemberJoined, MemberLeft, MemberUpdated, MessageCreated, ReadUpdated, ResetReason, RoomActivity, RoomCreated,
        RoomDeleted, RoomUpdated,
    },
    room::{Role, RoomKind},
};

use super::{Caller, Result, audience::Viewer, members, policy};
use crate::store::{EventRef, LoggedEvent, Range, Snapshot, parse_cursor};

/// Events that the first page of a replay spans.
pub(crate) const SPAN_FIRST: u64 = 2000;
/// A page that shows fewer than this many events lets the next one span more.
const SPARSE: usize = 100;
/// Roughly how many bytes of events one page holds.
const PAGE_BYTES: usize = 64 * 1024;

/// Most messages that are read along with one.
const AHEAD: usize = 50;

/// The rooms a stream is narrowed to; `None`: everything.
pub(crate) type Only = Option<BTreeSet<RoomId>>;

/// Where a stream starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    /// At the head: nothing was asked for.
    Fresh { head: u64 },
    /// After this event.
    Resume { after: u64 },
    /// At the head, because what was asked for cannot be replayed.
    Reset { reason: ResetReason, head: u64 },
}

/// What came after a position.
#[derive(Debug)]
pub(crate) struct Page {
    /// What the caller may see of it, with the ids.
    pub(crate) events: Vec<(u64, Event)>,
    /// How far the page got.
    pub(crate) through: u64,
    /// How many events the next page is to span: the less a reader sees of what happens, the more.
    pub(crate) next_span: u64,
    /// What follows the position is no longer kept: the page is empty and goes on at the head.
    pub(crate) is_lost: bool,
    /// That this was the head, and which of the stream's rooms the caller is a member of as of it.
    pub(crate) head: Option<BTreeSet<RoomId>>,
}

/// Refuses a narrowing to rooms the caller does not know or is not in.
pub(crate) fn check_narrowing(store: &dyn Snapshot, caller: Caller, only: &Only) -> Result<()> {
    only.iter().flatten().try_for_each(|&room| policy::joined_room(store, caller, room).map(drop))
}

/// Finds the position that `since` names.
pub(crate) fn locate(
    store: &dyn Snapshot,
    caller: Caller,
    only: &Only,
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
        && store.count_events_for(caller.user, &rooms(only), after, replay_max + 1)? > replay_max
    {
        return reset(ResetReason::TooFar);
    }
    Ok(Start::Resume { after })
}

/// The next page after `after`, which spans up to `span` events of all that happened.
pub(crate) fn replay(store: &dyn Snapshot, caller: Caller, only: &Only, after: u64, span: u64) -> Result<Page> {
    let head = store.head()?;
    let (viewer, mut view) = (Viewer::new(store, caller.user)?, View::new(store));
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
        store.events_for(caller.user, &rooms(only), after, page.through)?
    } else {
        Vec::new() // a stream that starts at the head
    };
    for (nth, event) in logged.iter().enumerate() {
        if bytes >= PAGE_BYTES {
            page.through = event.id - 1;
            break;
        }
        if viewer.sees(event, || view.kind(event.room))?
            && let Some(shown) = view.read(event, &logged[nth + 1..])?
        {
            bytes += size(&shown);
            page.events.push((event.id, shown));
        }
    }
    if page.events.len() < SPARSE {
        page.next_span = span.saturating_mul(4);
    }
    if page.through >= head {
        let is_wanted = |room: &RoomId| only.as_ref().is_none_or(|only| only.contains(room));
        page.head = Some(viewer.into_rooms().filter(is_wanted).collect());
    }
    Ok(page)
}

/// Public rooms with messages told after `after`.
pub(crate) fn active_rooms(store: &dyn Snapshot, after: u64) -> Result<Vec<RoomActivity>> {
    Ok(store.active_rooms(after)?)
}

fn rooms(only: &Only) -> Vec<RoomId> {
    only.iter().flatten().copied().collect()
}

/// Roughly the bytes of an event on the wire.
fn size(event: &Event) -> usize {
    /// Everything but texts: names, times and numbers.
    const BESIDES_TEXT: usize = 300;
    let text = match event {
        Event::MessageCreated(event) => event.message.text.len(),
        Event::MessageUpdated(event) => event.message.text.len(),
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
        | Event::Activity(_) => 0,
    };
    BESIDES_TEXT + text
}

/// Reads what events of the log refer to, as it is now.
struct View<'a> {
    store: &'a dyn Snapshot,
    rooms: HashMap<RoomId, Option<RoomInfo>>,
    /// Messages of one room that were read along with an earlier one.
    ahead: VecDeque<Message>,
}

impl<'a> View<'a> {
    fn new(store: &'a dyn Snapshot) -> Self {
        Self { store, rooms: HashMap::new(), ahead: VecDeque::new() }
    }

    /// The event as things are now; `None` if what it refers to is gone. `next` are the events that follow it.
    fn read(&mut self, event: &LoggedEvent, next: &[LoggedEvent]) -> Result<Option<Event>> {
        let room_id = event.room;
        Ok(match event.what {
            EventRef::RoomCreated { .. } => self.room(room_id)?.map(|room| RoomCreated { room }.into()),
            EventRef::RoomUpdated => self.room(room_id)?.map(|room| RoomUpdated { room }.into()),
            EventRef::RoomDeleted { .. } => Some(RoomDeleted { room_id }.into()),
            EventRef::MemberJoined { user } => {
                let member = self.member(room_id, user)?;
                member.map(|(room, user, role)| MemberJoined { room, user, role }.into())
            }
            EventRef::MemberUpdated { user } => {
                let member = self.member(room_id, user)?;
                member.map(|(room, user, role)| MemberUpdated { room, user, role }.into())
            }
            EventRef::MemberLeft { user } => {
                Some(MemberLeft { room_id, user: members::reference(self.store, user)? }.into())
            }
            EventRef::MessageCreated { seq } => {
                let is_next =
                    |other: &&LoggedEvent| other.room == room_id && matches!(other.what, EventRef::MessageCreated { .. });
                let next = next.iter().take(AHEAD).take_while(is_next).count();
                self.message(room_id, seq, next)?.map(|message| MessageCreated { room_id, message }.into())
            }
            EventRef::ReadUpdated { seq, .. } => Some(ReadUpdated { room_id, last_read_seq: seq }.into()),
        })
    }

    /// A message, with which the `next` ones are read at once.
    fn message(&mut self, room: RoomId, seq: Seq, next: usize) -> Result<Option<Message>> {
        let is_it = |message: &Message| message.room_id == room && message.seq == seq;
        if !self.ahead.front().is_some_and(is_it) {
            let limit = u32::try_from(next + 1).unwrap_or(u32::MAX);
            self.ahead = self.store.messages(room, Range::After(Seq(seq.0.saturating_sub(1))), limit)?.into();
        }
        Ok(self.ahead.pop_front().filter(is_it))
    }

    /// A member with their room; an ordinary one if they have left.
    fn member(&mut self, room: RoomId, user: UserId) -> Result<Option<(RoomInfo, UserRef, Role)>> {
        let Some(info) = self.room(room)? else { return Ok(None) };
        let role = self.store.membership(room, user)?.map_or(Role::Member, |member| member.role);
        Ok(Some((info, members::reference(self.store, user)?, role)))
    }

    /// The kind of a room. One that is gone is no longer public.
    fn kind(&mut self, room: RoomId) -> Result<RoomKind> {
        Ok(self.room(room)?.map_or(RoomKind::Private, |room| room.kind))
    }

    fn room(&mut self, id: RoomId) -> Result<Option<RoomInfo>> {
        Ok(match self.rooms.entry(id) {
            Entry::Occupied(known) => known.get().clone(),
            Entry::Vacant(unknown) => unknown.insert(self.store.room(id)?).clone(),
        })
    }
}
