//! The rooms of messages that were found outside their history, as mentions and search show them.

use std::collections::{HashMap, hash_map::Entry};

use quchat_shared::{RoomId, UserId, api::FoundIn};

use super::Result;
use crate::store::Snapshot;

/// Looks up each room once. Whether its user can read a room is decided where the messages are selected.
pub(super) struct FoundRooms<'a> {
    store: &'a dyn Snapshot,
    user: UserId,
    known: HashMap<RoomId, FoundIn>,
}

impl<'a> FoundRooms<'a> {
    pub(super) fn new(store: &'a dyn Snapshot, user: UserId) -> Self {
        Self { store, user, known: HashMap::new() }
    }

    /// The room; `None` if it is gone.
    pub(super) fn get(&mut self, id: RoomId) -> Result<Option<FoundIn>> {
        Ok(match self.known.entry(id) {
            Entry::Occupied(known) => Some(known.get().clone()),
            Entry::Vacant(unknown) => self.store.room_of(id, self.user)?.map(|room| {
                let found = FoundIn { id, name: room.info.name, kind: room.info.kind, peer: room.peer };
                unknown.insert(found).clone()
            }),
        })
    }
}
