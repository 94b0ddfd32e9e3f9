//! Random requests to every route, by everybody.

use std::{cell::RefCell, iter};

use proptest::{prelude::*, sample::select};
use quchat_shared::api::ROWS;

use super::{Stage, Who, bodies, runner, targets};
use crate::harness::{Answer, Connection};

#[derive(Debug, Clone)]
struct Request {
    who: Who,
    method: &'static str,
    target: String,
    /// Complete lines besides those that every request has.
    headers: Vec<String>,
    body: Vec<u8>,
    framing: Framing,
}

/// How the body is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    None,
    Length,
    Chunked,
    /// Its last byte never comes.
    Cut,
}

const METHODS: &[&str] =
    &["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW", "get"];
const HEADERS: &[&str] = &[
    "Content-Type: application/json; charset=utf-8",
    "Content-Type: text/plain",
    "Content-Encoding: gzip",
    "Content-Encoding: identity",
    "Expect: 100-continue",
    "Expect: something",
    "Last-Event-ID: k3-1041",
    "Last-Event-ID: 0-0",
    "Last-Event-ID: \u{fc}",
    "Forwarded: for=192.0.2.7;proto=https",
    "Forwarded: for=\"[2001:db8::1]:70000\", for=_hidden; by=\"",
    "X-Forwarded-For: 1.2.3.4, , x",
    "X-Forwarded-Proto: https",
    "Accept: image/png",
    "Accept-Encoding: br;q=2",
    "Range: bytes=0-0",
    "If-None-Match: *",
    "Connection: close",
    "Connection: upgrade\r\nUpgrade: websocket",
    "Connection: upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__",
    "Host: another",
    "Authorization: Basic YTpi",
    "Authorization: Bearer",
    "Cookie: token=x",
    "User-Agent: \u{1f980}",
    "Transfer-Encoding: gzip",
    "Idempotency-Key: x",
    "X-Request-Id: \t",
];

fn requests() -> impl Strategy<Value = Request> {
    let who = prop_oneof![
        1 => Just(Who::Nobody),
        1 => Just(Who::Forger),
        6 => Just(Who::Member),
        4 => Just(Who::Outsider),
        6 => Just(Who::Admin),
    ];
    let row = select(ROWS).prop_flat_map(|(endpoint, method, pattern)| {
        let method = prop_oneof![9 => Just(method.as_str()), 1 => select(METHODS)];
        let target = prop_oneof![30 => targets::target(endpoint, pattern), 1 => targets::odd_target()];
        (method, target, bodies::body(endpoint))
    });
    let headers = prop_oneof![5 => Just(Vec::new()), 1 => prop::collection::vec(select(HEADERS), 1..4)];
    let framing = prop_oneof![
        20 => Just(Framing::Length),
        2 => Just(Framing::Chunked),
        2 => Just(Framing::None),
        1 => Just(Framing::Cut),
    ];
    (who, row, headers, framing).prop_map(|(who, (method, target, body), headers, framing)| {
        let headers = headers.into_iter().map(str::to_owned).collect();
        Request { who, method, target, headers, body, framing }
    })
}

impl Request {
    fn encode(&self, stage: &Stage) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        head += &match (stage.user(self.who), self.who) {
            (Some(user), _) => user.head_lines(),
            (None, Who::Forger) => "Host: quchat\r\nAuthorization: Bearer e30.e30.AAAA\r\n".to_owned(),
            (None, _) => "Host: quchat\r\n".to_owned(),
        };
        for line in &self.headers {
            head += &format!("{line}\r\n");
        }
        let (length, body) = (self.body.len(), &self.body);
        match self.framing {
            Framing::None => [head.as_bytes(), b"\r\n"].concat(),
            Framing::Length | Framing::Cut => {
                let length = length + usize::from(self.framing == Framing::Cut);
                let head = format!("{head}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n");
                [head.as_bytes(), body].concat()
            }
            Framing::Chunked => {
                let chunked = "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
                let chunk = if body.is_empty() { String::new() } else { format!("{length:x}\r\n") };
                let end: &[u8] = if body.is_empty() { b"0\r\n\r\n" } else { b"\r\n0\r\n\r\n" };
                [head.as_bytes(), chunked.as_bytes(), chunk.as_bytes(), body, end].concat()
            }
        }
    }

    /// Whether all of it is sent, so that there must be an answer.
    fn is_whole(&self) -> bool {
        self.framing != Framing::Cut
    }
}

/// Checks what holds for every answer.
fn check(answer: &Answer, method: &str) {
    assert!((200..500).contains(&answer.status), "{} {}", answer.status, answer.text());
    if method == "HEAD" || answer.body.is_empty() {
        return;
    }
    match answer.header("content-type") {
        Some("application/problem+json") => {
            let problem: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
            answer.problem(answer.status, problem["kind"].as_str().unwrap());
        }
        Some("application/json") => drop(answer.value()),
        other => assert!(other.is_some_and(|other| other.starts_with("text/plain")), "{other:?}"),
    }
}

#[test]
fn no_request_is_answered_with_an_error_of_the_server() {
    let mut stage = Stage::set();
    let shared = RefCell::new(&mut stage);
    let outcome = runner(250, file!()).run(&requests(), |request| {
        let mut stage = shared.borrow_mut();
        let mut connection = Connection::open(stage.server.server.address);
        let _ = connection.try_send(request.encode(&stage));
        connection.finish();
        let answer = match request.method {
            "HEAD" => iter::from_fn(|| connection.head()).find(|head| head.status >= 200),
            _ => connection.answer_or_end(),
        };
        if let Some(answer) = &answer {
            check(answer, request.method);
            if answer.status == 401 {
                stage.revive(request.who);
            }
        }
        prop_assert!(answer.is_some() || !request.is_whole(), "there is no answer");
        prop_assert!(stage.is_sound(), "{}", stage.server.log());
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    stage.end();
}
