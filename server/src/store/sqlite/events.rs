//! The event log. Its rows hold references to rooms, users and messages.

use quchat_shared::{Event, RoomId, RoomInfo, Seq, Timestamp, UserId, event::RoomActivity};
use rusqlite::{Row, params, types::Type};

use super::{
    Sqlite,
    columns::{int, json_ids, optional_uint, text, uint},
};
use crate::store::{
    Change, Error, EventRef, Lineage, LoggedEvent, ReadEvents, Result, WriteEvents, event_columns::EventColumns,
    stored_text::Text,
};

/// The rows between `?2` and `?3` that the user `?1` may see, in the rooms `?4` unless that is null: events in a room
/// since the user joined it, events about the user, and events about public rooms themselves. A superset of what the
/// domain shows the user. Each part has its own index, and a row is found by one part only.
const FOR_USER: &str = "
    SELECT events.* FROM members CROSS JOIN events INDEXED BY events_by_room
        ON events.room_id = members.room_id
        AND events.kind <> 'read.updated' AND events.kind <> 'settings.updated'
        AND events.kind <> 'ban.updated'
        AND events.id > max(?2, members.joined_event - 1) AND events.id <= ?3
        WHERE members.user_id = ?1 AND (?4 IS NULL OR members.room_id IN (SELECT value FROM json_each(?4)))
    UNION ALL
    SELECT * FROM events INDEXED BY events_by_user
        WHERE user_id = ?1 AND id > ?2 AND id <= ?3
        AND (?4 IS NULL OR room_id IN (SELECT value FROM json_each(?4)))
        AND (kind = 'read.updated' OR kind = 'settings.updated' OR kind = 'ban.updated'
            OR NOT EXISTS (SELECT 1 FROM members
            WHERE members.user_id = ?1 AND members.room_id = events.room_id AND members.joined_event <= events.id))
    UNION ALL
    SELECT * FROM events INDEXED BY events_of_rooms
        WHERE (kind = 'room.created' OR kind = 'room.updated' OR kind = 'room.deleted')
        AND id > ?2 AND id <= ?3 AND user_id IS NOT ?1
        AND (kind = 'room.deleted' AND user_id IS NULL
            OR (SELECT rooms.kind FROM rooms WHERE rooms.id = events.room_id) = 'public')
        AND (?4 IS NULL OR room_id IN (SELECT value FROM json_each(?4)))
        AND NOT EXISTS (SELECT 1 FROM members
            WHERE members.user_id = ?1 AND members.room_id = events.room_id AND members.joined_event <= events.id)";

fn narrowing(only: &[RoomId]) -> Option<String> {
    (!only.is_empty()).then(|| json_ids(only.iter().map(|id| id.0)))
}

/// Reads `id`, `kind`, `room_id`, `user_id`, `seq`, `by_id`, `banned`.
fn logged_event(row: &Row<'_>) -> rusqlite::Result<LoggedEvent> {
    let id = uint(row, 0)?;
    let columns = EventColumns {
        kind: text(row, 1)?,
        user: optional_uint(row, 3)?.map(UserId),
        seq: optional_uint(row, 4)?.map(Seq),
        by: optional_uint(row, 5)?.map(UserId),
        banned: row.get(6)?,
    };
    let what = columns.event_ref().ok_or_else(|| {
        let broken = format!("event {id} of kind {:?} lacks its user or seq", columns.kind);
        rusqlite::Error::FromSqlConversionFailure(3, Type::Null, broken.into())
    })?;
    Ok(LoggedEvent { id, room: RoomId(uint(row, 2)?), what })
}

impl Sqlite {
    /// Begins a new lineage. Its events follow those of the previous one.
    pub(crate) fn begin_lineage(&mut self, at: Timestamp) -> Result<Lineage> {
        let lineage = Lineage::draw()?;
        self.run(
            "INSERT INTO lineages (tag, base, started_at) VALUES (?, ?, ?)",
            params![lineage.tag(), int(self.head), at.as_millis()],
        )?;
        Ok(lineage)
    }

    /// The newest lineage. While there are no new events, it stays the current one.
    pub(crate) fn newest_lineage(&self) -> Result<Lineage> {
        let tag = self.one("SELECT tag FROM lineages ORDER BY id DESC LIMIT 1", (), |row| row.get::<_, String>(0))?;
        tag.map(Lineage::known).ok_or(Error::BrokenRow("there is no lineage"))
    }
}

impl ReadEvents for Sqlite {
    fn head(&self) -> Result<u64> {
        let head = "SELECT max(through, coalesce((SELECT max(id) FROM events), 0)) FROM pruned";
        self.one(head, (), |row| uint(row, 0))?.ok_or(Error::BrokenRow("pruned is empty"))
    }

    fn pruned_through(&self) -> Result<u64> {
        self.one("SELECT through FROM pruned", (), |row| uint(row, 0))?.ok_or(Error::BrokenRow("pruned is empty"))
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
            Some(None) => self.head().map(Some), // the current one
        }
    }

    fn events_for(&self, user: UserId, only: &[RoomId], after: u64, through: u64) -> Result<Vec<LoggedEvent>> {
        self.all(
            &format!("SELECT id, kind, room_id, user_id, seq, by_id, banned FROM ({FOR_USER}) ORDER BY id"),
            params![int(user.0), int(after), int(through), narrowing(only)],
            logged_event,
        )
    }

    fn count_events_for(&self, user: UserId, only: &[RoomId], after: u64, enough: u64) -> Result<u64> {
        let count = self.one(
            &format!("SELECT count(*) FROM (SELECT 1 FROM ({FOR_USER}) LIMIT ?5)"),
            params![int(user.0), int(after), i64::MAX, narrowing(only), int(enough)],
            |row| uint(row, 0),
        )?;
        Ok(count.unwrap_or(0))
    }

    fn last_seq_at(&self, room: RoomId, event: u64) -> Result<Seq> {
        let last = self.one(
            "SELECT coalesce(
                (SELECT seq - 1 FROM events INDEXED BY events_by_room WHERE room_id = ?1 AND id > ?2
                    AND kind = 'message.created'
                    AND kind <> 'read.updated' AND kind <> 'settings.updated' AND kind <> 'ban.updated'
                    ORDER BY id LIMIT 1),
                (SELECT last_seq FROM rooms WHERE id = ?1))",
            [int(room.0), int(event)],
            |row| optional_uint(row, 0),
        )?;
        Ok(Seq(last.flatten().unwrap_or(0)))
    }

    fn active_rooms(&self, after: u64) -> Result<Vec<RoomActivity>> {
        self.all(
            "SELECT id, last_seq FROM rooms WHERE kind = 'public' AND is_deleted = 0 AND last_event > ? ORDER BY id",
            [int(after)],
            |row| Ok(RoomActivity { id: RoomId(uint(row, 0)?), last_seq: Seq(uint(row, 1)?) }),
        )
    }
}

impl WriteEvents for Sqlite {
    fn record(&mut self, room: &RoomInfo, what: EventRef, event: Event, at: Timestamp) -> Result<u64> {
        let id = self.head + 1;
        let columns = EventColumns::from(what);
        let (kind, room_id) = (columns.kind.to_text(), int(room.id.0));
        let (user_id, seq) = (columns.user.map(|user| int(user.0)), columns.seq.map(|seq| int(seq.0)));
        let by_id = columns.by.map(|by| int(by.0));
        self.run(
            "INSERT INTO events (id, kind, room_id, user_id, seq, at, by_id, banned) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            params![int(id), kind, room_id, user_id, seq, at.as_millis(), by_id, columns.banned],
        )?;
        match what {
            // Only what is true now is worth replaying.
            EventRef::ReadUpdated { .. } | EventRef::SettingsUpdated { .. } | EventRef::BanUpdated { .. } => {
                self.run(
                    "DELETE FROM events INDEXED BY own_updates WHERE room_id = ? AND user_id = ? AND kind = ? AND id < ?
                        AND (kind = 'read.updated' OR kind = 'settings.updated' OR kind = 'ban.updated')",
                    params![room_id, user_id, kind, int(id)],
                )?;
            }
            EventRef::MessageUpdated { .. } => {
                self.run(
                    "DELETE FROM events INDEXED BY message_updates
                        WHERE room_id = ? AND seq = ? AND id < ? AND kind = 'message.updated'",
                    params![room_id, seq, int(id)],
                )?;
            }
            EventRef::RoomCreated { .. }
            | EventRef::RoomUpdated
            | EventRef::RoomDeleted { .. }
            | EventRef::MemberJoined { .. }
            | EventRef::MemberUpdated { .. }
            | EventRef::MemberLeft { .. }
            | EventRef::MessageCreated { .. } => {}
        }
        self.head = id;
        let logged = LoggedEvent { id, room: room.id, what };
        self.changes.push(Change::Event { logged, room_kind: room.kind, event });
        Ok(id)
    }

    fn publish(&mut self, change: Change) {
        self.changes.push(change);
    }

    fn try_out(&mut self) -> Result<()> {
        /// No lineage has such a tag.
        const TAG: &str = "try out: ";
        const BYTES: usize = 128 * 1024;
        let tag = format!("{TAG}{}", " ".repeat(BYTES));
        self.run("INSERT INTO lineages (tag, base, started_at) VALUES (?, 0, 0)", [&tag])?;
        // The freed pages are overwritten, so they go to the log like any other change.
        self.run("DELETE FROM lineages WHERE tag = ?", [&tag]).map(drop)
    }

    fn prune_events(&mut self, before: Timestamp, keep: u64, limit: u32) -> Result<bool> {
        let newest_to_go = "SELECT id FROM events ORDER BY id DESC LIMIT 1 OFFSET ?1";
        let through = self.one(
            &format!(
                "SELECT max(id) FROM (SELECT id, at FROM events WHERE id <= ({newest_to_go}) ORDER BY id LIMIT ?2)
                 WHERE at < ?3"
            ),
            params![int(keep), limit, before.as_millis()],
            |row| optional_uint(row, 0),
        )?;
        let Some(through) = through.flatten() else { return Ok(false) };
        self.add_search_positions(through)?; // afterwards it would not be known what was sent
        let gone = self.run("DELETE FROM events WHERE id <= ?", [int(through)])?;
        self.run("UPDATE pruned SET through = ?", [int(through)])?;
        Ok(gone >= limit as usize)
    }
}

#[cfg(test)]
mod tests;
