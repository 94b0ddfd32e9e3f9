//! Sessions that were used in an hour for which that is not on record yet. They are recorded later, many at once, so that
//! no request waits for it.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use quchat_shared::SessionId;
use tokio::sync::Notify;

/// Most sessions that wait. A further one is noted with its next request.
const WAITING_MAX: usize = 10_000;

/// The sessions that wait to be recorded.
#[derive(Default)]
pub(crate) struct SessionUses {
    waiting: Mutex<BTreeSet<SessionId>>,
    noted: Notify,
}

impl SessionUses {
    /// Notes that a session was used.
    pub(crate) fn note(&self, session: SessionId) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < WAITING_MAX && waiting.insert(session) {
            self.noted.notify_one();
        }
    }

    /// Waits for sessions to record and takes up to `limit` of them.
    pub(crate) async fn take(&self, limit: usize) -> Vec<SessionId> {
        loop {
            let taken = self.take_waiting(limit);
            if !taken.is_empty() {
                return taken;
            }
            self.noted.notified().await;
        }
    }

    fn take_waiting(&self, limit: usize) -> Vec<SessionId> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        std::iter::from_fn(|| waiting.pop_first()).take(limit).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_session_waits_once_however_often_it_is_used() {
        let uses = SessionUses::default();
        for id in [2, 1, 2, 3, 1] {
            uses.note(SessionId(id));
        }
        assert_eq!(uses.take(2).await, [SessionId(1), SessionId(2)]);
        assert_eq!(uses.take(2).await, [SessionId(3)]);
        uses.note(SessionId(1));
        assert_eq!(uses.take(2).await, [SessionId(1)]);
    }

    #[test]
    fn so_many_sessions_wait_and_no_more() {
        let uses = SessionUses::default();
        (0..=WAITING_MAX as u64).for_each(|id| uses.note(SessionId(id)));
        assert_eq!(uses.take_waiting(usize::MAX).len(), WAITING_MAX);
    }
}
