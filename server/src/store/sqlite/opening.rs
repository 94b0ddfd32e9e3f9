//! Opens the database file, at the start of the server and again after a failure.

use std::{fs, path::Path, time::Duration};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use rusqlite::{Connection, OpenFlags};

use super::{
    failure::{at_start, may_pass},
    files, migrations,
};
use crate::store::{Error, Result};

/// What is escaped in the path of a URI.
const URI_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Size of the cache of prepared statements; larger than their number.
const STATEMENTS: usize = 96;
/// How long a write waits for another program that has locked the database.
pub(super) const LOCKED: Duration = Duration::from_secs(2);

/// Opens the file at the start of the server: creates it if it is missing, and migrates its tables.
///
/// # Errors
/// [`Error::Unusable`], with a sentence for the user who starts the server.
pub(super) fn first(path: &Path) -> Result<Connection> {
    let explained = |error: rusqlite::Error| at_start(path, &error);
    let mut connection =
        Connection::open_with_flags(path, flags() | OpenFlags::SQLITE_OPEN_CREATE).map_err(explained)?;
    refuse_foreign(&connection, path)?;
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0)).map_err(explained)?;
    if mode != "wal" {
        let path = path.display();
        let problem = "its file system cannot hold a write-ahead log; keep the data on a local disk (--data-dir)";
        return Err(Error::Unusable(format!("cannot use {path}: {problem}")));
    }
    prepare_writer(&connection).map_err(explained)?;
    super::migrate(&mut connection).map_err(|error| match error {
        rusqlite_migration::Error::RusqliteError { err, .. } if may_pass(&err) => at_start(path, &err),
        error => {
            let reason = match error {
                rusqlite_migration::Error::RusqliteError { err, .. } => err.to_string(),
                error => error.to_string(),
            };
            let advice = "nothing was changed; start the earlier version again, or restore a backup";
            Error::Unusable(format!("cannot bring the tables of {} up to date: {reason}; {advice}", path.display()))
        }
    })?;
    connection.pragma_update(None, "foreign_keys", true).map_err(explained)?;
    Ok(connection)
}

/// Opens the file for writing again, with the settings of [`first`].
pub(super) fn writer(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, flags())?;
    prepare_writer(&connection)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    Ok(connection)
}

/// Opens the file at the start of a server that can write neither the file nor its directory.
///
/// # Errors
/// [`Error::Unusable`], with a sentence for the user who starts the server.
pub(super) fn first_read_only(path: &Path) -> Result<Connection> {
    if has_log(path) && !files::index_of_log(path).is_file() {
        let (log, path) = (files::log(path), path.display());
        return Err(Error::Unusable(format!(
            "{} holds changes that are not in {path} yet, and neither can be written; start the server once while they can \
             be written",
            log.display()
        )));
    }
    let connection = read_only(path).map_err(|error| at_start(path, &error))?;
    refuse_foreign(&connection, path)?;
    refuse_old(&connection, path)?;
    Ok(connection)
}

/// Opens a file that nobody can write. A log that a killed server has left is read along with it. Without one, SQLite must
/// be told that it needs no log and no locks, because it could not create them.
pub(super) fn read_only(path: &Path) -> rusqlite::Result<Connection> {
    let how = if has_log(path) { "readonly_shm=1" } else { "immutable=1" };
    let path = percent_encode(path.as_os_str().as_encoded_bytes(), URI_PATH);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let connection = Connection::open_with_flags(format!("file:{path}?{how}"), flags)?;
    prepare_reader(&connection)?;
    Ok(connection)
}

/// Whether there is a log, which may hold what is not in the file yet.
fn has_log(path: &Path) -> bool {
    fs::metadata(files::log(path)).is_ok_and(|log| log.len() > 0)
}

/// Opens a file that no server uses.
pub(super) fn existing(path: &Path) -> rusqlite::Result<Connection> {
    Connection::open_with_flags(path, flags())
}

/// Opens the file for reading only.
pub(super) fn reader(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, flags())?;
    prepare_reader(&connection)?;
    Ok(connection)
}

fn prepare_reader(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "query_only", true)?;
    connection.pragma_update(None, "cache_size", -4 * 1024)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(())
}

/// Without a mutex around each call: no two threads share a connection, and a read takes nearly half the time. Without
/// `file:` names in most cases, because the path of a data directory may begin like that.
fn flags() -> OpenFlags {
    OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX
}

fn prepare_writer(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(LOCKED)?;
    // A commit is durable before it is acknowledged. On macOS that requires a full fsync.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "journal_size_limit", 64 * 1024 * 1024)?;
    connection.pragma_update(None, "wal_autocheckpoint", 0)?; // see `Engine::maintain`
    connection.pragma_update(None, "secure_delete", true)?; // removed content is overwritten with zeros
    connection.pragma_update(None, "cache_size", -16 * 1024)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(())
}

/// Refuses a database whose tables are those of an earlier version.
pub(super) fn refuse_old(connection: &Connection, path: &Path) -> Result<()> {
    let version = connection.query_row("PRAGMA user_version", (), |row| row.get::<_, i64>(0));
    let known = migrations().len();
    if usize::try_from(version.map_err(|error| at_start(path, &error))?).is_ok_and(|version| version < known) {
        return Err(old(path));
    }
    Ok(())
}

/// The error where a database of an earlier version would have to be changed first.
pub(super) fn old(path: &Path) -> Error {
    let path = path.display();
    let advice = "start the server once while they can be written, which brings them up to date";
    Error::Unusable(format!("the tables of {path} are of an earlier version; {advice}"))
}

/// Refuses a database of a later version or of another program, before anything in it is changed.
pub(super) fn refuse_foreign(connection: &Connection, path: &Path) -> Result<()> {
    let explained = |error: rusqlite::Error| at_start(path, &error);
    let version: i64 = connection.query_row("PRAGMA user_version", (), |row| row.get(0)).map_err(explained)?;
    let tables = "SELECT count(*), coalesce(sum(name IN ('events', 'lineages')), 0) FROM sqlite_schema";
    let (all, ours): (i64, i64) =
        connection.query_row(tables, (), |row| Ok((row.get(0)?, row.get(1)?))).map_err(explained)?;
    let (path, known) = (path.display(), migrations().len());
    if usize::try_from(version).is_ok_and(|version| version > known) && (all == 0 || ours > 0) {
        let advice = "start that version, or restore a backup made before the update";
        let versions = format!("its tables are of version {version}, this program knows {known}");
        return Err(Error::Unusable(format!(
            "{path} comes from a later version of quchat-server ({versions}); {advice}"
        )));
    }
    let is_ours = if version == 0 { all == 0 } else { version > 0 && ours == 2 };
    if !is_ours {
        let advice = "choose another directory with --data-dir, or move the file away";
        return Err(Error::Unusable(format!("{path} is the database of another program; {advice}")));
    }
    Ok(())
}
