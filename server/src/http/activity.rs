//! What a connection is doing, shared between its socket, its service and whoever is patient with it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Activity {
    /// For a request: nothing has been asked since the last answer.
    Idle,
    /// For the rest of a request head.
    Head,
    /// For us: a request is worked on or answered.
    Busy,
}

/// The activity of one connection.
#[derive(Debug, Clone, Default)]
pub(super) struct Shared(Arc<State>);

#[derive(Debug, Default)]
struct State {
    requests: AtomicU64,
    head_has_begun: AtomicBool,
    is_busy: AtomicBool,
}

impl Shared {
    pub(super) fn get(&self) -> Activity {
        if self.0.is_busy.load(Ordering::Relaxed) {
            Activity::Busy
        } else if self.0.head_has_begun.load(Ordering::Relaxed) {
            Activity::Head
        } else {
            Activity::Idle
        }
    }

    /// How many requests there have been: with each, waiting begins anew.
    pub(super) fn requests(&self) -> u64 {
        self.0.requests.load(Ordering::Relaxed)
    }

    /// Bytes have arrived. While a request is worked on they are its own.
    pub(super) fn received(&self) {
        if !self.0.is_busy.load(Ordering::Relaxed) {
            self.0.head_has_begun.store(true, Ordering::Relaxed);
        }
    }
}

/// Says, as long as it lives, that a connection is at work on a request.
pub(super) struct Busy(Shared);

impl Busy {
    pub(super) fn new(activity: &Shared) -> Self {
        activity.0.requests.fetch_add(1, Ordering::Relaxed);
        activity.0.head_has_begun.store(false, Ordering::Relaxed);
        activity.0.is_busy.store(true, Ordering::Relaxed);
        Self(activity.clone())
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.0.is_busy.store(false, Ordering::Relaxed);
    }
}
