//! A task in stages. The memory of a stage is freed before the next one begins, because a stream may stay in its last
//! stage for days.

use std::pin::Pin;

/// One stage of a connection's task. It returns the next stage, or `None` at the end.
pub(crate) struct Stage(Pin<Box<dyn Future<Output = Option<Self>> + Send>>);

impl Stage {
    pub(crate) fn new(future: impl Future<Output = Option<Self>> + Send + 'static) -> Self {
        Self(Box::pin(future))
    }

    /// Runs this stage and all following ones.
    pub(super) async fn run(self) {
        let mut next = Some(self);
        while let Some(Self(stage)) = next {
            next = stage.await;
        }
    }
}
