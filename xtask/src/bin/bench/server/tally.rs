//! Counts deliveries, to show that none was lost or repeated.

use std::{fmt, ops::AddAssign};

/// Expected and actual deliveries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) expected: u64,
    /// Deliveries that arrived once and in order.
    pub(super) delivered: u64,
    /// Deliveries that arrived again or out of order.
    pub(super) repeated: u64,
    /// Requests that failed.
    pub(super) refused: u64,
    /// Streams that the server closed.
    pub(super) ended: u64,
}

impl Tally {
    pub(super) fn is_complete(self) -> bool {
        self.delivered == self.expected && self.repeated == 0 && self.refused == 0 && self.ended == 0
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.expected += other.expected;
        self.delivered += other.delivered;
        self.repeated += other.repeated;
        self.refused += other.refused;
        self.ended += other.ended;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { expected, delivered, repeated, refused, ended } = *self;
        if self.is_complete() {
            return write!(f, "all {delivered}");
        }
        write!(f, "{delivered} of {expected}, {repeated} repeated, {refused} refused, {ended} ended")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_missing_or_one_too_many_is_reported() {
        let sound = Tally { expected: 2, delivered: 2, ..Tally::default() };
        assert!(sound.is_complete());
        assert!(!Tally { delivered: 1, ..sound }.is_complete());
        let twice = Tally { repeated: 1, ..sound };
        assert_eq!(
            (twice.is_complete(), twice.to_string().as_str()),
            (false, "2 of 2, 1 repeated, 0 refused, 0 ended")
        );
    }
}
