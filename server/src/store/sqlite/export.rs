//! Reads the whole database of a stopped server, for another engine.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, types::ValueRef};

use super::{failure::at_start, files, opening};
use crate::store::{Error, Result, moving::Value};

/// An open database that nobody else can write.
pub(crate) struct Export {
    connection: Connection,
    path: PathBuf,
}

impl Export {
    /// Brings the log into the file, and begins to read it.
    ///
    /// # Errors
    /// [`Error::Unusable`]: another program uses the file, or its tables are not those of this version.
    pub(in crate::store) fn begin(path: &Path) -> Result<Self> {
        let explained = |error: rusqlite::Error| at_start(path, &error);
        let connection = opening::existing(path).map_err(explained)?;
        connection.busy_timeout(opening::LOCKED).map_err(explained)?;
        opening::refuse_foreign(&connection, path)?;
        opening::refuse_old(&connection, path)?;
        let is_busy: bool =
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |row| row.get(0)).map_err(explained)?;
        if is_busy {
            return Err(in_use(path));
        }
        connection.execute_batch("BEGIN IMMEDIATE").map_err(explained)?;
        Ok(Self { connection, path: path.to_owned() })
    }

    /// The one number that a query returns.
    pub(in crate::store) fn number(&self, sql: &str) -> Result<u64> {
        let number = self.connection.query_row(sql, (), |row| row.get::<_, i64>(0));
        number.map(i64::cast_unsigned).map_err(|error| at_start(&self.path, &error))
    }

    /// The tag of the newest lineage, if there is one.
    pub(in crate::store) fn newest_lineage(&self) -> Result<Option<String>> {
        let newest = "SELECT tag FROM lineages ORDER BY id DESC LIMIT 1";
        let tag = self.connection.query_row(newest, (), |row| row.get(0)).optional();
        tag.map_err(|error| at_start(&self.path, &error))
    }

    /// The highest id that a row of this table ever had.
    pub(in crate::store) fn highest_id(&self, table: &str) -> Result<u64> {
        self.number(&format!("SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = '{table}'), 0)"))
    }

    /// Passes each row of a query on, until `each` returns false. Returns whether those were all.
    pub(in crate::store) fn rows(&self, sql: &str, mut each: impl FnMut(&[Value<'_>]) -> Result<bool>) -> Result<bool> {
        let explained = |error: rusqlite::Error| at_start(&self.path, &error);
        let mut statement = self.connection.prepare(sql).map_err(explained)?;
        let columns = statement.column_count();
        let mut rows = statement.query(()).map_err(explained)?;
        while let Some(row) = rows.next().map_err(explained)? {
            let values = (0..columns).map(|column| value(row.get_ref(column).map_err(explained)?));
            if !each(&values.collect::<Result<Vec<_>>>()?)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Closes the file. Nothing of the database is in another file then.
    ///
    /// # Errors
    /// [`Error::Unusable`]: another program has opened it.
    pub(in crate::store) fn close(self) -> Result<()> {
        let Self { connection, path } = self;
        connection.execute_batch("ROLLBACK").map_err(|error| at_start(&path, &error))?;
        connection.close().map_err(|(_, error)| at_start(&path, &error))?;
        match files::log(&path).metadata() {
            Ok(log) if log.len() > 0 => Err(in_use(&path)),
            _ => Ok(()),
        }
    }
}

fn in_use(path: &Path) -> Error {
    Error::Unusable(format!("another program uses {}; close it", path.display()))
}

fn value(value: ValueRef<'_>) -> Result<Value<'_>> {
    match value {
        ValueRef::Null => Ok(Value::Null),
        ValueRef::Integer(number) => Ok(Value::Integer(number)),
        ValueRef::Text(text) => {
            let text = std::str::from_utf8(text).map_err(|_| Error::BrokenRow("a text is not UTF-8"))?;
            Ok(Value::Text(text))
        }
        ValueRef::Blob(bytes) => Ok(Value::Bytes(bytes)),
        ValueRef::Real(_) => Err(Error::BrokenRow("there is a number with a fraction")),
    }
}
