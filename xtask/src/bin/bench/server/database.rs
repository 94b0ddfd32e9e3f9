//! Looks into the database of a running server, where no answer of the server tells what a scenario needs to know.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::{Result, postgres::Client};

/// The database, with how to reach it.
pub(super) enum Database {
    /// Its file.
    Sqlite(PathBuf),
    Postgres(Client),
}

/// A question that has a number as its answer, for SQLite and for PostgreSQL.
type Question = [&'static str; 2];

/// Bytes of the whole database, whether in its file or still in the log; PostgreSQL's are without the log.
const ALL: Question = [
    "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
    "SELECT pg_database_size(current_database())",
];
/// Bytes of the full-text index and of what belongs to it.
const INDEX: Question = [
    "SELECT sum(pgsize) FROM dbstat JOIN sqlite_schema USING (name) WHERE aggregate = TRUE AND tbl_name LIKE 'search%'",
    "SELECT sum(pg_total_relation_size(oid)) FROM pg_class
     WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND relname LIKE 'search%'",
];
const DELETED_ROOMS: Question =
    ["SELECT count(*) FROM rooms WHERE is_deleted = 1", "SELECT count(*) FROM rooms WHERE is_deleted"];

impl Database {
    pub(super) fn bytes(&self) -> Result<f64> {
        self.ask(ALL)
    }

    pub(super) fn index_bytes(&self) -> Result<f64> {
        self.ask(INDEX)
    }

    /// Whether rows of deleted rooms are left.
    pub(super) fn has_deleted_rooms(&self) -> Result<bool> {
        Ok(self.ask(DELETED_ROOMS)? > 0.0)
    }

    fn ask(&self, [of_sqlite, of_postgres]: Question) -> Result<f64> {
        match self {
            Self::Sqlite(file) => ask_sqlite(file, of_sqlite),
            Self::Postgres(client) => Ok(client.ask(of_postgres)?.parse()?),
        }
    }
}

fn ask_sqlite(database: &Path, query: &str) -> Result<f64> {
    let connection = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    Ok(connection.query_row(query, (), |row| row.get(0))?)
}
