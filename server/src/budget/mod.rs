//! Bounds the memory that the server holds for clients: request bodies, encoded responses and data queued for streams.
//!
//! Code that holds such bytes owns a [`Charge`] for them, which returns them to the budget when it is dropped. When the
//! budget is full, the user who holds most of it loses a connection (`holders` chooses which). New bytes are
//! refused only if that cannot free enough. This module must not know HTTP or frames.
//!
//! A frame is encoded once for all streams, so it is charged once, where it is encoded. A stream that is behind also
//! reports how many bytes wait for it, but only to decide which stream to close. If each stream were charged, a short
//! stall of a large room would look like gigabytes, and thousands of streams would be closed for a few megabytes.

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

use self::holders::{Holder, Holders};
pub(crate) use self::{
    account::Account,
    backlog::{Backlog, Stream},
    charge::Charge,
    holders::Key,
};

/// An eviction frees at least this fraction of the budget (1 / 64). Choosing a victim looks at every holder, which
/// would be too expensive for each small response.
const FREED_AT_ONCE: usize = 64;
/// How long a thread waits at most for evicted connections to free their memory.
const EVICTION_TIME: Duration = Duration::from_millis(100);

/// The budget. Clones share it.
#[derive(Clone)]
pub struct Budget(Arc<Shared>);

struct Shared {
    max: usize,
    /// Charged bytes, without those that evicted connections have yet to free.
    used: AtomicUsize,
    next_key: AtomicU64,
    holders: Mutex<Holders>,
    /// Held from choosing what to evict until it is closed. Others would find the same bytes missing meanwhile, and close
    /// more than is needed.
    evicting: Mutex<()>,
    /// Notified when an evicted connection has freed bytes.
    freed: Condvar,
}

/// The budget is full, and closing connections could not free enough.
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
            evicting: Mutex::default(),
            freed: Condvar::new(),
        }))
    }

    /// The bytes charged now; never more than [`Budget::max`].
    #[must_use]
    pub fn used(&self) -> usize {
        self.0.used.load(Ordering::Relaxed)
    }

    /// The bound, in bytes.
    #[must_use]
    pub fn max(&self) -> usize {
        self.0.max
    }

    /// The number of streams that are behind, and the bytes that wait for their readers.
    pub(crate) fn lagging(&self) -> (usize, usize) {
        self.lock().lagging()
    }

    /// Charges bytes that streams share.
    ///
    /// # Errors
    /// The budget is full.
    pub(crate) fn charge_shared(&self, bytes: usize) -> Result<Charge, Full> {
        self.reserve(bytes, None)?;
        Ok(Charge::shared(self.clone(), bytes))
    }

    /// Opens an account for a connection from `address`.
    pub(crate) fn open_account(&self, address: IpAddr) -> Account {
        Account::new(self.clone(), self.next_key(), address)
    }

    /// Registers a stream of `user` that is behind, until the backlog is dropped.
    pub(crate) fn open_backlog(&self, user: UserId, stream: Weak<dyn Stream>) -> Backlog {
        Backlog::new(self.clone(), self.next_key(), user, stream)
    }

    /// Reserves bytes for `by`, and closes connections if too few are free. The caller must not hold a lock that
    /// closing a stream takes.
    fn reserve(&self, bytes: usize, by: Option<Holder>) -> Result<(), Full> {
        if bytes > self.0.max {
            return Err(Full);
        }
        if self.try_reserve(bytes) {
            return Ok(());
        }
        let _evicting = self.0.evicting.lock().unwrap_or_else(PoisonError::into_inner);
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

    /// Waits up to [`EVICTION_TIME`] until evicted connections have freed enough. They free memory when their tasks run
    /// next; a thread that encodes large responses in a row could get far ahead of them.
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
