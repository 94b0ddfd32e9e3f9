//! The rows that SQL selects for a user are a superset of what the domain shows them.

use proptest::{
    collection::vec,
    option,
    prelude::*,
    sample::{select, subsequence},
    test_runner::{Config, TestRunner},
};
use quchat_shared::{event::RoomDeleted, room::RoomKind};

use super::*;
use crate::{
    domain::audience::{Viewer, may_know},
    store::{ReadMembers, ReadRooms, event_columns::EventKind, writer::Engine},
};

const USERS: u64 = 3;
/// Kind and `is_deleted` of each room, by id from 1 on.
const ROOMS: [(&str, bool); 5] =
    [("public", false), ("private", false), ("direct", false), ("public", true), ("private", true)];
const EVENTS: u64 = 40;

/// An arbitrary log and memberships, whether or not the rules could produce them.
#[derive(Debug, Clone)]
struct Case {
    /// For each user and room, the event with which the user joined, if they are a member.
    joined: Vec<Vec<Option<u64>>>,
    /// The kind, room, user and seq of each event.
    events: Vec<(EventKind, u64, u64, u64)>,
    only: Vec<RoomId>,
    after: u64,
    through: u64,
}

fn case() -> impl Strategy<Value = Case> {
    let rooms = 1..=ROOMS.len() as u64;
    let joined = vec(vec(option::of(1..=EVENTS), ROOMS.len()), USERS as usize);
    let events = vec((select(EventKind::ALL), rooms.clone(), 1..=USERS, 1..9_u64), 0..=EVENTS as usize);
    let only = subsequence(rooms.map(RoomId).collect::<Vec<_>>(), 0..=ROOMS.len());
    (joined, events, only, 0..EVENTS, 0..=EVENTS).prop_map(|(joined, events, only, after, through)| Case {
        joined,
        events,
        only,
        after,
        through,
    })
}

fn fill(db: &mut Sqlite, case: &Case) -> Result<()> {
    for user in 1..=USERS {
        db.run("INSERT INTO users VALUES (?1, ?1, ?1, '', 'member', 0, 0)", [int(user)])?;
    }
    for (id, (kind, is_deleted)) in (1_i64..).zip(ROOMS) {
        db.run(
            "INSERT INTO rooms (id, name, name_key, topic, kind, created_by, created_at, is_deleted)
             VALUES (?1, ?1, ?1, '', ?2, 1, 0, ?3)",
            params![id, kind, is_deleted],
        )?;
    }
    for (user, rooms) in (1_i64..).zip(&case.joined) {
        for (room, joined) in (1_i64..).zip(rooms) {
            if let Some(joined) = joined {
                db.run(
                    "INSERT INTO members (user_id, room_id, role, joined_event, last_read_seq, joined_at)
                     VALUES (?, ?, 'member', ?, 0, 0)",
                    [user, room, int(*joined)],
                )?;
            }
        }
    }
    for &(kind, room, user, seq) in &case.events {
        let is_to_everyone = kind == EventKind::RoomDeleted && ROOMS[room as usize - 1].0 == "public";
        let user = (!is_to_everyone).then_some(UserId(user));
        let columns = EventColumns { kind, user, seq: Some(Seq(seq)), by: None, banned: false };
        let what = columns.event_ref().expect("nothing is missing");
        let event = RoomDeleted { room_id: RoomId(room) };
        db.record(&info(room), what, event.into(), Timestamp::from_millis(0))?;
    }
    Ok(())
}

fn info(room: u64) -> RoomInfo {
    RoomInfo {
        id: RoomId(room),
        rev: 1,
        name: room.to_string(),
        topic: String::new(),
        kind: RoomKind::Public,
        created_by: UserId(1),
        created_at: Timestamp::from_millis(0),
        last_seq: Seq(0),
        archived: false,
    }
}

fn check(db: &Sqlite, case: &Case) {
    let all = db
        .all("SELECT id, kind, room_id, user_id, seq, by_id, banned FROM events ORDER BY id", (), logged_event)
        .unwrap();
    for user in (1..=USERS).map(UserId) {
        let viewer = Viewer::new(db, user).unwrap();
        let kind = |room| Ok(db.room(room)?.map_or(RoomKind::Private, |room| room.kind));
        let is_asked_for = |event: &&LoggedEvent| {
            (case.after + 1..=case.through).contains(&event.id)
                && (case.only.is_empty() || case.only.contains(&event.room))
        };
        let seen = all.iter().filter(is_asked_for).filter(|event| viewer.sees(event, || kind(event.room)).unwrap());
        let selected = db.events_for(user, &case.only, case.after, case.through).unwrap();
        assert!(selected.is_sorted_by(|a, b| a.id < b.id), "each event once, in order: {selected:?}");
        for event in seen {
            assert!(selected.contains(event), "{user} sees {event:?}, which is not selected");
        }
        let counted = db.count_events_for(user, &case.only, case.after, u64::MAX).unwrap();
        assert!(counted >= selected.len() as u64);

        let listed = db.rooms_of(user).unwrap();
        for (room, (_, is_deleted)) in (1..).map(RoomId).zip(ROOMS) {
            let is_member = db.membership(room, user).unwrap().is_some();
            if !is_deleted && may_know(kind(room).unwrap(), is_member) {
                assert!(listed.iter().any(|listed| listed.info.id == room), "{room} is not listed for {user}");
            }
        }
    }
}

#[test]
fn the_rows_for_a_user_include_all_that_they_may_see() {
    let dir = tempfile::tempdir().unwrap();
    let mut db = Sqlite::open(&dir.path().join("db")).unwrap();
    let db = std::cell::RefCell::new(&mut db);
    let config = Config { cases: 256, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&case(), |case| {
        let db = &mut **db.borrow_mut();
        db.rollback(); // of a case that failed
        Engine::begin(db, &[]).unwrap();
        fill(db, &case).unwrap();
        check(db, &case);
        db.rollback();
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}
