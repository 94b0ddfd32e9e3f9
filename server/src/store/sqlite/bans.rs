//! Who is banned from a room.

use quchat_shared::{RoomId, Timestamp, UserId, UserRef, api::Ban, limits::user_key};
use rusqlite::{Row, params};

use super::{
    Sqlite,
    columns::{int, optional_uint, time, uint},
};
use crate::store::{ReadBans, Result, WriteBans};

/// Reads the user, who banned them, why and when.
fn ban(row: &Row<'_>) -> rusqlite::Result<Ban> {
    let user = UserRef { id: UserId(uint(row, 0)?), name: row.get(1)? };
    let by = match optional_uint(row, 2)? {
        Some(id) => Some(UserRef { id: UserId(id), name: row.get(3)? }),
        None => None,
    };
    Ok(Ban { user, by, reason: row.get(4)?, created_at: time(row, 5)? })
}

impl ReadBans for Sqlite {
    fn is_banned(&self, room: RoomId, user: UserId) -> Result<bool> {
        self.exists("SELECT 1 FROM bans WHERE room_id = ? AND user_id = ?", [int(room.0), int(user.0)])
    }

    fn bans(&self, room: RoomId, after: &str, limit: u32) -> Result<Vec<Ban>> {
        self.all(
            "SELECT users.id, users.name, moderators.id, moderators.name, reason, bans.created_at
             FROM bans INDEXED BY bans_by_name
             CROSS JOIN users ON users.id = bans.user_id
             LEFT JOIN users moderators ON moderators.id = bans.by_id
             WHERE bans.room_id = ? AND bans.name_key > ? ORDER BY bans.name_key LIMIT ?",
            params![int(room.0), user_key(after), limit],
            ban,
        )
    }
}

impl WriteBans for Sqlite {
    fn insert_ban(
        &mut self,
        room: RoomId,
        user: UserId,
        by: Option<UserId>,
        reason: Option<&str>,
        at: Timestamp,
    ) -> Result<()> {
        self.run(
            "INSERT INTO bans (room_id, user_id, by_id, reason, created_at, name_key)
             VALUES (?1, ?2, ?3, ?4, ?5, (SELECT name_key FROM users WHERE id = ?2))",
            params![int(room.0), int(user.0), by.map(|by| int(by.0)), reason, at.as_millis()],
        )
        .map(drop)
    }

    fn delete_ban(&mut self, room: RoomId, user: UserId) -> Result<bool> {
        let gone = self.run("DELETE FROM bans WHERE room_id = ? AND user_id = ?", [int(room.0), int(user.0)])?;
        Ok(gone > 0)
    }
}
