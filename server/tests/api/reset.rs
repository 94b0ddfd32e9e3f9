//! A position that cannot be resumed from is reported with `reset`, never ignored.

use std::time::Duration;

use quchat_shared::{
    Event, Seq,
    event::{Reset, ResetReason},
};

use crate::harness::{Client, Opening, Stream, TestServer, eventually};

/// Resumes from `id`. Returns the `reset` that came instead of a replay, if any, and the stream after it.
fn resume(client: &Client, id: &str) -> (Option<Reset>, Stream) {
    let (_, mut stream) = Opening { last_event_id: Some(id), ..Opening::default() }.open(client);
    match stream.next() {
        received if received.event.name() != "reset" => (None, stream),
        received => {
            let Event::Reset(reset) = received.event else { unreachable!("named so") };
            assert_eq!(received.id, reset.cursor.0, "the reset is itself a position to resume from");
            (Some(reset), stream)
        }
    }
}

#[test]
fn an_invalid_position_is_unknown_and_the_stream_continues_live() {
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
        let reset = reset.unwrap_or_else(|| panic!("{id:?} was accepted as a position"));
        assert_eq!(reset.reason, ResetReason::Unknown, "{id:?}");
        sent += 1;
        alice.send_message(room, "news");
        assert_eq!(stream.until_message(room, Seq(sent)).len(), 1, "live after the reset");
        let query = format!("?since={}", reset.cursor);
        let (_, mut again) = Opening { query: &query, ..Opening::default() }.open(&alice);
        assert_eq!(again.until_message(room, Seq(sent)).len(), 1, "the cursor of a reset is a position");
    }
}

#[test]
fn a_position_in_since_is_checked_the_same_way() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let (_, mut stream) = Opening { query: "?since=garbage", ..Opening::default() }.open(&alice);
    assert!(matches!(stream.next().event, Event::Reset(Reset { reason: ResetReason::Unknown, .. })));
}

#[test]
fn a_position_newer_than_a_restored_backup_is_unknown() {
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
fn a_reader_beyond_the_replay_limit_is_too_far() {
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
    assert_eq!(reset.map(|reset| reset.reason), Some(ResetReason::TooFar), "eleven events behind now");
}

#[test]
fn a_reader_at_the_replay_limit_gets_a_replay() {
    let server = TestServer::start_with(|config| config.replay_max = 10);
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    let position = alice.rooms().cursor.0;
    alice.count_to(room, 10);
    let (reset, mut stream) = resume(&alice, &position);
    assert_eq!(reset, None);
    assert_eq!(stream.until_message(room, Seq(10)).len(), 9, "the first message was read already");
}

#[test]
fn events_that_a_reader_cannot_see_do_not_count_as_behind() {
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
fn private_rooms_of_others_do_not_count_as_behind() {
    let server = TestServer::start_with(|config| config.replay_max = 10);
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let position = bob.rooms().cursor.0;
    let hidden: Vec<_> = (0..15).map(|_| alice.create_private_room("plans")).collect();
    assert_eq!(hidden.len(), 15);
    alice.create_room("lobby");
    assert_eq!(resume(&bob, &position).0, None);
}

#[test]
fn messages_before_a_join_do_not_count_as_behind() {
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
fn a_position_before_deleted_events_is_reported() {
    let server = TestServer::start_with(|config| {
        config.events_kept = 10;
        config.heartbeat = Duration::from_millis(50);
    });
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    let early = alice.rooms().cursor.0;
    alice.count_to(room, 30);
    let (reset, mut stream) = resume(&alice, &early);
    assert_eq!(reset, None, "many events, but recent ones");
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
    assert_eq!((recent, alice.history(room).len()), (Seq(31), 31), "events are deleted, messages never");
}

#[test]
fn the_newest_events_are_kept_whatever_their_age() {
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
