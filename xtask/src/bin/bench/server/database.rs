//! Looks into the database of a running server, where no answer of the server tells what a scenario needs to know.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::Result;

/// Bytes of the whole database, whether in its file or still in the log.
const ALL: &str = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
/// Bytes of the full-text index and of what belongs to it.
const INDEX: &str = "SELECT sum(pgsize) FROM dbstat JOIN sqlite_schema USING (name)
    WHERE aggregate = TRUE AND tbl_name LIKE 'search%'";
const DELETED_ROOMS: &str = "SELECT count(*) FROM rooms WHERE is_deleted = 1";

pub(super) fn bytes(database: &Path) -> Result<f64> {
    ask(database, ALL)
}

pub(super) fn index_bytes(database: &Path) -> Result<f64> {
    ask(database, INDEX)
}

/// Whether rows of deleted rooms are left.
pub(super) fn has_deleted_rooms(database: &Path) -> Result<bool> {
    Ok(ask(database, DELETED_ROOMS)? > 0.0)
}

fn ask(database: &Path, query: &str) -> Result<f64> {
    let connection = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    Ok(connection.query_row(query, (), |row| row.get(0))?)
}
