//! The clocks, passed as a value so that tests can move them: a wall clock for timestamps and a monotonic clock for
//! durations.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use quchat_shared::Timestamp;

/// The system's clocks plus two offsets, which all clones share.
#[derive(Clone)]
pub struct Clock {
    begun: Instant,
    /// Offset of both clocks.
    advanced_millis: Arc<AtomicI64>,
    /// Further offset of the wall clock.
    set_millis: Arc<AtomicI64>,
}

impl Clock {
    /// The system's clocks, without offsets.
    #[must_use]
    pub fn system() -> Self {
        Self { begun: Instant::now(), advanced_millis: Arc::default(), set_millis: Arc::default() }
    }

    /// Moves both clocks forward, in all clones.
    pub fn advance(&self, by: Duration) {
        let millis = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.advanced_millis.fetch_add(millis, Ordering::Relaxed);
    }

    /// Moves only the wall clock, forward or back, in all clones.
    pub fn set_by(&self, millis: i64) {
        self.set_millis.fetch_add(millis, Ordering::Relaxed);
    }

    /// Time since this clock was created. Changes of the wall clock do not affect it.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        let advanced = u64::try_from(self.advanced_millis.load(Ordering::Relaxed)).unwrap_or(0);
        self.begun.elapsed().saturating_add(Duration::from_millis(advanced))
    }

    /// Wall-clock time, in milliseconds.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.moved(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
    }

    /// The time of another clock, in milliseconds since the epoch, with the offsets of this one.
    pub(crate) fn moved(&self, millis: i64) -> Timestamp {
        let moved = [&self.advanced_millis, &self.set_millis].map(|moved| moved.load(Ordering::Relaxed));
        Timestamp::from_millis(moved.into_iter().fold(millis, i64::saturating_add))
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}
