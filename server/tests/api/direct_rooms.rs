//! `PUT /v1/direct/{user}`: the conversation of two users, and a place for notes.

use std::collections::HashSet;

use quchat_shared::{Event, Room, RoomId, Seq, UserId, room::Role};
use serde_json::json;

use crate::harness::{Answer, Client, Opening, Stream, StreamEvent, TestServer, at_once};

fn id(client: &Client) -> UserId {
    client.user().id
}

/// What tells events apart: kind, room, user and seq.
fn summary(received: &StreamEvent) -> String {
    let value = serde_json::to_value(&received.event).unwrap();
    let room = if value["room_id"].is_null() { &value["room"]["id"] } else { &value["room_id"] };
    let (user, by, seq) = (&value["user"]["id"], &value["by"]["id"], &value["message"]["seq"]);
    format!("{} room {room} user {user} by {by} seq {seq}", received.event.name())
}

/// The events of a stream up to the message in this room, which it includes.
#[track_caller]
fn until_fence(stream: &mut Stream, fence: RoomId) -> Vec<String> {
    stream.until_message(fence, Seq(1)).iter().map(summary).collect()
}

/// Checks that no route but `PUT /v1/direct/{user}` knows the room, and no list.
#[track_caller]
fn is_hidden(client: &Client, room: RoomId) {
    let base = format!("/v1/rooms/{room}");
    let answers = [
        client.get(&base),
        client.get(&format!("{base}/messages")),
        client.try_send_message(room, "hello?"),
        client.try_update_room(room, &json!({"name": "mine"})),
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
fn a_direct_room_is_made_when_it_is_first_opened() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let answer = alice.try_open_direct_room(id(&bob)).expect(201);
    let room = answer.value();
    let expected = json!({
        "id": room["id"], "rev": 1, "name": "", "topic": "", "kind": "direct", "created_by": id(&alice),
        "created_at": room["created_at"], "last_seq": 0, "archived": false,
        "member": {"role": "member", "last_read_seq": 0, "notify": room["member"]["notify"]},
        "unread": 0, "mentions": 0, "peer": {"id": id(&bob), "name": "bob"},
    });
    assert_eq!(room, expected);
    assert_eq!(answer.header("location"), Some(&*format!("/v1/rooms/{}", room["id"])));
    assert_eq!(alice.try_open_direct_room(id(&bob)).expect(200).value(), expected);
    assert_eq!(alice.get(&format!("/v1/rooms/{}", room["id"])).expect(200).value(), expected);
    assert_eq!(alice.get("/v1/rooms").value()["rooms"], json!([expected]));
}

#[test]
fn nobody_opens_a_direct_room_with_a_user_who_does_not_exist() {
    let server = TestServer::start();
    let alice = server.user("alice");
    for user in [0, 4711, u64::MAX] {
        alice.try_open_direct_room(UserId(user)).problem(404, "not_found");
    }
    alice.request("PUT", "/v1/direct/bob", None).problem(400, "bad_request");
    assert!(alice.rooms().rooms.is_empty());
}

#[test]
fn until_the_other_user_opens_it_or_is_written_to_the_room_does_not_exist_for_them() {
    let server = TestServer::start();
    let (alice, bob, carol) = (server.user("alice"), server.user("bob"), server.user("carol"));
    let start = bob.rooms().cursor.0;
    let mut live = bob.listen();
    let room = alice.open_direct_room(id(&bob)).info.id;
    is_hidden(&bob, room);
    is_hidden(&carol, room);
    alice.mark_read(room, 0);
    let fence = bob.create_room("fence");
    bob.send_message(fence, "fence");
    for stream in [&mut live, &mut bob.resume(&start)] {
        assert_eq!(until_fence(stream, fence).len(), 3, "{}", stream.text());
    }
}

#[test]
fn the_other_user_joins_the_same_room_by_opening_it() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.open_direct_room(id(&bob)).info.id;
    let mut live = alice.listen();
    let of_bob = bob.open_direct_room(id(&alice));
    let member = of_bob.member.unwrap();
    assert_eq!((of_bob.info.id, member.role, member.last_read_seq), (room, Role::Member, Seq(0)));
    assert_eq!(of_bob.peer.as_ref().map(|peer| &*peer.name), Some("alice"));
    assert_eq!(bob.try_open_direct_room(id(&alice)).expect(200).json::<Room>(), of_bob);
    let joined = live.next();
    assert_eq!(summary(&joined), format!("member.joined room {room} user {} by null seq null", id(&bob)));
    bob.send_message(room, "hello");
    assert_eq!(live.next().event.name(), "message.created", "they do not join again");
}

#[test]
fn the_first_message_makes_the_other_user_a_member() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.open_direct_room(id(&bob)).info.id;
    let mut streams = [alice.listen(), bob.listen()];
    alice.send_message(room, "hello @bob");
    alice.send_message(room, "again");
    for stream in &mut streams {
        let received: Vec<_> = stream.until_message(room, Seq(2)).iter().map(summary).collect();
        let expected = [
            format!("member.joined room {room} user {} by {} seq null", id(&bob), id(&alice)),
            format!("message.created room {room} user null by null seq 1"),
            format!("message.created room {room} user null by null seq 2"),
        ];
        assert_eq!(received, expected);
    }
    let of_bob = bob.room(room);
    assert_eq!((of_bob.unread, of_bob.mentions, of_bob.member.unwrap().last_read_seq), (2, 1, Seq(0)));
    assert_eq!(of_bob.last_message.map(|message| message.seq), Some(Seq(2)));
    assert_eq!(bob.try_open_direct_room(id(&alice)).expect(200).json::<Room>().info.id, room);
    assert_eq!(bob.send_message(room, "hi").seq, Seq(3));
    assert_eq!(alice.room(room).unread, 1);
}

#[test]
fn a_refused_message_makes_nobody_a_member() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.open_direct_room(id(&bob)).info.id;
    alice.try_send_message(room, " ").refuses("text");
    is_hidden(&bob, room);
}

#[test]
fn ones_own_direct_room_is_a_place_for_notes() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let notes = alice.open_direct_room(id(&alice));
    let room = notes.info.id;
    assert_eq!(notes.peer.as_ref().map(|peer| peer.id), Some(id(&alice)));
    alice.send_message(room, "milk");
    let again = alice.try_open_direct_room(id(&alice)).expect(200).json::<Room>();
    assert_eq!((again.info.id, again.unread, again.info.last_seq), (room, 0, Seq(1)));
    assert_ne!(alice.open_direct_room(id(&bob)).info.id, room);
    assert_ne!(bob.open_direct_room(id(&bob)).info.id, room);
    is_hidden(&bob, room);
}

#[test]
fn a_direct_room_stays_as_it_is() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.open_direct_room(id(&bob)).info.id;
    bob.open_direct_room(id(&alice));
    let before = alice.room(room);
    let mut stream = bob.listen();
    for client in [&alice, &bob] {
        for change in [json!({"name": "ours"}), json!({"topic": "x"}), json!({"archived": true}), json!({})] {
            client.try_update_room(room, &change).problem(409, "conflict");
        }
        client.try_delete_room(room).problem(409, "conflict");
        client.delete(&format!("/v1/rooms/{room}/members/me")).problem(409, "conflict");
        assert_eq!(client.join(room).info, before.info, "they are in already");
    }
    assert_eq!(alice.room(room), before);
    alice.send_message(room, "marker");
    assert_eq!(stream.next().event.name(), "message.created");
}

#[test]
fn two_users_who_open_it_at_once_get_one_room() {
    let server = TestServer::start();
    let (alice, bob, carol) = (server.user("alice"), server.user("bob"), server.user("carol"));
    let other = |i: usize| [id(&bob), id(&alice)][i % 2];
    let answers = at_once(8, |i| [&alice, &bob][i % 2].try_open_direct_room(other(i)));
    let rooms: HashSet<_> = answers.iter().map(|answer| answer.json::<Room>().info.id).collect();
    assert_eq!(rooms.len(), 1);
    for user in 0..2 {
        let created = answers.iter().skip(user).step_by(2).filter(|answer| answer.status == 201).count();
        assert_eq!(created, 1, "each user opens it once");
    }
    assert_eq!(alice.rooms().rooms.len(), 1);
    assert!(carol.rooms().rooms.is_empty());
}

#[test]
fn whoever_opens_it_while_they_are_written_to_joins_once() {
    let server = TestServer::start();
    let alice = server.user("alice");
    for round in 0..6 {
        let other = server.register(&format!("user-{round}"));
        let room = alice.open_direct_room(id(&other)).info.id;
        let mut stream = alice.listen();
        at_once(2, |i| {
            if i == 0 {
                alice.send_message(room, "hello");
            } else {
                assert!(matches!(other.try_open_direct_room(id(&alice)).status, 200 | 201));
            }
        });
        other.send_message(room, "fence");
        let received = stream.until_message(room, Seq(2));
        let joined = received.iter().filter(|received| received.event.name() == "member.joined").count();
        assert_eq!((joined, received.len()), (1, 3), "{received:?}");
        assert!(matches!(&received[0].event, Event::MemberJoined(_)) || received[0].event.name() == "message.created");
    }
}

#[test]
fn a_replay_shows_a_direct_room_as_it_was_live() {
    let server = TestServer::start();
    let clients = ["alice", "bob", "carol"].map(|name| server.user(name));
    let [alice, bob, carol] = &clients;
    let starts = clients.each_ref().map(|client| client.rooms().cursor.0);
    let mut live = clients.each_ref().map(Client::listen);
    let first = alice.open_direct_room(id(bob)).info.id;
    alice.send_message(first, "hello");
    bob.send_message(first, "hi");
    let second = bob.open_direct_room(id(carol)).info.id;
    carol.open_direct_room(id(bob));
    carol.send_message(second, "hello");
    let notes = alice.open_direct_room(id(alice)).info.id;
    alice.send_message(notes, "milk");
    bob.open_direct_room(id(bob));
    let fence = alice.create_room("fence");
    for client in [bob, carol] {
        client.join(fence);
    }
    alice.send_message(fence, "fence");

    for ((client, live), start) in clients.iter().zip(&mut live).zip(&starts) {
        let all = live.until_message(fence, Seq(1));
        let seen: Vec<_> = all.iter().map(summary).collect();
        let positions = [start.clone()].into_iter().chain(all.iter().map(|received| received.id.clone()));
        for (nth, position) in positions.enumerate().take(all.len()) {
            let replayed = until_fence(&mut client.resume(&position), fence);
            assert_eq!(replayed, seen[nth..], "{} from {position}", client.user().name);
        }
    }
}

#[test]
fn direct_rooms_do_not_count_as_rooms() {
    let server = TestServer::start_with(|config| {
        config.max_rooms_per_user = 1;
        config.max_rooms = 1;
    });
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    alice.open_direct_room(id(&bob));
    alice.create_room("lobby");
    alice.open_direct_room(id(&alice));
    alice.post("/v1/rooms", &json!({"name": "two"})).problem(409, "conflict");
}

#[test]
fn opening_a_direct_room_counts_against_the_limit_of_private_rooms_but_being_written_to_does_not() {
    let server = TestServer::start_with(|config| config.max_private_rooms_per_user = 1);
    let (alice, bob, carol) = (server.user("alice"), server.user("bob"), server.user("carol"));
    let refused = |answer: Answer| {
        let problem = answer.problem(409, "conflict");
        assert!(problem["detail"].as_str().unwrap().contains("--max-private-rooms-per-user"), "{problem}");
    };
    let room = alice.open_direct_room(id(&bob)).info.id;
    alice.try_open_direct_room(id(&bob)).expect(200);
    refused(alice.try_open_direct_room(id(&carol)));
    refused(alice.post("/v1/rooms", &json!({"name": "plans", "kind": "private"})));
    bob.create_private_room("plans");
    refused(bob.try_open_direct_room(id(&alice)));
    is_hidden(&bob, room);
    alice.send_message(room, "hello");
    assert_eq!(bob.room(room).unread, 1);
    bob.try_open_direct_room(id(&alice)).expect(200);
    assert_eq!(bob.rooms().rooms.len(), 2);
}

#[test]
fn a_stream_can_be_narrowed_to_a_direct_room() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.open_direct_room(id(&bob)).info.id;
    let (_, mut narrowed) = Opening { query: &format!("?room={room}"), ..Opening::default() }.open(&alice);
    alice.create_room("lobby");
    alice.send_message(room, "hello");
    let received: Vec<_> = narrowed.until_message(room, Seq(1)).iter().map(|received| received.event.name()).collect();
    assert_eq!(received, ["member.joined", "message.created"]);
}

#[test]
fn a_direct_room_survives_a_restart() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let opened = alice.open_direct_room(id(&bob));
    let server = server.restart(|_| {});
    let (alice, bob) = (alice.at(server.address), bob.at(server.address));
    assert_eq!(alice.try_open_direct_room(id(&bob)).expect(200).json::<Room>(), opened);
    is_hidden(&bob, opened.info.id);
    assert_eq!(alice.send_message(opened.info.id, "hello").seq, Seq(1));
    assert_eq!(bob.room(opened.info.id).unread, 1);
}

#[test]
fn the_database_knows_who_has_written() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = bob.open_direct_room(id(&alice)).info.id;
    let notes = alice.open_direct_room(id(&alice)).info.id;
    let database = server.data_dir.database();
    let wrote = |room: RoomId| {
        let has = |who| format!("SELECT count(*) FROM direct_rooms WHERE room_id = {room} AND {who}_wrote");
        (database.number(&has("low")) == 1, database.number(&has("high")) == 1)
    };
    assert_eq!(wrote(room), (false, false));
    bob.send_message(room, "hello");
    assert_eq!(wrote(room), (false, true), "alice registered first");
    bob.send_message(room, "again");
    alice.send_message(room, "hi");
    assert_eq!(wrote(room), (true, true));
    alice.send_message(notes, "milk");
    assert_eq!(wrote(notes), (true, true));
}
