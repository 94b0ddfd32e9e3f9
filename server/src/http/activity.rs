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
    /// For the rest of a body. Whoever reads it sets the deadline.
    Body,
    /// For us: a request is worked on or answered.
    Busy,
}

/// The activity of one connection.
#[derive(Debug, Clone, Default)]
pub(super) struct Shared(Arc<State>);

#[derive(Debug, Default)]
struct State {
    turns: AtomicU64,
    head_has_begun: AtomicBool,
    body_arrives: AtomicBool,
    is_busy: AtomicBool,
    rest_is_left: AtomicBool,
}

impl Shared {
    pub(super) fn get(&self) -> Activity {
        if self.0.body_arrives.load(Ordering::Relaxed) {
            Activity::Body
        } else if self.0.is_busy.load(Ordering::Relaxed) {
            Activity::Busy
        } else if self.0.head_has_begun.load(Ordering::Relaxed) {
            Activity::Head
        } else {
            Activity::Idle
        }
    }

    /// Grows with each request and with the end of each body: waiting begins anew.
    pub(super) fn turns(&self) -> u64 {
        self.0.turns.load(Ordering::Relaxed)
    }

    /// Bytes have arrived. While a request is worked on, or its body read, they are its own.
    pub(super) fn received(&self) {
        if !self.0.is_busy.load(Ordering::Relaxed) && !self.0.body_arrives.load(Ordering::Relaxed) {
            self.0.head_has_begun.store(true, Ordering::Relaxed);
        }
    }

    /// The last answer goes out before the request is read to its end.
    pub(super) fn leave_rest(&self) {
        self.0.rest_is_left.store(true, Ordering::Relaxed);
    }

    /// Whether something may still arrive that belongs to the last request.
    pub(super) fn rest_is_left(&self) -> bool {
        self.0.rest_is_left.load(Ordering::Relaxed)
    }

    /// A body is read from here on.
    pub(super) fn body_arrives(&self) -> BodyArrives {
        self.0.body_arrives.store(true, Ordering::Relaxed);
        BodyArrives(self.clone())
    }
}

/// Says, as long as it lives, that a body is being read.
pub(super) struct BodyArrives(Shared);

impl Drop for BodyArrives {
    fn drop(&mut self) {
        let Self(Shared(state)) = self;
        state.turns.fetch_add(1, Ordering::Relaxed);
        state.body_arrives.store(false, Ordering::Relaxed);
    }
}

/// Says, as long as it lives, that a connection is at work on a request.
pub(super) struct Busy(Shared);

impl Busy {
    pub(super) fn new(activity: &Shared) -> Self {
        activity.0.turns.fetch_add(1, Ordering::Relaxed);
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
