//! Removes the rows of a deleted room, some at a time, so that other writes do not wait for a large room.

use super::{
    Postgres,
    columns::{get, optional_uint, params},
};
use crate::store::Result;

/// The next deleted room, and the first of [`SLICES`] of which it has rows; null if there are no such rows left. What
/// belongs to messages is looked for among the next ones only, as many as `$1`: a scan that began at the first message
/// would pass all that was removed before, each time.
const NEXT: &str = "SELECT room, CASE
        WHEN EXISTS (SELECT 1 FROM search_index WHERE room_id = room AND seq > purged AND seq <= purged + $1) THEN 0
        WHEN EXISTS (SELECT 1 FROM reactions WHERE room_id = room AND seq > purged AND seq <= purged + $1) THEN 1
        WHEN EXISTS (SELECT 1 FROM mentions WHERE room_id = room AND seq > purged AND seq <= purged + $1) THEN 2
        WHEN EXISTS (SELECT 1 FROM mentions_of_all WHERE room_id = room AND seq > purged AND seq <= purged + $1) THEN 3
        WHEN purged < last_seq THEN 4
        WHEN EXISTS (SELECT 1 FROM bans WHERE room_id = room) THEN 5
        WHEN EXISTS (SELECT 1 FROM events WHERE room_id = room
            AND kind IN ('read.updated', 'settings.updated', 'ban.updated')) THEN 6
    END::bigint
    FROM (SELECT id AS room, last_seq, seqs_purged AS purged FROM rooms WHERE is_deleted ORDER BY id LIMIT 1) AS next";

/// Removes up to `$2` rows of the room `$1`. The order is that of an index, so that the planner does not look at all of
/// them first.
macro_rules! slice {
    ($table:literal, $rows:literal) => {
        concat!(
            "DELETE FROM ",
            $table,
            " WHERE ctid = ANY (ARRAY(SELECT ctid FROM ",
            $table,
            " WHERE room_id = $1 AND ",
            $rows,
            " LIMIT $2))"
        )
    };
    ($table:literal) => {
        slice!(
            $table,
            "seq > (SELECT seqs_purged FROM rooms WHERE id = $1)
             AND seq <= (SELECT seqs_purged + $2 FROM rooms WHERE id = $1) ORDER BY seq"
        )
    };
}

/// What a message takes with it goes first: a single one may have thousands of reactions.
const SLICES: [&str; 7] = [
    slice!("search_index"),
    slice!("reactions"),
    slice!("mentions"),
    slice!("mentions_of_all"),
    concat!("WITH gone AS (", slice!("messages"), ") UPDATE rooms SET seqs_purged = seqs_purged + $2 WHERE id = $1"),
    slice!("bans", "true ORDER BY user_id"),
    slice!("events", "kind IN ('read.updated', 'settings.updated', 'ban.updated') ORDER BY user_id"),
];

/// The last of the next events of a room that [`Postgres::purge_events`] looks at.
const NEXT_EVENTS: &str = "SELECT max(id) FROM (SELECT id FROM events
    WHERE room_id = $1 AND kind NOT IN ('read.updated', 'settings.updated', 'ban.updated', 'session.ended')
      AND id > (SELECT events_purged FROM rooms WHERE rooms.id = $1)
    ORDER BY id LIMIT $2) AS next";

impl Postgres {
    /// Removes up to `limit` rows of the next deleted room; finally the row of the room itself. Returns whether there
    /// was such a room.
    pub(super) fn purge_next_room(&mut self, limit: u32) -> Result<bool> {
        let next =
            self.one(NEXT, params![i64::from(limit)], |row| Ok((get::<i64>(row, 0)?, optional_uint(row, 1)?)))?;
        let Some((room, slice)) = next else { return Ok(false) };
        match slice.and_then(|slice| SLICES.get(usize::try_from(slice).ok()?)) {
            Some(slice) => self.later(slice, params![room, i64::from(limit)]),
            None if self.purge_events(room, limit)? => {}
            None => self.later("DELETE FROM rooms WHERE id = $1", params![room]),
        }
        Ok(true)
    }

    /// Removes what the next events of a deleted room tell; returns whether there were any. Former members may still
    /// see that they left and that the room was deleted.
    fn purge_events(&mut self, room: i64, limit: u32) -> Result<bool> {
        let params = params![room, i64::from(limit)];
        let Some(through) = self.one(NEXT_EVENTS, params, |row| get::<Option<i64>>(row, 0))?.flatten() else {
            return Ok(false);
        };
        self.later(
            "DELETE FROM events
             WHERE room_id = $1 AND kind NOT IN ('read.updated', 'settings.updated', 'ban.updated', 'session.ended')
               AND id > (SELECT events_purged FROM rooms WHERE rooms.id = $1) AND id <= $2
               AND kind NOT IN ('member.left', 'room.deleted')",
            params![room, through],
        );
        self.later("UPDATE rooms SET events_purged = $1 WHERE id = $2", params![through, room]);
        Ok(true)
    }
}
