//! What an operator finds in the log about a request, and how an answer is matched with its line.

use std::collections::BTreeSet;

use serde_json::json;

use crate::harness::{Answer, Client, DataDir, LoggedProcess, Opening, TestServer};

#[track_caller]
fn id(answer: &Answer) -> &str {
    let id = answer.header("x-request-id").expect("every answer carries an id");
    assert!(!id.is_empty() && id.len() <= 64 && id.bytes().all(|byte| byte.is_ascii_graphic()), "{id:?}");
    id
}

/// The line of an answer, after checking what belongs in it.
#[track_caller]
fn line(server: &LoggedProcess, answer: &Answer, level: &str, message: &str, fields: &str) -> String {
    let line = server.waits_for(&format!("request_id={}", id(answer)));
    for expected in [level, message, fields] {
        assert!(line.contains(expected), "no {expected:?} in {line:?}");
    }
    line
}

/// Sends a request line and fields that no client library lets through.
fn raw(client: &Client, request_line: &str, fields: &str) -> Answer {
    let mut connection = client.connect();
    connection.send(format!("{request_line} HTTP/1.1\r\n{}{fields}\r\n", client.head_lines()));
    connection.answer()
}

#[test]
fn a_failed_request_is_logged_with_method_route_status_kind_and_id() {
    let data_dir = DataDir::new();
    let server = LoggedProcess::start(&data_dir.path());
    let alice = server.server.register("alice");
    let room = alice.create_room("lobby");

    let answer = alice.get("/v1/rooms/4711/messages?before=4712");
    answer.problem(404, "not_found");
    let expected = "method=GET route=/v1/rooms/{room}/messages status=404 kind=not_found";
    let found = line(&server, &answer, "INFO", "request failed", expected);
    assert!(!found.contains("4711") && !found.contains("4712"), "ids and queries are not logged: {found}");

    let answer = alice.try_send_message(room, "a needle\0");
    answer.refuses("text");
    let expected = "method=POST route=/v1/rooms/{room}/messages status=422 kind=invalid";
    line(&server, &answer, "INFO", "request failed", expected);

    let answer = Client::anonymous(server.server.address).get("/v1/rooms?token=needle");
    answer.problem(401, "unauthenticated");
    line(&server, &answer, "INFO", "request failed", "method=GET route=/v1/rooms status=401 kind=unauthenticated");

    let answer = alice.get("/v1/needle/needle");
    answer.problem(404, "not_found");
    line(&server, &answer, "INFO", "request failed", "method=GET route=none status=404 kind=not_found");

    let answer = raw(&alice, "NEEDLE /v1/rooms", "");
    answer.problem(405, "method_not_allowed");
    line(&server, &answer, "INFO", "request failed", "method=other route=/v1/rooms status=405 kind=method_not_allowed");

    let log = server.log().to_lowercase();
    assert!(!log.contains("needle") && !log.contains(&alice.session().token), "{log}");
    assert!(!log.contains("request answered"), "successful requests are logged only at debug: {log}");
}

#[test]
fn a_request_that_the_server_cannot_handle_is_logged_as_a_warning() {
    let data_dir = DataDir::new();
    let server = LoggedProcess::start_with(&data_dir.path(), |command| {
        command.args(["--memory-budget", "1KiB"]);
    });
    let credentials = json!({"name": "alice", "password": "x".repeat(6000)});
    let answer = Client::anonymous(server.server.address).post("/v1/users", &credentials);
    answer.problem(503, "unavailable");
    line(&server, &answer, "WARN", "request failed", "method=POST route=/v1/users status=503 kind=unavailable");
}

#[test]
fn at_level_debug_every_request_is_logged() {
    let data_dir = DataDir::new();
    let server = LoggedProcess::start_with(&data_dir.path(), |command| {
        command.args(["--log", "debug"]);
    });
    let alice = server.server.register("alice");
    let room = alice.create_room("lobby");
    let answer = alice.try_send_message(room, "a needle");
    let found =
        line(&server, &answer, "DEBUG", "request answered", "method=POST route=/v1/rooms/{room}/messages status=201");
    assert!(found.contains("elapsed="), "{found}");
    let answer = alice.get("/healthz").expect(200);
    line(&server, &answer, "DEBUG", "request answered", "method=GET route=/healthz status=200");
    let stream = Opening::default().ask(&alice).expect("a stream");
    line(&server, &stream.head, "DEBUG", "request answered", "method=GET route=/v1/events status=200");
    assert!(!server.log().contains("needle"), "{}", server.log());
}

#[test]
fn every_answer_has_an_id_of_its_own_whatever_the_client_sends() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    let mut answers = vec![
        alice.get("/v1/rooms").expect(200),
        alice.try_send_message(room, "hi").expect(201),
        alice.request("DELETE", &format!("/v1/rooms/{room}/members/me"), None).expect(204),
        alice.get("/healthz").expect(200),
        alice.get("/nowhere").expect(404),
        server.anonymous().get("/v1/events").expect(401),
        Opening::default().ask(&alice).expect("a stream").head,
    ];
    for sent in ["mine", "mine", "a\tb", &"x".repeat(4000)] {
        answers.push(raw(&alice, "GET /v1/users/me", &format!("X-Request-Id: {sent}\r\n")).expect(200));
    }
    let ids: BTreeSet<_> = answers.iter().map(id).collect();
    assert_eq!(ids.len(), answers.len(), "{ids:?}");
    assert!(!ids.contains("mine"), "{ids:?}");
}
