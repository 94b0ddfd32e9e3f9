//! Counts transactions: how long they take and how many writes each holds.

use std::time::Duration;

use crate::metrics::{Histogram, Scale};

/// The committed transactions that wrote something.
#[derive(Debug)]
pub(crate) struct Commits {
    pub(crate) time: Histogram,
    pub(crate) writes: Histogram,
}

impl Default for Commits {
    fn default() -> Self {
        Self { time: Histogram::new(Scale::TIME), writes: Histogram::new(Scale::WRITES) }
    }
}

impl Commits {
    pub(super) fn count(&self, writes: usize, time: Duration) {
        self.time.observe_time(time);
        self.writes.observe(writes as u64);
    }
}
