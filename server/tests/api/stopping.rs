//! Stopping the server: complete requests are answered, and other connections do not delay the stop.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::{Client, Connection, Opening, TIMEOUT, TestServer};

/// A server that waits for answers in progress longer than any test.
fn waiting_server() -> TestServer {
    TestServer::start_with(|config| config.drain_timeout = Duration::from_secs(600))
}

fn half_sent(client: &Client, request: &str) -> Connection {
    let mut connection = client.connect();
    let fields = "Content-Type: application/json\r\nContent-Length: 100\r\n";
    connection.send(format!("{request} HTTP/1.1\r\n{}{fields}\r\n{{", client.head_lines()));
    connection
}

fn sign_in(nobody: &Client, password: &str) -> Connection {
    let mut connection = nobody.connect();
    let body = json!({"name": "alice", "password": password}).to_string();
    let fields = format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
    connection.send(format!("POST /v1/sessions HTTP/1.1\r\n{}{fields}\r\n{body}", nobody.head_lines()));
    connection
}

#[test]
fn incomplete_requests_do_not_delay_the_stop() {
    let server = waiting_server();
    let (alice, nobody) = (server.user("alice"), server.anonymous());
    let mut begun = nobody.connect();
    begun.send("POST /v1/users HTTP/1.1\r\nHost: qu");
    let mut refused = half_sent(&nobody, "POST /v1/rooms");
    refused.answer().problem(401, "unauthenticated");
    let mut idle = alice.connect();
    idle.send(format!("GET /v1/users/me HTTP/1.1\r\n{}\r\n", alice.head_lines()));
    idle.answer().expect(200);
    let waiting = [
        half_sent(&nobody, "POST /v1/users"),
        half_sent(&alice, "POST /v1/rooms"),
        half_sent(&alice, "PUT /v1/rooms/1/members/me"),
        nobody.connect(),
    ];
    server.stop();
    for mut connection in waiting.into_iter().chain([begun, refused, idle]) {
        assert!(connection.ends(TIMEOUT));
    }
}

#[test]
fn complete_requests_are_answered_during_the_stop() {
    let mut server = waiting_server();
    let nobody = server.anonymous();
    // Together they take longer than the time granted to connections without a request.
    let mut asked: Vec<_> = (0..16).map(|_| sign_in(&nobody, "correct horse")).collect();
    asked[0].answer().expect(201);
    server.begin_stop();
    // Password work that has not begun is refused, because it would delay the stop.
    for connection in &mut asked[1..] {
        let answer = connection.answer();
        assert!(matches!(answer.status, 201 | 503), "{}", answer.text());
        assert!(connection.ends(TIMEOUT));
    }
}

#[test]
fn a_body_that_completes_while_the_server_stops_is_answered() {
    let mut server = waiting_server();
    let nobody = server.anonymous();
    let body = json!({"name": "alice", "password": "correct horse"}).to_string();
    let fields = format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
    let (begin, rest) = body.split_at(9);
    let mut connections: Vec<_> = (0..8)
        .map(|_| {
            let mut connection = nobody.connect();
            connection.send(format!("POST /v1/sessions HTTP/1.1\r\n{}{fields}\r\n{begin}", nobody.head_lines()));
            connection
        })
        .collect();
    server.anonymous().get("/healthz").expect(200);
    server.begin_stop();
    for connection in &mut connections {
        let _ = connection.try_send(rest);
    }
    // Every client that was in time gets a complete answer.
    for connection in &mut connections {
        if let Some(answer) = connection.answer_or_end() {
            assert!(matches!(answer.status, 201 | 503), "{}", answer.text());
        }
    }
}

#[cfg(unix)]
#[test]
fn no_client_delays_the_end_of_the_program() {
    use rustix::process::Signal;

    use crate::harness::{DataDir, Process};

    let data_dir = DataDir::new();
    let server = Process::start(&data_dir.path());
    let (alice, nobody) = (server.register("alice"), Client::anonymous(server.address));
    let room = alice.create_room("lobby");
    let start = alice.rooms().cursor.0;
    let text = "🎉".repeat(4000);
    (0..60).for_each(|_| drop(alice.send_message(room, &text)));

    let small = Opening { receive_buffer: Some(4096), ..Opening::default() };
    let mut unread = small.connect(&alice);
    unread.send(format!("GET /v1/rooms/{room}/messages HTTP/1.1\r\n{}\r\n", alice.head_lines()));
    let stalled = small.open(&alice).1;
    let replaying = Opening { last_event_id: Some(&start), ..small }.open(&alice).1;
    let halves = [half_sent(&nobody, "POST /v1/users"), half_sent(&alice, "POST /v1/rooms")];
    (0..60).for_each(|_| drop(alice.send_message(room, &text)));
    let guesses: Vec<_> = (0..40).map(|_| sign_in(&nobody, "a wrong guess")).collect();
    let begin = Instant::now();
    server.signal(Signal::TERM);
    assert_eq!(server.wait().0.code(), Some(0));
    assert!(begin.elapsed() < Duration::from_secs(6), "{:?}", begin.elapsed());
    drop((unread, stalled, replaying, halves, guesses));
}
