//! The storage engine for one server: one SQLite file in WAL mode, with one writing connection and several reading ones.
//!
//! Only this module uses rusqlite.

mod bans;
mod check;
mod columns;
mod consistency;
mod copying;
mod direct_rooms;
mod erasing;
mod events;
mod export;
mod failure;
#[cfg(test)]
mod faults;
mod files;
mod invites;
mod members;
mod mentions;
mod messages;
mod opening;
mod presence;
mod purge;
mod reactions;
mod room_keys;
mod rooms;
mod search;
mod search_terms;
mod sessions;
mod unused_parts;
mod users;

use std::{
    cell::{Cell, RefCell},
    hash::Hash,
    path::{Path, PathBuf},
};

use quchat_shared::Timestamp;
use rusqlite::{Connection, Transaction};
use rusqlite_migration::{M, Migrations};

pub(crate) use self::{
    check::Check,
    consistency::contradictions,
    copying::{DatabaseCopy, file_lengths, prepare_restored},
    export::Export,
};
use self::{erasing::Erasing, files::Files};
use super::{
    Change, Committed, Error, Hints, ReadEvents, Result, Time, readers,
    row_cache::{CachedRows, RowCache},
    writer,
};
use crate::clock::Clock;

/// Numbered by position. A released migration must never change.
fn migrations() -> Vec<M<'static>> {
    vec![
        M::up(include_str!("../migrations/0001_talk.sql")),
        M::up_with_hook(include_str!("../migrations/0002_rooms.sql"), |tx: &Transaction<'_>| {
            Ok(room_keys::recompute(tx)?)
        }),
        M::up(include_str!("../migrations/0003_together.sql")),
        M::up(include_str!("../migrations/0004_search.sql")),
        M::up(include_str!("../migrations/0005_hidden_texts.sql")),
        M::up(include_str!("../migrations/0006_safe.sql")),
        M::up(include_str!("../migrations/0007_search_parts.sql")),
        M::up(include_str!("../migrations/0008_merged_parts.sql")),
    ]
}

/// Brings the tables up to date.
fn migrate(connection: &mut Connection) -> rusqlite_migration::Result<()> {
    Migrations::new(migrations()).to_latest(connection)
}

/// A connection, and the changes that its open transaction publishes on commit.
pub(crate) struct Sqlite {
    connection: Connection,
    /// The id of the newest event, including those of the open transaction. Only kept by the writing connection.
    head: u64,
    changes: Vec<Change>,
    /// `head` when the transaction began.
    begun: u64,
    /// Only for the writing connection.
    cache: Option<RowCache>,
    /// Nobody can write the file.
    is_read_only: bool,
    path: PathBuf,
    files: Files,
    /// The last failure that has not been reported yet.
    failure: RefCell<Option<Error>>,
    /// Failures in a row.
    failures: Cell<u32>,
    /// Rows written when the transaction began.
    begun_changes: u64,
    /// The last checkpoint failed.
    checkpoint_failed: bool,
    erasing: Erasing,
}

impl Sqlite {
    /// Opens the file for writing, or creates it if it is missing, and migrates its tables.
    ///
    /// # Errors
    /// [`Error::Unusable`]: the file cannot be opened, is not a quchat database, or comes from a later version.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let mut this = Self::new(opening::first(path)?, path);
        this.head = this.head().map_err(|error| unusable(path, &error))?;
        this.check_search_rules().map_err(|error| unusable(path, &error))?;
        this.files = Files::at(path); // once more: the log exists since the first read
        this.cache = Some(RowCache::default());
        Ok(this)
    }

    /// Opens a file that nobody can write. Every transaction of the writer is refused then.
    ///
    /// # Errors
    /// As [`Sqlite::open`]. The log holds changes, or the tables are of an earlier version.
    pub(crate) fn open_read_only(path: &Path) -> Result<Self> {
        let mut this = Self { is_read_only: true, ..Self::new(opening::first_read_only(path)?, path) };
        this.head = this.head().map_err(|error| unusable(path, &error))?;
        if !this.has_current_search_rules().map_err(|error| unusable(path, &error))? {
            return Err(opening::old(path));
        }
        Ok(this)
    }

    /// Opens the file once more, for reading only.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub(crate) fn another_reader(&self) -> Result<Self> {
        let open = if self.is_read_only { opening::read_only } else { opening::reader };
        Ok(Self { is_read_only: self.is_read_only, ..Self::new(open(&self.path)?, &self.path) })
    }

    /// Whether nobody can write the file.
    pub(crate) fn is_read_only(&self) -> bool {
        self.is_read_only
    }

    fn new(connection: Connection, path: &Path) -> Self {
        Self {
            connection,
            head: 0,
            changes: Vec::new(),
            begun: 0,
            cache: None,
            is_read_only: false,
            path: path.to_owned(),
            files: Files::at(path),
            failure: RefCell::default(),
            failures: Cell::new(0),
            begun_changes: 0,
            checkpoint_failed: false,
            erasing: Erasing::default(),
        }
    }

    /// Replaces a connection that failed twice. Its file handles may be dead (a network file system whose server was
    /// restarted), or its cache may be inconsistent. It is not replaced after one failure, because a new connection
    /// reads more than the old one, and so fails more often on a disk with occasional errors.
    fn reopen_if_broken(&mut self) -> Result<()> {
        if self.failures.get() < 2 {
            return Ok(());
        }
        self.files.check()?;
        let open = match (self.is_read_only, &self.cache) {
            (true, _) => opening::read_only,
            (false, Some(_)) => opening::writer,
            (false, None) => opening::reader,
        };
        self.connection = open(&self.path).map_err(|error| self.failed(error))?;
        self.files.check()?; // it was not replaced between the two
        if let Some(cache) = &mut self.cache {
            cache.forget_all();
            if self.head()? != self.head {
                let reason = "a write that had failed is in the database after all; start the server again";
                return Err(Error::Fatal(reason.into()));
            }
        }
        self.failures.set(0);
        tracing::debug!("a connection to the database was opened again");
        Ok(())
    }

    /// Records a failure, even if the caller ignores the error.
    fn failed(&self, error: rusqlite::Error) -> Error {
        if failure::is_of_connection(&error) {
            self.failures.update(|failures| failures.saturating_add(1));
        }
        let error = Error::from(error);
        self.failure.replace(Some(error.clone()));
        error
    }

    fn run(&self, sql: &str, params: impl rusqlite::Params) -> Result<usize> {
        let run = || self.connection.prepare_cached(sql)?.execute(params);
        run().map_err(|error| self.failed(error))
    }

    fn one<T>(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
        read: impl FnOnce(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>> {
        use rusqlite::OptionalExtension;
        let one = || self.connection.prepare_cached(sql)?.query_row(params, read).optional();
        one().map_err(|error| self.failed(error))
    }

    fn all<T>(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
        mut read: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        let all = || {
            let mut statement = self.connection.prepare_cached(sql)?;
            let (mut rows, mut all) = (statement.query(params)?, Vec::new());
            while let Some(row) = rows.next()? {
                all.push(read(row)?);
            }
            Ok(all)
        };
        all().map_err(|error| self.failed(error))
    }

    /// The row from the cache, if this connection has one; otherwise reads it with `read`.
    fn cached<K: Eq + Hash, T: Clone>(
        &self,
        rows: impl FnOnce(&RowCache) -> &CachedRows<K, T>,
        key: K,
        read: impl FnOnce() -> Result<Option<T>>,
    ) -> Result<Option<T>> {
        match &self.cache {
            Some(cache) => rows(cache).get(key, read),
            None => read(),
        }
    }

    fn change_cache(&mut self, change: impl FnOnce(&mut RowCache)) {
        self.cache.as_mut().map(change);
    }

    fn exists(&self, sql: &str, params: impl rusqlite::Params) -> Result<bool> {
        let exists = || self.connection.prepare_cached(sql)?.exists(params);
        exists().map_err(|error| self.failed(error))
    }

    /// Checkpoint: copies the write-ahead log into the file once it is long, so that it is written from its start
    /// again. SQLite itself would do that within a commit, and delay the reply.
    fn checkpoint(&self) -> Result<()> {
        /// In pages of the log; SQLite's own default. Few in tests, so that disk errors also hit the checkpoint.
        const LONG: i64 = if cfg!(test) { 60 } else { 1000 };
        let pages = self.one("PRAGMA wal_checkpoint(NOOP)", (), |row| row.get::<_, i64>(1))?;
        if pages >= Some(LONG) {
            self.one("PRAGMA wal_checkpoint(PASSIVE)", (), |_| Ok(()))?;
        }
        Ok(())
    }
}

impl Time for Sqlite {
    fn now(&self, clock: &Clock) -> Timestamp {
        clock.now()
    }
}

impl writer::Engine for Sqlite {
    fn begin(&mut self, _: &[&Hints]) -> Result<()> {
        if self.is_read_only {
            return Err(failure::read_only());
        }
        self.begun = self.head;
        self.reopen_if_broken()?;
        self.failure.take();
        self.begun_changes = self.changes_made();
        self.run("BEGIN IMMEDIATE", ()).map(drop)
    }

    fn changes_made(&self) -> u64 {
        self.connection.total_changes() + self.changes.len() as u64
    }

    fn is_open(&self) -> bool {
        !self.connection.is_autocommit()
    }

    fn take_failure(&mut self) -> Option<Error> {
        self.failure.take()
    }

    fn commit(&mut self) -> Result<Committed> {
        self.run("COMMIT", ())?;
        self.files.check()?;
        if self.changes_made() != self.begun_changes {
            self.failures.set(0); // what only reads proves nothing
        }
        Ok(Committed { begun: self.begun, head: self.head, changes: std::mem::take(&mut self.changes) })
    }

    fn rollback(&mut self) {
        self.head = self.begun;
        self.changes.clear();
        self.cache.iter_mut().for_each(RowCache::forget_all);
        if !self.connection.is_autocommit()
            && let Err(error) = self.run("ROLLBACK", ())
        {
            self.failures.set(u32::MAX); // closing the connection ends its transaction
            tracing::error!(error = &error as &dyn std::error::Error, "rolling back failed");
        }
    }

    fn maintain(&mut self) {
        if self.failures.get() > 0 {
            return; // not before the next write has succeeded
        }
        let outcome = self.empty_log_if_asked().and_then(|()| self.checkpoint());
        if let Err(error) = &outcome
            && !self.checkpoint_failed
        {
            tracing::warn!(error = error as &dyn std::error::Error, "WAL checkpoint failed");
        }
        self.checkpoint_failed = outcome.is_err();
    }
}

impl readers::Reader for Sqlite {
    fn begin(&mut self) -> Result<()> {
        self.failure.take(); // of a read that did not begin
        self.reopen_if_broken()?;
        self.run("BEGIN", ()).map(drop)
    }

    fn is_open(&self) -> bool {
        !self.connection.is_autocommit()
    }

    fn end(&mut self) -> Option<Error> {
        let failure = self.failure.take();
        if failure.is_none() {
            self.failures.set(0);
        }
        if !self.connection.is_autocommit()
            && let Err(error) = self.run("ROLLBACK", ())
        {
            self.failures.set(u32::MAX);
            tracing::error!(error = &error as &dyn std::error::Error, "ending a read failed");
        }
        failure
    }
}

/// The error if the server cannot start although the file could be opened.
pub(crate) fn unusable(path: &Path, error: &Error) -> Error {
    let path = path.display();
    Error::Unusable(match error {
        Error::Unavailable(cause) => format!("cannot use {path}: {cause}; {}", cause.advice),
        Error::Engine(reason) => format!("cannot use {path}: {reason}; restore it from a backup"),
        Error::Unusable(reason) => reason.clone(),
        error => format!("cannot use {path}: {error}"),
    })
}
