//! Limits open streams: in total, so that connections remain for requests, and per user, so that one user cannot take
//! all of them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use quchat_shared::UserId;

use crate::domain::{Error, Limit, Result};

/// The number of open streams, in total and per user.
pub(crate) struct StreamPlaces {
    max: usize,
    max_per_user: usize,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    all: usize,
    by_user: HashMap<UserId, usize>,
}

/// A taken place. Dropping it frees the place.
pub(crate) struct StreamPlace {
    places: Arc<StreamPlaces>,
    user: UserId,
}

impl StreamPlaces {
    pub(crate) fn new(max: usize, max_per_user: usize) -> Self {
        Self { max, max_per_user, taken: Mutex::default() }
    }

    /// Takes a place for a stream of this user.
    ///
    /// # Errors
    /// [`Error::TooMany`] if the user has the maximum number of streams, [`Error::Unavailable`] if the server has.
    pub(crate) fn take(self: &Arc<Self>, user: UserId) -> Result<StreamPlace> {
        let taken = &mut *self.lock();
        let of_user = taken.by_user.get(&user).copied().unwrap_or(0);
        if of_user >= self.max_per_user {
            return Err(Error::TooMany(Limit::Streams));
        }
        if taken.all >= self.max {
            return Err(Error::Unavailable("the server has too many event streams open; try again later"));
        }
        taken.all += 1;
        taken.by_user.insert(user, of_user + 1);
        Ok(StreamPlace { places: Arc::clone(self), user })
    }

    /// How many streams there are.
    pub(crate) fn taken(&self) -> usize {
        self.lock().all
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for StreamPlace {
    fn drop(&mut self) {
        let taken = &mut *self.places.lock();
        taken.all -= 1;
        if let Some(of_user) = taken.by_user.get_mut(&self.user) {
            *of_user -= 1;
            if *of_user == 0 {
                taken.by_user.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_place_is_free_again_for_its_user_and_for_others() {
        let places = Arc::new(StreamPlaces::new(3, 2));
        let (alice, bob) = (UserId(1), UserId(2));
        let of_alice = [places.take(alice).unwrap(), places.take(alice).unwrap()];
        assert!(matches!(places.take(alice), Err(Error::TooMany(_))));
        let of_bob = places.take(bob).unwrap();
        assert!(matches!(places.take(bob), Err(Error::Unavailable(_))));
        drop(of_alice);
        let more_of_bob = places.take(bob).unwrap();
        drop((of_bob, more_of_bob));
        let taken = places.lock();
        assert_eq!((taken.all, taken.by_user.len()), (0, 0), "users without streams are removed");
    }
}
