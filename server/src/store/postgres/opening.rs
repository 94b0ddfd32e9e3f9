//! Opens the database of several nodes: checks that it can be trusted, brings its tables up to date, and registers this
//! server as a node.

use super::{
    BEGIN_WRITE, LOCK, Postgres, SIGNS_OF_LIFE, WRITER, Writing,
    columns::{get, params},
    connection::{Connection, Planned},
    failure::at_start,
    feed::Feed,
    locks,
    nodes::Node,
    settings::Settings,
    take_lock,
};
use crate::store::{Error, Result};

/// A migration: its text, and the first version of the tables whose servers can work with the tables after it.
struct Migration {
    sql: &'static str,
    compatible_from: i64,
}

/// Numbered by position, from 1. A released migration must never change. It only adds, so that servers can be upgraded one
/// after the other.
const MIGRATIONS: &[Migration] = &[
    Migration { sql: include_str!("../migrations/postgres/0001_tables.sql"), compatible_from: 1 },
    Migration { sql: include_str!("../migrations/postgres/0002_node_tokens.sql"), compatible_from: 1 },
];

const STATE: &str = "SELECT current_setting('server_version_num')::bigint, current_setting('server_version'),
    current_setting('fsync'), current_setting('full_page_writes'), current_setting('synchronous_commit'),
    pg_is_in_recovery(), current_setting('server_encoding')";
const VERSIONS: &str =
    "CREATE TABLE IF NOT EXISTS schema_version (version bigint NOT NULL, compatible_from bigint NOT NULL)";
const ANY_USER: &str = "SELECT 1 FROM users LIMIT 1";

/// With this variable set, settings of PostgreSQL that lose what was acknowledged are only warned of. For tests.
const UNSAFE: &str = "QUCHAT_UNSAFE_STORE";

/// An open database whose threads have not been started.
pub(crate) struct Opened {
    pub(crate) engine: Postgres,
    pub(crate) feed: Feed,
    pub(crate) head: u64,
    pub(crate) has_users: bool,
}

/// Opens the database. Must not be called on a thread of an async runtime.
///
/// # Errors
/// [`Error::Unreachable`]. [`Error::Unusable`]: its tables are of a later version, or its settings lose data.
pub(crate) fn open(settings: &Settings) -> Result<Opened> {
    let explained = |error: Error| at_start(settings, &error);
    let connection = Connection::open(settings, &setup()).map_err(|error| explained(error.into()))?;
    let connection = connection.answering_within(settings.answer_within);
    check_settings(&connection).map_err(explained)?;
    migrate(settings, &connection).map_err(explained)?;
    let node = Node::register(&connection).map_err(explained)?;
    let has_users = !connection.query(ANY_USER, params![]).map_err(|error| explained(error.into()))?.is_empty();
    let (feed, joined) = Feed::open(settings.clone(), node.clone()).map_err(explained)?;
    let engine = Postgres::new(settings.clone(), feed.lineage().clone(), Some(Writing::of(node)));
    Ok(Opened { engine, feed, head: joined.head, has_users })
}

/// The statements with which a connection begins. One that stops while it holds a lock must not hold up the other nodes.
fn setup() -> String {
    format!("{SIGNS_OF_LIFE} {WRITER}")
}

/// Refuses a PostgreSQL that is too old or may lose what was acknowledged.
pub(super) fn check_settings(connection: &Connection) -> Result<()> {
    let rows = connection.query(STATE, params![])?;
    let state = rows.first().ok_or(Error::BrokenRow("there are no settings"))?;
    let unusable = |reason: String| Err(Error::Unusable(reason));
    let (number, version): (i64, String) = (get(state, 0)?, get(state, 1)?);
    if number < 140_000 {
        return unusable(format!("PostgreSQL {version} is too old; use version 14 or later"));
    }
    if get(state, 5)? {
        return unusable("this PostgreSQL is a standby, which cannot be written; name the primary".to_owned());
    }
    let encoding: String = get(state, 6)?;
    if encoding != "UTF8" {
        return unusable(format!("the database has the encoding {encoding}; create one with the encoding UTF8"));
    }
    for (column, setting) in [(2, "fsync"), (3, "full_page_writes"), (4, "synchronous_commit")] {
        if get::<String>(state, column)? == "off" {
            let reason = format!(
                "PostgreSQL's setting {setting} is off, so messages that were acknowledged can be lost; switch it on"
            );
            if std::env::var_os(UNSAFE).is_none() {
                return unusable(reason);
            }
            tracing::warn!("{reason}");
        }
    }
    Ok(())
}

/// Runs the migrations that are missing, if there are any, in one transaction.
fn migrate(settings: &Settings, connection: &Connection) -> Result<()> {
    let there = connection.query("SELECT to_regclass('schema_version') IS NOT NULL", params![])?;
    if there.first().map_or(Ok(false), |row| get(row, 0))? && missing(connection)?.is_empty() {
        return Ok(());
    }
    // Without a limit on the time that PostgreSQL takes to answer: changing a large table may take long.
    let connection = Connection::open(settings, &setup())?;
    begin_migrated(&connection)?;
    connection.flight(vec![Planned::Plain("COMMIT")], None)?;
    Ok(())
}

/// Begins a transaction, and runs the migrations that are missing. Until its end nobody else migrates or writes.
pub(super) fn begin_migrated(connection: &Connection) -> Result<()> {
    let flight = vec![
        Planned::Plain(BEGIN_WRITE),
        Planned::Prepared(LOCK, params![locks::MIGRATE]),
        take_lock(),
        Planned::Plain(VERSIONS),
    ];
    connection.flight(flight, None)?;
    let missing = missing(connection)?;
    let mut flight: Vec<Planned> = missing.iter().map(|migration| Planned::Plain(migration.sql)).collect();
    if let Some(last) = missing.last() {
        flight.push(Planned::Plain("DELETE FROM schema_version"));
        let insert = "INSERT INTO schema_version VALUES ($1, $2)";
        connection.flight(flight, None)?;
        connection.query(insert, params![newest_version(), last.compatible_from])?;
    }
    Ok(())
}

/// The migrations that are missing. None is if the tables are of a later version with which this one can work.
fn missing(connection: &Connection) -> Result<&'static [Migration]> {
    let rows = connection.query("SELECT version, compatible_from FROM schema_version", params![])?;
    let (version, compatible_from) = match rows.first() {
        Some(row) => (get::<i64>(row, 0)?, get::<i64>(row, 1)?),
        None => (0, 0),
    };
    if compatible_from > newest_version() {
        return Err(Error::Unusable(
            "the database was upgraded by a later version of quchat-server; upgrade this one, too".to_owned(),
        ));
    }
    Ok(MIGRATIONS.get(usize::try_from(version).unwrap_or(usize::MAX)..).unwrap_or_default())
}

/// The version of the tables after all migrations.
fn newest_version() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}
