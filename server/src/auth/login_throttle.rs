//! The login throttle (rate limit): after a number of wrong passwords for one name from one address, further attempts
//! are refused for a while. Wrong codes of invites are counted alike, all of an address together.
//!
//! Right passwords never count. As many attempts run at once as wrong passwords are still allowed; further attempts
//! wait for them.

use std::{
    collections::{HashMap, hash_map::Entry},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use quchat_shared::limits::{USER_NAME_MAX, user_key};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{
    domain::{Error, Limit, Result},
    network::origin,
};

/// Most pairs of name and address that are remembered. Beyond that, those with the fewest wrong passwords are
/// forgotten.
const REMEMBERED_MAX: usize = 10_000;

/// The name that somebody tries to sign in as, and their network.
type Key = (String, IpAddr);

/// Counts wrong passwords. Clones share the count.
#[derive(Debug, Clone)]
pub(crate) struct LoginThrottle {
    limit: Limit,
    max: u32,
    window: Duration,
    accounts: Arc<Mutex<HashMap<Key, Account>>>,
}

/// The wrong passwords for one name from one address.
#[derive(Debug)]
struct Account {
    /// One permit per wrong password that is still allowed; closed when none is left.
    places: Arc<Semaphore>,
    wrong: u32,
    /// When the count is reset, by the monotonic clock.
    until: Duration,
}

/// An attempt in progress. If it is dropped without [`LoginAttempt::forgive`], it counts as wrong, so that hanging up
/// early gains nothing.
#[derive(Debug)]
pub(crate) struct LoginAttempt {
    throttle: LoginThrottle,
    key: Key,
    place: Option<OwnedSemaphorePermit>,
    until: Duration,
}

impl LoginThrottle {
    /// At most `max` wrong passwords within `window`.
    pub(crate) fn of_passwords(max: u32, window: Duration) -> Self {
        Self { limit: Limit::Passwords, max, window, accounts: Arc::default() }
    }

    /// At most `max` wrong codes of invites within `window`.
    pub(crate) fn of_invites(max: u32, window: Duration) -> Self {
        Self { limit: Limit::Invites, ..Self::of_passwords(max, window) }
    }

    /// Begins an attempt, and waits while too many others are in progress. `now` is [`crate::clock::Clock::elapsed`],
    /// because changes of the wall clock must not shorten or lengthen a pause.
    ///
    /// # Errors
    /// [`Error::RateLimited`] after too many wrong passwords.
    pub(crate) async fn begin(&self, name: &str, from: IpAddr, now: Duration) -> Result<LoginAttempt> {
        // The name can have any length. At most one character more than in the longest user name is kept.
        let key = (user_key(&name.chars().take(USER_NAME_MAX + 1).collect::<String>()), origin(from));
        let (places, until) = self.account(&key, now);
        match places.acquire_owned().await {
            Ok(place) => Ok(LoginAttempt { throttle: self.clone(), key, place: Some(place), until }),
            Err(_) => {
                let retry_after = until.saturating_sub(now).min(self.window);
                Err(Error::RateLimited { limit: self.limit, retry_after })
            }
        }
    }

    fn account(&self, key: &Key, now: Duration) -> (Arc<Semaphore>, Duration) {
        let mut accounts = self.lock();
        if accounts.len() >= REMEMBERED_MAX && !accounts.contains_key(key) {
            make_room(&mut accounts, now);
        }
        let fresh = || Account {
            places: Arc::new(Semaphore::new(self.max as usize)),
            wrong: 0,
            until: now.saturating_add(self.window),
        };
        let account = match accounts.entry(key.clone()) {
            Entry::Occupied(known) if known.get().until > now => known.into_mut(),
            Entry::Occupied(mut over) => {
                over.insert(fresh());
                over.into_mut()
            }
            Entry::Vacant(unknown) => unknown.insert(fresh()),
        };
        (Arc::clone(&account.places), account.until)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Account>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LoginAttempt {
    /// Does not count this attempt: the password was right, or was never checked.
    pub(crate) fn forgive(mut self) {
        self.place = None;
    }
}

impl Drop for LoginAttempt {
    fn drop(&mut self) {
        let was_wrong = self.place.is_some();
        let mut accounts = self.throttle.lock();
        let Entry::Occupied(mut entry) = accounts.entry(self.key.clone()) else { return };
        let account = entry.get_mut();
        if account.until != self.until {
            return; // the count was reset meanwhile
        }
        if was_wrong {
            self.place.take().into_iter().for_each(OwnedSemaphorePermit::forget);
            account.wrong += 1;
            if account.wrong >= self.throttle.max {
                account.places.close(); // refuses the waiting attempts, too
            }
        } else if account.wrong == 0 && account.places.available_permits() == self.throttle.max as usize {
            entry.remove();
        }
    }
}

/// Removes expired entries or, if there are none, some entries with the fewest wrong passwords. It removes many at
/// once, because looking at all entries is too slow to do for every attempt.
fn make_room(accounts: &mut HashMap<Key, Account>, now: Duration) {
    /// How many entries are removed at once.
    const PART: usize = REMEMBERED_MAX / 16;
    accounts.retain(|_, account| account.until > now);
    if accounts.len() >= REMEMBERED_MAX {
        let mut ranks = accounts.values().map(|account| (account.wrong, account.until)).collect::<Vec<_>>();
        let (_, &mut least, _) = ranks.select_nth_unstable(PART);
        let mut left = PART;
        accounts.retain(|_, account| {
            let goes = left > 0 && (account.wrong, account.until) <= least;
            left -= usize::from(goes);
            !goes
        });
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn at(second: u64) -> Duration {
        Duration::from_secs(second)
    }

    async fn wrong(throttle: &LoginThrottle, name: &str, second: u64) -> Result<()> {
        throttle.begin(name, HERE, at(second)).await.map(drop)
    }

    #[tokio::test]
    async fn too_many_wrong_passwords_pause_that_name_from_that_address_only() {
        let throttle = LoginThrottle::of_passwords(2, Duration::from_secs(300));
        wrong(&throttle, "alice", 0).await.unwrap();
        wrong(&throttle, "ALICE", 10).await.unwrap();
        let refused = wrong(&throttle, "alice", 20).await.unwrap_err();
        assert!(matches!(refused, Error::RateLimited { retry_after, .. } if retry_after.as_secs() == 280));
        wrong(&throttle, "bob", 20).await.unwrap();
        assert!(throttle.begin("alice", Ipv4Addr::new(10, 0, 0, 2).into(), at(20)).await.is_ok());
        wrong(&throttle, "alice", 300).await.expect("the window has passed");
    }

    #[tokio::test]
    async fn right_passwords_do_not_count_however_many_there_are_at_once() {
        let throttle = LoginThrottle::of_passwords(2, Duration::from_secs(300));
        let (one, two) = (throttle.begin("alice", HERE, at(0)).await, throttle.begin("alice", HERE, at(0)).await);
        let third = tokio::spawn({
            let throttle = throttle.clone();
            async move { throttle.begin("alice", HERE, at(0)).await }
        });
        one.unwrap().forgive();
        third.await.unwrap().expect("a place is free again").forgive();
        two.unwrap().forgive();
        assert!(throttle.lock().is_empty(), "right passwords leave no entry");
    }

    #[tokio::test]
    async fn waiting_attempts_are_refused_after_too_many_wrong_passwords() {
        let throttle = LoginThrottle::of_passwords(1, Duration::from_secs(300));
        let first = throttle.begin("alice", HERE, at(0)).await.unwrap();
        let mut second = Box::pin(throttle.begin("alice", HERE, at(0)));
        assert!(futures_poll(second.as_mut()).is_none());
        drop(first); // hung up: no verdict
        assert!(matches!(second.await, Err(Error::RateLimited { .. })));
    }

    #[tokio::test]
    async fn a_flood_of_names_locks_nobody_out() {
        let throttle = LoginThrottle::of_passwords(2, Duration::from_secs(300));
        wrong(&throttle, "alice", 0).await.unwrap();
        wrong(&throttle, "alice", 0).await.unwrap();
        for n in 0..REMEMBERED_MAX + 10 {
            wrong(&throttle, &format!("u{n}"), 1).await.unwrap();
        }
        assert!(throttle.lock().len() <= REMEMBERED_MAX);
        assert!(wrong(&throttle, "alice", 2).await.is_err(), "the flood does not remove the count of alice");
    }

    #[tokio::test]
    async fn all_loopback_addresses_share_one_count() {
        let throttle = LoginThrottle::of_passwords(2, Duration::from_secs(300));
        wrong(&throttle, "alice", 0).await.unwrap();
        drop(throttle.begin("alice", Ipv4Addr::new(127, 0, 0, 2).into(), at(0)).await.unwrap());
        assert!(throttle.begin("alice", Ipv4Addr::new(127, 7, 7, 7).into(), at(1)).await.is_err());
    }

    #[tokio::test]
    async fn nobody_waits_for_longer_than_the_window() {
        let throttle = LoginThrottle::of_passwords(1, Duration::from_secs(300));
        wrong(&throttle, "alice", 1_000_000).await.unwrap();
        let refused = wrong(&throttle, "alice", 0).await.unwrap_err();
        assert!(matches!(refused, Error::RateLimited { retry_after, .. } if retry_after.as_secs() == 300));
    }

    fn futures_poll<F: Future + Unpin>(mut future: F) -> Option<F::Output> {
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        match std::pin::Pin::new(&mut future).poll(&mut cx) {
            std::task::Poll::Ready(output) => Some(output),
            std::task::Poll::Pending => None,
        }
    }
}
