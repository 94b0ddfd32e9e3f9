//! Several servers on one PostgreSQL promise what one of them promises, whichever of them a client talks to.

use std::{collections::BTreeMap, fs, path::Path, thread, time::Duration};

use quchat_server::{Config, clock::Clock};
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
fn activity_in_a_room_is_told_on_the_other_node() {
    needs_postgres!();
    let server = two();
    let (alice, carol) = (on_both(&server, "alice"), on_both(&server, "carol"));
    let room = alice[0].create_room("lobby");
    let mut stream = carol[1].listen();
    alice[0].count_to(room, 3);
    let sign = RoomActivity { id: room, last_seq: Seq(3) };
    until_any(&mut stream, |event| matches!(event, Event::Activity(activity) if activity.rooms.contains(&sign)));
}

#[test]
fn typing_is_told_on_the_other_node() {
    needs_postgres!();
    let server = two();
    let (alice, bob) = (on_both(&server, "alice"), on_both(&server, "bob"));
    let room = alice[0].create_room("lobby");
    bob[0].join(room);
    let mut stream = bob[1].listen();
    alice[0].try_notify_typing(room).expect(204);
    let typing = Typing { room_id: room, user_id: id(&alice[0]) };
    until_any(&mut stream, |event| *event == Event::Typing(typing.clone()));
}

#[test]
fn presence_is_told_on_the_other_node() {
    needs_postgres!();
    let server = two();
    let [alice, bob, carol] = ["alice", "bob", "carol"].map(|name| on_both(&server, name));
    let room = alice[0].create_room("lobby");
    bob[0].join(room);
    carol[0].join(room);
    let mut stream = alice[0].listen();
    let mut hears = |user: &Client, is_online: bool| {
        let told = |presence: &Presence| match is_online {
            true => presence.online.contains(&id(user)),
            false => presence.offline.contains(&id(user)),
        };
        until_any(&mut stream, |event| match event {
            Event::Presence(presence) => {
                assert!(told(presence) || !presence.offline.contains(&id(&bob[0])), "he is still there: {presence:?}");
                presence.room_id == room && told(presence)
            }
            _ => false,
        });
    };
    let on_second = bob[1].listen();
    hears(&bob[0], true);
    for alice in &alice {
        eventually("both nodes know that he is online", || alice.sees_online(&bob[0]).then_some(()));
    }
    let on_first = bob[0].listen();
    drop(on_second);
    let of_carol = carol[1].listen();
    hears(&carol[0], true);
    drop(of_carol);
    hears(&carol[0], false);
    drop(on_first);
    hears(&bob[0], false);
    for alice in &alice {
        eventually("both nodes know that he is gone", || (!alice.sees_online(&bob[0])).then_some(()));
    }
}

#[test]
fn typing_never_follows_a_message_that_was_sent_to_the_other_node() {
    needs_postgres!();
    let server = two();
    let (alice, bob) = (on_both(&server, "alice"), on_both(&server, "bob"));
    let room = alice[0].create_room("lobby");
    bob[0].join(room);
    let mut streams = bob.each_ref().map(Client::listen);
    for n in 1..=20 {
        server.clock.advance(Duration::from_secs(3));
        alice[0].try_notify_typing(room).expect(204);
        alice[1].send_message(room, "x");
        alice[0].send_message(room, "y");
        for stream in &mut streams {
            until_any(stream, |event| message_of(event) == Some((room, Seq(2 * n - 1))));
            until_any(stream, |event| {
                assert_ne!(event.name(), "typing");
                message_of(event) == Some((room, Seq(2 * n)))
            });
        }
    }
}

#[test]
fn who_joins_and_leaves_rooms_while_on_the_other_node_is_online_where_they_are() {
    needs_postgres!();
    let server = two();
    let (alice, bob) = (on_both(&server, "alice"), on_both(&server, "bob"));
    let rooms = ["one", "two"].map(|name| alice[0].create_room(name));
    bob[1].join(rooms[0]);
    let (mut stream, of_bob) = (alice[0].listen(), bob[1].listen());
    let mut is_told = |room: RoomId, is_online: bool| {
        until_any(&mut stream, |event| {
            let Event::Presence(presence) = event else { return false };
            let users = if is_online { &presence.online } else { &presence.offline };
            presence.room_id == room && users.contains(&id(&bob[0]))
        });
    };
    is_told(rooms[0], true);
    bob[0].join(rooms[1]);
    is_told(rooms[1], true);
    bob[1].leave(rooms[0]);
    drop(of_bob);
    is_told(rooms[1], false);
}

/// Two nodes, bob with a stream on the first and alice with one on the second, who knows that he is online. Then the first
/// node is gone, and the second one has noticed.
fn without_the_first_node(offline_after: Duration) -> (TestServer, Client, Stream, Client, RoomId) {
    let mut server = TestServer::start_nodes(2, prepared::data_dir(), Clock::system(), |config| {
        config.presence_delay = Duration::from_millis(20);
        config.offline_after = offline_after;
    });
    let (alice, bob) = (on_both(&server, "alice"), on_both(&server, "bob"));
    let room = alice[0].create_room("lobby");
    bob[0].join(room);
    let (mut stream, of_bob) = (alice[1].listen(), bob[0].listen());
    until_any(&mut stream, |event| matches!(event, Event::Presence(told) if told.online.contains(&id(&bob[0]))));
    server.stop_node(0);
    drop(of_bob);
    let database = server.data_dir.database();
    eventually("the rows of the first node are gone", || {
        (database.number("SELECT count(DISTINCT node_id) FROM online") == 1).then_some(())
    });
    let [_, alice] = alice;
    let [_, bob] = bob;
    (server, alice, stream, bob, room)
}

#[test]
fn whoever_comes_to_another_node_in_time_after_theirs_has_ended_stays_online() {
    needs_postgres!();
    let (_server, alice, mut stream, bob, room) = without_the_first_node(Duration::from_secs(600));
    assert!(alice.sees_online(&bob));
    let _of_bob = bob.listen();
    // What is gathered for 20 ms has been told once somebody else, who comes later, has.
    let carol = Client::sign_in(bob.address, "carol");
    carol.join(room);
    let _of_carol = carol.listen();
    until_any(&mut stream, |event| {
        let Event::Presence(told) = event else { return false };
        assert!(![&told.online, &told.offline].iter().any(|users| users.contains(&id(&bob))), "{told:?}");
        told.online.contains(&id(&carol))
    });
    assert!(alice.sees_online(&bob));
}

#[test]
fn whoever_does_not_come_back_after_their_node_has_ended_goes_offline() {
    needs_postgres!();
    let (_server, alice, mut stream, bob, _room) = without_the_first_node(Duration::from_millis(20));
    until_any(&mut stream, |event| matches!(event, Event::Presence(told) if told.offline.contains(&id(&bob))));
    assert!(!alice.sees_online(&bob));
}

#[test]
fn who_is_online_outlives_the_connections_by_which_nodes_tell_each_other() {
    const CUT: &str = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    needs_postgres!();
    let server = TestServer::start_nodes(2, prepared::data_dir(), Clock::system(), |config| {
        config.presence_delay = Duration::from_millis(20);
        config.offline_after = Duration::from_secs(3);
    });
    let [alice, bob, carol] = ["alice", "bob", "carol"].map(|name| on_both(&server, name));
    let room = alice[0].create_room("lobby");
    [&bob, &carol].iter().for_each(|member| drop(member[0].join(room)));
    let (mut stream, of_bob) = (alice[1].listen(), bob[0].listen());
    let mut next = || loop {
        if let Event::Presence(mut told) = stream.next_of_any_kind().expect("the stream continues").event {
            told.online.retain(|user| *user != id(&alice[1])); // her own coming
            if !told.online.is_empty() || !told.offline.is_empty() {
                return (told.online, told.offline);
            }
        }
    };
    assert_eq!(next(), (vec![id(&bob[1])], vec![]));
    server.data_dir.database().change(CUT);
    let _of_carol = carol[0].listen();
    assert_eq!(next(), (vec![id(&carol[1])], vec![]), "and nothing of bob, who stays");
    drop(of_bob);
    assert_eq!(next(), (vec![], vec![id(&bob[1])]));
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

/// Why a further node does not start on the database of this server.
fn refusal(server: &TestServer, spoil: impl FnOnce(&Path)) -> String {
    let path = server.data_dir.of_node(9);
    spoil(&path);
    let mut config = Config::new(path);
    config.postgres = server.data_dir.postgres();
    match Node::try_start(config) {
        Ok(_) => panic!("it starts"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_node_with_another_signing_key_or_certificate_is_refused() {
    needs_postgres!();
    let server = two();
    let other = DataDir::new();
    TestServer::start_nodes(1, other.clone(), Clock::system(), |_| {}).stop();
    let replace = |path: &Path, names: &[&str]| {
        for name in names {
            fs::copy(other.path().join(name), path.join(name)).unwrap();
        }
    };
    for (names, word) in [(&["signing-key"][..], "signing key"), (&["tls-key.pem", "tls-cert.pem"], "certificate")] {
        let said = refusal(&server, |path| replace(path, names));
        assert!(said.contains(word) && said.contains("copy"), "{said}");
    }
    // The same ones may join.
    let mut config = Config::new(server.data_dir.of_node(10));
    config.postgres = server.data_dir.postgres();
    Node::start(config).stop();
}

#[test]
fn nodes_work_on_tables_to_which_a_later_version_has_added_something() {
    needs_postgres!();
    let server = two();
    let (alice, bob) = (on_both(&server, "alice"), on_both(&server, "bob"));
    let room = alice[0].create_room("lobby");
    bob[1].join(room);
    let mut stream = bob[1].listen();
    thread::scope(|scope| {
        scope.spawn(|| (0..100).for_each(|n| drop(alice[n % 2].send_message(room, "hello"))));
        server.data_dir.database().add_to_tables();
    });
    let received = stream.until_message(room, Seq(100));
    count_from_one(&seqs(&received), 100);
    alice[1].edit(room, 100, "goodbye");
    assert_eq!(bob[0].message(room, 100).text, "goodbye");
    let mut config = Config::new(server.data_dir.of_node(3));
    config.postgres = server.data_dir.postgres();
    let third = Node::start(config);
    assert_eq!(alice[0].at(third.address).send_message(room, "hello").seq, Seq(101));
    third.stop();
    server.data_dir.database().change("UPDATE schema_version SET compatible_from = version");
    let said = refusal(&server, |_| {});
    assert!(said.contains("later version") && said.contains("upgrade"), "{said}");
}

#[test]
fn nodes_write_one_after_the_other_whatever_isolation_the_database_prefers() {
    const WAITING: &str = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory'
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    needs_postgres!();
    let data_dir = prepared::data_dir();
    let database = data_dir.database();
    database.change(
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_isolation = ''repeatable read''',
            current_database()); END $$",
    );
    let server = TestServer::start_nodes(2, data_dir, Clock::system(), |_| {});
    let admin = on_both(&server, "alice");
    // Some of those that wait may be writing something else, in the background.
    for _ in 0..5 {
        let invite: CreatedInvite = admin[0].post("/v1/invites", &json!({})).expect(201).json();
        let delete = |admin: &Client| admin.delete(&format!("/v1/invites/{}", invite.id)).status;
        database.number("BEGIN; SELECT 0 FROM (SELECT pg_advisory_xact_lock(124748992872449)) AS locked");
        let mut statuses = thread::scope(|scope| {
            let deleting = admin.each_ref().map(|admin| scope.spawn(|| delete(admin)));
            eventually("both nodes wait for the lock on writing", || (database.number(WAITING) == 2).then_some(()));
            database.number("COMMIT; SELECT 0");
            deleting.map(|deleting| deleting.join().unwrap())
        });
        statuses.sort_unstable();
        assert_eq!(statuses, [204, 404]);
    }
}

/// Has all nodes connect anew.
const CUT_ALL: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()";

#[test]
fn a_node_that_a_restored_database_does_not_know_keeps_its_number() {
    needs_postgres!();
    let server = two();
    let database = server.data_dir.database();
    let number = database.number("SELECT max(id) FROM nodes");
    database.change(&format!("DELETE FROM nodes WHERE id = {number}; SELECT setval('nodes_id_seq', {number} - 1)"));
    database.change(CUT_ALL);
    let is_known = format!("SELECT count(*) FROM nodes WHERE id = {number}");
    eventually("it has registered again", || (database.number(&is_known) == 1).then_some(()));
    let mut config = Config::new(server.data_dir.of_node(3));
    config.postgres = server.data_dir.postgres();
    let third = Node::start(config);
    assert_eq!(database.number("SELECT max(id) FROM nodes"), number + 1);
    third.stop();
}

#[test]
fn tables_of_the_first_version_are_brought_up_to_date() {
    needs_postgres!();
    let data_dir = prepared::data_dir();
    let database = data_dir.database();
    database.change("ALTER TABLE nodes DROP COLUMN token; UPDATE schema_version SET version = 1");
    let server = TestServer::start_nodes(2, data_dir, Clock::system(), |_| {});
    let alice = server.user("alice");
    alice.count_to(alice.create_room("lobby"), 3);
    assert_eq!(database.number("SELECT count(token) FROM nodes"), 2);
    assert!(database.number("SELECT version FROM schema_version") > 1);
}
