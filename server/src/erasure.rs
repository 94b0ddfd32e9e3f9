//! Erases from the files what was deleted or replaced: some time after its removal, and again until it succeeds.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::time::sleep;

use crate::{
    app::App,
    backup,
    store::{Result, Snapshot, Tx},
};

/// How much of the database one read looks through, and one transaction may overwrite: a millisecond or two.
const PLACES_AT_ONCE: u64 = 100;
/// How long to wait for the readers of an older state of the database before the log is emptied.
const LOG_RETRY: Duration = Duration::from_secs(1);
/// How long the first attempt to empty the log may keep messages waiting for such readers, and how long a later one: each
/// twice as long as the one before. Most reads last less than a millisecond.
const PATIENCE: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(250));
/// How long to wait after a failure.
const FAILURE_RETRY: Duration = Duration::from_secs(10);

/// Erases what is removed from now on, and what an earlier run did not. Never completes.
pub(crate) async fn erase(app: Arc<App>) {
    loop {
        app.store.removal().await;
        sleep(app.config.erase_delay).await;
        while let Err(error) = erase_removed(&app).await {
            tracing::error!(error = &error as &dyn std::error::Error, "cannot erase deleted messages from the files");
            sleep(FAILURE_RETRY).await;
        }
    }
}

async fn erase_removed(app: &App) -> Result<()> {
    app.store.write(|tx: &mut dyn Tx| tx.begin_erasing()).await?;
    let leftovers = erase_leftovers(app).await; // the log is emptied in any case
    let mut patience = PATIENCE.0;
    loop {
        // Waiting for the end of a backup would keep messages waiting for nothing.
        if !backup::is_running(&app.config.data_dir)
            && app.store.write(move |tx: &mut dyn Tx| tx.empty_log(patience)).await?
        {
            break;
        }
        sleep(LOG_RETRY.min(app.config.erase_delay)).await;
        patience = (patience * 2).min(PATIENCE.1);
    }
    leftovers?;
    app.store.write(|tx: &mut dyn Tx| tx.end_erasing()).await
}

/// Goes through the whole database in small transactions, and leaves disk and cores to others for as long as it uses
/// them. The first time that may overwrite most of the database; after that, what has been added since.
async fn erase_leftovers(app: &App) -> Result<()> {
    let mut next = Some(0);
    while let Some(after) = next {
        let begun = Instant::now();
        let found = app.store.read(move |store: &dyn Snapshot| store.leftovers(after, PLACES_AT_ONCE)).await?;
        next = found.next;
        if !found.places.is_empty() {
            app.store.write(move |tx: &mut dyn Tx| tx.erase_leftovers(&found.places)).await?;
        }
        sleep(begun.elapsed()).await;
    }
    Ok(())
}
