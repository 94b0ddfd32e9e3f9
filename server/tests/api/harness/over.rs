//! Ends what other threads do in the background, when the test does not need it any more or fails.

use std::sync::atomic::{AtomicBool, Ordering};

/// Whether threads in the background shall end. A scope waits for them, so a failure that did not end them would make the
/// test hang.
#[derive(Default)]
pub(crate) struct Over(AtomicBool);

impl Over {
    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
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
        self.0.0.store(true, Ordering::Release);
    }
}
