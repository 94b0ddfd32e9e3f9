//! Which rooms show who of their members is online, and to whom.

use std::collections::HashSet;

use quchat_shared::{RoomId, UserId};
use rusqlite::params;

use super::{
    Sqlite,
    columns::{int, json_ids, uint},
};
use crate::store::{ReadPresence, Result};

impl ReadPresence for Sqlite {
    fn sharing_a_room(&self, user: UserId, others: &[UserId], members: u32) -> Result<HashSet<UserId>> {
        let sharing = self.all(
            "WITH small AS MATERIALIZED (SELECT rooms.id FROM members CROSS JOIN rooms ON rooms.id = members.room_id
                WHERE members.user_id = ?1 AND rooms.member_count <= ?2 AND rooms.is_deleted = 0
                  AND (rooms.kind <> 'direct' OR EXISTS (SELECT 1 FROM direct_rooms
                      WHERE direct_rooms.room_id = rooms.id AND low_wrote = 1 AND high_wrote = 1)))
             SELECT value FROM json_each(?3) others WHERE EXISTS (SELECT 1 FROM small CROSS JOIN members
                WHERE members.user_id = others.value AND members.room_id = small.id)",
            params![int(user.0), members, json_ids(others.iter().map(|id| id.0))],
            |row| Ok(UserId(uint(row, 0)?)),
        )?;
        Ok(sharing.into_iter().collect())
    }

    fn presence_size(&self, room: RoomId) -> Result<Option<u64>> {
        self.one(
            "SELECT member_count FROM rooms WHERE id = ?1 AND is_deleted = 0
                AND (kind <> 'direct' OR EXISTS (SELECT 1 FROM direct_rooms
                    WHERE room_id = ?1 AND low_wrote = 1 AND high_wrote = 1))",
            [int(room.0)],
            |row| uint(row, 0),
        )
    }

    fn first_members(&self, room: RoomId, limit: u32) -> Result<Vec<UserId>> {
        self.all(
            "SELECT user_id FROM members WHERE room_id = ? ORDER BY joined_event LIMIT ?",
            params![int(room.0), limit],
            |row| Ok(UserId(uint(row, 0)?)),
        )
    }
}

#[cfg(test)]
mod tests {
    use quchat_shared::{Seq, Timestamp, api::NewRoom, room::Role, room::RoomKind, user::ServerRole};

    use super::*;
    use crate::store::{NewMember, NewUser, WriteMembers, WriteRooms, WriteUsers};

    const ALICE: UserId = UserId(1);
    const BOB: UserId = UserId(2);

    /// A database with alice and bob, who are in a room of this kind.
    fn sharing(dir: &tempfile::TempDir, kind: RoomKind) -> (Sqlite, RoomId) {
        let at = Timestamp::from_millis(0);
        let mut db = Sqlite::open(&dir.path().join("db")).unwrap();
        for name in ["alice", "bob"] {
            db.insert_user(&NewUser { name, password_hash: "x", role: ServerRole::Member, created_at: at }).unwrap();
        }
        let new = NewRoom { name: "lobby".into(), topic: None, kind: Some(kind) };
        let room = db.insert_room(&new, ALICE, at).unwrap();
        for (user, joined) in [(BOB, 1), (ALICE, 2)] {
            let new = NewMember { user, role: Role::Member, last_read_seq: Seq(0), joined, at };
            db.insert_member(&room, &new).unwrap();
        }
        (db, room.id)
    }

    /// What the three queries say of the room, and to alice.
    fn seen(db: &Sqlite, room: RoomId, max: u32) -> (Option<u64>, Vec<UserId>) {
        let sharing = db.sharing_a_room(ALICE, &[BOB, UserId(3)], max).unwrap();
        (db.presence_size(room).unwrap(), sharing.into_iter().collect())
    }

    #[test]
    fn members_of_a_small_room_see_each_other() {
        let dir = tempfile::tempdir().unwrap();
        let (mut db, room) = sharing(&dir, RoomKind::Private);
        assert_eq!(seen(&db, room, 2), (Some(2), vec![BOB]));
        assert_eq!(seen(&db, room, 1), (Some(2), vec![]));
        assert_eq!(db.first_members(room, 9).unwrap(), [BOB, ALICE]);
        assert_eq!(db.first_members(room, 1).unwrap(), [BOB]);
        assert_eq!(db.presence_size(RoomId(4711)).unwrap(), None);
        let info = crate::store::ReadRooms::room(&db, room).unwrap().unwrap();
        db.delete_room(&info).unwrap();
        assert_eq!(seen(&db, room, 2), (None, vec![]));
    }

    #[test]
    fn the_users_of_a_direct_room_see_each_other_once_both_have_written() {
        let dir = tempfile::tempdir().unwrap();
        let (db, room) = sharing(&dir, RoomKind::Direct);
        let wrote = |low: u32, high: u32| {
            db.run("INSERT OR REPLACE INTO direct_rooms VALUES (?, 1, 2, ?, ?)", params![int(room.0), low, high])
                .unwrap()
        };
        for (low, high) in [(0, 0), (1, 0), (0, 1)] {
            wrote(low, high);
            assert_eq!(seen(&db, room, 200), (None, vec![]));
        }
        wrote(1, 1);
        assert_eq!(seen(&db, room, 200), (Some(2), vec![BOB]));
    }
}
