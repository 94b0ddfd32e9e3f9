//! Writes in the background. It deletes old rows: once an hour old events, invites and sessions that ended long ago,
//! and at once the rows of deleted rooms. It records which sessions are used, and indexes new messages.

use std::{
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use quchat_shared::Timestamp;

use crate::{
    app::App,
    domain::sessions,
    store::{Result, Tx},
};

/// How often old events and sessions are deleted.
const INTERVAL: Duration = Duration::from_secs(60 * 60);
/// Most events that one transaction deletes.
const EVENTS_AT_ONCE: u32 = 2000;
/// How long a session is kept after its end: its longest lifetime.
const SESSIONS_KEPT_FOR: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How long an invite is kept after its end: a clock that is wrong for a day must delete none.
const INVITES_KEPT_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// Most rows of a deleted room that one transaction removes. Messages wait for it: some milliseconds on two busy cores.
const PURGED_AT_ONCE: u32 = 200;
/// How long until rows of deleted rooms are looked for, even if this server has deleted none.
const PURGE_AGAIN: Duration = Duration::from_secs(60 * 60);
/// How long to wait after a failure before removing the rows of deleted rooms again.
const PURGE_RETRY: Duration = Duration::from_secs(60);

/// Most sessions whose use one transaction records.
const USES_AT_ONCE: usize = 256;
/// How long uses gather between two such transactions.
const USES_DELAY: Duration = Duration::from_secs(1);

/// How long new messages gather before they are indexed: the work is in the way of those who write.
const INDEX_DELAY: Duration = Duration::from_millis(500);
/// How many times as long as indexing some messages took, the others have the database to themselves.
const INDEX_REST: u32 = 20;
/// How long after the last message the index is tidied up.
const INDEX_QUIET: Duration = Duration::from_secs(2);
/// How long to wait after a failure before indexing again.
const INDEX_RETRY: Duration = Duration::from_secs(2);

/// Deletes old events, invites and sessions once an hour. Never completes.
pub(crate) async fn forget(app: Arc<App>) {
    let start = (app.now(), Instant::now());
    loop {
        if let Err(error) = delete_old_events(&app).await {
            tracing::error!(error = &error as &dyn std::error::Error, "cannot delete old events");
        }
        // Sessions are not deleted at the start: a clock that is wrong after a boot is usually set within minutes.
        tokio::time::sleep(INTERVAL).await;
        let now = Instant::now();
        let then = ended_by(start, now, app.now(), INVITES_KEPT_FOR);
        if let Err(error) = app.store.write(move |tx: &mut dyn Tx| tx.delete_invites_ended_by(then)).await {
            tracing::error!(error = &error as &dyn std::error::Error, "cannot delete old invites");
        }
        let then = ended_by(start, now, app.now(), SESSIONS_KEPT_FOR);
        if let Err(error) = app.store.write(move |tx: &mut dyn Tx| tx.delete_sessions_ended_by(then)).await {
            tracing::error!(error = &error as &dyn std::error::Error, "cannot delete old sessions");
        }
    }
}

/// Removes the rows of deleted rooms in small transactions, so that messages do not wait for a large room. Never
/// completes.
pub(crate) async fn purge(app: Arc<App>) {
    loop {
        match app.store.write(|tx: &mut dyn Tx| tx.purge_deleted_rooms(PURGED_AT_ONCE)).await {
            Ok(true) => {}
            Ok(false) => {
                app.index_work.notify_one(); // its new parts may be merged
                // Another server of the same database may have ended before it had removed all.
                let _ = tokio::time::timeout(PURGE_AGAIN, app.room_deleted.notified()).await;
            }
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "cannot purge a deleted room");
                tokio::time::sleep(PURGE_RETRY).await;
            }
        }
    }
}

/// Records in which hour each session was used last. Never completes.
pub(crate) async fn record_session_uses(app: Arc<App>) {
    loop {
        let (used, hour) = (app.session_uses.take(USES_AT_ONCE).await, sessions::to_the_hour(app.now()));
        if let Err(error) = app.store.write(move |tx: &mut dyn Tx| tx.set_last_used(&used, hour)).await {
            // Their next requests note them again. Why the database cannot be written is logged elsewhere.
            tracing::debug!(error = &error as &dyn std::error::Error, "cannot record which sessions were used");
        }
        tokio::time::sleep(USES_DELAY).await;
    }
}

/// Indexes new messages, and those of before the index. While others write, it takes a small part of the time, so that a
/// flood of messages is indexed after it is over. Never completes.
pub(crate) async fn index(app: Arc<App>) {
    let (mut head, mut is_failing) = (0, false);
    loop {
        let begun = Instant::now();
        let indexed = app.store.write(|tx: &mut dyn Tx| tx.index_messages()).await;
        let outcome = match indexed {
            Ok(indexed) if indexed.is_complete => until_new_messages(&app).await,
            Ok(indexed) => {
                if indexed.head != head {
                    tokio::time::sleep(begun.elapsed() * INDEX_REST).await;
                }
                head = indexed.head;
                Ok(())
            }
            Err(error) => Err(error),
        };
        if let Err(error) = &outcome {
            if !is_failing {
                tracing::error!(error = error as &dyn std::error::Error, "cannot index messages");
            }
            tokio::time::sleep(INDEX_RETRY).await;
        }
        is_failing = outcome.is_err();
    }
}

/// Completes when some messages may wait to be indexed. If none come for a while, tidies the index up.
async fn until_new_messages(app: &App) -> Result<()> {
    let mut new = pin!(app.index_work.notified());
    let (mut quiet, mut is_tidy) = (INDEX_QUIET, false);
    while tokio::time::timeout(quiet, &mut new).await.is_err() {
        if is_tidy {
            new.await;
            break;
        }
        let begun = Instant::now();
        is_tidy = !app.store.write(|tx: &mut dyn Tx| tx.tidy_index()).await?;
        quiet = begun.elapsed(); // half of the time is for others
    }
    tokio::time::sleep(INDEX_DELAY).await;
    Ok(())
}

async fn delete_old_events(app: &App) -> Result<()> {
    let keep = app.config.events_kept.max(1); // the newest event marks the end of the log
    let before = earlier(app.now(), app.config.events_kept_for);
    while app.store.write(move |tx: &mut dyn Tx| tx.prune_events(before, keep, EVENTS_AT_ONCE)).await? {}
    Ok(())
}

/// What ended by the returned time can be deleted: `kept_for` before now. A wall clock that jumps ahead must not delete
/// what is still alive, so "now" advances no further than the time measured since the
/// start.
fn ended_by(start: (Timestamp, Instant), now: Instant, wall: Timestamp, kept_for: Duration) -> Timestamp {
    let passed = i64::try_from(now.saturating_duration_since(start.1).as_millis()).unwrap_or(i64::MAX);
    let credible = start.0.as_millis().saturating_add(passed).min(wall.as_millis());
    earlier(Timestamp::from_millis(credible), kept_for)
}

fn earlier(than: Timestamp, by: Duration) -> Timestamp {
    let millis = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_millis(than.as_millis().saturating_sub(millis))
}

#[cfg(test)]
mod tests {
    use quchat_shared::{SessionId, user::ServerRole};

    use super::*;
    use crate::{
        reply_dispatcher::ReplyDispatcher,
        store::{Error, NewSession, NewUser, Store},
    };

    const DAY: i64 = 24 * 60 * 60 * 1000;

    #[test]
    fn a_session_is_deleted_thirty_days_after_its_end_even_if_the_clock_jumps() {
        let (wall, began) = (Timestamp::from_millis(1_000 * DAY), Instant::now());
        let at = |days: i64| Timestamp::from_millis(days * DAY);
        let ended_by = |start, now, wall| ended_by(start, now, wall, SESSIONS_KEPT_FOR);
        let after = |days: u64| began + Duration::from_secs(days * 24 * 60 * 60);
        assert_eq!(ended_by((wall, began), began, wall), at(970));
        assert_eq!(ended_by((wall, began), after(2), at(1_002)), at(972));
        assert_eq!(ended_by((wall, began), after(2), at(1_033)), at(972), "a jump of 31 days");
        assert_eq!(ended_by((wall, began), after(2), at(9_000)), at(972), "a jump of many years");
        assert_eq!(ended_by((wall, began), after(2), at(500)), at(470), "a jump back: the earlier time counts");
    }

    #[tokio::test]
    async fn only_sessions_that_ended_by_the_given_time_are_deleted() {
        let dir = tempfile::tempdir().unwrap();
        let at = Timestamp::from_millis;
        let opened = Store::open(&dir.path().join("db"), at(0)).unwrap();
        let (store, _) = opened.start(ReplyDispatcher::start(), (), |_| {}).unwrap();
        let begin = move |tx: &mut dyn Tx| -> Result<[SessionId; 2]> {
            let new = NewUser { name: "alice", password_hash: "x", role: ServerRole::Member, created_at: at(0) };
            let user = tx.insert_user(&new)?.id;
            let mut insert = |expires_at| {
                tx.insert_session(&NewSession { user, created_at: at(0), expires_at, client: "", last_used_at: at(0) })
            };
            Ok([insert(at(1000))?, insert(at(1001))?])
        };
        let [ended, other] = store.write(begin).await.unwrap();
        store.write(move |tx| tx.delete_sessions_ended_by(at(1000))).await.unwrap();
        let kept =
            store.read(move |store| Ok::<_, Error>((store.session(ended)?, store.session(other)?))).await.unwrap();
        assert!(kept.0.is_none() && kept.1.is_some(), "{kept:?}");
    }
}
