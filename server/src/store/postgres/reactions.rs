//! Reactions: who reacted with what, and what a message shows of it.

use quchat_shared::{Message, RoomId, Seq, UserId, api::OwnReaction};

use super::{
    Postgres,
    columns::{get, int, params, sought, uint},
    messages::to_json,
};
use crate::store::{ReadReactions, Result, WriteReactions};

impl ReadReactions for Postgres {
    fn has_reacted(&self, room: RoomId, seq: Seq, user: UserId, emoji: &str) -> Result<bool> {
        self.exists(
            "SELECT 1 FROM reactions WHERE user_id = $1 AND room_id = $2 AND seq = $3 AND emoji = $4",
            params![int(user.0), int(room.0), int(seq.0), sought(emoji)],
        )
    }

    fn first_reactors(&self, room: RoomId, seq: Seq, emoji: &str, limit: usize) -> Result<Vec<UserId>> {
        self.all(
            "SELECT user_id FROM reactions WHERE room_id = $1 AND seq = $2 AND emoji = $3 ORDER BY added LIMIT $4",
            params![int(room.0), int(seq.0), sought(emoji), int(limit as u64)],
            |row| Ok(UserId(uint(row, 0)?)),
        )
    }

    fn reactions_of(&self, user: UserId, room: RoomId, first: Seq, last: Seq) -> Result<Vec<OwnReaction>> {
        self.all(
            "SELECT seq, emoji FROM reactions WHERE user_id = $1 AND room_id = $2 AND seq BETWEEN $3 AND $4
             ORDER BY seq, emoji",
            params![int(user.0), int(room.0), int(first.0), int(last.0)],
            |row| Ok(OwnReaction { seq: Seq(uint(row, 0)?), emoji: get(row, 1)? }),
        )
    }
}

impl WriteReactions for Postgres {
    fn insert_reaction(&mut self, message: &Message, emoji: &str, user: UserId, event: u64) -> Result<()> {
        self.later(
            "INSERT INTO reactions (user_id, room_id, seq, emoji, added) VALUES ($1, $2, $3, $4, $5)",
            params![int(user.0), int(message.room_id.0), int(message.seq.0), emoji.to_owned(), int(event)],
        );
        self.show_reactions(message);
        Ok(())
    }

    fn delete_reaction(&mut self, message: &Message, emoji: &str, user: UserId) -> Result<()> {
        self.later(
            "DELETE FROM reactions WHERE user_id = $1 AND room_id = $2 AND seq = $3 AND emoji = $4",
            params![int(user.0), int(message.room_id.0), int(message.seq.0), sought(emoji)],
        );
        self.show_reactions(message);
        Ok(())
    }
}

impl Postgres {
    /// Stores what the message shows, so that a page of history reads nothing else.
    fn show_reactions(&self, message: &Message) {
        self.later(
            "UPDATE messages SET rev = $1, reactions = $2 WHERE room_id = $3 AND seq = $4",
            params![int(message.rev), to_json(&message.reactions), int(message.room_id.0), int(message.seq.0)],
        );
    }
}
