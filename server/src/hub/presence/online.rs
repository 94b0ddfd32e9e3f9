//! The users who are online.

use std::{
    collections::HashSet,
    sync::{Arc, PoisonError, RwLock},
};

use quchat_shared::UserId;

/// Who is online, readable from everywhere. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Online(Arc<RwLock<HashSet<UserId>>>);

impl Online {
    pub(crate) fn contains(&self, user: UserId) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).contains(&user)
    }

    /// Returns whether they were not.
    pub(super) fn insert(&self, user: UserId) -> bool {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(user)
    }

    pub(super) fn remove(&self, user: UserId) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(&user);
    }
}
