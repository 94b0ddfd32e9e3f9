//! The writer: the only thread that changes the database. It takes all waiting writes, runs them in one transaction
//! (group commit) and replies after the commit.
//!
//! While one group is committed the next one gathers, so a disk that is slow to sync makes groups larger, not queues
//! longer. A write that is refused or panics leaves no changes. Rules usually refuse before they write, so there is
//! nothing to undo. Otherwise, or if the engine failed, the group is rolled back, and each write runs again in its own
//! transaction. The engine may end the whole transaction on an error, so undoing a single write is not enough. So a
//! write can run twice, and no message pays for a savepoint.
//!
//! A commit that fails is not retried. It counts as rolled back, and its writes get the failure as their reply. Only if
//! the engine has lost its connection and knows that nothing was committed, the group runs again, on a new one: once, and
//! for a moment longer if the database could be written until then.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use tokio::sync::{mpsc, oneshot};

use super::{Commits, Committed, Error, Hints, Result, Tx, health::Health};
use crate::reply_dispatcher::ReplyDispatcher;

/// Most queued writes; callers then wait.
const QUEUE: usize = 1024;
/// Most writes in one transaction. This bounds how long the first of them waits for the last …
const GROUP: usize = 256;
/// … as this does, if they take long: afterwards no further one is begun.
const GROUP_TIME: Duration = Duration::from_millis(50);
/// How long a group is tried again after the connection was lost: longer than PostgreSQL takes to restart.
const AGAIN_FOR: Duration = Duration::from_secs(2);
/// How long to wait before the third attempt, and before each after it.
const PAUSE: Duration = Duration::from_millis(20);

/// What the writer needs of a storage engine: one open transaction at a time.
pub(crate) trait Engine: Tx + Send + 'static {
    /// `hints` say what the writes of the group are about to read.
    fn begin(&mut self, hints: &[&Hints]) -> Result<()>;
    /// A counter that grows with each row that the open transaction writes and with each change that it publishes.
    fn changes_made(&self) -> u64;
    /// Whether the transaction is still open. The engine may end it when it fails.
    fn is_open(&self) -> bool;
    /// The failure of the engine since the transaction began or this was last called, even if the write ignored it.
    fn take_failure(&mut self) -> Option<Error>;
    /// Makes the transaction durable and returns what it publishes.
    fn commit(&mut self) -> Result<Committed>;
    /// Whether the last commit failed because of one of the writes.
    fn has_refused_write(&self) -> bool {
        false
    }
    /// Whether the transaction failed with its connection or for want of one, and certainly left nothing behind.
    fn has_lost_connection(&self) -> bool {
        false
    }
    /// Rolls the transaction back.
    fn rollback(&mut self);
    /// Does regular maintenance between transactions, such as a checkpoint. Durability does not depend on it.
    fn maintain(&mut self);
}

/// A handle of the writer thread.
#[derive(Clone)]
pub(crate) struct Writer {
    queue: mpsc::Sender<Box<dyn Attempt>>,
}

/// A weak handle of the writer thread, which does not keep it running.
pub(crate) struct Watched(mpsc::WeakSender<Box<dyn Attempt>>);

impl Watched {
    pub(crate) fn upgrade(&self) -> Option<Writer> {
        self.0.upgrade().map(|queue| Writer { queue })
    }
}

impl Writer {
    /// Starts the thread. `publish` is called after each commit, in commit order, and may block. The thread ends once all
    /// clones of the writer are gone, or after a fatal error. It closes the engine after the threads of `others`, which
    /// read the same database and end with the store, and drops `lock` last.
    pub(crate) fn start<E: Engine>(
        mut engine: E,
        replies: ReplyDispatcher,
        health: Health,
        commits: Arc<Commits>,
        others: Vec<JoinHandle<()>>,
        lock: impl Send + 'static,
        publish: impl FnMut(Committed) + Send + 'static,
    ) -> (Self, JoinHandle<()>) {
        let (queue, attempts) = mpsc::channel(QUEUE);
        let thread = thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || {
                run(&mut engine, attempts, &replies, &health, &commits, publish);
                if health.fatal().is_none() {
                    // When the last connection closes, SQLite copies the log into the file, but not if two connections
                    // close at once.
                    others.into_iter().for_each(|other| drop(other.join()));
                }
                drop(engine);
                drop(lock);
            })
            .expect("a thread can be started while the server starts");
        (Self { queue }, thread)
    }

    pub(crate) fn watched(&self) -> Watched {
        Watched(self.queue.downgrade())
    }

    /// How many writes wait, and the most that may.
    pub(super) fn waiting(&self) -> (usize, usize) {
        (QUEUE - self.queue.capacity(), QUEUE)
    }

    /// Completes when the thread has ended.
    pub(crate) async fn ended(&self) {
        self.queue.closed().await;
    }

    /// Runs `attempt` in the next transaction, and returns its result once it is durable.
    pub(crate) async fn write<T, X>(
        &self,
        hints: Hints,
        attempt: impl Fn(&mut dyn Tx) -> std::result::Result<T, X> + Send + 'static,
    ) -> std::result::Result<T, X>
    where
        T: Send + 'static,
        X: From<Error> + Send + 'static,
    {
        let (sender, reply) = oneshot::channel();
        let attempt = Waiting { hints, attempt, outcome: None, reply: sender };
        self.queue.send(Box::new(attempt)).await.map_err(|_| Error::Closed)?;
        reply.await.unwrap_or_else(|_| Err(Error::Closed.into()))
    }
}

/// A queued write with any result type.
trait Attempt: Send {
    fn hints(&self) -> &Hints;
    /// Runs it, perhaps for the second time. Returns whether its changes should be kept.
    fn run(&mut self, tx: &mut dyn Tx) -> bool;
    /// Replies with the outcome of the last [`Attempt::run`], unless its transaction was rolled back. A refusal may
    /// also depend on changes that were rolled back.
    fn reply(self: Box<Self>, fate: &Fate);
}

/// The fate of the transaction in which a write ran last.
enum Fate {
    Committed,
    /// It contained only this write, which was refused.
    Undone,
    Failed(Error),
}

struct Waiting<F, T, X> {
    hints: Hints,
    attempt: F,
    outcome: Option<std::result::Result<T, X>>,
    reply: oneshot::Sender<std::result::Result<T, X>>,
}

impl<F, T, X> Attempt for Waiting<F, T, X>
where
    F: Fn(&mut dyn Tx) -> std::result::Result<T, X> + Send,
    T: Send,
    X: From<Error> + Send,
{
    fn hints(&self) -> &Hints {
        &self.hints
    }

    fn run(&mut self, tx: &mut dyn Tx) -> bool {
        self.outcome = None; // should it panic
        self.outcome = Some((self.attempt)(tx));
        matches!(self.outcome, Some(Ok(_)))
    }

    fn reply(self: Box<Self>, fate: &Fate) {
        let outcome = match (fate, self.outcome) {
            (Fate::Committed, Some(outcome)) => outcome,
            (Fate::Undone, Some(Err(refusal))) => Err(refusal),
            (Fate::Undone, Some(Ok(_))) => Err(Error::Incomplete.into()),
            (Fate::Failed(error), _) => Err(error.clone().into()),
            (Fate::Committed | Fate::Undone, None) => Err(Error::Panicked("a write").into()),
        };
        let _ = self.reply.send(outcome); // nobody waits any more: the caller hung up
    }
}

fn run(
    engine: &mut impl Engine,
    mut attempts: mpsc::Receiver<Box<dyn Attempt>>,
    replies: &ReplyDispatcher,
    health: &Health,
    commits: &Commits,
    mut publish: impl FnMut(Committed),
) {
    let mut group = Vec::new();
    while health.fatal().is_none() && (!group.is_empty() || attempts.blocking_recv_many(&mut group, GROUP) > 0) {
        match write_again(engine, &mut group, commits, health) {
            Ok(written) => {
                let rest = group.split_off(written.attempts);
                finish(std::mem::replace(&mut group, rest), Ok(written), replies, health, &mut publish);
            }
            Err(Failed::Undone(failure)) if group.len() > 1 => {
                if let Some(error) = failure.filter(|_| health.is_writable()) {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(
                        error,
                        attempts = group.len(),
                        "a write failed; retrying the writes of its group one by one"
                    );
                }
                for mut alone in group.drain(..) {
                    let written = write_again(engine, std::slice::from_mut(&mut alone), commits, health);
                    finish(vec![alone], written, replies, health, &mut publish);
                }
            }
            failed => finish(std::mem::take(&mut group), failed, replies, health, &mut publish),
        }
        engine.maintain(); // after the replies, which do not wait for it
    }
}

/// The result of a committed transaction.
struct Written {
    committed: Committed,
    /// How many attempts of the group it holds, from the first on.
    attempts: usize,
    /// Whether anything was written to the disk.
    is_any: bool,
}

/// Why a transaction was not committed.
enum Failed {
    /// A write failed after it had changed something, or the engine failed during it.
    Undone(Option<Error>),
    /// The transaction could not begin or commit.
    Engine(Error),
}

/// Runs a group, and again if the connection was lost.
fn write_again(
    engine: &mut impl Engine,
    group: &mut [Box<dyn Attempt>],
    commits: &Commits,
    health: &Health,
) -> std::result::Result<Written, Failed> {
    let until = Instant::now() + AGAIN_FOR;
    let mut written = write(engine, group, commits);
    let mut is_again = false;
    while written.is_err() && engine.has_lost_connection() {
        if std::mem::replace(&mut is_again, true) {
            if !health.is_writable() || Instant::now() >= until {
                break;
            }
            thread::sleep(PAUSE);
        }
        written = write(engine, group, commits);
    }
    written
}

fn write(
    engine: &mut impl Engine,
    group: &mut [Box<dyn Attempt>],
    commits: &Commits,
) -> std::result::Result<Written, Failed> {
    let begun = Instant::now();
    let outcome = try_write(engine, group);
    match &outcome {
        Ok(Written { is_any: true, attempts, .. }) => commits.count(*attempts, begun.elapsed()),
        Ok(_) => {}
        Err(_) => engine.rollback(),
    }
    outcome
}

fn try_write(engine: &mut impl Engine, group: &mut [Box<dyn Attempt>]) -> std::result::Result<Written, Failed> {
    let hints = group.iter().map(|attempt| attempt.hints()).collect::<Vec<_>>();
    engine.begin(&hints).map_err(Failed::Engine)?;
    let (begun, begun_at) = (engine.changes_made(), Instant::now());
    let mut attempts = 0;
    for attempt in group {
        if attempts > 0 && begun_at.elapsed() >= GROUP_TIME {
            break;
        }
        attempts += 1;
        let before = engine.changes_made();
        let is_kept = catch_unwind(AssertUnwindSafe(|| attempt.run(engine))).unwrap_or_else(|_| {
            tracing::error!("a write panicked and was rolled back");
            false
        });
        let failure = engine.take_failure();
        if failure.is_some() || !engine.is_open() || (!is_kept && engine.changes_made() != before) {
            return Err(Failed::Undone(failure));
        }
    }
    let is_any = engine.changes_made() != begun;
    engine.commit().map(|committed| Written { committed, attempts, is_any }).map_err(|error| {
        match engine.has_refused_write() {
            true => Failed::Undone(Some(error)),
            false => Failed::Engine(error),
        }
    })
}

/// Records the state of the database, publishes the changes, then replies to the whole group. Publishing comes first
/// because the events have the longer way to go, and a caller that gets its reply may occupy this thread's core.
fn finish(
    group: Vec<Box<dyn Attempt>>,
    written: std::result::Result<Written, Failed>,
    replies: &ReplyDispatcher,
    health: &Health,
    publish: &mut impl FnMut(Committed),
) {
    note(&written, health);
    let fate = match written {
        Ok(Written { committed, .. }) => {
            if !committed.changes.is_empty() {
                publish(committed);
            }
            Fate::Committed
        }
        Err(Failed::Undone(_)) => Fate::Undone,
        Err(Failed::Engine(error)) => Fate::Failed(error),
    };
    replies.dispatch(move || group.into_iter().for_each(|attempt| attempt.reply(&fate)));
}

fn note(written: &std::result::Result<Written, Failed>, health: &Health) {
    match written {
        Ok(written) if written.is_any => health.write_succeeded(),
        Ok(_) | Err(Failed::Undone(None)) => {} // says nothing about the disk
        Err(Failed::Undone(Some(error)) | Failed::Engine(error)) => match error {
            Error::Unavailable(cause) => health.write_failed(cause),
            Error::Fatal(reason) => health.must_end(reason),
            error => tracing::error!(error = error as &dyn std::error::Error, "writing failed"),
        },
    }
}

#[cfg(test)]
mod tests;
