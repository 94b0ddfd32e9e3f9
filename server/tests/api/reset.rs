//! A position that cannot be resumed from is announced, never passed over in silence.

use std::time::Duration;

use quchat_shared::{
    Event, Seq,
    event::{Reset, ResetReason},
};

use crate::harness::{Client, Opening, Stream, TestServer, eventually};

/// Resumes from `id`: the reset that came instead of a replay, if one came, and the stream after it.
fn resume(client: &Client, id: &str) -> (Option<Reset>, Stream) {
    let (_, mut stream) = Opening { last_event_id: Some(id), ..Opening::default() }.open(client);
    match stream.next() {
        told if told.event.name() != "reset" => (None, stream),
        told => {
            let Event::Reset(reset) = told.event else { unreachable!("named so") };
            assert_eq!(told.id, reset.cursor.0, "the reset is itself a position to resume from");
            (Some(reset), stream)
        }
    }
}

#[test]
fn a_position_of_nowhere_is_unknown_and_the_stream_goes_on() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    let elsewhere = TestServer::start();
    let stranger = elsewhere.user("alice");
    stranger.create_room("lobby");
    let foreign = stranger.rooms().cursor.0;
    let head = alice.rooms().cursor.0;
    let beyond = format!("{head}9");
    let endless = format!("{head}{}", "9".repeat(100));
    let mut sent = 0;
    for id in [&foreign, &beyond, &endless, "0", "garbage", "-1", "k3-", "%", "\u{e4}", "' OR 1=1", &"x".repeat(2000)] {
        let (reset, mut stream) = resume(&alice, id);
        let reset = reset.unwrap_or_else(|| panic!("{id:?} was taken for a position"));
        assert_eq!(reset.reason, ResetReason::Unknown, "{id:?}");
        sent += 1;
        alice.send_message(room, "news");
        assert_eq!(stream.until_message(room, Seq(sent)).len(), 1, "live from the reset on");
        let query = format!("?since={}", reset.cursor);
        let (_, mut again) = Opening { query: &query, ..Opening::default() }.open(&alice);
        assert_eq!(again.until_message(room, Seq(sent)).len(), 1, "its cursor is a position");
    }
}

#[test]
fn a_position_given_as_since_is_judged_the_same() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let (_, mut stream) = Opening { query: "?since=garbage", ..Opening::default() }.open(&alice);
    assert!(matches!(stream.next().event, Event::Reset(Reset { reason: ResetReason::Unknown, .. })));
}

#[test]
fn a_position_from_after_the_backup_that_was_restored_is_unknown() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    alice.send_message(room, "1");
    let kept = alice.rooms().cursor.0;
    let (backup, clock) = (server.data_dir.clone(), server.clock.clone());
    server.stop();
    let lost = backup.copy();
    let server = TestServer::start_on(lost, clock.clone(), |_| {});
    let alice = alice.at(server.address);
    alice.send_message(room, "2: not in the backup");
    let gone = alice.rooms().cursor.0;
    server.stop();

    let server = TestServer::start_on(backup, clock, |_| {});
    let alice = alice.at(server.address);
    for text in ["2: after the restore", "3", "4"] {
        alice.send_message(room, text);
    }
    let (reset, _) = resume(&alice, &gone);
    assert_eq!(reset.map(|reset| reset.reason), Some(ResetReason::Unknown));
    let (reset, mut stream) = resume(&alice, &kept);
    assert_eq!(reset, None);
    stream.until_message(room, Seq(4));
}

#[test]
fn further_behind_than_is_replayed_is_too_far() {
    let server = TestServer::start_with(|config| config.replay_max = 10);
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    let early = alice.rooms().cursor.0;
    alice.count_to(room, 5);
    let late = alice.rooms().cursor.0;
    for i in 6..=15 {
        alice.send_message(room, &i.to_string());
    }
    let (reset, mut stream) = resume(&alice, &early);
    let reset = reset.expect("fifteen events behind");
    assert_eq!((reset.reason, &reset.cursor), (ResetReason::TooFar, &alice.rooms().cursor));
    alice.send_message(room, "16");
    assert_eq!(stream.until_message(room, Seq(16)).len(), 1);

    let (reset, _) = resume(&alice, &late);
    assert_eq!(reset.map(|reset| reset.reason), Some(ResetReason::TooFar), "eleven behind by now");
}

#[test]
fn exactly_as_far_as_is_replayed_is_replayed() {
    let server = TestServer::start_with(|config| config.replay_max = 10);
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    let position = alice.rooms().cursor.0;
    alice.count_to(room, 10);
    let (reset, mut stream) = resume(&alice, &position);
    assert_eq!(reset, None);
    assert_eq!(stream.until_message(room, Seq(10)).len(), 9, "the first was read already");
}

#[test]
fn what_a_reader_cannot_see_does_not_count_as_far() {
    let server = TestServer::start_with(|config| config.replay_max = 10);
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let (room, hidden) = (alice.create_room("lobby"), alice.create_private_room("plans"));
    bob.join(room);
    let position = bob.rooms().cursor.0;
    alice.count_to(hidden, 30);
    alice.send_message(room, "hello");
    let (reset, _) = resume(&bob, &position);
    assert_eq!(reset, None);
}

#[test]
fn private_rooms_of_others_do_not_count_as_far() {
    let server = TestServer::start_with(|config| config.replay_max = 10);
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let position = bob.rooms().cursor.0;
    let hidden: Vec<_> = (0..15).map(|_| alice.create_private_room("plans")).collect();
    assert_eq!(hidden.len(), 15);
    alice.create_room("lobby");
    assert_eq!(resume(&bob, &position).0, None);
}

#[test]
fn what_was_said_before_one_came_does_not_count_as_far() {
    let server = TestServer::start_with(|config| config.replay_max = 10);
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    let position = bob.rooms().cursor.0;
    alice.count_to(room, 15);
    bob.join(room);
    alice.send_message(room, "welcome");
    let (reset, mut stream) = resume(&bob, &position);
    assert_eq!(reset, None);
    stream.until_message(room, Seq(16));
}

#[test]
fn what_is_old_and_not_among_the_newest_is_forgotten_aloud() {
    let server = TestServer::start_with(|config| {
        config.events_kept = 10;
        config.heartbeat = Duration::from_millis(50);
    });
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    let early = alice.rooms().cursor.0;
    alice.count_to(room, 30);
    let (reset, mut stream) = resume(&alice, &early);
    assert_eq!(reset, None, "many, but young");
    stream.until_message(room, Seq(30));

    server.clock.advance(Duration::from_secs(8 * 86_400));
    let server = server.restart(|config| {
        config.events_kept = 10;
        config.heartbeat = Duration::from_millis(50);
    });
    let alice = alice.at(server.address);
    let reset = eventually("old events are dropped", || resume(&alice, &early).0);
    assert_eq!(reset.reason, ResetReason::TooOld);

    let recent = {
        alice.send_message(room, "31");
        alice.messages(room, "?limit=1").messages[0].seq
    };
    assert_eq!((recent, alice.history(room).len()), (Seq(31), 31), "only the log forgets, never the history");
}

#[test]
fn the_newest_are_kept_however_old() {
    let server = TestServer::start_with(|config| config.events_kept = 1000);
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    let early = alice.rooms().cursor.0;
    alice.count_to(room, 30);
    server.clock.advance(Duration::from_secs(20 * 86_400));
    let server = server.restart(|config| config.events_kept = 1000);
    let (reset, mut stream) = resume(&alice.at(server.address), &early);
    assert_eq!(reset, None);
    stream.until_message(room, Seq(30));
}
