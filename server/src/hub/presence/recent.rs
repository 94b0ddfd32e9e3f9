//! What happened last to presence, for streams that hear of it late.
//!
//! A client reads who is online once its stream has begun, but the stream follows the hub only once it has caught up.
//! What happened in between is made up for then.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use quchat_shared::RoomId;

use super::room::Touched;

/// Most entries kept.
const KEPT: usize = 4096;

/// How much had happened at some moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PresencePosition(u64);

/// The count of what happened, readable from everywhere.
#[derive(Debug, Clone, Default)]
pub(in crate::hub) struct Count(Arc<AtomicU64>);

impl Count {
    pub(in crate::hub) fn get(&self) -> PresencePosition {
        PresencePosition(self.0.load(Ordering::Acquire))
    }
}

/// Something that happened in a room.
#[derive(Debug)]
pub(super) enum Recent {
    /// An event, encoded.
    Told(Bytes),
    /// A change while nobody listened.
    Unheard(Touched),
}

/// The newest entries, oldest first.
#[derive(Debug, Default)]
pub(super) struct RecentPresence {
    newest: VecDeque<(RoomId, Recent)>,
    count: Count,
}

impl RecentPresence {
    pub(super) fn count(&self) -> Count {
        self.count.clone()
    }

    pub(super) fn push(&mut self, room: RoomId, what: Recent) {
        if self.newest.len() == KEPT {
            self.newest.pop_front();
        }
        self.newest.push_back((room, what));
        self.count.0.fetch_add(1, Ordering::Release);
    }

    /// What happened since then, or as much of it as is kept.
    pub(super) fn since(&self, position: PresencePosition) -> impl Iterator<Item = &(RoomId, Recent)> {
        let happened = usize::try_from(self.count.get().0 - position.0).unwrap_or(KEPT);
        self.newest.range(self.newest.len() - happened.min(self.newest.len())..)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happened_since_a_moment_is_kept_for_a_while() {
        let mut recent = RecentPresence::default();
        let rooms =
            |recent: &RecentPresence, position| recent.since(position).map(|(room, _)| room.0).collect::<Vec<_>>();
        let begin = recent.count().get();
        recent.push(RoomId(1), Recent::Told(Bytes::new()));
        let later = recent.count().get();
        recent.push(RoomId(2), Recent::Unheard(Touched::default()));
        assert_eq!((rooms(&recent, begin), rooms(&recent, later)), (vec![1, 2], vec![2]));
        assert_eq!(rooms(&recent, recent.count().get()), [0; 0]);
        (0..2 * KEPT as u64).for_each(|n| recent.push(RoomId(n), Recent::Told(Bytes::new())));
        assert_eq!((rooms(&recent, begin).len(), rooms(&recent, begin)[0]), (KEPT, KEPT as u64));
    }
}
