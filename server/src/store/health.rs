//! The state of the database: whether it can be written, whether damage was found, and why the server has to end.
//!
//! The threads of the store record it and log each change once. Reading it never waits.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use super::Cause;

/// Shared by all clones.
#[derive(Clone, Default)]
pub(crate) struct Health(Arc<State>);

#[derive(Default)]
struct State {
    cannot_write: AtomicBool,
    damages: AtomicU64,
    fatal: OnceLock<Arc<str>>,
}

impl Health {
    /// Whether the last write that reached the engine succeeded.
    pub(crate) fn is_writable(&self) -> bool {
        !self.0.cannot_write.load(Ordering::Relaxed)
    }

    /// Why the server has to end, if it has to.
    pub(crate) fn fatal(&self) -> Option<&str> {
        self.0.fatal.get().map(|reason| &**reason)
    }

    /// A transaction failed that may succeed later.
    pub(super) fn write_failed(&self, cause: &Cause) {
        if !self.0.cannot_write.swap(true, Ordering::Relaxed) {
            tracing::error!(%cause, advice = cause.advice, "the database cannot be written; changes are refused until it can");
        }
    }

    /// A transaction that changed something is on the disk.
    pub(super) fn write_succeeded(&self) {
        if !self.is_writable() {
            self.0.cannot_write.store(false, Ordering::Relaxed);
            tracing::info!("the database can be written again");
        }
    }

    /// A table has a problem. What needs it fails; everything else goes on.
    pub(super) fn damage_found(&self, table: &str, problem: &str) {
        self.0.damages.fetch_add(1, Ordering::Relaxed);
        tracing::error!(table, problem, "the database is damaged; stop the server and restore a backup");
    }

    pub(super) fn must_end(&self, reason: &Arc<str>) {
        if self.0.fatal.set(Arc::clone(reason)).is_ok() {
            tracing::error!(%reason, "the server ends");
        }
    }

    #[cfg(test)]
    pub(super) fn damages(&self) -> u64 {
        self.0.damages.load(Ordering::Relaxed)
    }
}
