//! Who is banned from a room.

use quchat_shared::{RoomId, Timestamp, UserId, UserRef, api::Ban, limits::user_key};
use tokio_postgres::Row;

use super::{
    Postgres,
    columns::{get, int, optional_uint, params, sought, time, uint},
};
use crate::store::{ReadBans, Result, WriteBans};

/// Reads the user, who banned them, why and when.
fn ban(row: &Row) -> Result<Ban> {
    let user = UserRef { id: UserId(uint(row, 0)?), name: get(row, 1)? };
    let by = match optional_uint(row, 2)? {
        Some(id) => Some(UserRef { id: UserId(id), name: get(row, 3)? }),
        None => None,
    };
    Ok(Ban { user, by, reason: get(row, 4)?, created_at: time(row, 5)? })
}

impl ReadBans for Postgres {
    fn is_banned(&self, room: RoomId, user: UserId) -> Result<bool> {
        self.exists("SELECT 1 FROM bans WHERE room_id = $1 AND user_id = $2", params![int(room.0), int(user.0)])
    }

    fn bans(&self, room: RoomId, after: &str, limit: u32) -> Result<Vec<Ban>> {
        self.all(
            "SELECT users.id, users.name, moderators.id, moderators.name, reason, bans.created_at
             FROM bans
             JOIN users ON users.id = bans.user_id
             LEFT JOIN users moderators ON moderators.id = bans.by_id
             WHERE bans.room_id = $1 AND bans.name_key > $2 ORDER BY bans.name_key LIMIT $3",
            params![int(room.0), sought(&user_key(after)), i64::from(limit)],
            ban,
        )
    }
}

impl WriteBans for Postgres {
    fn insert_ban(
        &mut self,
        room: RoomId,
        user: UserId,
        by: Option<UserId>,
        reason: Option<&str>,
        at: Timestamp,
    ) -> Result<()> {
        self.later(
            "INSERT INTO bans (room_id, user_id, by_id, reason, created_at, name_key)
             VALUES ($1, $2, $3, $4, $5, (SELECT name_key FROM users WHERE id = $2))",
            params![int(room.0), int(user.0), by.map(|by| int(by.0)), reason.map(str::to_owned), at.as_millis(),],
        );
        Ok(())
    }

    fn delete_ban(&mut self, room: RoomId, user: UserId) -> Result<bool> {
        let delete = "DELETE FROM bans WHERE room_id = $1 AND user_id = $2";
        Ok(self.run(delete, params![int(room.0), int(user.0)])? > 0)
    }
}
