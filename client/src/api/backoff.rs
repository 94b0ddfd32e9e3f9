//! Retry backoff: how long to wait before the next attempt.

/// The longest pause that the client chooses by itself.
const BACKOFF_MAX_MS: u64 = 30_000;
/// The longest pause that a server can ask for.
const PAUSE_MAX_MS: u64 = 5 * 60_000;

/// The pause after `failures` earlier failures in a row, in milliseconds. It doubles from 1 s to 30 s; half of it is
/// random. A server may ask for a longer pause of up to five minutes, but not for a shorter one.
pub(crate) fn pause_ms(failures: u32, random: u64, asked_ms: Option<u64>) -> u64 {
    let full = 1000_u64.saturating_mul(1 << failures.min(10)).min(BACKOFF_MAX_MS);
    let chosen = full / 2 + random % (full / 2 + 1);
    asked_ms.unwrap_or_default().min(PAUSE_MAX_MS).max(chosen)
}
