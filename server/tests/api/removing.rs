//! `DELETE /v1/rooms/{room}/members/{user}`: members with a higher role put others out.

use quchat_shared::{Event, Seq, room::Role};

use crate::harness::{Client, Stream, TestServer};

fn names(stream: &mut Stream, fence: &str) -> Vec<&'static str> {
    stream.until(|event| event.name() == fence).iter().map(|received| received.event.name()).collect()
}

#[test]
fn a_removed_member_is_out_at_once() {
    let server = TestServer::start();
    let (alice, bob, carol) = (server.user("alice"), server.user("bob"), server.user("carol"));
    let room = alice.create_private_room("plans");
    alice.add_member(room, &bob);
    alice.add_member(room, &carol);
    let before = bob.rooms().cursor.0;
    let (mut bobs, mut carols) = (bob.listen(), carol.listen());
    alice.remove_member(room, &bob);
    alice.send_message(room, "bob is gone");
    bob.create_room("fence");
    for stream in [&mut bobs, &mut carols] {
        let Event::MemberLeft(left) = stream.next().event else { panic!("bob and the others hear of it") };
        assert_eq!((left.room_id, left.user.name.as_str(), left.banned), (room, "bob", false));
        assert_eq!(left.by.map(|by| by.name).as_deref(), Some("alice"));
    }
    assert_eq!(names(&mut bobs, "room.created"), ["room.created"], "the stream of bob stops the room");
    assert_eq!(names(&mut carols, "message.created"), ["message.created"]);
    bob.get(&format!("/v1/rooms/{room}")).problem(404, "not_found");
    bob.try_send_message(room, "me?").problem(404, "not_found");

    let Event::MemberLeft(left) = bob.resume(&before).next().event else { panic!("a replay shows it, too") };
    assert_eq!((left.room_id, left.by.unwrap().name.as_str()), (room, "alice"));
    alice.add_member(room, &bob);
    assert_eq!(bob.history(room).len(), 1, "it is no ban");
}

#[test]
fn removing_who_is_not_there_publishes_nothing() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    let mut stream = alice.listen();
    alice.remove_member(room, &bob);
    alice.delete(&format!("/v1/rooms/{room}/members/4711")).expect(204);
    bob.join(room);
    alice.remove_member(room, &bob);
    alice.remove_member(room, &bob);
    alice.send_message(room, "fence");
    assert_eq!(names(&mut stream, "message.created"), ["member.joined", "member.left", "message.created"]);
}

#[test]
fn removing_oneself_is_leaving() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let (lobby, plans) = (alice.create_room("lobby"), alice.create_private_room("plans"));
    bob.join(lobby);
    let mut stream = alice.listen();
    bob.remove_member(lobby, &bob);
    let Event::MemberLeft(left) = stream.next().event else { panic!("bob left") };
    assert_eq!((left.user.name.as_str(), left.by), ("bob", None));
    bob.try_remove_member(plans, &bob).problem(404, "not_found");
    alice.remove_member(plans, &alice);
    assert_eq!(
        names(&mut stream, "room.deleted"),
        ["member.left", "room.deleted"],
        "the last one takes the room along"
    );
}

#[test]
fn a_role_above_theirs_is_needed() {
    let server = TestServer::start();
    let [admin, owner, carol] = ["alice", "bob", "carol"].map(|name| server.user(name));
    let [moderator, second, member] = ["dave", "eve", "frank"].map(|name| server.register(name));
    let room = owner.create_room("lobby");
    for client in [&admin, &carol, &moderator, &second, &member] {
        client.join(room);
    }
    owner.set_role(room, &carol, "owner");
    owner.set_role(room, &moderator, "moderator");
    owner.set_role(room, &second, "moderator");
    let refused = |who: &Client, whom: &Client| drop(who.try_remove_member(room, whom).problem(403, "forbidden"));
    for whom in [&second, &owner, &carol, &admin] {
        refused(&member, whom);
        refused(&moderator, whom);
    }
    refused(&owner, &carol);
    refused(&owner, &admin);
    moderator.remove_member(room, &member);
    owner.remove_member(room, &second);
    admin.remove_member(room, &owner);
    let left: Vec<_> = admin.members(room, "").members.into_iter().map(|member| member.user.name).collect();
    assert_eq!(left, ["alice", "carol", "dave"]);
}

#[test]
fn an_admin_in_a_private_room_is_a_member_like_others() {
    let server = TestServer::start();
    let (admin, bob, carol) = (server.user("alice"), server.user("bob"), server.user("carol"));
    let room = bob.create_private_room("plans");
    bob.add_member(room, &admin);
    bob.add_member(room, &carol);
    admin.try_remove_member(room, &carol).problem(403, "forbidden");
    admin.try_set_role(room, &admin, "owner").problem(403, "forbidden");
    bob.remove_member(room, &admin);
    admin.get(&format!("/v1/rooms/{room}")).problem(404, "not_found");
}

#[test]
fn removing_the_last_owner_makes_another() {
    let server = TestServer::start();
    let (admin, bob, carol) = (server.user("alice"), server.user("bob"), server.user("carol"));
    let dave = server.register("dave");
    let room = bob.create_room("lobby");
    carol.join(room);
    dave.join(room);
    bob.set_role(room, &dave, "moderator");
    let mut stream = carol.listen();
    admin.remove_member(room, &bob);
    assert!(matches!(stream.next().event, Event::MemberLeft(left) if left.by.is_some()));
    let Event::MemberUpdated(updated) = stream.next().event else { panic!("somebody inherits the room") };
    assert_eq!((updated.user.name.as_str(), updated.role, updated.by), ("dave", Role::Owner, None));
    admin.remove_member(room, &dave);
    admin.remove_member(room, &carol);
    assert_eq!(admin.members(room, "").members, []);
    assert_eq!(bob.join(room).member.unwrap().role, Role::Owner);
}

#[test]
fn a_removed_user_can_come_back_to_a_public_room() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    bob.join(room);
    alice.set_role(room, &bob, "moderator");
    alice.remove_member(room, &bob);
    alice.send_message(room, "gone");
    let joined = bob.join(room);
    assert_eq!((joined.member.unwrap().role, joined.member.unwrap().last_read_seq), (Role::Member, Seq(1)));
}
