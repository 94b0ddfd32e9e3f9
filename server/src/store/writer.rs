//! The one writer: a thread that takes what waits, does it in one transaction and answers after the commit.
//!
//! While one group is committed the next one gathers, so a disk that is slow to sync makes groups larger, not
//! queues longer. An attempt that is refused, or panics, leaves no trace. Rules refuse before they write, so that is
//! nearly always so by itself; if not, the group is undone and each attempt is made again in a transaction of its own.
//! That is why an attempt can be made twice, and why no savepoint is paid for with every message.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    thread::{self, JoinHandle},
};

use tokio::sync::{mpsc, oneshot};

use super::{Change, Error, Result, Tx};
use crate::answers::Answers;

/// Attempts that wait for the writer before a new one has to.
const QUEUE: usize = 1024;
/// Most attempts in one transaction: bounds how long the first of them waits for the last.
const GROUP: usize = 256;

/// What the writer needs of a storage engine: one open transaction at a time.
pub(crate) trait Engine: Tx + Send + 'static {
    fn begin(&mut self) -> Result<()>;
    /// Grows with each row that the open transaction writes and with all that it has to tell.
    fn changes_made(&self) -> u64;
    /// Makes the transaction durable and hands out what it has to tell.
    fn commit(&mut self) -> Result<Vec<Change>>;
    /// Drops the transaction, as far as it got.
    fn rollback(&mut self);
    /// Does what is to be done now and then, between transactions. What is committed is durable without it.
    fn settle(&mut self);
}

/// Access to the writer thread.
#[derive(Clone)]
pub(crate) struct Writer {
    queue: mpsc::Sender<Box<dyn Attempt>>,
}

impl Writer {
    /// Starts the thread. `tell` is called after each commit, in commit order, and may block. The thread ends,
    /// closes the engine and then drops `lock`, once all clones of the writer are gone.
    pub(crate) fn start<E: Engine>(
        engine: E,
        answers: Answers,
        lock: impl Send + 'static,
        tell: impl FnMut(Vec<Change>) + Send + 'static,
    ) -> (Self, JoinHandle<()>) {
        let (queue, attempts) = mpsc::channel(QUEUE);
        let thread = thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || {
                run(engine, attempts, &answers, tell);
                drop(lock);
            })
            .expect("a thread can be started while the server starts");
        (Self { queue }, thread)
    }

    /// Done when the thread has ended.
    pub(crate) async fn ended(&self) {
        self.queue.closed().await;
    }

    /// Runs `attempt` in the next transaction and returns what it returned once that is durable.
    pub(crate) async fn write<T, X>(
        &self,
        attempt: impl Fn(&mut dyn Tx) -> std::result::Result<T, X> + Send + 'static,
    ) -> std::result::Result<T, X>
    where
        T: Send + 'static,
        X: From<Error> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let attempt = Waiting { attempt, outcome: None, reply };
        self.queue.send(Box::new(attempt)).await.map_err(|_| Error::Closed)?;
        answer.await.unwrap_or_else(|_| Err(Error::Closed.into()))
    }
}

/// One attempt, whatever it returns.
trait Attempt: Send {
    /// Makes it, perhaps not for the first time; tells whether its changes are to be kept.
    fn run(&mut self, tx: &mut dyn Tx) -> bool;
    /// Answers with what [`Attempt::run`] came to last, if that counts. A refusal, too, may rest on what is not there
    /// any more.
    fn reply(self: Box<Self>, counts: bool);
}

struct Waiting<F, T, X> {
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
    fn run(&mut self, tx: &mut dyn Tx) -> bool {
        self.outcome = None; // should it panic
        self.outcome = Some((self.attempt)(tx));
        matches!(self.outcome, Some(Ok(_)))
    }

    fn reply(self: Box<Self>, counts: bool) {
        let outcome = self.outcome.filter(|_| counts);
        let outcome = outcome.unwrap_or_else(|| Err(Error::Corrupt("the write was not completed").into()));
        let _ = self.reply.send(outcome); // nobody waits any more: the caller hung up
    }
}

fn run(
    mut engine: impl Engine,
    mut attempts: mpsc::Receiver<Box<dyn Attempt>>,
    answers: &Answers,
    mut tell: impl FnMut(Vec<Change>),
) {
    let mut group = Vec::new();
    while attempts.blocking_recv_many(&mut group, GROUP) > 0 {
        match write(&mut engine, &mut group) {
            Ok(Written::Undone) if group.len() > 1 => {
                for mut alone in group.drain(..) {
                    let written = write(&mut engine, std::slice::from_mut(&mut alone));
                    answer(vec![alone], written, answers, &mut tell);
                }
            }
            written => answer(std::mem::take(&mut group), written, answers, &mut tell),
        }
        engine.settle(); // those whose messages were written do not wait for it
    }
}

/// What became of a transaction.
enum Written {
    Committed(Vec<Change>),
    /// An attempt failed that had changed something.
    Undone,
}

fn write(engine: &mut impl Engine, group: &mut [Box<dyn Attempt>]) -> Result<Written> {
    let outcome = try_write(engine, group);
    if !matches!(outcome, Ok(Written::Committed(_))) {
        engine.rollback();
    }
    outcome
}

fn try_write(engine: &mut impl Engine, group: &mut [Box<dyn Attempt>]) -> Result<Written> {
    engine.begin()?;
    for attempt in group {
        let before = engine.changes_made();
        let is_kept = catch_unwind(AssertUnwindSafe(|| attempt.run(engine))).unwrap_or_else(|_| {
            tracing::error!("a write panicked; it is undone");
            false
        });
        if !is_kept && engine.changes_made() != before {
            return Ok(Written::Undone);
        }
    }
    engine.commit().map(Written::Committed)
}

/// Tells what there is to tell, then has those answered whose fate was one: the many who hear of it have the longer way,
/// and the one who is answered may take this thread's core.
fn answer(
    group: Vec<Box<dyn Attempt>>,
    written: Result<Written>,
    answers: &Answers,
    tell: &mut impl FnMut(Vec<Change>),
) {
    let changes = match written {
        Ok(Written::Committed(changes)) => Some(changes),
        Ok(Written::Undone) => Some(Vec::new()), // one alone, which knows why
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "writing failed");
            None
        }
    };
    let counts = changes.is_some();
    if let Some(changes) = changes.filter(|changes| !changes.is_empty()) {
        tell(changes);
    }
    answers.give(move || group.into_iter().for_each(|attempt| attempt.reply(counts)));
}

#[cfg(test)]
mod tests;
