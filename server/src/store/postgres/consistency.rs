//! Looks for contradictions in the whole database: rows that PostgreSQL cannot read, and rows that break a rule of quchat.
//!
//! Every look is a read transaction of its own, so that none keeps PostgreSQL from tidying up for long.

use tokio_postgres::{Error as Refusal, Row};

use super::{
    columns::{get, params},
    connection::{Connection, Planned},
    failure::at_start,
    settings::Settings,
};
use crate::store::{Error, Result};

/// Whole tables are joined, so the planner chooses how.
const SETUP: &str = "SET default_transaction_read_only = on; SET jit = off;";
/// A look at the index must use the index.
const BY_INDEX: &str = "SET enable_seqscan = off";

/// A query for up to ten sentences.
macro_rules! rule {
    ($sql:literal) => {
        concat!("SELECT sentence FROM (", $sql, ") AS broken(sentence) LIMIT 10")
    };
}

/// Reads each value of a table, and finds nothing.
macro_rules! readable {
    ($table:literal) => {
        concat!("SELECT t::text FROM ", $table, " AS t WHERE t::text = ''")
    };
}

/// Looks for rows of a table that refer to a row of another one. Only where the tables do not declare it.
macro_rules! reference {
    ($table:literal, $parent:literal, $condition:literal) => {
        concat!(
            "SELECT 'table ",
            $table,
            " refers to a row of ",
            $parent,
            " that does not exist' WHERE EXISTS (SELECT 1 FROM ",
            $table,
            " AS t WHERE NOT EXISTS (SELECT 1 FROM ",
            $parent,
            " AS p WHERE ",
            $condition,
            "))"
        )
    };
}

/// Each query returns a sentence for a row that breaks a rule. Rooms that are being removed are left out.
const LOOKS: &[&str] = &[
    readable!("users"),
    readable!("sessions"),
    readable!("rooms"),
    readable!("members"),
    readable!("messages"),
    readable!("reactions"),
    readable!("mentions"),
    readable!("mentions_of_all"),
    readable!("events"),
    readable!("pruned"),
    readable!("lineages"),
    readable!("direct_rooms"),
    readable!("bans"),
    readable!("invites"),
    readable!("search_index"),
    readable!("search_state"),
    reference!("messages", "rooms", "p.id = t.room_id"),
    reference!("messages", "users", "p.id = t.sender_id"),
    reference!("messages", "users", "t.deleted_by IS NULL OR p.id = t.deleted_by"),
    reference!("reactions", "users", "p.id = t.user_id"),
    reference!("reactions", "messages", "p.room_id = t.room_id AND p.seq = t.seq"),
    reference!("mentions", "users", "p.id = t.user_id"),
    reference!("mentions", "messages", "p.room_id = t.room_id AND p.seq = t.seq"),
    reference!("mentions_of_all", "messages", "p.room_id = t.room_id AND p.seq = t.seq"),
    rule!(
        "SELECT format('room %s ends at message %s, but has %s messages up to %s', id, last_seq, coalesce(n, 0),
                coalesce(newest, 0))
            FROM rooms LEFT JOIN (SELECT room_id, count(*) AS n, max(seq) AS newest FROM messages GROUP BY room_id) AS m
                ON room_id = id
            WHERE NOT is_deleted AND (coalesce(n, 0) <> last_seq OR coalesce(newest, 0) <> last_seq)"
    ),
    rule!(
        "SELECT format('room %s counts %s members, but has %s', id, member_count, coalesce(n, 0))
            FROM rooms LEFT JOIN (SELECT room_id, count(*) AS n FROM members GROUP BY room_id) AS m ON room_id = id
            WHERE NOT is_deleted AND coalesce(n, 0) <> member_count"
    ),
    rule!(
        "SELECT format('user %s has read room %s up to message %s, but it ends at %s', user_id, room_id, last_read_seq,
                last_seq)
            FROM members JOIN rooms ON rooms.id = room_id
            WHERE NOT is_deleted AND (last_read_seq > last_seq OR joined_seq > last_seq)"
    ),
    rule!(
        "SELECT format('user %s is listed under another name in room %s', user_id, room_id)
            FROM members JOIN users ON users.id = user_id WHERE members.name_key <> users.name_key
         UNION ALL SELECT format('user %s is listed under another name among the bans of room %s', user_id, room_id)
            FROM bans JOIN users ON users.id = user_id WHERE bans.name_key <> users.name_key"
    ),
    rule!(
        "SELECT format('message %s of room %s counts as a mention of user %s, but is none', m.seq, m.room_id, m.user_id)
            FROM mentions AS m JOIN messages AS t ON t.room_id = m.room_id AND t.seq = m.seq
            WHERE t.deleted_at IS NOT NULL OR m.user_id = t.sender_id OR m.sent_at <> t.sent_at
                OR NOT (m.user_id IS NOT DISTINCT FROM t.answers OR EXISTS (SELECT 1
                    FROM json_array_elements_text(t.mentions::json) AS named WHERE named::bigint = m.user_id))"
    ),
    rule!(
        "SELECT format('message %s of room %s mentions user %s, but does not count as a mention', t.seq, room_id, t.user_id)
            FROM (SELECT room_id, seq, sender_id, answers AS user_id FROM messages
                    WHERE answers IS NOT NULL AND deleted_at IS NULL
                UNION ALL SELECT room_id, seq, sender_id, named::bigint
                    FROM messages CROSS JOIN json_array_elements_text(mentions::json) AS named
                    WHERE mentions IS NOT NULL AND deleted_at IS NULL) AS t
                JOIN rooms ON rooms.id = room_id
            WHERE NOT is_deleted AND t.user_id <> sender_id AND NOT EXISTS (SELECT 1 FROM mentions AS m
                WHERE m.user_id = t.user_id AND m.room_id = t.room_id AND m.seq = t.seq)"
    ),
    rule!(
        "SELECT format('message %s of room %s names everyone in one place, but not in the other', t.seq, t.room_id)
            FROM messages AS t JOIN rooms ON rooms.id = t.room_id
                LEFT JOIN mentions_of_all AS m ON m.room_id = t.room_id AND m.seq = t.seq
            WHERE NOT is_deleted AND (mentions_all AND deleted_at IS NULL) <> (m.seq IS NOT NULL)"
    ),
    rule!(
        "SELECT format('message %s of room %s shows other reactions than were made', seq, room_id)
            FROM messages AS t JOIN rooms ON rooms.id = room_id
            WHERE NOT is_deleted AND t.reactions IS NOT NULL
                AND (SELECT coalesce(sum((shown ->> 'count')::bigint), 0) FROM json_array_elements(t.reactions::json) AS shown)
                    <> (SELECT count(*) FROM reactions AS r WHERE r.room_id = t.room_id AND r.seq = t.seq)"
    ),
    rule!(
        "SELECT format('user %s reacted to message %s of room %s, which does not show it', user_id, r.seq, r.room_id)
            FROM reactions AS r JOIN messages AS t ON t.room_id = r.room_id AND t.seq = r.seq
                JOIN rooms ON rooms.id = r.room_id
            WHERE NOT is_deleted AND t.reactions IS NULL"
    ),
    rule!(
        "SELECT format('event %s should have been removed', id) FROM events WHERE id <= (SELECT through FROM pruned)
         UNION ALL SELECT format('the newest message of room %s belongs to an event that does not exist', id) FROM rooms
            WHERE last_event > greatest((SELECT max(id) FROM events), (SELECT through FROM pruned))"
    ),
    rule!(
        "SELECT format('event %s is about message %s of room %s, which does not exist', events.id, events.seq, room_id)
            FROM events JOIN rooms ON rooms.id = room_id
            WHERE NOT is_deleted AND seq > last_seq AND events.kind IN ('message.created', 'message.updated')"
    ),
    rule!(
        "SELECT format('message %s of room %s will never be found by search', t.seq, t.room_id)
            FROM messages AS t JOIN rooms ON rooms.id = t.room_id
            WHERE NOT is_deleted
                AND NOT EXISTS (SELECT 1 FROM search_index AS p WHERE p.room_id = t.room_id AND p.seq = t.seq)
                AND NOT EXISTS (SELECT 1 FROM events AS e WHERE e.room_id = t.room_id AND e.seq = t.seq
                    AND e.kind = 'message.created' AND e.id > (SELECT events FROM search_state))"
    ),
    rule!(
        "SELECT format('search lists message %s of room %s, which does not exist', p.seq, p.room_id)
            FROM search_index AS p
            WHERE NOT EXISTS (SELECT 1 FROM messages AS t WHERE t.room_id = p.room_id AND t.seq = p.seq)"
    ),
    rule!(
        "SELECT format('search keeps words of message %s of room %s, which was deleted', t.seq, t.room_id)
            FROM messages AS t JOIN search_index AS p ON p.room_id = t.room_id AND p.seq = t.seq
            WHERE deleted_at IS NOT NULL AND EXISTS (SELECT 1 FROM unnest(tsvector_to_array(terms)) AS lexeme
                WHERE left(lexeme, 1) NOT IN ('#', '@', '%'))"
    ),
];

/// Compares the number of messages by each sender, in all public rooms and in each other room, with what the index holds.
/// While the index is made anew, what may follow other rules is left out.
const INDEXED: &str = rule!(
    "SELECT format('search holds %s messages of user %s in %s instead of %s', found, sender_id,
            coalesce('room ' || room_id, 'public rooms'), n)
        FROM (SELECT CASE WHEN NOT is_public THEN p.room_id END AS room_id, sender_id, count(*) AS n
            FROM search_index AS p JOIN messages AS m ON m.room_id = p.room_id AND m.seq = p.seq
            WHERE position <= (SELECT rebuilt FROM search_state) OR position > (SELECT needed FROM search_state)
            GROUP BY 1, 2) AS sent
        CROSS JOIN LATERAL (SELECT count(*) AS found
            FROM (SELECT position FROM search_index
                WHERE terms @@ format('''#%s'' & ''@%s''', sent.room_id, sent.sender_id)::tsquery OFFSET 0) AS listed
            WHERE position <= (SELECT rebuilt FROM search_state) OR position > (SELECT needed FROM search_state)
            ) AS counted
        WHERE found <> n"
);

/// Looks for contradictions. `advance` is called with the looks that are done and their number; once it returns false,
/// the rest is left out.
///
/// # Errors
/// The database cannot be reached, or is none of this program.
pub(crate) fn contradictions(settings: &Settings, advance: impl FnMut(u64, u64) -> bool) -> Result<Vec<String>> {
    look(settings, advance).map_err(|error| at_start(settings, &error))
}

fn look(settings: &Settings, mut advance: impl FnMut(u64, u64) -> bool) -> Result<Vec<String>> {
    let connection = Connection::open(settings, SETUP)?;
    let of = LOOKS.len() as u64 + 1;
    let mut problems = Vec::new();
    for (done, look) in LOOKS.iter().enumerate() {
        if !advance(done as u64, of) {
            return Ok(problems);
        }
        problems.extend(sentences(&connection, look)?);
    }
    if !advance(of - 1, of) {
        return Ok(problems);
    }
    connection.flight(vec![Planned::Plain(BY_INDEX)], None)?;
    problems.extend(sentences(&connection, INDEXED)?);
    problems.dedup();
    advance(of, of);
    Ok(problems)
}

/// Damage that prevents one look may not prevent another.
fn sentences(connection: &Connection, look: &'static str) -> Result<Vec<String>> {
    match connection.query(look, params![]) {
        Ok(rows) => rows.iter().map(|row: &Row| get(row, 0)).collect(),
        Err(error) => damage(&error).map(|found| vec![found]).ok_or_else(|| Error::from(error)),
    }
}

/// What PostgreSQL says if a row, an index or a value in it cannot be read.
fn damage(error: &Refusal) -> Option<String> {
    let refusal = error.as_db_error()?;
    let code = refusal.code().code();
    (code.starts_with("XX") || code.starts_with("22")).then(|| refusal.message().to_owned())
}
