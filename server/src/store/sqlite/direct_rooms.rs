//! Direct rooms: which two users each belongs to, and who of them has written.

use quchat_shared::{RoomId, UserId};

use super::{
    Sqlite,
    columns::{int, uint},
};
use crate::store::{ReadDirectRooms, Result, WriteDirectRooms};

/// The two columns of users, the lower id first.
fn sorted([a, b]: [UserId; 2]) -> [i64; 2] {
    [int(a.min(b).0), int(a.max(b).0)]
}

impl ReadDirectRooms for Sqlite {
    fn direct_room_of(&self, users: [UserId; 2]) -> Result<Option<RoomId>> {
        self.one("SELECT room_id FROM direct_rooms WHERE low_id = ? AND high_id = ?", sorted(users), |row| {
            Ok(RoomId(uint(row, 0)?))
        })
    }

    fn peer(&self, room: RoomId, user: UserId) -> Result<Option<UserId>> {
        self.one(
            "SELECT CASE low_id WHEN ?2 THEN high_id ELSE low_id END FROM direct_rooms WHERE room_id = ?1",
            [int(room.0), int(user.0)],
            |row| Ok(UserId(uint(row, 0)?)),
        )
    }
}

impl WriteDirectRooms for Sqlite {
    fn insert_direct_room(&mut self, room: RoomId, users: [UserId; 2]) -> Result<()> {
        let [low, high] = sorted(users);
        let insert = "INSERT INTO direct_rooms (room_id, low_id, high_id) VALUES (?, ?, ?)";
        self.run(insert, [int(room.0), low, high]).map(drop)
    }

    fn set_has_written(&mut self, room: RoomId, user: UserId) -> Result<()> {
        // Nearly always both have written before, and nothing is to be changed.
        self.run(
            "UPDATE direct_rooms
             SET low_wrote = max(low_wrote, low_id = ?2), high_wrote = max(high_wrote, high_id = ?2)
             WHERE room_id = ?1 AND (low_wrote < (low_id = ?2) OR high_wrote < (high_id = ?2))",
            [int(room.0), int(user.0)],
        )
        .map(drop)
    }
}
