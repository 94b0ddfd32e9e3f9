//! The embedded engine: one SQLite file in WAL mode, one writing connection, several reading ones.
//!
//! Only here is the database library named.

mod columns;
mod events;
mod kept;
mod messages;
mod room_keys;
mod rooms;
mod users;

use std::{hash::Hash, path::Path};

use rusqlite::{Connection, OpenFlags, Transaction};
use rusqlite_migration::{M, Migrations};

use self::kept::{Kept, Rows};
use super::{Change, Error, ReadEvents, Result, Snapshot, readers, writer};

/// Numbered by their place; what has been released is never changed.
fn migrations() -> Migrations<'static> {
    Migrations::new(vec![
        M::up(include_str!("../migrations/0001_talk.sql")),
        M::up_with_hook(include_str!("../migrations/0002_rooms.sql"), |tx: &Transaction<'_>| {
            Ok(room_keys::recompute(tx)?)
        }),
    ])
}

/// Statements a connection keeps prepared; more than there are.
const STATEMENTS: usize = 96;

/// A connection, with what the open transaction has to tell once it is committed.
pub(crate) struct Sqlite {
    connection: Connection,
    /// The newest event, including those of the open transaction. Kept by the writing connection only.
    head: u64,
    changes: Vec<Change>,
    /// `head` when the transaction began.
    begun: u64,
    /// What the writing connection keeps; `None` for the others.
    kept: Option<Kept>,
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        Self::Engine(Box::new(error))
    }
}

impl Sqlite {
    /// Opens the file for writing, brings its tables up to date, and makes it if it is missing.
    ///
    /// # Errors
    /// The file cannot be opened, is no database, or comes from a later version.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let mut connection = Connection::open(path)?;
        let mode: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
        if mode != "wal" {
            return Err(Error::Corrupt("the file system cannot hold a write-ahead log"));
        }
        // A commit is on the disk before it is acknowledged; on macOS that takes a full fsync.
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "fullfsync", true)?;
        connection.pragma_update(None, "journal_size_limit", 64 * 1024 * 1024)?;
        connection.pragma_update(None, "wal_autocheckpoint", 0)?; // see `settle`
        migrations().to_latest(&mut connection).map_err(|error| Error::Engine(Box::new(error)))?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "cache_size", -16 * 1024)?;
        let mut this = Self::new(connection);
        this.head = this.head()?;
        this.kept = Some(Kept::default());
        Ok(this)
    }

    /// Opens a file that [`Sqlite::open`] has opened before, for reading only.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub(crate) fn open_reader(path: &Path) -> Result<Self> {
        // Without a mutex around each call, which here nearly halves a read: no two threads share a connection.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.pragma_update(None, "query_only", true)?;
        connection.pragma_update(None, "cache_size", -4 * 1024)?;
        Ok(Self::new(connection))
    }

    fn new(connection: Connection) -> Self {
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        Self { connection, head: 0, changes: Vec::new(), begun: 0, kept: None }
    }

    fn run(&self, sql: &str, params: impl rusqlite::Params) -> Result<usize> {
        Ok(self.connection.prepare_cached(sql)?.execute(params)?)
    }

    fn one<T>(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
        read: impl FnOnce(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>> {
        use rusqlite::OptionalExtension;
        Ok(self.connection.prepare_cached(sql)?.query_row(params, read).optional()?)
    }

    fn all<T>(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
        mut read: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let (mut rows, mut all) = (statement.query(params)?, Vec::new());
        while let Some(row) = rows.next()? {
            all.push(read(row)?);
        }
        Ok(all)
    }

    /// Out of what is kept if this connection keeps anything, else by `read`.
    fn kept<K: Eq + Hash, T: Clone>(
        &self,
        rows: impl FnOnce(&Kept) -> &Rows<K, T>,
        key: K,
        read: impl FnOnce() -> Result<Option<T>>,
    ) -> Result<Option<T>> {
        match &self.kept {
            Some(kept) => rows(kept).get(key, read),
            None => read(),
        }
    }

    fn change_kept(&mut self, change: impl FnOnce(&mut Kept)) {
        self.kept.as_mut().map(change);
    }

    fn exists(&self, sql: &str, params: impl rusqlite::Params) -> Result<bool> {
        Ok(self.connection.prepare_cached(sql)?.exists(params)?)
    }

    /// Copies the log into the file once it is long, and so lets it begin anew. SQLite itself would do so within a
    /// commit, before whoever waits for that is answered.
    fn checkpoint(&self) -> Result<()> {
        /// Pages of the log, as SQLite's own bound.
        const LONG: i64 = 1000;
        let pages = self.one("PRAGMA wal_checkpoint(NOOP)", (), |row| row.get::<_, i64>(1))?;
        if pages >= Some(LONG) {
            self.one("PRAGMA wal_checkpoint(PASSIVE)", (), |_| Ok(()))?;
        }
        Ok(())
    }
}

impl writer::Engine for Sqlite {
    fn begin(&mut self) -> Result<()> {
        self.begun = self.head;
        self.run("BEGIN IMMEDIATE", ()).map(drop)
    }

    fn changes_made(&self) -> u64 {
        self.connection.total_changes() + self.changes.len() as u64
    }

    fn commit(&mut self) -> Result<Vec<Change>> {
        self.run("COMMIT", ())?;
        Ok(std::mem::take(&mut self.changes))
    }

    fn rollback(&mut self) {
        self.head = self.begun;
        self.changes.clear();
        self.kept.iter_mut().for_each(Kept::forget_all);
        if !self.connection.is_autocommit()
            && let Err(error) = self.run("ROLLBACK", ())
        {
            tracing::error!(error = &error as &dyn std::error::Error, "rolling back failed");
        }
    }

    fn settle(&mut self) {
        if let Err(error) = self.checkpoint() {
            tracing::warn!(error = &error as &dyn std::error::Error, "the log could not be copied into the file");
        }
    }
}

impl readers::Reader for Sqlite {
    fn snapshot(&mut self, read: impl FnOnce(&dyn Snapshot)) -> Result<()> {
        struct End<'a>(&'a Sqlite);
        impl Drop for End<'_> {
            fn drop(&mut self) {
                if let Err(error) = self.0.run("ROLLBACK", ()) {
                    tracing::error!(error = &error as &dyn std::error::Error, "ending a read failed");
                }
            }
        }
        self.run("BEGIN", ())?;
        let end = End(self);
        read(end.0);
        Ok(())
    }
}
