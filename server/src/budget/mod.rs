//! One bound on the bytes that the server keeps for others: request bodies, encoded answers, and what waits for streams.
//!
//! Whoever keeps such bytes has a [`Charge`] for them, which returns them when it is dropped. When the budget is full,
//! the user who holds most of it loses a connection (`holders` says which); only if that frees nothing, the bytes are
//! refused. It knows neither HTTP nor frames.
//!
//! Frames are encoded once for all streams, so they are charged once, by whoever encodes them. A stream that is behind
//! reports how many bytes wait for it, but only to decide which stream is closed. Charged to each stream, a short stall
//! of a large room would look like gigabytes, and thousands of streams would be closed for a few megabytes of memory.

mod account;
mod backlog;
mod charge;
mod holders;
#[cfg(test)]
mod tests;

use std::{
    net::IpAddr,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use quchat_shared::UserId;

use self::holders::{Holder, Holders, Key};
pub(crate) use self::{
    account::Account,
    backlog::{Backlog, Stream},
    charge::Charge,
};

/// What one eviction frees at least, as a part of the budget: choosing looks at everybody, so it is not done for each
/// small answer.
const FREED_AT_ONCE: usize = 64;
/// Longest time that a thread waits for evicted connections to free their memory.
const EVICTION_TIME: Duration = Duration::from_millis(100);

/// The budget. Clones share it.
#[derive(Clone)]
pub struct Budget(Arc<Shared>);

struct Shared {
    max: usize,
    /// Without what evicted connections have yet to free.
    used: AtomicUsize,
    next_key: AtomicU64,
    holders: Mutex<Holders>,
    /// Notified when an evicted connection has freed something.
    freed: Condvar,
}

/// The budget is full, and no connection could be closed to change that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Full;

impl Budget {
    /// A budget of `max` bytes.
    pub(crate) fn new(max: usize) -> Self {
        Self(Arc::new(Shared {
            max,
            used: AtomicUsize::new(0),
            next_key: AtomicU64::new(0),
            holders: Mutex::default(),
            freed: Condvar::new(),
        }))
    }

    /// Bytes that are charged now; never more than [`Budget::max`].
    #[must_use]
    pub fn used(&self) -> usize {
        self.0.used.load(Ordering::Relaxed)
    }

    /// The bound, in bytes.
    #[must_use]
    pub fn max(&self) -> usize {
        self.0.max
    }

    /// Charges bytes that several streams share.
    ///
    /// # Errors
    /// The budget is full.
    pub(crate) fn charge_shared(&self, bytes: usize) -> Result<Charge, Full> {
        self.reserve(bytes, None)?;
        Ok(Charge::shared(self.clone(), bytes))
    }

    /// An account for a connection from `address`.
    pub(crate) fn open_account(&self, address: IpAddr) -> Account {
        Account::new(self.clone(), self.next_key(), address)
    }

    /// Reports that bytes wait for a stream of `user`, until the backlog is dropped.
    pub(crate) fn open_backlog(&self, user: UserId, stream: Weak<dyn Stream>) -> Backlog {
        Backlog::new(self.clone(), self.next_key(), user, stream)
    }

    /// Reserves bytes for `by`, and closes connections if there are not enough. Not to be called with a lock held that
    /// closing a stream takes.
    fn reserve(&self, bytes: usize, by: Option<Holder>) -> Result<(), Full> {
        if bytes > self.0.max {
            return Err(Full);
        }
        while !self.try_reserve(bytes) {
            let missing = (self.used() + bytes).saturating_sub(self.0.max);
            let victims = self.lock().evict(missing.max(self.0.max / FREED_AT_ONCE), by);
            if victims.is_empty() {
                return Err(Full);
            }
            for victim in victims {
                self.0.used.fetch_sub(victim.bytes, Ordering::Relaxed);
                victim.close();
            }
        }
        Ok(())
    }

    fn try_reserve(&self, bytes: usize) -> bool {
        let more = |used: usize| used.checked_add(bytes).filter(|used| *used <= self.0.max);
        self.0.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    /// Waits a moment until evicted connections have freed enough. They do so when their tasks run next; a thread that
    /// encodes one large answer after the other could be far ahead of them.
    fn wait_for_evicted(&self) {
        let is_behind = |holders: &mut Holders| holders.leaving() > 0 && self.used() + holders.leaving() > self.0.max;
        let waited = self.0.freed.wait_timeout_while(self.lock(), EVICTION_TIME, is_behind);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    fn release(&self, bytes: usize) {
        self.0.used.fetch_sub(bytes, Ordering::Relaxed);
    }

    fn next_key(&self) -> Key {
        self.0.next_key.fetch_add(1, Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, Holders> {
        self.0.holders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
