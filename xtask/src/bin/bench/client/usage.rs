//! How much a process has run: its CPU time, and how often its threads slept.

use std::{fs, time::Duration};

use super::Result;
use crate::proc;

/// The counters of all threads of a process so far.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Usage {
    /// How often its threads went to sleep, which is how often they were woken.
    pub(super) sleeps: u64,
    pub(super) cpu: Duration,
}

impl Usage {
    pub(super) fn of(process: u32) -> Result<Self> {
        let mut usage = Self::default();
        for thread in proc::threads(process)? {
            // A thread may have ended since it was listed.
            let status = fs::read_to_string(thread.join("status")).ok();
            let Some((status, cpu)) = status.zip(proc::cpu_time(&thread)) else { continue };
            usage.sleeps += proc::field(&status, "voluntary_ctxt_switches:")?;
            usage.cpu += cpu;
        }
        Ok(usage)
    }
}
