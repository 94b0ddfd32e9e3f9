//! Tests the disk thread with drafts that arrive faster than it writes, second clients, and a failing disk.

use std::sync::mpsc::{Receiver, channel};

use quchat_shared::{RoomId, SessionId, Timestamp, User, UserId, pin::Pin, user::ServerRole};

use super::*;
use crate::state::{kept_pin, kept_session};

struct Home {
    state_dir: StateDir,
    origin: Origin,
    disk: Disk,
    reports: Receiver<Report>,
    _dir: tempfile::TempDir,
}

fn home() -> Home {
    let dir = tempfile::tempdir().unwrap();
    let state_dir = StateDir::at(dir.path().join("quchat"));
    let (disk, reports) = start(&state_dir);
    Home { state_dir, origin: Origin::parse("localhost").unwrap(), disk, reports, _dir: dir }
}

fn start(state_dir: &StateDir) -> (Disk, Receiver<Report>) {
    let (tell, reports) = channel();
    (Disk::start(state_dir.clone(), move |report| tell.send(report).unwrap_or(())).unwrap(), reports)
}

fn alice() -> Session {
    let user = User {
        id: UserId(1),
        name: "alice".into(),
        role: ServerRole::Member,
        created_at: Timestamp::from_millis(0),
        online: true,
        suspended: false,
    };
    Session { id: SessionId(1), token: "a.b.c".into(), expires_at: Timestamp::from_millis(1), user }
}

fn enter(home: &Home) -> Job {
    Job::Enter { epoch: 4, origin: home.origin.clone(), session: alice() }
}

fn save(ticket: u64, room: u64, draft: &str) -> Job {
    Job::Save { tickets: vec![ticket], stored: Stored { draft: draft.into(), ..Stored::new(RoomId(room)) } }
}

fn drafts(report: Report) -> Vec<(u64, String)> {
    let Report::Entered { epoch: 4, found: Ok(found), forgetful: None } = report else { panic!("{report:?}") };
    found.rooms.iter().map(|stored| (stored.room.0, stored.draft.to_string())).collect()
}

#[test]
fn the_latest_save_of_a_room_replaces_queued_ones_and_reports_for_them() {
    let mut queue = Queue::default();
    for job in [save(1, 1, "a"), save(2, 2, "b"), save(3, 1, "ab")] {
        queue.push(job);
    }
    queue.push(Job::Leave(Origin::parse("localhost").unwrap(), "a.b.c".into()));
    queue.push(save(4, 1, "of the next user"));
    let saves = |job: &Job| match job {
        Job::Save { tickets, stored } => (tickets.clone(), stored.draft.to_string()),
        _ => (vec![], "leave".into()),
    };
    let queued: Vec<_> = queue.jobs.iter().map(saves).collect();
    let expected = [(vec![1, 3], "ab"), (vec![2], "b"), (vec![], "leave"), (vec![4], "of the next user")];
    assert_eq!(queued, expected.map(|(tickets, draft)| (tickets, draft.to_owned())));
}

#[test]
fn every_save_is_reported_and_the_last_one_is_on_disk() {
    let home = home();
    home.disk.push(enter(&home));
    assert_eq!(drafts(home.reports.recv().unwrap()), []);
    for ticket in 0..500 {
        home.disk.push(save(ticket, ticket % 3, &format!("draft {ticket}")));
    }
    assert!(home.disk.finish(Duration::from_secs(20)));
    let mut answered: Vec<_> = home
        .reports
        .try_iter()
        .map(|report| match report {
            Report::Saved { ticket, result: Ok(()) } => ticket,
            report => panic!("{report:?}"),
        })
        .collect();
    answered.sort_unstable();
    assert_eq!(answered, (0..500).collect::<Vec<_>>());
    home.disk.push(enter(&home));
    let expected = [(0, 498), (1, 499), (2, 497)].map(|(room, n)| (room, format!("draft {n}")));
    assert_eq!(drafts(home.reports.recv().unwrap()), expected);
}

#[test]
fn a_second_client_is_notified_and_its_saves_change_nothing() {
    let home = home();
    home.disk.push(enter(&home));
    home.disk.push(save(1, 1, "mine"));
    assert!(home.disk.finish(Duration::from_secs(20)));
    let (second, reports) = start(&home.state_dir);
    second.push(enter(&home));
    second.push(save(7, 1, "not kept"));
    let entered = reports.recv().unwrap();
    assert_eq!(entered, Report::Entered { epoch: 4, found: Err(NotKept::Elsewhere), forgetful: None });
    assert_eq!(reports.recv().unwrap(), Report::Saved { ticket: 7, result: Ok(()) });
    home.disk.push(enter(&home));
    assert_eq!(drafts(home.reports.iter().nth(2).unwrap()), [(1, "mine".to_owned())]);
}

#[test]
fn signing_out_deletes_the_token_and_keeps_the_drafts() {
    let home = home();
    home.disk.push(enter(&home));
    home.disk.push(save(1, 1, "later"));
    home.disk.push(Job::Leave(home.origin.clone(), "a.b.c".into()));
    assert!(home.disk.finish(Duration::from_secs(20)));
    assert_eq!(kept_session(&home.state_dir, &home.origin), None);
    assert_eq!(LastSignIn::read(&home.state_dir).name.as_deref(), Some("alice"));
    let (next, reports) = start(&home.state_dir);
    next.push(enter(&home));
    assert_eq!(drafts(reports.recv().unwrap()), [(1, "later".to_owned())]);
}

#[test]
fn a_failing_disk_reports_every_save_with_the_reason() {
    let home = home();
    std::fs::write(home.state_dir.root(), "a file where the directory should be").unwrap();
    home.disk.push(enter(&home));
    home.disk.push(save(1, 1, "kept in memory"));
    let entered = home.reports.recv().unwrap();
    assert!(
        matches!(entered, Report::Entered { epoch: 4, found: Err(NotKept::Failing(_)), forgetful: Some(_) }),
        "{entered:?}"
    );
    assert!(matches!(home.reports.recv().unwrap(), Report::Saved { ticket: 1, result: Err(_) }));
}

#[test]
fn what_was_kept_for_http_moves_to_https_with_the_first_sign_in_there() {
    let home = home();
    let secure = home.origin.clone().encrypted();
    home.disk.push(enter(&home));
    home.disk.push(save(1, 3, "half a thought"));
    home.reports.iter().take(2).for_each(drop);
    home.disk.push(Job::Leave(home.origin.clone(), "other".into())); // the directory is free, the session stays
    assert!(home.disk.finish(Duration::from_secs(10)));

    let (disk, reports) = start(&home.state_dir);
    disk.push(Job::Trust(Server { origin: secure.clone(), pin: Some(Pin([1; 32])) }));
    disk.push(Job::Enter { epoch: 4, origin: secure.clone(), session: alice() });
    assert_eq!(drafts(reports.recv().unwrap()), [(3, "half a thought".to_owned())]);
    assert_eq!(kept_session(&home.state_dir, &home.origin), None);
    assert_eq!(kept_session(&home.state_dir, &secure), Some(alice()));
    assert_eq!(kept_pin(&home.state_dir, &secure), Some(Pin([1; 32])));
}

#[test]
fn what_another_client_uses_or_what_is_there_already_is_not_moved() {
    let home = home();
    let secure = home.origin.clone().encrypted();
    home.disk.push(enter(&home));
    home.disk.push(save(1, 3, "in use"));
    home.reports.iter().take(2).for_each(drop);
    let (disk, reports) = start(&home.state_dir);
    let again = || Job::Enter { epoch: 4, origin: secure.clone(), session: alice() };
    disk.push(again());
    assert_eq!(drafts(reports.recv().unwrap()), []);
    disk.push(save(2, 5, "newer"));
    reports.recv().unwrap();

    home.disk.push(Job::Leave(home.origin.clone(), "other".into())); // now nobody uses it
    assert!(home.disk.finish(Duration::from_secs(10)));
    disk.push(again());
    let both = [(3, "in use".to_owned()), (5, "newer".to_owned())];
    assert_eq!(drafts(reports.recv().unwrap()), both);
}
