//! A cache of the rows that every message needs, in the one connection that changes them.
//!
//! Code that changes such a row forgets it or changes the copy, too. A rollback clears the cache. Connections that only
//! read have none, because others change what they see.

use std::{cell::RefCell, collections::HashMap, hash::Hash};

use quchat_shared::{RoomId, RoomInfo, SessionId, User, UserId, room::Membership};

use crate::store::{LiveSession, Result};

/// Most rows of one kind. A further one clears those of its kind first.
const ROWS_MAX: usize = 10_000;

/// The cache of the writing connection.
#[derive(Default)]
pub(super) struct RowCache {
    pub(super) users: CachedRows<UserId, User>,
    pub(super) sessions: CachedRows<SessionId, LiveSession>,
    pub(super) rooms: CachedRows<RoomId, RoomInfo>,
    pub(super) members: CachedRows<(RoomId, UserId), Membership>,
    pub(super) counts: CachedRows<Counted, u64>,
}

/// What a cached count counts.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Counted {
    /// Rooms, direct ones left out.
    Rooms,
    /// Those that this user made.
    RoomsBy(UserId),
    /// Rooms that are not public in which this user is a member.
    PrivateRoomsOf(UserId),
    /// Members of this room.
    MembersOf(RoomId),
}

impl RowCache {
    pub(super) fn forget_all(&mut self) {
        *self = Self::default();
    }
}

/// Rows of one kind, by their key.
pub(super) struct CachedRows<K, T>(RefCell<HashMap<K, T>>);

impl<K, T> Default for CachedRows<K, T> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

impl<K: Eq + Hash, T: Clone> CachedRows<K, T> {
    /// The cached row, or else the one that `read` reads, which is cached then.
    pub(super) fn get(&self, key: K, read: impl FnOnce() -> Result<Option<T>>) -> Result<Option<T>> {
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

    /// Changes the row if it is cached.
    pub(super) fn change(&mut self, key: &K, change: impl FnOnce(&mut T)) {
        self.0.get_mut().get_mut(key).map(change);
    }

    pub(super) fn forget(&mut self, key: &K) {
        self.0.get_mut().remove(key);
    }

    pub(super) fn forget_all(&mut self) {
        self.0.get_mut().clear();
    }
}
