//! Who is in a room.

use std::collections::HashMap;

use quchat_shared::{
    RoomId, RoomInfo, Seq, UserId,
    limits::user_key,
    query,
    room::{Member, Membership, Notify, Role},
};
use tokio_postgres::Row;

use super::{
    Postgres,
    columns::{int, params, sought, text, time, uint},
    users::user,
};
use crate::store::{NewMember, ReadMembers, Result, WriteMembers, row_cache::Counted, stored_text::Text};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT users.id, users.name, users.role, users.created_at, users.is_suspended, members.role,
                 members.joined_at
             FROM members JOIN users ON users.id = members.user_id ",
            $rest
        )
    };
}

/// Reads a user, their role in the room and the time of their joining.
fn member(row: &Row) -> Result<Member> {
    Ok(Member { user: user(row)?, role: text(row, 5)?, joined_at: time(row, 6)? })
}

/// Reads the three columns from `first` on.
pub(super) fn membership(row: &Row, first: usize) -> Result<Membership> {
    Ok(Membership { role: text(row, first)?, last_read_seq: Seq(uint(row, first + 1)?), notify: text(row, first + 2)? })
}

impl ReadMembers for Postgres {
    fn membership(&self, room: RoomId, user: UserId) -> Result<Option<Membership>> {
        self.cached(
            |cache| &cache.members,
            (room, user),
            || {
                self.one(
                    "SELECT role, last_read_seq, notify FROM members WHERE user_id = $1 AND room_id = $2",
                    params![int(user.0), int(room.0)],
                    |row| membership(row, 0),
                )
            },
        )
    }

    fn member(&self, room: RoomId, user: UserId) -> Result<Option<Member>> {
        self.one(
            select!("WHERE members.user_id = $1 AND members.room_id = $2"),
            params![int(user.0), int(room.0)],
            member,
        )
    }

    fn members(&self, room: RoomId, filter: &query::ListMembers, limit: u32) -> Result<Vec<Member>> {
        // '~' sorts after every character that a name may contain.
        let key = |name: &Option<String>| sought(&user_key(name.as_deref().unwrap_or_default()));
        self.all(
            select!(
                "WHERE members.room_id = $1 AND members.name_key >= $2 AND members.name_key < $2 || '~'
                     AND members.name_key > $3
                 ORDER BY members.name_key LIMIT $4"
            ),
            params![int(room.0), key(&filter.prefix), key(&filter.after), i64::from(limit)],
            member,
        )
    }

    fn joined_rooms(&self, user: UserId) -> Result<HashMap<RoomId, u64>> {
        let joined = "SELECT room_id, joined_event FROM members WHERE user_id = $1";
        let rooms = self.all(joined, params![int(user.0)], |row| Ok((RoomId(uint(row, 0)?), uint(row, 1)?)))?;
        Ok(rooms.into_iter().collect())
    }

    fn heir(&self, room: RoomId) -> Result<Option<UserId>> {
        // `role <> 'member'` is what the index of those with rights asks for.
        let moderator = "SELECT user_id FROM members WHERE room_id = $1 AND role = 'moderator' AND role <> 'member'
            ORDER BY joined_event LIMIT 1";
        let anybody = "SELECT user_id FROM members WHERE room_id = $1 ORDER BY joined_event LIMIT 1";
        let first = |sql| self.one(sql, params![int(room.0)], |row| Ok(UserId(uint(row, 0)?)));
        match first(moderator)? {
            Some(moderator) => Ok(Some(moderator)),
            None => first(anybody),
        }
    }

    fn has_owner(&self, room: RoomId) -> Result<bool> {
        self.exists(
            "SELECT 1 FROM members WHERE room_id = $1 AND role = 'owner' AND role <> 'member' LIMIT 1",
            params![int(room.0)],
        )
    }

    fn has_owner_besides(&self, room: RoomId, user: UserId) -> Result<bool> {
        self.exists(
            "SELECT 1 FROM members WHERE room_id = $1 AND role = 'owner' AND role <> 'member' AND user_id <> $2
             LIMIT 1",
            params![int(room.0), int(user.0)],
        )
    }

    fn count_members(&self, room: RoomId) -> Result<u64> {
        self.count(Counted::MembersOf(room), "SELECT member_count FROM rooms WHERE id = $1", params![int(room.0)])
    }
}

impl Postgres {
    /// Deletes every member of a room; returns who they were.
    pub(super) fn delete_members(&mut self, room: &RoomInfo) -> Result<Vec<UserId>> {
        let delete = "DELETE FROM members WHERE room_id = $1 RETURNING user_id";
        let members = self.write_returning(delete, params![int(room.id.0)], |row| Ok(UserId(uint(row, 0)?)))?;
        self.later("UPDATE rooms SET member_count = 0 WHERE id = $1", params![int(room.id.0)]);
        for &user in &members {
            self.change_cache(|cache| cache.members.forget(&(room.id, user)));
            self.change_cache(|cache| cache.recount_members(room, user, |count| *count = count.saturating_sub(1)));
        }
        Ok(members)
    }
}

impl WriteMembers for Postgres {
    fn insert_member(&mut self, room: &RoomInfo, new: &NewMember) -> Result<()> {
        let &NewMember { user, role, last_read_seq, joined, at } = new;
        let role = role.to_text();
        self.later(
            "INSERT INTO members (user_id, room_id, role, joined_event, last_read_seq, joined_at, joined_seq, name_key)
             VALUES ($1, $2, $3, $4, $5, $6, $5, (SELECT name_key FROM users WHERE id = $1))",
            params![int(user.0), int(room.id.0), role, int(joined), int(last_read_seq.0), at.as_millis()],
        );
        self.later("UPDATE rooms SET member_count = member_count + 1 WHERE id = $1", params![int(room.id.0)]);
        self.change_cache(|cache| cache.recount_members(room, user, |count| *count += 1));
        Ok(())
    }

    fn set_role(&mut self, room: RoomId, user: UserId, role: Role) -> Result<()> {
        self.change_cache(|cache| cache.members.change(&(room, user), |member| member.role = role));
        self.later(
            "UPDATE members SET role = $1 WHERE user_id = $2 AND room_id = $3",
            params![role.to_text(), int(user.0), int(room.0)],
        );
        Ok(())
    }

    fn set_last_read(&mut self, room: RoomId, user: UserId, seq: Seq) -> Result<()> {
        self.change_cache(|cache| cache.members.change(&(room, user), |member| member.last_read_seq = seq));
        self.gather(|gathered| gathered.marker(room, user, seq));
        Ok(())
    }

    fn set_notify(&mut self, room: RoomId, user: UserId, notify: Notify) -> Result<()> {
        self.change_cache(|cache| cache.members.change(&(room, user), |member| member.notify = notify));
        self.later(
            "UPDATE members SET notify = $1 WHERE user_id = $2 AND room_id = $3",
            params![notify.to_text(), int(user.0), int(room.0)],
        );
        Ok(())
    }

    fn delete_member(&mut self, room: &RoomInfo, user: UserId) -> Result<()> {
        self.change_cache(|cache| cache.members.forget(&(room.id, user)));
        let delete = "DELETE FROM members WHERE user_id = $1 AND room_id = $2";
        if self.run(delete, params![int(user.0), int(room.id.0)])? == 0 {
            return Ok(());
        }
        self.later("UPDATE rooms SET member_count = member_count - 1 WHERE id = $1", params![int(room.id.0)]);
        self.change_cache(|cache| cache.recount_members(room, user, |count| *count = count.saturating_sub(1)));
        Ok(())
    }
}
