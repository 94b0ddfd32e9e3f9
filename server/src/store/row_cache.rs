//! A cache of the rows that every message needs. Only a writing connection has one: SQLite's lasts as long as the
//! connection, PostgreSQL's for one transaction.
//!
//! Code that changes such a row must also remove or change the cached copy. A rollback clears SQLite's cache;
//! PostgreSQL's is cleared when the next transaction begins. Reading connections have no cache, because another
//! connection changes the rows.

use std::{cell::RefCell, collections::HashMap, hash::Hash};

use quchat_shared::{
    RoomId, RoomInfo, SessionId, User, UserId,
    room::{Membership, RoomKind},
};

use super::{LiveSession, Result};

/// Most rows of one kind. A further row first clears all rows of its kind.
const ROWS_MAX: usize = 10_000;

/// The cache of the writing connection.
#[derive(Default)]
pub(in crate::store) struct RowCache {
    pub(in crate::store) users: CachedRows<UserId, User>,
    pub(in crate::store) sessions: CachedRows<SessionId, LiveSession>,
    pub(in crate::store) rooms: CachedRows<RoomId, RoomInfo>,
    pub(in crate::store) members: CachedRows<(RoomId, UserId), Membership>,
    pub(in crate::store) counts: CachedRows<Counted, u64>,
}

/// What a cached count counts.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::store) enum Counted {
    /// Rooms, not counting direct ones.
    Rooms,
    /// Rooms that this user created, not counting direct ones.
    RoomsBy(UserId),
    /// Private and direct rooms that this user is in.
    PrivateRoomsOf(UserId),
    /// Members of this room.
    MembersOf(RoomId),
}

impl RowCache {
    pub(in crate::store) fn forget_all(&mut self) {
        *self = Self::default();
    }

    /// Updates the counts when a room is created or deleted.
    pub(in crate::store) fn recount_rooms(&mut self, kind: RoomKind, creator: UserId, change: impl Fn(&mut u64)) {
        if kind != RoomKind::Direct {
            self.counts.change(&Counted::Rooms, &change);
            self.counts.change(&Counted::RoomsBy(creator), &change);
        }
    }

    /// Updates the counts when a user comes to a room or leaves it.
    pub(in crate::store) fn recount_members(&mut self, room: &RoomInfo, user: UserId, change: impl Fn(&mut u64)) {
        self.counts.change(&Counted::MembersOf(room.id), &change);
        if room.kind != RoomKind::Public {
            self.counts.change(&Counted::PrivateRoomsOf(user), &change);
        }
    }
}

/// Rows of one kind, by their key.
pub(in crate::store) struct CachedRows<K, T>(RefCell<HashMap<K, T>>);

impl<K, T> Default for CachedRows<K, T> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

impl<K: Eq + Hash, T: Clone> CachedRows<K, T> {
    /// The cached row. If there is none, reads it with `read` and caches it.
    pub(in crate::store) fn get(&self, key: K, read: impl FnOnce() -> Result<Option<T>>) -> Result<Option<T>> {
        let mut rows = self.0.borrow_mut();
        if let Some(row) = rows.get(&key) {
            return Ok(Some(row.clone()));
        }
        let row = read()?;
        if let Some(row) = &row {
            if rows.len() >= ROWS_MAX {
                rows.clear();
            }
            rows.insert(key, row.clone());
        }
        Ok(row)
    }

    pub(in crate::store) fn insert(&mut self, key: K, row: T) {
        self.0.get_mut().insert(key, row);
    }

    /// Changes the row if it is cached.
    pub(in crate::store) fn change(&mut self, key: &K, change: impl FnOnce(&mut T)) {
        self.0.get_mut().get_mut(key).map(change);
    }

    pub(in crate::store) fn forget(&mut self, key: &K) {
        self.0.get_mut().remove(key);
    }

    pub(in crate::store) fn forget_all(&mut self) {
        self.0.get_mut().clear();
    }
}
