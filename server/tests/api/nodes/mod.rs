//! Several servers on one PostgreSQL promise what one of them promises, whichever of them a client talks to.

mod database;
mod presence;

use std::{collections::BTreeMap, fs, path::Path, thread, time::Duration};

use quchat_server::clock::Clock;
use quchat_shared::{
    Event, Message, RoomId, Seq, UserId,
    event::{ByeReason, Presence, RoomActivity, Typing},
    invite::CreatedInvite,
};
use serde_json::json;

use crate::harness::{
    Answer, Client, DataDir, Node, Opening, Stream, StreamEvent, TestServer, at_once, eventually, message_of,
    needs_postgres, prepared,
};

/// Two nodes. Presence and activity are told soon.
fn two() -> TestServer {
    TestServer::start_nodes(2, prepared::data_dir(), Clock::system(), |config| {
        config.activity_delay = Duration::from_millis(20);
        config.presence_delay = Duration::from_millis(20);
        config.offline_after = Duration::from_millis(20);
    })
}

/// A prepared user on both nodes.
fn on_both(server: &TestServer, name: &str) -> [Client; 2] {
    let client = server.user(name);
    [client.at(server.node(0)), client.at(server.node(1))]
}

fn id(client: &Client) -> UserId {
    client.user().id
}

/// The seqs of the messages among these events.
fn seqs(received: &[StreamEvent]) -> Vec<u64> {
    received.iter().filter_map(|received| message_of(&received.event)).map(|(_, seq)| seq.0).collect()
}

#[track_caller]
fn count_from_one(seqs: &[u64], to: u64) {
    assert_eq!(seqs, (1..=to).collect::<Vec<_>>(), "in order, without a gap, each once");
}

#[test]
fn a_message_reaches_the_streams_of_both_nodes_in_order_and_once() {
    needs_postgres!();
    let server = two();
    let (alice, bob) = (on_both(&server, "alice"), on_both(&server, "bob"));
    let room = alice[0].create_room("lobby");
    bob[1].join(room);
    let mut streams = bob.each_ref().map(Client::listen);
    for n in 0..100 {
        alice[n % 2].send_message(room, &n.to_string());
    }
    let received = streams.each_mut().map(|stream| stream.until_message(room, Seq(100)));
    count_from_one(&seqs(&received[0]), 100);
    assert_eq!(received[0], received[1], "the same events with the same ids");
}

#[test]
fn a_read_marker_says_on_both_nodes_how_many_mentions_are_left_by_then() {
    needs_postgres!();
    let server = two();
    let (alice, bob) = (on_both(&server, "alice"), on_both(&server, "bob"));
    let room = alice[0].create_room("lobby");
    bob[1].join(room);
    for text in ["one @bob", "two", "three @all", "four @bob and @all", "five"] {
        alice[0].send_message(room, text);
    }
    let mut streams = bob.each_ref().map(Client::listen);
    let mut left = Vec::new();
    for seq in 1..=5 {
        bob[seq % 2].mark_read(room, seq as u64);
        alice[0].send_message(room, "later, @bob"); // counts for the next marker
        let moved = streams.each_mut().map(|stream| {
            let received = stream.until(|event| event.name() == "read.updated");
            let Some(Event::ReadUpdated(read)) = received.last().map(|last| last.event.clone()) else {
                panic!("it is")
            };
            (read.last_read_seq.0, read.mentions)
        });
        assert_eq!(moved[0], moved[1]);
        left.push(moved[0]);
    }
    assert_eq!(left, [(1, 2), (2, 3), (3, 3), (4, 3), (5, 4)]);
}

#[test]
fn a_message_is_read_on_the_other_node_as_soon_as_it_is_acknowledged() {
    needs_postgres!();
    let server = two();
    let alice = on_both(&server, "alice");
    let room = alice[0].create_room("lobby");
    for seq in 1..=30 {
        let sent = alice[seq % 2].send_message(room, "hello");
        assert_eq!(alice[(seq + 1) % 2].message(room, seq as u64), sent);
    }
}

#[test]
fn a_stream_goes_on_at_the_other_node_without_a_gap_or_a_double() {
    const MESSAGES: u64 = 400;
    needs_postgres!();
    let server = two();
    let (alice, bob) = (on_both(&server, "alice"), on_both(&server, "bob"));
    let room = alice[0].create_room("lobby");
    bob[0].join(room);
    let mut position = bob[0].rooms().cursor.0;
    thread::scope(|scope| {
        scope.spawn(|| (0..MESSAGES).for_each(|n| drop(alice[(n / 7 % 2) as usize].send_message(room, "hello"))));
        let mut all = Vec::new();
        for hop in 0.. {
            let mut stream = bob[hop % 2].resume(&position);
            while all.len() < (hop + 1) * 20 && all.last() != Some(&MESSAGES) {
                let received = stream.next();
                all.extend(seqs(std::slice::from_ref(&received)));
                position = received.id;
            }
            if all.last() == Some(&MESSAGES) {
                break;
            }
        }
        count_from_one(&all, MESSAGES);
    });
}

#[test]
fn nodes_that_write_at_once_agree_on_one_order() {
    needs_postgres!();
    let server = two();
    let (alice, bob) = (on_both(&server, "alice"), on_both(&server, "bob"));
    let rooms = ["one", "two", "three"].map(|name| alice[0].create_room(name));
    rooms.iter().for_each(|room| drop(bob[0].join(*room)));
    let mut streams = bob.each_ref().map(Client::listen);
    let sent = at_once(8, |n| {
        let send = |i: usize| {
            let room = rooms[(n + i) % 3];
            (room, alice[n % 2].send_message(room, "hello").seq.0)
        };
        (0..40).map(send).collect::<Vec<_>>()
    });
    let fence = alice[0].create_room("fence");
    let is_fence = |event: &Event| matches!(event, Event::RoomCreated(created) if created.room.id == fence);
    let received = streams.each_mut().map(|stream| stream.until(is_fence));
    assert_eq!(received[0], received[1]);
    let mut acknowledged: BTreeMap<RoomId, Vec<u64>> = BTreeMap::new();
    sent.into_iter().flatten().for_each(|(room, seq)| acknowledged.entry(room).or_default().push(seq));
    for room in rooms {
        let seqs = acknowledged.get_mut(&room).unwrap();
        seqs.sort_unstable();
        let last = seqs.len() as u64;
        count_from_one(seqs, last);
        let of_room = received[0].iter().filter_map(|received| message_of(&received.event));
        let of_room: Vec<_> = of_room.filter(|(of, _)| *of == room).map(|(_, seq)| seq.0).collect();
        count_from_one(&of_room, last);
        let history: Vec<_> = bob[1].history(room).iter().map(|message| message.seq.0).collect();
        count_from_one(&history, last);
    }
}

#[test]
fn a_send_that_is_repeated_on_the_other_node_makes_no_second_message() {
    needs_postgres!();
    let server = two();
    let alice = on_both(&server, "alice");
    let room = alice[0].create_room("lobby");
    let sent: Message = alice[0].try_send_once(room, "hello", "a-1").expect(201).json();
    assert_eq!(alice[1].try_send_once(room, "hello", "a-1").expect(200).json::<Message>(), sent);
    for n in 0..20 {
        let answers = at_once(4, |i| alice[i % 2].try_send_once(room, "hello", &format!("b-{n}")));
        assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
        let same: Vec<Message> = answers.iter().map(Answer::json).collect();
        assert!(same.iter().all(|message| *message == same[0]), "{same:?}");
    }
    assert_eq!(alice[1].history(room).len(), 21);
}

#[test]
fn what_ends_a_session_on_one_node_ends_its_streams_on_the_other() {
    needs_postgres!();
    let server = two();
    let (admin, bob) = (on_both(&server, "alice"), on_both(&server, "bob"));
    let sign_in = || Client::sign_in(server.node(0), "bob");
    let ends = |session: &Client, end: &dyn Fn()| {
        let there = session.at(server.node(1));
        let mut stream = there.listen();
        end();
        there.get("/v1/users/me").problem(401, "unauthenticated");
        stream.expects_bye(ByeReason::SignedOut);
    };
    let session = sign_in();
    ends(&session, &|| session.sign_out());
    let new = json!({"current": "correct horse", "new": "a better battery"});
    ends(&sign_in(), &|| drop(bob[0].put("/v1/users/me/password", &new).expect(204)));
    let suspended = json!({"suspended": true});
    let suspend = || admin[0].request("PATCH", &format!("/v1/users/{}", id(&bob[0])), Some(&suspended));
    ends(&bob[0], &|| drop(suspend().expect(200)));
}

#[test]
fn who_leaves_a_room_on_one_node_hears_no_more_of_it_on_the_other() {
    needs_postgres!();
    let server = two();
    let (alice, bob) = (on_both(&server, "alice"), on_both(&server, "bob"));
    type Act<'a> = &'a dyn Fn(RoomId);
    let acts: [Act<'_>; 3] = [&|room| bob[0].leave(room), &|room| alice[0].remove_member(room, &bob[0]), &|room| {
        alice[0].ban(room, &bob[0])
    }];
    for act in acts {
        let room = alice[0].create_private_room("plans");
        alice[0].add_member(room, &bob[0]);
        let mut stream = bob[1].listen();
        alice[0].send_message(room, "for all");
        stream.until_message(room, Seq(1));
        act(room);
        bob[1].get(&format!("/v1/rooms/{room}/messages")).problem(404, "not_found");
        alice[0].send_message(room, "a secret");
        alice[1].send_message(room, "a secret");
        let fence = bob[0].create_room("fence");
        let until = |event: &Event| matches!(event, Event::RoomCreated(created) if created.room.id == fence);
        let after = stream.until(until);
        assert!(after.iter().any(|received| received.event.name() == "member.left"), "{after:?}");
        assert_eq!(seqs(&after), [0; 0], "{after:?}");
        bob[0].delete_room(fence);
    }
}

/// Reads up to an event of any kind that satisfies `stop`.
fn until_any(stream: &mut Stream, stop: impl Fn(&Event) -> bool) {
    while !stop(&stream.next_of_any_kind().expect("the stream continues").event) {}
}

#[test]
fn a_stream_that_begins_between_a_message_and_its_change_gets_the_change() {
    needs_postgres!();
    let server = two();
    let alice = on_both(&server, "alice");
    let room = alice[0].create_room("lobby");
    let position = alice[1].listen().last_id().to_owned();
    let resume = Opening { last_event_id: Some(&position), ..Opening::default() };
    let stream = server.data_dir.database().while_nobody_follows(2, || {
        alice[0].send_message(room, "old");
        // What it reads is written once its node follows as far.
        let stream = resume.send(&alice[1]);
        (0..20).for_each(|_| drop(alice[1].message(room, 1))); // by then it has been read
        alice[0].edit(room, 1, "new");
        stream
    });
    Opening::answered(stream).unwrap().until(|event| match event {
        Event::MessageCreated(created) => created.message.text == "new",
        Event::MessageUpdated(updated) => updated.message.text == "new",
        _ => false,
    });
}

#[test]
fn who_leaves_a_room_does_not_get_what_is_older_but_was_changed_afterwards() {
    needs_postgres!();
    let server = two();
    let (alice, bob) = (on_both(&server, "alice"), on_both(&server, "bob"));
    let room = alice[0].create_private_room("plans");
    alice[0].add_member(room, &bob[0]);
    let mut stream = bob[1].listen();
    alice[0].send_message(room, "for all");
    stream.until_message(room, Seq(1));
    let database = server.data_dir.database();
    database.while_nobody_follows(2, || {
        alice[0].send_message(room, "for all, too");
        alice[0].remove_member(room, &bob[0]);
        alice[0].edit(room, 2, "a secret");
    });
    let position = stream.last_id().to_owned();
    stream.expects_bye(ByeReason::Slow);
    assert!(!stream.text().contains("secret"), "{}", stream.text());
    let mut stream = bob[1].resume(&position);
    stream.until(|event| matches!(event, Event::MemberLeft(left) if left.room_id == room));
    assert!(!stream.text().contains("secret"), "{}", stream.text());
}

#[test]
fn a_session_that_ended_does_not_get_what_is_older_but_was_changed_afterwards() {
    needs_postgres!();
    let server = two();
    let (alice, bob) = (on_both(&server, "alice"), on_both(&server, "bob"));
    let room = alice[0].create_room("lobby");
    bob[0].join(room);
    let session = Client::sign_in(server.node(0), "bob");
    let mut stream = session.at(server.node(1)).listen();
    server.data_dir.database().while_nobody_follows(2, || {
        alice[0].send_message(room, "for all");
        session.sign_out();
        alice[0].edit(room, 1, "a secret");
    });
    stream.expects_bye(ByeReason::SignedOut);
    assert!(!stream.text().contains("secret"), "{}", stream.text());
}

#[test]
fn a_node_that_stops_takes_its_own_streams_only_and_they_go_on_elsewhere() {
    needs_postgres!();
    let mut server = two();
    let (alice, bob) = (on_both(&server, "alice"), on_both(&server, "bob"));
    let room = alice[0].create_room("lobby");
    bob[0].join(room);
    let mut streams = bob.each_ref().map(Client::listen);
    alice[0].send_message(room, "1");
    streams[0].until_message(room, Seq(1));
    let position = streams[0].last_id().to_owned();
    server.stop_node(0);
    streams[0].expects_bye(ByeReason::Shutdown);
    alice[1].send_message(room, "2");
    count_from_one(&seqs(&streams[1].until_message(room, Seq(2))), 2);
    assert_eq!(seqs(&bob[1].resume(&position).until_message(room, Seq(2))), [2]);
    // Through the balancer, too.
    let (_, mut stream) = Opening { last_event_id: Some(&position), ..Opening::default() }.open(&server.user("bob"));
    assert_eq!(seqs(&stream.until_message(room, Seq(2))), [2]);
}

#[test]
fn positions_outlive_the_restart_of_one_node_and_of_all() {
    needs_postgres!();
    let mut server = two();
    let (alice, bob) = (on_both(&server, "alice"), on_both(&server, "bob"));
    let room = alice[0].create_room("lobby");
    bob[0].join(room);
    let position = bob[0].rooms().cursor.0;
    alice[0].send_message(room, "1");
    server.stop_node(0);
    alice[1].send_message(room, "2");
    let server = server.restart(|_| {});
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    alice.send_message(room, "3");
    count_from_one(&seqs(&bob.resume(&position).until_message(room, Seq(3))), 3);
}
