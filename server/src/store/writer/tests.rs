//! What the writer promises to the writes of a group.

use std::sync::{Arc, Mutex};

use quchat_shared::{RoomId, RoomInfo, Seq, Timestamp, UserId, event::ReadUpdated, room::RoomKind};

use super::*;
use crate::metrics::Page;
use crate::store::{EventRef, NewUser, Store, recorded};

fn now() -> Timestamp {
    Timestamp::from_millis(0)
}

type Outcome<T> = std::result::Result<T, Error>;

struct House {
    store: Store,
    published: Arc<Mutex<Vec<u64>>>,
    dir: tempfile::TempDir,
}

fn house() -> House {
    let dir = tempfile::tempdir().unwrap();
    let (store, _, published) = recorded::open(dir.path(), now());
    House { store, published, dir }
}

/// Records an event; its room and user need not exist.
fn record(tx: &mut dyn Tx) -> Outcome<u64> {
    let room = RoomInfo {
        id: RoomId(1),
        rev: 1,
        name: "lobby".to_owned(),
        topic: String::new(),
        kind: RoomKind::Public,
        created_by: UserId(1),
        created_at: now(),
        last_seq: Seq(1),
        archived: false,
    };
    let event = ReadUpdated { room_id: room.id, last_read_seq: Seq(1), mentions: 0 };
    tx.record(&room, EventRef::ReadUpdated { user: UserId(1), seq: Seq(1) }, event.into(), now())
}

fn add_user(tx: &mut dyn Tx, name: &str) -> Outcome<UserId> {
    use quchat_shared::user::ServerRole::Member;
    Ok(tx.insert_user(&NewUser { name, password_hash: "x", role: Member, created_at: now() })?.id)
}

#[tokio::test]
async fn a_refused_write_leaves_no_changes_and_uses_no_event_id() {
    let house = house();
    let refused = house.store.write(|tx| {
        add_user(tx, "alice")?;
        record(tx)?;
        Err::<(), _>(Error::BrokenRow("so it is decided"))
    });
    assert!(matches!(refused.await, Err(Error::BrokenRow("so it is decided"))));
    let id = house.store.write(record).await.unwrap();
    assert_eq!(id, 1);
    assert!(!house.store.read(|store| store.any_user()).await.unwrap());
}

#[tokio::test]
async fn a_write_that_panics_is_rolled_back_alone() {
    let house = house();
    let panicking = house.store.write(|tx| {
        add_user(tx, "alice")?;
        if tx.any_user()? {
            panic!("this panic is part of the test");
        }
        Ok::<_, Error>(())
    });
    let (panicked, added) = tokio::join!(panicking, house.store.write(|tx| add_user(tx, "bob")));
    assert!(matches!(panicked, Err(Error::Panicked(_))), "{panicked:?}");
    assert!(added.is_ok());
    assert!(house.store.read(|store| store.user_named("alice")).await.unwrap().is_none());
    assert!(house.store.read(|store| store.user_named("bob")).await.unwrap().is_some());
}

#[tokio::test]
async fn commits_are_published_in_commit_order() {
    let house = house();
    let write = |store: Store| async move { store.write(record).await };
    let writes: Vec<_> = (0..200).map(|_| tokio::spawn(write(house.store.clone()))).collect();
    let mut given = Vec::new();
    for write in writes {
        given.push(write.await.unwrap().unwrap());
    }
    // Waits for one more reply. Everything before it has then been published.
    house.store.write(|_| Ok::<_, Error>(())).await.unwrap();
    given.sort_unstable();
    assert_eq!(given, (1..=200).collect::<Vec<_>>());
    assert_eq!(*house.published.lock().unwrap(), given);
}

#[tokio::test]
async fn slow_writes_do_not_wait_for_each_other() {
    let house = house();
    let (open, gate) = std::sync::mpsc::channel();
    let first = tokio::spawn({
        let store = house.store.clone();
        async move { store.write(move |_| Ok::<_, Error>(gate.recv().is_ok())).await }
    });
    let slow = |store: Store| async move {
        let write = |tx: &mut dyn Tx| {
            let begun = Instant::now();
            while begun.elapsed() <= GROUP_TIME {}
            record(tx)
        };
        store.write(write).await
    };
    let slow: Vec<_> = (0..3).map(|_| tokio::spawn(slow(house.store.clone()))).collect();
    tokio::task::yield_now().await; // all of them are queued behind the first
    open.send(()).unwrap();
    assert!(first.await.unwrap().unwrap());
    for (nth, slow) in slow.into_iter().enumerate() {
        assert_eq!(slow.await.unwrap().unwrap(), nth as u64 + 1);
    }
    let mut page = Page::default();
    page.histogram("writes", &[], &house.store.commits().writes);
    let page = page.into_text();
    assert!(page.contains("writes_count 3\n"), "each is committed before the next one begins: {page}");
}

#[tokio::test]
async fn the_log_does_not_grow_with_all_that_is_written() {
    let house = house();
    for write in 0..60 {
        let add = move |tx: &mut dyn Tx| -> Outcome<()> {
            (0..60).try_for_each(|n| add_user(tx, &format!("{write}-{n}-{:4000}", "")).map(drop))
        };
        house.store.write(add).await.unwrap();
    }
    let log = std::fs::metadata(house.dir.path().join("db-wal")).unwrap().len();
    assert!(log < 60 * 60 * 4000 / 2, "{log} bytes");
}
