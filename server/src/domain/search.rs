//! Search over all messages that the caller can read.

use quchat_shared::{
    Message, Timestamp,
    api::{Hit, Hits},
    limits, query,
    room::RoomKind,
    text::search::Search,
};

use super::{
    Caller, Error, Result,
    found_rooms::FoundRooms,
    invalid,
    policy::{self, Action},
};
use crate::store::{Position, Public, Snapshot, Unindexed, Wanted};

/// Most messages that one request compares with its query. The index may offer messages that do not match; where it
/// offers many, a page ends early, and the next one goes on from there.
const COMPARED_MAX: usize = 2000;
/// After this many messages it is clear whether the index offers too much that does not match.
const TRIED: usize = 200;
/// Most messages that are asked of the index at once.
const BATCH_MAX: usize = 400;

/// A page of messages that match, newest first.
pub(crate) fn search_messages(store: &dyn Snapshot, caller: Caller, query: &query::SearchMessages) -> Result<Hits> {
    let search = invalid("q", Search::parse(&query.q))?;
    let limit = invalid("limit", limits::page(query.limit))?;
    let page = invalid("after", query.after.as_deref().map_or(Ok(Position::END), position))?;
    let wanted = wanted(store, caller, query, &search)?;
    if let Some(Unindexed { done, of }) = store.unindexed()? {
        return Err(Error::NotIndexed { percent: done * 100 / of.max(1) });
    }
    let after = query.sent_after.map_or(Ok(Position::START), |then| {
        store.position_before(Timestamp::from_millis(then.as_millis().saturating_add(1)))
    })?;
    let before = query
        .sent_before
        .map_or(Ok(Position::END), |then| store.position_before(then).map(|Position(last)| Position(last + 1)))?;
    let mut pages = Pages { store, rooms: FoundRooms::new(store, caller.user), query, search: &search };
    pages.read(wanted, after, before.min(page), limit as usize)
}

/// What the caller may search.
fn wanted<'a>(
    store: &dyn Snapshot,
    caller: Caller,
    query: &query::SearchMessages,
    search: &'a Search,
) -> Result<Wanted<'a>> {
    let (public, rooms) = match query.room {
        None => (Public::AllBut(store.rooms_banning(caller.user)?), store.private_rooms_of(caller.user)?),
        Some(room) => match policy::authorize(store, caller, Action::Read, room)?.0.kind {
            RoomKind::Public => (Public::One(room), Vec::new()),
            RoomKind::Private | RoomKind::Direct => (Public::None, vec![room]),
        },
    };
    Ok(Wanted { search, public, rooms, sender: query.sender, by_whole_words: false })
}

fn position(next: &str) -> std::result::Result<Position, limits::Refusal> {
    next.parse().map(Position).map_err(|_| "give the `next` of the previous page".into())
}

/// Collects the hits of one page.
struct Pages<'a> {
    store: &'a dyn Snapshot,
    query: &'a query::SearchMessages,
    search: &'a Search,
    rooms: FoundRooms<'a>,
}

impl Pages<'_> {
    fn read(&mut self, mut wanted: Wanted<'_>, after: Position, mut before: Position, limit: usize) -> Result<Hits> {
        let (mut hits, mut last) = (Vec::new(), before);
        let (mut compared, mut batch) = (0, limit + 1);
        loop {
            let found = self.store.found(&wanted, after, before, u32::try_from(batch).unwrap_or(u32::MAX))?;
            let is_end = found.len() < batch;
            for (position, room, seq) in found {
                before = position;
                compared += 1;
                let Some(hit) = self.store.message(room, seq)?.map_or(Ok(None), |message| self.hit(message))? else {
                    continue;
                };
                if hits.len() == limit {
                    return Ok(Hits { hits, next: Some(last.0.to_string()) });
                }
                hits.push(hit);
                last = position;
            }
            if is_end || compared >= COMPARED_MAX {
                return Ok(Hits { hits, next: (!is_end).then(|| before.0.to_string()) });
            }
            wanted.by_whole_words |= compared >= TRIED && hits.len() * 4 < compared;
            batch = (batch * 4).min(BATCH_MAX);
        }
    }

    /// The message, if it is what was searched for.
    fn hit(&mut self, message: Message) -> Result<Option<Hit>> {
        let is_in_time = self.query.sent_after.is_none_or(|then| message.sent_at > then)
            && self.query.sent_before.is_none_or(|then| message.sent_at < then);
        if !is_in_time {
            return Ok(None);
        }
        let Some(ranges) = self.search.find(&message.text) else { return Ok(None) };
        let room = self.rooms.get(message.room_id)?;
        Ok(room.map(|room| Hit { message, room, ranges }))
    }
}
