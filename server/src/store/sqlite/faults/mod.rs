//! Fault injection: the store on a failing disk. Whatever fails and whenever, no acknowledged write is lost, nothing is
//! stored twice or in part, and writing works again once the disk does.

#[expect(unsafe_code, reason = "SQLite calls a file system through C function pointers; only tests register this one")]
mod vfs;

use std::{
    collections::HashMap,
    ffi::c_int,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, mpsc},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use quchat_shared::{
    RoomId, Seq, SessionId, Timestamp, UserId,
    api::{MessageEdit, NewMessage, NewReadMarker, NewRoom},
    event::RoomCreated,
    query::{Bound, ListMessages},
    room::{Role, RoomKind},
    user::ServerRole,
};
use rusqlite::{Connection, ffi};

use self::vfs::{Call, Fault, Plan, Spread};
use crate::{
    domain::{self, Caller, members, message_changes, messages, messages::Sent, reactions, read_markers},
    store::{Error, EventRef, NewMember, NewSession, NewUser, Snapshot, Store, Tx, recorded},
};

const USERS: u64 = 3;
/// Messages in each of the two rooms before anything fails.
const OLD: u64 = 60;
const ROUNDS: u64 = 6;
/// The acknowledged messages, by txn.
type Acknowledged = HashMap<String, (RoomId, Seq)>;

fn now() -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000)
}

fn caller(user: u64) -> Caller {
    Caller { user: UserId(user), session: SessionId(user) }
}

fn text(txn: &str) -> String {
    format!("{txn} {:200}.", "")
}

/// A store in a directory whose disk can fail.
struct House {
    store: Store,
    thread: JoinHandle<()>,
    plan: Arc<Plan>,
    /// Ids of the events that were published.
    published: Arc<Mutex<Vec<u64>>>,
    dir: tempfile::TempDir,
}

impl House {
    fn open(dir: tempfile::TempDir) -> Self {
        let plan = Plan::on(dir.path());
        let (store, thread, published) = recorded::open(dir.path(), now());
        Self { store, thread, plan, published, dir }
    }

    /// Closes the files and returns the directory.
    async fn close(self) -> tempfile::TempDir {
        let Self { store, thread, dir, .. } = self;
        drop(store);
        tokio::task::spawn_blocking(move || thread.join().unwrap()).await.unwrap();
        dir
    }

    async fn send(&self, user: u64, room: RoomId, txn: String) -> domain::Result<(RoomId, Seq)> {
        let send = move |tx: &mut dyn Tx| {
            let new = NewMessage { text: text(&txn), txn: Some(txn.clone()), reply_to: None };
            let (Sent::Created(message) | Sent::Known(message)) =
                messages::send_message(tx, caller(user), room, &new, now())?;
            Ok((message.room_id, message.seq))
        };
        self.store.write(send).await
    }
}

/// A database with some history, made once.
async fn template() -> tempfile::TempDir {
    let house = House::open(tempfile::tempdir().unwrap());
    let fill = |tx: &mut dyn Tx| -> domain::Result<()> {
        for user in 1..=USERS {
            let new = NewUser {
                name: &format!("user{user}"),
                password_hash: "x",
                role: ServerRole::Member,
                created_at: now(),
            };
            let id = tx.insert_user(&new)?.id;
            let (client, now) = ("", now());
            let new = NewSession { user: id, created_at: now, expires_at: now, client, last_used_at: now };
            tx.insert_session(&new)?;
        }
        for (name, kind) in [("lobby", RoomKind::Public), ("den", RoomKind::Private)] {
            let new = NewRoom { name: name.to_owned(), topic: None, kind: Some(kind) };
            let info = tx.insert_room(&new, UserId(1), now())?;
            let event = RoomCreated { room: info.clone() };
            let created = tx.record(&info, EventRef::RoomCreated { by: UserId(1) }, event.into(), now())?;
            let owner =
                NewMember { user: UserId(1), role: Role::Owner, last_read_seq: Seq(0), joined: created, at: now() };
            tx.insert_member(&info, &owner)?;
        }
        Ok(())
    };
    house.store.write(fill).await.unwrap();
    for n in 1..=OLD {
        house.send(1, RoomId(1), format!("old-1-{n}")).await.unwrap();
        house.send(1, RoomId(2), format!("old-2-{n}")).await.unwrap();
    }
    house.close().await
}

fn copy(from: &Path, leave_out: &str) -> tempfile::TempDir {
    let to = tempfile::tempdir().unwrap();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        if !file.file_name().to_str().unwrap().ends_with(leave_out) {
            fs::copy(file.path(), to.path().join(file.file_name())).unwrap();
        }
    }
    to
}

/// Edits a message that is not sent again, and deletes another.
fn change_messages(tx: &mut dyn Tx, round: u64) -> domain::Result<()> {
    let edit = MessageEdit { text: text("edited"), expect_rev: None };
    message_changes::edit_message(tx, caller(1), (RoomId(1), Seq(2 + round * 7)), &edit, now())?;
    message_changes::delete_message(tx, caller(1).into(), (RoomId(1), Seq(3 + round * 7)), now())
}

/// Reacts to two messages, of which another round deletes one, and takes a reaction back.
fn react(tx: &mut dyn Tx, round: u64) -> domain::Result<()> {
    for seq in [3 + round * 3, 4 + round * 7] {
        for emoji in ["👍", "🎉"] {
            match reactions::add_reaction(tx, caller(1), &(RoomId(1), Seq(seq), emoji.to_owned()), now()) {
                Ok(_) | Err(domain::Error::Conflict(_)) => {} // it may be deleted
                Err(error) => return Err(error),
            }
        }
    }
    reactions::remove_reaction(tx, caller(1), &(RoomId(1), Seq(4 + round * 7), "👍".to_owned()), now()).map(drop)
}

/// Erases what was removed, as far as it goes.
async fn erase(store: &Store) -> Result<(), Error> {
    store.write(|tx: &mut dyn Tx| tx.begin_erasing()).await?;
    let found = store.read(|store: &dyn Snapshot| store.leftovers(0, 1000)).await?;
    store.write(move |tx: &mut dyn Tx| tx.erase_leftovers(&found.places)).await?;
    for _ in 0..2 {
        store.write(|tx: &mut dyn Tx| tx.empty_log(Duration::ZERO)).await?;
    }
    store.write(|tx: &mut dyn Tx| tx.end_erasing()).await
}

/// One group of writes of every sort: new messages, retries of old ones, refusals, markers, joining and leaving, changes
/// of messages. Then what was removed is erased. Nothing is asserted of those that fail.
async fn round(house: &Arc<House>, round: u64, acknowledged: &mut Acknowledged) {
    // The writer waits in this attempt until the others are queued.
    let (open, gate) = mpsc::channel::<()>();
    let gate = Mutex::new(gate);
    let (store, waiting) = (house.store.clone(), move |_: &mut dyn Tx| {
        let _ = gate.lock().unwrap().recv(); // an error: it is open
        Ok::<_, domain::Error>(())
    });
    let gate = tokio::spawn(async move { store.write(waiting).await });
    let mut sends = Vec::new();
    let mut others = Vec::new();
    for (user, room, txn) in [
        (1, 1, format!("new-{round}-a")),
        (1, 1, format!("old-1-{}", 1 + round * 7)), // known: reads a page of the past
        (2, 1, format!("new-{round}-b")),
        (3, 2, format!("refused-{round}")), // not in this room
        (1, 2, format!("new-{round}-c")),
        (1, 2, format!("old-2-{}", OLD - round * 7)),
        (1, 1, format!("new-{}-a", round.saturating_sub(1))), // sent once more
    ] {
        let (house, sent) = (Arc::clone(house), txn.clone());
        sends.push((txn, tokio::spawn(async move { house.send(user, RoomId(room), sent).await })));
    }
    let store = house.store.clone();
    let mark = move |tx: &mut dyn Tx| {
        read_markers::mark_read(tx, caller(2), RoomId(1), NewReadMarker { seq: Seq(round * 9), rewind: false }, now())
            .map(drop)?;
        if round.is_multiple_of(2) {
            members::join_room(tx, caller(3), RoomId(1), now()).map(drop)
        } else {
            members::leave_room(tx, caller(3), RoomId(1), now()).map(drop)
        }
    };
    others.push(tokio::spawn(async move { store.write(mark).await }));
    for what in [change_messages, react] {
        let store = house.store.clone();
        others.push(tokio::spawn(async move { store.write(move |tx: &mut dyn Tx| what(tx, round)).await }));
    }
    tokio::task::yield_now().await;
    drop(open);
    let _ = gate.await.unwrap();
    for (txn, sent) in sends {
        if let Ok(place) = sent.await.unwrap() {
            assert!(!txn.starts_with("refused"), "{txn} should have been refused");
            let first = *acknowledged.entry(txn.clone()).or_insert(place);
            assert_eq!(first, place, "{txn} was stored twice");
        }
    }
    for other in others {
        let _ = other.await.unwrap();
    }
    let _ = erase(&house.store).await;
    let page = ListMessages { limit: None, bound: Bound::After(Seq(round * 5)) };
    let _ = house.store.read(move |store| messages::list_messages(store, caller(1).into(), RoomId(2), &page)).await;
}

/// Checks what must hold for the files, whatever happened. Returns the newest event.
fn check(dir: &Path, acknowledged: &Acknowledged) -> u64 {
    let db = Connection::open(dir.join("db")).unwrap();
    let one = |sql: &str| db.query_row(sql, (), |row| row.get::<_, i64>(0)).unwrap();
    let checked: String = db.query_row("PRAGMA integrity_check", (), |row| row.get(0)).unwrap();
    assert_eq!(checked, "ok");
    assert!(!db.prepare("PRAGMA foreign_key_check").unwrap().exists(()).unwrap(), "a foreign key refers to no row");
    let gaps = "SELECT count(*) FROM rooms WHERE last_seq <> (SELECT count(*) FROM messages WHERE room_id = rooms.id)
        OR last_seq <> (SELECT max(seq) FROM messages WHERE room_id = rooms.id)";
    assert_eq!(one(gaps), 0, "seq has a gap, or last_seq is wrong");
    let unlogged = "SELECT count(*) FROM messages WHERE 1 <> (SELECT count(*) FROM events
        WHERE kind = 'message.created' AND events.room_id = messages.room_id AND events.seq = messages.seq)";
    assert_eq!(one(unlogged), 0, "a message does not have exactly one event");
    let last_events = "SELECT count(*) FROM rooms WHERE last_event <> (SELECT id FROM events
        WHERE kind = 'message.created' AND events.room_id = rooms.id AND events.seq = rooms.last_seq)";
    assert_eq!(one(last_events), 0, "last_event is wrong");
    let miscounted = "SELECT count(*) FROM messages
        WHERE coalesce((SELECT sum(value ->> 'count') FROM json_each(reactions)), 0) <> (SELECT count(*) FROM reactions
            WHERE reactions.room_id = messages.room_id AND reactions.seq = messages.seq)";
    assert_eq!(one(miscounted), 0, "a message shows other reactions than it has");
    let half_deleted = "SELECT count(*) FROM messages WHERE (text = '') <> (deleted_at IS NOT NULL)
        OR (deleted_at IS NOT NULL AND reactions IS NOT NULL)";
    assert_eq!(one(half_deleted), 0, "a tombstone has content");
    let place = "SELECT room_id, seq FROM messages WHERE txn = ? AND text = ?";
    for (txn, place_then) in acknowledged {
        let found = db
            .prepare_cached(place)
            .unwrap()
            .query_map([txn.clone(), text(txn)], |row| {
                Ok((RoomId(row.get::<_, u32>(0)?.into()), Seq(row.get::<_, u32>(1)?.into())))
            })
            .unwrap()
            .collect::<rusqlite::Result<Vec<_>>>()
            .unwrap();
        assert_eq!(found, [*place_then], "{txn} was acknowledged");
    }
    one("SELECT max(id) FROM events").cast_unsigned()
}

/// Runs the script with this fault. Returns how often each call was made.
async fn run(template: PathBuf, fault: Option<Fault>) -> [u64; Call::ALL.len()] {
    let dir = copy(&template, "-shm");
    let base = check(dir.path(), &Acknowledged::new());
    let house = Arc::new(House::open(dir));
    house.plan.arm(fault);
    let mut acknowledged = Acknowledged::new();
    for n in 0..ROUNDS {
        round(&house, n, &mut acknowledged).await;
    }
    let counts = house.plan.counts();
    house.plan.arm(None);

    // A crash now may restore writes that were not acknowledged, but only whole transactions.
    check(copy(house.dir.path(), "-shm").path(), &acknowledged);

    // A connection is replaced after two failures; the second one may still be to come.
    let mut place = house.send(2, RoomId(1), "after".to_owned()).await;
    for _ in 0..2 {
        if place.is_err() {
            place = house.send(2, RoomId(1), "after".to_owned()).await;
        }
    }
    let place = place.expect("writing works again");
    acknowledged.insert("after".to_owned(), place);
    assert!(house.store.is_writable());
    for _ in 0..2 {
        if house.store.read(move |store| messages_after(store, place.1)).await.is_ok() {
            break;
        }
    }
    let found = house.store.read(move |store| messages_after(store, place.1)).await.expect("reading works again");
    assert_eq!(found, 1);
    check(copy(house.dir.path(), "-shm").path(), &acknowledged);

    let house = Arc::into_inner(house).unwrap();
    let published = std::mem::take(&mut *house.published.lock().unwrap());
    let dir = house.close().await;
    let head = check(dir.path(), &acknowledged);
    assert_eq!(published, (base + 1..=head).collect::<Vec<_>>(), "the published events differ from the stored ones");
    counts
}

fn messages_after(store: &dyn Snapshot, seq: Seq) -> domain::Result<usize> {
    let page = ListMessages { limit: None, bound: Bound::After(Seq(seq.0 - 1)) };
    messages::list_messages(store, caller(2).into(), RoomId(1), &page).map(|page| page.messages.len())
}

/// The errors that a file system may return for each call.
fn codes(call: Call) -> &'static [c_int] {
    match call {
        Call::Open => &[ffi::SQLITE_CANTOPEN, ffi::SQLITE_NOMEM, ffi::SQLITE_IOERR],
        Call::Read => &[
            ffi::SQLITE_IOERR_READ,      // ESTALE, and most others
            ffi::SQLITE_IOERR_CORRUPTFS, // EIO
            ffi::SQLITE_IOERR_NOMEM,
            ffi::SQLITE_NOMEM,
            ffi::SQLITE_FULL,
            ffi::SQLITE_BUSY,
            ffi::SQLITE_CANTOPEN,
        ],
        Call::Write => &[ffi::SQLITE_IOERR_WRITE, ffi::SQLITE_FULL, ffi::SQLITE_NOMEM, ffi::SQLITE_READONLY],
        Call::Sync => &[ffi::SQLITE_IOERR_FSYNC, ffi::SQLITE_FULL, ffi::SQLITE_NOMEM],
        Call::Truncate => &[ffi::SQLITE_IOERR_TRUNCATE, ffi::SQLITE_FULL],
        Call::FileSize => &[ffi::SQLITE_IOERR_FSTAT, ffi::SQLITE_NOMEM],
        Call::Lock => &[ffi::SQLITE_BUSY, ffi::SQLITE_IOERR_LOCK],
        Call::ShmMap => &[ffi::SQLITE_IOERR_SHMMAP, ffi::SQLITE_IOERR_SHMSIZE, ffi::SQLITE_NOMEM, ffi::SQLITE_CANTOPEN],
        Call::ShmLock => &[ffi::SQLITE_BUSY, ffi::SQLITE_IOERR_SHMLOCK, ffi::SQLITE_NOMEM],
        Call::Access => &[ffi::SQLITE_IOERR_ACCESS],
        Call::Delete => &[ffi::SQLITE_IOERR_DELETE],
    }
}

/// Every fault that occurs somewhere in the script.
fn faults(counts: &[u64]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (call, &count) in Call::ALL.into_iter().zip(counts) {
        for nth in 1..=count {
            for &code in codes(call) {
                for spread in [Spread::Nothing, Spread::Kind, Spread::Everything] {
                    faults.push(Fault { call, nth, code, spread });
                }
            }
        }
    }
    faults
}

async fn run_all(template: &Path, faults: Vec<Fault>, until: Instant) -> usize {
    let mut done = 0;
    for fault in faults {
        if Instant::now() > until {
            break;
        }
        let ran = tokio::spawn(run(template.to_owned(), Some(fault)));
        assert!(ran.await.is_ok(), "with {fault:?}"); // what failed has been printed
        done += 1;
    }
    done
}

#[tokio::test]
async fn without_a_fault_everything_is_acknowledged() {
    let template = template().await;
    let counts = run(template.path().to_owned(), None).await;
    println!("{:?}", Call::ALL.iter().zip(counts).collect::<Vec<_>>());
    for call in [Call::Read, Call::Write, Call::Sync, Call::ShmLock] {
        assert!(counts[call as usize] > 0, "the script never makes the call {call:?}");
    }
}

#[tokio::test]
async fn a_store_that_cannot_be_written_reports_it_and_recovers_by_itself() {
    let house = House::open(copy(template().await.path(), "-shm"));
    let gone = Fault { call: Call::Write, nth: 1, code: ffi::SQLITE_FULL, spread: Spread::Kind };
    house.plan.arm(Some(gone));
    let refused = house.send(1, RoomId(1), "full".to_owned()).await;
    assert!(matches!(refused, Err(domain::Error::Store(Error::Unavailable(_)))), "{refused:?}");
    assert!(!house.store.is_writable());
    house.store.read(|store| messages_after(store, Seq(1))).await.expect("reading still works");
    let refusal = house.send(3, RoomId(2), "refused".to_owned()).await;
    assert!(matches!(refusal, Err(domain::Error::NotFound(_))), "a refusal needs no write and is answered as usual");
    assert!(!house.store.is_writable(), "a refusal does not make the store writable");

    house.plan.arm(None);
    let log = || fs::metadata(house.dir.path().join("db-wal")).unwrap().len();
    let before = log();
    let deadline = Instant::now() + Duration::from_secs(15);
    while !house.store.is_writable() {
        assert!(Instant::now() < deadline, "the store did not notice that it can be written again");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(
        log() > before + 100_000,
        "the test write is larger than a message: the log grew from {before} to {}",
        log()
    );
    check(house.close().await.path(), &Acknowledged::new());
}

/// How many faults the quick test picks, spread over all of them.
const SAMPLE: usize = 150;

#[tokio::test]
async fn no_picked_disk_fault_loses_an_acknowledged_write() {
    let template = template().await;
    let all = faults(&run(template.path().to_owned(), None).await);
    // A stride that reaches all kinds of calls early, in case the time is short.
    let sample = (0..SAMPLE).map(|n| all[n * 7919 % all.len()]).collect();
    run_all(template.path(), sample, Instant::now() + Duration::from_secs(8)).await;
}

#[tokio::test]
#[ignore = "takes minutes: every fault there is"]
async fn no_disk_fault_at_all_loses_an_acknowledged_write() {
    let template = template().await;
    let all = faults(&run(template.path().to_owned(), None).await);
    let count = all.len();
    let done = run_all(template.path(), all, Instant::now() + Duration::from_secs(3600)).await;
    assert_eq!(done, count);
}
