//! `activity`: signs of life from public rooms, for those who have not joined them.

use std::time::Duration;

use quchat_shared::{
    Event, RoomId, Seq,
    event::{Activity, RoomActivity},
};

use crate::harness::{Opening, Stream, TestServer};

fn quick() -> TestServer {
    TestServer::start_with(|config| config.activity_delay = Duration::from_millis(50))
}

/// Reads until `room` has shown life up to `seq`; everything of the sort that was told until then.
fn activity_until(stream: &mut Stream, room: RoomId, seq: Seq) -> Vec<RoomActivity> {
    let mut seen = Vec::new();
    while !seen.contains(&RoomActivity { id: room, last_seq: seq }) {
        match stream.next_of_any_kind().expect("the stream goes on").event {
            Event::Activity(Activity { rooms }) => {
                assert!(!rooms.is_empty(), "nothing is no news");
                seen.extend(rooms);
            }
            other => assert_ne!(other.name(), "message.created", "messages are for members"),
        }
    }
    seen
}

#[test]
fn someone_outside_sees_that_a_public_room_lives_but_not_what_is_said() {
    let server = quick();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    let mut stream = bob.listen();
    alice.count_to(room, 5);
    let seen = activity_until(&mut stream, room, Seq(5));
    assert!(seen.windows(2).all(|pair| pair[0].last_seq < pair[1].last_seq), "{seen:?}");
    assert!(!stream.text().contains("\"text\""), "{}", stream.text());
}

#[test]
fn many_messages_are_gathered_into_few_signs() {
    let server = TestServer::start_with(|config| config.activity_delay = Duration::from_millis(400));
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let rooms = [alice.create_room("one"), alice.create_room("two")];
    let mut stream = bob.listen();
    for i in 0..20 {
        alice.send_message(rooms[i % 2], "x");
    }
    activity_until(&mut stream, rooms[0], Seq(10));
    activity_until_seen(&mut stream, rooms[1], Seq(10));
    let signs = stream.text().matches("event: activity").count();
    assert!(signs <= 5, "{signs} signs for 20 messages");
}

/// Like [`activity_until`], where the sign may have come along with one that was read already.
fn activity_until_seen(stream: &mut Stream, room: RoomId, seq: Seq) {
    let sign = serde_json::to_string(&RoomActivity { id: room, last_seq: seq }).unwrap();
    if !stream.text().contains(&sign) {
        activity_until(stream, room, seq);
    }
}

#[test]
fn a_private_room_shows_no_life() {
    let server = quick();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let (room, hidden) = (alice.create_room("lobby"), alice.create_private_room("plans"));
    let mut stream = bob.listen();
    let mut alices = alice.listen();
    alice.count_to(hidden, 3);
    alice.send_message(room, "fence");
    let seen = activity_until(&mut stream, room, Seq(1));
    assert!(seen.iter().all(|sign| sign.id == room), "{seen:?}");
    alices.until_message(room, Seq(1));
    assert!(!alices.text().contains(&format!("{{\"id\":{hidden},")), "one encoding serves all: {}", alices.text());
}

#[test]
fn after_a_resume_one_sign_tells_what_moved_meanwhile() {
    let server = quick();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let (one, two, three) = (alice.create_room("one"), alice.create_room("two"), alice.create_room("three"));
    alice.send_message(three, "before");
    let position = bob.rooms().cursor.0;
    alice.count_to(one, 3);
    alice.count_to(two, 2);
    let (_, mut stream) = Opening { last_event_id: Some(&position), ..Opening::default() }.open(&bob);
    let Some(Event::Activity(Activity { mut rooms })) = stream.next_of_any_kind().map(|told| told.event) else {
        panic!("nothing else happened")
    };
    rooms.sort_by_key(|sign| sign.id);
    let expected = [(one, 3), (two, 2)].map(|(id, last_seq)| RoomActivity { id, last_seq: Seq(last_seq) });
    assert_eq!(rooms, expected);
}

#[test]
fn a_sign_of_life_does_not_move_the_position() {
    let server = quick();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    let mut stream = bob.listen();
    alice.send_message(room, "1");
    activity_until(&mut stream, room, Seq(1));
    let sign = stream.text();
    let block = sign.split("\n\n").find(|block| block.contains("event: activity")).unwrap();
    assert!(!block.contains("id: "), "{block}");
}
