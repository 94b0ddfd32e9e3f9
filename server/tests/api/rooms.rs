//! `/v1/rooms`: creating rooms, and what members and others see of them.

use quchat_shared::{
    Message, Room, RoomId, Seq,
    room::{Role, RoomKind},
};
use serde_json::json;

use crate::harness::{Answer, Client, TestServer, keys};

fn try_create(client: &Client, name: &str) -> Answer {
    client.post("/v1/rooms", &json!({"name": name}))
}

fn visible(client: &Client) -> Vec<RoomId> {
    client.rooms().rooms.iter().map(|room| room.info.id).collect()
}

#[test]
fn a_fresh_server_has_no_rooms() {
    let server = TestServer::start();
    let rooms = server.user("alice").get("/v1/rooms").expect(200).value();
    assert_eq!(keys(&rooms), ["cursor", "rooms"]);
    assert_eq!(rooms["rooms"], json!([]));
    assert!(rooms["cursor"].as_str().is_some_and(|cursor| !cursor.is_empty()));
}

#[test]
fn the_creator_of_a_room_is_its_owner() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let answer = alice.post("/v1/rooms", &json!({"name": "  lan party 🎉 ", "topic": " tonight "})).expect(201);
    let room = answer.value();
    assert_eq!(answer.header("location"), Some(&*format!("/v1/rooms/{}", room["id"])));
    let expected = json!({
        "id": room["id"], "rev": 1, "name": "lan party 🎉", "topic": "tonight", "kind": "public",
        "created_by": alice.user().id, "created_at": room["created_at"], "last_seq": 0, "archived": false,
        "member": {"role": "owner", "last_read_seq": 0, "notify": room["member"]["notify"]},
        "unread": 0, "mentions": 0,
    });
    assert_eq!(room, expected);
    assert_eq!(alice.get(&format!("/v1/rooms/{}", room["id"])).expect(200).value(), expected);
    assert_eq!(alice.get("/v1/rooms").value()["rooms"], json!([expected]));
}

#[test]
fn times_are_utc_with_milliseconds() {
    let server = TestServer::start();
    let room = try_create(&server.user("alice"), "lobby").value();
    let time = room["created_at"].as_str().unwrap();
    assert!(time.len() == 24 && &time[10..11] == "T" && &time[19..20] == "." && time.ends_with('Z'), "{time}");
}

#[test]
fn everyone_sees_a_public_room_without_being_a_member() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    alice.send_message(room, "hello");
    let seen = bob.get(&format!("/v1/rooms/{room}")).expect(200).value();
    assert_eq!(seen["member"], json!(null));
    assert_eq!((&seen["unread"], &seen["mentions"], &seen["last_seq"]), (&json!(0), &json!(0), &json!(1)));
    assert_eq!(seen.get("last_message"), None, "only members get a preview");
    assert_eq!(visible(&bob), [room]);
}

#[test]
fn a_members_room_includes_a_shortened_newest_message() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    alice.send_message(room, "older");
    alice.send_message(room, &"🎉".repeat(300));
    let preview = alice.room(room).last_message.expect("a preview");
    assert_eq!((preview.seq, preview.text), (Seq(2), "🎉".repeat(200)));
    assert_eq!(alice.history(room)[1].text, "🎉".repeat(300), "the message itself is complete");
    let reacted = alice.react(room, 2, "👍");
    let preview = Message { text: "🎉".repeat(200), ..reacted };
    assert_eq!(alice.room(room).last_message.as_ref(), Some(&preview), "all but the text is there");
    assert_eq!(alice.rooms().rooms[0].last_message, Some(preview));
}

#[test]
fn a_room_name_has_one_to_sixty_four_characters_on_one_line() {
    let server = TestServer::start();
    let alice = server.user("alice");
    try_create(&alice, &"é".repeat(64)).expect(201);
    try_create(&alice, "👨‍👩‍👧 family").expect(201);
    let long = "x".repeat(65);
    for name in [
        "",
        "  \t ",
        "\u{3000}",
        &long,
        "a\nb",
        "a\u{0}",
        "a\u{7f}b",
        "a\u{85}b",
        "a\u{202e}b",
        "a\u{2069}b",
        "a\u{2028}b",
    ] {
        try_create(&alice, name).refuses("name");
    }
    assert_eq!(visible(&alice).len(), 2);
}

#[test]
fn a_topic_has_at_most_two_hundred_fifty_six_characters_on_one_line() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let create = |name: &str, topic: &str| alice.post("/v1/rooms", &json!({"name": name, "topic": topic}));
    assert_eq!(create("a", &"é".repeat(256)).expect(201).json::<Room>().info.topic, "é".repeat(256));
    for topic in [&*"x".repeat(257), "a\nb", "a\u{1b}[2J", "a\u{202a}"] {
        create("b", topic).refuses("topic");
    }
}

#[test]
fn a_room_is_public_or_private_and_nothing_else() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let create = |kind: &str| alice.post("/v1/rooms", &json!({"name": kind, "kind": kind}));
    assert_eq!(create("public").expect(201).json::<Room>().info.kind, RoomKind::Public);
    assert_eq!(create("private").expect(201).json::<Room>().info.kind, RoomKind::Private);
    for kind in ["direct", "secret", ""] {
        create(kind).refuses("kind");
    }
}

#[test]
fn the_name_of_a_public_room_is_taken_in_any_case_and_form() {
    let server = TestServer::start();
    let alice = server.user("alice");
    alice.create_room("Caf\u{e9} NOIR");
    for name in ["Caf\u{e9} NOIR", "café noir", "CAFE\u{301} noir", "  Café Noir  "] {
        try_create(&alice, name).problem(409, "name_taken");
    }
    try_create(&alice, "Cafe Noir").expect(201);
}

#[test]
fn names_that_look_the_same_are_the_same_name() {
    let server = TestServer::start();
    let alice = server.user("alice");
    alice.create_room("general");
    for name in ["gen\u{200B}eral", "\u{FEFF}General", "general\u{E0041}", "gen\u{AD}e\u{2060}ral", "general\u{2800}"] {
        try_create(&alice, name).problem(409, "name_taken");
    }
    alice.create_room("👩\u{200D}💻");
    alice.create_room("👩💻");
    try_create(&alice, "👩\u{FE0F}\u{200D}💻").problem(409, "name_taken");
    let shown = alice.create_room("ops\u{FE0F}");
    assert_eq!(alice.room(shown).info.name, "ops\u{FE0F}", "a name is kept as it was typed");
}

#[test]
fn an_invisible_name_or_topic_is_refused() {
    let server = TestServer::start();
    let alice = server.user("alice");
    for unseen in ["\u{200B}", "\u{2800}", "\u{3164}", "\u{AD}\u{FE0F}", "\u{301}", "\u{E0100}\u{2064}", " \u{115F} "] {
        try_create(&alice, unseen).refuses("name");
        alice.post("/v1/rooms", &json!({"name": unseen, "kind": "private"})).refuses("name");
        alice.post("/v1/rooms", &json!({"name": "ops", "topic": unseen})).refuses("topic");
    }
    alice.post("/v1/rooms", &json!({"name": "ops", "topic": "  "})).expect(201);
}

#[test]
fn private_rooms_may_share_names_and_so_reveal_nothing() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let first = alice.create_private_room("plans");
    let second = bob.create_private_room("plans");
    let public = bob.create_room("plans");
    alice.create_private_room("plans");
    assert!(visible(&alice).contains(&first) && !visible(&alice).contains(&second));
    assert_eq!(visible(&bob), [second, public]);
}

#[test]
fn a_private_room_of_others_looks_like_a_missing_room() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let hidden = alice.create_private_room("plans");
    alice.send_message(hidden, "psst");
    let missing = RoomId(hidden.0 + 1);
    let everything = |room: RoomId| {
        let base = format!("/v1/rooms/{room}");
        [
            bob.get(&base),
            bob.get(&format!("{base}/messages")),
            bob.try_send_message(room, "hello?"),
            bob.try_send_once(room, "hello?", "t-1"),
            bob.try_send_message(room, ""),
            bob.try_update_room(room, &json!({"name": "mine"})),
            bob.try_update_room(room, &json!({"name": ""})),
            bob.try_delete_room(room),
            bob.request("PUT", &format!("{base}/members/me"), None),
            bob.delete(&format!("{base}/members/me")),
            bob.try_mark_read(room, 1),
            bob.get(&format!("/v1/events?room={room}")),
        ]
        .map(|answer| answer.problem(404, "not_found"))
    };
    assert_eq!(everything(hidden), everything(missing), "even the text is the same");
    assert_eq!(visible(&bob), []);
    assert_eq!(alice.room(hidden).member.unwrap().role, Role::Owner);
}

#[test]
fn a_room_id_is_a_number() {
    let server = TestServer::start();
    let alice = server.user("alice");
    for id in ["0", "4711", "9223372036854775807", "9223372036854775808", "18446744073709551615"] {
        alice.get(&format!("/v1/rooms/{id}")).problem(404, "not_found");
    }
    for id in ["lobby", "-1", "18446744073709551616", "1.5", "%31x"] {
        alice.get(&format!("/v1/rooms/{id}")).problem(400, "bad_request");
    }
}

#[test]
fn a_room_survives_a_restart() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let (lobby, plans) = (alice.create_room("lobby"), alice.create_private_room("plans"));
    alice.send_message(plans, "hello");
    let before = (alice.room(lobby), alice.room(plans));
    let server = server.restart(|_| {});
    let alice = alice.at(server.address);
    assert_eq!((alice.room(lobby), alice.room(plans)), before);
    assert!(alice.create_room("another").0 > plans.0, "ids are never reused");
}
