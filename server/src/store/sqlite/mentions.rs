//! Whom messages mention: the users they name or answer, and everyone in the room.

use std::collections::BTreeSet;

use quchat_shared::{Message, RoomId, Seq, Timestamp, UserId};
use rusqlite::{Row, params};

use super::{
    Sqlite,
    columns::{int, time, uint},
};
use crate::store::{PlaceInTime, ReadMentions, Result};

/// How many messages after a seq mention the member `members`, each counted once. The row of `members` is that of the query
/// around it. `$through` is a further condition on `seq`.
macro_rules! mentions_after {
    ($after:literal, $through:literal) => {
        concat!(
            "(SELECT count(*) FROM mentions
                WHERE mentions.user_id = members.user_id AND mentions.room_id = members.room_id
                  AND mentions.seq > ",
            $after,
            $through,
            ") + (SELECT count(*) FROM mentions_of_all
                WHERE mentions_of_all.room_id = members.room_id
                  AND mentions_of_all.seq > max(",
            $after,
            ", members.joined_seq)",
            $through,
            "     AND mentions_of_all.sender_id <> members.user_id
                  AND NOT EXISTS (SELECT 1 FROM mentions WHERE mentions.user_id = members.user_id
                      AND mentions.room_id = members.room_id AND mentions.seq = mentions_of_all.seq))"
        )
    };
}

/// How many messages beyond their marker mention a member.
pub(super) const UNREAD_MENTIONS: &str = mentions_after!("members.last_read_seq", "");

/// How many messages after `?3`, up to `?4`, mention a member.
const MENTIONS_BETWEEN: &str = mentions_after!("?3", " AND seq <= ?4 ");

/// The newest messages before a place that name or answer the user, in rooms that they can read.
const NAMING: &str = "SELECT sent_at, room_id, seq FROM mentions INDEXED BY mentions_by_time
    CROSS JOIN rooms ON rooms.id = room_id
    WHERE user_id = ?1 AND (sent_at, room_id, seq) < (?2, ?3, ?4) AND is_deleted = 0
      AND (EXISTS (SELECT 1 FROM members WHERE members.user_id = ?1 AND members.room_id = rooms.id)
          OR kind = 'public'
          AND NOT EXISTS (SELECT 1 FROM bans WHERE bans.user_id = ?1 AND bans.room_id = rooms.id))
    ORDER BY sent_at DESC, room_id DESC, seq DESC LIMIT ?5";

/// The rooms of a user in which a message up to some time mentions everyone, with the time of the newest one.
const ROOMS_WITH_ALL: &str = "SELECT room_id, joined_seq,
        (SELECT max(sent_at) FROM mentions_of_all WHERE mentions_of_all.room_id = members.room_id AND sent_at <= ?2)
            AS newest
    FROM members WHERE user_id = ?1 AND newest IS NOT NULL ORDER BY newest DESC";

/// The newest messages of one room before a place that mention everyone: for a member who joined at `?3`.
const OF_ALL: &str = "SELECT sent_at, room_id, seq FROM mentions_of_all INDEXED BY mentions_of_all_by_time
    WHERE room_id = ?1 AND (sent_at, seq) < (?4, ?5) AND seq > ?3 AND sender_id <> ?2
    ORDER BY sent_at DESC, seq DESC LIMIT ?6";

fn place(row: &Row<'_>) -> rusqlite::Result<PlaceInTime> {
    Ok(PlaceInTime { sent_at: time(row, 0)?, room: RoomId(uint(row, 1)?), seq: Seq(uint(row, 2)?) })
}

impl ReadMentions for Sqlite {
    fn count_unread_mentions(&self, room: RoomId, user: UserId) -> Result<u64> {
        let count = self.one(
            &format!("SELECT {UNREAD_MENTIONS} FROM members WHERE user_id = ? AND room_id = ?"),
            [int(user.0), int(room.0)],
            |row| uint(row, 0),
        )?;
        Ok(count.unwrap_or(0))
    }

    fn count_mentions_between(&self, room: RoomId, user: UserId, after: Seq, through: Seq) -> Result<u64> {
        let count = self.one(
            &format!("SELECT {MENTIONS_BETWEEN} FROM members WHERE user_id = ?1 AND room_id = ?2"),
            [int(user.0), int(room.0), int(after.0), int(through.0)],
            |row| uint(row, 0),
        )?;
        Ok(count.unwrap_or(0))
    }

    fn may_mention_all(&self, room: RoomId, seq: Seq) -> Result<bool> {
        self.exists(
            "SELECT 1 FROM messages WHERE room_id = ? AND seq = ? AND may_mention_all = 1",
            [int(room.0), int(seq.0)],
        )
    }

    fn mentions_of(&self, user: UserId, before: Option<PlaceInTime>, limit: u32) -> Result<Vec<PlaceInTime>> {
        let end = PlaceInTime { sent_at: Timestamp::from_millis(i64::MAX), room: RoomId(u64::MAX), seq: Seq(u64::MAX) };
        let before = before.unwrap_or(end);
        let at = before.sent_at.as_millis();
        let mut found =
            self.all(NAMING, params![int(user.0), at, int(before.room.0), int(before.seq.0), limit], place)?;
        let rooms = self
            .all(ROOMS_WITH_ALL, [int(user.0), at], |row| Ok((RoomId(uint(row, 0)?), uint(row, 1)?, time(row, 2)?)))?;
        for (room, joined, newest) in rooms {
            if found.len() >= limit as usize && found.last().is_some_and(|last| newest < last.sent_at) {
                break; // all further ones are older than what is there
            }
            // The places of one moment are ordered by room.
            let seq = match room.cmp(&before.room) {
                std::cmp::Ordering::Less => i64::MAX,
                std::cmp::Ordering::Equal => int(before.seq.0),
                std::cmp::Ordering::Greater => 0,
            };
            let params = params![int(room.0), int(user.0), int(joined), at, seq, limit];
            found.extend(self.all(OF_ALL, params, place)?);
            found.sort_unstable_by(|one, other| other.cmp(one));
            found.dedup();
            found.truncate(limit as usize);
        }
        Ok(found)
    }
}

impl Sqlite {
    /// Stores whom a message mentions, never its sender.
    pub(super) fn insert_mentions(&self, message: &Message) -> Result<()> {
        let (room, seq, sent_at) = (int(message.room_id.0), int(message.seq.0), message.sent_at.as_millis());
        let users = message.mentions.iter().chain(&message.answers);
        for user in users.filter(|user| **user != message.sender.id).collect::<BTreeSet<_>>() {
            self.run(
                "INSERT INTO mentions (user_id, room_id, seq, sent_at) VALUES (?, ?, ?, ?)",
                [int(user.0), room, seq, sent_at],
            )?;
        }
        if message.mentions_all {
            self.run(
                "INSERT INTO mentions_of_all (room_id, seq, sender_id, sent_at) VALUES (?, ?, ?, ?)",
                [room, seq, int(message.sender.id.0), sent_at],
            )?;
        }
        Ok(())
    }

    /// Stores whom a message mentions now, in place of whom it mentioned before.
    pub(super) fn replace_mentions(&self, message: &Message) -> Result<()> {
        self.delete_mentions(message)?;
        self.insert_mentions(message)
    }

    pub(super) fn delete_mentions(&self, message: &Message) -> Result<()> {
        let key = [int(message.room_id.0), int(message.seq.0)];
        self.run("DELETE FROM mentions WHERE room_id = ? AND seq = ?", key)?;
        self.run("DELETE FROM mentions_of_all WHERE room_id = ? AND seq = ?", key).map(drop)
    }
}
