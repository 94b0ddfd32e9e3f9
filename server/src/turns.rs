//! Limits long reads per user: each user runs a few at a time, and further ones wait. A user who requests hundreds of
//! long pages delays only their own requests.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use quchat_shared::UserId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::domain::{Error, Limit, Result};

/// The users who run a long read or wait for one.
pub(crate) struct Turns {
    each: usize,
    /// Most reads of one user that run or wait.
    most: usize,
    users: Mutex<HashMap<UserId, User>>,
}

struct User {
    places: Arc<Semaphore>,
    /// Reads that run or wait.
    count: usize,
}

/// The permission to run a long read, or a place in the queue for it. Dropping it starts the user's next one.
pub(crate) struct Turn {
    turns: Arc<Turns>,
    user: UserId,
    place: Option<OwnedSemaphorePermit>,
    has_waited: bool,
}

impl Turns {
    /// Every user may run `each` reads at a time, and at most `most` of their reads may run or wait. The second bound
    /// limits the connections that they hold: a waiting request keeps its connection even after its client has gone.
    pub(crate) fn new(each: usize, most: usize) -> Arc<Self> {
        Arc::new(Self { each: each.max(1), most, users: Mutex::default() })
    }

    /// Waits for a turn of `user`. Turns are granted in the order of the calls.
    ///
    /// # Errors
    /// [`Error::TooMany`] if the user already has the maximum number of reads.
    pub(crate) async fn wait(self: &Arc<Self>, user: UserId) -> Result<Turn> {
        let places = {
            let mut users = self.lock();
            let new = || User { places: Arc::new(Semaphore::new(self.each)), count: 0 };
            let user = users.entry(user).or_insert_with(new);
            if user.count >= self.most {
                return Err(Error::TooMany(Limit::Reads));
            }
            user.count += 1;
            Arc::clone(&user.places)
        };
        let mut turn = Turn { turns: Arc::clone(self), user, place: None, has_waited: false };
        turn.place = Arc::clone(&places).try_acquire_owned().ok();
        if turn.place.is_none() {
            turn.has_waited = true;
            turn.place = places.acquire_owned().await.ok();
        }
        Ok(turn)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<UserId, User>> {
        self.users.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn {
    /// Whether the turn was granted only after a wait.
    pub(crate) fn has_waited(&self) -> bool {
        self.has_waited
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut users = self.turns.lock();
        self.place = None;
        if let Some(user) = users.get_mut(&self.user) {
            user.count -= 1;
            if user.count == 0 {
                users.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, pin::pin, task::Poll};

    use super::*;

    #[tokio::test]
    async fn users_wait_only_for_their_own_turns() {
        let turns = Turns::new(2, 3);
        let (first, _second) = (turns.wait(UserId(1)).await.unwrap(), turns.wait(UserId(1)).await.unwrap());
        let mut third = pin!(turns.wait(UserId(1)));
        assert!(poll_fn(|cx| Poll::Ready(third.as_mut().poll(cx).is_pending())).await);
        assert!(matches!(turns.wait(UserId(1)).await, Err(Error::TooMany(_))), "a fourth read may not even wait");
        assert!(!turns.wait(UserId(2)).await.unwrap().has_waited());
        drop(first);
        assert!(third.await.unwrap().has_waited());
    }

    #[tokio::test]
    async fn users_without_reads_are_removed() {
        let turns = Turns::new(1, 2);
        let turn = turns.wait(UserId(1)).await.unwrap();
        {
            let mut gives_up = pin!(turns.wait(UserId(1)));
            assert!(poll_fn(|cx| Poll::Ready(gives_up.as_mut().poll(cx).is_pending())).await);
        }
        drop(turn);
        assert!(turns.lock().is_empty());
    }
}
