//! The limits on rooms: per creator, per server, and private rooms per user.

use quchat_shared::limits::{ANSWER_MAX, LISTED_ROOM_MAX, PRIVATE_ROOMS_PER_USER, ROOMS};
use serde_json::json;

use crate::harness::{Answer, Client, TestServer, at_once, eventually};

fn try_create(client: &Client, name: &str, kind: &str) -> Answer {
    client.post("/v1/rooms", &json!({"name": name, "kind": kind}))
}

/// Checks that a refusal names the flag that changes the limit.
#[track_caller]
fn refused(answer: &Answer, flag: &str) {
    let problem = answer.problem(409, "conflict");
    assert!(problem["detail"].as_str().unwrap().contains(flag), "{problem}");
}

#[test]
fn the_room_limit_of_one_user_does_not_affect_others() {
    let server = TestServer::start_with(|config| config.max_rooms_per_user = 3);
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    alice.create_room("one");
    alice.create_private_room("two");
    let last = alice.create_private_room("three");
    refused(&try_create(&alice, "four", "public"), "--max-rooms-per-user");
    refused(&try_create(&alice, "four", "private"), "--max-rooms-per-user");
    try_create(&alice, "ONE", "public").problem(409, "name_taken");
    bob.create_room("four");

    alice.leave(last);
    alice.create_room("five");
    refused(&try_create(&alice, "six", "public"), "--max-rooms-per-user");
    let server = server.restart(|config| config.max_rooms_per_user = 3);
    refused(&try_create(&alice.at(server.address), "six", "public"), "--max-rooms-per-user");
}

#[test]
fn a_public_room_counts_after_its_creator_left() {
    let server = TestServer::start_with(|config| config.max_rooms_per_user = 1);
    let alice = server.user("alice");
    alice.leave(alice.create_room("one"));
    refused(&try_create(&alice, "two", "public"), "--max-rooms-per-user");
}

#[test]
fn a_server_has_a_total_room_limit() {
    let server = TestServer::start_with(|config| config.max_rooms = 2);
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let hidden = alice.create_private_room("one");
    bob.create_room("two");
    refused(&try_create(&bob, "three", "public"), "--max-rooms");
    refused(&try_create(&alice, "three", "private"), "--max-rooms");
    alice.leave(hidden);
    bob.create_room("three");
}

#[test]
fn a_user_has_a_private_room_limit() {
    let server = TestServer::start_with(|config| config.max_private_rooms_per_user = 2);
    let alice = server.user("alice");
    let first = alice.create_private_room("one");
    alice.create_private_room("two");
    refused(&try_create(&alice, "three", "private"), "--max-private-rooms-per-user");
    alice.create_room("public");
    alice.leave(first);
    alice.create_private_room("three");
}

#[test]
fn concurrent_creations_do_not_exceed_a_limit() {
    let server = TestServer::start_with(|config| config.max_rooms_per_user = 5);
    let alice = server.user("alice");
    let answers = at_once(12, |n| try_create(&alice.clone(), &format!("room {n}"), "public").status);
    let count = |status: u16| answers.iter().filter(|answer| **answer == status).count();
    assert_eq!((count(201), count(409)), (5, 7), "{answers:?}");
    assert_eq!(alice.rooms().rooms.len(), 5);
}

#[test]
fn rooms_beyond_a_lowered_limit_stay() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let rooms: Vec<_> = (0..4).map(|n| alice.create_room(&format!("room {n}"))).collect();
    let server = server.restart(|config| {
        config.max_rooms_per_user = 2;
        config.max_rooms = 3;
    });
    let alice = alice.at(server.address);
    assert_eq!(alice.rooms().rooms.len(), 4);
    alice.send_message(rooms[3], "still here");
    server.user("bob").join(rooms[0]);
    refused(&try_create(&alice, "one more", "public"), "--max-rooms-per-user");
    refused(&try_create(&server.user("bob"), "one more", "public"), "--max-rooms");
}

#[cfg(unix)]
#[test]
fn each_limit_has_a_flag() {
    use crate::harness::{DataDir, Process};

    let data_dir = DataDir::new();
    let mut command = Process::command_on(&data_dir.path());
    command.args(["--listen", "127.0.0.1:0"]);
    command.args(["--max-rooms-per-user", "2", "--max-rooms", "3", "--max-private-rooms-per-user", "1"]);
    let server = Process::run(command);
    let (alice, bob) = (server.register("alice"), server.register("bob"));
    alice.create_private_room("one");
    refused(&try_create(&alice, "two", "private"), "--max-private-rooms-per-user");
    alice.create_room("two");
    refused(&try_create(&alice, "three", "public"), "--max-rooms-per-user");
    bob.create_room("three");
    refused(&try_create(&bob, "four", "public"), "--max-rooms");
    let limits = alice.get("/v1/server").expect(200).value()["limits"].clone();
    let bounds = [&limits["rooms_per_user"], &limits["rooms"], &limits["private_rooms_per_user"]];
    assert_eq!(bounds, [&json!(2), &json!(3), &json!(1)]);
}

#[test]
fn the_longest_room_in_the_list_is_as_long_as_the_limits_say() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let bytes = |wide: char, txn: &str| {
        let text = |chars: usize| wide.to_string().repeat(chars);
        let new = json!({"name": text(64), "topic": text(256), "kind": "private"});
        let room = alice.post("/v1/rooms", &new).expect(201).value()["id"].clone();
        let message = json!({"text": text(4000), "txn": txn.repeat(64)});
        alice.post(&format!("/v1/rooms/{room}/messages"), &message).expect(201);
        alice.get(&format!("/v1/rooms/{room}")).expect(200).body.len() as u64
    };
    assert!(bytes('🎉', "\"") <= LISTED_ROOM_MAX);
    assert!(bytes('"', "\\") <= LISTED_ROOM_MAX);
    assert!(u64::from(ROOMS + PRIVATE_ROOMS_PER_USER) * LISTED_ROOM_MAX < ANSWER_MAX);
}

#[test]
fn a_deleted_room_leaves_no_rows_behind() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let room = alice.create_private_room("plans");
    for n in 0..3 {
        alice.send_message(room, &format!("secret {n} @alice"));
    }
    alice.mark_read(room, 3);
    alice.leave(room);
    let database = server.data_dir.database();
    let count = |sql: &str| database.number(sql);
    eventually("the rows are purged", || {
        let left =
            ["rooms", "members", "messages", "mentions"].map(|table| count(&format!("SELECT count(*) FROM {table}")));
        (left == [0; 4]).then_some(())
    });
    let kinds = "SELECT count(*) FROM events WHERE kind NOT IN ('member.left', 'room.deleted')";
    assert_eq!((count(kinds), count("SELECT count(*) FROM events")), (0, 2));
}
