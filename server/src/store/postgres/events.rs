//! The event log. Its rows hold references to rooms, users and messages.
//!
//! Besides the events of the domain, it has a row for the end of each session, from which other nodes learn of it. No
//! user gets to see those.

use quchat_shared::{Event, RoomId, RoomInfo, Seq, SessionId, Timestamp, UserId, event::RoomActivity, room::RoomKind};
use tokio_postgres::Row;

use super::{
    HEAD, Postgres,
    columns::{get, int, ints, optional_uint, params, sought, text, uint},
    connection::Planned,
    failure::broken,
    gathered::SESSION_ENDED,
    mentions::mentions_after,
    messages::{LOGGED_BETWEEN, message},
};
use crate::store::{
    Change, Error, EventRef, LogPage, LoggedEvent, LoggedRow, ReadEvents, Result, WriteEvents,
    event_columns::EventColumns, stored_text::Text,
};

/// The rows between `$2` and `$3` that the user `$1` may see, in the rooms `$4` unless that is null: events in a room
/// since the user joined it, events about the user, and events about public rooms themselves. A superset of what the
/// domain shows the user. Each part has its own index, and a row is found by one part only. `OFFSET 0` has the planner
/// keep the order of the join.
macro_rules! for_user {
    () => {
        "SELECT found.* FROM members CROSS JOIN LATERAL (
            SELECT id, kind, room_id, user_id, seq, by_id, banned FROM events
            WHERE events.room_id = members.room_id
            AND kind NOT IN ('read.updated', 'settings.updated', 'ban.updated', 'session.ended')
            AND id > greatest($2, members.joined_event - 1) AND id <= $3 OFFSET 0) AS found
            WHERE members.user_id = $1 AND ($4::bigint[] IS NULL OR members.room_id = ANY($4))
        UNION ALL
        SELECT id, kind, room_id, user_id, seq, by_id, banned FROM events
            WHERE user_id = $1 AND kind <> 'session.ended' AND id > $2 AND id <= $3
            AND ($4::bigint[] IS NULL OR room_id = ANY($4))
            AND (kind IN ('read.updated', 'settings.updated', 'ban.updated')
                OR NOT EXISTS (SELECT 1 FROM members
                WHERE members.user_id = $1 AND members.room_id = events.room_id AND members.joined_event <= events.id))
        UNION ALL
        SELECT id, kind, room_id, user_id, seq, by_id, banned FROM events
            WHERE kind IN ('room.created', 'room.updated', 'room.deleted')
            AND id > $2 AND id <= $3 AND user_id IS DISTINCT FROM $1
            AND (kind = 'room.deleted' AND user_id IS NULL
                OR (SELECT rooms.kind FROM rooms WHERE rooms.id = events.room_id) = 'public')
            AND ($4::bigint[] IS NULL OR room_id = ANY($4))
            AND NOT EXISTS (SELECT 1 FROM members
                WHERE members.user_id = $1 AND members.room_id = events.room_id AND members.joined_event <= events.id
                OFFSET 0)"
    };
}

const FOR_USER: &str =
    concat!("SELECT id, kind, room_id, user_id, seq, by_id, banned FROM (", for_user!(), ") AS visible ORDER BY id");
const COUNT_FOR_USER: &str =
    concat!("SELECT count(*) FROM (SELECT 1 FROM (", for_user!(), ") AS visible LIMIT $5) AS counted");
/// The first `$3` rows of the log after `$1` up to `$2`, each with the kind of its room. With both bounds the planner takes
/// the index in its order.
const BETWEEN: &str = "SELECT logged.*, rooms.kind
    FROM (SELECT id, kind, room_id, user_id, seq, by_id, banned FROM events
        WHERE id > $1 AND id <= $2 ORDER BY id LIMIT $3) AS logged
    LEFT JOIN LATERAL (SELECT kind FROM rooms WHERE rooms.id = logged.room_id AND NOT is_deleted OFFSET 0) AS rooms ON true
    ORDER BY logged.id";
/// Those after `$1` up to `$2` that take a right from somebody or change what earlier rows show. The kind of the room does
/// not matter.
const LOSSES: &str = "SELECT id, kind, room_id, user_id, seq, by_id, banned, NULL::text FROM events
    WHERE id > $1 AND id <= $2
    AND kind IN ('member.left', 'session.ended', 'room.updated', 'member.updated', 'message.updated') ORDER BY id";

/// The seq of the newest message of a room at an event.
macro_rules! last_seq_at {
    ($room:literal, $event:literal) => {
        concat!(
            "coalesce((SELECT seq - 1 FROM events WHERE room_id = ",
            $room,
            " AND id > ",
            $event,
            " AND kind = 'message.created'
                    AND kind NOT IN ('read.updated', 'settings.updated', 'ban.updated', 'session.ended')
                    ORDER BY id LIMIT 1),
                (SELECT last_seq FROM rooms WHERE id = ",
            $room,
            "))"
        )
    };
}
/// For each read marker among the first `$3` rows of the log after `$1` up to `$2`: its event, and how many messages after
/// the marker mentioned the user by then.
const LOGGED_MENTIONS: &str = concat!(
    "SELECT logged.id, ",
    mentions_after!("logged.seq", " AND seq <= latest.seq "),
    " FROM (SELECT id, room_id, user_id, seq, kind FROM events
        WHERE id > $1 AND id <= $2 ORDER BY id LIMIT $3) AS logged
    CROSS JOIN LATERAL (SELECT ",
    last_seq_at!("logged.room_id", "logged.id"),
    " AS seq OFFSET 0) AS latest
    CROSS JOIN LATERAL (SELECT user_id, room_id, joined_seq FROM members
        WHERE user_id = logged.user_id AND room_id = logged.room_id OFFSET 0) AS members
    WHERE logged.kind = 'read.updated'"
);

fn narrowing(only: &[RoomId]) -> Option<Vec<i64>> {
    (!only.is_empty()).then(|| ints(only.iter().map(|id| id.0)))
}

fn lacking(id: u64, kind: &str) -> Error {
    broken(&format!("event {id} of kind {kind:?} lacks its user or seq"))
}

/// Reads `id`, `kind`, `room_id`, `user_id`, `seq`, `by_id`, `banned`.
fn logged_event(row: &Row) -> Result<LoggedEvent> {
    let id = uint(row, 0)?;
    let columns = EventColumns {
        kind: text(row, 1)?,
        user: optional_uint(row, 3)?.map(UserId),
        seq: optional_uint(row, 4)?.map(Seq),
        by: optional_uint(row, 5)?.map(UserId),
        banned: get(row, 6)?,
    };
    let what = columns.event_ref().ok_or_else(|| lacking(id, columns.kind.to_text()))?;
    Ok(LoggedEvent { id, room: RoomId(uint(row, 2)?), what })
}

/// Reads the same columns, and the kind of the room.
fn logged_row(row: &Row) -> Result<LoggedRow> {
    if get::<&str>(row, 1)? != SESSION_ENDED {
        let is_gone = get::<Option<&str>>(row, 7)?.is_none();
        let room_kind = if is_gone { RoomKind::Private } else { text(row, 7)? };
        return Ok(LoggedRow::Event { logged: logged_event(row)?, room_kind });
    }
    let id = uint(row, 0)?;
    match (optional_uint(row, 3)?, optional_uint(row, 4)?) {
        (Some(user), Some(session)) => {
            Ok(LoggedRow::SessionEnded { id, user: UserId(user), session: SessionId(session) })
        }
        _ => Err(lacking(id, SESSION_ENDED)),
    }
}

impl Postgres {
    /// The first `limit` rows of the log after `after`, up to `through`, and what most of them show: in one round trip.
    pub(in crate::store) fn log_between(&self, after: u64, through: u64, limit: u32) -> Result<LogPage> {
        let span = || params![int(after), int(through), i64::from(limit)];
        let mut flight = self.pending();
        flight.push(Planned::Prepared(HEAD, params![]));
        flight.push(Planned::Prepared(BETWEEN, span()));
        flight.push(Planned::Prepared(LOGGED_BETWEEN, span()));
        flight.push(Planned::Prepared(LOGGED_MENTIONS, span()));
        let mut replies = self.with(|connection| connection.flight(flight, None))?;
        let mut next = || replies.pop().unwrap_or_default();
        let mentions = next().iter().map(|row| Ok((uint(row, 0)?, uint(row, 1)?))).collect::<Result<_>>()?;
        let messages = next().iter().map(|row| message(row, 0)).collect::<Result<_>>()?;
        let rows = next().iter().map(logged_row).collect::<Result<_>>()?;
        let head = uint(next().first().ok_or(Error::BrokenRow("pruned is empty"))?, 0)?;
        Ok(LogPage { head, rows, messages, mentions })
    }

    pub(in crate::store) fn losses_between(&self, after: u64, through: u64) -> Result<Vec<LoggedRow>> {
        self.all(LOSSES, params![int(after), int(through)], logged_row)
    }

    /// Takes the next event id.
    fn next_event(&mut self) -> u64 {
        let writing = self.writing();
        writing.head += 1;
        writing.head
    }
}

impl ReadEvents for Postgres {
    fn head(&self) -> Result<u64> {
        match &self.writing {
            Some(writing) => Ok(writing.head),
            None => self.one(HEAD, params![], |row| uint(row, 0))?.ok_or(Error::BrokenRow("pruned is empty")),
        }
    }

    fn pruned_through(&self) -> Result<u64> {
        let through = self.one("SELECT through FROM pruned", params![], |row| uint(row, 0))?;
        through.ok_or(Error::BrokenRow("pruned is empty"))
    }

    fn lineage_head(&self, tag: &str) -> Result<Option<u64>> {
        let next = self.one(
            "SELECT (SELECT min(base) FROM lineages AS later WHERE later.id > lineages.id)
             FROM lineages WHERE tag = $1",
            params![sought(tag)],
            |row| optional_uint(row, 0),
        )?;
        match next {
            None => Ok(None),
            Some(Some(next)) => Ok(Some(next)),
            Some(None) => self.head().map(Some), // the current one
        }
    }

    fn events_for(&self, user: UserId, only: &[RoomId], after: u64, through: u64) -> Result<Vec<LoggedEvent>> {
        self.all(FOR_USER, params![int(user.0), int(after), int(through), narrowing(only)], logged_event)
    }

    fn count_events_for(&self, user: UserId, only: &[RoomId], after: u64, enough: u64) -> Result<u64> {
        let params = params![int(user.0), int(after), i64::MAX, narrowing(only), int(enough)];
        Ok(self.one(COUNT_FOR_USER, params, |row| uint(row, 0))?.unwrap_or(0))
    }

    fn last_seq_at(&self, room: RoomId, event: u64) -> Result<Seq> {
        const LAST_SEQ_AT: &str = concat!("SELECT ", last_seq_at!("$1", "$2"));
        let last = self.one(LAST_SEQ_AT, params![int(room.0), int(event)], |row| optional_uint(row, 0))?;
        Ok(Seq(last.flatten().unwrap_or(0)))
    }

    fn active_rooms(&self, after: u64) -> Result<Vec<RoomActivity>> {
        self.all(
            "SELECT id, last_seq FROM rooms WHERE kind = 'public' AND NOT is_deleted AND last_event > $1 ORDER BY id",
            params![int(after)],
            |row| Ok(RoomActivity { id: RoomId(uint(row, 0)?), last_seq: Seq(uint(row, 1)?) }),
        )
    }
}

impl WriteEvents for Postgres {
    fn record(&mut self, room: &RoomInfo, what: EventRef, event: Event, at: Timestamp) -> Result<u64> {
        let id = self.next_event();
        let columns = EventColumns::from(what);
        self.gather(|gathered| gathered.event(id, room.id, &columns, at));
        match what {
            // Only what is true now is worth replaying. This event is the newest; `<>` lets no other index serve.
            EventRef::ReadUpdated { user, .. } | EventRef::SettingsUpdated { user } | EventRef::BanUpdated { user } => {
                self.later(
                    "DELETE FROM events WHERE room_id = $1 AND user_id = $2 AND kind = $3 AND id <> $4
                        AND kind IN ('read.updated', 'settings.updated', 'ban.updated')",
                    params![int(room.id.0), int(user.0), columns.kind.to_text(), int(id)],
                );
            }
            EventRef::MessageUpdated { seq } => {
                self.later(
                    "DELETE FROM events WHERE room_id = $1 AND seq = $2 AND id <> $3 AND kind = 'message.updated'",
                    params![int(room.id.0), int(seq.0), int(id)],
                );
            }
            EventRef::RoomCreated { .. }
            | EventRef::RoomUpdated
            | EventRef::RoomDeleted { .. }
            | EventRef::MemberJoined { .. }
            | EventRef::MemberUpdated { .. }
            | EventRef::MemberLeft { .. }
            | EventRef::MessageCreated { .. } => {}
        }
        let logged = LoggedEvent { id, room: room.id, what };
        self.writing().changes.push(Change::Event { logged, room_kind: room.kind, event });
        Ok(id)
    }

    fn publish(&mut self, change: Change) {
        if let &Change::SessionEnded { user, session } = &change {
            let (id, at) = (self.next_event(), Timestamp::from_millis(self.writing().time));
            self.gather(|gathered| gathered.session_ended(id, user, session, at)); // for the other nodes
        }
        self.writing().changes.push(change);
    }

    fn try_out(&mut self) -> Result<()> {
        // No room has the id 0. In a single text, PostgreSQL would compress the blanks.
        self.later(
            "INSERT INTO messages (room_id, seq, sender_id, text, sent_at)
             SELECT 0, n, 0, repeat(' ', 1024), 0 FROM generate_series(1, 128) AS n",
            params![],
        );
        self.later("DELETE FROM messages WHERE room_id = 0", params![]);
        Ok(())
    }

    fn prune_events(&mut self, before: Timestamp, keep: u64, limit: u32) -> Result<bool> {
        let through = self.one(
            "SELECT max(id) FROM (SELECT id, at FROM events
                 WHERE id <= (SELECT id FROM events ORDER BY id DESC LIMIT 1 OFFSET $1)
                 ORDER BY id LIMIT $2) AS oldest
             WHERE at < $3",
            params![int(keep), i64::from(limit), before.as_millis()],
            |row| optional_uint(row, 0),
        )?;
        let Some(through) = through.flatten() else { return Ok(false) };
        self.add_search_terms_through(through)?; // afterwards it would not be known what was sent
        let gone = self.run("DELETE FROM events WHERE id <= $1", params![int(through)])?;
        self.later("UPDATE pruned SET through = $1", params![int(through)]);
        Ok(gone >= u64::from(limit))
    }
}
