//! File descriptors: as many as the connections need, and a bound on connections that fits what there is.

/// Descriptors that are not connections: the database, the log, the runtime, connections being turned away. Where
/// there are few at all, half of them have to do.
#[cfg(unix)]
const OTHERS: usize = 128;

/// Raises the soft limit as far as `connections` need and the hard one allows, and fits `connections` to it.
#[cfg(unix)]
pub(crate) fn fit(connections: usize) -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    /// What macOS grants at most, whatever its hard limit says.
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

/// Elsewhere sockets are not counted among files.
#[cfg(not(unix))]
pub(crate) fn fit(connections: usize) -> usize {
    connections
}
