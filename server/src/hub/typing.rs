//! How often a user's typing is published.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use quchat_shared::{RoomId, UserId};

/// Most users that are remembered; the typing of further ones is left out.
const USERS_MAX: usize = 10_000;
/// Most rooms that are remembered of a user.
const ROOMS_MAX: usize = 8;

/// Lets the typing of a user in a room through once in some time.
pub(super) struct TypingThrottle {
    interval: Duration,
    /// Where each user was let through, and when by the monotonic clock.
    let_through: Mutex<HashMap<UserId, Vec<(RoomId, Duration)>>>,
}

impl TypingThrottle {
    pub(super) fn new(interval: Duration) -> Self {
        Self { interval, let_through: Mutex::default() }
    }

    /// Whether it is to be published. `now` is [`crate::clock::Clock::elapsed`].
    pub(super) fn admits(&self, room: RoomId, user: UserId, now: Duration) -> bool {
        let mut users = self.let_through.lock().unwrap_or_else(PoisonError::into_inner);
        let is_recent = |&(_, at): &(RoomId, Duration)| now.saturating_sub(at) < self.interval;
        if users.len() >= USERS_MAX && !users.contains_key(&user) {
            users.retain(|_, rooms| rooms.iter().any(is_recent));
            if users.len() >= USERS_MAX {
                return false;
            }
        }
        let rooms = users.entry(user).or_default();
        rooms.retain(is_recent);
        let is_due = rooms.len() < ROOMS_MAX && rooms.iter().all(|&(known, _)| known != room);
        if is_due {
            rooms.push((room, now));
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: u64) -> Duration {
        Duration::from_secs(second)
    }

    #[test]
    fn each_user_is_let_through_once_per_room_and_interval() {
        let throttle = TypingThrottle::new(at(3));
        let (lobby, den, alice, bob) = (RoomId(1), RoomId(2), UserId(1), UserId(2));
        assert!(throttle.admits(lobby, alice, at(0)));
        assert!(!throttle.admits(lobby, alice, at(2)));
        assert!(throttle.admits(den, alice, at(2)) && throttle.admits(lobby, bob, at(2)));
        assert!(throttle.admits(lobby, alice, at(3)));
        assert!(!throttle.admits(den, alice, at(4)), "each room has its own interval");
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let throttle = TypingThrottle::new(at(3));
        let admitted = (0..1000).filter(|&room| throttle.admits(RoomId(room), UserId(0), at(0))).count();
        assert_eq!(admitted, ROOMS_MAX);
        let users = (1..=2 * USERS_MAX as u64).filter(|&user| throttle.admits(RoomId(1), UserId(user), at(1))).count();
        assert_eq!(users, USERS_MAX - 1);
        assert!(throttle.admits(RoomId(1), UserId(u64::MAX), at(4)), "once the interval is over, there is room");
        assert_eq!(throttle.let_through.lock().unwrap().len(), 1);
    }
}
