//! Who has sent messages just now. Typing that another server tells of must not follow the message that it announced.

use std::collections::VecDeque;

use quchat_shared::{RoomId, UserId};

/// Most messages kept.
const KEPT: usize = 4096;

/// The senders of the newest messages, oldest first.
#[derive(Debug, Default)]
pub(super) struct RecentSenders {
    newest: VecDeque<(u64, RoomId, UserId)>,
}

impl RecentSenders {
    /// Adds the event of a message.
    pub(super) fn push(&mut self, event: u64, room: RoomId, sender: UserId) {
        if self.newest.len() == KEPT {
            self.newest.pop_front();
        }
        self.newest.push_back((event, room, sender));
    }

    /// Whether the user has sent a message in the room after this event, as far as is known.
    pub(super) fn have_since(&self, event: u64, room: RoomId, sender: UserId) -> bool {
        let since = self.newest.iter().rev().take_while(|&&(id, ..)| id > event);
        since.into_iter().any(|&(_, r, s)| (r, s) == (room, sender))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_messages_of_the_user_in_the_room_since_then_count() {
        let (mut recent, lobby, den) = (RecentSenders::default(), RoomId(1), RoomId(2));
        let (alice, bob) = (UserId(1), UserId(2));
        recent.push(10, lobby, alice);
        recent.push(12, den, bob);
        assert!(recent.have_since(9, lobby, alice));
        assert!(!recent.have_since(10, lobby, alice), "that one came before");
        assert!(!recent.have_since(9, lobby, bob) && !recent.have_since(9, den, alice));
        (0..KEPT as u64).for_each(|n| recent.push(20 + n, den, alice));
        assert_eq!(recent.newest.len(), KEPT);
        assert!(!recent.have_since(9, lobby, alice), "it is no longer known");
    }
}
