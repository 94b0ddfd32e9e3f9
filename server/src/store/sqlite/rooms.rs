//! Rooms and who is in them.

use std::collections::HashMap;

use quchat_shared::{
    Room, RoomId, RoomInfo, Seq, Timestamp, UserId,
    api::NewRoom,
    limits::room_key,
    room::{Membership, PREVIEW_CHARS, Role, RoomKind},
};
use rusqlite::{Row, params};

use super::{
    Sqlite,
    columns::{Text, int, optional_uint, text, time, uint},
    messages::message,
    row_cache::Counted,
};
use crate::store::{ReadRooms, Result, WriteRooms};

const INFO: &str = "SELECT id, rev, name, topic, kind, created_by, created_at, last_seq, archived FROM rooms
    WHERE id = ? AND is_deleted = 0";

/// A room with the membership of one user (`?1`) and, for members, the newest message with its text cut (`?2`).
const OF_USER: &str = "SELECT rooms.id, rooms.rev, rooms.name, topic, kind, created_by, rooms.created_at, last_seq,
        archived, members.role, members.last_read_seq, members.notify,
        CASE WHEN members.user_id IS NULL OR members.last_read_seq >= last_seq THEN 0 ELSE (SELECT count(*) FROM mentions
            WHERE mentions.user_id = members.user_id AND mentions.room_id = rooms.id
              AND mentions.seq > members.last_read_seq) END,
        messages.room_id, messages.seq, messages.rev, sender_id, users.name,
        substr(messages.text, 1, ?2), sent_at, edited_at, deleted_at, reply_to, messages.mentions, txn
    FROM rooms
    LEFT JOIN members ON members.user_id = ?1 AND members.room_id = rooms.id
    LEFT JOIN messages ON members.user_id IS NOT NULL AND rooms.last_seq > 0
        AND messages.room_id = rooms.id AND messages.seq = rooms.last_seq
    LEFT JOIN users ON users.id = messages.sender_id";

/// Reads the nine columns that both begin with.
fn info(row: &Row<'_>) -> rusqlite::Result<RoomInfo> {
    Ok(RoomInfo {
        id: RoomId(uint(row, 0)?),
        rev: uint(row, 1)?,
        name: row.get(2)?,
        topic: row.get(3)?,
        kind: text(row, 4)?,
        created_by: UserId(uint(row, 5)?),
        created_at: time(row, 6)?,
        last_seq: Seq(uint(row, 7)?),
        archived: row.get(8)?,
    })
}

/// Reads the three columns from `first` on.
fn membership(row: &Row<'_>, first: usize) -> rusqlite::Result<Membership> {
    Ok(Membership { role: text(row, first)?, last_read_seq: Seq(uint(row, first + 1)?), notify: text(row, first + 2)? })
}

/// Reads a row of [`OF_USER`].
fn room(row: &Row<'_>) -> rusqlite::Result<Room> {
    /// Where the membership, the count of mentions and the message begin.
    const PARTS: (usize, usize, usize) = (9, 12, 13);
    let info = info(row)?;
    let member = match optional_uint(row, PARTS.0 + 1)? {
        Some(_) => Some(membership(row, PARTS.0)?),
        None => None,
    };
    let last_message = match optional_uint(row, PARTS.2)? {
        Some(_) => Some(message(row, PARTS.2)?),
        None => None,
    };
    let unread = member.map_or(0, |member| info.last_seq.0.saturating_sub(member.last_read_seq.0));
    Ok(Room { info, member, unread, mentions: uint(row, PARTS.1)?, last_message })
}

impl ReadRooms for Sqlite {
    fn room(&self, id: RoomId) -> Result<Option<RoomInfo>> {
        self.cached(|cache| &cache.rooms, id, || self.one(INFO, [int(id.0)], info))
    }

    fn room_of(&self, id: RoomId, user: UserId) -> Result<Option<Room>> {
        self.one(&format!("{OF_USER} WHERE rooms.id = ?3"), params![int(user.0), int(PREVIEW_CHARS), int(id.0)], room)
    }

    fn rooms_of(&self, user: UserId) -> Result<Vec<Room>> {
        self.all(
            &format!("{OF_USER} WHERE kind = 'public' OR members.user_id IS NOT NULL ORDER BY rooms.id"),
            params![int(user.0), int(PREVIEW_CHARS)],
            room,
        )
    }

    fn is_public_name_taken(&self, name_key: &str) -> Result<bool> {
        self.exists("SELECT 1 FROM rooms WHERE kind = 'public' AND name_key = ?", [name_key])
    }

    fn membership(&self, room: RoomId, user: UserId) -> Result<Option<Membership>> {
        self.cached(
            |cache| &cache.members,
            (room, user),
            || {
                self.one(
                    "SELECT role, last_read_seq, notify FROM members WHERE user_id = ? AND room_id = ?",
                    [int(user.0), int(room.0)],
                    |row| membership(row, 0),
                )
            },
        )
    }

    fn joined_rooms(&self, user: UserId) -> Result<HashMap<RoomId, u64>> {
        let rooms = self.all("SELECT room_id, joined_event FROM members WHERE user_id = ?", [int(user.0)], |row| {
            Ok((RoomId(uint(row, 0)?), uint(row, 1)?))
        })?;
        Ok(rooms.into_iter().collect())
    }

    fn heir(&self, room: RoomId) -> Result<Option<UserId>> {
        // `role <> 'member'` is what the index of those with rights asks for.
        let moderator = "SELECT user_id FROM members WHERE room_id = ? AND role = 'moderator' AND role <> 'member'
            ORDER BY joined_event LIMIT 1";
        let anybody = "SELECT user_id FROM members WHERE room_id = ? ORDER BY joined_event LIMIT 1";
        let first = |sql| self.one(sql, [int(room.0)], |row| Ok(UserId(uint(row, 0)?)));
        Ok(first(moderator)?.or(first(anybody)?))
    }

    fn has_owner(&self, room: RoomId) -> Result<bool> {
        self.exists(
            "SELECT 1 FROM members WHERE room_id = ? AND role = 'owner' AND role <> 'member' LIMIT 1",
            [int(room.0)],
        )
    }

    fn count_rooms(&self) -> Result<u64> {
        let count = "SELECT count(*) FROM rooms WHERE kind <> 'direct' AND is_deleted = 0";
        self.count(Counted::Rooms, count, ())
    }

    fn count_rooms_by(&self, creator: UserId) -> Result<u64> {
        let count = "SELECT count(*) FROM rooms WHERE created_by = ? AND kind <> 'direct' AND is_deleted = 0";
        self.count(Counted::RoomsBy(creator), count, [int(creator.0)])
    }

    fn count_private_rooms_of(&self, user: UserId) -> Result<u64> {
        let count = "SELECT count(*) FROM members JOIN rooms ON rooms.id = room_id
            WHERE user_id = ? AND kind <> 'public'";
        self.count(Counted::PrivateRoomsOf(user), count, [int(user.0)])
    }
}

impl Sqlite {
    /// Counts rows, unless the count is cached.
    fn count(&self, what: Counted, sql: &str, params: impl rusqlite::Params) -> Result<u64> {
        let count = self.cached(|cache| &cache.counts, what, || self.one(sql, params, |row| uint(row, 0)))?;
        Ok(count.unwrap_or(0))
    }

    /// Keeps the counts right when a room appears or goes.
    fn recount_rooms(&mut self, kind: RoomKind, creator: UserId, change: impl Fn(&mut u64)) {
        if kind != RoomKind::Direct {
            self.change_cache(|cache| {
                cache.counts.change(&Counted::Rooms, &change);
                cache.counts.change(&Counted::RoomsBy(creator), &change);
            });
        }
    }

    /// Keeps the count right when a user comes or leaves.
    fn recount_members(&mut self, room: &RoomInfo, user: UserId, change: impl Fn(&mut u64)) {
        if room.kind != RoomKind::Public {
            self.change_cache(|cache| cache.counts.change(&Counted::PrivateRoomsOf(user), change));
        }
    }
}

impl WriteRooms for Sqlite {
    fn insert_room(&mut self, new: &NewRoom, by: UserId, at: Timestamp) -> Result<RoomInfo> {
        let topic = new.topic.clone().unwrap_or_default();
        let kind = new.kind.unwrap_or_default();
        self.run(
            "INSERT INTO rooms (name, name_key, topic, kind, created_by, created_at) VALUES (?, ?, ?, ?, ?, ?)",
            params![new.name, room_key(&new.name), topic, kind.to_text(), int(by.0), at.as_millis()],
        )?;
        self.recount_rooms(kind, by, |count| *count += 1);
        Ok(RoomInfo {
            id: RoomId(self.connection.last_insert_rowid().cast_unsigned()),
            rev: 1,
            name: new.name.clone(),
            topic,
            kind,
            created_by: by,
            created_at: at,
            last_seq: Seq(0),
            archived: false,
        })
    }

    fn delete_room(&mut self, room: &RoomInfo) -> Result<()> {
        self.change_cache(|cache| cache.rooms.forget(&room.id));
        self.run("UPDATE rooms SET is_deleted = 1 WHERE id = ?", [int(room.id.0)])?;
        self.recount_rooms(room.kind, room.created_by, |count| *count -= 1);
        Ok(())
    }

    fn purge_deleted_rooms(&mut self, limit: u32) -> Result<bool> {
        let next = "SELECT id FROM rooms WHERE is_deleted = 1 ORDER BY id LIMIT 1";
        let Some(room) = self.one(next, (), |row| row.get::<_, i64>(0))? else { return Ok(false) };
        // Former members may still see that they left and that the room was deleted.
        let slices = [
            "DELETE FROM messages WHERE room_id = ?1
                AND seq < (SELECT min(seq) FROM messages WHERE room_id = ?1) + ?2",
            "DELETE FROM events WHERE id IN (SELECT id FROM events INDEXED BY events_by_room
                WHERE room_id = ?1 AND kind <> 'read.updated' AND kind NOT IN ('member.left', 'room.deleted') LIMIT ?2)",
            "DELETE FROM events WHERE id IN (SELECT id FROM events INDEXED BY read_updates
                WHERE room_id = ?1 AND kind = 'read.updated' LIMIT ?2)",
        ];
        for slice in slices {
            if self.run(slice, params![room, limit])? > 0 {
                return Ok(true);
            }
        }
        self.run("DELETE FROM rooms WHERE id = ?", [room])?;
        Ok(true)
    }

    fn insert_member(&mut self, room: &RoomInfo, user: UserId, role: Role, read: Seq, joined_event: u64) -> Result<()> {
        self.run(
            "INSERT INTO members (user_id, room_id, role, joined_event, last_read_seq) VALUES (?, ?, ?, ?, ?)",
            params![int(user.0), int(room.id.0), role.to_text(), int(joined_event), int(read.0)],
        )?;
        self.recount_members(room, user, |count| *count += 1);
        Ok(())
    }

    fn set_role(&mut self, room: RoomId, user: UserId, role: Role) -> Result<()> {
        self.change_cache(|cache| cache.members.forget(&(room, user)));
        self.run(
            "UPDATE members SET role = ? WHERE user_id = ? AND room_id = ?",
            params![role.to_text(), int(user.0), int(room.0)],
        )
        .map(drop)
    }

    fn set_last_read(&mut self, room: RoomId, user: UserId, seq: Seq) -> Result<()> {
        self.change_cache(|cache| cache.members.forget(&(room, user)));
        self.run(
            "UPDATE members SET last_read_seq = ? WHERE user_id = ? AND room_id = ?",
            [int(seq.0), int(user.0), int(room.0)],
        )
        .map(drop)
    }

    fn delete_member(&mut self, room: &RoomInfo, user: UserId) -> Result<()> {
        self.change_cache(|cache| cache.members.forget(&(room.id, user)));
        self.run("DELETE FROM members WHERE user_id = ? AND room_id = ?", [int(user.0), int(room.id.0)])?;
        self.recount_members(room, user, |count| *count -= 1);
        Ok(())
    }
}
