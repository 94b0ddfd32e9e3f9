//! Who is in a room.

use std::collections::HashMap;

use quchat_shared::{
    RoomId, RoomInfo, Seq, UserId,
    limits::user_key,
    query,
    room::{Member, Membership, Notify, Role},
};
use rusqlite::{Row, params};

use super::{
    Sqlite,
    columns::{int, text, time, uint},
    users::user,
};
use crate::store::{NewMember, ReadMembers, Result, WriteMembers, row_cache::Counted, stored_text::Text};

/// Reads a user, their role in the room and the time of their joining.
fn member(row: &Row<'_>) -> rusqlite::Result<Member> {
    Ok(Member { user: user(row)?, role: text(row, 5)?, joined_at: time(row, 6)? })
}

/// Reads the three columns from `first` on.
pub(super) fn membership(row: &Row<'_>, first: usize) -> rusqlite::Result<Membership> {
    Ok(Membership { role: text(row, first)?, last_read_seq: Seq(uint(row, first + 1)?), notify: text(row, first + 2)? })
}

impl ReadMembers for Sqlite {
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

    fn member(&self, room: RoomId, user: UserId) -> Result<Option<Member>> {
        self.one(
            "SELECT users.id, users.name, users.role, users.created_at, users.is_suspended, members.role, members.joined_at
             FROM members JOIN users ON users.id = members.user_id
             WHERE members.user_id = ? AND members.room_id = ?",
            [int(user.0), int(room.0)],
            member,
        )
    }

    fn members(&self, room: RoomId, filter: &query::ListMembers, limit: u32) -> Result<Vec<Member>> {
        // '~' sorts behind every character a name may have.
        let prefix = user_key(filter.prefix.as_deref().unwrap_or_default());
        let after = user_key(filter.after.as_deref().unwrap_or_default());
        self.all(
            "SELECT users.id, users.name, users.role, users.created_at, users.is_suspended, members.role, members.joined_at
             FROM members INDEXED BY members_by_name CROSS JOIN users ON users.id = members.user_id
             WHERE members.room_id = ?1 AND members.name_key >= ?2 AND members.name_key <> ?3
               AND members.name_key < ?4 || '~'
             ORDER BY members.name_key LIMIT ?5",
            params![int(room.0), (&prefix).max(&after), after, prefix, limit],
            member,
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

    fn has_owner_besides(&self, room: RoomId, user: UserId) -> Result<bool> {
        self.exists(
            "SELECT 1 FROM members WHERE room_id = ? AND role = 'owner' AND role <> 'member' AND user_id <> ? LIMIT 1",
            [int(room.0), int(user.0)],
        )
    }

    fn count_members(&self, room: RoomId) -> Result<u64> {
        self.count(Counted::MembersOf(room), "SELECT member_count FROM rooms WHERE id = ?", [int(room.0)])
    }
}

impl Sqlite {
    /// Deletes every member of a room; returns who they were.
    pub(super) fn delete_members(&mut self, room: &RoomInfo) -> Result<Vec<UserId>> {
        let members = self.all("DELETE FROM members WHERE room_id = ? RETURNING user_id", [int(room.id.0)], |row| {
            Ok(UserId(uint(row, 0)?))
        })?;
        self.run("UPDATE rooms SET member_count = 0 WHERE id = ?", [int(room.id.0)])?;
        for &user in &members {
            self.change_cache(|cache| cache.members.forget(&(room.id, user)));
            self.change_cache(|cache| cache.recount_members(room, user, |count| *count = count.saturating_sub(1)));
        }
        Ok(members)
    }
}

impl WriteMembers for Sqlite {
    fn insert_member(&mut self, room: &RoomInfo, new: &NewMember) -> Result<()> {
        let NewMember { user, role, last_read_seq, joined, at } = new;
        let role = role.to_text();
        self.run(
            "INSERT INTO members (user_id, room_id, role, joined_event, last_read_seq, joined_at, joined_seq, name_key)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?5, (SELECT name_key FROM users WHERE id = ?1))",
            params![int(user.0), int(room.id.0), role, int(*joined), int(last_read_seq.0), at.as_millis()],
        )?;
        self.run("UPDATE rooms SET member_count = member_count + 1 WHERE id = ?", [int(room.id.0)])?;
        self.change_cache(|cache| cache.recount_members(room, *user, |count| *count += 1));
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

    fn set_notify(&mut self, room: RoomId, user: UserId, notify: Notify) -> Result<()> {
        self.change_cache(|cache| cache.members.forget(&(room, user)));
        self.run(
            "UPDATE members SET notify = ? WHERE user_id = ? AND room_id = ?",
            params![notify.to_text(), int(user.0), int(room.0)],
        )
        .map(drop)
    }

    fn delete_member(&mut self, room: &RoomInfo, user: UserId) -> Result<()> {
        self.change_cache(|cache| cache.members.forget(&(room.id, user)));
        if self.run("DELETE FROM members WHERE user_id = ? AND room_id = ?", [int(user.0), int(room.id.0)])? == 0 {
            return Ok(());
        }
        self.run("UPDATE rooms SET member_count = member_count - 1 WHERE id = ?", [int(room.id.0)])?;
        self.change_cache(|cache| cache.recount_members(room, user, |count| *count = count.saturating_sub(1)));
        Ok(())
    }
}
