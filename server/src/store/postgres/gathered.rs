//! What a transaction is going to write: gathered, and sent together with the next read or with the commit.
//!
//! Rows of the tables that every message touches are gathered as columns, so that a group of messages is a handful of
//! statements. The order of all statements stays the order in which they were asked for.

use std::collections::{BTreeMap, BTreeSet};

use quchat_shared::{Message, RoomId, Seq, SessionId, Timestamp, UserId};

use super::{
    columns::{int, params},
    connection::{Param, Planned},
};
use crate::store::{event_columns::EventColumns, stored_text::Text};

/// The kind of the event that tells other nodes that a session has ended. Its `seq` is the session.
pub(super) const SESSION_ENDED: &str = "session.ended";

const INSERT_EVENTS: &str = "INSERT INTO events (id, kind, room_id, user_id, seq, at, by_id, banned)
    SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
        $8::boolean[])";
const INSERT_MESSAGES: &str = "INSERT INTO messages (room_id, seq, rev, sender_id, text, sent_at, reply_to, answers,
        mentions, mentions_all, may_mention_all, txn)
    SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::bigint[], $7::bigint[],
        $8::bigint[], $9::text[], $10::boolean[], $11::boolean[], $12::text[])";
const MOVE_ENDS: &str = "UPDATE rooms SET last_seq = v.seq, last_event = v.event
    FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS v(id, seq, event) WHERE rooms.id = v.id";
const MOVE_MARKERS: &str = "UPDATE members SET last_read_seq = v.seq
    FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS v(room_id, user_id, seq)
    WHERE members.user_id = v.user_id AND members.room_id = v.room_id";
/// A row that both have changed is one row to an UPDATE, so its users come together. Nearly always both have written
/// before, and nothing is to be changed.
const SET_WRITTEN: &str = "UPDATE direct_rooms
    SET low_wrote = low_wrote OR low_id = ANY (v.users), high_wrote = high_wrote OR high_id = ANY (v.users)
    FROM (SELECT room_id, array_agg(user_id) AS users
        FROM unnest($1::bigint[], $2::bigint[]) AS written(room_id, user_id) GROUP BY room_id) AS v
    WHERE direct_rooms.room_id = v.room_id
      AND (NOT low_wrote AND low_id = ANY (v.users) OR NOT high_wrote AND high_id = ANY (v.users))";

/// The statements, in order, and the rows that are still gathered.
#[derive(Default)]
pub(super) struct Gathered {
    statements: Vec<Planned>,
    events: Events,
    messages: Messages,
    /// The newest message of rooms, with its event.
    ends: BTreeMap<RoomId, (Seq, u64)>,
    markers: BTreeMap<(RoomId, UserId), Seq>,
    /// Who has written in which direct rooms.
    written: BTreeSet<(RoomId, UserId)>,
}

#[derive(Default)]
struct Events {
    ids: Vec<i64>,
    kinds: Vec<&'static str>,
    rooms: Vec<i64>,
    users: Vec<Option<i64>>,
    seqs: Vec<Option<i64>>,
    times: Vec<i64>,
    by: Vec<Option<i64>>,
    banned: Vec<bool>,
}

#[derive(Default)]
struct Messages {
    rooms: Vec<i64>,
    seqs: Vec<i64>,
    revs: Vec<i64>,
    senders: Vec<i64>,
    texts: Vec<String>,
    times: Vec<i64>,
    replies: Vec<Option<i64>>,
    answers: Vec<Option<i64>>,
    mentions: Vec<Option<String>>,
    all: Vec<bool>,
    may_all: Vec<bool>,
    txns: Vec<Option<String>>,
}

impl Gathered {
    /// Adds a statement behind what was asked for before.
    pub(super) fn push(&mut self, sql: &'static str, params: Vec<Param>) {
        self.seal();
        self.statements.push(Planned::Prepared(sql, params));
    }

    pub(super) fn event(&mut self, id: u64, room: RoomId, columns: &EventColumns, at: Timestamp) {
        let events = &mut self.events;
        events.ids.push(int(id));
        events.kinds.push(columns.kind.to_text());
        events.rooms.push(int(room.0));
        events.users.push(columns.user.map(|user| int(user.0)));
        events.seqs.push(columns.seq.map(|seq| int(seq.0)));
        events.times.push(at.as_millis());
        events.by.push(columns.by.map(|by| int(by.0)));
        events.banned.push(columns.banned);
    }

    /// The end of a session: an event that only other nodes read.
    pub(super) fn session_ended(&mut self, id: u64, user: UserId, session: SessionId, at: Timestamp) {
        let events = &mut self.events;
        events.ids.push(int(id));
        events.kinds.push(SESSION_ENDED);
        events.rooms.push(0);
        events.users.push(Some(int(user.0)));
        events.seqs.push(Some(int(session.0)));
        events.times.push(at.as_millis());
        events.by.push(None);
        events.banned.push(false);
    }

    /// A message, which becomes the newest of its room and moves its sender's read marker.
    pub(super) fn message(&mut self, message: &Message, mentions: Option<String>, event: u64, may_mention_all: bool) {
        let rows = &mut self.messages;
        rows.rooms.push(int(message.room_id.0));
        rows.seqs.push(int(message.seq.0));
        rows.revs.push(int(message.rev));
        rows.senders.push(int(message.sender.id.0));
        rows.texts.push(message.text.clone());
        rows.times.push(message.sent_at.as_millis());
        rows.replies.push(message.reply_to.map(|seq| int(seq.0)));
        rows.answers.push(message.answers.map(|user| int(user.0)));
        rows.mentions.push(mentions);
        rows.all.push(message.mentions_all);
        rows.may_all.push(may_mention_all);
        rows.txns.push(message.txn.clone());
        self.ends.insert(message.room_id, (message.seq, event));
        self.markers.insert((message.room_id, message.sender.id), message.seq);
    }

    /// Moves the read marker of a member.
    pub(super) fn marker(&mut self, room: RoomId, user: UserId, seq: Seq) {
        self.markers.insert((room, user), seq);
    }

    /// A user of a direct room has written in it.
    pub(super) fn has_written(&mut self, room: RoomId, user: UserId) {
        self.written.insert((room, user));
    }

    /// Takes all statements.
    pub(super) fn take(&mut self) -> Vec<Planned> {
        self.seal();
        std::mem::take(&mut self.statements)
    }

    /// Turns gathered rows into statements. No two of these tables refer to each other, so their order does not matter.
    fn seal(&mut self) {
        let statements = &mut self.statements;
        let mut push = |sql, params| statements.push(Planned::Prepared(sql, params));
        if !self.messages.rooms.is_empty() {
            let rows = std::mem::take(&mut self.messages);
            push(INSERT_MESSAGES, rows.into_params());
        }
        if !self.ends.is_empty() {
            let (mut ids, mut seqs, mut events) = (Vec::new(), Vec::new(), Vec::new());
            for (room, (seq, event)) in std::mem::take(&mut self.ends) {
                ids.push(int(room.0));
                seqs.push(int(seq.0));
                events.push(int(event));
            }
            push(MOVE_ENDS, params![ids, seqs, events]);
        }
        if !self.markers.is_empty() {
            let (mut rooms, mut users, mut seqs) = (Vec::new(), Vec::new(), Vec::new());
            for ((room, user), seq) in std::mem::take(&mut self.markers) {
                rooms.push(int(room.0));
                users.push(int(user.0));
                seqs.push(int(seq.0));
            }
            push(MOVE_MARKERS, params![rooms, users, seqs]);
        }
        if !self.written.is_empty() {
            let written = std::mem::take(&mut self.written).into_iter();
            let (rooms, users): (Vec<_>, Vec<_>) = written.map(|(room, user)| (int(room.0), int(user.0))).unzip();
            push(SET_WRITTEN, params![rooms, users]);
        }
        if !self.events.ids.is_empty() {
            let rows = std::mem::take(&mut self.events);
            push(INSERT_EVENTS, rows.into_params());
        }
    }
}

impl Events {
    fn into_params(self) -> Vec<Param> {
        let Self { ids, kinds, rooms, users, seqs, times, by, banned } = self;
        params![ids, kinds, rooms, users, seqs, times, by, banned]
    }
}

impl Messages {
    fn into_params(self) -> Vec<Param> {
        let Self { rooms, seqs, revs, senders, texts, times, replies, answers, mentions, all, may_all, txns } = self;
        params![rooms, seqs, revs, senders, texts, times, replies, answers, mentions, all, may_all, txns]
    }
}
