//! Timestamps on the wire: UTC with milliseconds, in RFC 3339 (`2026-11-22T09:40:00.123Z`).

use std::{fmt, str::FromStr};

use jiff::fmt::{
    StdFmtWrite,
    temporal::{DateTimePrinter, Pieces},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Milliseconds since the Unix epoch, within the years -9999 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(jiff::Timestamp);

const PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(3));

impl Timestamp {
    /// The time `millis` after the epoch, clamped to the range of the type.
    #[must_use]
    pub fn from_millis(millis: i64) -> Self {
        let nearest = if millis < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
        Self(jiff::Timestamp::from_millisecond(millis).unwrap_or(nearest))
    }

    /// Milliseconds since the epoch, rounded towards it.
    #[must_use]
    pub fn as_millis(self) -> i64 {
        self.0.as_millisecond()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        PRINTER.print_timestamp(&self.0, StdFmtWrite(f)).map_err(|_| fmt::Error)
    }
}

impl FromStr for Timestamp {
    type Err = jiff::Error;

    fn from_str(text: &str) -> Result<Self, jiff::Error> {
        text.parse().map(Self).or_else(|error| match Pieces::parse(text) {
            // The type ends a day before the year does.
            Ok(found) if found.offset().is_some() && found.time().is_some() => match found.date().year() {
                9999 => Ok(Self(jiff::Timestamp::MAX)),
                -9999 => Ok(Self(jiff::Timestamp::MIN)),
                _ => Err(error),
            },
            _ => Err(error),
        })
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_has_three_digits_of_milliseconds_and_a_z() {
        assert_eq!(Timestamp::from_millis(0).to_string(), "1970-01-01T00:00:00.000Z");
        assert_eq!(Timestamp::from_millis(1_795_340_400_120).to_string(), "2026-11-22T09:40:00.120Z");
    }

    #[test]
    fn a_moment_survives_the_wire() {
        let sent = Timestamp::from_millis(1_795_340_400_123);
        let json = serde_json::to_string(&sent).unwrap();
        assert_eq!(serde_json::from_str::<Timestamp>(&json).unwrap(), sent);
    }

    #[test]
    fn beyond_the_calendar_is_its_end_not_a_panic() {
        assert!(Timestamp::from_millis(i64::MAX).to_string().starts_with("9999-"));
        assert!(Timestamp::from_millis(i64::MIN).to_string().starts_with("-009999-"));
        for last in ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999Z", "9999-12-30T23:00:00-01:00"] {
            assert_eq!(last.parse::<Timestamp>().unwrap(), Timestamp::from_millis(i64::MAX), "{last}");
        }
        for wrong in ["9999-12-32T00:00:00Z", "9999-12-31T23:59:59", "9999-12-31", "10000-01-01T00:00:00Z", "9999"] {
            assert!(wrong.parse::<Timestamp>().is_err(), "{wrong}");
        }
    }
}
