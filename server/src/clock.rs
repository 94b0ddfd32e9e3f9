//! The clocks as a value, so that a test can move them: the wall clock, for what has a date, and one that nobody sets,
//! for how long something lasts.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use quchat_shared::Timestamp;

/// Tells the time: the system's, or the system's moved by offsets that all clones share.
#[derive(Clone)]
pub struct Clock {
    begun: Instant,
    /// How far both clocks were moved.
    advanced_millis: Arc<AtomicI64>,
    /// How far the wall clock alone was.
    set_millis: Arc<AtomicI64>,
}

impl Clock {
    /// The system's clocks.
    #[must_use]
    pub fn system() -> Self {
        Self { begun: Instant::now(), advanced_millis: Arc::default(), set_millis: Arc::default() }
    }

    /// Moves this clock and all its clones forward.
    pub fn advance(&self, by: Duration) {
        let millis = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.advanced_millis.fetch_add(millis, Ordering::Relaxed);
    }

    /// Sets the wall clock alone, and that of all clones, forward or back from where it is.
    pub fn set_by(&self, millis: i64) {
        self.set_millis.fetch_add(millis, Ordering::Relaxed);
    }

    /// How long this clock has run. It goes forward at an even pace, whatever happens to the wall clock.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        let advanced = u64::try_from(self.advanced_millis.load(Ordering::Relaxed)).unwrap_or(0);
        self.begun.elapsed().saturating_add(Duration::from_millis(advanced))
    }

    /// Now by the wall clock, to the millisecond.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let millis = i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX);
        let moved = [&self.advanced_millis, &self.set_millis].map(|moved| moved.load(Ordering::Relaxed));
        Timestamp::from_millis(moved.into_iter().fold(millis, i64::saturating_add))
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}
