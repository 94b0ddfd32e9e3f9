//! Concurrent requests: one wins, everyone gets an answer, and the counts are right.

use std::collections::HashSet;

use quchat_shared::{Event, Message, Room, Seq, room::Role, user::ServerRole};
use serde_json::json;

use crate::harness::{Client, TestServer, at_once};

#[test]
fn one_of_many_concurrent_registrations_gets_the_name() {
    let server = TestServer::fresh();
    let nobody = server.anonymous();
    let answers = at_once(6, |i| {
        let name = ["alice", "Alice", "ALICE"][i % 3];
        nobody.post("/v1/users", &json!({"name": name, "password": "correct horse"}))
    });
    let (winners, losers): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 201);
    assert_eq!(winners.len(), 1);
    losers.iter().for_each(|answer| drop(answer.problem(409, "name_taken")));
    assert_eq!(winners[0].value()["user"]["role"], "admin");
}

#[test]
fn one_of_many_concurrent_first_users_is_admin() {
    let server = TestServer::fresh();
    let users = at_once(4, |i| server.register(&format!("user-{i}")));
    let admins = users.iter().filter(|client| client.user().role == ServerRole::Admin).count();
    assert_eq!(admins, 1);
}

#[test]
fn one_of_many_concurrent_creators_gets_the_room_name() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let answers = at_once(8, |_| alice.post("/v1/rooms", &json!({"name": "lobby"})));
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        answer.problem(409, "name_taken");
    }
    assert_eq!(alice.rooms().rooms.len(), 1);
}

#[test]
fn thirty_two_rooms_can_be_created_at_once() {
    let server = TestServer::start();
    let clients = ["alice", "bob"].map(|name| server.user(name));
    let mut stream = clients[0].listen();
    let ids: HashSet<_> = at_once(32, |i| clients[i % 2].create_room(&format!("room {i}"))).into_iter().collect();
    assert_eq!(ids.len(), 32);
    assert_eq!(clients[1].rooms().rooms.len(), 32);
    let received = (0..48).map(|_| stream.next().event.name()).filter(|name| *name == "room.created").count();
    assert_eq!(received, 32, "each room is published once, besides sixteen memberships of the user");
}

#[test]
fn eight_writers_in_one_room_get_seqs_without_gaps() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    bob.join(room);
    let mut stream = bob.listen();
    let acknowledged = at_once(8, |i| {
        let writer: &Client = [&alice, &bob][i % 2];
        (0..40).map(|n| writer.send_message(room, &format!("{i}/{n}"))).collect::<Vec<Message>>()
    });
    let mut all: Vec<Message> = acknowledged.concat();
    all.sort_by_key(|message| message.seq);
    assert_eq!(all.iter().map(|message| message.seq.0).collect::<Vec<_>>(), (1..=320).collect::<Vec<_>>());
    assert_eq!(alice.history(room), all);
    for own in &acknowledged {
        assert!(own.windows(2).all(|pair| pair[0].seq < pair[1].seq), "the messages of each writer keep their order");
    }
    let received = stream.until_message(room, Seq(320));
    let received = received.into_iter().filter_map(|received| match received.event {
        Event::MessageCreated(created) => Some(created.message),
        _ => None,
    });
    assert_eq!(received.collect::<Vec<_>>(), all);
}

#[test]
fn concurrent_joins_and_leaves_end_in_one_of_the_two() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    let target = format!("/v1/rooms/{room}/members/me");
    let mut stream = alice.listen();
    for round in 1..=10 {
        let method = |i: usize| ["PUT", "DELETE"][i % 2];
        at_once(4, |i| bob.request(method(i), &target, None).expect([200, 204][i % 2]));
        alice.send_message(room, "fence");
        let received = stream.until_message(room, Seq(round));
        let changes: Vec<_> =
            received.iter().map(|received| received.event.name()).filter(|name| name.starts_with("member.")).collect();
        assert!(changes.windows(2).all(|pair| pair[0] != pair[1]), "{changes:?}");
        bob.leave(room);
        let left = changes.last().is_none_or(|change| *change == "member.left");
        if !left {
            assert_eq!(stream.next().event.name(), "member.left");
        }
    }
    assert_eq!(alice.room(room).member.unwrap().role, Role::Owner);
}

#[test]
fn owners_who_leave_at_once_leave_one_owner_behind() {
    let server = TestServer::start();
    let clients = ["alice", "bob", "carol"].map(|name| server.user(name));
    let room = clients[0].create_room("lobby");
    clients[1..].iter().for_each(|client| drop(client.join(room)));
    at_once(2, |i| clients[i].leave(room));
    let room: Room = clients[2].room(room);
    assert_eq!(room.member.unwrap().role, Role::Owner);
}

#[test]
fn concurrent_read_markers_end_at_the_furthest() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    bob.join(room);
    alice.count_to(room, 20);
    at_once(8, |i| (0..3).map(|n| bob.mark_read(room, (n * 8 + i as u64) % 19).unread).max());
    assert_eq!(bob.room(room).member.unwrap().last_read_seq, Seq(18));
}
