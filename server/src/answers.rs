//! The way back into the runtime, for the threads that work for its tasks.
//!
//! Each wake from outside may cost the waking of a thread, which here costs as much as a small transaction. A batch of
//! answers costs one; within the runtime its tasks are woken for next to nothing.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::sync::mpsc;

/// Gives answers. Clones share the task that does it, which ends when all are gone.
#[derive(Clone)]
pub(crate) struct Answers(mpsc::UnboundedSender<Batch>); // each is to a question, and the queues of those are bounded

type Batch = Box<dyn FnOnce() + Send>;

impl Answers {
    /// Starts the task. To be called within the runtime.
    pub(crate) fn start() -> Self {
        let (batches, mut inbox) = mpsc::unbounded_channel::<Batch>();
        tokio::spawn(async move {
            while let Some(give) = inbox.recv().await {
                if catch_unwind(AssertUnwindSafe(give)).is_err() {
                    tracing::error!("giving answers panicked"); // those of this batch are told that there is none
                }
            }
        });
        Self(batches)
    }

    /// Runs `give`, which answers those of one batch, within the runtime.
    pub(crate) fn give(&self, give: impl FnOnce() + Send + 'static) {
        let _ = self.0.send(Box::new(give)); // fails only once the runtime has ended, and with it all who wait
    }
}
