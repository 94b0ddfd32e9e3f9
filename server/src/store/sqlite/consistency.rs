//! Looks for contradictions in the whole database: damage, as SQLite finds it, and rows that break a rule of quchat.
//!
//! Every look is a read transaction of its own, so that the log of a running server can be written from its start again
//! between them.

use std::path::Path;

use quchat_shared::{RoomId, UserId};
use rusqlite::Connection;

use super::{check::is_damage, failure::at_start, opening, search_terms::of_sender};
use crate::store::Result;

/// Most problems of one kind that are named.
const NAMED: usize = 10;

/// The rules. Each query returns a sentence for a row that breaks one. Rooms that are being removed are left out.
const RULES: &[&str] = &[
    "SELECT printf('table %s refers to a row of %s that does not exist', \"table\", parent) FROM pragma_foreign_key_check",
    "SELECT printf('room %d ends at message %d, but has %d messages up to %d', id, last_seq, coalesce(n, 0),
            coalesce(newest, 0))
        FROM rooms LEFT JOIN (SELECT room_id, count(*) AS n, max(seq) AS newest FROM messages GROUP BY room_id)
            ON room_id = id
        WHERE is_deleted = 0 AND (coalesce(n, 0) <> last_seq OR coalesce(newest, 0) <> last_seq)",
    "SELECT printf('room %d counts %d members, but has %d', id, member_count, coalesce(n, 0))
        FROM rooms LEFT JOIN (SELECT room_id, count(*) AS n FROM members GROUP BY room_id) ON room_id = id
        WHERE is_deleted = 0 AND coalesce(n, 0) <> member_count",
    "SELECT printf('user %d has read room %d up to message %d, but it ends at %d', user_id, room_id, last_read_seq, last_seq)
        FROM members JOIN rooms ON rooms.id = room_id
        WHERE is_deleted = 0 AND (last_read_seq > last_seq OR joined_seq > last_seq)",
    "SELECT printf('user %d is listed under another name in room %d', user_id, room_id)
        FROM members JOIN users ON users.id = user_id WHERE members.name_key <> users.name_key
     UNION ALL SELECT printf('user %d is listed under another name among the bans of room %d', user_id, room_id)
        FROM bans JOIN users ON users.id = user_id WHERE bans.name_key <> users.name_key",
    "SELECT printf('message %d of room %d counts as a mention of user %d, but is none', m.seq, m.room_id, m.user_id)
        FROM mentions AS m JOIN messages AS t USING (room_id, seq)
        WHERE t.deleted_at IS NOT NULL OR m.user_id = t.sender_id OR m.sent_at <> t.sent_at
            OR NOT (m.user_id IS t.answers OR EXISTS (SELECT 1 FROM json_each(t.mentions) WHERE value = m.user_id))",
    "SELECT printf('message %d of room %d mentions user %d, but does not count as a mention', t.seq, room_id, t.user_id)
        FROM (SELECT room_id, seq, sender_id, answers AS user_id FROM messages
                WHERE answers IS NOT NULL AND deleted_at IS NULL
            UNION ALL SELECT room_id, seq, sender_id, value FROM messages, json_each(messages.mentions)
                WHERE messages.mentions IS NOT NULL AND deleted_at IS NULL) AS t
            JOIN rooms ON rooms.id = room_id
        WHERE is_deleted = 0 AND t.user_id <> sender_id AND NOT EXISTS (SELECT 1 FROM mentions AS m
            WHERE m.user_id = t.user_id AND m.room_id = t.room_id AND m.seq = t.seq)",
    "SELECT printf('message %d of room %d names everyone in one place, but not in the other', seq, room_id)
        FROM messages JOIN rooms ON rooms.id = room_id LEFT JOIN mentions_of_all USING (room_id, seq)
        WHERE is_deleted = 0 AND (mentions_all = 1 AND deleted_at IS NULL) <> (mentions_of_all.seq IS NOT NULL)",
    "SELECT printf('message %d of room %d shows other reactions than were made', seq, room_id)
        FROM messages AS t JOIN rooms ON rooms.id = room_id
        WHERE is_deleted = 0 AND t.reactions IS NOT NULL
            AND (SELECT coalesce(sum(value ->> 'count'), 0) FROM json_each(t.reactions))
                <> (SELECT count(*) FROM reactions AS r WHERE r.room_id = t.room_id AND r.seq = t.seq)",
    "SELECT printf('user %d reacted to message %d of room %d, which does not show it', user_id, r.seq, r.room_id)
        FROM reactions AS r JOIN messages AS t USING (room_id, seq) JOIN rooms ON rooms.id = room_id
        WHERE is_deleted = 0 AND t.reactions IS NULL",
    "SELECT printf('event %d should have been removed', id) FROM events WHERE id <= (SELECT through FROM pruned)
     UNION ALL SELECT printf('the newest message of room %d belongs to an event that does not exist', id) FROM rooms
        WHERE last_event > max(coalesce((SELECT max(id) FROM events), 0), (SELECT through FROM pruned))",
    "SELECT printf('event %d is about message %d of room %d, which does not exist', events.id, events.seq, room_id)
        FROM events JOIN rooms ON rooms.id = room_id
        WHERE is_deleted = 0 AND seq > last_seq AND (events.kind = 'message.created' OR events.kind = 'message.updated')",
    "SELECT printf('message %d of room %d will never be found by search', t.seq, t.room_id)
        FROM messages AS t JOIN rooms ON rooms.id = t.room_id
        WHERE is_deleted = 0
            AND NOT EXISTS (SELECT 1 FROM search_positions AS p WHERE p.room_id = t.room_id AND p.seq = t.seq)
            AND NOT EXISTS (SELECT 1 FROM events AS e WHERE e.room_id = t.room_id AND e.seq = t.seq
                AND e.kind = 'message.created' AND e.id > (SELECT events FROM search_state))",
    "SELECT printf('search lists message %d of room %d, which does not exist', p.seq, p.room_id)
        FROM search_positions AS p
        WHERE NOT EXISTS (SELECT 1 FROM messages AS t WHERE t.room_id = p.room_id AND t.seq = p.seq)",
];

/// Messages that the index should hold, by the room that their terms begin with and by sender: those that it must hold,
/// and those of rooms that are being removed.
const INDEXED: &str = "SELECT iif(kind = 'public', NULL, rooms.id), sender_id,
        count(*) FILTER (WHERE is_deleted = 0), count(*) FILTER (WHERE is_deleted = 1)
    FROM search_positions JOIN messages USING (room_id, seq) JOIN rooms ON rooms.id = room_id
    WHERE position <= (SELECT indexed FROM search_state) AND deleted_at IS NULL GROUP BY 1, 2";

/// Queries for the number of messages with a term, one for each part of the index. A part that is to be replaced also has
/// messages of deleted rooms, without positions.
const COUNTS: &str = "SELECT printf('SELECT count(*) FROM search_%d WHERE terms MATCH ?1
        AND rowid <= (SELECT indexed FROM search_state)
        AND (%d = 0 OR EXISTS (SELECT 1 FROM search_positions WHERE position = search_%d.rowid))',
        id, is_due OR successor IS NOT NULL, id)
    FROM search_parts WHERE state = 'used'";

/// Queries for damage in a table, one for each table. A part of the search index that is being removed is no sound
/// table; it may begin to go, and be gone, before it is its turn.
const TABLES: &str = "SELECT printf('SELECT integrity_check FROM sqlite_schema AS tables
            CROSS JOIN pragma_integrity_check(%Q) WHERE tables.name = %Q AND NOT EXISTS (SELECT 1 FROM search_parts
                WHERE state = ''old'' AND (tables.name || ''_'') GLOB (''search_'' || id || ''_*''))', name, name)
        FROM sqlite_schema WHERE type = 'table' ORDER BY rootpage";

/// Looks for contradictions. `advance` is called with the looks that are done and their number; once it returns false,
/// the rest is left out.
///
/// # Errors
/// The file cannot be opened, or is no database of this program.
pub(crate) fn contradictions(path: &Path, mut advance: impl FnMut(u64, u64) -> bool) -> Result<Vec<String>> {
    let explained = |error: rusqlite::Error| at_start(path, &error);
    let connection = opening::reader(path).map_err(explained)?;
    connection.busy_timeout(opening::LOCKED).map_err(explained)?;
    opening::refuse_foreign(&connection, path)?;
    opening::refuse_old(&connection, path)?;
    let mut looks = sentences(&connection, TABLES, usize::MAX).map_err(explained)?;
    looks.extend(RULES.iter().map(|rule| (*rule).to_owned()));
    let of = looks.len() as u64 + 1;
    let mut problems = Vec::new();
    for (done, look) in looks.iter().enumerate() {
        if !advance(done as u64, of) {
            return Ok(problems);
        }
        let found = damage_is_a_finding(sentences(&connection, look, NAMED)).map_err(explained)?;
        problems.extend(found.into_iter().filter(|found| found != "ok"));
    }
    problems.extend(damage_is_a_finding(missing_in_index(&connection)).map_err(explained)?);
    problems.dedup();
    advance(of, of);
    Ok(problems)
}

/// Damage that stops one check must not stop the others: it becomes one of the findings.
fn damage_is_a_finding(found: rusqlite::Result<Vec<String>>) -> rusqlite::Result<Vec<String>> {
    match found {
        Err(error) if is_damage(&error) => Ok(vec![error.to_string()]),
        found => found,
    }
}

fn sentences(connection: &Connection, sql: &str, limit: usize) -> rusqlite::Result<Vec<String>> {
    connection.prepare(sql)?.query_map((), |row| row.get(0))?.take(limit).collect()
}

/// Compares the number of messages by each sender, in each scope, with what the index holds.
fn missing_in_index(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let connection = connection.unchecked_transaction()?;
    let counts =
        connection.prepare(COUNTS)?.query_map((), |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()?;
    let mut groups = connection.prepare(INDEXED)?;
    let groups = groups.query_map((), |row| {
        let room: Option<i64> = row.get(0)?;
        Ok((
            room.map(|id| RoomId(id.cast_unsigned())),
            row.get::<_, i64>(1)?,
            row.get::<_, i64>(2)?,
            row.get::<_, i64>(3)?,
        ))
    })?;
    let mut problems = Vec::new();
    for group in groups {
        let (room, sender, alive, ending) = group?;
        let term = of_sender(room, UserId(sender.cast_unsigned()));
        let mut found = 0;
        for count in &counts {
            found += connection.prepare_cached(count)?.query_row([&term], |row| row.get::<_, i64>(0))?;
        }
        if !(alive..=alive + ending).contains(&found) && problems.len() < NAMED {
            let place = room.map_or("public rooms".to_owned(), |room| format!("room {room}"));
            problems.push(format!("search holds {found} messages of user {sender} in {place} instead of {alive}"));
        }
    }
    Ok(problems)
}
