//! Which rooms a stream is restricted to.

use std::collections::BTreeSet;

use quchat_shared::RoomId;

/// The rooms that a stream covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RoomFilter {
    /// Every room, and events about no particular room.
    All,
    Only(BTreeSet<RoomId>),
}

impl RoomFilter {
    /// The filter of a request; no rooms means all rooms.
    pub(crate) fn new(named: Vec<RoomId>) -> Self {
        if named.is_empty() { Self::All } else { Self::Only(named.into_iter().collect()) }
    }

    pub(crate) fn covers(&self, room: RoomId) -> bool {
        match self {
            Self::All => true,
            Self::Only(rooms) => rooms.contains(&room),
        }
    }

    /// The rooms that the stream is restricted to; empty if it covers all.
    pub(crate) fn named(&self) -> Vec<RoomId> {
        match self {
            Self::All => Vec::new(),
            Self::Only(rooms) => rooms.iter().copied().collect(),
        }
    }
}
