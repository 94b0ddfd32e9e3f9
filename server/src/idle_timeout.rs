//! A timeout that runs while nothing happens.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Sleep, sleep};

/// Completes when nothing has happened for the time limit. Its timer exists only during a wait.
pub(crate) struct IdleTimeout {
    limit: Duration,
    timer: Option<Pin<Box<Sleep>>>,
}

impl IdleTimeout {
    pub(crate) fn new(limit: Duration) -> Self {
        Self { limit, timer: None }
    }

    /// Records that something has happened. The next wait starts from the beginning.
    pub(crate) fn reset(&mut self) {
        self.timer = None;
    }

    /// Waits; the first call after a reset starts the timer.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.timer.get_or_insert_with(|| Box::pin(sleep(self.limit))).as_mut().poll(cx)
    }
}
