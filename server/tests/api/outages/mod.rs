//! What happens when PostgreSQL, a server or the network between them goes away: acknowledged messages are there exactly
//! once, streams have no hole, nobody waits for ever, and everything recovers by itself.

mod away;
mod commits;
mod killed;
mod older;
mod storm;
mod traffic;

use std::time::Duration;

/// The least, the median and the most of some times, in milliseconds, for who wants to know.
fn figures(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let of = |at: usize| times.get(at).map_or(0, Duration::as_millis);
    format!("{}/{}/{} ms in {}", of(0), of(times.len() / 2), of(times.len().saturating_sub(1)), times.len())
}
