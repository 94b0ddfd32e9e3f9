//! Requests that the server refuses by their head: the client need not send the body, and the server keeps none of it.

use std::time::Duration;

use serde_json::json;

use crate::harness::{Client, Connection, TIMEOUT, TestServer};

/// A server that waits longer for a body than any test does.
fn patient_server() -> TestServer {
    TestServer::start_with(|config| config.body_timeout = Duration::from_secs(600))
}

fn head(client: &Client, request: &str, lines: &str) -> String {
    format!("{request} HTTP/1.1\r\n{}{lines}\r\n", client.head_lines())
}

const JSON: &str = "Content-Type: application/json\r\nContent-Length: 60000\r\n";

#[test]
fn a_missing_token_is_answered_before_the_body() {
    let server = patient_server();
    let (alice, nobody) = (server.user("alice"), server.anonymous());
    let room = alice.create_room("lobby");
    let forged = alice.with_token("eyJhbGciOiJIUzI1NiJ9.e30.AAAA");
    for target in [
        "POST /v1/rooms".to_owned(),
        format!("POST /v1/rooms/{room}/messages"),
        format!("PUT /v1/rooms/{room}/read"),
        format!("PUT /v1/rooms/{room}/members/me"),
        format!("DELETE /v1/rooms/{room}/members/me"),
        "DELETE /v1/sessions/current".to_owned(),
        "GET /v1/rooms".to_owned(),
        "GET /v1/events".to_owned(),
    ] {
        for client in [&nobody, &forged] {
            for body in ["", "{"] {
                let mut connection = client.connect();
                connection.send(head(client, &target, JSON) + body);
                connection.answer().problem(401, "unauthenticated");
            }
        }
    }
}

#[test]
fn other_errors_in_the_head_are_answered_before_the_body() {
    let server = patient_server();
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    let messages = format!("POST /v1/rooms/{room}/messages");
    for (request, lines, status, kind) in [
        ("POST /nothing", JSON, 404, "not_found"),
        ("DELETE /v1/rooms", JSON, 405, "method_not_allowed"),
        ("POST /healthz", JSON, 405, "method_not_allowed"),
        ("POST /v1/rooms/x/messages", JSON, 400, "bad_request"),
        ("POST /v1/rooms?x=%zz", JSON, 400, "bad_request"),
        ("POST /v1/rooms", "Content-Type: text/plain\r\nContent-Length: 9\r\n", 415, "unsupported_media_type"),
        ("POST /v1/users", "Content-Type: text/plain\r\nContent-Length: 9\r\n", 415, "unsupported_media_type"),
        ("POST /v1/rooms", "Transfer-Encoding: chunked\r\n", 415, "unsupported_media_type"),
        (&messages, "Content-Type: application/json\r\nContent-Length: 65537\r\n", 413, "too_large"),
        ("POST /v1/sessions", "Content-Type: application/json\r\nContent-Length: 65537\r\n", 413, "too_large"),
        ("PUT /v1/rooms/1/members/me", "Content-Length: 65537\r\n", 413, "too_large"),
    ] {
        let mut connection = alice.connect();
        connection.send(head(&alice, request, lines));
        connection.answer().problem(status, kind);
    }
}

#[test]
fn a_small_body_that_comes_with_the_head_keeps_the_connection() {
    let server = patient_server();
    let (alice, nobody) = (server.user("alice"), server.anonymous());
    let mut connection = nobody.connect();
    for target in ["POST /v1/rooms", "DELETE /v1/sessions/current", "POST /nothing"] {
        for framing in ["Content-Length: 8000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n1f40\r\n"] {
            let end = if framing.starts_with("Transfer") { "\r\n0\r\n\r\n" } else { "" };
            let body = " ".repeat(8000);
            connection.send(format!("{target} HTTP/1.1\r\nHost: x\r\n{framing}{body}{end}"));
            let answer = connection.answer();
            assert!(matches!(answer.status, 401 | 404) && answer.header("connection").is_none());
        }
        connection.send(head(&alice, "GET /v1/users/me", ""));
        assert_eq!(connection.answer().expect(200).value()["name"], "alice", "the connection is in step");
    }
}

#[test]
fn an_early_answer_to_a_large_body_closes_the_connection_only_after_it_is_read() {
    let server = patient_server();
    let nobody = server.anonymous();
    for framing in ["Content-Length: 900000", "Transfer-Encoding: chunked\r\n\r\ndbba0"] {
        let mut connection = nobody.connect();
        connection.send(format!("POST /v1/rooms HTTP/1.1\r\nHost: x\r\n{framing}\r\n"));
        if framing.starts_with("Content") {
            connection.send("\r\n");
        }
        (0..900).for_each(|_| connection.send([b' '; 1000]));
        let answer = connection.answer();
        answer.problem(401, "unauthenticated");
        assert_eq!(answer.header("connection"), Some("close"));
        assert!(connection.ends(TIMEOUT));
    }
}

#[test]
fn the_server_does_not_wait_for_a_missing_body_after_an_early_answer() {
    let server = patient_server();
    let nobody = server.anonymous();
    let little = "Content-Length: 10\r\n";
    for lines in [little.to_owned(), format!("{little}Expect: 100-continue\r\n"), JSON.to_owned()] {
        let mut connection = nobody.connect();
        connection.send(head(&nobody, "POST /v1/rooms", &lines));
        let answer = connection.answer();
        answer.problem(401, "unauthenticated");
        assert_eq!(answer.header("connection"), Some("close"));
        assert!(connection.ends(Duration::from_secs(10)));
    }
}

#[test]
fn a_refused_expect_100_gets_no_continue() {
    let server = patient_server();
    let nobody = server.anonymous();
    let mut connection = nobody.connect();
    connection.send(head(&nobody, "POST /v1/rooms", &format!("{JSON}Expect: 100-continue\r\n")));
    assert_eq!(connection.head().map(|first| first.status), Some(401), "no 100 (Continue)");
}

#[test]
fn an_accepted_expect_100_keeps_the_connection() {
    let server = patient_server();
    let alice = server.user("alice");
    let mut connection = alice.connect();
    let json = "Content-Type: application/json\r\nExpect: 100-continue\r\n";
    let framings = [
        ("Content-Length: 14", "{\"name\":\"one\"}"),
        ("Transfer-Encoding: chunked", "e\r\n{\"name\":\"two\"}\r\n0\r\n\r\n"),
    ];
    for (framing, body) in framings {
        connection.send(head(&alice, "POST /v1/rooms", &format!("{json}{framing}\r\n")));
        assert_eq!(connection.head().map(|first| first.status), Some(100));
        connection.send(body);
        assert_eq!(connection.answer().expect(201).header("connection"), None, "{framing}");
    }
}

#[test]
fn an_endless_body_after_an_early_answer_ends_the_connection() {
    let server = patient_server();
    let mut connection = Connection::open(server.address);
    connection.send("POST /v1/rooms HTTP/1.1\r\nHost: x\r\nContent-Length: 4000000000\r\n\r\n");
    connection.answer().problem(401, "unauthenticated");
    let mut sent = 0;
    while connection.try_send([b' '; 65_536]).is_ok() {
        sent += 65_536;
        assert!(sent < 200_000_000, "the server kept reading");
    }
}

#[test]
fn an_ignored_body_is_still_part_of_the_request() {
    let server = patient_server();
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    let bob = server.user("bob");
    let mut connection = bob.connect();
    connection.send(head(&bob, &format!("PUT /v1/rooms/{room}/members/me"), "Content-Length: 60000\r\n"));
    connection.send(vec![b'x'; 59_999]);
    connection.finish();
    connection.answer().problem(400, "bad_request");
    assert!(bob.room(room).member.is_none(), "half a request has no effect");
    let mut connection = bob.connect();
    connection.send(head(&bob, &format!("PUT /v1/rooms/{room}/members/me"), "Content-Length: 60000\r\n"));
    connection.send(vec![b'x'; 60_000]);
    connection.answer().expect(200);
}

#[test]
fn a_body_in_many_pieces_arrives_whole() {
    let server = patient_server();
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    let body = json!({"text": "x".repeat(3000)}).to_string();
    let mut connection = alice.connect();
    let lines = "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n";
    connection.send(head(&alice, &format!("POST /v1/rooms/{room}/messages"), lines));
    for byte in body.bytes() {
        connection.send([b'1', b'\r', b'\n', byte, b'\r', b'\n']);
    }
    connection.send("0\r\n\r\n");
    assert_eq!(connection.answer().expect(201).value()["text"], "x".repeat(3000));
}

#[cfg(target_os = "linux")]
#[test]
fn half_sent_bodies_without_a_token_cost_almost_nothing() {
    use crate::harness::{DataDir, Process};

    let data_dir = DataDir::new();
    let server = Process::start(&data_dir.path());
    let nobody = Client::anonymous(server.address);
    let before = server.resident_kib();
    let half = head(&nobody, "POST /v1/rooms", JSON) + &" ".repeat(59_999);
    let guests: Vec<_> = (0..400)
        .map(|_| {
            let mut guest = nobody.connect();
            guest.send(&half);
            guest.answer().problem(401, "unauthenticated");
            guest
        })
        .collect();
    let grown = server.resident_kib().saturating_sub(before);
    drop(guests);
    assert!(grown < 8 * 1024, "{grown} KiB for 400 half-sent bodies, 23 MB of them sent");
}
