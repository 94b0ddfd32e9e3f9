//! Hostile and unusual requests. The server must still work after each of them.

use std::time::Duration;

use serde_json::json;

use crate::harness::{Answer, Client, Connection, TIMEOUT, TestServer};

const END: &str = "Host: quchat\r\n\r\n";

/// Sends these bytes. Returns the answer, or `None` if the server ends the connection.
fn send_raw(server: &TestServer, bytes: impl AsRef<[u8]>) -> Option<Answer> {
    let mut connection = Connection::open(server.address);
    let _ = connection.try_send(bytes);
    connection.finish();
    connection.answer_or_end()
}

#[track_caller]
fn still_serves(server: &TestServer) {
    server.anonymous().get("/healthz").expect(200);
}

#[track_caller]
fn is_refused(server: &TestServer, what: &str, bytes: impl AsRef<[u8]>) {
    if let Some(answer) = send_raw(server, bytes) {
        assert!((400..500).contains(&answer.status), "{what}: {} {}", answer.status, answer.text());
    }
    still_serves(server);
}

#[test]
fn attack_bytes_that_are_not_http() {
    let server = TestServer::start();
    let noise: Vec<u8> = (0..20_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let cases: [&[u8]; 12] = [
        b"\0",
        b"\r\n\r\n\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET  /v1/server  HTTP/1.1\r\n\r\n",
        b"GET /v1/server HTTP/1.1\r\nHost quchat\r\n\r\n",
        b"GET /v1/server HTTP/1.1\r\nHo st: x\r\n\r\n",
        b"GET /v1/server HTTP/1.1\r\nHost: a\0b\r\n\r\n",
        b"GET \xff\xfe HTTP/1.1\r\nHost: quchat\r\n\r\n",
        &noise,
    ];
    for bytes in cases {
        is_refused(&server, &String::from_utf8_lossy(&bytes[..bytes.len().min(60)]), bytes);
    }
}

#[test]
fn attack_header_bombs() {
    let server = TestServer::start();
    let mebibyte = "x".repeat(1 << 20);
    is_refused(&server, "one huge field", format!("GET /healthz HTTP/1.1\r\nX: {mebibyte}\r\n{END}"));
    let many: String = (0..20_000).map(|i| format!("X-{i}: x\r\n")).collect();
    is_refused(&server, "many fields", format!("GET /healthz HTTP/1.1\r\n{many}{END}"));
    is_refused(&server, "a huge target", format!("GET /{mebibyte} HTTP/1.1\r\n{END}"));
    is_refused(&server, "a huge method", format!("{mebibyte} / HTTP/1.1\r\n{END}"));
}

#[test]
fn attack_requests_with_a_few_bytes_changed() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    let body = json!({"text": "hello", "txn": "a-1", "reply_to": 1}).to_string();
    let head = format!("{}Content-Type: application/json\r\nContent-Length: {}\r\n", alice.head_lines(), body.len());
    let requests = [
        format!("POST /v1/rooms/{room}/messages HTTP/1.1\r\n{head}\r\n{body}"),
        format!("GET /v1/rooms/{room}/messages?around=1&limit=5 HTTP/1.1\r\n{}\r\n", alice.head_lines()),
        format!("GET /v1/users?prefix=al&ids=1,2&limit=3 HTTP/1.1\r\n{}\r\n", alice.head_lines()),
        format!("PUT /v1/rooms/{room}/read HTTP/1.1\r\n{}\r\n", alice.head_lines()),
    ];
    let mut state: u64 = 20_261_123;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    for round in 0..300 {
        let mut request = requests[round % requests.len()].clone().into_bytes();
        for _ in 0..1 + random(4) {
            let at = random(request.len());
            match random(4) {
                0 => request[at] = random(256) as u8,
                1 => request[at] ^= 1 << random(8),
                2 => drop(request.remove(at)),
                _ => request.insert(at, b"\0\r\n%&=? {}\"9"[random(12)]),
            }
        }
        let mut connection = Connection::open(server.address);
        let _ = connection.try_send(&request);
        connection.finish();
        while let Some(answer) = connection.answer_or_end() {
            assert!(answer.status < 500, "{} {}", answer.text(), String::from_utf8_lossy(&request));
        }
    }
    still_serves(&server);
    alice.send_message(room, "all is well");
}

#[test]
fn attack_smuggled_requests() {
    let server = TestServer::start();
    let head = "POST /v1/sessions HTTP/1.1\r\nHost: quchat\r\nContent-Type: application/json\r\n";
    let smuggled = "GET /healthz HTTP/1.1\r\nHost: quchat\r\n\r\n";
    for framing in [
        "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 2\r\nContent-Length: 3\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: +2\r\n",
        "Content-Length: 2, 3\r\n",
        "Content-Length: 99999999999999999999999\r\n",
        "Transfer-Encoding: chunked, gzip\r\n",
        "Transfer-Encoding: gzip\r\n",
    ] {
        let mut connection = Connection::open(server.address);
        let _ = connection.try_send(format!("{head}{framing}\r\n0\r\n\r\n{smuggled}"));
        connection.finish();
        let first = connection.answer_or_end();
        assert!(first.is_none_or(|answer| answer.status >= 400), "{framing}");
        let second = connection.answer_or_end();
        assert!(second.is_none(), "{framing} smuggles a second request: {second:?}");
    }
    still_serves(&server);
}

#[test]
fn attack_deep_and_wide_json() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let post = |body: String| alice.try_send("POST", "/v1/rooms", "application/json", Some(body.into_bytes())).unwrap();
    post("[".repeat(60_000)).problem(400, "bad_request");
    post(format!("{{\"name\":{}1{}}}", "[".repeat(30_000), "]".repeat(30_000)));
    post(format!("{{\"ignored\":{}1{},\"name\":\"a\"}}", "[".repeat(30_000), "]".repeat(30_000)));
    post("{\"a\":".repeat(10_000)).problem(400, "bad_request");
    post(format!("{{{}\"name\":\"wide\"}}", "\"k\":1,".repeat(9_000)));
    post(format!("{{\"name\":1{}}}", "0".repeat(60_000)));
    still_serves(&server);
}

#[test]
fn attack_ambiguous_paths_and_queries() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    for target in [
        "/v1/../v1/users",
        "/v1/rooms/../users/me",
        "/v1/rooms/%2e%2e/users/me",
        "/v1/rooms/1%2Fmessages",
        "/v1/rooms/%00",
        "/v1/rooms/%ff%fe",
        "/v1/rooms/%",
        "/v1/rooms/%zz",
        "/v1/rooms/1;x=y",
        "/v1/rooms/1'%20OR%201=1--",
        "/v1/users?prefix=%ff%fe",
        "/v1/users?ids=1%2C2&limit=1&limit=2",
        "/v1/rooms/1/messages?after=1%00",
        "//v1/rooms",
        "/v1/rooms//messages",
    ] {
        let mut connection = alice.connect();
        connection.send(format!("GET {target} HTTP/1.1\r\n{}\r\n", alice.head_lines()));
        let answer = connection.answer();
        assert!(matches!(answer.status, 200 | 400 | 404), "{target}: {} {}", answer.status, answer.text());
        if answer.status != 200 {
            answer.problem(answer.status, if answer.status == 400 { "bad_request" } else { "not_found" });
        }
    }
    let many: String = (0..1000).map(|i| format!("room={i}&")).collect();
    let answer = alice.get(&format!("/v1/events?{many}"));
    assert!((400..500).contains(&answer.status), "{}", answer.status);
    let ids = (0..5000).map(|i| i.to_string()).collect::<Vec<_>>().join(",");
    let answer = alice.get(&format!("/v1/users?ids={ids}"));
    assert!(answer.status == 200 || (400..500).contains(&answer.status), "{}", answer.status);
    alice.send_message(room, "all is well");
}

fn me(client: &Client, target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\n{}\r\n", client.head_lines())
}

#[test]
fn requests_in_one_packet_are_answered_in_order() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let body = json!({"name": "lobby"}).to_string();
    let create = format!(
        "POST /v1/rooms HTTP/1.1\r\n{}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        alice.head_lines(),
        body.len()
    );
    let mut connection = alice.connect();
    connection.send([me(&alice, "/v1/users/me"), create, me(&alice, "/v1/rooms"), me(&alice, "/nothing")].concat());
    assert_eq!(connection.answer().value()["name"], "alice");
    let room = connection.answer().expect(201).value();
    assert_eq!(connection.answer().value()["rooms"][0]["id"], room["id"]);
    connection.answer().problem(404, "not_found");
    connection.send(me(&alice, "/v1/users/me"));
    connection.answer().expect(200);
}

#[test]
fn a_request_may_be_split_into_packets_anywhere() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let request = me(&alice, "/v1/users/me");
    let mut connection = alice.connect();
    for cut in [1, 3, 5, 17, 40, request.len() - 3, request.len() - 1] {
        connection.send(&request[..cut]);
        assert_eq!(connection.try_receive(Duration::from_millis(5)), None, "no answer to half a request");
        connection.send(&request[cut..]);
        connection.answer().expect(200);
    }
}

#[test]
fn a_refused_body_does_not_become_the_next_request() {
    let server = TestServer::start();
    let alice = server.user("alice");
    for (target, content_type) in
        [("/v1/rooms", "text/plain"), ("/nothing", "application/json"), ("/v1/server", "text/plain")]
    {
        let body = me(&alice, "/v1/users/me");
        let mut connection = alice.connect();
        let head = format!("POST {target} HTTP/1.1\r\n{}Content-Type: {content_type}\r\n", alice.head_lines());
        connection.send(format!("{head}Content-Length: {}\r\n\r\n{body}{}", body.len(), me(&alice, "/v1/rooms")));
        assert!(connection.answer().status >= 400);
        if let Some(next) = connection.answer_or_end() {
            assert!(next.value().get("rooms").is_some(), "the body was taken for a request: {}", next.text());
        }
    }
}

#[test]
fn an_early_refusal_shows_whether_the_connection_stays_open() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let json = "Content-Type: application/json\r\n";
    let cases = [
        format!("POST /nothing HTTP/1.1\r\n{}{json}", alice.head_lines()),
        format!("POST /v1/server HTTP/1.1\r\n{}{json}", alice.head_lines()),
        format!("POST /v1/rooms HTTP/1.1\r\nHost: quchat\r\n{json}"),
        format!("POST /v1/rooms/x/messages HTTP/1.1\r\n{}{json}", alice.head_lines()),
        format!("POST /v1/rooms HTTP/1.1\r\n{}Content-Type: text/plain\r\n", alice.head_lines()),
        format!("PUT /v1/rooms/4711/members/me HTTP/1.1\r\n{}", alice.head_lines()),
    ];
    for head in cases {
        for body in ["Content-Length: 2\r\n\r\n|{}", "Transfer-Encoding: chunked\r\n\r\n|2\r\n{}\r\n0\r\n\r\n"] {
            let (framing, body) = body.split_once('|').unwrap();
            let mut connection = alice.connect();
            connection.send(format!("{head}{framing}"));
            let early = connection.try_receive(Duration::from_millis(100)).is_some();
            let _ = connection.try_send(body);
            let refusal = connection.answer();
            assert!((400..500).contains(&refusal.status), "{head}: {}", refusal.status);
            if refusal.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close")) {
                assert!(connection.ends(TIMEOUT));
                continue;
            }
            let _ = connection.try_send(me(&alice, "/v1/users/me"));
            let next = connection.answer_or_end().map(|answer| answer.status);
            assert_eq!(next, Some(200), "{head}{framing}closed without notice, answered early: {early}");
        }
    }
}

#[test]
fn head_is_answered_as_get_without_the_body() {
    let server = TestServer::start();
    let alice = server.user("alice");
    for target in ["/v1/server", "/healthz", "/v1/users/me", "/v1/rooms", "/nothing"] {
        let mut connection = alice.connect();
        connection.send(me(&alice, target));
        let get = connection.answer();
        connection.send(me(&alice, target).replacen("GET", "HEAD", 1));
        let head = connection.answer_to_head();
        assert_eq!((head.status, head.header("content-type")), (get.status, get.header("content-type")), "{target}");
        connection.send(me(&alice, "/v1/users/me"));
        assert_eq!(connection.answer().value()["name"], "alice", "the connection is in step");
    }
}

#[test]
fn head_of_a_stream_is_answered_at_once() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let mut connection = alice.connect();
    connection.send(me(&alice, "/v1/events").replacen("GET", "HEAD", 1));
    let answer = connection.answer_to_head();
    assert!(matches!(answer.status, 200 | 405), "{}", answer.status);
    connection.finish();
    while connection.receive(TIMEOUT) {}
    assert_eq!(connection.so_far(), "", "no body follows");
}

#[test]
fn escaped_letters_in_a_path_do_not_change_it() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let mut connection = alice.connect();
    connection.send(me(&alice, "/v1/users/%6De"));
    assert_eq!(connection.answer().expect(200).value()["name"], "alice", "RFC 3986, section 6.2.2.2");
}

#[test]
fn an_absolute_target_is_accepted() {
    let server = TestServer::start();
    let mut connection = Connection::open(server.address);
    connection.send(format!("GET http://quchat/v1/server?x=y HTTP/1.1\r\n{END}"));
    connection.answer().expect(200);
}

#[test]
fn http_1_0_clients_are_served_and_disconnected() {
    let server = TestServer::start();
    let mut connection = Connection::open(server.address);
    connection.send("GET /healthz HTTP/1.0\r\n\r\n");
    let answer = connection.answer().expect(200);
    assert_ne!(answer.header("transfer-encoding"), Some("chunked"), "HTTP/1.0 knows no chunks");
    assert!(connection.ends(TIMEOUT));
}

#[test]
fn connection_close_is_answered_and_honoured() {
    let server = TestServer::start();
    let mut connection = Connection::open(server.address);
    connection.send(format!("GET /healthz HTTP/1.1\r\nConnection: close\r\n{END}"));
    connection.answer().expect(200);
    assert!(connection.ends(TIMEOUT));
}

#[test]
fn a_missing_or_repeated_host_is_refused() {
    let server = TestServer::start();
    for hosts in ["", "Host: one\r\nHost: two\r\n"] {
        let mut connection = Connection::open(server.address);
        connection.send(format!("GET /v1/server HTTP/1.1\r\n{hosts}\r\n"));
        assert_eq!(connection.answer().status, 400, "RFC 9112, section 3.2: {hosts:?}");
    }
}

#[test]
fn answers_are_compact_and_have_a_length() {
    let server = TestServer::start();
    let mut connection = Connection::open(server.address);
    connection.send(format!("GET /v1/server HTTP/1.1\r\n{END}"));
    let answer = connection.answer().expect(200);
    assert_eq!(answer.header("content-length"), Some(&*answer.body.len().to_string()));
    assert!(!answer.text().contains(['\n', '\t']) && !answer.text().contains("\": "), "{}", answer.text());
}
