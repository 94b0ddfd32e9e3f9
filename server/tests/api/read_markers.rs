//! `PUT /v1/rooms/{room}/read`: read markers and unread counts.

use quchat_shared::{Event, Seq, api::ReadMarker};
use serde_json::json;

use crate::harness::{Stream, TestServer};

fn marker(last_read_seq: u64, unread: u64) -> ReadMarker {
    ReadMarker { last_read_seq: Seq(last_read_seq), unread, mentions: 0 }
}

#[test]
fn messages_after_the_marker_are_unread() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    bob.join(room);
    alice.count_to(room, 5);
    assert_eq!(bob.room(room).unread, 5);
    assert_eq!(bob.mark_read(room, 2), marker(2, 3));
    let seen = bob.room(room);
    assert_eq!((seen.unread, seen.member.unwrap().last_read_seq), (3, Seq(2)));
    let listed = &bob.rooms().rooms[0];
    assert_eq!((listed.unread, listed.member.unwrap().last_read_seq), (3, Seq(2)));
    assert_eq!(alice.room(room).unread, 0, "own messages count as read");
}

#[test]
fn a_marker_moves_only_forward_without_rewind() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    bob.join(room);
    alice.count_to(room, 5);
    assert_eq!(bob.mark_read(room, 4), marker(4, 1));
    assert_eq!(bob.mark_read(room, 2), marker(4, 1));
    let rewind = |seq: u64, rewind: bool| {
        let body = json!({"seq": seq, "rewind": rewind});
        bob.put(&format!("/v1/rooms/{room}/read"), &body).expect(200).json::<ReadMarker>()
    };
    assert_eq!(rewind(2, false), marker(4, 1));
    assert_eq!(rewind(2, true), marker(2, 3));
    assert_eq!(rewind(0, true), marker(0, 5));
    assert_eq!(rewind(3, true), marker(3, 2), "rewind also allows to move forward");
}

#[test]
fn a_marker_is_capped_at_the_end_of_the_room() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    bob.join(room);
    alice.count_to(room, 3);
    assert_eq!(bob.mark_read(room, u64::MAX), marker(3, 0));
    alice.send_message(room, "4");
    assert_eq!(bob.room(room).unread, 1);
}

#[test]
fn sending_moves_only_the_senders_marker() {
    let server = TestServer::start();
    let (alice, bob, carol) = (server.user("alice"), server.user("bob"), server.user("carol"));
    let room = alice.create_room("lobby");
    bob.join(room);
    carol.join(room);
    alice.count_to(room, 3);
    bob.send_message(room, "4");
    let unread = [&alice, &bob, &carol].map(|client| client.room(room).unread);
    assert_eq!(unread, [1, 0, 4]);
}

#[test]
fn only_members_have_a_marker() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    alice.count_to(room, 1);
    bob.try_mark_read(room, 1).problem(403, "forbidden");
    bob.join(room);
    bob.mark_read(room, 1);
    bob.leave(room);
    bob.try_mark_read(room, 1).problem(403, "forbidden");
}

#[test]
fn user_and_room_are_not_mixed_up() {
    let server = TestServer::start();
    let (alice, bob, carol) = (server.user("alice"), server.user("bob"), server.user("carol"));
    let (one, two) = (alice.create_room("one"), alice.create_room("two"));
    for room in [one, two] {
        bob.join(room);
        carol.join(room);
        alice.count_to(room, 3);
    }
    assert!(carol.user().id.0 != one.0 && carol.user().id.0 != two.0, "the ids must differ for this test");
    carol.mark_read(two, 2);
    let unread = |client: &crate::harness::Client| [one, two].map(|room| client.room(room).unread);
    assert_eq!((unread(&alice), unread(&bob), unread(&carol)), ([0, 0], [3, 3], [3, 1]));
}

#[test]
fn only_the_streams_of_the_user_are_notified() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    bob.join(room);
    alice.count_to(room, 2);
    let mut alices = alice.listen();
    let mut bobs = [bob.listen(), server.sign_in("bob").listen()];
    bob.mark_read(room, 1);
    for stream in &mut bobs {
        let Event::ReadUpdated(read) = stream.next().event else { panic!("the marker moved") };
        assert_eq!((read.room_id, read.last_read_seq), (room, Seq(1)));
    }
    alice.send_message(room, "marker");
    assert_eq!(alices.next().event.name(), "message.created");
}

#[test]
fn an_unchanged_marker_is_not_published() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    bob.join(room);
    alice.count_to(room, 2);
    bob.mark_read(room, 2);
    let mut stream = bob.listen();
    bob.mark_read(room, 2);
    bob.mark_read(room, 1);
    bob.mark_read(room, 99);
    bob.send_message(room, "3");
    bob.mark_read(room, 3);
    alice.send_message(room, "4");
    let names =
        |stream: &mut Stream| stream.until_message(room, Seq(4)).iter().map(|t| t.event.name()).collect::<Vec<_>>();
    assert_eq!(
        names(&mut stream),
        ["message.created", "message.created"],
        "a marker moved by sending is not published"
    );
}

#[test]
fn a_marker_needs_a_number() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    for body in [json!({}), json!({"seq": -1}), json!({"seq": "1"}), json!({"seq": 1.5}), json!({"seq": null})] {
        let answer = alice.put(&format!("/v1/rooms/{room}/read"), &body);
        assert!(matches!(answer.status, 400 | 422), "{body}: {}", answer.text());
    }
}

#[test]
fn a_marker_survives_a_restart() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    bob.join(room);
    alice.count_to(room, 3);
    bob.mark_read(room, 2);
    let server = server.restart(|_| {});
    assert_eq!(bob.at(server.address).room(room).unread, 1);
}
