//! The scope of one open stream: whose it is, which rooms it covers, and how that changes when its user joins or leaves
//! a room.

use std::collections::BTreeSet;

use quchat_shared::{RoomId, SessionId, UserId};

use crate::domain::{
    audience::{Audience, Standing},
    room_filter::RoomFilter,
};

/// The user of a stream and what it covers.
#[derive(Debug)]
pub(crate) struct Scope {
    pub(crate) user: UserId,
    pub(crate) session: SessionId,
    pub(crate) filter: RoomFilter,
    /// The covered rooms of which the user is a member.
    pub(crate) rooms: BTreeSet<RoomId>,
    /// The other rooms in which the user is a member: they are online there, too.
    pub(crate) other_rooms: BTreeSet<RoomId>,
}

impl Scope {
    /// Whether the stream gets an event for this audience now.
    pub(super) fn sees(&self, audience: Audience) -> bool {
        let Some(room) = audience.room() else { return self.filter == RoomFilter::All };
        let standing = if self.rooms.contains(&room) { Standing::Member } else { Standing::Visitor };
        self.filter.covers(room) && audience.includes(self.user, standing)
    }

    /// As [`Scope::sees`]. Adds the room first if the user has joined it, and removes it afterwards if the user has
    /// left.
    pub(super) fn follow(&mut self, audience: Audience) -> bool {
        if let Audience::MembersIncluding(room, user) = audience
            && user == self.user
        {
            if self.filter.covers(room) {
                self.rooms.insert(room)
            } else {
                self.other_rooms.insert(room)
            };
        }
        let sees = self.sees(audience);
        match audience {
            Audience::MembersAndLeaver(room, user) | Audience::MemberAtEnd(room, user) if user == self.user => {
                self.rooms.remove(&room);
                self.other_rooms.remove(&room);
            }
            Audience::EveryoneAtEnd(room) => {
                self.rooms.remove(&room);
                self.other_rooms.remove(&room);
            }
            _ => {}
        }
        sees
    }

    /// Whether the user is a member of the room.
    pub(super) fn is_in(&self, room: RoomId) -> bool {
        self.rooms.contains(&room) || self.other_rooms.contains(&room)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_that_is_gone_is_left_with_its_last_event() {
        let (alice, bob) = (UserId(1), UserId(2));
        let rooms = [1, 2].map(RoomId);
        let mut scope = Scope {
            user: alice,
            session: SessionId(1),
            filter: RoomFilter::All,
            rooms: rooms.into_iter().collect(),
            other_rooms: BTreeSet::new(),
        };
        assert!(scope.follow(Audience::EveryoneAtEnd(rooms[0])));
        assert!(!scope.follow(Audience::MemberAtEnd(rooms[1], bob)));
        assert_eq!(scope.rooms, BTreeSet::from([rooms[1]]));
        assert!(scope.follow(Audience::MemberAtEnd(rooms[1], alice)));
        assert_eq!(scope.rooms, BTreeSet::new());
    }
}
