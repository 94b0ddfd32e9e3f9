//! A few threads that do blocking work. One of them is always free for a write.
//!
//! Owns the queue and its order. It must not know what the work is.

use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

use crate::api::CONNECTIONS_MAX;

/// Threads of a pool. Each keeps one connection open.
const THREADS: usize = CONNECTIONS_MAX;
/// Most threads that reads may occupy.
const READERS: usize = THREADS - 1;
/// Most waiting jobs. `update` makes one page request and one send per room, which is far fewer.
const WAITING_MAX: usize = 4_096;

/// The effect of a job on the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    /// It only reads.
    Read,
    /// It changes something. Writes go before reads.
    Write,
}

/// Work that does not panic: it catches and reports its own panics.
pub(super) type Job = Box<dyn FnOnce() + Send>;

/// The pool. Dropping it drops waiting jobs. A running job completes, then its thread ends.
pub(super) struct Pool {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    reads: VecDeque<Job>,
    writes: VecDeque<Job>,
    reading: usize,
    closed: bool,
}

impl Pool {
    /// Starts the threads.
    ///
    /// # Errors
    /// The system cannot start another thread.
    pub(super) fn start() -> io::Result<Self> {
        let pool = Self { shared: Arc::default() };
        for n in 1..=THREADS {
            let shared = Arc::clone(&pool.shared);
            thread::Builder::new().name(format!("call-{n}")).spawn(move || shared.work())?;
        }
        Ok(pool)
    }

    /// Whether too many jobs wait to push another one.
    pub(super) fn is_full(&self) -> bool {
        let queue = self.shared.lock();
        queue.reads.len() + queue.writes.len() >= WAITING_MAX
    }

    /// Queues a job.
    pub(super) fn push(&self, lane: Lane, job: Job) {
        let mut queue = self.shared.lock();
        match lane {
            Lane::Read => queue.reads.push_back(job),
            Lane::Write => queue.writes.push_back(job),
        }
        // Wake all threads: a single one might be excluded from reads while the others sleep.
        self.shared.changed.notify_all();
    }

    /// Drops waiting jobs and stops the threads.
    pub(super) fn close(&self) {
        let mut queue = self.shared.lock();
        queue.closed = true;
        queue.reads.clear();
        queue.writes.clear();
        self.shared.changed.notify_all();
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.close();
    }
}

impl Shared {
    fn work(&self) {
        let mut queue = self.lock();
        while !queue.closed {
            let (lane, job) = if let Some(job) = queue.writes.pop_front() {
                (Lane::Write, job)
            } else if queue.reading < READERS
                && let Some(job) = queue.reads.pop_front()
            {
                queue.reading += 1;
                (Lane::Read, job)
            } else {
                queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            drop(queue);
            job();
            queue = self.lock();
            if lane == Lane::Read {
                queue.reading -= 1;
                self.changed.notify_all();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_write_finds_a_thread_while_every_read_hangs() {
        let pool = Pool::start().unwrap();
        let (release, hang) = mpsc::channel::<()>();
        let hang = Arc::new(Mutex::new(hang));
        let (done, finished) = mpsc::channel();
        for n in 0..10 {
            let (hang, done) = (Arc::clone(&hang), done.clone());
            let read = move || {
                hang.lock().unwrap().recv().ok();
                done.send(format!("read {n}")).unwrap();
            };
            pool.push(Lane::Read, Box::new(read));
        }
        for _ in 0..100 {
            let done = done.clone();
            pool.push(Lane::Write, Box::new(move || done.send("write".into()).unwrap()));
            assert_eq!(finished.recv().unwrap(), "write");
        }
        drop(release);
        let mut reads: Vec<_> = finished.iter().take(10).collect();
        reads.sort();
        assert_eq!(reads.len(), 10);
    }

    #[test]
    fn a_pool_can_be_full_and_a_dropped_pool_forgets_them() {
        let pool = Pool::start().unwrap();
        let (release, hang) = mpsc::channel::<()>();
        let hang = Arc::new(Mutex::new(hang));
        let token = Arc::new(());
        let mut taken = 0;
        while !pool.is_full() {
            let (hang, token) = (Arc::clone(&hang), Arc::clone(&token));
            let job = move || {
                hang.lock().unwrap().recv().ok();
                drop(token);
            };
            pool.push(Lane::Write, Box::new(job));
            taken += 1;
        }
        assert!((WAITING_MAX..=WAITING_MAX + THREADS).contains(&taken));
        drop(pool);
        assert!(Arc::strong_count(&token) <= THREADS + 1);
        drop(release);
    }
}
