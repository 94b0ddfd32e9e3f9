//! What the operating system says about the process. Linux only; elsewhere there is nothing to show.

use super::Page;

/// Writes the metrics of the process.
#[cfg(target_os = "linux")]
pub(crate) fn write_process(page: &mut Page) {
    use std::fs;
    /// Linux shows CPU time to programs in hundredths of a second.
    const TICKS: f64 = 100.0;
    if let Ok(status) = fs::read_to_string("/proc/self/status")
        && let Some(line) = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))
        && let Ok(kib) = line.trim().trim_end_matches(" kB").parse::<u64>()
    {
        page.single("process_resident_memory_bytes", kib * 1024);
    }
    if let Ok(files) = fs::read_dir("/proc/self/fd") {
        page.single("process_open_fds", files.count());
    }
    // The name of the program may contain spaces; it ends with the last bracket. User and system time are the 12th and
    // 13th number after it.
    let times = |stat: &str| {
        let mut numbers = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
        Some(numbers.next()?.parse::<f64>().ok()? + numbers.next()?.parse::<f64>().ok()?)
    };
    if let Some(ticks) = fs::read_to_string("/proc/self/stat").ok().as_deref().and_then(times) {
        page.single("process_cpu_seconds_total", ticks / TICKS);
    }
}

/// Writes nothing.
#[cfg(not(target_os = "linux"))]
pub(crate) fn write_process(_: &mut Page) {}
