//! Rows that every message asks for, kept by the one connection that changes them, so that it need not ask the engine.
//!
//! Whoever changes such a row forgets it, or changes it here too; a transaction that is rolled back forgets all.
//! Connections that only read keep nothing: others change what they see.

use std::{cell::RefCell, collections::HashMap, hash::Hash};

use quchat_shared::{RoomId, RoomInfo, SessionId, Timestamp, User, UserId, room::Membership};

use crate::store::Result;

/// Most rows of one kind; beyond that they are gathered anew.
const ROWS_MAX: usize = 10_000;

/// What the writing connection keeps.
#[derive(Default)]
pub(super) struct Kept {
    pub(super) users: Rows<UserId, User>,
    pub(super) sessions: Rows<SessionId, (UserId, Timestamp)>,
    pub(super) rooms: Rows<RoomId, RoomInfo>,
    pub(super) members: Rows<(RoomId, UserId), Membership>,
    pub(super) counts: Rows<Counted, u64>,
}

/// What is counted rather than read.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Counted {
    /// Rooms, direct ones left out.
    Rooms,
    /// Those that this user made.
    RoomsBy(UserId),
    /// Rooms that are not public in which this user is a member.
    PrivateRoomsOf(UserId),
}

impl Kept {
    pub(super) fn forget_all(&mut self) {
        *self = Self::default();
    }
}

/// Rows of one kind, by their key.
pub(super) struct Rows<K, T>(RefCell<HashMap<K, T>>);

impl<K, T> Default for Rows<K, T> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

impl<K: Eq + Hash, T: Clone> Rows<K, T> {
    /// The row, if need be by `read`.
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

    /// Changes the row, if it is here.
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
