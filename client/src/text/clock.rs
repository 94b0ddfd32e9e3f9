//! Formats times for people, in a given time zone.

use jiff::{Timestamp, civil::Date, tz::TimeZone};

/// The calendar day.
#[must_use]
pub fn day(millis: i64, zone: &TimeZone) -> Date {
    zoned(millis, zone).date()
}

/// The text of a day separator: always the date, never "today", so that it stays true.
#[must_use]
pub fn day_name(day: Date) -> String {
    day.strftime("%a %-d %B %Y").to_string()
}

/// The time of day: `09:12`.
#[must_use]
pub fn time(millis: i64, zone: &TimeZone) -> String {
    zoned(millis, zone).strftime("%H:%M").to_string()
}

/// Day and time: `2026-11-22 09:12`.
#[must_use]
pub fn minute(millis: i64, zone: &TimeZone) -> String {
    zoned(millis, zone).strftime("%Y-%m-%d %H:%M").to_string()
}

/// Day and time to the second: `2026-11-22 09:12:00`.
#[must_use]
pub fn second(millis: i64, zone: &TimeZone) -> String {
    zoned(millis, zone).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

fn zoned(millis: i64, zone: &TimeZone) -> jiff::civil::DateTime {
    zone.to_datetime(Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_of_the_zone() {
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let midnight = 1_795_298_400_000; // 2026-11-21T22:00:00Z
        let late = midnight - 1;
        assert_eq!(day_name(day(late, &zone)), "Sat 21 November 2026");
        assert_eq!(time(late, &zone), "23:59");
        assert_eq!(day_name(day(midnight, &zone)), "Sun 22 November 2026");
        assert_eq!(time(midnight, &zone), "00:00");
    }
}
