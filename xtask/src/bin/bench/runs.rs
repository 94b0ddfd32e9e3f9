//! A figure of several runs: its median and its spread. It knows no scenario.

use serde_json::{Value, json};

use super::table::figure;

/// The values of all runs, sorted.
#[derive(Debug, Clone, Default)]
pub(super) struct Runs(Vec<f64>);

impl Runs {
    pub(super) fn push(&mut self, figure: f64) {
        self.0.push(figure);
        self.0.sort_by(f64::total_cmp);
    }

    /// The mean of the two middle runs if their number is even; `None` without a run.
    pub(super) fn median(&self) -> Option<f64> {
        let last = self.0.len().checked_sub(1)?;
        Some(f64::midpoint(self.0[last / 2], self.0[last.div_ceil(2)]))
    }

    /// The smallest and the largest value.
    fn spread(&self) -> Option<(f64, f64)> {
        Some((*self.0.first()?, *self.0.last()?))
    }

    pub(super) fn text(&self) -> String {
        match self.spread() {
            Some((min, max)) => format!("{} ({} - {})", figure(self.median()), figure(min), figure(max)),
            None => figure(None),
        }
    }

    pub(super) fn json(&self) -> Value {
        let (min, max) = self.spread().unzip();
        json!({ "median": self.median(), "min": min, "max": max })
    }
}

impl FromIterator<f64> for Runs {
    fn from_iter<T: IntoIterator<Item = f64>>(figures: T) -> Self {
        let mut runs = Self::default();
        figures.into_iter().for_each(|figure| runs.push(figure));
        runs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_shown_as_median_with_minimum_and_maximum() {
        assert_eq!(Runs::from_iter([3.0, 100.0, 1.25]).text(), "3.00 (1.25 - 100)");
        assert_eq!(Runs::from_iter([1.0, 2.0]).median(), Some(1.5));
        assert_eq!(Runs::from_iter([]).text(), "-");
    }
}
