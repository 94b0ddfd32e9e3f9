//! The CPU time of a process, as the scheduler counts it.

use std::{collections::HashMap, fs, path::PathBuf, time::Duration};

use rustix::{
    param::clock_ticks_per_second,
    time::{ClockId, clock_gettime},
};

use crate::{Result, proc};

/// The CPU time that other processes have used so far.
#[derive(Debug)]
pub(super) struct Reading {
    /// The time of each thread that still runs, exact to the nanosecond.
    living: HashMap<PathBuf, Duration>,
    /// The time of all threads that ever ran, exact to [`Self::blur`].
    ever: Duration,
    /// Two clock ticks (usually 20 ms) for each process.
    blur: Duration,
}

impl Reading {
    pub(super) fn of(processes: &[u32]) -> Result<Self> {
        let tick = Duration::from_secs(1) / u32::try_from(clock_ticks_per_second().max(1)).unwrap_or(100);
        let mut this = Self { living: HashMap::new(), ever: Duration::ZERO, blur: Duration::ZERO };
        for process in processes {
            for thread in proc::threads(*process)? {
                if let Some(time) = proc::cpu_time(&thread) {
                    this.living.insert(thread, time);
                }
            }
            let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
            let after_name = stat.rsplit_once(')').ok_or_else(|| format!("cannot parse /proc/{process}/stat"))?.1;
            let ticks = after_name.split_whitespace().skip(11).take(2).filter_map(|n| n.parse::<u32>().ok());
            this.ever += tick * ticks.fold(0, u32::saturating_add);
            this.blur += tick * 2;
        }
        Ok(this)
    }

    /// The CPU time since an earlier reading. Ticks are used only if they show that threads have ended since then.
    pub(super) fn since(&self, earlier: &Self) -> Duration {
        let before = |thread| earlier.living.get(thread).copied().unwrap_or_default();
        let living = self.living.iter().map(|(thread, now)| now.saturating_sub(before(thread))).sum::<Duration>();
        let ever = self.ever.saturating_sub(earlier.ever);
        if ever > living + self.blur { ever } else { living }
    }
}

/// The CPU time that the bench itself has used so far.
pub(super) fn own() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let part = |n: i64| u64::try_from(n).unwrap_or(0);
    Duration::from_secs(part(time.tv_sec)) + Duration::from_nanos(part(time.tv_nsec))
}

/// Microseconds per unit.
pub(super) fn micros_each(time: Duration, units: u64) -> f64 {
    time.as_secs_f64() * 1e6 / units.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_ends_does_not_hide_the_time_of_the_others() {
        let reading = |threads: &[(&str, u64)]| Reading {
            living: threads.iter().map(|&(thread, ms)| (thread.into(), Duration::from_millis(ms))).collect(),
            ever: Duration::ZERO,
            blur: Duration::ZERO,
        };
        let (before, after) = (reading(&[("1", 10), ("2", 90)]), reading(&[("1", 15), ("3", 2)]));
        assert_eq!(after.since(&before), Duration::from_millis(7));
    }
}
