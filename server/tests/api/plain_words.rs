//! Problems are described in plain words for people, not in terms of the server's code.

use quchat_shared::RoomId;
use serde_json::{Value, json};

use crate::harness::{Answer, Client, TestServer};

/// Terms of Rust and its libraries, which must not appear in an answer.
const INSIDE: [&str; 19] = [
    "u64",
    "u32",
    "i64",
    "usize",
    "struct",
    "enum",
    "variant",
    "expected",
    "invalid type",
    "invalid value",
    "sequence",
    "map",
    "unit",
    "line 1",
    "column",
    "tuple",
    "integer",
    "floating point",
    "utf8",
];

#[track_caller]
fn is_plain(what: &str, answer: &Answer) {
    assert!(matches!(answer.status, 400 | 401 | 404 | 409 | 422), "{what}: {} {}", answer.status, answer.text());
    let problem: Value = serde_json::from_slice(&answer.body).unwrap();
    let details = problem["errors"].as_array().into_iter().flatten().map(|error| &error["detail"]);
    for detail in details.chain([&problem["detail"]]) {
        let detail = detail.as_str().unwrap();
        let inside = INSIDE.iter().find(|inside| detail.contains(**inside));
        assert_eq!(inside, None, "{what} is answered with {detail:?}");
    }
}

/// The endpoints with a body, a valid body for each, and its required fields.
fn bodies(room: RoomId) -> [(&'static str, String, Value); 5] {
    let credentials = json!({"name": "dave", "password": "correct horse"});
    [
        ("POST", "/v1/users".into(), credentials.clone()),
        ("POST", "/v1/sessions".into(), credentials),
        ("POST", "/v1/rooms".into(), json!({"name": "another", "topic": "t", "kind": "public"})),
        ("POST", format!("/v1/rooms/{room}/messages"), json!({"text": "a", "txn": "t", "reply_to": 1})),
        ("PUT", format!("/v1/rooms/{room}/read"), json!({"seq": 1, "rewind": true})),
    ]
}

fn send(client: &Client, method: &str, target: &str, body: impl Into<Vec<u8>>) -> Answer {
    client.try_send(method, target, "application/json", Some(body.into())).unwrap()
}

#[test]
fn a_field_of_a_wrong_type_is_named_in_plain_words() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    alice.send_message(room, "1");
    let values = [
        json!("1"),
        json!(""),
        json!(1),
        json!(-1),
        json!(1.5),
        json!(18_446_744_073_709_551_615_u64),
        json!(1e300),
        json!(true),
        json!(null),
        json!([]),
        json!([1]),
        json!({}),
        json!({"public": null}),
    ];
    for (method, target, good) in bodies(room) {
        for field in good.as_object().unwrap().keys() {
            for value in &values {
                let mut body = good.clone();
                body[field] = value.clone();
                let answer = send(&alice, method, &target, body.to_string());
                let what = format!("{method} {target} {body}");
                let is_of_type =
                    value.is_null() || value.get(0).is_none() && good[field].is_string() == value.is_string();
                if answer.status >= 300 {
                    is_plain(&what, &answer);
                }
                if std::mem::discriminant(value) != std::mem::discriminant(&good[field]) && !value.is_null() {
                    answer.refuses(field);
                } else {
                    assert!(is_of_type || answer.status >= 300, "{what}");
                }
            }
            let mut body = good.clone();
            body.as_object_mut().unwrap().remove(field);
            let answer = send(&alice, method, &target, body.to_string());
            if answer.status >= 300 {
                is_plain(&format!("{target} without {field}"), &answer);
            }
            let twice = format!("{{\"{field}\":{0},{1}", good[field], &good.to_string()[1..]);
            let answer = send(&alice, method, &target, twice);
            is_plain(&format!("{target} with {field} twice"), &answer);
            answer.refuses(field);
        }
    }
}

#[test]
fn a_body_that_is_not_json_is_refused_in_plain_words() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    let deep = format!("{{\"x\":{}", "[".repeat(500));
    for (method, target, _) in bodies(room) {
        for body in [
            "",
            " ",
            "{",
            "[]",
            "null",
            "7",
            "\"x\"",
            "{\"text\"}",
            "{\"text\":}",
            "{\"text\":\"a\" \"b\"}",
            "{} {}",
            "{'text':1}",
            "{\"seq\":01}",
            "{\"seq\":1e999}",
            "{\"text\":\"\\x\"}",
            "{\"name\":\"\\ud800\"}",
            "{\"text\":\"a\nb\"}",
            "{\"name\":tru}",
            &deep,
        ] {
            let answer = send(&alice, method, &target, body);
            is_plain(&format!("{method} {target} {body}"), &answer);
        }
        let answer = send(&alice, method, &target, b"{\"later\":\"\xff\"}");
        answer.problem(400, "bad_request");
        is_plain("bytes that are not UTF-8", &answer);
    }
}

#[test]
fn an_invalid_id_or_query_is_refused_in_plain_words() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    let mut targets = Vec::new();
    for value in
        ["", "x", "-1", "+1", "1.5", "1e3", "%zz", "%ff", "18446744073709551616", "99999999999999999999999", "1,2"]
    {
        for path in ["/v1/users/V", "/v1/rooms/V", "/v1/rooms/V/messages"] {
            targets.push(path.replace('V', if value.is_empty() { "%20" } else { value }));
        }
        for parameter in ["limit", "before", "after", "around"] {
            targets.push(format!("/v1/rooms/{room}/messages?{parameter}={value}"));
        }
        targets.push(format!("/v1/users?limit={value}"));
        targets.push(format!("/v1/events?room={value}"));
        if !matches!(value, "" | "1,2") {
            targets.push(format!("/v1/users?ids={value}"));
        }
    }
    for target in targets {
        let answer = raw_get(&alice, &target);
        assert!(matches!(answer.status, 400 | 404), "{target}: {}", answer.text());
        is_plain(&target, &answer);
    }
}

/// Sends the target as it is, without a client library that would correct it.
fn raw_get(client: &Client, target: &str) -> Answer {
    let mut connection = client.connect();
    connection.send(format!("GET {target} HTTP/1.1\r\n{}\r\n", client.head_lines()));
    connection.answer()
}

#[test]
fn a_broken_escape_in_a_query_is_a_bad_request_everywhere() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    for target in [
        "/v1/server",
        "/v1/users/me",
        "/v1/users",
        "/v1/rooms",
        &format!("/v1/rooms/{room}"),
        &format!("/v1/rooms/{room}/messages"),
        "/v1/events",
    ] {
        for query in [
            "prefix=%zz",
            "x=%",
            "x=%1",
            "%zz",
            "a=b&%4g=1",
            "x=%ff",
            "x=%C3",
            "prefix=%ed%a0%80",
            "since=%zz",
            "after=%f",
        ] {
            raw_get(&alice, &format!("{target}?{query}")).problem(400, "bad_request");
        }
    }
    raw_get(&alice, "/v1/users?prefix=%61l&later=%C3%A9%00+").expect(200);
}

#[test]
fn a_compressed_body_is_not_reported_as_broken_json() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let gzip = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff\xabV\xcaK\xccMU\xb2R\xcaIMJ\xa9T\xaa\x05\x00";
    for coding in ["gzip", "GZIP", "deflate", "br", "zstd", "gzip, identity", "identity, gzip", "x"] {
        for target in ["/v1/rooms", "/v1/users", "/v1/sessions"] {
            let mut connection = alice.connect();
            let fields = format!("Content-Type: application/json\r\nContent-Encoding: {coding}\r\n");
            connection.send(format!("POST {target} HTTP/1.1\r\n{}{fields}", alice.head_lines()));
            connection.send(format!("Content-Length: {}\r\n\r\n", gzip.len()));
            connection.send(gzip);
            let answer = connection.answer();
            answer.problem(415, "unsupported_media_type");
            assert_eq!(answer.header("accept-encoding"), Some("identity"), "{coding}");
        }
    }
    let mut connection = alice.connect();
    let fields = "Content-Type: application/json\r\nContent-Encoding: identity\r\nContent-Length: 16\r\n";
    connection.send(format!("POST /v1/rooms HTTP/1.1\r\n{}{fields}\r\n{{\"name\":\"lobby\"}}", alice.head_lines()));
    connection.answer().expect(201);
}

#[test]
fn a_byte_order_mark_is_skipped() {
    let server = TestServer::start();
    let alice = server.user("alice");
    send(&alice, "POST", "/v1/rooms", "\u{feff}{\"name\":\"lobby\"}").expect(201);
    send(&alice, "POST", "/v1/rooms", "\u{feff}\u{feff}{\"name\":\"other\"}").problem(400, "bad_request");
}
