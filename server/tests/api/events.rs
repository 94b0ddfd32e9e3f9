//! `GET /v1/events`: the format of a live stream and the events that it delivers.

use std::time::Duration;

use quchat_shared::{Event, Seq, event::MemberJoined, room::Role};

use crate::harness::{Connection, Opening, TestServer, at_once};

#[test]
fn a_stream_begins_at_once_and_follows_the_standard() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let mut stream = Opening::default().ask(&alice).unwrap_or_else(|answer| panic!("{answer:?}"));
    assert_eq!(stream.head.header("content-type"), Some("text/event-stream"));
    assert_eq!(stream.head.header("cache-control"), Some("no-store"));
    assert_eq!(stream.head.header("x-accel-buffering"), Some("no"));
    assert_eq!(stream.head.header("transfer-encoding"), Some("chunked"));
    assert_eq!(stream.head.header("content-length"), None);
    let Some(Event::Hello(hello)) = stream.next_of_any_kind().map(|received| received.event) else {
        panic!("hello comes first")
    };
    assert_eq!(hello.heartbeat_seconds, 15);
    assert!(stream.text().starts_with("retry: 2000\n"), "{}", stream.text());
}

#[test]
fn a_stream_needs_a_token() {
    let server = TestServer::start();
    let refused = Opening::default().ask(&server.anonymous()).err().expect("a stream needs a token");
    refused.problem(401, "unauthenticated");
}

#[test]
fn a_fresh_stream_starts_now() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    alice.count_to(room, 3);
    let mut stream = alice.listen();
    alice.send_message(room, "4");
    assert_eq!(stream.until_message(room, Seq(4)).len(), 1, "no earlier messages");
}

#[test]
fn creating_a_room_publishes_the_room_and_then_its_owner() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let (mut alices, mut bobs) = (alice.listen(), bob.listen());
    let room = alice.create_room("lobby");
    for stream in [&mut alices, &mut bobs] {
        let Event::RoomCreated(created) = stream.next().event else { panic!("everyone sees a new public room") };
        assert_eq!((created.room.id, &*created.room.name, created.room.rev), (room, "lobby", 1));
    }
    let Event::MemberJoined(MemberJoined { room: info, user, role, by: None }) = alices.next().event else {
        panic!("then its owner")
    };
    assert_eq!((info.id, user.id, role), (room, alice.user().id, Role::Owner));
    alice.send_message(room, "for members");
    assert_eq!(alices.next().event.name(), "message.created");
    let fence = bob.create_room("fence");
    let Event::RoomCreated(created) = bobs.next().event else { panic!("members' events are for members") };
    assert_eq!(created.room.id, fence);
}

#[test]
fn stored_events_have_unique_ids_and_ephemeral_ones_none() {
    let server = TestServer::start_with(|config| config.activity_delay = Duration::from_millis(20));
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let mut stream = alice.listen();
    let room = alice.create_room("lobby");
    bob.join(room);
    bob.send_message(room, "1");
    alice.mark_read(room, 1);
    bob.leave(room);
    let received = stream.until(|event| event.name() == "member.left");
    let names: Vec<_> = received.iter().map(|received| received.event.name()).collect();
    let expected = ["room.created", "member.joined", "member.joined", "message.created", "read.updated", "member.left"];
    assert_eq!(names, expected);
    let mut ids: Vec<_> = received.iter().map(|received| &received.id).collect();
    ids.dedup();
    assert_eq!(ids.len(), received.len(), "{ids:?}");
    let text = stream.text();
    for block in text.split("\n\n").filter(|block| !block.is_empty()) {
        let ephemeral =
            ["hello", "activity", "presence", "typing"].iter().any(|e| block.contains(&format!("event: {e}\n")));
        assert!(!(ephemeral && block.contains("id: ")), "{block}");
        assert!(ephemeral || !block.contains("event: ") || block.contains("id: "), "{block}");
    }
}

#[test]
fn joining_adds_a_room_to_an_open_stream_and_leaving_removes_it() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    let mut stream = bob.listen();
    alice.send_message(room, "1: before");
    bob.join(room);
    alice.send_message(room, "2: within");
    bob.leave(room);
    alice.send_message(room, "3: after");
    bob.join(room);
    alice.send_message(room, "4: again");
    let received = stream.until_message(room, Seq(4));
    let names: Vec<_> = received.iter().map(|received| received.event.name()).collect();
    assert_eq!(names, ["member.joined", "message.created", "member.left", "member.joined", "message.created"]);
}

#[test]
fn the_snapshot_and_the_stream_after_it_leave_no_gap() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    bob.join(room);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| alice.count_to(room, 150));
        while !writer.is_finished() {
            let snapshot = bob.rooms();
            let known = snapshot.rooms[0].info.last_seq;
            if known == Seq(150) {
                break;
            }
            let query = format!("?since={}", snapshot.cursor);
            let (hello, mut stream) = Opening { query: &query, ..Opening::default() }.open(&bob);
            assert_eq!(hello.cursor, snapshot.cursor);
            let Event::MessageCreated(created) = stream.next().event else { panic!("only messages are sent") };
            assert_eq!(created.message.seq, known.next());
        }
    });
}

#[test]
fn no_text_breaks_out_of_its_frame() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    let start = alice.rooms().cursor.0;
    let mut live = alice.listen();
    let texts = [
        "a\n\nid: 9\nevent: bye\ndata: {\"reason\":\"expired\"}\n\n.",
        ":\n\n:",
        "\u{2028}\u{2029}\u{feff}\u{202e}x",
        "\\n\"}",
    ];
    texts.iter().for_each(|text| drop(alice.send_message(room, text)));
    for stream in [&mut live, &mut alice.resume(&start)] {
        for text in texts {
            let Event::MessageCreated(created) = stream.next().event else { panic!("only messages are sent") };
            assert_eq!(created.message.text, text);
        }
    }
}

#[test]
fn all_readers_get_the_same_events_in_the_same_order() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let rooms = [alice.create_room("one"), alice.create_room("two")];
    rooms.iter().for_each(|room| drop(bob.join(*room)));
    let mut streams = [alice.listen(), bob.listen(), server.sign_in("bob").listen()];
    let writers = [&alice, &bob, &alice, &bob];
    at_once(4, |i| (0..25).for_each(|_| drop(writers[i].send_message(rooms[i / 2], "x"))));
    let received = streams.each_mut().map(|stream| (0..100).map(|_| stream.next()).collect::<Vec<_>>());
    assert_eq!(received[0], received[1]);
    assert_eq!(received[0], received[2]);
}

#[test]
fn a_narrowed_stream_delivers_only_its_rooms() {
    let server = TestServer::start_with(|config| config.activity_delay = Duration::from_millis(20));
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let [one, two, three] = ["one", "two", "three"].map(|name| alice.create_room(name));
    [one, two, three].iter().for_each(|room| drop(bob.join(*room)));
    let query = format!("?room={one}&room={three}");
    let (_, mut stream) = Opening { query: &query, ..Opening::default() }.open(&bob);
    for room in [one, two, three] {
        alice.send_message(room, "hello");
        bob.mark_read(room, 1);
    }
    alice.create_room("four");
    alice.send_message(three, "end");
    let received = stream.until_message(three, Seq(2));
    let named: Vec<_> =
        received.iter().map(|received| serde_json::to_value(&received.event).unwrap()["room_id"].clone()).collect();
    assert_eq!(named, [one.0, one.0, three.0, three.0, three.0]);
    assert!(!stream.text().contains("event: activity"), "{}", stream.text());
}

#[test]
fn a_stream_can_be_narrowed_only_to_joined_rooms() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let (public, hidden) = (alice.create_room("lobby"), alice.create_private_room("plans"));
    let refused = |query: &str| Opening { query, ..Opening::default() }.ask(&bob).err().expect("refused");
    refused(&format!("?room={public}")).problem(403, "forbidden");
    refused(&format!("?room={hidden}")).problem(404, "not_found");
    refused("?room=4711").problem(404, "not_found");
    refused("?room=18446744073709551615").problem(404, "not_found");
    refused("?room=lobby").problem(400, "bad_request");
    bob.join(public);
    refused(&format!("?room={public}&room={hidden}")).problem(404, "not_found");
}

#[test]
fn a_heartbeat_in_silence_carries_the_position() {
    let server = TestServer::start_with(|config| config.heartbeat = Duration::from_millis(50));
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let hidden = alice.create_private_room("plans");
    let mut stream = bob.listen();
    let start = bob.rooms().cursor.0;
    alice.send_message(hidden, "nothing bob may see");
    let head = bob.rooms().cursor.0;
    assert_ne!(start, head, "the head moved");
    while stream.last_id() != head {
        assert!(stream.read(Duration::from_secs(5)), "the stream continues");
    }
    assert!(stream.text().contains("\n:"), "a comment: {}", stream.text());
    let (hello, _) = Opening { last_event_id: Some(&head), ..Opening::default() }.open(&bob);
    assert_eq!(hello.cursor.0, head);
}

#[test]
fn heartbeats_also_come_between_messages() {
    let server = TestServer::start_with(|config| config.heartbeat = Duration::from_millis(100));
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    let mut stream = alice.listen();
    let mut sent = 0;
    while stream.text().lines().filter(|line| line.starts_with(':')).count() < 3 {
        sent += 1;
        alice.send_message(room, &sent.to_string());
        stream.until_message(room, Seq(sent));
        assert!(sent < 20_000, "no heartbeat in {sent} messages");
    }
}

#[test]
fn a_stream_is_returned_whatever_the_accept_header_says() {
    let server = TestServer::start();
    let alice = server.user("alice");
    for accept in ["*/*", "text/event-stream", "application/json"] {
        let mut connection = Connection::open(server.address);
        connection.send(format!("GET /v1/events HTTP/1.1\r\n{}Accept: {accept}\r\n\r\n", alice.head_lines()));
        assert_eq!(connection.head().unwrap().status, 200, "{accept}");
    }
}
