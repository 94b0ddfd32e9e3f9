//! Rooms.

use quchat_shared::{
    Room, RoomId, RoomInfo, Seq, Timestamp, UserId, UserRef, api::NewRoom, limits::room_key, room::PREVIEW_CHARS,
};
use tokio_postgres::Row;

use super::{
    Postgres,
    columns::{get, int, optional_uint, params, sought, text, time, uint},
    connection::Param,
    members::membership,
    mentions::unread_mentions,
    messages::message,
};
use crate::store::{ReadRooms, Result, WriteRooms, row_cache::Counted, stored_text::Text};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, rev, name, topic, kind, created_by, created_at, last_seq, archived FROM rooms
             WHERE NOT is_deleted ",
            $rest
        )
    };
}

/// A room with the membership of one user (`$1`) and, for members, the newest message with its text cut (`$2`).
/// LATERAL has the planner look up one membership for each room.
macro_rules! of_user {
    ($condition:literal) => {
        concat!(
            "SELECT rooms.id, rooms.rev, rooms.name, topic, kind, created_by, rooms.created_at, last_seq,
                 archived, members.role, members.last_read_seq, members.notify,
                 CASE WHEN members.user_id IS NULL OR members.last_read_seq >= last_seq THEN 0 ELSE ",
            unread_mentions!(),
            "    END,
                 CASE kind WHEN 'direct' THEN (SELECT CASE low_id WHEN $1 THEN high_id ELSE low_id END
                     FROM direct_rooms WHERE direct_rooms.room_id = rooms.id) END,
                 CASE kind WHEN 'direct' THEN (SELECT name FROM direct_rooms JOIN users
                     ON users.id = CASE low_id WHEN $1 THEN high_id ELSE low_id END
                     WHERE direct_rooms.room_id = rooms.id) END,
                 members.user_id IS NULL AND rooms.id IN (SELECT bans.room_id FROM bans WHERE bans.user_id = $1),
                 messages.room_id, messages.seq, messages.rev, sender_id, users.name,
                 left(messages.text, $2::bigint::integer), sent_at, edited_at, deleted_at, deleted_by,
                 CASE WHEN deleted_by IS NOT NULL THEN (SELECT name FROM users WHERE users.id = deleted_by) END,
                 reply_to, answers, messages.mentions, mentions_all, reactions, txn
             FROM rooms
             LEFT JOIN LATERAL (SELECT * FROM members WHERE user_id = $1 AND room_id = rooms.id LIMIT 1) AS members
                 ON true
             LEFT JOIN messages ON messages.room_id = members.room_id AND messages.seq = rooms.last_seq
             LEFT JOIN users ON users.id = messages.sender_id
             WHERE NOT rooms.is_deleted AND ",
            $condition
        )
    };
}

/// Reads the nine columns that all queries begin with.
pub(super) fn info(row: &Row) -> Result<RoomInfo> {
    Ok(RoomInfo {
        id: RoomId(uint(row, 0)?),
        rev: uint(row, 1)?,
        name: get(row, 2)?,
        topic: get(row, 3)?,
        kind: text(row, 4)?,
        created_by: UserId(uint(row, 5)?),
        created_at: time(row, 6)?,
        last_seq: Seq(uint(row, 7)?),
        archived: get(row, 8)?,
    })
}

/// Reads a row of `of_user!`.
fn room(row: &Row) -> Result<Room> {
    /// Where the membership, the count of mentions, the peer, the ban and the message begin.
    const PARTS: (usize, usize, usize, usize, usize) = (9, 12, 13, 15, 16);
    let info = info(row)?;
    let member = match optional_uint(row, PARTS.0 + 1)? {
        Some(_) => Some(membership(row, PARTS.0)?),
        None => None,
    };
    let peer = match optional_uint(row, PARTS.2)? {
        Some(id) => Some(UserRef { id: UserId(id), name: get(row, PARTS.2 + 1)? }),
        None => None,
    };
    let last_message = match optional_uint(row, PARTS.4)? {
        Some(_) => Some(message(row, PARTS.4)?),
        None => None,
    };
    let unread = member.map_or(0, |member| info.last_seq.0.saturating_sub(member.last_read_seq.0));
    let (mentions, banned) = (uint(row, PARTS.1)?, get(row, PARTS.3)?);
    Ok(Room { info, member, unread, mentions, peer, banned, last_message })
}

impl ReadRooms for Postgres {
    fn room(&self, id: RoomId) -> Result<Option<RoomInfo>> {
        self.cached(|cache| &cache.rooms, id, || self.one(select!("AND id = $1"), params![int(id.0)], info))
    }

    fn room_of(&self, id: RoomId, user: UserId) -> Result<Option<Room>> {
        self.one(of_user!("rooms.id = $3"), params![int(user.0), int(PREVIEW_CHARS), int(id.0)], room)
    }

    fn rooms_of(&self, user: UserId) -> Result<Vec<Room>> {
        self.all(
            of_user!(
                "rooms.id = ANY (ARRAY(SELECT id FROM rooms WHERE kind = 'public' AND NOT is_deleted
                     UNION ALL SELECT room_id FROM members WHERE user_id = $1))
                 ORDER BY rooms.id"
            ),
            params![int(user.0), int(PREVIEW_CHARS)],
            room,
        )
    }

    fn all_rooms(&self) -> Result<Vec<RoomInfo>> {
        self.all(select!("ORDER BY id"), params![], info)
    }

    fn is_public_name_taken(&self, name_key: &str) -> Result<bool> {
        self.exists(
            "SELECT 1 FROM rooms WHERE kind = 'public' AND NOT is_deleted AND name_key = $1",
            params![sought(name_key)],
        )
    }

    fn count_rooms(&self) -> Result<u64> {
        let count = "SELECT count(*) FROM rooms WHERE kind <> 'direct' AND NOT is_deleted";
        self.count(Counted::Rooms, count, params![])
    }

    fn count_rooms_by(&self, creator: UserId) -> Result<u64> {
        let count = "SELECT count(*) FROM rooms WHERE created_by = $1 AND kind <> 'direct' AND NOT is_deleted";
        self.count(Counted::RoomsBy(creator), count, params![int(creator.0)])
    }

    fn count_private_rooms_of(&self, user: UserId) -> Result<u64> {
        let count = "SELECT count(*) FROM members JOIN rooms ON rooms.id = room_id
            WHERE user_id = $1 AND kind <> 'public'";
        self.count(Counted::PrivateRoomsOf(user), count, params![int(user.0)])
    }
}

impl Postgres {
    /// Counts rows, unless the count is cached.
    pub(super) fn count(&self, what: Counted, sql: &'static str, params: Vec<Param>) -> Result<u64> {
        let count = self.cached(|cache| &cache.counts, what, || self.one(sql, params, |row| uint(row, 0)))?;
        Ok(count.unwrap_or(0))
    }
}

impl WriteRooms for Postgres {
    fn insert_room(&mut self, new: &NewRoom, by: UserId, at: Timestamp) -> Result<RoomInfo> {
        let topic = new.topic.clone().unwrap_or_default();
        let kind = new.kind.unwrap_or_default();
        let (name, key) = (new.name.clone(), room_key(&new.name));
        let id = self.insert(
            "INSERT INTO rooms (name, name_key, topic, kind, created_by, created_at) VALUES ($1, $2, $3, $4, $5, $6)
             RETURNING id",
            params![name, key, topic.clone(), kind.to_text(), int(by.0), at.as_millis()],
        )?;
        self.change_cache(|cache| cache.recount_rooms(kind, by, |count| *count += 1));
        Ok(RoomInfo {
            id: RoomId(id),
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

    fn update_room(&mut self, room: &RoomInfo) -> Result<()> {
        self.change_cache(|cache| cache.rooms.change(&room.id, |cached| *cached = room.clone()));
        let (name, key) = (room.name.clone(), room_key(&room.name));
        self.later(
            "UPDATE rooms SET rev = $1, name = $2, name_key = $3, topic = $4, archived = $5 WHERE id = $6",
            params![int(room.rev), name, key, room.topic.clone(), room.archived, int(room.id.0)],
        );
        Ok(())
    }

    fn delete_room(&mut self, room: &RoomInfo) -> Result<Vec<UserId>> {
        let members = self.delete_members(room)?;
        self.change_cache(|cache| cache.rooms.forget(&room.id));
        self.later("UPDATE rooms SET is_deleted = true WHERE id = $1", params![int(room.id.0)]);
        self.later("DELETE FROM invites WHERE room_id = $1", params![int(room.id.0)]);
        self.change_cache(|cache| {
            cache.recount_rooms(room.kind, room.created_by, |count| *count = count.saturating_sub(1));
        });
        Ok(members)
    }

    fn purge_deleted_rooms(&mut self, limit: u32) -> Result<bool> {
        self.purge_next_room(limit)
    }
}
