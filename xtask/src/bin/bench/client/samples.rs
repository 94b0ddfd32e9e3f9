//! A figure that was measured many times.

/// The samples, in the order in which they were taken.
#[derive(Debug, Clone, Default)]
pub(super) struct Samples(Vec<f64>);

impl Samples {
    /// A figure that is measured only once.
    pub(super) fn one(figure: f64) -> Self {
        Self(vec![figure])
    }

    pub(super) fn push(&mut self, figure: f64) {
        self.0.push(figure);
    }

    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// A percentile by nearest rank; `None` without samples.
    pub(super) fn percentile(&self, percent: usize) -> Option<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let rank = (sorted.len() * percent).div_ceil(100);
        sorted.get(rank.saturating_sub(1)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_a_sample_that_was_measured() {
        let samples = Samples((1..=200).rev().map(f64::from).collect());
        assert_eq!([0, 50, 99, 100].map(|percent| samples.percentile(percent)), [1.0, 100.0, 198.0, 200.0].map(Some));
        assert_eq!(Samples::one(7.0).percentile(99), Some(7.0));
        assert_eq!(Samples::default().percentile(50), None);
    }
}
