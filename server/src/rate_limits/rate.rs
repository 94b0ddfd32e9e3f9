//! A rate, as in `--limit NAME=RATE`: how many of something in how much time, and how many at once.

use std::{fmt, str::FromStr, time::Duration};

/// Most units of one rate, and most of them at once.
const COUNT_MAX: u32 = 1_000_000;

/// So many in a period. After a pause, up to `at_once` of them may come without any time between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    pub(super) count: u32,
    pub(super) period: Duration,
    pub(super) at_once: u32,
}

impl Rate {
    /// `count` in `period`, and up to `at_once` without any time between them. None of the three may be 0.
    #[must_use]
    pub const fn new(count: u32, period: Duration, at_once: u32) -> Self {
        assert!(count > 0 && at_once > 0 && !period.is_zero(), "a rate of nothing");
        Self { count, period, at_once }
    }
}

/// The text is not a rate. Says how one is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParseRateError;

impl fmt::Display for ParseRateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a rate is a number and a period, such as 20/s, 60/m or 30/h; 20/s:100 allows 100 at once")
    }
}

impl std::error::Error for ParseRateError {}

impl FromStr for Rate {
    type Err = ParseRateError;

    /// Without `:AT_ONCE`, five times as many as in a second come at once, or as many as in the minute or the hour.
    fn from_str(text: &str) -> Result<Self, ParseRateError> {
        let count = |text: &str| text.parse().ok().filter(|n| (1..=COUNT_MAX).contains(n)).ok_or(ParseRateError);
        let (rate, at_once) = match text.split_once(':') {
            Some((rate, at_once)) => (rate, Some(count(at_once)?)),
            None => (text, None),
        };
        let (number, unit) = rate.split_once('/').ok_or(ParseRateError)?;
        let number = count(number)?;
        let (seconds, usual) = match unit {
            "s" | "second" => (1, number.saturating_mul(5)),
            "m" | "min" | "minute" => (60, number),
            "h" | "hour" => (60 * 60, number),
            _ => return Err(ParseRateError),
        };
        Ok(Self { count: number, period: Duration::from_secs(seconds), at_once: at_once.unwrap_or(usual) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_has_a_number_and_a_period() {
        let rate = |count, seconds, at_once| Ok(Rate::new(count, Duration::from_secs(seconds), at_once));
        assert_eq!("20/s".parse(), rate(20, 1, 100));
        assert_eq!("30/h".parse(), rate(30, 3600, 30));
        assert_eq!("60/minute".parse(), rate(60, 60, 60));
        assert_eq!("5/s:7".parse(), rate(5, 1, 7));
        for text in ["", "20", "/s", "0/s", "-1/s", "1.5/s", "20/d", "20 / s", "20/s:", "20/s:0", "9999999/s", "off"] {
            assert_eq!(text.parse::<Rate>(), Err(ParseRateError), "{text:?}");
        }
    }
}
