//! A bounded work queue for threads. It is fair between origins: each origin gets a turn before any gets a second one.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
};

/// The waiting work, grouped by origin.
pub(super) struct FairQueue<K, T> {
    waiting: Mutex<Waiting<K, T>>,
    changed: Condvar,
    max: usize,
}

struct Waiting<K, T> {
    by_origin: HashMap<K, VecDeque<T>>,
    /// The origins with waiting work, each once, in the order of their turns.
    turns: VecDeque<K>,
    len: usize,
    is_closed: bool,
}

impl<K: Clone + Eq + Hash, T> FairQueue<K, T> {
    /// A queue of at most `max` pieces of work.
    pub(super) fn new(max: usize) -> Self {
        let waiting = Waiting { by_origin: HashMap::new(), turns: VecDeque::new(), len: 0, is_closed: false };
        Self { waiting: Mutex::new(waiting), changed: Condvar::new(), max: max.max(1) }
    }

    /// Adds work. If the queue is full, drops the newest work of the origin that has the most. If that would leave it
    /// with less than `origin`, refuses `work` instead. Returns the dropped or refused work.
    pub(super) fn push(&self, origin: K, work: T) -> Option<T> {
        let mut waiting = self.lock();
        if waiting.is_closed {
            return Some(work);
        }
        let refused = if waiting.len < self.max {
            None
        } else {
            match waiting.evict_for(&origin) {
                None => return Some(work),
                refused => refused,
            }
        };
        waiting.add(origin, work);
        drop(waiting);
        self.changed.notify_one();
        refused
    }

    /// Waits for work. Returns `None` once the queue is closed.
    pub(super) fn pop(&self) -> Option<T> {
        let is_idle = |waiting: &mut Waiting<K, T>| waiting.len == 0 && !waiting.is_closed;
        let waiting = self.changed.wait_while(self.lock(), is_idle);
        waiting.unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Returns waiting work without blocking.
    pub(super) fn try_pop(&self) -> Option<T> {
        self.lock().take()
    }

    /// The amount of waiting work, and the most that may wait.
    pub(super) fn len(&self) -> (usize, usize) {
        (self.lock().len, self.max)
    }

    /// Refuses work from now on, and returns the waiting work.
    pub(super) fn close(&self) -> Vec<T> {
        let mut waiting = self.lock();
        waiting.is_closed = true;
        let rest = std::iter::from_fn(|| waiting.take()).collect();
        drop(waiting);
        self.changed.notify_all();
        rest
    }

    fn lock(&self) -> MutexGuard<'_, Waiting<K, T>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Clone + Eq + Hash, T> Waiting<K, T> {
    fn add(&mut self, origin: K, work: T) {
        let own = self.by_origin.entry(origin.clone()).or_default();
        if own.is_empty() {
            self.turns.push_back(origin);
        }
        own.push_back(work);
        self.len += 1;
    }

    /// Removes the oldest work of the origin whose turn it is.
    fn take(&mut self) -> Option<T> {
        let origin = self.turns.pop_front()?;
        let own = self.by_origin.get_mut(&origin)?;
        let work = own.pop_front();
        if own.is_empty() {
            self.by_origin.remove(&origin);
        } else {
            self.turns.push_back(origin);
        }
        self.len -= usize::from(work.is_some());
        work
    }

    /// Removes the newest work of the origin that has the most, unless that leaves it with less than `origin` will
    /// have.
    fn evict_for(&mut self, origin: &K) -> Option<T> {
        let own = self.by_origin.get(origin).map_or(0, VecDeque::len);
        let most = self.by_origin.values_mut().max_by_key(|works| works.len())?;
        let is_evicted = most.len() > own + 1;
        let work = if is_evicted { most.pop_back() } else { None };
        self.len -= usize::from(work.is_some());
        work
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drained(queue: &FairQueue<char, u32>) -> Vec<u32> {
        std::iter::from_fn(|| queue.try_pop()).collect()
    }

    #[test]
    fn each_origin_gets_a_turn_before_any_gets_a_second() {
        let queue = FairQueue::new(10);
        for (origin, work) in [('a', 1), ('a', 2), ('a', 3), ('b', 4), ('c', 5), ('b', 6)] {
            assert_eq!(queue.push(origin, work), None);
        }
        assert_eq!(drained(&queue), [1, 4, 5, 2, 6, 3]);
        queue.push('a', 7);
        queue.push('b', 8);
        assert_eq!(drained(&queue), [7, 8], "earlier turns have no effect");
    }

    #[test]
    fn a_full_queue_refuses_the_origin_that_fills_it() {
        let queue = FairQueue::new(4);
        (1..=4).for_each(|work| assert_eq!(queue.push('a', work), None));
        assert_eq!(queue.push('a', 5), Some(5));
        assert_eq!(queue.push('b', 6), Some(4), "the other origin loses its newest work");
        assert_eq!(queue.push('b', 7), Some(3));
        assert_eq!(queue.push('b', 8), Some(8), "both origins now fill the queue");
        assert_eq!(queue.push('a', 9), Some(9));
        assert!(queue.push('c', 10).is_some_and(|refused| refused == 2 || refused == 7), "one of the two loses work");
        assert_eq!(drained(&queue).len(), 4);
    }

    #[test]
    fn an_origin_never_loses_its_only_place() {
        let queue = FairQueue::new(2);
        queue.push('a', 1);
        queue.push('b', 2);
        assert_eq!(queue.push('c', 3), Some(3));
        assert_eq!(drained(&queue), [1, 2]);
    }

    #[test]
    fn a_closed_queue_is_empty_and_accepts_nothing() {
        let queue = FairQueue::new(2);
        queue.push('a', 1);
        assert_eq!(queue.close(), [1]);
        assert_eq!(queue.push('a', 2), Some(2));
        assert_eq!(queue.pop(), None);
    }
}
