//! Turns at reading much: each user has a few at a time, so one who asks for hundreds of long pages waits for themselves
//! and keeps at most half of the readers busy.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use quchat_shared::UserId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::domain::{Error, Result};

/// Who has a turn or waits for one.
pub(crate) struct Turns {
    each: usize,
    /// Most turns of one user that are taken or waited for.
    most: usize,
    users: Mutex<HashMap<UserId, User>>,
}

struct User {
    places: Arc<Semaphore>,
    /// Turns and those who wait for one.
    count: usize,
}

/// A turn, or the wish for one. The next of the same user begins when it is dropped.
pub(crate) struct Turn {
    turns: Arc<Turns>,
    user: UserId,
    place: Option<OwnedSemaphorePermit>,
    has_waited: bool,
}

impl Turns {
    /// `each` turns at a time for every user, of whose requests at most `most` have a turn or wait for one: each of
    /// them keeps its connection, also if its client has gone.
    pub(crate) fn new(each: usize, most: usize) -> Arc<Self> {
        Arc::new(Self { each: each.max(1), most, users: Mutex::default() })
    }

    /// Waits for a turn of `user`, in the order of asking.
    ///
    /// # Errors
    /// [`Error::TooMany`] if as many of the user's requests wait as may.
    pub(crate) async fn wait(self: &Arc<Self>, user: UserId) -> Result<Turn> {
        let places = {
            let mut users = self.lock();
            let new = || User { places: Arc::new(Semaphore::new(self.each)), count: 0 };
            let user = users.entry(user).or_insert_with(new);
            if user.count >= self.most {
                return Err(Error::TooMany(
                    "too many of your requests for long answers wait; wait for some of them first",
                ));
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
    /// Whether it was not free at once.
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
    async fn a_user_waits_for_their_own_turns_alone() {
        let turns = Turns::new(2, 3);
        let (first, _second) = (turns.wait(UserId(1)).await.unwrap(), turns.wait(UserId(1)).await.unwrap());
        let mut third = pin!(turns.wait(UserId(1)));
        assert!(poll_fn(|cx| Poll::Ready(third.as_mut().poll(cx).is_pending())).await);
        assert!(matches!(turns.wait(UserId(1)).await, Err(Error::TooMany(_))), "a fourth has no place to wait");
        assert!(!turns.wait(UserId(2)).await.unwrap().has_waited());
        drop(first);
        assert!(third.await.unwrap().has_waited());
    }

    #[tokio::test]
    async fn nobody_is_remembered_who_neither_has_a_turn_nor_waits() {
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
