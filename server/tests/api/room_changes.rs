//! `PATCH /v1/rooms/{room}`: new names and topics, and archived rooms.

use quchat_shared::{Event, Message, Room, RoomId, Seq};
use serde_json::json;

use crate::harness::{Stream, TestServer, at_once};

/// Revision, name and topic of the next event, which is a `room.updated`.
#[track_caller]
fn next_update(stream: &mut Stream) -> (RoomId, u64, String, String) {
    match stream.next().event {
        Event::RoomUpdated(updated) => {
            let room = updated.room;
            (room.id, room.rev, room.name, room.topic)
        }
        other => panic!("not a room.updated: {other:?}"),
    }
}

#[test]
fn everyone_who_sees_a_public_room_hears_of_its_new_name_and_topic() {
    let server = TestServer::start();
    let (alice, bob, carol) = (server.user("alice"), server.user("bob"), server.user("carol"));
    let room = alice.create_room("lobby");
    bob.join(room);
    let start = carol.rooms().cursor.0;
    let (mut members, mut visitors) = (bob.listen(), carol.listen());
    let changed = alice.update_room(room, &json!({"name": "  hall ", "topic": " news "}));
    assert_eq!((changed.info.rev, &*changed.info.name, &*changed.info.topic), (2, "hall", "news"));
    assert_eq!(alice.room(room), changed);
    alice.update_room(room, &json!({"topic": ""}));
    for stream in [&mut members, &mut visitors] {
        assert_eq!(next_update(stream), (room, 2, "hall".into(), "news".into()));
        assert_eq!(next_update(stream), (room, 3, "hall".into(), String::new()));
    }
    let mut replayed = carol.resume(&start);
    assert_eq!(next_update(&mut replayed), (room, 3, "hall".into(), String::new()), "as it is now");
    let server = server.restart(|_| {});
    assert_eq!(carol.at(server.address).room(room).info.rev, 3);
}

#[test]
fn only_members_hear_of_the_new_name_of_a_private_room() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let hidden = alice.create_private_room("plans");
    let (mut live, mut others) = (alice.listen(), bob.listen());
    alice.update_room(hidden, &json!({"name": "needle"}));
    assert_eq!(next_update(&mut live).2, "needle");
    let fence = alice.create_room("fence");
    bob.send_message(fence, "fence");
    others.until_message(fence, Seq(1));
    assert!(!others.text().contains("needle"), "{}", others.text());
}

#[test]
fn what_stays_the_same_changes_and_publishes_nothing() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let new = json!({"name": "lobby", "topic": "news"});
    let before: Room = alice.post("/v1/rooms", &new).expect(201).json();
    let room = before.info.id;
    let mut stream = alice.listen();
    for change in [json!({}), json!({"name": " lobby", "topic": "news ", "archived": false}), json!({"name": null})] {
        assert_eq!(alice.update_room(room, &change), before, "{change}");
    }
    alice.send_message(room, "marker");
    assert_eq!(stream.next().event.name(), "message.created");
}

#[test]
fn a_room_cannot_take_the_name_of_another_public_room() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let (lobby, _hall) = (alice.create_room("lobby"), alice.create_room("Hall"));
    let mut stream = alice.listen();
    for name in ["Hall", "hALL ", "ha\u{200B}ll"] {
        alice.try_update_room(lobby, &json!({"name": name, "topic": "x"})).problem(409, "name_taken");
    }
    let same = alice.update_room(lobby, &json!({"name": "LOBBY"}));
    assert_eq!((same.info.rev, &*same.info.name), (2, "LOBBY"), "its own name in another case");
    assert_eq!(next_update(&mut stream), (lobby, 2, "LOBBY".into(), String::new()), "a refusal is no event");
    alice.update_room(lobby, &json!({"name": "foyer"}));
    alice.create_room("lobby");
    alice.post("/v1/rooms", &json!({"name": "FOYER"})).problem(409, "name_taken");
}

#[test]
fn private_rooms_may_take_any_name() {
    let server = TestServer::start();
    let alice = server.user("alice");
    alice.create_room("lobby");
    let (one, two) = (alice.create_private_room("one"), alice.create_private_room("two"));
    for room in [one, two] {
        assert_eq!(alice.update_room(room, &json!({"name": "lobby"})).info.name, "lobby");
    }
}

#[test]
fn one_of_many_concurrent_changes_gets_the_name() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let rooms: Vec<_> = (0..6).map(|n| alice.create_room(&format!("room {n}"))).collect();
    let names = [json!({"name": "hall"}), json!({"name": "HALL"})];
    let answers = at_once(6, |i| alice.clone().try_update_room(rooms[i], &names[i % 2]));
    let (winners, losers): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert_eq!(winners.len(), 1);
    losers.iter().for_each(|answer| drop(answer.problem(409, "name_taken")));
    let named = alice.rooms().rooms.into_iter().filter(|room| room.info.name.eq_ignore_ascii_case("hall"));
    assert_eq!(named.count(), 1);
}

#[test]
fn a_new_name_or_topic_follows_the_rules_of_new_rooms() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    for name in ["", " \t ", "a\nb", "a\u{202e}b", &"x".repeat(65)] {
        alice.try_update_room(room, &json!({"name": name, "topic": "x"})).refuses("name");
    }
    for topic in ["a\nb", "a\u{1b}[2J", &"x".repeat(257)] {
        alice.try_update_room(room, &json!({"name": "hall", "topic": topic})).refuses("topic");
    }
    alice.try_update_room(room, &json!({"archived": "yes"})).refuses("archived");
    alice.try_update_room(room, &json!([])).problem(400, "bad_request");
    assert_eq!((alice.room(room).info.rev, &*alice.room(room).info.name), (1, "lobby"));
}

#[test]
fn moderators_owners_and_admins_change_a_room() {
    let server = TestServer::start();
    let (admin, bob, carol) = (server.user("alice"), server.user("bob"), server.user("carol"));
    let room = bob.create_room("lobby");
    let hidden = bob.create_private_room("plans");
    let topic = |topic: &str| json!({"topic": topic});
    carol.try_update_room(room, &topic("outside")).problem(403, "forbidden");
    carol.join(room);
    carol.try_update_room(room, &topic("member")).problem(403, "forbidden");
    let whose = format!("user_id = {} AND room_id = {room}", carol.user().id);
    server.data_dir.database().change(&format!("UPDATE members SET role = 'moderator' WHERE {whose}"));
    let server = server.restart(|_| {});
    let [admin, bob, carol] = [admin, bob, carol].map(|client| client.at(server.address));
    carol.update_room(room, &topic("moderator"));
    bob.update_room(room, &topic("owner"));
    assert!(admin.room(room).member.is_none());
    assert_eq!(admin.update_room(room, &topic("admin")).info.rev, 4);
    admin.try_update_room(hidden, &topic("admin")).problem(404, "not_found");
}

#[test]
fn nobody_posts_in_an_archived_room_until_it_is_reopened() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    alice.send_message(room, "before");
    let mut stream = alice.listen();
    assert!(alice.update_room(room, &json!({"archived": true})).info.archived);
    for client in [&alice, &bob] {
        client.try_send_message(room, "after").problem(403, "forbidden");
        client.try_send_message(room, "").problem(403, "forbidden");
    }
    assert!(bob.room(room).member.is_none(), "a refused message does not join");
    assert_eq!(bob.messages(room, "").messages.len(), 1);
    assert!(bob.join(room).info.archived);
    bob.mark_read(room, 1);
    bob.leave(room);
    bob.post("/v1/rooms", &json!({"name": "lobby"})).problem(409, "name_taken");
    alice.update_room(room, &json!({"topic": "closed"}));
    assert!(!alice.update_room(room, &json!({"archived": false})).info.archived);
    assert_eq!(bob.send_message(room, "after").seq, Seq(2));
    let names: Vec<_> = stream.until_message(room, Seq(2)).iter().map(|received| received.event.name()).collect();
    let expected = [
        "room.updated",
        "member.joined",
        "member.left",
        "room.updated",
        "room.updated",
        "member.joined",
        "message.created",
    ];
    assert_eq!(names, expected);
}

#[test]
fn a_known_txn_is_answered_even_if_the_room_is_archived() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let (room, other) = (alice.create_room("lobby"), alice.create_room("other"));
    let sent: Message = alice.try_send_once(room, "hello", "a-1").expect(201).json();
    alice.try_send_once(other, "hello", "a-2").expect(201);
    alice.update_room(room, &json!({"archived": true}));
    assert_eq!(alice.try_send_once(room, "anything", "a-1").expect(200).json::<Message>(), sent);
    for txn in ["a-2", "a-3", "", "ä"] {
        alice.try_send_once(room, "hello", txn).problem(403, "forbidden");
    }
    alice.try_send_once(other, "hello", "a-3").expect(201);
    assert_eq!(alice.room(room).info.last_seq, Seq(1));
}
