//! Which lineage the log belongs to. Each connection of a node joins before it is used.
//!
//! All of them share a lock. Whoever connects and finds nobody else there begins a lineage, before anybody writes: the log
//! may be an older one than that which clients have seen.

use std::{
    thread,
    time::{Duration, Instant},
};

use super::{
    BEGIN_WRITE, HEAD,
    columns::{get, int, optional_uint, params, uint},
    connection::{Connection, Planned},
    failure::CannotConnect,
    locks, take_lock,
};
use crate::store::{Error, Lineage, Result};

/// While a node begins a lineage, no other can join: one that stops meanwhile must not hold them up for long.
const SOON: &str = "SET LOCAL idle_in_transaction_session_timeout = '2s'";
/// Until the end of the transaction, …
const TRY_ALIVE: &str = "SELECT pg_try_advisory_xact_lock($1)";
/// … and until that of the connection.
const SHARE_ALIVE: &str = "SELECT pg_try_advisory_lock_shared($1)";
/// The newest lineage, and the lowest event at which one began since that with the tag `$1`. If there is none with this
/// tag, any of them may have begun since.
const NEWEST: &str = "SELECT tag, (SELECT min(base) FROM lineages AS later
        WHERE later.id > coalesce((SELECT id FROM lineages WHERE tag = $1), 0))
    FROM lineages ORDER BY id DESC LIMIT 1";
const BEGIN: &str = "INSERT INTO lineages (tag, base, started_at)
    VALUES ($1, $2, (extract(epoch FROM clock_timestamp()) * 1000)::bigint)";

/// How long another node may take to begin a lineage, and the follower of this one to join it.
const PATIENCE: Duration = Duration::from_secs(1);
const RETRY: Duration = Duration::from_millis(5);

/// The lineage that goes on as long as the connection that has joined it.
pub(super) struct Newest {
    pub(super) tag: String,
    /// The lowest event at which a lineage began since the known one; `None` if that goes on.
    pub(super) base: Option<u64>,
}

/// Joins the newest lineage, or begins one. `known` is the tag of the last one that this node has followed.
pub(super) fn join(connection: &Connection, known: &str) -> Result<Newest> {
    let until = Instant::now() + PATIENCE;
    loop {
        let flight = vec![
            Planned::Plain(BEGIN_WRITE),
            Planned::Plain(SOON),
            Planned::Prepared(TRY_ALIVE, params![locks::ALIVE]),
            Planned::Prepared(SHARE_ALIVE, params![locks::ALIVE]),
        ];
        let rows = connection.flight(flight, None)?;
        let locked = |of: usize| rows[of].first().map_or(Ok(false), |row| get::<bool>(row, 0));
        let (is_alone, is_joined) = (locked(2)?, locked(3)?);
        if is_alone {
            begin(connection)?;
        }
        let flight = vec![Planned::Prepared(NEWEST, params![known.to_owned()]), Planned::Plain("COMMIT")];
        let rows = connection.flight(flight, None)?;
        if is_joined {
            return newest(&rows[0]);
        }
        if Instant::now() >= until {
            return Err(CannotConnect::TooSlow(PATIENCE).into());
        }
        thread::sleep(RETRY); // another node begins one
    }
}

fn newest(rows: &[tokio_postgres::Row]) -> Result<Newest> {
    let row = rows.first().ok_or(Error::BrokenRow("there is no lineage"))?;
    Ok(Newest { tag: get(row, 0)?, base: optional_uint(row, 1)? })
}

/// Begins a lineage in the open transaction.
fn begin(connection: &Connection) -> Result<()> {
    let rows = connection.flight(vec![take_lock(), Planned::Prepared(HEAD, params![])], None)?;
    let head = uint(rows[1].first().ok_or(Error::BrokenRow("pruned is empty"))?, 0)?;
    connection.query(BEGIN, params![Lineage::draw()?.tag(), int(head)])?;
    Ok(())
}

/// Waits until this node follows the lineage with this tag. Before that its streams may need to end, and what is read or
/// written would be told as of the lineage before.
pub(super) fn wait_for(followed: &Lineage, tag: &str) -> Result<()> {
    let until = Instant::now() + PATIENCE;
    while followed.tag() != tag {
        if Instant::now() >= until {
            return Err(CannotConnect::NotFollowing.into());
        }
        thread::sleep(RETRY);
    }
    Ok(())
}
