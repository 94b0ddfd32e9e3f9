//! Which rooms show who of their members is online, and to whom.

use std::collections::HashSet;

use quchat_shared::{RoomId, UserId};

use super::{
    Postgres,
    columns::{int, ints, params, uint},
};
use crate::store::{ReadPresence, Result};

/// Finds the small rooms of the user once, then looks for each of the others in them.
const SHARING: &str = "SELECT others.id FROM unnest($3::bigint[]) AS others(id)
    CROSS JOIN LATERAL (SELECT 1 FROM members WHERE members.user_id = others.id
        AND members.room_id = ANY (ARRAY(SELECT rooms.id FROM members AS own
            JOIN rooms ON rooms.id = own.room_id
            LEFT JOIN direct_rooms ON direct_rooms.room_id = rooms.id
            WHERE own.user_id = $1 AND rooms.member_count <= $2 AND NOT rooms.is_deleted
              AND (rooms.kind <> 'direct' OR low_wrote AND high_wrote)))
        LIMIT 1) AS shared";

impl ReadPresence for Postgres {
    fn sharing_a_room(&self, user: UserId, others: &[UserId], members: u32) -> Result<HashSet<UserId>> {
        let others = ints(others.iter().map(|other| other.0));
        let sharing =
            self.all(SHARING, params![int(user.0), i64::from(members), others], |row| Ok(UserId(uint(row, 0)?)))?;
        Ok(sharing.into_iter().collect())
    }

    fn presence_size(&self, room: RoomId) -> Result<Option<u64>> {
        self.one(
            "SELECT member_count FROM rooms LEFT JOIN direct_rooms ON direct_rooms.room_id = rooms.id
             WHERE rooms.id = $1 AND NOT is_deleted AND (kind <> 'direct' OR low_wrote AND high_wrote)",
            params![int(room.0)],
            |row| uint(row, 0),
        )
    }

    fn first_members(&self, room: RoomId, limit: u32) -> Result<Vec<UserId>> {
        self.all(
            "SELECT user_id FROM members WHERE room_id = $1 ORDER BY joined_event LIMIT $2",
            params![int(room.0), i64::from(limit)],
            |row| Ok(UserId(uint(row, 0)?)),
        )
    }
}
