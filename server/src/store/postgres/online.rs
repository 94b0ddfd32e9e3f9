//! Who has an open stream, on which node: rows that each node keeps of its own users and reads of those of others.
//!
//! They are written and read by the connection that follows the log. Its lock says that the node is alive, and the rows of
//! a node that is not alive count for nothing.

use quchat_shared::{RoomId, UserId};

use super::{
    BEGIN_WRITE,
    columns::{get, int, ints, optional_uint, params, uint},
    connection::{Param, Planned},
    feed::{Feed, TELL},
    locks,
};
use crate::store::{Error, Result};

/// The nodes that are alive.
macro_rules! alive {
    () => {
        "SELECT objid::bigint AS node FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2
            AND classid::bigint = $1 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    };
}

const BEGIN: Planned = Planned::Plain(BEGIN_WRITE);
const COMMIT: Planned = Planned::Plain("COMMIT");

const FORGET_OWN: &str = "DELETE FROM online WHERE node_id = $1";
const BEGIN_ANEW: &str = "INSERT INTO online (node_id, user_id, is_here, version) VALUES ($1, 0, false, $2)";
const CAME: &str = "INSERT INTO online (node_id, user_id, is_here, version)
    SELECT $1, came, true, $2 FROM unnest($3::bigint[]) came
    ON CONFLICT (node_id, user_id) DO UPDATE SET is_here = true, version = excluded.version";
const WENT: &str = "UPDATE online SET is_here = false, version = $2 WHERE node_id = $1 AND user_id = ANY($3)";
/// The alive ones are found after the rows: a row of a node that has come meanwhile is not among them.
const FORGET_DEAD: &str = concat!("DELETE FROM online WHERE node_id <> ALL (ARRAY(", alive!(), "))");
/// One row for each node without changes.
const CHANGES: &str = concat!(
    "WITH alive AS MATERIALIZED (",
    alive!(),
    ") SELECT alive.node, changed.version, changed.user_id, changed.is_here FROM alive
    LEFT JOIN unnest($3::bigint[], $4::bigint[], $5::bigint[]) known (node, version, user_id) ON known.node = alive.node
    LEFT JOIN LATERAL (
        SELECT version, user_id, is_here FROM online
        WHERE node_id = alive.node AND (version, user_id) > (coalesce(known.version, 0), coalesce(known.user_id, 0))
        ORDER BY version, user_id LIMIT $6
    ) changed ON true
    WHERE alive.node <> $2"
);
const ROOMS: &str = "SELECT user_id, room_id FROM members WHERE user_id = ANY($1)";

/// How far the rows of a node have been read: the version and the user of the last one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct OnlinePosition {
    pub(crate) version: u64,
    pub(crate) user: u64,
}

/// A change of who has a stream on a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnlineChange {
    /// The node begins anew: only what follows counts.
    Anew,
    Came(UserId),
    Went(UserId),
}

/// Changes on one node that is alive, oldest first, each with its position.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct OnlineChanges {
    pub(crate) node: i64,
    pub(crate) changes: Vec<(OnlinePosition, OnlineChange)>,
}

impl Feed {
    /// Tells the other nodes that exactly these users have a stream here.
    pub(crate) fn tell_online(&mut self, users: &[UserId]) -> Result<()> {
        self.online += 1;
        let anew = vec![
            Planned::Prepared(FORGET_OWN, params![self.node.id]),
            Planned::Prepared(BEGIN_ANEW, params![self.node.id, self.online]),
            Planned::Prepared(CAME, self.changed(users)),
        ];
        self.write_online(anew)
    }

    /// Tells the other nodes that these users have come here, and that those have gone.
    pub(crate) fn tell_moves(&mut self, came: &[UserId], went: &[UserId]) -> Result<()> {
        self.online += 1;
        let moves = vec![Planned::Prepared(CAME, self.changed(came)), Planned::Prepared(WENT, self.changed(went))];
        self.write_online(moves)
    }

    /// What has changed on the other nodes that are alive, up to `limit` changes of each. `known` says how far each node is
    /// known.
    pub(crate) fn online_elsewhere(
        &self,
        known: impl Iterator<Item = (i64, OnlinePosition)>,
        limit: usize,
    ) -> Result<Vec<OnlineChanges>> {
        let (nodes, positions): (Vec<i64>, Vec<OnlinePosition>) = known.unzip();
        let versions = ints(positions.iter().map(|position| position.version));
        let users = ints(positions.iter().map(|position| position.user));
        let limit = int(limit as u64);
        let params = params![i64::from(locks::NODE), self.node.id, nodes, versions, users, limit];
        let mut all: Vec<OnlineChanges> = Vec::new();
        for row in self.connection()?.query(CHANGES, params)? {
            let node = get(&row, 0)?;
            if all.last().is_none_or(|last| last.node != node) {
                all.push(OnlineChanges { node, changes: Vec::new() });
            }
            if let (Some(version), Some(last)) = (optional_uint(&row, 1)?, all.last_mut()) {
                let (user, is_here) = (uint(&row, 2)?, get(&row, 3)?);
                let change = match (user, is_here) {
                    (0, _) => OnlineChange::Anew,
                    (user, true) => OnlineChange::Came(UserId(user)),
                    (user, false) => OnlineChange::Went(UserId(user)),
                };
                last.changes.push((OnlinePosition { version, user }, change));
            }
        }
        Ok(all)
    }

    /// Deletes what nodes have left that are not alive.
    pub(crate) fn forget_dead_nodes(&self) -> Result<()> {
        let forget = vec![BEGIN, Planned::Prepared(FORGET_DEAD, params![i64::from(locks::NODE)]), COMMIT];
        self.connection()?.flight(forget, None)?;
        Ok(())
    }

    /// In which rooms these users are members.
    pub(crate) fn rooms_of(&self, users: &[UserId]) -> Result<Vec<(UserId, RoomId)>> {
        let rows = self.connection()?.query(ROOMS, params![ints(users.iter().map(|user| user.0))])?;
        rows.iter().map(|row| Ok((UserId(uint(row, 0)?), RoomId(uint(row, 1)?)))).collect()
    }

    fn changed(&self, users: &[UserId]) -> Vec<Param> {
        params![self.node.id, self.online, ints(users.iter().map(|user| user.0))]
    }

    /// Writes rows of this node, and has the others look.
    fn write_online(&self, mut writes: Vec<Planned>) -> Result<()> {
        writes.insert(0, BEGIN);
        writes.push(COMMIT);
        let tell = Planned::Prepared(TELL, self.notification("quchat_online", "moved"));
        self.connection()?.flight(writes, Some(tell)).map_err(Error::from)?;
        Ok(())
    }
}
