//! File descriptors: as many as the machine allows, and a bound on connections that fits them.

/// Descriptors that are not connections: the database, the log, the runtime.
const OTHERS: usize = 64;

/// Raises the soft limit to the hard one and fits `connections` to it.
#[cfg(unix)]
pub(crate) fn fit(connections: usize) -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let limit = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    let allowed = if raised.is_ok() { limit.maximum } else { limit.current };
    let allowed = allowed.map_or(usize::MAX, |n| usize::try_from(n).unwrap_or(usize::MAX));
    let fitting = connections.min(allowed.saturating_sub(OTHERS)).max(1);
    if fitting < connections {
        tracing::warn!("the limit of {allowed} open files allows {fitting} connections");
    }
    fitting
}

/// Elsewhere sockets are not counted among files.
#[cfg(not(unix))]
pub(crate) fn fit(connections: usize) -> usize {
    connections.max(OTHERS)
}
