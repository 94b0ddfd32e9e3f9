//! The priority of threads for work that may take longer when a message may not.

/// Gives this thread the lowest priority.
#[cfg(target_os = "linux")]
pub(crate) fn lower_priority() {
    let _ = rustix::process::nice(19); // per thread on Linux; if refused, all threads stay equal
}

/// Does nothing: on other systems, niceness applies to the whole process.
#[cfg(not(target_os = "linux"))]
pub(crate) fn lower_priority() {}
