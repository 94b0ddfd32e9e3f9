//! Messages, by room and seq.

use quchat_shared::{Message, RoomId, Seq, Timestamp, UserId, UserRef};
use serde::{Serialize, de::DeserializeOwned};
use tokio_postgres::Row;

use super::{
    Postgres,
    columns::{get, int, optional_time, optional_uint, params, sought, time, uint},
    failure::broken,
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

/// The messages of the first `$3` rows of the log after `$1` up to `$2`.
pub(super) const LOGGED_BETWEEN: &str = select!(
    "WHERE (room_id, seq) IN (SELECT logged.room_id, logged.seq
        FROM (SELECT room_id, seq, kind FROM events WHERE id > $1 AND id <= $2 ORDER BY id LIMIT $3) AS logged
        WHERE logged.kind IN ('message.created', 'message.updated'))"
);

/// Reads the seventeen columns from `first` on, in the order of `select!`.
pub(super) fn message(row: &Row, first: usize) -> Result<Message> {
    let column = |nth| first + nth;
    let deleted_by = match optional_uint(row, column(9))? {
        Some(id) => Some(UserRef { id: UserId(id), name: get(row, column(10))? }),
        None => None,
    };
    Ok(Message {
        room_id: RoomId(uint(row, column(0))?),
        seq: Seq(uint(row, column(1))?),
        rev: uint(row, column(2))?,
        sender: UserRef { id: UserId(uint(row, column(3))?), name: get(row, column(4))? },
        text: get(row, column(5))?,
        sent_at: time(row, column(6))?,
        edited_at: optional_time(row, column(7))?,
        deleted_at: optional_time(row, column(8))?,
        deleted_by,
        reply_to: optional_uint(row, column(11))?.map(Seq),
        answers: optional_uint(row, column(12))?.map(UserId),
        mentions: json_list(row, column(13))?,
        mentions_all: get(row, column(14))?,
        reactions: json_list(row, column(15))?,
        txn: get(row, column(16))?,
    })
}

/// A list that a column holds as JSON; empty if the column is.
fn json_list<T: DeserializeOwned>(row: &Row, column: usize) -> Result<Vec<T>> {
    match get::<Option<&str>>(row, column)? {
        None => Ok(Vec::new()),
        Some(json) => serde_json::from_str(json).map_err(|error| broken(&error)),
    }
}

impl ReadMessages for Postgres {
    fn message(&self, room: RoomId, seq: Seq) -> Result<Option<Message>> {
        let select = select!("WHERE room_id = $1 AND seq = $2");
        self.one(select, params![int(room.0), int(seq.0)], |row| message(row, 0))
    }

    fn messages(&self, room: RoomId, range: Range, limit: u32) -> Result<Vec<Message>> {
        let limit = i64::from(limit);
        match range {
            Range::After(seq) => self.all(
                select!("WHERE room_id = $1 AND seq > $2 ORDER BY seq LIMIT $3"),
                params![int(room.0), int(seq.0), limit],
                |row| message(row, 0),
            ),
            Range::Before(seq) => {
                let mut messages = self.all(
                    select!("WHERE room_id = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3"),
                    params![int(room.0), int(seq.0), limit],
                    |row| message(row, 0),
                )?;
                messages.reverse();
                Ok(messages)
            }
        }
    }

    fn message_with_txn(&self, sender: UserId, txn: &str) -> Result<Option<(RoomId, Seq)>> {
        if let Some(writing) = &self.writing
            && let Some(known) = writing.txns.borrow().get(&(sender, txn.to_owned()))
        {
            return Ok(*known);
        }
        self.one(
            "SELECT room_id, seq FROM messages WHERE sender_id = $1 AND txn = $2",
            params![int(sender.0), sought(txn)],
            |row| Ok((RoomId(uint(row, 0)?), Seq(uint(row, 1)?))),
        )
    }

    fn text_rev(&self, room: RoomId, seq: Seq) -> Result<u64> {
        let text_rev = "SELECT text_rev FROM messages WHERE room_id = $1 AND seq = $2";
        Ok(self.one(text_rev, params![int(room.0), int(seq.0)], |row| uint(row, 0))?.unwrap_or(0))
    }
}

/// A list as its column holds it: as JSON, or nothing if it is empty.
pub(super) fn to_json<T: Serialize>(list: &[T]) -> Option<String> {
    (!list.is_empty()).then(|| serde_json::to_string(list).expect("plain lists always serialise"))
}

impl WriteMessages for Postgres {
    fn insert_message(&mut self, new: &NewMessageRow<'_>) -> Result<()> {
        let NewMessageRow { message, event, may_mention_all } = *new;
        self.gather(|gathered| gathered.message(message, to_json(&message.mentions), event, may_mention_all));
        self.insert_mentions(message);
        self.change_cache(|cache| {
            let of_sender = (message.room_id, message.sender.id);
            cache.rooms.change(&message.room_id, |room| room.last_seq = message.seq);
            cache.members.change(&of_sender, |member| member.last_read_seq = message.seq);
        });
        if let Some(txn) = &message.txn {
            let place = (message.room_id, message.seq);
            self.writing().txns.get_mut().insert((message.sender.id, txn.clone()), Some(place));
        }
        Ok(())
    }

    fn replace_text(&mut self, message: &Message) -> Result<()> {
        self.replace_indexed_text(message.room_id, message.seq, &message.text)?;
        self.later(
            "UPDATE messages SET rev = $1, text_rev = $1, text = $2, edited_at = $3, mentions = $4, mentions_all = $5
             WHERE room_id = $6 AND seq = $7",
            params![
                int(message.rev),
                message.text.clone(),
                message.edited_at.map(Timestamp::as_millis),
                to_json(&message.mentions),
                message.mentions_all,
                int(message.room_id.0),
                int(message.seq.0),
            ],
        );
        self.replace_mentions(message);
        Ok(())
    }

    fn replace_with_tombstone(&mut self, message: &Message) -> Result<()> {
        self.replace_indexed_text(message.room_id, message.seq, "")?;
        let (room, seq) = (int(message.room_id.0), int(message.seq.0));
        let deleted_at = message.deleted_at.map(Timestamp::as_millis);
        let deleted_by = message.deleted_by.as_ref().map(|user| int(user.id.0));
        self.later(
            "UPDATE messages SET rev = $1, text_rev = $1, text = '', mentions = NULL, mentions_all = false,
                 reactions = NULL, deleted_at = $2, deleted_by = $3
             WHERE room_id = $4 AND seq = $5",
            params![int(message.rev), deleted_at, deleted_by, room, seq],
        );
        self.delete_mentions(message);
        self.later("DELETE FROM reactions WHERE room_id = $1 AND seq = $2", params![room, seq]);
        Ok(())
    }

    fn forget_txn(&mut self, room: RoomId, seq: Seq) -> Result<()> {
        self.later("UPDATE messages SET txn = NULL WHERE room_id = $1 AND seq = $2", params![int(room.0), int(seq.0)]);
        for known in self.writing().txns.get_mut().values_mut() {
            known.take_if(|place| *place == (room, seq));
        }
        Ok(())
    }
}
