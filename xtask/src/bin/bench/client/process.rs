//! What the kernel counts for a process: how often its threads slept, their CPU time, and resident memory.

use std::{fs, time::Duration};

use super::Result;

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
        for thread in fs::read_dir(format!("/proc/{process}/task"))? {
            let read = |name| thread.as_ref().ok().and_then(|thread| fs::read_to_string(thread.path().join(name)).ok());
            // the thread may have ended since it was listed
            let Some((status, noted)) = read("status").zip(read("schedstat")) else { continue };
            usage.sleeps += field(&status, "voluntary_ctxt_switches:")?;
            let nanoseconds = noted.split(' ').next().and_then(|field| field.parse().ok());
            usage.cpu += Duration::from_nanos(nanoseconds.ok_or("cannot parse schedstat")?);
        }
        Ok(usage)
    }
}

/// Resident memory, in MiB.
pub(super) fn resident_mib(process: u32) -> Result<f64> {
    let kib = field(&fs::read_to_string(format!("/proc/{process}/status"))?, "VmRSS:")?;
    Ok(kib as f64 / 1024.0)
}

/// The number in the line that starts with `name`, in the line's unit.
fn field(status: &str, name: &str) -> Result<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name)).ok_or_else(|| format!("no {name}"))?;
    Ok(line.split_whitespace().next().unwrap_or_default().parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_can_read_its_own_counters() {
        let me = std::process::id();
        assert!(resident_mib(me).unwrap() > 0.1);
        assert!(Usage::of(me).unwrap().cpu > Duration::ZERO);
    }

    #[test]
    fn a_field_is_read_from_its_own_line() {
        let status = "nonvoluntary_ctxt_switches:\t7\nvoluntary_ctxt_switches:\t42\nVmRSS:\t  2048 kB\n";
        assert_eq!(field(status, "voluntary_ctxt_switches:").unwrap(), 42);
        assert_eq!(field(status, "VmRSS:").unwrap(), 2048);
        assert!(field(status, "VmSwap:").is_err());
    }
}
