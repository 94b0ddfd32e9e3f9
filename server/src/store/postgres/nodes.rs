//! The numbers of the servers that share the database.
//!
//! A database that comes back in an older state may not know a node that goes on, or may have given its number to another
//! one. So each has a token of its own in its row.

use super::{
    BEGIN_WRITE,
    columns::{get, params},
    connection::{Connection, Planned},
    locks,
};
use crate::store::{Error, Lineage, Result};

const REGISTER: &str = "INSERT INTO nodes (started_at, token)
    VALUES ((extract(epoch FROM clock_timestamp()) * 1000)::bigint, $1) ON CONFLICT (id) DO NOTHING RETURNING id";
/// Rows of servers that ended long ago.
const FORGET: &str = "DELETE FROM nodes WHERE id < $1::bigint - 1000 AND NOT EXISTS (SELECT 1 FROM pg_locks
    WHERE locktype = 'advisory' AND objsubid = 2 AND classid::bigint = $2 AND objid::bigint = nodes.id)";
const TOKEN_OF: &str = "SELECT token FROM nodes WHERE id = $1";
const REGISTER_AGAIN: &str = "INSERT INTO nodes (id, started_at, token)
    VALUES ($1, (extract(epoch FROM clock_timestamp()) * 1000)::bigint, $2) ON CONFLICT (id) DO NOTHING";
/// Nodes that start get higher numbers.
const MOVE_NUMBERS: &str = "SELECT setval(numbers, greatest($1::bigint, coalesce(pg_sequence_last_value(numbers), 0)))
    FROM (SELECT pg_get_serial_sequence('nodes', 'id')::regclass AS numbers) AS found";
/// The number of the last group of writes. A row that is gone comes back, so that no group is without one.
const NUMBER: &str = "INSERT INTO nodes (id, batch, started_at, token)
    VALUES ($1, $2, (extract(epoch FROM clock_timestamp()) * 1000)::bigint, $3)
    ON CONFLICT (id) DO UPDATE SET batch = excluded.batch";

pub(super) const NUMBER_OF: &str = "SELECT batch FROM nodes WHERE id = $1";

/// How many numbers are tried. One that is taken was registered again a moment ago.
const TRIES: usize = 10;

/// A server that is registered.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) id: i64,
    token: String,
}

impl Node {
    pub(super) fn register(connection: &Connection) -> Result<Self> {
        let token = Lineage::draw()?.tag();
        for _ in 0..TRIES {
            if let Some(row) = connection.query(REGISTER, params![token.clone()])?.first() {
                let id = get(row, 0)?;
                connection.query(FORGET, params![id, i64::from(locks::NODE)])?;
                return Ok(Self { id, token });
            }
        }
        Err(Error::BrokenRow("no node was registered"))
    }

    /// Registers the node with its number if the database does not know it any more.
    ///
    /// # Errors
    /// [`Error::Fatal`]: another node has its number.
    pub(super) fn register_again(&self, connection: &Connection) -> Result<()> {
        if !self.is_known(connection)? {
            let again = vec![
                Planned::Plain(BEGIN_WRITE),
                Planned::Prepared(REGISTER_AGAIN, params![self.id, self.token.clone()]),
                Planned::Prepared(MOVE_NUMBERS, params![self.id]),
                Planned::Plain("COMMIT"),
            ];
            connection.flight(again, None)?;
            self.is_known(connection)?;
        }
        Ok(())
    }

    fn is_known(&self, connection: &Connection) -> Result<bool> {
        let rows = connection.query(TOKEN_OF, params![self.id])?;
        let Some(row) = rows.first() else { return Ok(false) };
        match get::<Option<&str>>(row, 0)? {
            Some(token) if token == self.token => Ok(true),
            _ => Err(Error::Fatal(
                "the database was restored, and another server has the number of this one; start this one again".into(),
            )),
        }
    }

    /// Records the number of a group of writes together with them.
    pub(super) fn number(&self, batch: i64) -> Planned {
        Planned::Prepared(NUMBER, params![self.id, batch, self.token.clone()])
    }
}
