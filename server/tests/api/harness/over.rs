//! Ends what other threads do in the background, when the test does not need it any more or fails.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

/// Whether threads in the background shall end. A scope waits for them, so a failure that did not end them would make the
/// test hang.
#[derive(Default)]
pub(crate) struct Over {
    is_set: AtomicBool,
    has_failed: AtomicBool,
}

impl Over {
    pub(crate) fn is_set(&self) -> bool {
        self.is_set.load(Ordering::Acquire)
    }

    /// Whether it was set by a failure.
    pub(crate) fn has_failed(&self) -> bool {
        self.has_failed.load(Ordering::Acquire)
    }

    /// Sets it once the guard is dropped: by a panic, too.
    #[must_use]
    pub(crate) fn set_on_drop(&self) -> SetOnDrop<'_> {
        SetOnDrop(self)
    }
}

pub(crate) struct SetOnDrop<'a>(&'a Over);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.is_set.store(true, Ordering::Release);
        self.0.has_failed.store(thread::panicking(), Ordering::Release);
    }
}
