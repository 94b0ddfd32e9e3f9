//! The clock for the model, which must not read one itself.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use quchat_shared::Timestamp;

use crate::model::Now;

/// A source of [`Now`].
pub struct Clock(Box<dyn Fn() -> Now>);

impl Clock {
    /// The system clocks.
    #[must_use]
    pub fn system() -> Self {
        let begun = Instant::now();
        let mono_ms = move || u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        Self::new(move || Now { mono_ms: mono_ms(), wall_ms: timestamp().as_millis() })
    }

    /// A custom clock. Its time must not go backwards.
    #[must_use]
    pub fn new(now: impl Fn() -> Now + 'static) -> Self {
        Self(Box::new(now))
    }

    /// The current time.
    #[must_use]
    pub fn now(&self) -> Now {
        (self.0)()
    }
}

/// The current time for log lines.
pub(super) fn timestamp() -> Timestamp {
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(wall.as_millis()).unwrap_or(i64::MAX))
}
