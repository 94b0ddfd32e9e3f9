//! Reads for the hub which rooms show who is online. The hub itself reads nothing: it asks here and goes on.

use std::{sync::Arc, time::Duration};

use tokio::sync::mpsc;

use crate::{
    app::App,
    domain::{
        Error,
        presence::{self, Question},
    },
    store::{self, Snapshot},
};

/// How long to wait after a failure before the same questions are read again.
const RETRY: Duration = Duration::from_secs(1);

/// Answers the hub's questions, one after the other. Completes when the hub or the store has ended.
pub(crate) async fn answer(app: Arc<App>, mut questions: mpsc::Receiver<Vec<Question>>) {
    while let Some(questions) = questions.recv().await {
        let questions = Arc::new(questions);
        let rooms = loop {
            let asked = Arc::clone(&questions);
            match app.store.read(move |store: &dyn Snapshot| presence::look_up(store, &asked)).await {
                Ok(rooms) => break rooms,
                Err(Error::Store(store::Error::Closed)) => return,
                Err(error) => {
                    // The readers have logged why.
                    tracing::debug!(error = &error as &dyn std::error::Error, "cannot look rooms up for presence");
                    tokio::time::sleep(RETRY).await;
                }
            }
        };
        app.hub.looked_up(rooms).await;
    }
}
