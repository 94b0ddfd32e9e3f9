//! The sessions that ended most recently (sign-out, revoked tokens).
//!
//! A stream reads from the store that its session is alive, and registers with the hub a moment later. The hub knows
//! which sessions ended in between, so the stream need not read again.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use quchat_shared::SessionId;

/// Most sessions kept. A stream that registers after more than these have ended reads again.
const KEPT: usize = 4096;

/// The number of sessions that had ended at some moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SessionsEnded(u64);

/// The count, readable from any thread.
#[derive(Debug, Clone, Default)]
pub(super) struct Count(Arc<AtomicU64>);

impl Count {
    pub(super) fn get(&self) -> SessionsEnded {
        SessionsEnded(self.0.load(Ordering::Acquire))
    }
}

/// The sessions whose end has reached the hub.
#[derive(Debug, Default)]
pub(super) struct Ended {
    newest: VecDeque<SessionId>,
    count: Count,
}

impl Ended {
    pub(super) fn count(&self) -> Count {
        self.count.clone()
    }

    pub(super) fn push(&mut self, session: SessionId) {
        if self.newest.len() == KEPT {
            self.newest.pop_front();
        }
        self.newest.push_back(session);
        self.count.0.fetch_add(1, Ordering::Release);
    }

    /// Whether the session has ended since then; `None` if more sessions have ended than are kept.
    pub(super) fn has_ended(&self, session: SessionId, since: SessionsEnded) -> Option<bool> {
        let since = usize::try_from(self.count.get().0 - since.0).ok()?;
        let kept = self.newest.len();
        (since <= kept).then(|| self.newest.range(kept - since..).any(|&ended| ended == session))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sessions_that_ended_since_then_count() {
        let mut ended = Ended::default();
        let begin = ended.count().get();
        ended.push(SessionId(1));
        let later = ended.count().get();
        ended.push(SessionId(2));
        assert_eq!(ended.has_ended(SessionId(1), begin), Some(true));
        assert_eq!(ended.has_ended(SessionId(1), later), Some(false));
        assert_eq!(ended.has_ended(SessionId(2), later), Some(true));
    }

    #[test]
    fn a_session_that_is_no_longer_kept_is_unknown() {
        let mut ended = Ended::default();
        let begin = ended.count().get();
        (0..=KEPT as u64).for_each(|n| ended.push(SessionId(n)));
        assert_eq!(ended.has_ended(SessionId(9_999_999), begin), None);
    }
}
