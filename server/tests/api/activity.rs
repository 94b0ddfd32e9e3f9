//! `activity`: reports new messages in public rooms to users who have not joined them.

use std::time::Duration;

use quchat_shared::{
    Event, RoomId, Seq,
    event::{Activity, RoomActivity},
};

use crate::harness::{Opening, Stream, TestServer};

fn quick() -> TestServer {
    TestServer::start_with(|config| config.activity_delay = Duration::from_millis(50))
}

/// Reads until `activity` of `room` reaches `seq`. Returns all activity received until then.
fn activity_until(stream: &mut Stream, room: RoomId, seq: Seq) -> Vec<RoomActivity> {
    let mut seen = Vec::new();
    while !seen.contains(&RoomActivity { id: room, last_seq: seq }) {
        match stream.next_of_any_kind().expect("the stream continues").event {
            Event::Activity(Activity { rooms }) => {
                assert!(!rooms.is_empty(), "an activity event is never empty");
                seen.extend(rooms);
            }
            other => assert_ne!(other.name(), "message.created", "messages are for members"),
        }
    }
    seen
}

#[test]
fn users_outside_a_public_room_see_its_activity_but_not_its_messages() {
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
fn many_messages_are_collected_into_few_activity_events() {
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
    assert!(signs <= 5, "{signs} activity events for 20 messages");
}

/// As [`activity_until`], but the event may have been read already.
fn activity_until_seen(stream: &mut Stream, room: RoomId, seq: Seq) {
    let sign = serde_json::to_string(&RoomActivity { id: room, last_seq: seq }).unwrap();
    if !stream.text().contains(&sign) {
        activity_until(stream, room, seq);
    }
}

#[test]
fn a_private_room_causes_no_activity() {
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
    assert!(
        !alices.text().contains(&format!("{{\"id\":{hidden},")),
        "activity is encoded once for all streams: {}",
        alices.text()
    );
}

#[test]
fn a_resume_reports_missed_activity_in_one_event() {
    let server = quick();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let (one, two, three) = (alice.create_room("one"), alice.create_room("two"), alice.create_room("three"));
    alice.send_message(three, "before");
    let position = bob.rooms().cursor.0;
    alice.count_to(one, 3);
    alice.count_to(two, 2);
    let (_, mut stream) = Opening { last_event_id: Some(&position), ..Opening::default() }.open(&bob);
    let Some(Event::Activity(Activity { mut rooms })) = stream.next_of_any_kind().map(|received| received.event) else {
        panic!("only activity events are expected")
    };
    rooms.sort_by_key(|sign| sign.id);
    let expected = [(one, 3), (two, 2)].map(|(id, last_seq)| RoomActivity { id, last_seq: Seq(last_seq) });
    assert_eq!(rooms, expected);
}

#[test]
fn activity_does_not_move_the_position() {
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
