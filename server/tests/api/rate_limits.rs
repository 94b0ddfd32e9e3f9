//! Rate limits: 429 with `Retry-After`, per user or address.

use std::time::Duration;

use quchat_server::{Config, Rate, Rates};
use quchat_shared::{RoomId, Seq};
use serde_json::json;

use crate::harness::{Answer, Client, PASSWORD, TestServer, needs_one_node};

const SECOND: Duration = Duration::from_secs(1);

fn limited(limit: impl FnOnce(&mut Rates)) -> impl FnOnce(&mut Config) {
    |config| limit(&mut config.rates)
}

#[track_caller]
fn is_limited(answer: &Answer, word: &str) -> u64 {
    let problem = answer.problem(429, "rate_limited");
    assert!(problem["detail"].as_str().unwrap().contains(word), "{problem}");
    answer.header("retry-after").unwrap().parse().unwrap()
}

#[test]
fn each_user_sends_a_burst_and_then_at_the_rate() {
    needs_one_node!("each node counts for itself");
    let rate = Rate::new(1, Duration::from_secs(10), 3);
    let server = TestServer::start_with(limited(|rates| rates.messages = Some(rate)));
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    alice.count_to(room, 3);
    let wait = is_limited(&alice.try_send_message(room, "4"), "messages");
    assert!((1..=10).contains(&wait), "{wait}");
    is_limited(&server.sign_in("alice").try_send_message(room, "4"), "messages");
    bob.send_message(room, "4");
    server.clock.advance(Duration::from_secs(10));
    assert_eq!(alice.send_message(room, "5").seq, Seq(5), "refused attempts use up no seq");
    is_limited(&alice.try_send_message(room, "6"), "messages");
}

#[test]
fn edits_and_reactions_count_together_and_apart_from_messages() {
    needs_one_node!("each node counts for itself");
    let server = TestServer::start_with(limited(|rates| rates.changes = Some(Rate::new(1, 60 * SECOND, 3))));
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    alice.count_to(room, 2);
    alice.edit(room, 1, "one");
    alice.react(room, 1, "👍");
    alice.unreact(room, 1, "👍");
    is_limited(&alice.try_edit(room, 1, "uno"), "edit");
    is_limited(&alice.try_react("PUT", room, 1, "👍"), "react");
    is_limited(&alice.try_react("DELETE", room, 1, "👍"), "react");
    assert_eq!(alice.send_message(room, "3").seq, Seq(3));
    alice.delete_message(room, 3);
}

#[test]
fn rooms_are_created_at_a_rate() {
    needs_one_node!("each node counts for itself");
    let server = TestServer::start_with(limited(|rates| rates.rooms = Some(Rate::new(2, 3600 * SECOND, 2))));
    let alice = server.user("alice");
    alice.create_room("one");
    alice.post("/v1/rooms", &json!({"name": ""})).refuses("name");
    let wait = is_limited(&alice.post("/v1/rooms", &json!({"name": "two"})), "rooms");
    assert!((1700..=1800).contains(&wait), "{wait}");
    server.clock.advance(1800 * SECOND);
    alice.create_room("two");
}

#[test]
fn registrations_are_counted_by_address_except_from_this_machine() {
    needs_one_node!("each node counts for itself");
    let server = TestServer::start_with(|config| {
        config.rates.registrations = Some(Rate::new(1, 60 * SECOND, 2));
        config.plaintext = true;
    });
    let register = |client: &Client, name: &str| client.post("/v1/users", &json!({"name": name, "password": PASSWORD}));
    let elsewhere = server.anonymous().elsewhere();
    for _ in 0..5 {
        register(&elsewhere, "alice").problem(409, "name_taken"); // nobody has registered
    }
    register(&elsewhere, "dave").expect(201);
    register(&elsewhere, "erin").expect(201);
    is_limited(&register(&elsewhere, "frank"), "registered");
    register(&server.anonymous(), "frank").expect(201);
    register(&server.anonymous(), "grace").expect(201);
    server.clock.advance(60 * SECOND);
    register(&elsewhere, "heidi").expect(201);
}

#[test]
fn a_revoked_token_takes_nothing_away_from_its_user() {
    needs_one_node!("each node counts for itself");
    let server = TestServer::start_with(limited(|rates| rates.messages = Some(Rate::new(1, 3600 * SECOND, 2))));
    let (alice, stolen) = (server.user("alice"), server.sign_in("alice"));
    let room = alice.create_room("lobby");
    stolen.sign_out();
    for _ in 0..5 {
        stolen.try_send_message(room, "boo").problem(401, "unauthenticated");
    }
    alice.count_to(room, 2);
}

#[test]
fn the_defaults_are_those_of_the_contract() {
    needs_one_node!("each node counts for itself");
    let server = TestServer::start_with(|config| config.rates = Rates::default());
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    let sent = burst(&alice, room, 160);
    assert!((100..160).contains(&sent), "{sent}");
    let created = (0..40).take_while(|n| alice.post("/v1/rooms", &json!({"name": format!("room {n}")})).status == 201);
    assert_eq!(created.count(), 29, "one of 30 was the lobby");
}

/// How many of so many messages are accepted before one is refused.
fn burst(client: &Client, room: RoomId, most: usize) -> usize {
    (0..most).take_while(|n| client.try_send_message(room, &n.to_string()).status == 201).count()
}
