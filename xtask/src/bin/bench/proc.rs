//! Reads the counters of a process from `/proc`.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use super::Result;

/// The directories of the threads of a process.
pub(super) fn threads(process: u32) -> Result<Vec<PathBuf>> {
    let mut threads = Vec::new();
    for thread in fs::read_dir(format!("/proc/{process}/task"))? {
        threads.push(thread?.path());
    }
    Ok(threads)
}

/// The CPU time of a thread; `None` if it has ended since it was listed.
pub(super) fn cpu_time(thread: &Path) -> Option<Duration> {
    let counted = fs::read_to_string(thread.join("schedstat")).ok()?;
    let nanoseconds = counted.split(' ').next()?.parse().ok()?;
    Some(Duration::from_nanos(nanoseconds))
}

/// Resident memory, in KiB.
pub(super) fn resident_kib(process: u32) -> Result<f64> {
    Ok(field(&fs::read_to_string(format!("/proc/{process}/status"))?, "VmRSS:")? as f64)
}

/// The number of open files and sockets.
pub(super) fn descriptors(process: u32) -> Result<usize> {
    Ok(fs::read_dir(format!("/proc/{process}/fd"))?.count())
}

/// The path of a file of this name that the process has open.
pub(super) fn open_file(process: u32, name: &str) -> Result<PathBuf> {
    for descriptor in fs::read_dir(format!("/proc/{process}/fd"))? {
        if let Ok(file) = fs::read_link(descriptor?.path())
            && file.ends_with(name)
        {
            return Ok(file);
        }
    }
    Err(format!("the measured program has no file {name} open").into())
}

/// The number in the line of a `status` file that starts with `name`, in the line's unit.
pub(super) fn field(status: &str, name: &str) -> Result<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name)).ok_or_else(|| format!("no {name} in /proc"))?;
    Ok(line.split_whitespace().next().unwrap_or_default().parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_can_read_its_own_counters() {
        let me = std::process::id();
        assert!(resident_kib(me).unwrap() > 100.0);
        let times: Vec<Duration> = threads(me).unwrap().iter().filter_map(|thread| cpu_time(thread)).collect();
        assert!(times.iter().sum::<Duration>() > Duration::ZERO);
    }

    #[test]
    fn a_field_is_read_from_its_own_line() {
        let status = "nonvoluntary_ctxt_switches:\t7\nvoluntary_ctxt_switches:\t42\nVmRSS:\t  2048 kB\n";
        assert_eq!(field(status, "voluntary_ctxt_switches:").unwrap(), 42);
        assert_eq!(field(status, "VmRSS:").unwrap(), 2048);
        assert!(field(status, "VmSwap:").is_err());
    }
}
