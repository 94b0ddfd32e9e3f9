//! A task in stages: what one stage needs is freed before the next begins. A stream may stay in its last stage for days.

use std::pin::Pin;

/// One stage of a connection's task. It completes with the next one, or with `None` at the end.
pub(crate) struct Stage(Pin<Box<dyn Future<Output = Option<Self>> + Send>>);

impl Stage {
    pub(crate) fn new(future: impl Future<Output = Option<Self>> + Send + 'static) -> Self {
        Self(Box::pin(future))
    }

    /// Runs this stage and all that follow.
    pub(super) async fn run(self) {
        let mut next = Some(self);
        while let Some(Self(stage)) = next {
            next = stage.await;
        }
    }
}
