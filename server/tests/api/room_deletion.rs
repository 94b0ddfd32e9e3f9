//! `DELETE /v1/rooms/{room}`: a deleted room is gone for everybody at once; its rows follow.

use std::{collections::HashSet, time::Duration};

use quchat_shared::{Event, Message, RoomId, Seq};
use serde_json::json;

use crate::harness::{Client, Database, Opening, Stream, TestServer, at_once, eventually, fill_room, message_of};

fn let_in(member: &Client, room: RoomId, user: &Client) {
    member.put(&format!("/v1/rooms/{room}/members/{}", user.user().id), &json!({})).expect(201);
}

/// How many rows of the room there are, except what the log keeps of a deleted room.
fn rows(database: &Database, room: RoomId) -> i64 {
    let tables = ["messages", "mentions", "mentions_of_all", "reactions", "members", "bans", "direct_rooms"];
    let mut count: Vec<_> =
        tables.iter().map(|table| format!("(SELECT count(*) FROM {table} WHERE room_id = {room})")).collect();
    count.push(format!("(SELECT count(*) FROM rooms WHERE id = {room})"));
    let kept = "('member.left', 'room.deleted')";
    count.push(format!("(SELECT count(*) FROM events WHERE room_id = {room} AND kind NOT IN {kept})"));
    database.number(&format!("SELECT {}", count.join(" + ")))
}

fn names(stream: &mut Stream, until: &str) -> Vec<&'static str> {
    stream.until(|event| event.name() == until).iter().map(|received| received.event.name()).collect()
}

/// Checks that no route knows the room.
#[track_caller]
fn is_missing(client: &Client, room: RoomId) {
    let base = format!("/v1/rooms/{room}");
    let answers = [
        client.get(&base),
        client.get(&format!("{base}/messages")),
        client.try_send_message(room, "anybody?"),
        client.try_update_room(room, &json!({"topic": "x"})),
        client.try_delete_room(room),
        client.request("PUT", &format!("{base}/members/me"), None),
        client.delete(&format!("{base}/members/me")),
        client.try_mark_read(room, 1),
        client.get(&format!("/v1/events?room={room}")),
    ];
    for answer in answers {
        answer.problem(404, "not_found");
    }
    assert!(client.rooms().rooms.iter().all(|listed| listed.info.id != room));
}

#[test]
fn a_deleted_public_room_is_gone_for_everybody_at_once() {
    let server = TestServer::start();
    let (alice, bob, carol) = (server.user("alice"), server.user("bob"), server.user("carol"));
    let room = alice.create_room("lobby");
    bob.join(room);
    alice.send_message(room, "hello");
    let (mut owner, mut member, mut visitor) = (alice.listen(), bob.listen(), carol.listen());
    alice.delete_room(room);
    for client in [&alice, &bob, &carol] {
        is_missing(client, room);
    }
    let next = carol.create_room("Lobby");
    assert!(next > room, "the name is free, but an id is never used again");
    for stream in [&mut owner, &mut member, &mut visitor] {
        let received = stream.until(|event| event.name() == "room.created");
        assert_eq!(received.len(), 2, "{received:?}");
        assert!(matches!(&received[0].event, Event::RoomDeleted(deleted) if deleted.room_id == room));
    }
}

#[test]
fn only_members_hear_that_a_private_room_was_deleted() {
    let server = TestServer::start();
    let (admin, bob, carol) = (server.user("alice"), server.user("bob"), server.user("carol"));
    let start = admin.rooms().cursor.0;
    let room = bob.create_private_room("plans");
    let_in(&bob, room, &carol);
    let (mut others, mut live) = (admin.listen(), [bob.listen(), carol.listen()]);
    bob.delete_room(room);
    for client in [&admin, &bob, &carol] {
        is_missing(client, room);
    }
    let fence = bob.create_room("fence");
    for stream in &mut live {
        assert_eq!(names(stream, "room.created"), ["room.deleted", "room.created"]);
    }
    for client in [&bob, &carol] {
        assert_eq!(names(&mut client.resume(&start), "room.created"), ["room.deleted", "room.created"]);
    }
    for stream in [&mut others, &mut admin.resume(&start)] {
        assert_eq!(names(stream, "room.created"), ["room.created"]);
        assert!(!stream.text().contains(&format!("\"room_id\":{room}}}")), "{}", stream.text());
    }
    assert!(fence > room);
}

#[test]
fn owners_and_admins_delete_a_room() {
    let server = TestServer::start();
    let (admin, bob, carol) = (server.user("alice"), server.user("bob"), server.user("carol"));
    let (room, other, hidden) = (bob.create_room("lobby"), bob.create_room("other"), bob.create_private_room("plans"));
    carol.try_delete_room(room).problem(403, "forbidden");
    carol.join(room);
    carol.try_delete_room(room).problem(403, "forbidden");
    admin.try_delete_room(hidden).problem(404, "not_found");
    carol.try_delete_room(hidden).problem(404, "not_found");
    carol.try_delete_room(RoomId(4711)).problem(404, "not_found");
    assert_eq!(bob.room(room).info.rev, 1);
    admin.delete_room(room);
    bob.update_room(other, &json!({"archived": true}));
    bob.delete_room(other);
    bob.delete_room(hidden);
    assert!(bob.rooms().rooms.is_empty());
}

#[test]
fn who_was_away_hears_of_the_deletion_and_of_nothing_else_in_the_room() {
    let server = TestServer::start();
    let (alice, bob, carol) = (server.user("alice"), server.user("bob"), server.user("carol"));
    let start = alice.rooms().cursor.0;
    let room = alice.create_room("lobby");
    bob.join(room);
    carol.join(room);
    alice.send_message(room, "needle @bob");
    bob.mark_read(room, 1);
    alice.update_room(room, &json!({"topic": "needle"}));
    carol.leave(room);
    alice.delete_room(room);
    alice.create_room("fence");
    let check = |address| {
        for client in [&alice, &bob] {
            let mut stream = client.at(address).resume(&start);
            assert_eq!(names(&mut stream, "room.created"), ["room.deleted", "room.created"]);
            assert!(!stream.text().contains("needle"), "{}", stream.text());
        }
        let former = names(&mut carol.at(address).resume(&start), "room.created");
        assert_eq!(former, ["member.left", "room.deleted", "room.created"]);
    };
    check(server.address);
    let database = server.data_dir.database();
    eventually("the rows are purged", || (rows(&database, room) == 0).then_some(()));
    check(server.address);
    let server = server.restart(|_| {});
    check(server.address);
}

#[test]
fn who_left_a_private_room_hears_only_of_their_leaving() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_private_room("plans");
    let_in(&alice, room, &bob);
    let start = bob.rooms().cursor.0;
    let mut live = bob.listen();
    bob.leave(room);
    alice.send_message(room, "needle");
    alice.delete_room(room);
    alice.create_room("fence");
    for stream in [&mut live, &mut bob.resume(&start)] {
        assert_eq!(names(stream, "room.created"), ["member.left", "room.created"]);
    }
}

#[test]
fn a_narrowed_stream_goes_on_with_its_other_rooms() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let (room, other) = (alice.create_room("lobby"), alice.create_room("other"));
    let hidden = bob.create_private_room("plans");
    for room in [room, other] {
        bob.join(room);
    }
    let open = |client: &Client, query: String| Opening { query: &query, ..Opening::default() }.open(client).1;
    let mut both = open(&bob, format!("?room={room}&room={other}&room={hidden}"));
    let mut alone = open(&bob, format!("?room={room}"));
    let mut elsewhere = open(&bob, format!("?room={other}"));
    alice.delete_room(room);
    bob.delete_room(hidden);
    alice.send_message(other, "on");
    assert_eq!(names(&mut both, "message.created"), ["room.deleted", "room.deleted", "message.created"]);
    assert_eq!(names(&mut elsewhere, "message.created"), ["message.created"]);
    assert_eq!(alone.next().event.name(), "room.deleted");
    let refused = Opening { query: &format!("?room={other}&room={room}"), ..Opening::default() }.ask(&bob);
    refused.err().expect("the room is gone").problem(404, "not_found");
}

#[test]
fn nothing_happens_in_a_room_after_its_deletion() {
    let server = TestServer::start();
    let clients = ["alice", "bob", "carol"].map(|name| server.user(name));
    let start = clients[0].rooms().cursor.0;
    for round in 0..4 {
        let room = clients[0].create_room(&format!("room {round}"));
        clients[1].join(room);
        let mut streams = clients.each_ref().map(Client::listen);
        let sent = at_once(4, |i| {
            if i == 3 {
                (0..round * 3).for_each(|_| drop(clients[0].room(room)));
                clients[0].delete_room(room);
                return Vec::new();
            }
            let answers = (0..12).map(|_| clients[i].try_send_message(room, "hello"));
            let answers = answers.map(|answer| match answer.status {
                201 => Some(answer.json::<Message>().seq),
                _ => {
                    answer.problem(404, "not_found");
                    None
                }
            });
            answers.collect::<Vec<_>>()
        });
        for answers in &sent[..3] {
            assert!(answers.is_sorted_by_key(Option::is_none), "after the first 404 there is no 201: {answers:?}");
        }
        let sent: HashSet<_> = sent.into_iter().flatten().flatten().collect();
        let fence = clients[0].create_room(&format!("fence {round}"));
        for (i, stream) in streams.iter_mut().enumerate() {
            let is_fence = |event: &Event| matches!(event, Event::RoomCreated(created) if created.room.id == fence);
            let received = stream.until(is_fence);
            let deleted = received.iter().position(|received| received.event.name() == "room.deleted").unwrap();
            assert_eq!(received.len(), deleted + 2, "the deletion is the last of the room: {received:?}");
            let seen: Vec<_> = received.iter().filter_map(|received| message_of(&received.event)).collect();
            if i < 2 {
                assert_eq!(seen.len(), sent.len());
            }
            assert!(seen.iter().all(|(_, seq)| sent.contains(seq)));
        }
        clients[0].delete_room(fence);
    }
    let last = clients[0].create_room("last");
    let received = clients[2].resume(&start).until(|event| event.name() == "room.created");
    let deleted = received.iter().filter(|received| received.event.name() == "room.deleted").count();
    assert_eq!((deleted, received.len()), (8, 9), "before {last} nothing but deletions: {received:?}");
}

#[test]
fn activity_leaves_out_a_deleted_room() {
    let server = TestServer::start_with(|config| config.activity_delay = Duration::from_millis(700));
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let (room, other) = (alice.create_room("lobby"), alice.create_room("other"));
    let mut stream = bob.listen();
    alice.send_message(room, "1");
    alice.delete_room(room);
    alice.send_message(other, "1");
    let rooms = loop {
        if let Some(Event::Activity(activity)) = stream.next_of_any_kind().map(|received| received.event) {
            break activity.rooms;
        }
    };
    assert_eq!(rooms.iter().map(|room| room.id).collect::<Vec<_>>(), [other]);
}

#[test]
fn a_deleted_room_no_longer_counts() {
    let server = TestServer::start_with(|config| {
        config.max_rooms_per_user = 2;
        config.max_rooms = 3;
        config.max_private_rooms_per_user = 1;
    });
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let (public, private) = (alice.create_room("one"), alice.create_private_room("two"));
    let_in(&alice, private, &bob);
    let try_create = |client: &Client, kind: &str| client.post("/v1/rooms", &json!({"name": "new", "kind": kind}));
    try_create(&alice, "public").problem(409, "conflict");
    try_create(&bob, "private").problem(409, "conflict");
    alice.delete_room(private);
    let third = try_create(&bob, "private").expect(201).value()["id"].as_u64().unwrap();
    alice.create_room("three");
    try_create(&bob, "public").problem(409, "conflict");
    bob.delete_room(RoomId(third));
    bob.create_room("four");
    try_create(&alice, "public").problem(409, "conflict");
    alice.delete_room(public);
    alice.create_private_room("five");
}

#[test]
fn a_txn_is_free_again_once_its_room_is_deleted() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let (room, other) = (alice.create_room("lobby"), alice.create_room("other"));
    fill_room(&server.data_dir.database(), room, &alice, 10_000);
    let server = server.restart(|_| {});
    let alice = alice.at(server.address);
    alice.try_send_once(room, "hello", "a-1").expect(201);
    alice.try_send_once(other, "hello", "a-1").problem(409, "conflict");
    alice.delete_room(room);
    for (seq, txn) in [(1, "a-1"), (2, "fill-1"), (3, "fill-9999")] {
        let sent: Message = alice.try_send_once(other, "hello", txn).expect(201).json();
        assert_eq!(sent.seq, Seq(seq));
        assert_eq!(alice.try_send_once(other, "hello", txn).expect(200).json::<Message>(), sent);
    }
    let database = server.data_dir.database();
    eventually("the rows are purged", || (rows(&database, room) == 0).then_some(()));
    assert_eq!(alice.history(other).len(), 3);
}

#[test]
fn a_deleted_room_leaves_no_row_of_any_kind_behind() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let (room, other) = (alice.create_room("lobby"), alice.create_room("other"));
    for room in [room, other] {
        bob.join(room);
        alice.send_message(room, "@bob and @all");
        bob.mark_read(room, 1);
        alice.update_room(room, &json!({"topic": "x"}));
        let (alice, bob) = (alice.user().id, bob.user().id);
        server.data_dir.database().change(&format!(
            "INSERT INTO mentions_of_all VALUES ({room}, 1, {alice}, 0) ON CONFLICT DO NOTHING;
             INSERT INTO bans (room_id, user_id, by_id, reason, created_at, name_key)
                 VALUES ({room}, {bob}, {alice}, 'x', 0, 'bob') ON CONFLICT DO NOTHING;
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
             INSERT INTO reactions SELECT {bob}, {room}, 1, 'x' || i, i FROM n"
        ));
    }
    let database = server.data_dir.database();
    let kept = rows(&database, other);
    assert!(kept > 3000 && kept == rows(&database, room));
    alice.delete_room(room);
    eventually("the rows are purged", || (rows(&database, room) == 0).then_some(()));
    assert_eq!(rows(&database, other), kept, "and none of another room");
}

#[cfg(unix)]
#[test]
fn a_purge_goes_on_after_a_crash() {
    use crate::harness::{DataDir, Process};

    let data_dir = DataDir::new();
    let server = Process::start(&data_dir.path());
    let alice = server.register("alice");
    let room = alice.create_room("lobby");
    server.kill();
    let database = data_dir.database();
    fill_room(&database, room, &alice, 20_000);
    let all = rows(&database, room);

    let server = Process::start(&data_dir.path());
    let alice = alice.at(server.address);
    alice.delete_room(room);
    eventually("the purge has begun", || (rows(&database, room) < all - 1000).then_some(()));
    server.kill();
    let left = rows(&database, room);
    assert!(left > 0, "the purge was interrupted");

    let server = Process::start(&data_dir.path());
    let alice = alice.at(server.address);
    is_missing(&alice, room);
    assert!(alice.create_room("lobby") > room);
    eventually("the rows are purged", || (rows(&database, room) == 0).then_some(()));
}
