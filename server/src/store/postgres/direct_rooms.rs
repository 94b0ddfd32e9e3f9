//! Direct rooms: which two users each belongs to, and who of them has written.

use quchat_shared::{RoomId, UserId};

use super::{
    Postgres,
    columns::{int, params, uint},
};
use crate::store::{ReadDirectRooms, Result, WriteDirectRooms};

/// The two columns of users, the lower id first.
fn sorted([a, b]: [UserId; 2]) -> [i64; 2] {
    [int(a.min(b).0), int(a.max(b).0)]
}

impl ReadDirectRooms for Postgres {
    fn direct_room_of(&self, users: [UserId; 2]) -> Result<Option<RoomId>> {
        let [low, high] = sorted(users);
        let known = "SELECT room_id FROM direct_rooms WHERE low_id = $1 AND high_id = $2";
        self.one(known, params![low, high], |row| Ok(RoomId(uint(row, 0)?)))
    }

    fn peer(&self, room: RoomId, user: UserId) -> Result<Option<UserId>> {
        self.one(
            "SELECT CASE low_id WHEN $2 THEN high_id ELSE low_id END FROM direct_rooms WHERE room_id = $1",
            params![int(room.0), int(user.0)],
            |row| Ok(UserId(uint(row, 0)?)),
        )
    }
}

impl WriteDirectRooms for Postgres {
    fn insert_direct_room(&mut self, room: RoomId, users: [UserId; 2]) -> Result<()> {
        let [low, high] = sorted(users);
        self.later(
            "INSERT INTO direct_rooms (room_id, low_id, high_id) VALUES ($1, $2, $3)",
            params![int(room.0), low, high],
        );
        Ok(())
    }

    fn set_has_written(&mut self, room: RoomId, user: UserId) -> Result<()> {
        self.gather(|gathered| gathered.has_written(room, user));
        Ok(())
    }
}
