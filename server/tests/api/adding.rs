//! `PUT /v1/rooms/{room}/members/{user}`: members bring other users in.

use quchat_shared::{Event, Room, Seq, room::Role};
use serde_json::json;

use crate::harness::{TestServer, keys};

#[test]
fn a_member_adds_a_user_to_a_private_room() {
    let server = TestServer::start();
    let (alice, bob, carol) = (server.user("alice"), server.user("bob"), server.user("carol"));
    let room = alice.create_private_room("plans");
    alice.count_to(room, 3);
    let mut stream = bob.listen();
    let added = alice.try_add_member(room, &bob).expect(201).value();
    assert_eq!(keys(&added), ["joined_at", "role", "user"]);
    assert_eq!((&added["user"]["name"], &added["role"]), (&json!("bob"), &json!("member")));
    let seen = bob.room(room);
    assert_eq!((seen.member.unwrap().last_read_seq, seen.unread), (Seq(3), 0), "everything is read");
    assert_eq!(bob.history(room).len(), 3);

    let Event::MemberJoined(joined) = stream.next().event else { panic!("the new member hears of it first") };
    assert_eq!((joined.room, joined.user.id, joined.role), (seen.info, bob.user().id, Role::Member));
    assert_eq!(joined.by.map(|by| by.name).as_deref(), Some("alice"));
    bob.add_member(room, &carol);
    assert_eq!(carol.room(room).member.unwrap().role, Role::Member, "any member may");
    carol.send_message(room, "thanks");
    assert_eq!(stream.until_message(room, Seq(4)).len(), 2, "the live stream follows at once");
}

#[test]
fn adding_a_member_again_changes_and_publishes_nothing() {
    let server = TestServer::start();
    let (alice, bob, carol) = (server.user("alice"), server.user("bob"), server.user("carol"));
    let room = alice.create_room("lobby");
    let first = alice.add_member(room, &bob);
    alice.set_role(room, &bob, "moderator");
    alice.send_message(room, "unread");
    let mut stream = alice.listen();
    let again = alice.try_add_member(room, &bob).expect(200).value();
    assert_eq!((&again["role"], &again["joined_at"]), (&json!("moderator"), &json!(first.joined_at)));
    assert_eq!(bob.room(room).unread, 1, "the marker stays");
    alice.try_add_member(room, &carol).expect(201);
    let Event::MemberJoined(joined) = stream.next().event else { panic!("nothing comes before carol") };
    assert_eq!(joined.user.name, "carol");
}

#[test]
fn adding_oneself_is_joining() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let (lobby, plans) = (alice.create_room("lobby"), alice.create_private_room("plans"));
    let mut stream = alice.listen();
    let joined: Room = bob.try_add_member(lobby, &bob).expect(200).json();
    assert_eq!(joined, bob.room(lobby));
    let Event::MemberJoined(event) = stream.next().event else { panic!("bob joined") };
    assert_eq!((event.user.name.as_str(), event.by), ("bob", None));
    bob.try_add_member(plans, &bob).problem(404, "not_found");
}

#[test]
fn who_adds_must_be_a_member() {
    let server = TestServer::start();
    let (admin, bob, carol) = (server.user("alice"), server.user("bob"), server.user("carol"));
    let (lobby, plans) = (bob.create_room("lobby"), bob.create_private_room("plans"));
    carol.try_add_member(lobby, &admin).problem(403, "forbidden");
    carol.try_add_member(plans, &admin).problem(404, "not_found");
    admin.try_add_member(plans, &carol).problem(404, "not_found");
    admin.add_member(lobby, &carol);
    assert!(carol.room(lobby).member.is_some());
}

#[test]
fn whom_nobody_knows_cannot_be_added() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    for user in ["4711", "0", "18446744073709551615"] {
        alice.request("PUT", &format!("/v1/rooms/{room}/members/{user}"), None).problem(404, "not_found");
        bob.request("PUT", &format!("/v1/rooms/{room}/members/{user}"), None).problem(403, "forbidden");
    }
    for id in ["bob", "-1", "1.5"] {
        alice.request("PUT", &format!("/v1/rooms/{room}/members/{id}"), None).problem(400, "bad_request");
    }
}

#[test]
fn a_banned_user_cannot_be_added() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    for room in [alice.create_room("lobby"), alice.create_private_room("plans")] {
        alice.ban(room, &bob);
        alice.try_add_member(room, &bob).problem(403, "forbidden");
        alice.unban(room, &bob);
        alice.add_member(room, &bob);
    }
}

#[test]
fn a_user_is_added_to_as_many_private_rooms_as_they_may_be_in() {
    let server = TestServer::start_with(|config| config.max_private_rooms_per_user = 2);
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let own = bob.create_private_room("own");
    let [first, second] = ["first", "second"].map(|name| alice.create_private_room(name));
    alice.add_member(first, &bob);
    let problem = alice.try_add_member(second, &bob).problem(409, "conflict");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("bob") && detail.contains("--max-private-rooms-per-user"), "{detail}");
    alice.try_add_member(first, &bob).expect(200);
    alice.add_member(alice.create_room("public"), &bob);
    bob.leave(own);
    alice.add_member(second, &bob);
    alice.remove_member(first, &bob);
    bob.create_private_room("another");
}

#[test]
fn an_added_user_inherits_a_public_room_without_an_owner() {
    let server = TestServer::start();
    let (admin, bob) = (server.user("alice"), server.user("bob"));
    let room = bob.create_room("lobby");
    bob.leave(room);
    assert_eq!(admin.add_member(room, &bob).role, Role::Owner);
}

#[test]
fn a_resumed_stream_names_who_added_a_member() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let (before, room) = (bob.rooms().cursor.0, alice.create_private_room("plans"));
    let hidden = alice.send_message(room, "before bob").seq;
    alice.add_member(room, &bob);
    alice.send_message(room, "welcome");
    let server = server.restart(|_| {});
    let mut resumed = bob.at(server.address).resume(&before);
    let Event::MemberJoined(joined) = resumed.next().event else { panic!("the room begins with joining it") };
    assert_eq!((joined.room.id, joined.by.unwrap().name.as_str()), (room, "alice"));
    assert_eq!(resumed.until_message(room, hidden.next()).len(), 1);
}
