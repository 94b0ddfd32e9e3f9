//! Numbers that many threads count in: counters, gauges and histograms.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// Most buckets of a histogram, without the one for all.
const BUCKETS_MAX: usize = 14;

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A number as it was last seen.
#[derive(Debug, Default)]
pub(crate) struct Gauge(AtomicU64);

impl Gauge {
    pub(crate) fn set(&self, n: u64) {
        self.0.store(n, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The buckets of a histogram.
#[derive(Debug)]
pub(crate) struct Scale {
    /// Upper bounds, ascending and inclusive.
    bounds: &'static [u64],
    /// What one unit of the bounds is in the unit that is shown.
    unit: f64,
}

impl Scale {
    /// From half a millisecond to ten seconds, counted in microseconds and shown in seconds.
    pub(crate) const TIME: Self = Self {
        bounds: &[
            500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
            10_000_000,
        ],
        unit: 1e-6,
    };
    /// Writes in one transaction.
    pub(crate) const WRITES: Self = Self { bounds: &[1, 2, 4, 8, 16, 32, 64, 128, 256], unit: 1.0 };
    /// Events by which a client is behind.
    pub(crate) const EVENTS: Self = Self { bounds: &[0, 1, 10, 100, 1_000, 10_000, 100_000], unit: 1.0 };
}

/// How often values fell into each bucket, and their sum.
#[derive(Debug)]
pub(crate) struct Histogram {
    scale: Scale,
    buckets: [AtomicU64; BUCKETS_MAX],
    sum: AtomicU64,
}

impl Histogram {
    pub(crate) fn new(scale: Scale) -> Self {
        Self { scale, buckets: Default::default(), sum: AtomicU64::default() }
    }

    pub(crate) fn observe(&self, value: u64) {
        let bucket = self.scale.bounds.iter().take_while(|bound| **bound < value).count();
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(value, Ordering::Relaxed);
    }

    /// For a histogram with [`Scale::TIME`].
    pub(crate) fn observe_time(&self, time: Duration) {
        self.observe(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
    }

    /// Each upper bound as it is shown, with the number of values up to it; `None` is the bound of all.
    pub(super) fn cumulative(&self) -> Vec<(Option<f64>, u64)> {
        let mut below = 0;
        let bounds = self.scale.bounds.iter().map(|bound| Some(self.shown(*bound))).chain([None]);
        let count = |(bound, bucket): (_, &AtomicU64)| {
            below += bucket.load(Ordering::Relaxed);
            (bound, below)
        };
        bounds.zip(&self.buckets).map(count).collect()
    }

    pub(super) fn sum(&self) -> f64 {
        self.shown(self.sum.load(Ordering::Relaxed))
    }

    #[expect(clippy::cast_precision_loss, reason = "a sum beyond 2^53 need not be exact")]
    fn shown(&self, value: u64) -> f64 {
        value as f64 * self.scale.unit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_counts_in_every_bucket_that_it_does_not_exceed() {
        let histogram = Histogram::new(Scale::WRITES);
        for value in [1, 2, 2, 256, 257, 100_000] {
            histogram.observe(value);
        }
        let counts = histogram.cumulative();
        assert_eq!(counts[..2], [(Some(1.0), 1), (Some(2.0), 3)]);
        assert_eq!(counts[8..], [(Some(256.0), 4), (None, 6)]);
        assert_eq!(histogram.sum(), 100_518.0);
    }
}
