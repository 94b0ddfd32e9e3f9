//! A bounded pool of threads that read, each with a connection of its own.
//!
//! What waits is taken a few at a time and read out of one snapshot: a transaction, and waking a thread, cost as much
//! as a small read.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use tokio::sync::{mpsc, oneshot};

use super::{Error, Result, Snapshot};
use crate::answers::Answers;

/// Reads that wait for a thread before a new one has to.
const QUEUE: usize = 1024;
/// Most reads out of one snapshot.
const GROUP: usize = 16;
/// How long an answer waits for those that go with it: long reads are no reason to let short ones wait.
const TOGETHER: Duration = Duration::from_millis(1);

/// A read-only connection to the store.
pub(crate) trait Reader: Snapshot + Send + 'static {
    /// Holds on to one state of the store.
    fn begin(&mut self) -> Result<()>;
    /// Whether it still holds on to it: an engine may let go by itself when it fails.
    fn is_open(&self) -> bool;
    /// Lets go of it, and says what failed meanwhile.
    fn end(&mut self) -> Option<Error>;
}

/// Access to the threads, which end when all clones are gone.
#[derive(Clone)]
pub(crate) struct Readers {
    queue: mpsc::Sender<Question>,
}

/// Something to be read, which comes to an answer.
type Question = Box<dyn FnOnce(Result<&dyn Snapshot>) -> Answer + Send>;
/// Tells whoever asked.
type Answer = Box<dyn FnOnce() + Send>;

impl Readers {
    /// Starts a thread for each connection.
    pub(crate) fn start<R: Reader>(connections: Vec<R>, answers: &Answers) -> (Self, Vec<JoinHandle<()>>) {
        let (queue, questions) = mpsc::channel(QUEUE);
        let (questions, threads) = (Arc::new(Mutex::new(questions)), connections.len());
        let start = |connection| {
            let (questions, answers) = (Arc::clone(&questions), answers.clone());
            let thread = thread::Builder::new().name("reader".to_owned());
            let thread = thread.spawn(move || run(connection, &questions, threads, &answers));
            thread.expect("a thread can be started while the server starts")
        };
        (Self { queue }, connections.into_iter().map(start).collect())
    }

    /// Runs `read` on one state of the store, once a thread is free.
    pub(crate) async fn read<T, X>(
        &self,
        read: impl FnOnce(&dyn Snapshot) -> std::result::Result<T, X> + Send + 'static,
    ) -> std::result::Result<T, X>
    where
        T: Send + 'static,
        X: From<Error> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let question = move |snapshot: Result<&dyn Snapshot>| -> Answer {
            let outcome = snapshot.map_err(X::from).and_then(read);
            Box::new(move || drop(reply.send(outcome))) // fails if nobody waits any more
        };
        self.queue.send(Box::new(question)).await.map_err(|_| Error::Closed)?;
        answer.await.unwrap_or_else(|_| Err(Error::Panicked("a read").into()))
    }
}

fn run(mut connection: impl Reader, questions: &Mutex<mpsc::Receiver<Question>>, threads: usize, answers: &Answers) {
    let (mut group, mut is_failing) = (Vec::with_capacity(GROUP), false);
    while take(questions, threads, &mut group) {
        group.reverse(); // they are taken off its end
        while !group.is_empty() {
            let (found, failure) = match connection.begin() {
                Ok(()) => (read(&connection, &mut group, answers), connection.end()),
                Err(error) => {
                    let refuse = |question: Question| question(Err(error.clone()));
                    (group.drain(..).rev().map(refuse).collect(), Some(error))
                }
            };
            give(answers, found);
            if let Some(error) = &failure
                && !is_failing
            {
                tracing::error!(error = error as &dyn std::error::Error, "reading failed"); // once, not per read
            }
            is_failing = failure.is_some();
        }
    }
}

/// Answers out of one snapshot. If the engine let go of it, the rest of the group is left for another one: two reads of
/// the same question could see two states.
fn read(connection: &impl Reader, group: &mut Vec<Question>, answers: &Answers) -> Vec<Answer> {
    let (mut found, mut since) = (Vec::with_capacity(group.len()), Instant::now());
    while connection.is_open()
        && let Some(question) = group.pop()
    {
        match catch_unwind(AssertUnwindSafe(|| question(Ok(connection)))) {
            Ok(answer) => found.push(answer),
            Err(_) => tracing::error!("a read panicked"),
        }
        if since.elapsed() > TOGETHER {
            give(answers, std::mem::take(&mut found));
            since = Instant::now();
        }
    }
    found
}

fn give(answers: &Answers, found: Vec<Answer>) {
    if !found.is_empty() {
        answers.give(move || found.into_iter().for_each(|answer| answer()));
    }
}

/// Waits for questions and takes this thread's share of them; `false` once there will be none.
fn take(questions: &Mutex<mpsc::Receiver<Question>>, threads: usize, group: &mut Vec<Question>) -> bool {
    let mut questions = questions.lock().unwrap_or_else(PoisonError::into_inner);
    let share = (questions.len() / threads).clamp(1, GROUP);
    questions.blocking_recv_many(group, share) > 0
}
