//! What other servers are to be told: who has a stream here, and who is typing here.
//!
//! The hub fills it, and the thread that talks to the other servers empties it. With SQLite there is none.

use std::{
    collections::{BTreeSet, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use quchat_shared::{UserId, event::Typing};
use tokio::sync::Notify;

/// How long typing is gathered.
const GATHER: Duration = Duration::from_millis(250);
/// Most typing that is gathered; further one is left out.
const TYPING_MAX: usize = 500;

/// Shared by the hub and the thread that tells others.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    state: Mutex<State>,
    wake: Arc<Notify>,
}

#[derive(Debug, Default)]
struct State {
    /// Users with a stream here, as it was taken last.
    taken: HashSet<UserId>,
    /// Users for whom it is the other way round by now.
    changed: BTreeSet<UserId>,
    typing: Vec<TypingAt>,
    /// When the oldest of it began to wait.
    typing_since: Option<Instant>,
}

/// A user is typing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TypingAt {
    pub(crate) typing: Typing,
    /// The newest event at that time; the message that it announces comes later.
    pub(crate) position: u64,
}

/// Users whose first stream has come here, and whose last one has gone.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    pub(crate) came: Vec<UserId>,
    pub(crate) went: Vec<UserId>,
}

impl Outbox {
    /// Notified when something begins to wait.
    pub(crate) fn wake(&self) -> Arc<Notify> {
        Arc::clone(&self.wake)
    }

    /// Notes whether the user has a stream here.
    pub(super) fn set_here(&self, user: UserId, is_here: bool) {
        let mut state = self.lock();
        if state.taken.contains(&user) == is_here {
            state.changed.remove(&user);
        } else if state.changed.insert(user) && state.changed.len() == 1 {
            self.wake.notify_one();
        }
    }

    /// Whether somebody has come or gone.
    pub(crate) fn has_changes(&self) -> bool {
        !self.lock().changed.is_empty()
    }

    /// Takes up to `limit` changes.
    pub(crate) fn take_changes(&self, limit: usize) -> Changes {
        let (mut state, mut changes) = (self.lock(), Changes::default());
        for _ in 0..limit {
            let Some(user) = state.changed.pop_first() else { break };
            if state.taken.remove(&user) {
                changes.went.push(user);
            } else {
                state.taken.insert(user);
                changes.came.push(user);
            }
        }
        changes
    }

    /// Takes everybody who has a stream here.
    pub(crate) fn take_all(&self) -> Vec<UserId> {
        self.take_changes(usize::MAX);
        self.lock().taken.iter().copied().collect()
    }

    /// Adds that a user is typing, unless there is too much of it.
    pub(super) fn add_typing(&self, typing: TypingAt) {
        let mut state = self.lock();
        if state.typing.len() < TYPING_MAX {
            state.typing.push(typing);
            if state.typing_since.is_none() {
                state.typing_since = Some(Instant::now());
                self.wake.notify_one();
            }
        }
    }

    /// When typing is to be told, if there is any.
    pub(crate) fn typing_due(&self) -> Option<Instant> {
        self.lock().typing_since.map(|since| since + GATHER)
    }

    /// Takes what is to be told of typing by now.
    pub(crate) fn take_typing(&self, now: Instant) -> Vec<TypingAt> {
        let mut state = self.lock();
        if state.typing_since.is_none_or(|since| now < since + GATHER) {
            return Vec::new();
        }
        state.typing_since = None;
        std::mem::take(&mut state.typing)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use quchat_shared::RoomId;

    use super::*;

    const ALICE: UserId = UserId(1);
    const BOB: UserId = UserId(2);

    #[test]
    fn each_change_is_taken_once_and_what_was_undone_is_not_taken() {
        let outbox = Outbox::default();
        outbox.set_here(ALICE, true);
        outbox.set_here(ALICE, true);
        outbox.set_here(BOB, true);
        outbox.set_here(BOB, false);
        assert_eq!(outbox.take_changes(10), Changes { came: vec![ALICE], went: vec![] });
        assert!(!outbox.has_changes());
        outbox.set_here(ALICE, false);
        outbox.set_here(BOB, true);
        assert_eq!(outbox.take_changes(1), Changes { came: vec![], went: vec![ALICE] });
        assert_eq!(outbox.take_changes(1), Changes { came: vec![BOB], went: vec![] });
        assert_eq!(outbox.take_changes(1), Changes::default());
    }

    #[test]
    fn everybody_can_be_taken_anew() {
        let outbox = Outbox::default();
        outbox.set_here(ALICE, true);
        outbox.take_changes(10);
        outbox.set_here(BOB, true);
        let mut all = outbox.take_all();
        all.sort_unstable();
        assert_eq!(all, [ALICE, BOB]);
        assert!(!outbox.has_changes());
        outbox.set_here(ALICE, false);
        assert_eq!(outbox.take_all(), [BOB]);
    }

    fn typing(room: u64) -> TypingAt {
        TypingAt { typing: Typing { room_id: RoomId(room), user_id: ALICE }, position: 0 }
    }

    #[test]
    fn typing_is_gathered_for_a_while() {
        let outbox = Outbox::default();
        assert_eq!(outbox.typing_due(), None);
        outbox.add_typing(typing(1));
        outbox.add_typing(typing(2));
        let due = outbox.typing_due().unwrap();
        assert_eq!(outbox.take_typing(due - Duration::from_millis(1)), []);
        assert_eq!(outbox.take_typing(due), [typing(1), typing(2)]);
        assert_eq!((outbox.typing_due(), outbox.take_typing(due).len()), (None, 0));
    }

    #[test]
    fn what_is_gathered_is_bounded() {
        let outbox = Outbox::default();
        (0..2 * TYPING_MAX as u64).for_each(|room| outbox.add_typing(typing(room)));
        assert_eq!(outbox.take_typing(outbox.typing_due().unwrap()).len(), TYPING_MAX);
    }

    #[tokio::test]
    async fn whoever_tells_others_is_woken_when_something_begins_to_wait() {
        let outbox = Outbox::default();
        let wake = outbox.wake();
        outbox.set_here(ALICE, true);
        wake.notified().await;
        outbox.add_typing(typing(7));
        wake.notified().await;
    }
}
