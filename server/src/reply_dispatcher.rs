//! Sends replies from the threads of the store and the hub back into the async runtime, in batches.
//!
//! A wake-up from outside the runtime may wake a thread, which costs as much as a small transaction. A batch of replies
//! costs one such wake-up; waking the tasks from within the runtime is nearly free.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::sync::mpsc;

/// A handle of the task that sends the replies. The task ends when all clones are dropped.
#[derive(Clone)]
pub(crate) struct ReplyDispatcher(mpsc::UnboundedSender<Batch>); // bounded by the queues of the requests

type Batch = Box<dyn FnOnce() + Send>;

impl ReplyDispatcher {
    /// Starts the task.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub(crate) fn start() -> Self {
        let (batches, mut inbox) = mpsc::unbounded_channel::<Batch>();
        tokio::spawn(async move {
            while let Some(reply) = inbox.recv().await {
                if catch_unwind(AssertUnwindSafe(reply)).is_err() {
                    tracing::error!("sending replies panicked"); // the rest of this batch fails with a closed channel
                }
            }
        });
        Self(batches)
    }

    /// Runs `reply`, which sends the replies of one batch, within the runtime.
    pub(crate) fn dispatch(&self, reply: impl FnOnce() + Send + 'static) {
        let _ = self.0.send(Box::new(reply)); // fails only once the runtime has ended, and with it all who wait
    }
}
