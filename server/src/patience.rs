//! How long something is waited for.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Sleep, sleep};

/// A timer that exists only while something is waited for.
pub(crate) struct Patience {
    limit: Duration,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Patience {
    pub(crate) fn new(limit: Duration) -> Self {
        Self { limit, timer: None }
    }

    pub(crate) fn end(&mut self) {
        self.timer = None;
    }

    /// Waits, from the first call since the end of the last wait; done once it has lasted too long.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.timer.get_or_insert_with(|| Box::pin(sleep(self.limit))).as_mut().poll(cx)
    }
}
