//! What one room has been told of who is online, and what it is to be told.

use std::collections::BTreeSet;

use quchat_shared::{RoomId, UserId, event::Presence, limits::PRESENCE_MEMBERS_MAX};

use crate::domain::presence::RoomMembers;

/// What changed in a room.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Touched {
    /// Users who may have come or gone.
    pub(super) users: BTreeSet<UserId>,
    /// Whether it has to be looked up again.
    pub(super) is_stale: bool,
    /// Members who joined, and who left.
    pub(super) joined: u64,
    pub(super) left: u64,
    /// It is a direct room in which both may have written by now.
    pub(super) has_begun: bool,
}

impl Touched {
    /// The user, if it is about one alone.
    pub(super) fn only_user(&self) -> Option<UserId> {
        if self.is_stale || self.users.len() != 1 { None } else { self.users.first().copied() }
    }

    /// Adds what changed besides.
    pub(super) fn add(&mut self, other: &Self) {
        self.users.extend(&other.users);
        self.is_stale |= other.is_stale;
        self.joined += other.joined;
        self.left += other.left;
        self.has_begun |= other.has_begun;
    }
}

/// A room in which somebody listens.
#[derive(Debug, Default)]
pub(super) struct Room {
    state: State,
    /// What is to be said once the room has been looked up.
    waiting: Option<Touched>,
    /// The same, for the look that is under way.
    asked: Option<Touched>,
}

/// What those who listen know.
#[derive(Debug, Default, PartialEq, Eq)]
enum State {
    /// What they have read themselves.
    #[default]
    Unknown,
    /// Nothing: the room does not show it.
    Hidden,
    /// That these members are online, by id.
    Shown(Vec<UserId>),
}

impl Room {
    pub(super) fn is_shown(&self) -> bool {
        matches!(self.state, State::Shown(_))
    }

    /// What those who listen know of these users.
    pub(super) fn state_of(&self, id: RoomId, users: &BTreeSet<UserId>) -> Option<Presence> {
        let State::Shown(shown) = &self.state else { return None };
        let (online, offline) = users.iter().partition(|user| shown.binary_search(user).is_ok());
        presence(id, online, offline)
    }

    /// Whether there is more to be said than what is known by now.
    pub(super) fn has_untold(&self) -> bool {
        self.waiting.is_some() || self.asked.is_some()
    }

    /// What was still to be said.
    pub(super) fn untold(&self) -> Touched {
        let mut untold = Touched::default();
        self.asked.iter().chain(&self.waiting).for_each(|touched| untold.add(touched));
        untold
    }

    /// Whether a change of who is online means nothing here.
    pub(super) fn is_hidden(&self) -> bool {
        self.state == State::Hidden && self.waiting.is_none() && self.asked.is_none()
    }

    /// Whether the room has to be looked up before more can be said. What was touched waits for that.
    pub(super) fn waits_for(&mut self, touched: &Touched) -> bool {
        let waits = touched.is_stale || self.state == State::Unknown || self.waiting.is_some();
        if waits {
            self.waiting.get_or_insert_default().add(touched);
        }
        waits
    }

    /// The room is about to be looked up. Returns how many joined since its members were known last.
    pub(super) fn ask(&mut self) -> u64 {
        let waiting = self.waiting.take().unwrap_or_default();
        let joined = waiting.joined;
        self.asked.get_or_insert_default().add(&waiting);
        joined
    }

    /// A user is no longer a member.
    pub(super) fn forget(&mut self, user: UserId) {
        if let State::Shown(shown) = &mut self.state
            && let Ok(place) = shown.binary_search(&user)
        {
            shown.remove(place);
        }
        for touched in self.waiting.iter_mut().chain(&mut self.asked) {
            touched.users.remove(&user);
        }
    }

    /// What is to be said of these users, who may have come or gone.
    pub(super) fn change(
        &mut self,
        id: RoomId,
        users: &BTreeSet<UserId>,
        is_there: impl Fn(UserId) -> bool,
    ) -> Option<Presence> {
        let State::Shown(shown) = &mut self.state else { return None };
        let (mut online, mut offline) = (Vec::new(), Vec::new());
        for &user in users {
            match (shown.binary_search(&user), is_there(user)) {
                (Err(place), true) => {
                    shown.insert(place, user);
                    online.push(user);
                }
                (Ok(place), false) => {
                    shown.remove(place);
                    offline.push(user);
                }
                (Ok(_), true) | (Err(_), false) => {}
            }
        }
        presence(id, online, offline)
    }

    /// The room as it is now, and what is to be said of it: of users for whom that `is_pending`, too. An answer to a
    /// question of before the room was forgotten says nothing.
    pub(super) fn looked_up(
        &mut self,
        found: RoomMembers,
        is_there: impl Fn(UserId) -> bool,
        is_pending: impl Fn(UserId) -> bool,
    ) -> Option<Presence> {
        let touched = self.asked.take()?;
        let is_waiting = |user| self.waiting.as_ref().is_some_and(|waiting| waiting.users.contains(&user));
        let is_new = |user| is_pending(user) || is_waiting(user) || touched.users.contains(&user);
        let mut members = found.members;
        members.sort_unstable();
        let now = members.iter().copied().filter(|&user| is_there(user)).collect::<Vec<_>>();
        let max = u64::from(PRESENCE_MEMBERS_MAX);
        let was_large = (found.count + touched.left).saturating_sub(touched.joined) > max;
        let before = match std::mem::take(&mut self.state) {
            State::Unknown if was_large || touched.has_begun => State::Hidden,
            // They have read who was online before these changes.
            State::Unknown => {
                let is_known = |user| is_there(user) != is_new(user);
                State::Shown(members.iter().copied().filter(|&user| is_known(user)).collect())
            }
            known => known,
        };
        let (online, offline) = match (before, found.is_shown) {
            (State::Shown(before), true) => (without(&now, &before), without(&before, &now)),
            (State::Shown(before), false) => (Vec::new(), before),
            (State::Hidden | State::Unknown, true) => (now.clone(), Vec::new()),
            (State::Hidden | State::Unknown, false) => (Vec::new(), Vec::new()),
        };
        self.state = if found.is_shown { State::Shown(now) } else { State::Hidden };
        presence(found.room, online, offline)
    }
}

/// The users who are only in the first list; both are in order.
fn without(users: &[UserId], others: &[UserId]) -> Vec<UserId> {
    users.iter().copied().filter(|user| others.binary_search(user).is_err()).collect()
}

/// The event, if there is something to say.
fn presence(room_id: RoomId, online: Vec<UserId>, offline: Vec<UserId>) -> Option<Presence> {
    (!online.is_empty() || !offline.is_empty()).then_some(Presence { room_id, online, offline })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: RoomId = RoomId(7);

    fn users(ids: &[u64]) -> Vec<UserId> {
        ids.iter().copied().map(UserId).collect()
    }

    fn touched(ids: &[u64]) -> Touched {
        Touched { users: users(ids).into_iter().collect(), ..Touched::default() }
    }

    fn says(online: &[u64], offline: &[u64]) -> Option<Presence> {
        Some(Presence { room_id: ROOM, online: users(online), offline: users(offline) })
    }

    /// Looks the room up, of whose members these are online.
    fn look_up(room: &mut Room, touched: &Touched, count: u64, members: &[u64], online: &[u64]) -> Option<Presence> {
        assert!(room.waits_for(touched));
        room.ask();
        let found = RoomMembers { room: ROOM, is_shown: count <= 200, count, members: users(members) };
        room.looked_up(found, |user| online.contains(&user.0), |_| false)
    }

    /// A room of four members that is known to show users 1 and 2.
    fn small() -> Room {
        let mut room = Room::default();
        assert_eq!(look_up(&mut room, &touched(&[2]), 4, &[2, 1, 3, 4], &[1, 2]), says(&[2], &[]));
        room
    }

    #[test]
    fn only_changes_are_said() {
        let mut room = small();
        let touched = touched(&[1, 2, 3, 4]);
        assert!(!room.waits_for(&touched));
        assert_eq!(room.change(ROOM, &touched.users, |user| [1, 3].contains(&user.0)), says(&[3], &[2]));
        assert_eq!(room.change(ROOM, &touched.users, |user| [1, 3].contains(&user.0)), None);
        assert_eq!(room.state_of(ROOM, &touched.users), says(&[1, 3], &[2, 4]));
        room.forget(UserId(3));
        assert_eq!(
            room.change(ROOM, &touched.users, |user| user.0 == 1),
            None,
            "whoever left is not said to be offline"
        );
    }

    #[test]
    fn whoever_went_before_the_room_was_known_is_said_to_be_offline() {
        let mut room = Room::default();
        assert_eq!(look_up(&mut room, &touched(&[3]), 4, &[1, 2, 3, 4], &[1]), says(&[], &[3]));
    }

    #[test]
    fn what_is_pending_elsewhere_is_said_with_the_first_look_and_only_then() {
        let mut room = Room::default();
        assert!(room.waits_for(&touched(&[2])));
        room.ask();
        let found = RoomMembers { room: ROOM, is_shown: true, count: 5, members: users(&[1, 2, 3, 4, 5]) };
        let said = room.looked_up(found, |user| [1, 2, 3].contains(&user.0), |user| [3, 4].contains(&user.0));
        assert_eq!(said, says(&[2, 3], &[4]));
        assert_eq!(room.change(ROOM, &touched(&[3, 4]).users, |user| user.0 == 3), None);
    }

    #[test]
    fn what_waits_for_another_look_is_said_with_the_first() {
        let mut room = Room::default();
        assert!(room.waits_for(&touched(&[2])));
        room.ask();
        assert!(room.waits_for(&touched(&[3])) && room.has_untold());
        assert_eq!(room.untold(), touched(&[2, 3]));
        let found = || RoomMembers { room: ROOM, is_shown: true, count: 3, members: users(&[1, 2, 3]) };
        assert_eq!(room.looked_up(found(), |_| true, |_| false), says(&[2, 3], &[]));
        room.ask();
        assert_eq!(room.looked_up(found(), |_| true, |_| false), None);
        assert!(!room.has_untold());
    }

    #[test]
    fn an_answer_that_a_forgotten_room_asked_for_counts_for_nothing() {
        let mut room = Room::default();
        assert!(room.waits_for(&touched(&[2])));
        let found = RoomMembers { room: ROOM, is_shown: true, count: 2, members: users(&[1, 2]) };
        assert_eq!(room.looked_up(found, |_| true, |_| false), None);
        assert_eq!(look_up(&mut room, &Touched::default(), 2, &[1, 2], &[1, 2]), says(&[2], &[]));
    }

    #[test]
    fn the_member_that_makes_it_too_large_takes_everybody_offline() {
        let joined = Touched { is_stale: true, joined: 1, ..touched(&[5]) };
        let mut room = small();
        assert_eq!(look_up(&mut room, &joined, 201, &[1, 2, 3], &[1, 2, 5]), says(&[], &[1, 2]));
        assert!(room.is_hidden());
        assert_eq!(look_up(&mut room, &joined, 202, &[], &[1, 2, 5]), None, "the next one does not");

        let mut unknown = Room::default();
        assert_eq!(look_up(&mut unknown, &joined, 201, &[1, 2, 3], &[1, 2, 5]), says(&[], &[1, 2]));
        let mut large = Room::default();
        assert_eq!(look_up(&mut large, &joined, 202, &[], &[1, 2, 5]), None);
    }

    #[test]
    fn a_room_that_shows_presence_again_says_who_is_online() {
        let joined = Touched { is_stale: true, joined: 1, ..Touched::default() };
        let left = Touched { is_stale: true, left: 1, ..Touched::default() };
        let mut room = small();
        look_up(&mut room, &joined, 201, &[1, 2, 3], &[1, 2]);
        assert_eq!(look_up(&mut room, &left, 200, &[1, 2, 3, 4], &[1, 4]), says(&[1, 4], &[]));

        let mut unknown = Room::default();
        assert_eq!(look_up(&mut unknown, &left, 200, &[1, 2, 3, 4], &[1, 4]), says(&[1, 4], &[]));
        let mut smaller = Room::default();
        assert_eq!(look_up(&mut smaller, &left, 199, &[1, 2, 3, 4], &[1, 4]), None, "it has shown them all along");
    }

    #[test]
    fn a_direct_room_begins_with_the_answer() {
        let message = Touched { is_stale: true, has_begun: true, ..Touched::default() };
        let mut room = Room::default();
        assert!(room.waits_for(&message));
        room.ask();
        let one_wrote = RoomMembers { room: ROOM, is_shown: false, count: 0, members: Vec::new() };
        assert_eq!(room.looked_up(one_wrote, |_| true, |_| false), None);
        assert_eq!(look_up(&mut room, &message, 2, &[1, 2], &[1, 2]), says(&[1, 2], &[]));
        assert_eq!(look_up(&mut Room::default(), &message, 2, &[1, 2], &[1, 2]), says(&[1, 2], &[]));
    }
}
