//! Whom messages mention: the users they name or answer, and everyone in the room.

use std::collections::BTreeSet;

use quchat_shared::{Message, RoomId, Seq, Timestamp, UserId};
use tokio_postgres::Row;

use super::{
    Postgres,
    columns::{int, ints, params, time, uint},
};
use crate::store::{PlaceInTime, ReadMentions, Result};

/// How many messages after a seq mention the member `members`, each counted once. The row of `members` is that of the
/// query around it. `$through` is a further condition on `seq`. `OFFSET 0` has the planner look up each message by the
/// whole key.
macro_rules! mentions_after {
    ($after:literal, $through:literal) => {
        concat!(
            "((SELECT count(*) FROM mentions
                WHERE mentions.user_id = members.user_id AND mentions.room_id = members.room_id
                  AND mentions.seq > ",
            $after,
            $through,
            ") + (SELECT count(*) FROM mentions_of_all
                WHERE mentions_of_all.room_id = members.room_id
                  AND mentions_of_all.seq > greatest(",
            $after,
            ", members.joined_seq)",
            $through,
            "     AND mentions_of_all.sender_id <> members.user_id
                  AND NOT EXISTS (SELECT 1 FROM mentions WHERE mentions.user_id = members.user_id
                      AND mentions.room_id = members.room_id AND mentions.seq = mentions_of_all.seq OFFSET 0)))"
        )
    };
}
pub(super) use mentions_after;

/// How many messages beyond their marker mention a member, for `concat!`.
macro_rules! unread_mentions {
    () => {
        $crate::store::postgres::mentions::mentions_after!("members.last_read_seq", "")
    };
}
pub(super) use unread_mentions;

const COUNT_UNREAD: &str = concat!("SELECT ", unread_mentions!(), " FROM members WHERE user_id = $1 AND room_id = $2");

/// How many messages after `$3`, up to `$4`, mention a member.
const COUNT_BETWEEN: &str = concat!(
    "SELECT ",
    mentions_after!("$3::bigint", " AND seq <= $4 "),
    " FROM members WHERE user_id = $1 AND room_id = $2"
);

/// The newest messages of the room of `members` before a place that mention everyone, for that member.
macro_rules! of_all {
    ($limit:literal) => {
        concat!(
            "(SELECT sent_at, room_id, seq FROM mentions_of_all
                WHERE mentions_of_all.room_id = members.room_id AND (sent_at, room_id, seq) < ($2, $3, $4)
                  AND seq > members.joined_seq AND sender_id <> members.user_id
                ORDER BY sent_at DESC, seq DESC LIMIT ",
            $limit,
            ")"
        )
    };
}

/// The newest messages before a place that mention the user: those that name or answer them, in rooms that they can
/// read, and those that mention everyone in a room of theirs. Of the latter, only the rooms with the newest ones are
/// looked through: as many as messages are asked for.
const MENTIONS_OF: &str = concat!(
    "(SELECT sent_at, room_id, seq FROM mentions
        CROSS JOIN LATERAL
            (SELECT kind FROM rooms WHERE rooms.id = mentions.room_id AND NOT is_deleted LIMIT 1) AS room
        WHERE mentions.user_id = $1 AND (sent_at, room_id, seq) < ($2, $3, $4)
          AND (EXISTS (SELECT 1 FROM members WHERE members.user_id = $1 AND members.room_id = mentions.room_id)
              OR room.kind = 'public'
              AND NOT EXISTS (SELECT 1 FROM bans WHERE bans.user_id = $1 AND bans.room_id = mentions.room_id))
        ORDER BY sent_at DESC, room_id DESC, seq DESC LIMIT $5)
    UNION
    (SELECT found.sent_at, found.room_id, found.seq
        FROM (SELECT members.user_id, members.room_id, members.joined_seq
            FROM members CROSS JOIN LATERAL ",
    of_all!("1"),
    "       AS newest
            WHERE members.user_id = $1 ORDER BY newest.sent_at DESC, members.room_id DESC LIMIT $5) AS members
        CROSS JOIN LATERAL ",
    of_all!("$5"),
    "   AS found
        ORDER BY found.sent_at DESC, found.room_id DESC, found.seq DESC LIMIT $5)
    ORDER BY sent_at DESC, room_id DESC, seq DESC LIMIT $5"
);

fn place(row: &Row) -> Result<PlaceInTime> {
    Ok(PlaceInTime { sent_at: time(row, 0)?, room: RoomId(uint(row, 1)?), seq: Seq(uint(row, 2)?) })
}

impl ReadMentions for Postgres {
    fn count_unread_mentions(&self, room: RoomId, user: UserId) -> Result<u64> {
        let count = self.one(COUNT_UNREAD, params![int(user.0), int(room.0)], |row| uint(row, 0))?;
        Ok(count.unwrap_or(0))
    }

    fn count_mentions_between(&self, room: RoomId, user: UserId, after: Seq, through: Seq) -> Result<u64> {
        let params = params![int(user.0), int(room.0), int(after.0), int(through.0)];
        Ok(self.one(COUNT_BETWEEN, params, |row| uint(row, 0))?.unwrap_or(0))
    }

    fn may_mention_all(&self, room: RoomId, seq: Seq) -> Result<bool> {
        self.exists(
            "SELECT 1 FROM messages WHERE room_id = $1 AND seq = $2 AND may_mention_all",
            params![int(room.0), int(seq.0)],
        )
    }

    fn mentions_of(&self, user: UserId, before: Option<PlaceInTime>, limit: u32) -> Result<Vec<PlaceInTime>> {
        let end = PlaceInTime { sent_at: Timestamp::from_millis(i64::MAX), room: RoomId(u64::MAX), seq: Seq(u64::MAX) };
        let PlaceInTime { sent_at, room, seq } = before.unwrap_or(end);
        let params = params![int(user.0), sent_at.as_millis(), int(room.0), int(seq.0), i64::from(limit)];
        self.all(MENTIONS_OF, params, place)
    }
}

impl Postgres {
    /// Stores whom a message mentions, never its sender.
    pub(super) fn insert_mentions(&self, message: &Message) {
        let (room, seq, sent_at) = (int(message.room_id.0), int(message.seq.0), message.sent_at.as_millis());
        let users = message.mentions.iter().chain(&message.answers).map(|user| user.0);
        let users = users.filter(|user| *user != message.sender.id.0).collect::<BTreeSet<_>>();
        if !users.is_empty() {
            self.later(
                "INSERT INTO mentions (user_id, room_id, seq, sent_at)
                 SELECT user_id, $2, $3, $4 FROM unnest($1::bigint[]) AS mentioned(user_id)",
                params![ints(users), room, seq, sent_at],
            );
        }
        if message.mentions_all {
            self.later(
                "INSERT INTO mentions_of_all (room_id, seq, sender_id, sent_at) VALUES ($1, $2, $3, $4)",
                params![room, seq, int(message.sender.id.0), sent_at],
            );
        }
    }

    /// Stores whom a message mentions now, in place of whom it mentioned before.
    pub(super) fn replace_mentions(&self, message: &Message) {
        self.delete_mentions(message);
        self.insert_mentions(message);
    }

    pub(super) fn delete_mentions(&self, message: &Message) {
        let key = || params![int(message.room_id.0), int(message.seq.0)];
        self.later("DELETE FROM mentions WHERE room_id = $1 AND seq = $2", key());
        self.later("DELETE FROM mentions_of_all WHERE room_id = $1 AND seq = $2", key());
    }
}
