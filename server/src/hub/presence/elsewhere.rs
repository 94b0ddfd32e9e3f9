//! Users with a stream on another server, and the rooms they are in. Without other servers it is empty.

use std::collections::{BTreeSet, HashMap, hash_map::Entry};

use quchat_shared::{RoomId, UserId};

/// What another server has told of its users.
#[derive(Debug)]
pub(crate) enum Moved {
    /// These users have come. Their rooms are read after the hub has been told so.
    Coming(Vec<UserId>),
    /// The rooms of users who have come.
    Came(Vec<(UserId, BTreeSet<RoomId>)>),
    /// These users have gone.
    Went(Vec<UserId>),
}

/// The users, each known from their coming on.
#[derive(Debug, Default)]
pub(super) struct Elsewhere {
    users: HashMap<UserId, User>,
}

/// Where a user is a member.
#[derive(Debug)]
enum User {
    /// It is being read. What has changed meanwhile: the rooms that they joined, and those that they left.
    Coming {
        joined: BTreeSet<RoomId>,
        left: BTreeSet<RoomId>,
    },
    Known(BTreeSet<RoomId>),
}

impl Elsewhere {
    /// The user has come. From here on their rooms are followed.
    pub(super) fn coming(&mut self, user: UserId) {
        self.users.entry(user).or_insert_with(|| User::Coming { joined: BTreeSet::new(), left: BTreeSet::new() });
    }

    /// The rooms of a user, read after [`Elsewhere::coming`]. Returns whether they were waited for.
    pub(super) fn came(&mut self, user: UserId, mut rooms: BTreeSet<RoomId>) -> bool {
        let Entry::Occupied(mut entry) = self.users.entry(user) else { return false };
        let User::Coming { joined, left } = entry.get_mut() else { return false };
        rooms.append(joined);
        rooms.retain(|room| !left.contains(room));
        entry.insert(User::Known(rooms));
        true
    }

    /// The user has gone. Returns their rooms, if they were known.
    pub(super) fn went(&mut self, user: UserId) -> Option<BTreeSet<RoomId>> {
        self.users.remove(&user).and_then(User::into_rooms)
    }

    /// Forgets everybody. Returns them with their rooms, as far as those were known.
    pub(super) fn take_all(&mut self) -> impl Iterator<Item = (UserId, BTreeSet<RoomId>)> + use<> {
        let users = std::mem::take(&mut self.users).into_iter();
        users.filter_map(|(user, state)| Some((user, state.into_rooms()?)))
    }

    /// Whether the user is there, with known rooms.
    pub(super) fn has(&self, user: UserId) -> bool {
        self.rooms(user).is_some()
    }

    /// Whether the user is there, and a member of the room.
    pub(super) fn is_member(&self, room: RoomId, user: UserId) -> bool {
        self.rooms(user).is_some_and(|rooms| rooms.contains(&room))
    }

    /// The rooms of the user, if they are there.
    pub(super) fn rooms_of(&self, user: UserId) -> impl Iterator<Item = RoomId> {
        self.rooms(user).into_iter().flatten().copied()
    }

    pub(super) fn joined(&mut self, room: RoomId, user: UserId) {
        match self.users.get_mut(&user) {
            Some(User::Known(rooms)) => {
                rooms.insert(room);
            }
            Some(User::Coming { joined, left }) => {
                left.remove(&room);
                joined.insert(room);
            }
            None => {}
        }
    }

    pub(super) fn left(&mut self, room: RoomId, user: UserId) {
        if let Some(state) = self.users.get_mut(&user) {
            state.leave(room);
        }
    }

    /// Nobody is a member of the room any more.
    pub(super) fn room_is_gone(&mut self, room: RoomId) {
        self.users.values_mut().for_each(|state| state.leave(room));
    }

    fn rooms(&self, user: UserId) -> Option<&BTreeSet<RoomId>> {
        match self.users.get(&user) {
            Some(User::Known(rooms)) => Some(rooms),
            Some(User::Coming { .. }) | None => None,
        }
    }
}

impl User {
    fn leave(&mut self, room: RoomId) {
        match self {
            Self::Known(rooms) => {
                rooms.remove(&room);
            }
            Self::Coming { joined, left } => {
                joined.remove(&room);
                left.insert(room);
            }
        }
    }

    fn into_rooms(self) -> Option<BTreeSet<RoomId>> {
        match self {
            Self::Known(rooms) => Some(rooms),
            Self::Coming { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: UserId = UserId(1);

    fn rooms(ids: &[u64]) -> BTreeSet<RoomId> {
        ids.iter().copied().map(RoomId).collect()
    }

    fn all(elsewhere: &Elsewhere) -> Vec<u64> {
        elsewhere.rooms_of(ALICE).map(|room| room.0).collect()
    }

    #[test]
    fn rooms_that_are_joined_and_left_are_followed() {
        let mut elsewhere = Elsewhere::default();
        elsewhere.joined(RoomId(1), ALICE);
        elsewhere.coming(ALICE);
        assert!(!elsewhere.has(ALICE) && elsewhere.came(ALICE, rooms(&[2, 3])));
        assert!(elsewhere.has(ALICE) && elsewhere.is_member(RoomId(2), ALICE));
        elsewhere.joined(RoomId(4), ALICE);
        elsewhere.left(RoomId(2), ALICE);
        elsewhere.room_is_gone(RoomId(3));
        assert_eq!(all(&elsewhere), [4]);
        assert!(!elsewhere.is_member(RoomId(2), ALICE));
        assert_eq!(elsewhere.went(ALICE), Some(rooms(&[4])));
        assert!(!elsewhere.has(ALICE));
    }

    #[test]
    fn what_happens_while_the_rooms_are_read_counts_whether_or_not_it_was_read() {
        for read in [&[1, 2, 3, 4][..], &[1, 3, 5, 6]] {
            let mut elsewhere = Elsewhere::default();
            elsewhere.coming(ALICE);
            elsewhere.joined(RoomId(2), ALICE);
            elsewhere.left(RoomId(3), ALICE);
            elsewhere.left(RoomId(4), ALICE);
            elsewhere.joined(RoomId(4), ALICE);
            elsewhere.joined(RoomId(5), ALICE);
            elsewhere.left(RoomId(5), ALICE);
            elsewhere.room_is_gone(RoomId(6));
            elsewhere.came(ALICE, rooms(read));
            assert_eq!(all(&elsewhere), [1, 2, 4], "{read:?}");
        }
    }

    #[test]
    fn rooms_of_somebody_who_has_gone_are_not_taken() {
        let mut elsewhere = Elsewhere::default();
        elsewhere.coming(ALICE);
        assert_eq!(elsewhere.went(ALICE), None);
        assert!(!elsewhere.came(ALICE, rooms(&[1])) && !elsewhere.has(ALICE));
        elsewhere.coming(ALICE);
        assert!(elsewhere.came(ALICE, rooms(&[1])) && !elsewhere.came(ALICE, rooms(&[2])));
        assert_eq!(elsewhere.take_all().collect::<Vec<_>>(), [(ALICE, rooms(&[1]))]);
        assert!(!elsewhere.has(ALICE));
    }
}
