//! Tracks what a connection is waiting for. Its socket, its requests and its timeouts share the tracker.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

/// What the connection is waiting for. Each phase has its own timeout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// A request. No byte has arrived since the last response.
    Idle,
    /// The rest of a request head.
    Head,
    /// The rest of a request body. Its reader sets the deadline.
    Body,
    /// The server, which handles a request or sends the response.
    Busy,
}

/// The phase of one connection. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct PhaseTracker(Arc<State>);

#[derive(Debug, Default)]
struct State {
    restarts: AtomicU64,
    head_has_begun: AtomicBool,
    is_reading_body: AtomicBool,
    is_busy: AtomicBool,
    has_unread_body: AtomicBool,
}

impl PhaseTracker {
    pub(super) fn get(&self) -> Phase {
        if self.0.is_reading_body.load(Ordering::Relaxed) {
            Phase::Body
        } else if self.0.is_busy.load(Ordering::Relaxed) {
            Phase::Busy
        } else if self.0.head_has_begun.load(Ordering::Relaxed) {
            Phase::Head
        } else {
            Phase::Idle
        }
    }

    /// Grows with each request and with the end of each body. A change restarts the timeouts.
    pub(super) fn restarts(&self) -> u64 {
        self.0.restarts.load(Ordering::Relaxed)
    }

    /// Records that bytes have arrived. They belong to the current request or, if there is none, begin the next one.
    pub(super) fn received(&self) {
        if !self.0.is_busy.load(Ordering::Relaxed) && !self.0.is_reading_body.load(Ordering::Relaxed) {
            self.0.head_has_begun.store(true, Ordering::Relaxed);
        }
    }

    /// Records that the last response is sent before its request has been read completely.
    pub(super) fn leave_body_unread(&self) {
        self.0.has_unread_body.store(true, Ordering::Relaxed);
    }

    /// Whether bytes of the last request may still arrive.
    pub(super) fn has_unread_body(&self) -> bool {
        self.0.has_unread_body.load(Ordering::Relaxed)
    }

    /// Enters [`Phase::Body`] until the guard is dropped.
    pub(super) fn read_body(&self) -> ReadingBody {
        self.0.is_reading_body.store(true, Ordering::Relaxed);
        ReadingBody(self.clone())
    }

    /// Enters [`Phase::Busy`] until the guard is dropped.
    pub(super) fn begin_request(&self) -> Busy {
        self.0.restarts.fetch_add(1, Ordering::Relaxed);
        self.0.head_has_begun.store(false, Ordering::Relaxed);
        self.0.is_busy.store(true, Ordering::Relaxed);
        Busy(self.clone())
    }
}

/// Keeps the connection in [`Phase::Body`] until dropped.
pub(super) struct ReadingBody(PhaseTracker);

impl Drop for ReadingBody {
    fn drop(&mut self) {
        let Self(PhaseTracker(state)) = self;
        state.restarts.fetch_add(1, Ordering::Relaxed);
        state.is_reading_body.store(false, Ordering::Relaxed);
    }
}

/// Keeps the connection in [`Phase::Busy`] until dropped, except while a body is read.
pub(super) struct Busy(PhaseTracker);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.0.is_busy.store(false, Ordering::Relaxed);
    }
}
