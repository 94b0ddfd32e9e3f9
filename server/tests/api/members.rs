//! `PUT`/`DELETE /v1/rooms/{room}/members/me`: joining and leaving.

use quchat_shared::{Event, Room, RoomId, Seq, room::Role};
use serde_json::json;

use crate::harness::{Client, Opening, Stream, TestServer};

#[test]
fn joining_returns_the_room_as_joined_with_everything_read() {
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
fn joining_ignores_the_body() {
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
fn joining_twice_changes_and_publishes_nothing() {
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
fn leaving_twice_changes_and_publishes_nothing() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    let mut stream = alice.listen();
    bob.leave(room);
    bob.join(room);
    bob.leave(room);
    bob.leave(room);
    alice.send_message(room, "marker");
    let received: Vec<_> = stream.until_message(room, Seq(1)).iter().map(|received| received.event.name()).collect();
    assert_eq!(received, ["member.joined", "member.left", "message.created"]);
    let outside = bob.room(room);
    assert!(outside.member.is_none() && outside.unread == 0 && outside.last_message.is_none());
}

#[test]
fn rejoining_starts_with_everything_read() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    bob.join(room);
    bob.leave(room);
    alice.count_to(room, 5);
    assert_eq!(bob.join(room).unread, 0);
}

#[test]
fn when_the_last_owner_leaves_the_longest_standing_member_becomes_owner() {
    let server = TestServer::start();
    let (alice, bob, carol) = (server.user("alice"), server.user("bob"), server.user("carol"));
    let room = alice.create_room("lobby");
    carol.join(room);
    bob.join(room);
    let mut stream = bob.listen();
    alice.leave(room);
    let role = |client: &Client| client.room(room).member.unwrap().role;
    assert_eq!((role(&carol), role(&bob)), (Role::Owner, Role::Member));
    bob.send_message(room, "marker");
    let received = stream.until_message(room, Seq(1));
    let promoted = received.iter().find_map(|received| match &received.event {
        Event::MemberUpdated(updated) => Some((updated.user.id, updated.role)),
        _ => None,
    });
    assert_eq!(promoted, Some((carol.user().id, Role::Owner)), "and the members are notified");
    assert_eq!(alice.join(room).member.unwrap().role, Role::Member, "rejoining does not restore the role");
}

#[test]
fn a_user_who_left_a_private_room_no_longer_sees_it() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let room = alice.create_private_room("plans");
    alice.leave(room);
    alice.get(&format!("/v1/rooms/{room}")).problem(404, "not_found");
    alice.request("PUT", &format!("/v1/rooms/{room}/members/me"), None).problem(404, "not_found");
    assert!(alice.rooms().rooms.is_empty());
}

#[test]
fn joining_or_leaving_a_missing_room_is_not_found() {
    let server = TestServer::start();
    let alice = server.user("alice");
    for room in [RoomId(4711), RoomId(u64::MAX)] {
        alice.request("PUT", &format!("/v1/rooms/{room}/members/me"), None).problem(404, "not_found");
        alice.delete(&format!("/v1/rooms/{room}/members/me")).problem(404, "not_found");
    }
}

#[test]
fn an_empty_public_room_can_be_joined() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    alice.send_message(room, "for later");
    alice.leave(room);
    assert_eq!(bob.messages(room, "").messages.len(), 1);
    assert_eq!(bob.join(room).info.last_seq, Seq(1));
    assert_eq!(bob.send_message(room, "hello?").seq, Seq(2));
}

#[test]
fn the_first_to_join_a_public_room_without_an_owner_becomes_owner() {
    let server = TestServer::start();
    let (alice, bob, carol) = (server.user("alice"), server.user("bob"), server.user("carol"));
    let (joined, posted) = (alice.create_room("joined"), alice.create_room("posted"));
    alice.leave(joined);
    alice.leave(posted);
    let mut stream = bob.listen();
    assert_eq!(bob.join(joined).member.unwrap().role, Role::Owner);
    bob.send_message(posted, "posting joins, too");
    assert_eq!(bob.room(posted).member.unwrap().role, Role::Owner);
    let received = stream.until_message(posted, Seq(1));
    let roles = received.iter().filter_map(|received| match &received.event {
        Event::MemberJoined(joined) => Some(joined.role),
        _ => None,
    });
    assert_eq!(roles.collect::<Vec<_>>(), [Role::Owner, Role::Owner], "the new owner is notified");
    assert_eq!(carol.join(joined).member.unwrap().role, Role::Member, "the room has an owner now");
}

#[test]
fn the_longest_standing_moderator_becomes_owner_before_any_member() {
    let server = TestServer::start();
    let (alice, bob, carol, dave) =
        (server.user("alice"), server.user("bob"), server.user("carol"), server.register("dave"));
    let room = alice.create_room("lobby");
    for client in [&bob, &carol, &dave] {
        client.join(room);
    }
    alice.set_role(room, &dave, "moderator");
    alice.set_role(room, &carol, "moderator");
    alice.leave(room);
    let role = |client: &Client| client.room(room).member.unwrap().role;
    assert_eq!([role(&bob), role(&carol), role(&dave)], [Role::Member, Role::Owner, Role::Moderator]);
    carol.leave(room);
    assert_eq!([role(&bob), role(&dave)], [Role::Member, Role::Owner]);
    dave.leave(room);
    assert_eq!(role(&bob), Role::Owner);
}

#[test]
fn the_last_to_leave_a_private_room_deletes_it() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_private_room("plans");
    alice.send_message(room, "psst");
    let mut live = alice.listen();
    let (mut narrowed, mut others) =
        (Opening { query: &format!("?room={room}"), ..Opening::default() }.open(&alice).1, bob.listen());
    let before = live.last_id().to_owned();
    alice.leave(room);
    let end = |stream: &mut Stream| {
        let received = stream.until(|event| event.name() == "room.deleted");
        assert!(matches!(&received.last().unwrap().event, Event::RoomDeleted(deleted) if deleted.room_id == room));
        received.iter().map(|received| received.event.name()).collect::<Vec<_>>()
    };
    assert_eq!(end(&mut live), ["member.left", "room.deleted"]);
    assert_eq!(end(&mut narrowed), ["member.left", "room.deleted"]);

    alice.get(&format!("/v1/rooms/{room}")).problem(404, "not_found");
    alice.get(&format!("/v1/rooms/{room}/messages")).problem(404, "not_found");
    alice.try_send_message(room, "anybody?").problem(404, "not_found");
    assert!(alice.rooms().rooms.is_empty());
    let lobby = bob.create_room("lobby");
    assert!(lobby > room, "ids are never reused");
    let received: Vec<_> = others.until(|event| event.name() == "member.joined");
    assert_eq!(received.len(), 2, "others get no event about it: {received:?}");

    let server = server.restart(|_| {});
    assert_eq!(end(&mut alice.at(server.address).resume(&before)), ["member.left", "room.deleted"], "on resume, too");
}

#[test]
fn a_private_room_with_a_member_stays() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_private_room("plans");
    alice.add_member(room, &bob);
    alice.leave(room);
    assert_eq!(bob.room(room).member.unwrap().role, Role::Owner);
    bob.leave(room);
    bob.get(&format!("/v1/rooms/{room}")).problem(404, "not_found");
}
