//! How often one may guess a password: so many wrong ones per name and address, then a pause.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use quchat_shared::{
    Timestamp,
    limits::{USER_NAME_MAX, user_key},
};

use crate::domain::{Error, Result};

/// Names and addresses that are remembered at once.
const REMEMBERED_MAX: usize = 10_000;

/// Counts guesses.
#[derive(Debug)]
pub(crate) struct Attempts {
    max: u32,
    window_millis: i64,
    guesses: Mutex<HashMap<(String, IpAddr), Guesses>>,
}

#[derive(Debug)]
struct Guesses {
    count: u32,
    /// When the count starts anew.
    until: i64,
}

impl Attempts {
    /// At most `max` wrong passwords within `window`.
    pub(crate) fn new(max: u32, window: Duration) -> Self {
        let window_millis = i64::try_from(window.as_millis()).unwrap_or(i64::MAX);
        Self { max, window_millis, guesses: Mutex::default() }
    }

    /// Counts a guess before it is checked, so that guesses in flight count too.
    ///
    /// # Errors
    /// [`Error::RateLimited`] once there were too many.
    pub(crate) fn begin(&self, name: &str, from: IpAddr, now: Timestamp) -> Result<()> {
        let now = now.as_millis();
        let mut guesses = self.guesses.lock().unwrap_or_else(PoisonError::into_inner);
        if guesses.len() >= REMEMBERED_MAX {
            guesses.retain(|_, guesses| guesses.until > now);
            if guesses.len() >= REMEMBERED_MAX {
                return Err(Error::Unavailable("too many wrong passwords from everywhere; try again in a while"));
            }
        }
        let until = now.saturating_add(self.window_millis);
        let entry = guesses.entry((key(name), from)).or_insert(Guesses { count: 0, until });
        if entry.until <= now {
            *entry = Guesses { count: 0, until };
        }
        if entry.count >= self.max {
            let wait = u64::try_from(entry.until - now).unwrap_or(0);
            return Err(Error::RateLimited { retry_after: Duration::from_millis(wait) });
        }
        entry.count += 1;
        Ok(())
    }

    /// Takes a guess back that was right, or never checked.
    pub(crate) fn forgive(&self, name: &str, from: IpAddr) {
        let mut guesses = self.guesses.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (key(name), from);
        if let Some(entry) = guesses.get_mut(&key) {
            entry.count = entry.count.saturating_sub(1);
            if entry.count == 0 {
                guesses.remove(&key);
            }
        }
    }
}

/// What is remembered of a name, which may be anything: no more than a user's could have, and one character.
fn key(name: &str) -> String {
    user_key(&name.chars().take(USER_NAME_MAX + 1).collect::<String>())
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_millis(second * 1000)
    }

    #[test]
    fn too_many_wrong_passwords_pause_that_name_from_that_address_only() {
        let attempts = Attempts::new(2, Duration::from_secs(300));
        assert!(attempts.begin("alice", HERE, at(0)).is_ok());
        assert!(attempts.begin("ALICE", HERE, at(10)).is_ok());
        let refused = attempts.begin("alice", HERE, at(20)).unwrap_err();
        assert!(matches!(refused, Error::RateLimited { retry_after } if retry_after.as_secs() == 280));
        assert!(attempts.begin("bob", HERE, at(20)).is_ok());
        assert!(attempts.begin("alice", IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2)), at(20)).is_ok());
        assert!(attempts.begin("alice", HERE, at(300)).is_ok(), "the window has passed");
    }

    #[test]
    fn a_right_password_does_not_count() {
        let attempts = Attempts::new(1, Duration::from_secs(300));
        for second in 0..10 {
            attempts.begin("alice", HERE, at(second)).unwrap();
            attempts.forgive("alice", HERE);
        }
        assert!(attempts.guesses.lock().unwrap().is_empty());
    }
}
