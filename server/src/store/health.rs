//! The state of the database: whether it can be written, whether damage was found, and why the server must stop.
//!
//! The threads of the store record it and log each change once. Reading it never waits.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use super::{Cause, Error};

/// Shared by all clones.
#[derive(Clone, Default)]
pub(crate) struct Health(Arc<State>);

#[derive(Default)]
struct State {
    cannot_write: AtomicBool,
    cannot_follow: AtomicBool,
    is_cut_off: AtomicBool,
    is_read_only: bool,
    damages: AtomicU64,
    fatal: OnceLock<Arc<str>>,
}

impl Health {
    /// Of a database that nobody can write.
    pub(super) fn read_only() -> Self {
        tracing::error!(
            "the data directory can only be read: reading works, changes are refused, and no backups are made; make it \
             writable, then start the server again"
        );
        let state = State { cannot_write: AtomicBool::new(true), is_read_only: true, ..State::default() };
        Self(Arc::new(state))
    }

    /// Whether nobody can write the database, and never could since the start.
    pub(crate) fn is_read_only(&self) -> bool {
        self.0.is_read_only
    }

    /// Whether the last write that reached the engine succeeded.
    pub(crate) fn is_writable(&self) -> bool {
        !self.0.cannot_write.load(Ordering::Relaxed)
    }

    /// Whether what other servers do can be read.
    pub(crate) fn is_following(&self) -> bool {
        !self.0.cannot_follow.load(Ordering::Relaxed)
    }

    /// Whether it could not be read for so long that there may be no streams.
    pub(crate) fn is_cut_off(&self) -> bool {
        self.0.is_cut_off.load(Ordering::Relaxed)
    }

    /// Records that what other servers do cannot be read.
    pub(crate) fn cannot_follow(&self, error: &Error) {
        if let Error::Fatal(reason) = error {
            self.must_end(reason);
        }
        if !self.0.cannot_follow.swap(true, Ordering::Relaxed) {
            tracing::error!(error = error as &dyn std::error::Error, "cannot follow the other servers; trying again");
        }
    }

    /// Records that it could not be read for too long.
    pub(crate) fn cut_off(&self) {
        self.0.is_cut_off.store(true, Ordering::Relaxed);
        tracing::error!(
            "PostgreSQL cannot be reached; streams have ended, and clients cannot open new ones until it can"
        );
    }

    /// Records that what other servers do was read.
    pub(crate) fn follows(&self) {
        if self.0.cannot_follow.swap(false, Ordering::Relaxed) | self.0.is_cut_off.swap(false, Ordering::Relaxed) {
            tracing::info!("PostgreSQL can be reached again");
        }
    }

    /// Why the server must stop, if it must.
    pub(crate) fn fatal(&self) -> Option<&str> {
        self.0.fatal.get().map(|reason| &**reason)
    }

    /// Records that a transaction failed that may succeed later.
    pub(super) fn write_failed(&self, cause: &Cause) {
        if !self.0.cannot_write.swap(true, Ordering::Relaxed) {
            tracing::error!(%cause, advice = cause.advice, "the database cannot be written; changes are refused until it can be written again");
        }
    }

    /// Records that a transaction with changes is durable.
    pub(super) fn write_succeeded(&self) {
        if !self.is_writable() {
            self.0.cannot_write.store(false, Ordering::Relaxed);
            tracing::info!("the database can be written again");
        }
    }

    /// Records damage in a table. Requests that need the table fail; all others continue.
    pub(super) fn damage_found(&self, table: &str, problem: &str) {
        self.0.damages.fetch_add(1, Ordering::Relaxed);
        tracing::error!(table, problem, "the database is damaged; stop the server and restore a backup");
    }

    pub(super) fn must_end(&self, reason: &Arc<str>) {
        if self.0.fatal.set(Arc::clone(reason)).is_ok() {
            tracing::error!(%reason, "the server stops after a fatal error");
        }
    }

    /// How many damages were found.
    pub(super) fn damages(&self) -> u64 {
        self.0.damages.load(Ordering::Relaxed)
    }
}
