//! Spans of time on the command line.

use std::time::Duration;

/// Parses a time: a whole number with its unit.
pub(crate) fn parse_time(text: &str) -> Result<Duration, &'static str> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let seconds = match unit.trim_start() {
        "s" => 1,
        "m" | "min" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return Err("write a whole number with s, m, h or d, such as 24h"),
    };
    let number: u64 = number.parse().map_err(|_| "a time starts with a whole number, such as 24h")?;
    let seconds = number.checked_mul(seconds).filter(|seconds| (1..=366 * 24 * 60 * 60).contains(seconds));
    seconds.map(Duration::from_secs).ok_or("a time must be at least one second and at most 366 days")
}
