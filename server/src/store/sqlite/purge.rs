//! Removes the rows of a deleted room, some at a time, so that other writes do not wait for a large room.

use quchat_shared::RoomId;
use rusqlite::params;

use super::{
    Sqlite,
    columns::{int, optional_uint},
};
use crate::store::Result;

/// What a message takes with it goes first: a single one may have thousands of reactions. Each statement takes the room
/// and the largest number of rows.
const SLICES: [&str; 6] = [
    "DELETE FROM reactions WHERE (user_id, room_id, seq, emoji) IN (SELECT user_id, room_id, seq, emoji
        FROM reactions INDEXED BY reactions_by_message WHERE room_id = ?1 LIMIT ?2)",
    "DELETE FROM mentions WHERE (user_id, room_id, seq) IN (SELECT user_id, room_id, seq
        FROM mentions INDEXED BY mentions_by_message WHERE room_id = ?1 LIMIT ?2)",
    "DELETE FROM mentions_of_all WHERE room_id = ?1 AND seq IN (SELECT seq
        FROM mentions_of_all WHERE room_id = ?1 LIMIT ?2)",
    "DELETE FROM messages WHERE room_id = ?1 AND seq < (SELECT min(seq) FROM messages WHERE room_id = ?1) + ?2",
    "DELETE FROM bans WHERE room_id = ?1 AND user_id IN (SELECT user_id FROM bans WHERE room_id = ?1 LIMIT ?2)",
    "DELETE FROM events WHERE id IN (SELECT id FROM events INDEXED BY own_updates
        WHERE room_id = ?1 AND (kind = 'read.updated' OR kind = 'settings.updated' OR kind = 'ban.updated') LIMIT ?2)",
];

/// The last of the next events of a room that [`Sqlite::purge_events`] looks at.
const NEXT_EVENTS: &str = "SELECT max(id) FROM (SELECT id FROM events INDEXED BY events_by_room
    WHERE room_id = ?1 AND kind <> 'read.updated' AND kind <> 'settings.updated' AND kind <> 'ban.updated'
      AND id > (SELECT events_purged FROM rooms WHERE rooms.id = ?1)
    ORDER BY id LIMIT ?2)";

impl Sqlite {
    /// Removes rows of a deleted room, at most `limit` of one table, and finally its own row. `messages` is how many it had.
    pub(super) fn purge_room(&mut self, room: RoomId, messages: u64, limit: u32) -> Result<()> {
        if self.unindex_texts(room, messages)? {
            return self.note_removal();
        }
        for slice in SLICES {
            if self.run(slice, params![int(room.0), limit])? > 0 {
                return self.note_removal();
            }
        }
        if !self.purge_events(int(room.0), limit)? {
            self.run("DELETE FROM rooms WHERE id = ?", [int(room.0)])?;
        }
        Ok(())
    }

    /// Removes what the next events of a deleted room tell; returns whether there were any. Former members may still see
    /// that they left and that the room was deleted.
    fn purge_events(&mut self, room: i64, limit: u32) -> Result<bool> {
        let through = self.one(NEXT_EVENTS, params![room, limit], |row| optional_uint(row, 0))?.flatten();
        let Some(through) = through else { return Ok(false) };
        self.run(
            "DELETE FROM events INDEXED BY events_by_room
             WHERE room_id = ?1 AND kind <> 'read.updated' AND kind <> 'settings.updated' AND kind <> 'ban.updated'
               AND id > (SELECT events_purged FROM rooms WHERE rooms.id = ?1) AND id <= ?2
               AND kind NOT IN ('member.left', 'room.deleted')",
            params![room, through.cast_signed()],
        )?;
        self.run("UPDATE rooms SET events_purged = ? WHERE id = ?", params![through.cast_signed(), room])?;
        Ok(true)
    }
}
