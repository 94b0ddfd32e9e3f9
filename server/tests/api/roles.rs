//! `PATCH /v1/rooms/{room}/members/{user}`: owners set the roles of members.

use quchat_shared::{Event, room::Role};
use serde_json::json;

use crate::harness::{Client, Stream, TestServer};

/// The next event, which is about a role: whose, which, and who set it.
fn updated(stream: &mut Stream) -> (String, Role, Option<String>) {
    match stream.next().event {
        Event::MemberUpdated(updated) => (updated.user.name, updated.role, updated.by.map(|by| by.name)),
        other => panic!("a role comes next, not {other:?}"),
    }
}

#[test]
fn an_owner_sets_the_roles_of_members() {
    let server = TestServer::start();
    let (alice, bob, carol) = (server.user("alice"), server.user("bob"), server.user("carol"));
    let room = alice.create_private_room("plans");
    alice.add_member(room, &bob);
    alice.add_member(room, &carol);
    let before = bob.rooms().cursor.0;
    let mut stream = carol.listen();
    for role in [Role::Moderator, Role::Owner, Role::Member] {
        let set = alice.set_role(room, &bob, json!(role).as_str().unwrap());
        assert_eq!((set.user.id, set.role), (bob.user().id, role));
        assert_eq!(bob.room(room).member.unwrap().role, role);
        assert_eq!(updated(&mut stream), ("bob".into(), role, Some("alice".into())));
    }
    let mut replayed = bob.resume(&before);
    for _ in 0..3 {
        let now = ("bob".into(), Role::Member, Some("alice".into()));
        assert_eq!(updated(&mut replayed), now, "a replay shows the role as it is now, and who set it");
    }
}

#[test]
fn the_same_role_again_publishes_nothing() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    bob.join(room);
    let mut stream = bob.listen();
    alice.set_role(room, &bob, "member");
    alice.set_role(room, &alice, "owner");
    alice.set_role(room, &bob, "owner");
    assert_eq!(updated(&mut stream).1, Role::Owner);
}

#[test]
fn the_last_owner_keeps_the_role() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    bob.join(room);
    for role in ["moderator", "member"] {
        alice.try_set_role(room, &alice, role).problem(409, "conflict");
    }
    alice.set_role(room, &bob, "owner");
    let mut stream = bob.listen();
    assert_eq!(alice.set_role(room, &alice, "moderator").role, Role::Moderator, "with a second owner they may");
    assert_eq!(updated(&mut stream), ("alice".into(), Role::Moderator, None), "and did it themselves");
    bob.try_set_role(room, &bob, "member").problem(409, "conflict");
}

#[test]
fn owners_set_roles_of_other_owners() {
    let server = TestServer::start();
    let (admin, bob, carol) = (server.user("alice"), server.user("bob"), server.user("carol"));
    let room = bob.create_room("lobby");
    carol.join(room);
    bob.set_role(room, &carol, "owner");
    carol.set_role(room, &bob, "member");
    assert_eq!(bob.room(room).member.unwrap().role, Role::Member);
    bob.try_set_role(room, &bob, "owner").problem(403, "forbidden");
    admin.try_set_role(room, &carol, "member").problem(409, "conflict");
    admin.set_role(room, &bob, "owner");
    admin.set_role(room, &carol, "member");
}

#[test]
fn only_owners_set_roles() {
    let server = TestServer::start();
    let (alice, bob, carol) = (server.user("alice"), server.user("bob"), server.user("carol"));
    let room = alice.create_private_room("plans");
    carol.try_set_role(room, &alice, "member").problem(404, "not_found");
    for client in [&bob, &carol] {
        alice.add_member(room, client);
    }
    alice.set_role(room, &bob, "moderator");
    for client in [&bob, &carol] {
        client.try_set_role(room, client, "owner").problem(403, "forbidden");
        client.try_set_role(room, &alice, "member").problem(403, "forbidden");
    }
    assert_eq!(bob.set_notify(room, "all").member.unwrap().role, Role::Moderator);
}

#[test]
fn a_role_is_one_of_three_and_of_a_member() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    alice.try_set_role(room, &bob, "moderator").problem(404, "not_found");
    bob.join(room);
    for role in ["admin", "Owner", ""] {
        alice.try_set_role(room, &bob, role).refuses("role");
    }
    let set = |body| alice.request("PATCH", &format!("/v1/rooms/{room}/members/{}", bob.user().id), Some(&body));
    set(json!({})).refuses("role");
    set(json!({"role": null})).refuses("role");
    set(json!({"role": {"owner": null}})).refuses("role");
    set(json!([])).problem(400, "bad_request");
    alice
        .request("PATCH", &format!("/v1/rooms/{room}/members/4711"), Some(&json!({"role": "member"})))
        .problem(404, "not_found");
    let role = |client: &Client| client.room(room).member.unwrap().role;
    assert_eq!((role(&alice), role(&bob)), (Role::Owner, Role::Member));
}

#[test]
fn a_role_outlives_a_restart() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    bob.join(room);
    alice.set_role(room, &bob, "moderator");
    let server = server.restart(|_| {});
    assert_eq!(bob.at(server.address).room(room).member.unwrap().role, Role::Moderator);
}
