//! A private room is invisible to others on every route and stream.

use std::time::Duration;

use quchat_shared::{Seq, user::ServerRole};

use crate::harness::{Opening, TestServer};

#[test]
fn a_private_room_leaves_no_trace_on_other_streams() {
    let server = TestServer::start_with(|config| {
        config.activity_delay = Duration::from_millis(20);
        config.heartbeat = Duration::from_millis(50);
    });
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let start = bob.rooms().cursor.0;
    let mut live = bob.listen();
    let hidden = alice.create_private_room("needle-name");
    alice.post(&format!("/v1/rooms/{hidden}/messages"), &serde_json::json!({"text": "needle-text @bob"})).expect(201);
    alice.mark_read(hidden, 1);
    alice.leave(hidden);
    let fence = alice.create_room("fence");
    bob.join(fence);
    alice.send_message(fence, "fence");
    let mut replayed = bob.resume(&start);
    for stream in [&mut live, &mut replayed] {
        let received = stream.until_message(fence, Seq(1));
        let names: Vec<_> = received.iter().map(|received| received.event.name()).collect();
        assert_eq!(names, ["room.created", "member.joined", "message.created"]);
        let text = stream.text();
        assert!(!text.contains("needle") && !text.contains(&format!("\"room_id\":{hidden},")), "{text}");
    }
}

#[test]
fn the_admin_of_the_server_does_not_see_private_rooms_either() {
    let server = TestServer::start();
    let (admin, bob) = (server.user("alice"), server.user("bob"));
    assert_eq!(admin.user().role, ServerRole::Admin, "the first to register");
    let hidden = bob.create_private_room("plans");
    bob.send_message(hidden, "psst");
    admin.get(&format!("/v1/rooms/{hidden}")).problem(404, "not_found");
    admin.get(&format!("/v1/rooms/{hidden}/messages")).problem(404, "not_found");
    admin.try_send_message(hidden, "hello?").problem(404, "not_found");
    assert!(admin.rooms().rooms.is_empty());
}

#[test]
fn a_user_who_left_a_private_room_gets_no_more_of_its_events() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let hidden = alice.create_private_room("plans");
    let start = alice.rooms().cursor.0;
    alice.send_message(hidden, "needle-text");
    alice.leave(hidden);
    alice.create_room("fence");
    let received = alice.resume(&start).until(|event| event.name() == "room.created");
    let names: Vec<_> = received.iter().map(|received| received.event.name()).collect();
    assert_eq!(
        names,
        ["member.left", "room.deleted", "room.created"],
        "only their leaving and the deletion of the room"
    );
    let refused = Opening { query: &format!("?room={hidden}"), ..Opening::default() }.ask(&alice).err().unwrap();
    refused.problem(404, "not_found");
}

#[test]
fn only_public_routes_answer_without_a_token() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    let nobody = server.anonymous();
    let id = alice.user().id;
    let routes = [
        ("DELETE", "/v1/sessions/current".to_owned()),
        ("GET", "/v1/users/me".to_owned()),
        ("GET", "/v1/users".to_owned()),
        ("GET", format!("/v1/users/{id}")),
        ("GET", "/v1/users/4711".to_owned()),
        ("GET", "/v1/rooms".to_owned()),
        ("POST", "/v1/rooms".to_owned()),
        ("GET", format!("/v1/rooms/{room}")),
        ("GET", "/v1/rooms/4711".to_owned()),
        ("PATCH", format!("/v1/rooms/{room}")),
        ("DELETE", format!("/v1/rooms/{room}")),
        ("PUT", format!("/v1/direct/{id}")),
        ("PUT", format!("/v1/rooms/{room}/members/me")),
        ("DELETE", format!("/v1/rooms/{room}/members/me")),
        ("GET", format!("/v1/rooms/{room}/messages")),
        ("POST", format!("/v1/rooms/{room}/messages")),
        ("PUT", format!("/v1/rooms/{room}/read")),
        ("GET", "/v1/events".to_owned()),
    ];
    for (method, target) in routes {
        let body = serde_json::json!({"name": "x", "text": "x", "seq": 0});
        let body = matches!(method, "POST" | "PUT" | "PATCH").then_some(&body);
        nobody.request(method, &target, body).problem(401, "unauthenticated");
    }
    assert_eq!(alice.rooms().rooms.len(), 1);
    assert!(alice.history(room).is_empty());
}
