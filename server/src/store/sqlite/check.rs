//! Checks the database for damage in the background after each start, so that damage is reported before the data is
//! needed.
//!
//! It reads one table at a time, and large tables in slices, because the write-ahead log cannot be reset during a read.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle, Thread},
    time::{Duration, Instant},
};

use rusqlite::{Connection, ErrorCode, params_from_iter, types::Value};

use super::opening;
use crate::store::health::Health;

/// How long a single read may take.
#[derive(Clone, Copy)]
struct Bounds {
    /// The check of a whole table. If it takes longer, the table is read in slices.
    whole: Duration,
    slice: Duration,
}

const BOUNDS: Bounds = Bounds { whole: Duration::from_millis(800), slice: Duration::from_millis(100) };
/// Most problems that are reported for one table.
const PROBLEMS_MAX: usize = 10;
/// How many steps SQLite runs between two checks of the time.
const STEPS: i32 = 200;

/// A running check. Dropping it stops the check.
pub(crate) struct Check {
    is_stopped: Arc<AtomicBool>,
    thread: Thread,
}

impl Check {
    /// Starts the thread. It reports damage to `health`.
    pub(crate) fn start(file: &Path, is_read_only: bool, health: Health) -> (Self, JoinHandle<()>) {
        let (file, is_stopped) = (file.to_owned(), Arc::new(AtomicBool::new(false)));
        let stopped = Arc::clone(&is_stopped);
        let thread = thread::Builder::new().name("check".to_owned()).spawn(move || {
            let open = if is_read_only { opening::read_only } else { opening::reader };
            let outcome = open(&file).and_then(|connection| run(&connection, BOUNDS, &stopped, &health));
            if let Err(error) = outcome {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the database could not be checked for damage"
                );
            }
        });
        let thread = thread.expect("a thread can be started while the server starts");
        (Self { is_stopped, thread: thread.thread().clone() }, thread)
    }
}

impl Drop for Check {
    fn drop(&mut self) {
        self.is_stopped.store(true, Ordering::Relaxed);
        self.thread.unpark();
    }
}

fn run(connection: &Connection, bounds: Bounds, is_stopped: &Arc<AtomicBool>, health: &Health) -> rusqlite::Result<()> {
    // Not the virtual ones: what they hold is in tables of its own.
    let names = "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 ORDER BY name";
    let tables =
        connection.prepare(names)?.query_map((), |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()?;
    for table in &tables {
        let begun = Instant::now();
        let mut outcome = whole(connection, table, bounds.whole, is_stopped, health);
        rest(begun);
        if outcome.as_ref().is_err_and(|error| error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted)) {
            outcome = in_slices(connection, table, bounds.slice, is_stopped);
        }
        if is_stopped.load(Ordering::Relaxed) {
            return Ok(());
        }
        match outcome {
            Err(error) if is_damage(&error) => health.damage_found(table, &error.to_string()),
            // Parts of the search index come and go.
            Err(_) if !connection.table_exists(None, table.as_str())? => {}
            outcome => outcome?,
        }
    }
    Ok(())
}

/// Checks a table and its indexes with SQLite's own check, for at most `bound`.
fn whole(
    connection: &Connection,
    table: &str,
    bound: Duration,
    is_stopped: &Arc<AtomicBool>,
    health: &Health,
) -> rusqlite::Result<()> {
    let (until, is_stopped) = (Instant::now() + bound, Arc::clone(is_stopped));
    let is_over = move || is_stopped.load(Ordering::Relaxed) || Instant::now() > until;
    connection.progress_handler(STEPS, Some(is_over))?;
    let problems = problems(connection, table);
    connection.progress_handler(0, None::<fn() -> bool>)?;
    problems?.iter().filter(|problem| *problem != "ok").for_each(|problem| health.damage_found(table, problem));
    Ok(())
}

fn problems(connection: &Connection, table: &str) -> rusqlite::Result<Vec<String>> {
    let mut check = connection.prepare(&format!("PRAGMA quick_check({})", quoted(table)))?;
    check.query_map((), |row| row.get(0))?.take(PROBLEMS_MAX).collect()
}

/// Reads all rows of a table that is too large for one read, in the order of its key. It does not check other indexes.
fn in_slices(connection: &Connection, table: &str, bound: Duration, is_stopped: &AtomicBool) -> rusqlite::Result<()> {
    let columns = "SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk";
    let mut key = connection
        .prepare(columns)?
        .query_map([table], |row| row.get(0).map(|name: String| quoted(&name)))?
        .collect::<rusqlite::Result<Vec<String>>>()?;
    if key.is_empty() {
        key.push("rowid".to_owned());
    }
    let (key_columns, places) = (key.join(", "), vec!["?"; key.len()].join(", "));
    let (select, order) =
        (format!("SELECT {key_columns}, * FROM {}", quoted(table)), format!("ORDER BY {key_columns}"));
    let mut after: Vec<Value> = Vec::new();
    while !is_stopped.load(Ordering::Relaxed) {
        let begun = Instant::now();
        let from = if after.is_empty() { String::new() } else { format!("WHERE ({key_columns}) > ({places})") };
        let mut statement = connection.prepare_cached(&format!("{select} {from} {order}"))?;
        let mut rows = statement.query(params_from_iter(&after))?;
        loop {
            let Some(row) = rows.next()? else { return Ok(()) };
            for column in key.len()..row.as_ref().column_count() {
                row.get_ref(column)?; // reads the overflow pages of the row
            }
            if begun.elapsed() > bound {
                after = (0..key.len()).map(|column| row.get(column)).collect::<rusqlite::Result<_>>()?;
                break;
            }
        }
        drop(rows);
        drop(statement);
        rest(begun);
    }
    Ok(())
}

/// Pauses for as long as the last read took, to leave the disk and the CPU to others.
fn rest(begun: Instant) {
    thread::park_timeout(begun.elapsed());
}

pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A table like that of the messages, with rows on overflow pages, and a small table without a key.
    fn database() -> (tempfile::TempDir, Connection) {
        let dir = tempfile::tempdir().unwrap();
        let database = Connection::open(dir.path().join("db")).unwrap();
        let fill = "CREATE TABLE big (a INTEGER, b TEXT, text TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID;
            CREATE INDEX by_b ON big (b);
            CREATE TABLE \"a \"\"small\"\" one\" (n INTEGER);
            INSERT INTO \"a \"\"small\"\" one\" VALUES (1), (2), (NULL);
            WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 300)
            INSERT INTO big SELECT n / 7, 'b' || n, 'row ' || n || printf('%.6000c', '.') FROM n;";
        database.execute_batch(fill).unwrap();
        (dir, database)
    }

    fn damages(database: &Connection, bounds: Bounds) -> u64 {
        let health = Health::default();
        run(database, bounds, &Arc::default(), &health).unwrap();
        health.damages()
    }

    const NO_TIME: Bounds = Bounds { whole: Duration::ZERO, slice: Duration::ZERO };

    #[test]
    fn an_intact_database_shows_no_damage_however_short_the_reads_are() {
        let (_dir, database) = database();
        assert_eq!((damages(&database, BOUNDS), damages(&database, NO_TIME)), (0, 0));
    }

    #[test]
    fn damage_is_found_however_short_the_reads_are() {
        let (dir, database) = database();
        drop(database);
        let file = dir.path().join("db");
        let mut bytes = fs::read(&file).unwrap();
        let at = bytes.windows(8).position(|window| window == b"row 150.").unwrap();
        let page = at / 4096 * 4096;
        assert!(page > 0);
        bytes[page..page + 100].fill(0xA5);
        fs::write(&file, bytes).unwrap();
        let database = Connection::open(&file).unwrap();
        for bounds in [BOUNDS, NO_TIME] {
            assert!(damages(&database, bounds) > 0);
        }
    }

    #[test]
    fn a_check_stops_when_the_store_does() {
        let (dir, database) = database();
        drop(database);
        let (check, thread) = Check::start(&dir.path().join("db"), false, Health::default());
        drop(check);
        thread.join().unwrap();
    }
}
