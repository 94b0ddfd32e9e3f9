//! Whom messages mention.

use quchat_shared::{RoomId, UserId};

use super::{
    Sqlite,
    columns::{int, uint},
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
