//! Messages, clustered by room.

use quchat_shared::{Message, RoomId, Seq, Timestamp, UserId, UserRef};
use rusqlite::{Row, params, types::Type};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    Sqlite,
    columns::{int, optional_time, optional_uint, time, uint},
};
use crate::store::{NewMessageRow, Range, ReadMessages, Result, WriteMessages};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT room_id, seq, rev, sender_id, users.name, text, sent_at, edited_at, deleted_at, deleted_by,
                 CASE WHEN deleted_by IS NOT NULL THEN (SELECT name FROM users WHERE users.id = deleted_by) END,
                 reply_to, answers, mentions, mentions_all, reactions, txn
             FROM messages JOIN users ON users.id = sender_id ",
            $rest
        )
    };
}

/// Reads the seventeen columns from `first` on, in the order of `select!`.
pub(super) fn message(row: &Row<'_>, first: usize) -> rusqlite::Result<Message> {
    let column = |nth| first + nth;
    let deleted_by = match optional_uint(row, column(9))? {
        Some(id) => Some(UserRef { id: UserId(id), name: row.get(column(10))? }),
        None => None,
    };
    Ok(Message {
        room_id: RoomId(uint(row, column(0))?),
        seq: Seq(uint(row, column(1))?),
        rev: uint(row, column(2))?,
        sender: UserRef { id: UserId(uint(row, column(3))?), name: row.get(column(4))? },
        text: row.get(column(5))?,
        sent_at: time(row, column(6))?,
        edited_at: optional_time(row, column(7))?,
        deleted_at: optional_time(row, column(8))?,
        deleted_by,
        reply_to: optional_uint(row, column(11))?.map(Seq),
        answers: optional_uint(row, column(12))?.map(UserId),
        mentions: json_list(row, column(13))?,
        mentions_all: row.get(column(14))?,
        reactions: json_list(row, column(15))?,
        txn: row.get(column(16))?,
    })
}

/// A list that a column holds as JSON; empty if the column is.
fn json_list<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<Vec<T>> {
    match row.get_ref(column)?.as_str_or_null()? {
        None => Ok(Vec::new()),
        Some(json) => serde_json::from_str(json)
            .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error.into())),
    }
}

impl ReadMessages for Sqlite {
    fn message(&self, room: RoomId, seq: Seq) -> Result<Option<Message>> {
        self.one(select!("WHERE room_id = ? AND seq = ?"), [int(room.0), int(seq.0)], |row| message(row, 0))
    }

    fn messages(&self, room: RoomId, range: Range, limit: u32) -> Result<Vec<Message>> {
        match range {
            Range::After(seq) => self.all(
                select!("WHERE room_id = ? AND seq > ? ORDER BY seq LIMIT ?"),
                params![int(room.0), int(seq.0), limit],
                |row| message(row, 0),
            ),
            Range::Before(seq) => {
                let mut messages = self.all(
                    select!("WHERE room_id = ? AND seq < ? ORDER BY seq DESC LIMIT ?"),
                    params![int(room.0), int(seq.0), limit],
                    |row| message(row, 0),
                )?;
                messages.reverse();
                Ok(messages)
            }
        }
    }

    fn message_with_txn(&self, sender: UserId, txn: &str) -> Result<Option<(RoomId, Seq)>> {
        self.one(
            "SELECT room_id, seq FROM messages WHERE sender_id = ? AND txn = ?",
            params![int(sender.0), txn],
            |row| Ok((RoomId(uint(row, 0)?), Seq(uint(row, 1)?))),
        )
    }

    fn text_rev(&self, room: RoomId, seq: Seq) -> Result<u64> {
        let text_rev = "SELECT text_rev FROM messages WHERE room_id = ? AND seq = ?";
        Ok(self.one(text_rev, [int(room.0), int(seq.0)], |row| uint(row, 0))?.unwrap_or(0))
    }
}

/// A list as its column holds it: as JSON, or nothing if it is empty.
pub(super) fn to_json<T: Serialize>(list: &[T]) -> Option<String> {
    (!list.is_empty()).then(|| serde_json::to_string(list).expect("plain lists always serialise"))
}

impl WriteMessages for Sqlite {
    fn insert_message(&mut self, new: &NewMessageRow<'_>) -> Result<()> {
        let NewMessageRow { message, event, may_mention_all } = *new;
        let (room, seq, sender) = (int(message.room_id.0), int(message.seq.0), int(message.sender.id.0));
        self.run(
            "INSERT INTO messages (room_id, seq, rev, sender_id, text, sent_at, reply_to, answers, mentions,
                 mentions_all, may_mention_all, txn)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            params![
                room,
                seq,
                int(message.rev),
                sender,
                message.text,
                message.sent_at.as_millis(),
                message.reply_to.map(|seq| int(seq.0)),
                message.answers.map(|user| int(user.0)),
                to_json(&message.mentions),
                message.mentions_all,
                may_mention_all,
                message.txn,
            ],
        )?;
        self.insert_mentions(message)?;
        self.run("UPDATE rooms SET last_seq = ?, last_event = ? WHERE id = ?", [seq, int(event), room])?;
        self.run("UPDATE members SET last_read_seq = ? WHERE user_id = ? AND room_id = ?", [seq, sender, room])?;
        self.change_cache(|cache| {
            let of_sender = (message.room_id, message.sender.id);
            cache.rooms.change(&message.room_id, |room| room.last_seq = message.seq);
            cache.members.change(&of_sender, |member| member.last_read_seq = message.seq);
        });
        Ok(())
    }

    fn replace_text(&mut self, message: &Message) -> Result<()> {
        self.replace_indexed_text(message.room_id, message.seq, &message.text)?;
        let (room, seq) = (int(message.room_id.0), int(message.seq.0));
        let edited_at = message.edited_at.map(Timestamp::as_millis);
        self.run(
            "UPDATE messages SET rev = ?1, text_rev = ?1, text = ?2, edited_at = ?3, mentions = ?4,
                 mentions_all = ?5
             WHERE room_id = ?6 AND seq = ?7",
            params![
                int(message.rev),
                message.text,
                edited_at,
                to_json(&message.mentions),
                message.mentions_all,
                room,
                seq
            ],
        )?;
        self.replace_mentions(message)?;
        self.note_removal()
    }

    fn replace_with_tombstone(&mut self, message: &Message) -> Result<()> {
        self.replace_indexed_text(message.room_id, message.seq, "")?;
        let (room, seq) = (int(message.room_id.0), int(message.seq.0));
        let deleted_at = message.deleted_at.map(Timestamp::as_millis);
        let deleted_by = message.deleted_by.as_ref().map(|user| int(user.id.0));
        self.run(
            "UPDATE messages SET rev = ?1, text_rev = ?1, text = '', mentions = NULL, mentions_all = 0,
                 reactions = NULL, deleted_at = ?2, deleted_by = ?3
             WHERE room_id = ?4 AND seq = ?5",
            params![int(message.rev), deleted_at, deleted_by, room, seq],
        )?;
        self.delete_mentions(message)?;
        self.run("DELETE FROM reactions WHERE room_id = ? AND seq = ?", [room, seq])?;
        self.note_removal()
    }

    fn forget_txn(&mut self, room: RoomId, seq: Seq) -> Result<()> {
        self.run("UPDATE messages SET txn = NULL WHERE room_id = ? AND seq = ?", [int(room.0), int(seq.0)]).map(drop)
    }
}
