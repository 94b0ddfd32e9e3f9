//! Moves what a SQLite database holds into an empty PostgreSQL: all rows with their ids, in one transaction.
//!
//! Two things are not copied as they are. Rooms that were deleted but not purged yet are left out, as if they had been
//! purged: what somebody deleted gets to no further database. The search index gets only its positions, because each
//! engine has terms of its own; a server makes them in the background.

use std::path::Path;

use super::{
    Error, Result,
    postgres::{Import, Settings},
    sqlite::Export,
};

/// A value of a column.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) enum Value<'a> {
    Null,
    /// Also a boolean, as 0 or 1.
    Integer(i64),
    Text(&'a str),
    Bytes(&'a [u8]),
}

/// Rows for a table of the new database, and the query that reads them from the old one.
struct Table {
    name: &'static str,
    columns: &'static str,
    /// The query for the rows, without `SELECT` and the columns.
    rows: &'static str,
    /// A fast query that estimates the number of rows.
    estimate: &'static str,
    /// Whether SQLite assigned its `id`; PostgreSQL then has to go on after the highest one.
    has_ids: bool,
}

/// The condition for rows that do not belong to a deleted room.
macro_rules! kept {
    ($table:literal) => {
        concat!("FROM ", $table, " WHERE room_id NOT IN (SELECT id FROM rooms WHERE is_deleted = 1)")
    };
}

macro_rules! table {
    ($name:literal, $rows:expr, $columns:literal) => {
        Table {
            name: $name,
            columns: $columns,
            rows: $rows,
            estimate: concat!("SELECT count(*) FROM ", $name),
            has_ids: false,
        }
    };
}

macro_rules! table_with_ids {
    ($name:literal, $rows:expr, $columns:literal) => {
        Table { has_ids: true, ..table!($name, $rows, $columns) }
    };
}

/// The number of messages, because each room numbers its own from 1.
const MESSAGES: &str = "SELECT coalesce(sum(last_seq), 0) FROM rooms WHERE is_deleted = 0";

/// Tables that others refer to come first.
const TABLES: &[Table] = &[
    table_with_ids!("users", "FROM users", "id, name, name_key, password_hash, role, created_at, is_suspended"),
    table_with_ids!("sessions", "FROM sessions", "id, user_id, created_at, expires_at, client, last_used_at"),
    table_with_ids!(
        "rooms",
        "FROM rooms WHERE is_deleted = 0",
        "id, rev, name, name_key, topic, kind, created_by, created_at, last_seq, last_event, archived, is_deleted, \
         member_count, events_purged"
    ),
    table!(
        "members",
        kept!("members"),
        "user_id, room_id, role, joined_event, last_read_seq, notify, joined_at, joined_seq, name_key"
    ),
    Table {
        estimate: MESSAGES,
        ..table!(
            "messages",
            kept!("messages"),
            "room_id, seq, rev, sender_id, text, sent_at, edited_at, deleted_at, reply_to, mentions, txn, text_rev, \
             deleted_by, answers, mentions_all, may_mention_all, reactions"
        )
    },
    table!("reactions", kept!("reactions"), "user_id, room_id, seq, emoji, added"),
    table!("mentions", kept!("mentions"), "user_id, room_id, seq, sent_at"),
    table!("mentions_of_all", kept!("mentions_of_all"), "room_id, seq, sender_id, sent_at"),
    // Former members of a deleted room may still see that they left and that it was deleted.
    Table {
        estimate: "SELECT coalesce(max(id) - min(id), 0) FROM events",
        ..table!(
            "events",
            concat!(kept!("events"), " OR kind IN ('member.left', 'room.deleted')"),
            "id, kind, room_id, user_id, seq, at, by_id, banned"
        )
    },
    table!("pruned", "FROM pruned", "through"),
    table_with_ids!("lineages", "FROM lineages", "id, tag, base, started_at"),
    table!("direct_rooms", kept!("direct_rooms"), "room_id, low_id, high_id, low_wrote, high_wrote"),
    table!("bans", kept!("bans"), "room_id, user_id, by_id, reason, created_at, name_key"),
    table_with_ids!(
        "invites",
        "FROM invites",
        "id, code_hash, role, room_id, created_by, created_at, expires_at, uses, uses_left, is_of_start"
    ),
];

/// The positions of the search index. A server makes the terms later; until then, `is_public` and `terms` are placeholders.
const POSITIONS: Table = Table {
    name: "search_index",
    columns: "position, room_id, seq, is_public, terms",
    rows: "FROM (SELECT position, room_id, seq, 0 AS is_public, '' AS terms FROM search_positions
        WHERE room_id NOT IN (SELECT id FROM rooms WHERE is_deleted = 1) ORDER BY position)",
    estimate: MESSAGES,
    has_ids: false,
};

/// What was moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moved {
    /// The numbers of rows.
    Copied { users: u64, rooms: u64, messages: u64 },
    /// An earlier run had copied everything.
    AlreadyCopied,
    /// It was interrupted. Nothing is left of it.
    Interrupted,
}

/// Copies the database `file` of a stopped server, which had this signing key. `advance` is called with the rows that are
/// done and about how many there are; once it returns false, everything is undone. Must not be called on a thread of an
/// async runtime.
///
/// # Errors
/// [`Error::Unreachable`]. [`Error::Unusable`]: one of the databases cannot be used, or the new one is not empty. Nothing
/// has changed then, unless the connection was lost during the commit.
pub(crate) fn move_to_postgres(
    file: &Path,
    settings: &Settings,
    signing_key: Option<&[u8]>,
    mut advance: impl FnMut(u64, u64) -> bool,
) -> Result<Moved> {
    let export = Export::begin(file)?;
    let import = Import::begin(settings)?;
    if !import.is_empty()? {
        // Each start of a server begins a lineage. If the newest one was copied, nothing has been written since then.
        let newest = export.newest_lineage()?;
        if newest.is_some_and(|tag| import.has_lineage(&tag).unwrap_or(false)) {
            return export.close().map(|()| Moved::AlreadyCopied);
        }
        return Err(Error::Unusable(format!("{settings} has users or rooms already; name an empty one")));
    }
    if import.is_in_use()? {
        return Err(Error::Unusable(format!("a quchat-server runs on {settings}; stop it first")));
    }
    let tables = || TABLES.iter().chain([&POSITIONS]);
    import.clear(&tables().map(|table| table.name).collect::<Vec<_>>())?;
    let estimates = tables().map(|table| export.number(table.estimate)).collect::<Result<Vec<_>>>()?;
    let (mut counts, mut done, of) = (Vec::new(), 0, estimates.iter().sum());
    for (table, estimate) in tables().zip(estimates) {
        let Some(rows) = copy(table, &export, &import, |rows| advance(done + rows.min(estimate), of))? else {
            return Ok(Moved::Interrupted);
        };
        counts.push(rows);
        done += estimate;
    }
    let newest = export.highest_id("search_positions")?;
    import.begin_index(export.number("SELECT events FROM search_state")?, newest)?;
    if let Some(key) = signing_key {
        import.claim(key)?;
    }
    export.close()?;
    if !advance(done, of) {
        return Ok(Moved::Interrupted);
    }
    import.commit()?;
    let count = |name| tables().zip(&counts).find(|(table, _)| table.name == name).map_or(0, |(_, rows)| *rows);
    Ok(Moved::Copied { users: count("users"), rooms: count("rooms"), messages: count("messages") })
}

/// Copies a table. Returns the number of rows; `None` once `advance` has returned false.
fn copy(
    table: &Table,
    export: &Export,
    import: &Import<'_>,
    mut advance: impl FnMut(u64) -> bool,
) -> Result<Option<u64>> {
    let Table { name, columns, rows, has_ids, .. } = table;
    let (mut filling, mut done) = (import.fill(name, columns)?, 0);
    let is_complete = advance(0)
        && export.rows(&format!("SELECT {columns} {rows}"), |row| {
            done += 1;
            Ok(!filling.add(row)? || advance(done))
        })?;
    if !is_complete {
        return Ok(None);
    }
    let count = filling.finish()?;
    if *has_ids {
        import.begin_ids_after(name, export.highest_id(name)?)?;
    }
    Ok(Some(count))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{super::sqlite::Sqlite, *};

    /// All tables but those of the search index, which each engine makes of its own, and a note of SQLite about its files.
    const IS_MOVED: &str = "t.type = 'table' AND t.name NOT LIKE 'sqlite%' AND t.name NOT LIKE 'search%'
        AND t.name <> 'unerased'";

    /// Each table with its columns in order, and whether it counts its ids up.
    type Schema = BTreeMap<String, (Vec<String>, bool)>;

    #[test]
    fn every_table_and_column_is_moved() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("db");
        drop(Sqlite::open(&path).unwrap());
        let mut stored = Schema::new();
        let columns = format!(
            "SELECT t.name, c.name, t.sql LIKE '%AUTOINCREMENT%'
            FROM sqlite_schema AS t JOIN pragma_table_info(t.name) AS c
            WHERE {IS_MOVED} ORDER BY c.name"
        );
        let read = Export::begin(&path).unwrap().rows(&columns, |row| {
            let [Value::Text(table), Value::Text(column), Value::Integer(has_ids)] = row else { panic!("{row:?}") };
            let (columns, counts) = stored.entry((*table).to_owned()).or_default();
            columns.push((*column).to_owned());
            *counts = *has_ids == 1;
            Ok(true)
        });
        assert!(read.unwrap());
        let moved = TABLES.iter().map(|table| {
            let mut columns: Vec<_> = table.columns.split(", ").map(str::to_owned).collect();
            columns.sort();
            (table.name.to_owned(), (columns, table.has_ids))
        });
        assert_eq!(moved.collect::<Schema>(), stored);
    }
}
