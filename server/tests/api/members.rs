//! `PUT`/`DELETE /v1/rooms/{room}/members/me`: coming and going.

use quchat_shared::{Event, Room, RoomId, Seq, room::Role};
use serde_json::json;

use crate::harness::TestServer;

#[test]
fn joining_shows_the_room_as_ones_own_with_everything_read() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    alice.count_to(room, 3);
    let joined = bob.join(room);
    let member = joined.member.unwrap();
    assert_eq!((member.role, member.last_read_seq, joined.unread), (Role::Member, Seq(3), 0));
    assert_eq!(joined.last_message.as_ref().map(|message| message.seq), Some(Seq(3)));
    assert_eq!(bob.room(room), joined);
    alice.send_message(room, "4");
    assert_eq!(bob.room(room).unread, 1);
}

#[test]
fn joining_needs_no_body_and_minds_none() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    let target = format!("/v1/rooms/{room}/members/me");
    for body in [json!({}), json!(null), json!({"role": "owner"}), json!("x".repeat(10_000))] {
        let joined: Room = bob.put(&target, &body).expect(200).json();
        assert_eq!(joined.member.unwrap().role, Role::Member);
        bob.request("DELETE", &target, Some(&body)).expect(204);
    }
}

#[test]
fn joining_twice_changes_nothing_and_tells_nobody() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    bob.join(room);
    alice.send_message(room, "unread");
    let mut stream = alice.listen();
    let again = bob.join(room);
    assert_eq!((again.unread, again.member.unwrap().last_read_seq), (1, Seq(0)), "the marker stays");
    assert_eq!(alice.join(room).member.unwrap().role, Role::Owner, "the role stays");
    alice.send_message(room, "marker");
    assert_eq!(stream.next().event.name(), "message.created");
}

#[test]
fn leaving_twice_changes_nothing_and_tells_nobody() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    let mut stream = alice.listen();
    bob.leave(room);
    bob.join(room);
    bob.leave(room);
    bob.leave(room);
    alice.send_message(room, "marker");
    let told: Vec<_> = stream.until_message(room, Seq(1)).iter().map(|told| told.event.name()).collect();
    assert_eq!(told, ["member.joined", "member.left", "message.created"]);
    let outside = bob.room(room);
    assert!(outside.member.is_none() && outside.unread == 0 && outside.last_message.is_none());
}

#[test]
fn coming_back_starts_with_everything_read() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    bob.join(room);
    bob.leave(room);
    alice.count_to(room, 5);
    assert_eq!(bob.join(room).unread, 0);
}

#[test]
fn when_the_last_owner_leaves_the_longest_member_owns() {
    let server = TestServer::start();
    let (alice, bob, carol) = (server.user("alice"), server.user("bob"), server.user("carol"));
    let room = alice.create_room("lobby");
    carol.join(room);
    bob.join(room);
    let mut stream = bob.listen();
    alice.leave(room);
    let role = |client: &crate::harness::Client| client.room(room).member.unwrap().role;
    assert_eq!((role(&carol), role(&bob)), (Role::Owner, Role::Member));
    bob.send_message(room, "marker");
    let told = stream.until_message(room, Seq(1));
    let promoted = told.iter().find_map(|told| match &told.event {
        Event::MemberUpdated(updated) => Some((updated.user.id, updated.role)),
        _ => None,
    });
    assert_eq!(promoted, Some((carol.user().id, Role::Owner)), "and everyone there is told");
    assert_eq!(alice.join(room).member.unwrap().role, Role::Member, "coming back does not bring the role back");
}

#[test]
fn a_private_room_that_was_left_is_gone_for_the_one_who_left() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let room = alice.create_private_room("plans");
    alice.leave(room);
    alice.get(&format!("/v1/rooms/{room}")).problem(404, "not_found");
    alice.request("PUT", &format!("/v1/rooms/{room}/members/me"), None).problem(404, "not_found");
    assert!(alice.rooms().rooms.is_empty());
}

#[test]
fn there_is_no_joining_or_leaving_what_does_not_exist() {
    let server = TestServer::start();
    let alice = server.user("alice");
    for room in [RoomId(4711), RoomId(u64::MAX)] {
        alice.request("PUT", &format!("/v1/rooms/{room}/members/me"), None).problem(404, "not_found");
        alice.delete(&format!("/v1/rooms/{room}/members/me")).problem(404, "not_found");
    }
}

#[test]
fn an_empty_public_room_is_still_there_for_whoever_comes() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    alice.send_message(room, "for later");
    alice.leave(room);
    assert_eq!(bob.messages(room, "").messages.len(), 1);
    assert_eq!(bob.join(room).info.last_seq, Seq(1));
    assert_eq!(bob.send_message(room, "hello?").seq, Seq(2));
}
