//! Whether a figure differs between two builds, and in which direction.

use super::figures::Name;
use crate::{runs::Runs, table::figure};

/// Medians that differ by less than this share count as the same.
const TOLERATED: f64 = 0.05;
/// The share of the pairs of runs that must show a difference. If fewer do, it may be noise.
const AGREEING: f64 = 0.8;

/// The headings of [`Verdict::cells`].
pub(super) const HEAD: [&str; 7] = ["scenario", "size", "figure", "other", "this", "difference", "verdict"];

#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    /// The medians differ by less than [`TOLERATED`].
    Same,
    Better,
    Worse,
    /// The medians differ, but fewer than [`AGREEING`] of the pairs show it.
    Unclear,
}

/// The comparison of one figure.
#[derive(Debug)]
pub(super) struct Verdict {
    /// Median of the other build.
    other: f64,
    /// Median of this build.
    this: f64,
    outcome: Outcome,
}

impl Verdict {
    /// Compares the figures in `pairs`: the other build's, then this build's. There is at least one pair.
    pub(super) fn of(name: &Name, pairs: &[(f64, f64)]) -> Self {
        let median = |runs: Runs| runs.median().expect("there is at least one run");
        let other = median(pairs.iter().map(|pair| pair.0).collect());
        let this = median(pairs.iter().map(|pair| pair.1).collect());
        let more = pairs.iter().filter(|(other, this)| this > other).count() as f64;
        let less = pairs.iter().filter(|(other, this)| this < other).count() as f64;
        let agree = AGREEING * pairs.len() as f64;
        let is_rate = name[2].ends_with("/s");
        let outcome = if (this - other).abs() < TOLERATED * other || this == other {
            Outcome::Same
        } else if this > other && more >= agree {
            if is_rate { Outcome::Better } else { Outcome::Worse }
        } else if this < other && less >= agree {
            if is_rate { Outcome::Worse } else { Outcome::Better }
        } else {
            Outcome::Unclear
        };
        Self { other, this, outcome }
    }

    pub(super) fn is_worse(&self) -> bool {
        self.outcome == Outcome::Worse
    }

    pub(super) fn cells(&self, [scenario, size, what]: &Name) -> [String; 7] {
        let difference = match self.other {
            0.0 => "-".to_owned(),
            other => format!("{:+.1} %", 100.0 * (self.this / other - 1.0)),
        };
        let word = match self.outcome {
            Outcome::Same => "same",
            Outcome::Better => "better",
            Outcome::Worse => "worse",
            Outcome::Unclear => "unclear",
        };
        [
            scenario.clone(),
            size.clone(),
            what.clone(),
            figure(self.other),
            figure(self.this),
            difference,
            word.to_owned(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(figure: &str, pairs: &[(f64, f64)]) -> Outcome {
        Verdict::of(&[String::new(), String::new(), figure.to_owned()], pairs).outcome
    }

    #[test]
    fn less_than_five_percent_is_no_difference() {
        assert_eq!(outcome("ms", &[(100.0, 104.9); 7]), Outcome::Same);
        assert_eq!(outcome("ms", &[(100.0, 95.1); 7]), Outcome::Same);
        assert_eq!(outcome("wake-ups", &[(0.0, 0.0); 7]), Outcome::Same);
    }

    #[test]
    fn a_rate_is_better_when_it_is_higher_and_a_cost_when_it_is_lower() {
        assert_eq!(outcome("ms", &[(100.0, 106.0); 7]), Outcome::Worse);
        assert_eq!(outcome("ms", &[(100.0, 94.0); 7]), Outcome::Better);
        assert_eq!(outcome("messages/s", &[(100.0, 106.0); 7]), Outcome::Better);
        assert_eq!(outcome("messages/s", &[(100.0, 94.0); 7]), Outcome::Worse);
        assert_eq!(outcome("wake-ups", &[(0.0, 1.0); 7]), Outcome::Worse);
    }

    #[test]
    fn runs_that_disagree_prove_nothing() {
        let drifting = [(100.0, 110.0), (110.0, 100.0), (100.0, 110.0), (90.0, 110.0), (120.0, 90.0)];
        assert_eq!(outcome("ms", &drifting), Outcome::Unclear);
    }
}
