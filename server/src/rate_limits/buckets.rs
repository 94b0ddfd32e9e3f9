//! One rate limit for many keys, each with a bucket of its own.
//!
//! A bucket is one number: the moment at which it is full again (the generic cell rate algorithm). A full bucket needs
//! no entry, so the state is bounded without forgetting anybody who is at their limit, until there are more of those
//! than entries.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::rate::Rate;

/// Most buckets that are remembered. Beyond that, the fullest are forgotten first.
const REMEMBERED_MAX: usize = 50_000;

/// The buckets of all keys. Times are [`crate::clock::Clock::elapsed`]: changes of the wall clock do not count.
pub(crate) struct Buckets<K> {
    /// How long it takes to refill one place.
    interval: Duration,
    /// How long it takes to refill an empty bucket.
    depth: Duration,
    /// When each bucket is full again.
    full_at: Mutex<HashMap<K, Duration>>,
}

impl<K: Eq + Hash + Copy> Buckets<K> {
    pub(super) fn new(rate: Rate) -> Self {
        let interval = (rate.period / rate.count).max(Duration::from_nanos(1));
        Self { interval, depth: interval * rate.at_once, full_at: Mutex::default() }
    }

    /// Takes one place out of the bucket of `key`.
    ///
    /// # Errors
    /// The bucket is empty. Returns the time until it has a place again.
    pub(super) fn take(&self, key: K, now: Duration) -> Result<(), Duration> {
        let mut full_at = self.lock();
        let taken = full_at.get(&key).copied().unwrap_or(now).max(now).saturating_add(self.interval);
        if taken.saturating_sub(now) > self.depth {
            return Err(taken - now - self.depth);
        }
        if full_at.len() >= REMEMBERED_MAX && !full_at.contains_key(&key) {
            make_room(&mut full_at, now);
        }
        full_at.insert(key, taken);
        Ok(())
    }

    /// Puts one place back.
    pub(super) fn give_back(&self, key: K) {
        if let Some(full_at) = self.lock().get_mut(&key) {
            *full_at = full_at.saturating_sub(self.interval);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Duration>> {
        self.full_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets the full buckets or, if there are none, some of the fullest. It forgets many at once, because looking at all
/// buckets is too slow to do for every request.
fn make_room<K: Eq + Hash>(full_at: &mut HashMap<K, Duration>, now: Duration) {
    /// How many are forgotten at once.
    const PART: usize = REMEMBERED_MAX / 16;
    full_at.retain(|_, full_at| *full_at > now);
    if full_at.len() >= REMEMBERED_MAX {
        let mut moments = full_at.values().copied().collect::<Vec<_>>();
        let (_, &mut soonest, _) = moments.select_nth_unstable(PART);
        let mut left = PART;
        full_at.retain(|_, full_at| {
            let goes = left > 0 && *full_at <= soonest;
            left -= usize::from(goes);
            !goes
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn two_per_second(at_once: u32) -> Buckets<u64> {
        Buckets::new(Rate::new(2, Duration::from_secs(1), at_once))
    }

    #[test]
    fn after_a_burst_each_key_goes_at_its_rate() {
        let buckets = two_per_second(3);
        let burst = (0..4).map(|_| buckets.take(1, at(0))).collect::<Vec<_>>();
        assert_eq!(burst, [Ok(()), Ok(()), Ok(()), Err(at(500))]);
        assert_eq!(buckets.take(2, at(0)), Ok(()), "another key has its own");
        assert_eq!(buckets.take(1, at(400)), Err(at(100)));
        assert_eq!(buckets.take(1, at(500)), Ok(()));
        assert_eq!(buckets.take(1, at(500)), Err(at(500)), "a refusal costs nothing");
        let later = (0..4).map(|_| buckets.take(1, at(60_000)).is_ok()).collect::<Vec<_>>();
        assert_eq!(later, [true, true, true, false], "a long pause saves up no more than one burst");
    }

    #[test]
    fn what_is_given_back_can_be_taken_again() {
        let buckets = two_per_second(1);
        buckets.take(1, at(0)).unwrap();
        buckets.give_back(1);
        buckets.give_back(2);
        assert_eq!(buckets.take(1, at(0)), Ok(()));
        assert_eq!(buckets.take(1, at(0)), Err(at(500)));
    }

    #[test]
    fn a_flood_of_keys_neither_grows_without_bound_nor_frees_who_is_at_the_limit() {
        let buckets = two_per_second(4);
        (0..4).for_each(|_| buckets.take(u64::MAX, at(0)).unwrap());
        for key in 0..3 * REMEMBERED_MAX as u64 {
            buckets.take(key, at(0)).unwrap();
            assert!(buckets.lock().len() <= REMEMBERED_MAX);
        }
        assert!(buckets.take(u64::MAX, at(0)).is_err());
    }

    #[test]
    fn full_buckets_are_forgotten_first() {
        let buckets = two_per_second(1);
        (0..REMEMBERED_MAX as u64).for_each(|key| buckets.take(key, at(0)).unwrap());
        buckets.take(u64::MAX, at(500)).unwrap();
        assert_eq!(buckets.lock().len(), 1);
    }
}
