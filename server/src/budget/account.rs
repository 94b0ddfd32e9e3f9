//! The bytes that one connection holds of the budget: request bodies and responses.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::Waker,
};

use quchat_shared::UserId;

use super::{Budget, Charge, Full, Holder, Key};

/// The account of a connection. Clones share it. It is registered with the budget only while something is charged.
#[derive(Clone)]
pub(crate) struct Account(Arc<Inner>);

struct Inner {
    budget: Budget,
    key: Key,
    address: IpAddr,
    /// The user of the latest request; 0 before the first authenticated one.
    user: AtomicU64,
    is_evicted: AtomicBool,
}

impl Account {
    pub(super) fn new(budget: Budget, key: Key, address: IpAddr) -> Self {
        let (user, is_evicted) = (AtomicU64::new(0), AtomicBool::new(false));
        Self(Arc::new(Inner { budget, key, address, user, is_evicted }))
    }

    /// Counts the connection and everything it holds towards this user from now on.
    pub(crate) fn belongs_to(&self, user: UserId) {
        self.0.user.store(user.0, Ordering::Relaxed);
    }

    /// Charges bytes that the connection keeps in memory.
    ///
    /// # Errors
    /// The budget is full, or the connection is about to be closed.
    pub(crate) fn charge(&self, bytes: usize) -> Result<Charge, Full> {
        let Inner { budget, key, .. } = &*self.0;
        budget.reserve(bytes, Some(self.holder()))?;
        let mut holders = budget.lock();
        if self.is_evicted() {
            drop(holders);
            budget.release(bytes);
            return Err(Full);
        }
        holders.add(*key, bytes, self);
        Ok(Charge::of(self.clone(), bytes))
    }

    /// As [`Account::charge`], for large responses on a thread that may block.
    ///
    /// # Errors
    /// As [`Account::charge`].
    pub(crate) fn charge_on_thread(&self, bytes: usize) -> Result<Charge, Full> {
        let charge = self.charge(bytes)?;
        self.0.budget.wait_for_evicted();
        Ok(charge)
    }

    /// Records that the connection waits for its peer. The wait counts from the first such call after
    /// [`Account::moves`]. `task` is woken if the connection is evicted.
    pub(crate) fn stalls(&self, task: &Waker) {
        self.0.budget.lock().stall(self.0.key, task);
    }

    /// Records that the peer made progress.
    pub(crate) fn moves(&self) {
        self.0.budget.lock().resume(self.0.key);
    }

    /// Whether the connection must be closed.
    pub(crate) fn is_evicted(&self) -> bool {
        self.0.is_evicted.load(Ordering::Relaxed)
    }

    pub(super) fn evict(&self) {
        self.0.is_evicted.store(true, Ordering::Relaxed);
    }

    pub(super) fn holder(&self) -> Holder {
        match self.0.user.load(Ordering::Relaxed) {
            0 => Holder::from(self.0.address),
            user => Holder::User(UserId(user)),
        }
    }

    pub(super) fn release(&self, bytes: usize) {
        let budget = &self.0.budget;
        if budget.lock().subtract(self.0.key, bytes) {
            budget.release(bytes);
        } else {
            budget.0.freed.notify_all(); // the eviction already subtracted these bytes
        }
    }
}
