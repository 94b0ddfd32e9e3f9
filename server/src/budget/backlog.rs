//! What waits for one stream that is behind.

use std::sync::{
    Arc, Weak,
    atomic::{AtomicUsize, Ordering},
};

use quchat_shared::UserId;

use super::{Budget, Charge, Full, Key};

/// A stream that can be closed when the budget is full.
pub(crate) trait Stream: Send + Sync {
    /// Drops what waits and says goodbye; the second time, drops everything.
    fn evict(&self);
}

/// Reports, as long as it lives, that a stream is behind.
pub(crate) struct Backlog(Box<Inner>); // streams that keep up have room for a pointer only

struct Inner {
    budget: Budget,
    key: Key,
    bytes: Arc<AtomicUsize>,
    /// For the queue itself, which the stream shares with nobody.
    places: Charge,
}

/// Places in the queue of a stream that are charged at once.
const PLACES: usize = 512;

impl Backlog {
    pub(super) fn new(budget: Budget, key: Key, user: UserId, stream: Weak<dyn Stream>) -> Self {
        let (bytes, places) = (Arc::default(), Charge::shared(budget.clone(), 0));
        budget.lock().add_stream(key, user, Arc::clone(&bytes), stream);
        Self(Box::new(Inner { budget, key, bytes, places }))
    }

    /// So many bytes wait now, in so many chunks.
    ///
    /// # Errors
    /// The budget has no room for a queue that long. No stream is closed for it: the caller may hold what that takes.
    pub(crate) fn set(&mut self, bytes: usize, chunks: usize) -> Result<(), Full> {
        self.0.bytes.store(bytes, Ordering::Relaxed);
        let places = chunks / PLACES * PLACES * size_of::<usize>();
        if places > self.0.places.bytes() { self.0.places.try_grow(places) } else { Ok(()) }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.budget.lock().remove_stream(self.key);
    }
}
