//! The full-text index of messages: their lexemes with a GIN index, without a copy of the texts. [`super::search_terms`]
//! says what they are.
//!
//! Messages get their positions in the order of the log. New ones are added in the background. A text that changes or
//! goes is replaced in the transaction that changes it. PostgreSQL only compares lexemes: text search configurations
//! have no part in it.

use quchat_shared::{RoomId, Seq, Timestamp, UserId, room::RoomKind, text::terms};
use tokio_postgres::Row;

use super::{
    Postgres,
    columns::{get, int, ints, param, params, text, uint},
    search_terms::{Place, Stretches, in_rooms, lexemes, listed, listed_by_beginnings, of_text, query, stretches},
};
use crate::store::{Error, Indexed, Position, Public, ReadSearch, Result, Unindexed, Wanted, WriteSearch};

/// Most messages that are indexed in one transaction …
const TEXTS_AT_ONCE: usize = 32;
/// … unless there are many bytes in them: some 10 ms of work.
const BYTES_AT_ONCE: usize = 4 * 1024;
/// Most events of the log that one transaction goes through.
const EVENTS_AT_ONCE: u64 = 2000;

/// A search looks at so many of the newest messages first.
const RECENT: u64 = 16 * 1024;
/// If it finds fewer than this there, it looks at all others at once …
const FEW: usize = 5;
/// … unless the index lists more than this.
const MANY: usize = if cfg!(test) { 4 } else { 1000 };
/// Most rooms that a query names.
const ROOMS_MAX: usize = 50;

const STATE: &str = "SELECT rules, events, newest, rebuilt, needed FROM search_state";
const BEGIN_ANEW: &str = "UPDATE search_state SET rules = $1, rebuilt = 0, needed = newest WHERE rules <> $1";

/// The next messages of the log.
const NEW: &str = "SELECT logged.id, logged.room_id, logged.seq, rooms.kind, sender_id, text
    FROM (SELECT id, room_id, seq, kind FROM events WHERE id > $1 AND id <= $2 ORDER BY id OFFSET 0) AS logged
    CROSS JOIN LATERAL (SELECT kind FROM rooms WHERE rooms.id = logged.room_id AND NOT is_deleted OFFSET 0) AS rooms
    CROSS JOIN LATERAL (SELECT sender_id, CASE WHEN deleted_at IS NULL THEN text END AS text FROM messages
        WHERE messages.room_id = logged.room_id AND messages.seq = logged.seq OFFSET 0) AS messages
    WHERE logged.kind = 'message.created' ORDER BY logged.id LIMIT $3";
const ADD: &str = "INSERT INTO search_index (position, room_id, seq, is_public, terms)
    SELECT position, room_id, seq, is_public, array_to_tsvector(string_to_array(lexemes, ' '))
    FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::boolean[], $5::text[])
        AS added(position, room_id, seq, is_public, lexemes)";
const ADVANCE: &str = "UPDATE search_state SET events = $1, newest = $2";

/// The next messages whose lexemes may follow other rules.
const OLD: &str = "SELECT placed.position, placed.room_id, placed.seq, kind, sender_id, text
    FROM (SELECT position, room_id, seq FROM search_index
        WHERE position > $1 AND position <= $2 ORDER BY position LIMIT $3) AS placed
    LEFT JOIN LATERAL (SELECT kind FROM rooms WHERE rooms.id = placed.room_id OFFSET 0) AS rooms ON true
    LEFT JOIN LATERAL (SELECT sender_id, CASE WHEN deleted_at IS NULL THEN text END AS text FROM messages
        WHERE messages.room_id = placed.room_id AND messages.seq = placed.seq OFFSET 0) AS messages ON true
    ORDER BY placed.position";
const REBUILD: &str = "UPDATE search_index SET is_public = rebuilt.is_public,
        terms = array_to_tsvector(string_to_array(lexemes, ' '))
    FROM unnest($1::bigint[], $2::boolean[], $3::text[]) AS rebuilt(position, is_public, lexemes)
    WHERE search_index.position = rebuilt.position";
const REBUILT: &str = "UPDATE search_state SET rebuilt = $1";

/// Replaces the words, and keeps the marks.
const REPLACE: &str = "UPDATE search_index
    SET terms = array_to_tsvector(string_to_array($3, ' ') || ARRAY(
        SELECT lexeme FROM unnest(tsvector_to_array(terms)) AS lexeme WHERE left(lexeme, 1) IN ('#', '@', '%')))
    WHERE room_id = $1 AND seq = $2";

/// Whether a row is one of those that are wanted: `$1` is the query, `$2` are rooms, `$3` whether public ones are wanted
/// too, and `$4` the public ones that are not.
macro_rules! is_wanted {
    () => {
        "(room_id = ANY($2::bigint[]) OR ($3::boolean AND is_public AND room_id <> ALL($4::bigint[])
             AND room_id <> ALL(ARRAY(SELECT id FROM rooms WHERE is_deleted))))
         AND terms @@ (SELECT $1::text::tsquery)"
    };
}

/// Looks at one stretch after the other until there are enough. `$5` is the part of the query for which the index has
/// lists. Only the inner query uses the index: `OFFSET 0` keeps the planner from walking through the positions instead.
/// Two conditions instead of one with both let the index skip what is in none of the blocks.
const IN_STRETCHES: &str = concat!(
    "SELECT found.position, found.room_id, found.seq
     FROM unnest($6::text[], $7::bigint[], $8::bigint[]) AS stretch(blocks, first, last)
     CROSS JOIN LATERAL (SELECT position, room_id, seq
         FROM (SELECT * FROM search_index
             WHERE terms @@ $5::text::tsquery AND terms @@ stretch.blocks::tsquery OFFSET 0) AS listed
         WHERE position BETWEEN stretch.first AND stretch.last AND ",
    is_wanted!(),
    " ORDER BY position DESC LIMIT $9) AS found
     LIMIT $9"
);

/// Looks at everything that the index lists, unless it is more than `$6`. Says of each row whether it is wanted.
macro_rules! in_all {
    ($condition:literal) => {
        concat!(
            "SELECT position, room_id, seq, ",
            is_wanted!(),
            " FROM (SELECT * FROM search_index WHERE terms @@ $5::text::tsquery ",
            $condition,
            " LIMIT $6) AS listed ORDER BY position DESC"
        )
    };
}
const IN_ALL: &str = in_all!("");
const IN_ALL_OF_ROOMS: &str = in_all!("AND terms @@ $7::text::tsquery");

/// Whether few of the newest messages are in the wanted rooms.
const SEES_LITTLE: &str =
    "SELECT 1 FROM (SELECT room_id, is_public FROM search_index ORDER BY position DESC LIMIT 200) AS newest
    HAVING count(*) FILTER (WHERE room_id = ANY($1::bigint[]) OR ($2 AND is_public)) < 20";

/// Halves the positions between the first and the last until one is left. `low` was sent before then, `high` was not.
const BEFORE: &str = "WITH RECURSIVE halves(low, high) AS (
        SELECT 0::bigint, newest + 1 FROM search_state
        UNION ALL
        SELECT CASE WHEN is_before THEN next.position ELSE low END, CASE WHEN is_before THEN high ELSE (low + high) / 2 END
        FROM halves CROSS JOIN LATERAL (SELECT max(placed.position) AS position,
                coalesce(bool_and(placed.position < high AND sent_at < $1), false) AS is_before
            FROM (SELECT position, room_id, seq FROM search_index
                WHERE position >= (low + high) / 2 ORDER BY position LIMIT 1) AS placed
            JOIN messages ON messages.room_id = placed.room_id AND messages.seq = placed.seq) AS next
        WHERE high - low > 1
    ) SELECT low FROM halves WHERE high - low <= 1";

struct State {
    is_current: bool,
    /// Messages of the log up to this event are in the index.
    events: u64,
    newest: u64,
    rebuilt: u64,
    needed: u64,
}

/// A message to index. `at` is its event, or its position.
struct Text {
    at: u64,
    room: RoomId,
    seq: Seq,
    is_public: bool,
    sender: UserId,
    text: String,
}

fn indexed_text(row: &Row) -> Result<Text> {
    let is_public = get::<Option<&str>>(row, 3)?.is_some() && text::<RoomKind>(row, 3)? == RoomKind::Public;
    Ok(Text {
        at: uint(row, 0)?,
        room: RoomId(uint(row, 1)?),
        seq: Seq(uint(row, 2)?),
        is_public,
        sender: UserId(get::<Option<i64>>(row, 4)?.map_or(0, i64::cast_unsigned)),
        text: get::<Option<String>>(row, 5)?.unwrap_or_default(),
    })
}

impl Text {
    fn lexemes(&self, position: u64) -> String {
        let Self { room, is_public, sender, .. } = *self;
        lexemes(&Place { position, room, is_public, sender }, &self.text)
    }
}

impl Postgres {
    /// Adds the messages that the log holds up to this event.
    pub(super) fn add_search_terms_through(&mut self, event: u64) -> Result<()> {
        while self.search_state()?.events < event {
            self.add_new_messages(event)?;
        }
        Ok(())
    }

    /// Replaces the text of a message in the index; an empty one removes it. A message that is not in the index yet will be
    /// added with the text that it has then.
    pub(super) fn replace_indexed_text(&mut self, room: RoomId, seq: Seq, text: &str) -> Result<()> {
        self.later(REPLACE, params![int(room.0), int(seq.0), of_text(text)]);
        self.later(BEGIN_ANEW, params![terms::version()]);
        Ok(())
    }

    /// Begins the index anew if its lexemes were made by other rules.
    fn checked_state(&self) -> Result<State> {
        let state = self.search_state()?;
        if state.is_current {
            return Ok(state);
        }
        self.later(BEGIN_ANEW, params![terms::version()]);
        self.search_state()
    }

    fn search_state(&self) -> Result<State> {
        let state = self.one(STATE, params![], |row| {
            Ok(State {
                is_current: get::<&str>(row, 0)? == terms::version(),
                events: uint(row, 1)?,
                newest: uint(row, 2)?,
                rebuilt: uint(row, 3)?,
                needed: uint(row, 4)?,
            })
        })?;
        state.ok_or(Error::BrokenRow("search_state is empty"))
    }

    /// Adds some messages of the log, up to this event at most. Returns up to which event that was.
    fn add_new_messages(&mut self, through: u64) -> Result<u64> {
        let State { events, newest, .. } = self.checked_state()?;
        let through = through.min(events.saturating_add(EVENTS_AT_ONCE));
        if through <= events {
            return Ok(events);
        }
        let params = params![int(events), int(through), TEXTS_AT_ONCE as i64];
        let found = self.all(NEW, params, indexed_text)?;
        let taken = some(&found);
        let through = if taken.len() < found.len() || taken.len() == TEXTS_AT_ONCE {
            taken.last().map_or(through, |last| last.at)
        } else {
            through
        };
        let positions = (newest + 1..).take(taken.len());
        let last = newest + taken.len() as u64;
        if !taken.is_empty() {
            let lexemes: Vec<_> = positions.clone().zip(taken).map(|(position, text)| text.lexemes(position)).collect();
            let is_public: Vec<_> = taken.iter().map(|text| text.is_public).collect();
            let (rooms, seqs) = (ints(taken.iter().map(|text| text.room.0)), ints(taken.iter().map(|text| text.seq.0)));
            self.later(ADD, params![ints(positions), rooms, seqs, is_public, lexemes]);
        }
        self.later(ADVANCE, params![int(through), int(last)]);
        Ok(through)
    }

    /// Makes some lexemes anew. Returns whether that was the rest.
    fn rebuild(&mut self, state: &State) -> Result<bool> {
        let params = params![int(state.rebuilt), int(state.needed), TEXTS_AT_ONCE as i64];
        let found = self.all(OLD, params, indexed_text)?;
        let taken = some(&found);
        let is_rest = taken.len() == found.len() && taken.len() < TEXTS_AT_ONCE;
        if !taken.is_empty() {
            let lexemes: Vec<_> = taken.iter().map(|text| text.lexemes(text.at)).collect();
            let is_public: Vec<_> = taken.iter().map(|text| text.is_public).collect();
            self.later(REBUILD, params![ints(taken.iter().map(|text| text.at)), is_public, lexemes]);
        }
        let rebuilt = taken.last().filter(|_| !is_rest).map_or(state.needed, |last| last.at);
        self.later(REBUILT, params![int(rebuilt)]);
        Ok(is_rest)
    }
}

/// What a search asks of the index.
struct Asked {
    /// What has to match.
    query: String,
    /// What of it the index looks up, with the room if it is one.
    listed: String,
    /// The same for many small parts of the index.
    listed_often: String,
    rooms: Vec<i64>,
    with_public: bool,
    /// Public rooms that are not wanted.
    excluded: Vec<i64>,
    /// Which rooms, as a query, if they are several, but not too many.
    places: Option<String>,
}

impl Asked {
    /// `None` if nothing is asked for.
    fn of(wanted: &Wanted<'_>) -> Option<Self> {
        let Wanted { search, sender, .. } = *wanted;
        let (mut rooms, mut excluded) = (wanted.rooms.clone(), &Vec::new());
        match &wanted.public {
            Public::None => {}
            Public::One(room) => rooms.push(*room),
            Public::AllBut(others) => excluded = others,
        }
        let with_public = matches!(wanted.public, Public::AllBut(_));
        let (mut listed, mut listed_often) = (listed(search, sender), listed_by_beginnings(search, sender));
        let mut places = None;
        match (&rooms[..], with_public) {
            ([], false) => return None,
            ([_], false) | ([], true) => {
                for query in [&mut listed, &mut listed_often] {
                    *query = format!("{query} & {}", in_rooms(with_public, &rooms));
                }
            }
            (several, _) if several.len() <= ROOMS_MAX => places = Some(in_rooms(with_public, several)),
            _ => {}
        }
        let ids = |rooms: &[RoomId]| ints(rooms.iter().map(|room| room.0));
        let (rooms, excluded) = (ids(&rooms), ids(excluded));
        Some(Self { query: query(search, sender), listed, listed_often, rooms, with_public, excluded, places })
    }
}

impl Postgres {
    /// Up to `limit` messages in these stretches.
    fn found_in(&self, asked: &Asked, stretches: Stretches, limit: u32) -> Result<Vec<(Position, RoomId, Seq)>> {
        let Asked { query, listed_often, rooms, with_public, excluded, .. } = asked;
        let Stretches { blocks, first, last } = stretches;
        let (query, rooms, excluded, listed) = (query.clone(), rooms.clone(), excluded.clone(), listed_often.clone());
        let (first, last) = (ints(first), ints(last));
        let params = params![query, rooms, *with_public, excluded, listed, blocks, first, last, i64::from(limit)];
        self.all(IN_STRETCHES, params, place)
    }

    /// All messages; `None` if the index lists many.
    fn found_in_all(&self, asked: &Asked) -> Result<Option<Vec<(Position, RoomId, Seq)>>> {
        let Asked { query, listed, rooms, with_public, excluded, places, .. } = asked;
        let (query, rooms, excluded, listed) = (query.clone(), rooms.clone(), excluded.clone(), listed.clone());
        // To go through the lists of several rooms as well takes longer than to look at some messages of other rooms.
        let places = match places {
            Some(places) if self.exists(SEES_LITTLE, params![rooms.clone(), *with_public])? => Some(places.clone()),
            _ => None,
        };
        let mut params = params![query, rooms, *with_public, excluded, listed, MANY as i64];
        let sql = if places.is_some() { IN_ALL_OF_ROOMS } else { IN_ALL };
        params.extend(places.map(param));
        let all = self.all(sql, params, |row| Ok((place(row)?, get::<bool>(row, 3)?)))?;
        let is_all = all.len() < MANY;
        Ok(is_all.then(|| all.into_iter().filter_map(|(place, is_wanted)| is_wanted.then_some(place)).collect()))
    }
}

fn place(row: &Row) -> Result<(Position, RoomId, Seq)> {
    Ok((Position(uint(row, 0)?), RoomId(uint(row, 1)?), Seq(uint(row, 2)?)))
}

/// As many as one transaction indexes.
fn some(texts: &[Text]) -> &[Text] {
    let mut bytes = 0;
    let enough = texts.iter().position(|text| {
        bytes += text.text.len();
        bytes >= BYTES_AT_ONCE
    });
    &texts[..enough.map_or(texts.len(), |last| last + 1)]
}

impl ReadSearch for Postgres {
    fn unindexed(&self) -> Result<Option<Unindexed>> {
        let State { is_current, newest, rebuilt, needed, .. } = self.search_state()?;
        let (done, of) = if is_current { (rebuilt, needed) } else { (0, newest) };
        Ok((done < of).then_some(Unindexed { done, of }))
    }

    fn found(
        &self,
        wanted: &Wanted<'_>,
        after: Position,
        before: Position,
        limit: u32,
    ) -> Result<Vec<(Position, RoomId, Seq)>> {
        let Some(asked) = Asked::of(wanted) else { return Ok(Vec::new()) };
        let newest = self.search_state()?.newest;
        let mut recent = stretches(after, before.min(Position(newest + 1)));
        let older = recent.split_off(RECENT);
        let mut found = self.found_in(&asked, recent, limit)?;
        let Some(last) = older.last.first().copied() else { return Ok(found) };
        if found.len() < FEW.min(limit as usize)
            && let Some(rest) = self.found_in_all(&asked)?
        {
            let is_older = |place: &(Position, RoomId, Seq)| place.0 > after && place.0 <= Position(last);
            found.extend(rest.into_iter().filter(is_older));
            found.truncate(limit as usize);
        } else if found.len() < limit as usize {
            let missing = limit - u32::try_from(found.len()).unwrap_or(limit);
            found.extend(self.found_in(&asked, older, missing)?);
        }
        Ok(found)
    }

    fn position_before(&self, then: Timestamp) -> Result<Position> {
        Ok(Position(self.one(BEFORE, params![then.as_millis()], |row| uint(row, 0))?.unwrap_or(0)))
    }

    fn private_rooms_of(&self, user: UserId) -> Result<Vec<RoomId>> {
        self.all(
            "SELECT room_id FROM members JOIN rooms ON rooms.id = room_id
             WHERE user_id = $1 AND kind <> 'public' AND NOT is_deleted",
            params![int(user.0)],
            |row| uint(row, 0).map(RoomId),
        )
    }

    fn rooms_banning(&self, user: UserId) -> Result<Vec<RoomId>> {
        let rooms = "SELECT room_id FROM bans WHERE user_id = $1";
        self.all(rooms, params![int(user.0)], |row| uint(row, 0).map(RoomId))
    }
}

impl WriteSearch for Postgres {
    fn index_messages(&mut self) -> Result<Indexed> {
        let head = self.writing().head;
        let state = self.checked_state()?;
        let is_complete = if state.events < head {
            self.add_new_messages(head)? == head && state.rebuilt >= state.needed
        } else {
            state.rebuilt >= state.needed || self.rebuild(&state)?
        };
        Ok(Indexed { is_complete, head })
    }

    /// A GIN index without a pending list has nothing to merge.
    fn tidy_index(&mut self) -> Result<bool> {
        Ok(false)
    }
}

#[cfg(test)]
mod tests;
