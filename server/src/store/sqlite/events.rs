//! The log of what happened, as references.

use quchat_shared::{Event, RoomId, Seq, Timestamp, UserId, event::RoomActivity};
use rusqlite::params;

use super::{
    Sqlite,
    columns::{Text, int, optional_uint, text, uint},
};
use crate::store::{Change, Error, EventKind, LoggedEvent, ReadEvents, Result, WriteEvents};

/// What the log keeps of an event; `None` for one that is never replayed.
fn reference(event: &Event) -> Option<(EventKind, RoomId, Option<Seq>)> {
    Some(match event {
        Event::RoomCreated(event) => (EventKind::RoomCreated, event.room.id, None),
        Event::MemberJoined(event) => (EventKind::MemberJoined, event.room.id, None),
        Event::MemberUpdated(event) => (EventKind::MemberUpdated, event.room.id, None),
        Event::MemberLeft(event) => (EventKind::MemberLeft, event.room_id, None),
        Event::MessageCreated(event) => (EventKind::MessageCreated, event.room_id, Some(event.message.seq)),
        Event::ReadUpdated(event) => (EventKind::ReadUpdated, event.room_id, Some(event.last_read_seq)),
        _ => return None,
    })
}

impl ReadEvents for Sqlite {
    fn head(&self) -> Result<u64> {
        // The newest event is never pruned; without one, the log is empty.
        let head = self.one("SELECT coalesce(max(id), 0) FROM events", (), |row| uint(row, 0))?;
        Ok(head.unwrap_or(0))
    }

    fn pruned_through(&self) -> Result<u64> {
        self.one("SELECT through FROM pruned", (), |row| uint(row, 0))?.ok_or(Error::Corrupt("pruned is empty"))
    }

    fn lineage_head(&self, tag: &str) -> Result<Option<u64>> {
        let next = self.one(
            "SELECT (SELECT min(base) FROM lineages later WHERE later.id > lineages.id) FROM lineages WHERE tag = ?",
            [tag],
            |row| optional_uint(row, 0),
        )?;
        match next {
            None => Ok(None),
            Some(Some(next)) => Ok(Some(next)),
            Some(None) => self.head().map(Some), // the run that is on
        }
    }

    fn events(&self, after: u64, through: u64) -> Result<Vec<LoggedEvent>> {
        self.all(
            "SELECT id, kind, room_id, user_id, seq FROM events WHERE id > ? AND id <= ? ORDER BY id",
            [int(after), int(through)],
            |row| {
                Ok(LoggedEvent {
                    id: uint(row, "id")?,
                    kind: text(row, "kind")?,
                    room: RoomId(uint(row, "room_id")?),
                    user: optional_uint(row, "user_id")?.map(UserId),
                    seq: optional_uint(row, "seq")?.map(Seq),
                })
            },
        )
    }

    fn active_rooms(&self, after: u64) -> Result<Vec<RoomActivity>> {
        self.all(
            "SELECT id, last_seq FROM rooms WHERE kind = 'public' AND last_event > ? ORDER BY id",
            [int(after)],
            |row| Ok(RoomActivity { id: RoomId(uint(row, 0)?), last_seq: Seq(uint(row, 1)?) }),
        )
    }
}

impl WriteEvents for Sqlite {
    fn next_event(&self) -> u64 {
        self.head + 1
    }

    fn record(&mut self, event: Event, user: Option<UserId>, at: Timestamp) -> Result<u64> {
        let (kind, room, seq) = reference(&event).ok_or(Error::Corrupt("an event that is not durable"))?;
        let id = self.next_event();
        let user_id = user.map(|user| int(user.0));
        self.run(
            "INSERT INTO events (id, kind, room_id, user_id, seq, at) VALUES (?, ?, ?, ?, ?, ?)",
            params![int(id), kind.to_text(), int(room.0), user_id, seq.map(|seq| int(seq.0)), at.as_millis()],
        )?;
        if kind == EventKind::ReadUpdated {
            // Only where the marker stands now is worth replaying.
            self.run(
                "DELETE FROM events WHERE kind = 'read.updated' AND user_id = ? AND room_id = ? AND id < ?",
                params![user_id, int(room.0), int(id)],
            )?;
        }
        self.head = id;
        self.changes.push(Change::Event { id, event, user });
        Ok(id)
    }

    fn tell(&mut self, change: Change) {
        self.changes.push(change);
    }

    fn insert_lineage(&mut self, tag: &str, at: Timestamp) -> Result<()> {
        self.run(
            "INSERT INTO lineages (tag, base, started_at) VALUES (?, ?, ?)",
            params![tag, int(self.head), at.as_millis()],
        )
        .map(drop)
    }

    fn prune_events(&mut self, before: Timestamp, keep: u64, limit: u32) -> Result<bool> {
        let newest = int(self.head.saturating_sub(keep));
        let through = self.one(
            "SELECT max(id) FROM (SELECT id FROM events WHERE id <= ? AND at < ? ORDER BY id LIMIT ?)",
            params![newest, before.as_millis(), limit],
            |row| optional_uint(row, 0),
        )?;
        let Some(through) = through.flatten() else { return Ok(false) };
        let gone = self.run("DELETE FROM events WHERE id <= ?", [int(through)])?;
        self.run("UPDATE pruned SET through = ?", [int(through)])?;
        Ok(gone >= limit as usize)
    }
}
