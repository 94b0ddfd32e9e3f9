//! Fills an empty database with the rows of another one, in one transaction: until its commit nobody sees any of it, and
//! if the connection ends before, nothing is left.

use std::mem;

use tokio_postgres::Error as Refusal;

use super::{
    PLANS, SIGNS_OF_LIFE,
    columns::{get, int, params},
    connection::{Connection, CopyIn},
    failure::{at_start, detail},
    identity::fingerprint,
    locks,
    opening::{begin_migrated, check_settings},
    settings::Settings,
};
use crate::store::{Error, Result, moving::Value};

/// No bound on the time of a statement: that of a large table takes long. An interrupted run whose connection was lost may
/// keep its locks until PostgreSQL notices.
const SETUP: &str = "SET lock_timeout = '15s'; SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0;";
/// Bytes of rows that are sent at once.
const SENT_AT_ONCE: usize = 64 * 1024;

const IS_EMPTY: &str = "SELECT NOT EXISTS (SELECT FROM users) AND NOT EXISTS (SELECT FROM rooms)";
const TRY_ALIVE: &str = "SELECT pg_try_advisory_xact_lock($1)";
const HAS_LINEAGE: &str = "SELECT EXISTS (SELECT FROM lineages WHERE tag = $1)";
const CLAIM: &str = "INSERT INTO identity (signing_key) VALUES ($1)";
/// The index has positions without terms, which are made in the background.
const SEARCH: &str = "INSERT INTO search_state (rules, events, newest, rebuilt, needed) VALUES ('', $1, $2, 0, $2)";

/// The open transaction.
pub(crate) struct Import<'a> {
    settings: &'a Settings,
    connection: Connection,
}

impl<'a> Import<'a> {
    /// Begins, and makes the tables if they are missing. No server can start on the database meanwhile.
    ///
    /// # Errors
    /// [`Error::Unreachable`]. [`Error::Unusable`]: the database cannot be trusted, or its tables come from a later
    /// version.
    pub(in crate::store) fn begin(settings: &'a Settings) -> Result<Self> {
        let open = || {
            let connection = Connection::open(settings, &format!("{PLANS} {SIGNS_OF_LIFE} {SETUP}"))?;
            check_settings(&connection)?;
            begin_migrated(&connection)?;
            Ok(connection)
        };
        let connection = open().map_err(|error| at_start(settings, &error))?;
        Ok(Self { settings, connection })
    }

    /// Whether there are neither users nor rooms.
    pub(in crate::store) fn is_empty(&self) -> Result<bool> {
        self.is_true(IS_EMPTY, params![])
    }

    /// Whether there was a lineage with this tag.
    pub(in crate::store) fn has_lineage(&self, tag: &str) -> Result<bool> {
        self.is_true(HAS_LINEAGE, params![tag.to_owned()])
    }

    /// Whether a server runs on the database.
    pub(in crate::store) fn is_in_use(&self) -> Result<bool> {
        self.is_true(TRY_ALIVE, params![locks::ALIVE]).map(|is_alone| !is_alone)
    }

    fn is_true(&self, sql: &'static str, params: Vec<super::Param>) -> Result<bool> {
        let rows = self.connection.query(sql, params).map_err(|error| self.failed(error))?;
        get(rows.first().ok_or(Error::BrokenRow("a question has no answer"))?, 0)
    }

    /// Empties these tables, and those that only PostgreSQL has, except `nodes`.
    pub(in crate::store) fn clear(&self, tables: &[&str]) -> Result<()> {
        let tables = tables.join(", ");
        self.run(&format!("TRUNCATE {tables}, search_state, identity, online RESTART IDENTITY"))
    }

    fn run(&self, sql: &str) -> Result<()> {
        self.connection.batch(sql).map_err(|error| self.failed(error))
    }

    /// Begins to fill a table that [`Import::clear`] has emptied.
    pub(in crate::store) fn fill(&self, table: &'static str, columns: &str) -> Result<Filling<'_>> {
        // Whoever sees the table sees its rows, so none needs a later look at which transaction wrote it.
        let copy = self.connection.copy_in(&format!("COPY {table} ({columns}) FROM STDIN (FREEZE)"));
        let copy = copy.map_err(|error| self.failed(error))?;
        Ok(Filling { import: self, table, copy, rows: Vec::with_capacity(SENT_AT_ONCE) })
    }

    /// The next row of the table gets an id above this one.
    pub(in crate::store) fn begin_ids_after(&self, table: &str, highest: u64) -> Result<()> {
        self.run(&format!("ALTER TABLE {table} ALTER COLUMN id RESTART WITH {}", int(highest).saturating_add(1)))
    }

    /// The index has positions up to `newest`, for the messages of the log up to `events`.
    pub(in crate::store) fn begin_index(&self, events: u64, newest: u64) -> Result<()> {
        let begun = self.connection.query(SEARCH, params![int(events), int(newest)]);
        begun.map(drop).map_err(|error| self.failed(error))
    }

    /// From now on a server needs this signing key to start.
    pub(in crate::store) fn claim(&self, signing_key: &[u8]) -> Result<()> {
        let claimed = self.connection.query(CLAIM, params![fingerprint(signing_key)]);
        claimed.map(drop).map_err(|error| self.failed(error))
    }

    /// Shows all of it, durably.
    ///
    /// # Errors
    /// [`Error::Unusable`]: it was not committed; or the connection was lost, and it may have been.
    pub(in crate::store) fn commit(self) -> Result<()> {
        self.run("COMMIT").map_err(|error| match self.connection.is_closed() {
            true => Error::Unusable(format!("{error}; run migrate again to find out whether everything was copied")),
            false => error,
        })
    }

    fn failed(&self, error: Refusal) -> Error {
        at_start(self.settings, &error.into())
    }
}

/// A table that is being filled.
pub(in crate::store) struct Filling<'a> {
    import: &'a Import<'a>,
    table: &'static str,
    copy: CopyIn<'a>,
    /// Those that have not been sent yet.
    rows: Vec<u8>,
}

impl Filling<'_> {
    /// Adds a row. Returns whether rows were sent.
    pub(in crate::store) fn add(&mut self, row: &[Value<'_>]) -> Result<bool> {
        encode(row, &mut self.rows);
        let is_enough = self.rows.len() >= SENT_AT_ONCE;
        if is_enough {
            self.send()?;
        }
        Ok(is_enough)
    }

    fn send(&mut self) -> Result<()> {
        let rows = mem::replace(&mut self.rows, Vec::with_capacity(SENT_AT_ONCE));
        self.copy.send(rows.into()).map_err(|error| self.import.failed(error))
    }

    /// Returns the number of rows.
    ///
    /// # Errors
    /// [`Error::Unusable`]: PostgreSQL refuses a row, or the connection is lost.
    pub(in crate::store) fn finish(mut self) -> Result<u64> {
        self.send()?;
        let Self { import, table, copy, .. } = self;
        copy.finish().map_err(|error| match error.code().map(|code| code.code()) {
            Some(code) if code.starts_with("22") || code.starts_with("23") => Error::Unusable(format!(
                "PostgreSQL refuses a row of the table {table} ({}); look with the verb check for what is wrong with the \
                 old database",
                detail(&error)
            )),
            _ => import.failed(error),
        })
    }
}

/// Appends a row in the text format of COPY. Booleans are 0 and 1, as PostgreSQL takes them.
fn encode(row: &[Value<'_>], rows: &mut Vec<u8>) {
    for (at, value) in row.iter().enumerate() {
        if at > 0 {
            rows.push(b'\t');
        }
        match value {
            Value::Null => rows.extend_from_slice(b"\\N"),
            Value::Integer(number) => rows.extend_from_slice(number.to_string().as_bytes()),
            Value::Text(text) => text.bytes().for_each(|byte| encode_byte(byte, rows)),
            Value::Bytes(bytes) => {
                rows.extend_from_slice(b"\\\\x");
                bytes.iter().for_each(|byte| rows.extend_from_slice(format!("{byte:02x}").as_bytes()));
            }
        }
    }
    rows.push(b'\n');
}

fn encode_byte(byte: u8, rows: &mut Vec<u8>) {
    let letter = match byte {
        b'\\' => b'\\',
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        byte => return rows.push(byte),
    };
    rows.extend_from_slice(&[b'\\', letter]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_its_column_or_row() {
        let mut rows = Vec::new();
        let text = "a\tb\nc\r\\N \\. ä👍";
        encode(
            &[Value::Text(text), Value::Null, Value::Integer(-7), Value::Bytes(&[0, 255]), Value::Text("")],
            &mut rows,
        );
        assert_eq!(String::from_utf8(rows).unwrap(), "a\\tb\\nc\\r\\\\N \\\\. ä👍\t\\N\t-7\t\\\\x00ff\t\n");
    }
}
