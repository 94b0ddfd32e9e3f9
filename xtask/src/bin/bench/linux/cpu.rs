//! The clocks that count work instead of time: a process's CPU, by what the scheduler has noted.

use std::{fs, time::Duration};

use rustix::{
    param::clock_ticks_per_second,
    time::{ClockId, clock_gettime},
};

use super::Result;

/// CPU time of another process at one moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    /// To the nanosecond, of the threads that live.
    living: Duration,
    /// To the tick, of all threads there ever were.
    ever: Duration,
}

impl Reading {
    pub(super) fn of(process: u32) -> Result<Self> {
        let mut nanoseconds = 0;
        for thread in fs::read_dir(format!("/proc/{process}/task"))? {
            // A thread may end between the listing and the look.
            let Ok(noted) = fs::read_to_string(thread?.path().join("schedstat")) else { continue };
            nanoseconds += noted.split(' ').next().and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
        }
        let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
        let after_name = stat.rsplit_once(')').ok_or("a strange /proc/…/stat")?.1;
        let ticks: u64 = after_name.split_whitespace().skip(11).take(2).filter_map(|n| n.parse::<u64>().ok()).sum();
        let ever = Duration::from_nanos(ticks.saturating_mul(1_000_000_000) / clock_ticks_per_second().max(1));
        Ok(Self { living: Duration::from_nanos(nanoseconds), ever })
    }

    /// What was spent since an earlier reading. Ticks decide only if threads have ended and taken their count along.
    pub(super) fn since(self, earlier: Self) -> Duration {
        let (living, ever) = (self.living.saturating_sub(earlier.living), self.ever.saturating_sub(earlier.ever));
        let blur = Duration::from_secs(2) / u32::try_from(clock_ticks_per_second().max(1)).unwrap_or(100);
        if ever > living + blur { ever } else { living }
    }
}

/// CPU time of the bench itself so far.
pub(super) fn own() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let part = |n: i64| u64::try_from(n).unwrap_or(0);
    Duration::from_secs(part(time.tv_sec)) + Duration::from_nanos(part(time.tv_nsec))
}

/// Microseconds of a time that `units` shared.
pub(super) fn micros_each(time: Duration, units: u64) -> f64 {
    time.as_secs_f64() * 1e6 / units.max(1) as f64
}
