//! Raises the limit on open files (`ulimit -n`) to what the connections need, as far as the system allows.

/// Descriptors that are not connections: the database, the log, the runtime, connections beyond the bound. If the limit is
/// very low, these get half of it.
#[cfg(unix)]
const OTHERS: usize = 128;

/// Raises the soft limit for `connections`. Returns how many of them the limit then allows.
#[cfg(unix)]
pub(crate) fn raise_for(connections: usize) -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    /// The most that macOS grants, whatever its hard limit says.
    const OPEN_MAX: u64 = 10_240;
    let limit = getrlimit(Resource::Nofile);
    let number = |n: Option<u64>| n.unwrap_or(u64::MAX);
    let wanted = u64::try_from(connections.saturating_add(OTHERS)).unwrap_or(u64::MAX);
    let raise = |to: u64| {
        let to = to.min(number(limit.maximum)).max(number(limit.current));
        setrlimit(Resource::Nofile, Rlimit { current: Some(to), maximum: limit.maximum }).is_ok().then_some(to)
    };
    let allowed = raise(wanted).or_else(|| raise(wanted.min(OPEN_MAX))).unwrap_or(number(limit.current));
    let descriptors = usize::try_from(allowed).unwrap_or(usize::MAX);
    let fitting = connections.min(descriptors - OTHERS.min(descriptors / 2)).max(1);
    if fitting < connections {
        tracing::info!("the limit of {allowed} open files allows {fitting} connections");
    }
    fitting
}

/// On other systems sockets do not count as open files.
#[cfg(not(unix))]
pub(crate) fn raise_for(connections: usize) -> usize {
    connections
}
