//! Reactions: who reacted with what, and what a message shows of it.

use quchat_shared::{Message, RoomId, Seq, UserId, api::OwnReaction};
use rusqlite::params;

use super::{
    Sqlite,
    columns::{int, uint},
    messages::to_json,
};
use crate::store::{ReadReactions, Result, WriteReactions};

impl ReadReactions for Sqlite {
    fn has_reacted(&self, room: RoomId, seq: Seq, user: UserId, emoji: &str) -> Result<bool> {
        self.exists(
            "SELECT 1 FROM reactions WHERE user_id = ? AND room_id = ? AND seq = ? AND emoji = ?",
            params![int(user.0), int(room.0), int(seq.0), emoji],
        )
    }

    fn first_reactors(&self, room: RoomId, seq: Seq, emoji: &str, limit: usize) -> Result<Vec<UserId>> {
        self.all(
            "SELECT user_id FROM reactions WHERE room_id = ? AND seq = ? AND emoji = ? ORDER BY added LIMIT ?",
            params![int(room.0), int(seq.0), emoji, int(limit as u64)],
            |row| Ok(UserId(uint(row, 0)?)),
        )
    }

    fn reactions_of(&self, user: UserId, room: RoomId, first: Seq, last: Seq) -> Result<Vec<OwnReaction>> {
        self.all(
            "SELECT seq, emoji FROM reactions WHERE user_id = ? AND room_id = ? AND seq BETWEEN ? AND ? ORDER BY seq",
            [int(user.0), int(room.0), int(first.0), int(last.0)],
            |row| Ok(OwnReaction { seq: Seq(uint(row, 0)?), emoji: row.get(1)? }),
        )
    }
}

impl WriteReactions for Sqlite {
    fn insert_reaction(&mut self, message: &Message, emoji: &str, user: UserId, event: u64) -> Result<()> {
        self.run(
            "INSERT INTO reactions (user_id, room_id, seq, emoji, added) VALUES (?, ?, ?, ?, ?)",
            params![int(user.0), int(message.room_id.0), int(message.seq.0), emoji, int(event)],
        )?;
        self.show_reactions(message)
    }

    fn delete_reaction(&mut self, message: &Message, emoji: &str, user: UserId) -> Result<()> {
        self.run(
            "DELETE FROM reactions WHERE user_id = ? AND room_id = ? AND seq = ? AND emoji = ?",
            params![int(user.0), int(message.room_id.0), int(message.seq.0), emoji],
        )?;
        self.show_reactions(message)
    }
}

impl Sqlite {
    /// Stores what the message shows, so that a page of history reads nothing else.
    fn show_reactions(&mut self, message: &Message) -> Result<()> {
        self.run(
            "UPDATE messages SET rev = ?, reactions = ? WHERE room_id = ? AND seq = ?",
            params![int(message.rev), to_json(&message.reactions), int(message.room_id.0), int(message.seq.0)],
        )
        .map(drop)
    }
}
