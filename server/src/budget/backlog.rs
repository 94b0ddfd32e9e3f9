//! The bytes queued for one stream that is behind.

use std::sync::{
    Arc, Weak,
    atomic::{AtomicUsize, Ordering},
};

use quchat_shared::UserId;

use super::{Budget, Charge, Full, Key};

/// A stream that can be closed when the budget is full.
pub(crate) trait Stream: Send + Sync {
    /// Drops what is charged of the queue and ends the stream with `bye`; drops everything if it has ended already.
    /// Does nothing if the backlog with this key is dropped by then: its bytes are free, or belong to another backlog.
    fn evict(&self, backlog: Key);
}

/// Registers a stream as behind until it is dropped.
pub(crate) struct Backlog(Box<Inner>); // boxed, so that a stream that keeps up pays only for a pointer

struct Inner {
    budget: Budget,
    key: Key,
    bytes: Arc<AtomicUsize>,
    /// Covers the queue itself, which is not shared with other streams.
    queue: Charge,
}

/// The queue of a stream is charged in steps of this many chunks.
const CHUNKS_PER_STEP: usize = 512;

impl Backlog {
    pub(super) fn new(budget: Budget, key: Key, user: UserId, stream: Weak<dyn Stream>) -> Self {
        let (bytes, queue) = (Arc::default(), Charge::shared(budget.clone(), 0));
        budget.lock().add_stream(key, user, Arc::clone(&bytes), stream);
        Self(Box::new(Inner { budget, key, bytes, queue }))
    }

    pub(crate) fn key(&self) -> Key {
        self.0.key
    }

    /// Reports how many bytes wait now, in how many chunks.
    ///
    /// # Errors
    /// The budget has no room for a queue that long. No stream is closed to make room, because the caller may hold the
    /// lock that closing takes.
    pub(crate) fn set(&mut self, bytes: usize, chunks: usize) -> Result<(), Full> {
        self.0.bytes.store(bytes, Ordering::Relaxed);
        let queue = chunks / CHUNKS_PER_STEP * CHUNKS_PER_STEP * size_of::<usize>();
        if queue > self.0.queue.bytes() { self.0.queue.try_grow(queue) } else { Ok(()) }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.budget.lock().remove_stream(self.key);
    }
}
