//! `PATCH /v1/users/{user}`: roles on the server, and suspended users.

use quchat_shared::{User, event::ByeReason, user::ServerRole};
use serde_json::{Value, json};

use crate::harness::{Answer, Client, PASSWORD, TestServer, keys, needs_one_node};

fn try_update(by: &Client, user: &Client, change: &Value) -> Answer {
    by.request("PATCH", &format!("/v1/users/{}", user.user().id), Some(change))
}

#[track_caller]
fn update(by: &Client, user: &Client, change: &Value) -> User {
    try_update(by, user, change).expect(200).json()
}

fn try_sign_in(server: &TestServer, name: &str, password: &str) -> Answer {
    server.anonymous().post("/v1/sessions", &json!({"name": name, "password": password}))
}

#[test]
fn a_suspended_user_is_out_at_once_and_cannot_sign_in() {
    let server = TestServer::start();
    let (admin, bob) = (server.user("alice"), server.user("bob"));
    let other = server.sign_in("bob");
    let mut streams = [bob.listen(), other.listen()];
    assert!(update(&admin, &bob, &json!({"suspended": true})).suspended);
    streams.iter_mut().for_each(|stream| stream.expects_bye(ByeReason::SignedOut));
    for session in [&bob, &other] {
        session.get("/v1/users/me").problem(401, "unauthenticated");
        session.get("/v1/events").problem(401, "unauthenticated");
        session.post("/v1/rooms", &json!({"name": "x"})).problem(401, "unauthenticated");
    }
    let problem = try_sign_in(&server, "bob", PASSWORD).problem(403, "forbidden");
    assert!(problem["detail"].as_str().unwrap().contains("suspended"), "{problem}");

    update(&admin, &bob, &json!({"suspended": false}));
    bob.get("/v1/users/me").problem(401, "unauthenticated");
    server.sign_in("bob").get("/v1/users/me").expect(200);
}

#[test]
fn a_wrong_password_does_not_tell_that_a_user_is_suspended() {
    needs_one_node!("each node counts wrong passwords for itself");
    let server = TestServer::start_with(|config| config.wrong_passwords = 2);
    let (admin, bob) = (server.user("alice"), server.user("bob"));
    update(&admin, &bob, &json!({"suspended": true}));
    let wrong = try_sign_in(&server, "bob", "wrong horse").problem(401, "unauthenticated");
    assert_eq!(wrong, try_sign_in(&server, "nobody", "wrong horse").problem(401, "unauthenticated"));
    for _ in 0..3 {
        try_sign_in(&server, "bob", PASSWORD).problem(403, "forbidden"); // right passwords do not count
    }
    try_sign_in(&server, "bob", "wrong horse").problem(401, "unauthenticated");
    try_sign_in(&server, "bob", "wrong horse").problem(429, "rate_limited");
}

#[test]
fn a_suspended_user_stays_who_they_are() {
    let server = TestServer::start();
    let (admin, bob, carol) = (server.user("alice"), server.user("bob"), server.user("carol"));
    let room = bob.create_room("lobby");
    carol.join(room);
    bob.send_message(room, "hello");
    let shown = |user: &Client| carol.get(&format!("/v1/users/{}", user.user().id)).expect(200).value();
    assert_eq!(keys(&shown(&bob)), ["created_at", "id", "name", "online", "role"]);
    update(&admin, &bob, &json!({"suspended": true}));
    assert_eq!(shown(&bob)["suspended"], true);
    let members = carol.get(&format!("/v1/rooms/{room}/members")).expect(200).value();
    assert_eq!(members["members"][0]["user"]["suspended"], true, "{members}");
    assert_eq!(&*carol.message(room, 1).text, "hello");
    server.anonymous().post("/v1/users", &json!({"name": "bob", "password": PASSWORD})).problem(409, "name_taken");
    let restarted = server.restart(|_| {});
    try_sign_in(&restarted, "bob", PASSWORD).problem(403, "forbidden");
}

#[test]
fn admins_make_others_admins_and_the_last_one_stays() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    for change in [json!({"role": "member"}), json!({"suspended": true})] {
        try_update(&alice, &alice, &change).problem(409, "conflict");
    }
    assert_eq!(update(&alice, &bob, &json!({"role": "admin"})).role, ServerRole::Admin);
    assert_eq!(update(&bob, &alice, &json!({"role": "member"})).role, ServerRole::Member);
    try_update(&bob, &bob, &json!({"role": "member"})).problem(409, "conflict");
    update(&bob, &alice, &json!({"role": "admin"}));
    update(&bob, &alice, &json!({"suspended": true}));
    try_update(&bob, &bob, &json!({"role": "member"})).problem(409, "conflict");
}

#[test]
fn only_admins_change_users() {
    let server = TestServer::start();
    let (alice, bob, carol) = (server.user("alice"), server.user("bob"), server.user("carol"));
    for change in [json!({"role": "admin"}), json!({"suspended": true}), json!({})] {
        for user in [&alice, &bob, &carol] {
            try_update(&bob, user, &change).problem(403, "forbidden");
        }
        bob.request("PATCH", "/v1/users/999", Some(&change)).problem(403, "forbidden");
    }
    alice.request("PATCH", "/v1/users/999", Some(&json!({}))).problem(404, "not_found");
    assert_eq!(update(&alice, &bob, &json!({})).role, ServerRole::Member, "nothing changes");
    try_update(&alice, &bob, &json!({"role": "owner"})).refuses("role");
    try_update(&alice, &bob, &json!({"suspended": "yes"})).refuses("suspended");
    update(&alice, &bob, &json!({"role": "admin"}));
    bob.post("/v1/invites", &json!({})).expect(201);
    update(&alice, &bob, &json!({"role": "member"}));
    bob.post("/v1/invites", &json!({})).problem(403, "forbidden");
}
