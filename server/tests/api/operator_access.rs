//! The whole API over the local socket. Its caller is the operator: no user, but with access to every room and every right.

use std::{
    io::{Read, Write},
    os::unix::net::UnixStream,
    path::PathBuf,
};

use quchat_shared::{Event, RoomId, room::Role};
use serde_json::{Value, json};

use crate::harness::{Client, DataDir, Process, Stream};

/// The other end of the local socket of a server.
struct Operator {
    socket: PathBuf,
}

impl Operator {
    /// Returns the status, and the body as JSON or null.
    fn ask(&self, method: &str, target: &str, body: &Value) -> (u16, Value) {
        let mut stream = UnixStream::connect(&self.socket).unwrap();
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let fields = format!("Host: x\r\nContent-Type: application/json\r\nContent-Length: {}", body.len());
        stream.write_all(format!("{method} {target} HTTP/1.1\r\n{fields}\r\n\r\n{body}").as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_str(body).unwrap_or(Value::Null))
    }

    #[track_caller]
    fn gets(&self, target: &str) -> Value {
        let (status, value) = self.ask("GET", target, &Value::Null);
        assert_eq!(status, 200, "{target}: {value}");
        value
    }

    #[track_caller]
    fn does(&self, method: &str, target: &str, body: &Value, expected: u16) -> Value {
        let (status, value) = self.ask(method, target, body);
        assert_eq!(status, expected, "{method} {target}: {value}");
        value
    }
}

/// A server with an admin, who is not in the private room of the other two.
struct House {
    operator: Operator,
    alice: Client,
    bob: Client,
    carol: Client,
    den: RoomId,
    _server: Process,
    _data_dir: DataDir,
}

fn house() -> House {
    let data_dir = DataDir::new();
    let server = Process::start(&data_dir.path());
    let [alice, bob, carol] = ["alice", "bob", "carol"].map(|name| server.register(name));
    let den = bob.create_private_room("den");
    bob.put(&format!("/v1/rooms/{den}/members/{}", carol.user().id), &json!({})).expect(201);
    bob.count_to(den, 2);
    let operator = Operator { socket: data_dir.path().join("local.sock") };
    House { operator, alice, bob, carol, den, _server: server, _data_dir: data_dir }
}

/// The next event, as a person would log it.
#[track_caller]
fn told(stream: &mut Stream) -> String {
    let by = |by: &Option<quchat_shared::UserRef>| by.as_ref().map_or("-".to_owned(), |by| by.name.clone());
    match stream.next().event {
        Event::MemberJoined(event) => format!("{} joined by {}", event.user.name, by(&event.by)),
        Event::MemberUpdated(event) => format!("{} is {:?} by {}", event.user.name, event.role, by(&event.by)),
        Event::MemberLeft(event) if event.banned => format!("{} banned by {}", event.user.name, by(&event.by)),
        Event::MemberLeft(event) => format!("{} left by {}", event.user.name, by(&event.by)),
        Event::MessageUpdated(event) => {
            format!(
                "{} deleted by {}",
                event.message.deleted_at.map_or(0, |_| event.message.seq.0),
                by(&event.message.deleted_by)
            )
        }
        Event::RoomUpdated(event) => format!("topic {}", event.room.topic),
        event => event.name().to_owned(),
    }
}

#[test]
fn the_operator_sees_every_room_and_what_is_said_there() {
    let House { operator, alice, bob, den, carol, .. } = &house();
    let direct = bob.open_direct_room(carol.user().id).info.id;
    assert!(!alice.rooms().rooms.iter().any(|room| room.info.id == *den), "an admin does not see it");
    let rooms = operator.gets("/v1/rooms");
    let ids: Vec<_> = rooms["rooms"].as_array().unwrap().iter().map(|room| room["id"].as_u64().unwrap()).collect();
    assert_eq!(ids, [den.0, direct.0]);
    let room = operator.gets(&format!("/v1/rooms/{den}"));
    assert_eq!((&room["name"], &room["member"], &room["unread"]), (&"den".into(), &Value::Null, &0.into()));
    let page = operator.gets(&format!("/v1/rooms/{den}/messages?limit=1"));
    assert_eq!((&page["messages"][0]["text"], &page["has_older"]), (&"2".into(), &true.into()));
    assert_eq!(operator.gets(&format!("/v1/rooms/{den}/messages/1"))["text"], "1");
    let members = operator.gets(&format!("/v1/rooms/{den}/members"));
    assert_eq!(members["members"].as_array().unwrap().len(), 2);
    let _stream = alice.listen();
    let users = operator.gets("/v1/users");
    let online: Vec<_> = users["users"].as_array().unwrap().iter().map(|user| user["online"].clone()).collect();
    assert_eq!(online, [true, false, false], "also of those who share no room with others");
    assert_eq!(operator.gets(&format!("/v1/users/{}", bob.user().id))["name"], "bob");
    operator.does("GET", "/v1/rooms/99", &Value::Null, 404);
}

#[test]
fn the_operator_has_every_right_and_events_name_nobody_as_the_cause() {
    let House { operator, alice, bob, carol, den, .. } = &house();
    let at = |rest: &str| format!("/v1/rooms/{den}{rest}");
    let of = |part: &str, user: &Client| at(&format!("/{part}/{}", user.user().id));
    let mut stream = bob.listen();
    operator.does("DELETE", &at("/messages/1"), &Value::Null, 204);
    assert_eq!(told(&mut stream), "1 deleted by -");
    operator.does("PUT", &of("members", alice), &json!({}), 201);
    assert_eq!(told(&mut stream), "alice joined by -");
    let member = operator.does("PATCH", &of("members", alice), &json!({"role": "owner"}), 200);
    assert_eq!((&member["role"], told(&mut stream).as_str()), (&"owner".into(), "alice is Owner by -"));
    operator.does("DELETE", &of("members", alice), &Value::Null, 204);
    assert_eq!(told(&mut stream), "alice left by -", "an owner and admin");
    operator.does("PUT", &of("bans", carol), &json!({"reason": "spam"}), 204);
    assert_eq!(told(&mut stream), "carol banned by -");
    for bans in [operator.gets(&at("/bans")), bob.get(&at("/bans")).expect(200).value()] {
        assert_eq!((&bans["bans"][0]["user"]["name"], &bans["bans"][0]["reason"]), (&"carol".into(), &"spam".into()));
        assert!(bans["bans"][0].get("by").is_none(), "{bans}");
    }
    operator.does("DELETE", &of("bans", carol), &Value::Null, 204);
    operator.does("PATCH", &at(""), &json!({"topic": "quiet", "archived": true}), 200);
    assert_eq!(told(&mut stream), "topic quiet");
    operator.does("PATCH", &of("members", bob), &json!({"role": "member"}), 409);
    assert_eq!(bob.room(*den).member.unwrap().role, Role::Owner);
    operator.does("DELETE", &of("members", bob), &Value::Null, 204);
    assert_eq!([told(&mut stream), told(&mut stream)], ["bob left by -", "room.deleted"], "nobody was left in it");
    operator.does("GET", &at(""), &Value::Null, 404);
    let lobby = alice.create_room("lobby");
    operator.does("DELETE", &format!("/v1/rooms/{lobby}"), &Value::Null, 204);
    alice.get(&format!("/v1/rooms/{lobby}")).problem(404, "not_found");
}

#[test]
fn what_takes_a_user_is_refused_with_a_reason() {
    let House { operator, bob, den, .. } = &house();
    let at = |rest: &str| format!("/v1/rooms/{den}{rest}");
    let direct = format!("/v1/direct/{}", bob.user().id);
    for (method, target, body) in [
        ("POST", "/v1/rooms", json!({"name": "lobby"})),
        ("POST", &at("/messages"), json!({"text": "hello"})),
        ("PATCH", &at("/messages/1"), json!({"text": "hello"})),
        ("PUT", &at("/messages/1/reactions/%F0%9F%91%8D"), Value::Null),
        ("PUT", &at("/read"), json!({"seq": 1})),
        ("POST", &at("/typing"), Value::Null),
        ("PUT", &at("/members/me"), Value::Null),
        ("DELETE", &at("/members/me"), Value::Null),
        ("PUT", &direct, Value::Null),
        ("GET", "/v1/users/me", Value::Null),
        ("PUT", "/v1/users/me/password", json!({"current": "x", "new": "y"})),
        ("GET", "/v1/sessions", Value::Null),
        ("GET", "/v1/mentions", Value::Null),
        ("GET", "/v1/search?q=hello", Value::Null),
        ("GET", "/v1/events", Value::Null),
    ] {
        let problem = operator.does(method, target, &body, 403);
        assert!(problem["detail"].as_str().unwrap().contains("operator"), "{method} {target}: {problem}");
    }
    operator.does("PUT", &at("/bans"), &Value::Null, 405);
    assert_eq!(bob.room(*den).info.last_seq.0, 2);
}
