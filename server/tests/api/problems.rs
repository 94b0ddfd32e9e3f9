//! Every kind of problem: its status, its fields, and what it must not reveal.

use std::io::Write;

use quchat_shared::Seq;
use serde_json::{Value, json};

use crate::harness::{Answer, Client, TestServer};

fn post_bytes(client: &Client, target: &str, content_type: &str, body: impl Into<Vec<u8>>) -> Answer {
    client.try_send("POST", target, content_type, Some(body.into())).unwrap()
}

#[test]
fn a_body_that_is_not_json_is_a_bad_request() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    let target = format!("/v1/rooms/{room}/messages");
    let bad: [&[u8]; 10] = [
        b"",
        b"{",
        b"hello",
        b"{\"text\":\"a\"} trailing",
        b"{\"text\":\"a\",}",
        b"{'text':'a'}",
        b"{\"text\":\"\xff\xfe\"}",
        b"{\"text\":\"\\ud800\"}",
        b"{\"text\":\"a\nb\"}",
        b"{\"text\":NaN}",
    ];
    for body in bad {
        let answer = post_bytes(&alice, &target, "application/json", body);
        answer.problem(400, "bad_request");
    }
    assert_eq!(alice.room(room).info.last_seq, Seq(0));
}

#[test]
fn json_of_the_wrong_shape_is_refused_with_the_field() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    let target = format!("/v1/rooms/{room}/messages");
    for body in [
        "{}",
        "[]",
        "null",
        "\"text\"",
        "{\"text\":1}",
        "{\"text\":null}",
        "{\"text\":[\"a\"]}",
        "{\"text\":\"a\",\"txn\":7}",
    ] {
        let answer = post_bytes(&alice, &target, "application/json", body);
        assert!(matches!(answer.status, 400 | 422), "{body}: {}", answer.text());
        answer.problem(answer.status, if answer.status == 400 { "bad_request" } else { "invalid" });
    }
    assert_eq!(alice.room(room).info.last_seq, Seq(0));
}

#[test]
fn an_array_is_not_accepted_as_an_object() {
    let server = TestServer::start();
    let alice = server.user("alice");
    post_bytes(&alice, "/v1/rooms", "application/json", "[\"lobby\"]").problem(400, "bad_request");
    post_bytes(&server.anonymous(), "/v1/users", "application/json", "[\"bob\",\"correct horse\"]")
        .problem(400, "bad_request");
    assert!(alice.rooms().rooms.is_empty());
}

#[test]
fn unknown_fields_are_ignored() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let body = json!({"name": "lobby", "colour": "red", "member": {"role": "owner"}, "id": 99, "created_by": 99});
    let room: Value = alice.post("/v1/rooms", &body).expect(201).json();
    assert_eq!(room["created_by"], alice.user().id.0);
    let body = json!({"text": "hello", "sender": {"id": 99}, "seq": 7});
    let message: Value = alice.post(&format!("/v1/rooms/{}/messages", room["id"]), &body).expect(201).json();
    assert_eq!((&message["seq"], &message["sender"]["id"]), (&json!(1), &json!(alice.user().id)));
}

#[test]
fn an_unknown_path_is_not_found() {
    let server = TestServer::start();
    let alice = server.user("alice");
    for target in
        ["/v1", "/v1/", "/v2/rooms", "/v1/rooms/", "/v1/room", "/v1//rooms", "/favicon.ico", "/v1/rooms/1/nothing"]
    {
        alice.get(target).problem(404, "not_found");
    }
}

#[test]
fn an_unknown_method_is_answered_with_the_allowed_ones() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    let cases = [
        ("POST", "/v1/server".to_owned(), vec!["GET"]),
        ("PUT", "/v1/users".to_owned(), vec!["GET", "POST"]),
        ("POST", "/v1/users/me".to_owned(), vec!["GET"]),
        ("PATCH", "/v1/rooms".to_owned(), vec!["GET", "POST"]),
        ("POST", format!("/v1/rooms/{room}"), vec!["GET"]),
        ("PUT", format!("/v1/rooms/{room}/messages"), vec!["GET", "POST"]),
        ("GET", format!("/v1/rooms/{room}/read"), vec!["PUT"]),
        ("POST", format!("/v1/rooms/{room}/members/me"), vec!["PUT", "DELETE"]),
        ("POST", "/v1/events".to_owned(), vec!["GET"]),
        ("POST", "/healthz".to_owned(), vec!["GET"]),
        ("GET", "/v1/sessions/current".to_owned(), vec!["DELETE"]),
    ];
    for (method, target, methods) in cases {
        let answer = alice.request(method, &target, None);
        answer.problem(405, "method_not_allowed");
        let allow: Vec<_> = answer.header("allow").unwrap().split(',').map(str::trim).collect();
        for method in methods {
            assert!(allow.contains(&method), "{target}: {allow:?} lacks {method}");
        }
        assert!(!allow.contains(&method), "{target}: {allow:?}");
    }
}

#[test]
fn a_body_must_have_the_media_type_of_json() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let create = |content_type: &str, name: &str| {
        post_bytes(&alice, "/v1/rooms", content_type, json!({"name": name}).to_string())
    };
    for other in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/xml",
        "application/jsonp",
        "multipart/form-data",
    ] {
        create(other, "lobby").problem(415, "unsupported_media_type");
    }
    create("application/json; charset=utf-8", "one").expect(201);
    create("Application/JSON", "two").expect(201);
}

#[test]
fn a_body_of_sixty_four_kib_is_accepted_and_a_byte_more_is_not() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let padded = |name: &str, size: usize| {
        let json = json!({"name": name}).to_string();
        format!("{json}{}", " ".repeat(size - json.len()))
    };
    post_bytes(&alice, "/v1/rooms", "application/json", padded("full", 65_536)).expect(201);
    post_bytes(&alice, "/v1/rooms", "application/json", padded("over", 65_537)).problem(413, "too_large");
    assert_eq!(alice.rooms().rooms.len(), 1);
}

#[test]
fn a_client_that_sends_too_much_can_still_read_the_answer() {
    let server = TestServer::start();
    let alice = server.user("alice");
    for size in [70_000, 500_000, 1_000_000] {
        let answer = post_bytes(&alice, "/v1/rooms", "application/json", vec![b' '; size]);
        answer.problem(413, "too_large");
    }
    let mut connection = alice.connect();
    let head = format!("POST /v1/rooms HTTP/1.1\r\n{}Content-Type: application/json\r\n", alice.head_lines());
    connection.send(format!("{head}Content-Length: 900000\r\n\r\n"));
    for _ in 0..900 {
        connection.send([b' '; 1000]);
    }
    connection.answer().problem(413, "too_large");
}

#[test]
fn a_body_may_be_chunked() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let mut connection = alice.connect();
    let head = format!("POST /v1/rooms HTTP/1.1\r\n{}Content-Type: application/json\r\n", alice.head_lines());
    connection.send(format!("{head}Transfer-Encoding: chunked\r\n\r\n6\r\n{{\"name\r\n"));
    connection.send("9;note=x\r\n\": \"lobby\r\n2\r\n\"}\r\n0\r\nTrailer: x\r\n\r\n");
    assert_eq!(connection.answer().expect(201).value()["name"], "lobby");
}

#[test]
fn the_limit_applies_to_chunked_bodies_too() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let mut connection = alice.connect();
    let head = format!("POST /v1/rooms HTTP/1.1\r\n{}Content-Type: application/json\r\n", alice.head_lines());
    connection.send(format!("{head}Transfer-Encoding: chunked\r\n\r\n"));
    for _ in 0..100 {
        let mut chunk = b"1000\r\n".to_vec();
        chunk.resize(6 + 4096, b' ');
        chunk.extend_from_slice(b"\r\n");
        connection.send(chunk);
    }
    connection.send("0\r\n\r\n");
    connection.answer().problem(413, "too_large");
}

#[test]
fn an_endless_body_does_not_keep_the_server_reading() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let mut connection = alice.connect();
    let head = format!("POST /v1/rooms HTTP/1.1\r\n{}Content-Type: application/json\r\n", alice.head_lines());
    connection.send(format!("{head}Content-Length: 1000000000\r\n\r\n"));
    let mut sent = 0;
    while sent < 200_000_000 {
        match connection.socket.write(&[b' '; 65_536]) {
            Ok(n) if n > 0 => sent += n,
            _ => break,
        }
    }
    assert!(sent < 200_000_000, "the server kept reading");
}

#[test]
fn an_oversized_body_is_refused_before_it_is_sent() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let mut connection = alice.connect();
    let head = format!("POST /v1/rooms HTTP/1.1\r\n{}Content-Type: application/json\r\n", alice.head_lines());
    connection.send(format!("{head}Content-Length: 1000000\r\nExpect: 100-continue\r\n\r\n"));
    connection.answer().problem(413, "too_large");
}

#[test]
fn a_client_that_waits_for_100_continue_gets_it() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let mut connection = alice.connect();
    let body = json!({"name": "lobby"}).to_string();
    let head = format!("POST /v1/rooms HTTP/1.1\r\n{}Content-Type: application/json\r\n", alice.head_lines());
    connection.send(format!("{head}Content-Length: {}\r\nExpect: 100-continue\r\n\r\n", body.len()));
    assert_eq!(connection.head().map(|interim| interim.status), Some(100));
    connection.send(body);
    connection.answer().expect(201);
}

#[test]
fn several_mistakes_are_reported_together_or_one_by_one_but_never_wrongly() {
    let server = TestServer::start();
    let answer = server.anonymous().post("/v1/users", &json!({"name": "no good", "password": "short"}));
    let problem = answer.problem(422, "invalid");
    for error in problem["errors"].as_array().unwrap() {
        assert!(["name", "password"].contains(&error["field"].as_str().unwrap()), "{problem}");
    }
}

#[test]
fn a_broken_database_is_an_internal_error_and_reveals_nothing() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    server.data_dir.database().lose_tables();
    alice.get(&format!("/v1/rooms/{room}/messages")).problem(500, "internal");
    alice.try_send_message(room, "into the ruins").problem(500, "internal");
}
