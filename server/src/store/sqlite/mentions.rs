//! Whom messages mention.

use quchat_shared::{Message, RoomId, UserId};

use rusqlite::params;

use super::{
    Sqlite,
    columns::{int, json_ids, uint},
};
use crate::store::{ReadMentions, Result};

impl ReadMentions for Sqlite {
    fn count_unread_mentions(&self, room: RoomId, user: UserId) -> Result<u64> {
        let count = self.one(
            "SELECT (SELECT count(*) FROM mentions WHERE mentions.user_id = members.user_id
                AND mentions.room_id = members.room_id AND mentions.seq > members.last_read_seq)
             FROM members WHERE user_id = ? AND room_id = ?",
            [int(user.0), int(room.0)],
            |row| uint(row, 0),
        )?;
        Ok(count.unwrap_or(0))
    }
}

impl Sqlite {
    /// Makes a message mention whom its text names now and whom it answers, and nobody else.
    pub(super) fn replace_mentions(&mut self, message: &Message) -> Result<()> {
        let (room, seq, sent_at) = (int(message.room_id.0), int(message.seq.0), message.sent_at.as_millis());
        let mut users = message.mentions.iter().copied().chain(message.answers).collect::<Vec<_>>();
        users.retain(|user| *user != message.sender.id);
        self.run(
            "DELETE FROM mentions WHERE room_id = ? AND seq = ? AND user_id NOT IN (SELECT value FROM json_each(?))",
            params![room, seq, json_ids(users.iter().map(|user| user.0))],
        )?;
        for user in users {
            self.run(
                "INSERT OR IGNORE INTO mentions (user_id, room_id, seq, sent_at) VALUES (?, ?, ?, ?)",
                [int(user.0), room, seq, sent_at],
            )?;
        }
        Ok(())
    }

    /// Makes a message mention nobody.
    pub(super) fn delete_mentions(&mut self, message: &Message) -> Result<()> {
        let key = [int(message.room_id.0), int(message.seq.0)];
        self.run("DELETE FROM mentions WHERE room_id = ? AND seq = ?", key)?;
        self.run("DELETE FROM mentions_of_all WHERE room_id = ? AND seq = ?", key).map(drop)
    }
}
