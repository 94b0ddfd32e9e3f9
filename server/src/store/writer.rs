//! The one writer: a thread that takes what waits, does it in one transaction and answers after the commit.
//!
//! While one group is committed the next one gathers, so a disk that is slow to sync makes groups larger, not
//! queues longer. An attempt that is refused, or panics, leaves no trace in the group it ran in.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    thread::{self, JoinHandle},
};

use tokio::sync::{mpsc, oneshot};

use super::{Change, Error, Result, Tx};

/// Attempts that wait for the writer before a new one has to.
const QUEUE: usize = 1024;
/// Most attempts in one transaction: bounds how long the first of them waits for the last.
const GROUP: usize = 256;

/// What the writer needs of a storage engine: one open transaction at a time, with a mark to go back to.
pub(crate) trait Engine: Tx + Send + 'static {
    fn begin(&mut self) -> Result<()>;
    /// Marks the state to which [`Engine::undo`] returns.
    fn mark(&mut self) -> Result<()>;
    /// Undoes everything since the mark and forgets it.
    fn undo(&mut self) -> Result<()>;
    /// Keeps everything since the mark and forgets it.
    fn keep(&mut self) -> Result<()>;
    /// Makes the transaction durable and hands out what it has to tell.
    fn commit(&mut self) -> Result<Vec<Change>>;
    /// Drops the transaction, as far as it got.
    fn rollback(&mut self);
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
        lock: impl Send + 'static,
        tell: impl FnMut(Vec<Change>) + Send + 'static,
    ) -> (Self, JoinHandle<()>) {
        let (queue, attempts) = mpsc::channel(QUEUE);
        let thread = thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || {
                run(engine, attempts, tell);
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
        attempt: impl FnOnce(&mut dyn Tx) -> std::result::Result<T, X> + Send + 'static,
    ) -> std::result::Result<T, X>
    where
        T: Send + 'static,
        X: From<Error> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let attempt = Waiting { attempt: Some(attempt), outcome: None, reply };
        self.queue.send(Box::new(attempt)).await.map_err(|_| Error::Closed)?;
        answer.await.unwrap_or_else(|_| Err(Error::Closed.into()))
    }
}

/// One attempt, whatever it returns.
trait Attempt: Send {
    /// Runs it; tells whether its changes are to be kept.
    fn run(&mut self, tx: &mut dyn Tx) -> bool;
    /// Answers with what [`Attempt::run`] came to, if the group was committed. A refusal, too, may rest on what is
    /// not there any more.
    fn reply(self: Box<Self>, committed: bool);
}

struct Waiting<F, T, X> {
    attempt: Option<F>,
    outcome: Option<std::result::Result<T, X>>,
    reply: oneshot::Sender<std::result::Result<T, X>>,
}

impl<F, T, X> Attempt for Waiting<F, T, X>
where
    F: FnOnce(&mut dyn Tx) -> std::result::Result<T, X> + Send,
    T: Send,
    X: From<Error> + Send,
{
    fn run(&mut self, tx: &mut dyn Tx) -> bool {
        self.outcome = self.attempt.take().map(|attempt| attempt(tx));
        matches!(self.outcome, Some(Ok(_)))
    }

    fn reply(self: Box<Self>, committed: bool) {
        let outcome = self.outcome.filter(|_| committed);
        let outcome = outcome.unwrap_or_else(|| Err(Error::Corrupt("the write was not completed").into()));
        let _ = self.reply.send(outcome); // nobody waits any more: the caller hung up
    }
}

fn run(mut engine: impl Engine, mut attempts: mpsc::Receiver<Box<dyn Attempt>>, mut tell: impl FnMut(Vec<Change>)) {
    let mut group = Vec::with_capacity(GROUP);
    while attempts.blocking_recv_many(&mut group, GROUP) > 0 {
        match write_group(&mut engine, &mut group) {
            Ok(changes) => {
                group.drain(..).for_each(|attempt| attempt.reply(true));
                if !changes.is_empty() {
                    tell(changes);
                }
            }
            Err(error) => {
                engine.rollback();
                tracing::error!(error = &error as &dyn std::error::Error, attempts = group.len(), "writing failed");
                group.drain(..).for_each(|attempt| attempt.reply(false));
            }
        }
    }
}

fn write_group(engine: &mut impl Engine, group: &mut [Box<dyn Attempt>]) -> Result<Vec<Change>> {
    engine.begin()?;
    for attempt in group {
        engine.mark()?;
        let kept = catch_unwind(AssertUnwindSafe(|| attempt.run(engine))).unwrap_or_else(|_| {
            tracing::error!("a write panicked; it is undone");
            false
        });
        if kept { engine.keep()? } else { engine.undo()? }
    }
    engine.commit()
}

#[cfg(test)]
mod tests;
