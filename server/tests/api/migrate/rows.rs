//! The rows of both databases, to compare them.

use quchat_shared::RoomId;

use crate::harness::Database;

/// A table of SQLite that is moved, and how PostgreSQL calls it.
pub(super) struct Table {
    pub(super) name: String,
    columns: String,
}

/// Tables of SQLite that belong to its search index and to its erasing are not moved, but the positions are.
const TABLES: &str = "SELECT t.name || ': ' || group_concat(c.name)
    FROM sqlite_schema AS t JOIN pragma_table_info(t.name) AS c
    WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%' AND t.name <> 'unerased'
        AND (t.name NOT LIKE 'search%' OR t.name = 'search_positions')
    GROUP BY t.name";

/// The rows of SQLite, without those of a deleted room that a purge would remove.
pub(super) fn of_all_tables(sqlite: &Database, deleted: RoomId) -> Vec<(Table, Vec<String>)> {
    let tables = sqlite.texts(TABLES).into_iter().map(|table| {
        let (name, columns) = table.split_once(": ").unwrap();
        let table = Table { name: name.to_owned(), columns: columns.to_owned() };
        let rows = of(sqlite, &table, Some(deleted));
        (table, rows)
    });
    tables.collect()
}

/// The rows of a table, as text, in an order that is the same in both databases.
pub(super) fn of(database: &Database, table: &Table, but: Option<RoomId>) -> Vec<String> {
    let (Table { name, columns }, is_sqlite) = (table, matches!(database, Database::Sqlite(_)));
    let texts = columns.split(',').map(|column| match is_sqlite {
        true => format!("CASE typeof({column}) WHEN 'blob' THEN '\\x' || lower(hex({column})) ELSE {column} END"),
        // A boolean is a number in SQLite.
        false => format!("CASE {column}::text WHEN 'true' THEN '1' WHEN 'false' THEN '0' ELSE {column}::text END"),
    });
    let row: Vec<_> = texts.map(|text| format!("coalesce({text}, 'NULL') || ''")).collect();
    let name = if name == "search_positions" && !is_sqlite { "search_index" } else { name };
    let kept = but.map_or(String::new(), |room| match name {
        "rooms" => format!("WHERE id <> {room}"),
        "events" => format!("WHERE room_id <> {room} OR kind IN ('member.left', 'room.deleted')"),
        _ if columns.split(',').any(|column| column == "room_id") => {
            format!("WHERE room_id IS NULL OR room_id <> {room}")
        }
        _ => String::new(),
    });
    let mut rows = database.texts(&format!("SELECT {} FROM {name} {kept}", row.join(" || '|' || ")));
    rows.sort();
    rows
}
