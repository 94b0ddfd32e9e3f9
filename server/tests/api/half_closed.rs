//! A client that closes its sending side still gets its answers (RFC 9112 section 9.6, RFC 9293 section 3.6).

use quchat_shared::Seq;
use serde_json::json;

use crate::harness::{Client, Connection, Opening, TIMEOUT, TestServer, at_once, eventually};

/// Sends a request and closes the sending side.
fn send_and_finish(client: &Client, request: &str) -> Connection {
    let mut connection = client.connect();
    connection.send(request);
    connection.finish();
    connection
}

fn with_body(client: &Client, request: &str, body: &serde_json::Value) -> String {
    let body = body.to_string();
    let fields = format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
    format!("{request} HTTP/1.1\r\n{}{fields}\r\n{body}", client.head_lines())
}

#[test]
fn fifty_half_closed_clients_are_all_answered() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    let mut seqs = at_once(50, |n| {
        let message = json!({"text": n.to_string(), "txn": format!("t-{n}")});
        let request = with_body(&alice, &format!("POST /v1/rooms/{room}/messages"), &message);
        let mut connection = send_and_finish(&alice, &request);
        let seq = connection.answer().expect(201).value()["seq"].as_u64().unwrap();
        assert!(connection.ends(TIMEOUT));
        seq
    });
    seqs.sort_unstable();
    assert_eq!(seqs, (1..=50).collect::<Vec<_>>());
    assert_eq!(alice.room(room).info.last_seq, Seq(50));
}

#[test]
fn slow_and_long_answers_reach_half_closed_clients() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    let text = "🎉".repeat(4000);
    (0..150).for_each(|_| drop(alice.send_message(room, &text)));
    let sign_in =
        with_body(&server.anonymous(), "POST /v1/sessions", &json!({"name":"alice","password":"correct horse"}));
    let page = format!("GET /v1/rooms/{room}/messages?limit=200 HTTP/1.1\r\n{}\r\n", alice.head_lines());
    at_once(12, |n| match n % 2 {
        0 => drop(send_and_finish(&alice, &sign_in).answer().expect(201)),
        _ => assert!(send_and_finish(&alice, &page).answer().expect(200).body.len() > 150 * 16_000),
    });
}

#[test]
fn all_requests_before_a_half_close_are_answered() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    let message = with_body(&alice, &format!("POST /v1/rooms/{room}/messages"), &json!({"text": "hello"}));
    let me = format!("GET /v1/users/me HTTP/1.1\r\n{}\r\n", alice.head_lines());
    let mut connection = send_and_finish(&alice, &[&*message, &me, &message, &me].concat());
    for status in [201, 200, 201, 200] {
        connection.answer().expect(status);
    }
    assert!(connection.ends(TIMEOUT));
}

#[test]
fn a_body_that_ends_too_early_is_reported() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let request = with_body(&alice, "POST /v1/rooms", &json!({"name": "lobby"}));
    let mut connection = send_and_finish(&alice, &request[..request.len() - 1]);
    connection.answer().problem(400, "bad_request");
    assert!(connection.ends(TIMEOUT));
    assert!(alice.rooms().rooms.is_empty());
}

#[test]
fn a_stream_for_a_half_closed_client_begins_and_ends_in_order() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    let start = alice.rooms().cursor.0;
    alice.send_message(room, "a needle to find");
    for (target, expected) in
        [("/v1/events".to_owned(), "event: hello"), (format!("/v1/events?since={start}"), "a needle to find")]
    {
        let mut connection = send_and_finish(&alice, &format!("GET {target} HTTP/1.1\r\n{}\r\n", alice.head_lines()));
        assert_eq!(connection.head().unwrap().status, 200);
        assert!(connection.ends(TIMEOUT), "a half-closed stream is treated as a closed one");
        let text = String::from_utf8(connection.received).unwrap();
        assert!(text.contains(expected) && text.ends_with("\r\n0\r\n\r\n"), "{text}");
    }
}

#[test]
fn closed_connections_are_detected() {
    let server = TestServer::start_with(|config| config.max_connections = 20);
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    let text = "🎉".repeat(4000);
    (0..60).for_each(|_| drop(alice.send_message(room, &text)));
    let page = format!("GET /v1/rooms/{room}/messages HTTP/1.1\r\n{}\r\n", alice.head_lines());
    let guests: Vec<_> = (0..15)
        .map(|n| {
            let mut guest = Opening { receive_buffer: Some(4096), ..Opening::default() }.connect(&alice);
            match n % 3 {
                0 => guest.send("GET /v1/us"),
                1 => guest.send(&page),
                _ => guest.send(format!("GET /v1/events HTTP/1.1\r\n{}\r\n", alice.head_lines())),
            }
            guest
        })
        .collect();
    drop(guests);
    eventually("all their places are free", || {
        let mut others: Vec<_> = (0..10).map(|_| Connection::open(server.address)).collect();
        others.iter_mut().for_each(|other| drop(other.try_send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")));
        others.iter_mut().all(|other| other.answer_or_end().is_some_and(|answer| answer.status == 200)).then_some(())
    });
}
