//! A bounded pool of reader threads, each with its own connection.
//!
//! A thread takes several waiting reads at once and runs them on one snapshot, because beginning a transaction costs as
//! much as a small read, and so does waking a thread.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use tokio::sync::{mpsc, oneshot};

use super::{Error, Result, Snapshot};
use crate::reply_dispatcher::ReplyDispatcher;

/// Most queued reads; callers then wait.
const QUEUE: usize = 1024;
/// Most reads on one snapshot.
const GROUP: usize = 16;
/// How long a reply waits for the others of its group. Then it is sent, so that short reads do not wait for long ones.
const TOGETHER: Duration = Duration::from_millis(1);

/// A read-only connection to the store.
pub(crate) trait Reader: Snapshot + Send + 'static {
    /// Begins a snapshot.
    fn begin(&mut self) -> Result<()>;
    /// Whether the snapshot is still open. An engine may end it when it fails.
    fn is_open(&self) -> bool;
    /// Ends the snapshot and returns the failure since it began, if there was one.
    fn end(&mut self) -> Option<Error>;
}

/// A handle of the threads. They end when all clones are dropped.
#[derive(Clone)]
pub(crate) struct Readers {
    queue: mpsc::Sender<Request>,
}

/// A read that waits for a thread. It is called with a snapshot, or with the reason why there is none.
type Request = Box<dyn FnOnce(Result<&dyn Snapshot>) -> Reply + Send>;
/// Sends the result to the waiting task.
type Reply = Box<dyn FnOnce() + Send>;

impl Readers {
    /// Starts a thread for each connection.
    pub(crate) fn start<R: Reader>(connections: Vec<R>, replies: &ReplyDispatcher) -> (Self, Vec<JoinHandle<()>>) {
        let (queue, requests) = mpsc::channel(QUEUE);
        let (requests, threads) = (Arc::new(Mutex::new(requests)), connections.len());
        let start = |connection| {
            let (requests, replies) = (Arc::clone(&requests), replies.clone());
            let thread = thread::Builder::new().name("reader".to_owned());
            let thread = thread.spawn(move || run(connection, &requests, threads, &replies));
            thread.expect("a thread can be started while the server starts")
        };
        (Self { queue }, connections.into_iter().map(start).collect())
    }

    /// How many reads wait, and the most that may.
    pub(super) fn waiting(&self) -> (usize, usize) {
        (QUEUE - self.queue.capacity(), QUEUE)
    }

    /// Runs `read` on a snapshot once a thread is free.
    pub(crate) async fn read<T, X>(
        &self,
        read: impl FnOnce(&dyn Snapshot) -> std::result::Result<T, X> + Send + 'static,
    ) -> std::result::Result<T, X>
    where
        T: Send + 'static,
        X: From<Error> + Send + 'static,
    {
        let (sender, reply) = oneshot::channel();
        let request = move |snapshot: Result<&dyn Snapshot>| -> Reply {
            let outcome = snapshot.map_err(X::from).and_then(read);
            Box::new(move || drop(sender.send(outcome))) // fails if nobody waits any more
        };
        self.queue.send(Box::new(request)).await.map_err(|_| Error::Closed)?;
        reply.await.unwrap_or_else(|_| Err(Error::Panicked("a read").into()))
    }
}

fn run(
    mut connection: impl Reader,
    requests: &Mutex<mpsc::Receiver<Request>>,
    threads: usize,
    replies: &ReplyDispatcher,
) {
    let (mut group, mut is_failing) = (Vec::with_capacity(GROUP), false);
    while take(requests, threads, &mut group) {
        group.reverse(); // they are taken off its end
        while !group.is_empty() {
            let (done, failure) = match connection.begin() {
                Ok(()) => (read(&connection, &mut group, replies), connection.end()),
                Err(error) => {
                    let refuse = |request: Request| request(Err(error.clone()));
                    (group.drain(..).rev().map(refuse).collect(), Some(error))
                }
            };
            dispatch(replies, done);
            if let Some(error) = &failure
                && !is_failing
            {
                tracing::error!(error = error as &dyn std::error::Error, "reading failed"); // once, not per read
            }
            is_failing = failure.is_some();
        }
    }
}

/// Runs reads on one snapshot. If the engine ends the snapshot, the remaining reads are left for another one. Otherwise
/// two reads of one request could see different states.
fn read(connection: &impl Reader, group: &mut Vec<Request>, replies: &ReplyDispatcher) -> Vec<Reply> {
    let (mut done, mut since) = (Vec::with_capacity(group.len()), Instant::now());
    while connection.is_open()
        && let Some(request) = group.pop()
    {
        match catch_unwind(AssertUnwindSafe(|| request(Ok(connection)))) {
            Ok(reply) => done.push(reply),
            Err(_) => tracing::error!("a read panicked"),
        }
        if since.elapsed() > TOGETHER {
            dispatch(replies, std::mem::take(&mut done));
            since = Instant::now();
        }
    }
    done
}

fn dispatch(replies: &ReplyDispatcher, done: Vec<Reply>) {
    if !done.is_empty() {
        replies.dispatch(move || done.into_iter().for_each(|reply| reply()));
    }
}

/// Waits for reads and takes this thread's share. Returns `false` once there can be no more.
fn take(requests: &Mutex<mpsc::Receiver<Request>>, threads: usize, group: &mut Vec<Request>) -> bool {
    let mut requests = requests.lock().unwrap_or_else(PoisonError::into_inner);
    let share = (requests.len() / threads).clamp(1, GROUP);
    requests.blocking_recv_many(group, share) > 0
}
