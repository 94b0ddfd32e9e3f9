//! Copies the database as of one moment, and prepares a copy for its first use.
//!
//! The pages are read within one read transaction, which holds up nobody who writes. Meanwhile the write-ahead log cannot
//! be written from its start again, so it grows; beyond a bound the copy is given up. The places in pages that hold no
//! row, where removed content may be left, are zeros in the copy.

use std::{
    fs,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, params};

use super::{columns::int, failure::at_start, files, opening, unused_parts::unused};
use crate::store::{Error, Result};

/// Most bytes by which the log may grow while the database is copied.
const LOG_GROWTH_MAX: u64 = 512 * 1024 * 1024;
/// Pages that are read at once.
const PAGES_AT_ONCE: u64 = 64;
/// From this number of pages on, a page that continues a long row could look like one with rows.
const PAGES_MAX: u64 = 1 << 25;
/// How many ids of each kind a restored database skips. A server that lost some data may have issued them already, and
/// tokens that name them may still be around.
const IDS_SKIPPED: i64 = 1 << 24;

const PAGE: &str = "SELECT data FROM sqlite_dbpage WHERE pgno = ?";

/// Reads the database page by page.
pub(crate) struct DatabaseCopy {
    connection: Connection,
    path: PathBuf,
    pages: u64,
    page_size: u64,
    next: u64,
    log: PathBuf,
    log_max: u64,
}

impl DatabaseCopy {
    /// Begins a copy of the database as it is now.
    ///
    /// # Errors
    /// The file cannot be opened, or is no database of this program.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        Self::open_with(path, LOG_GROWTH_MAX)
    }

    fn open_with(path: &Path, log_growth_max: u64) -> Result<Self> {
        let explained = |error: rusqlite::Error| at_start(path, &error);
        let connection = opening::reader(path).map_err(explained)?;
        connection.busy_timeout(opening::LOCKED).map_err(explained)?;
        opening::refuse_foreign(&connection, path)?;
        connection.execute_batch("BEGIN").map_err(explained)?;
        let number = |pragma: &str| {
            connection.query_row(pragma, (), |row| row.get::<_, i64>(0)).map(i64::cast_unsigned).map_err(explained)
        };
        connection.query_row("SELECT count(*) FROM sqlite_schema", (), |_| Ok(())).map_err(explained)?; // the snapshot
        let (pages, page_size) = (number("PRAGMA page_count")?, number("PRAGMA page_size")?);
        let log = files::log(path);
        let log_max = log_len(&log).saturating_add(log_growth_max);
        Ok(Self { connection, path: path.to_owned(), pages, page_size, next: 1, log, log_max })
    }

    /// The length of the copy, in bytes.
    pub(crate) fn len(&self) -> u64 {
        self.pages * self.page_size
    }

    /// The next bytes; `None` at the end.
    ///
    /// # Errors
    /// The database cannot be read, or the log has grown too much.
    pub(crate) fn next(&mut self) -> Result<Option<Vec<u8>>> {
        let end = (self.next + PAGES_AT_ONCE).min(self.pages + 1);
        if self.next == end {
            return Ok(None);
        }
        if log_len(&self.log) > self.log_max {
            let reason = "was written so much meanwhile that its log has become too long for the copy; copy to a \
                          faster disk, or at a quieter time";
            return Err(Error::Unusable(format!("{} {reason}", self.path.display())));
        }
        let mut bytes = Vec::new();
        for number in self.next..end {
            self.read(number, &mut bytes).map_err(|error| at_start(&self.path, &error))?;
        }
        self.next = end;
        Ok(Some(bytes))
    }

    fn read(&self, number: u64, bytes: &mut Vec<u8>) -> rusqlite::Result<()> {
        self.connection.prepare_cached(PAGE)?.query_row([int(number)], |row| {
            let begin = bytes.len();
            bytes.extend_from_slice(row.get_ref(0)?.as_blob()?);
            let page = &mut bytes[begin..];
            if self.pages < PAGES_MAX {
                for part in unused(page, number == 1) {
                    page[part].fill(0);
                }
            }
            Ok(())
        })
    }
}

/// The lengths of a database file and of its log, in bytes.
pub(crate) fn file_lengths(path: &Path) -> (u64, u64) {
    (log_len(path), log_len(&files::log(path)))
}

fn log_len(log: &Path) -> u64 {
    fs::metadata(log).map_or(0, |metadata| metadata.len())
}

/// Prepares a restored database for a server: ids that were issued after the copy was made are not issued again.
///
/// # Errors
/// It is no database of this program, or comes from a later version.
pub(crate) fn prepare_restored(path: &Path) -> Result<()> {
    let explained = |error: rusqlite::Error| at_start(path, &error);
    let mut connection = opening::existing(path).map_err(explained)?;
    opening::refuse_foreign(&connection, path)?;
    let mut skip = || {
        let tx = connection.transaction()?;
        let names = "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql LIKE '%AUTOINCREMENT%'";
        let names = tx.prepare(names)?.query_map((), |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()?;
        for name in names {
            let skip = "UPDATE sqlite_sequence SET seq = seq + ?2 WHERE name = ?1";
            if tx.execute(skip, params![name, IDS_SKIPPED])? == 0 {
                tx.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", params![name, IDS_SKIPPED])?;
            }
        }
        tx.commit()
    };
    skip().map_err(explained)?;
    connection.close().map_err(|(_, error)| explained(error))
}

#[cfg(test)]
mod tests {
    use super::{super::Sqlite, *};

    fn database() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("db");
        drop(Sqlite::open(&path).unwrap());
        (dir, path)
    }

    fn fill(writer: &Connection, rows: u32) {
        let insert = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ?)
            INSERT INTO events (kind, room_id, at) SELECT printf('%.2000c', 'x'), 1, n FROM n";
        writer.execute(insert, [rows]).unwrap();
    }

    #[test]
    fn a_copy_is_given_up_once_the_log_has_grown_too_much() {
        let (_dir, path) = database();
        let writer = opening::writer(&path).unwrap();
        fill(&writer, 200);
        let mut copy = DatabaseCopy::open_with(&path, 100 * 1024).unwrap();
        copy.next().unwrap();
        fill(&writer, 200);
        let reason = copy.next().unwrap_err().to_string();
        assert!(reason.contains("log") && reason.contains("faster disk"), "{reason}");
    }

    #[test]
    fn a_copy_shows_one_moment_however_much_is_written_meanwhile() {
        let (dir, path) = database();
        let writer = opening::writer(&path).unwrap();
        fill(&writer, 500);
        let (mut copy, mut bytes) = (DatabaseCopy::open(&path).unwrap(), Vec::new());
        while let Some(next) = copy.next().unwrap() {
            bytes.extend_from_slice(&next);
            fill(&writer, 50);
        }
        assert_eq!(bytes.len() as u64, copy.len());
        let copied = dir.path().join("copy");
        fs::write(&copied, bytes).unwrap();
        prepare_restored(&copied).unwrap();
        let copied = Connection::open(copied).unwrap();
        let number = |sql| copied.query_row(sql, (), |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(number("SELECT count(*) FROM events"), 500);
        assert_eq!(number("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"), 0);
        assert!(number("SELECT min(seq) FROM sqlite_sequence") >= IDS_SKIPPED);
    }
}
