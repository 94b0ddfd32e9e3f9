//! A stream takes the connection over from HTTP once its head is sent. Whatever its reader does then, the stream is
//! served or closed.

use quchat_shared::Seq;

use crate::harness::{Connection, Opening, TIMEOUT, TestServer, at_once, eventually, message_of};

fn ask(version: &str, lines: &str) -> String {
    format!("GET /v1/events HTTP/{version}\r\n{lines}\r\n")
}

/// Waits until `what` has been received. Returns everything received so far.
#[track_caller]
fn receive_until(connection: &mut Connection, what: &str) -> String {
    loop {
        let text = String::from_utf8_lossy(&connection.received).into_owned();
        if text.contains(what) {
            return text;
        }
        assert!(connection.receive(TIMEOUT), "the connection ended before {what:?}: {text}");
    }
}

#[test]
fn requests_after_the_request_of_a_stream_are_not_answered() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    let mut connection = Connection::open(server.address);
    let next = format!("GET /v1/users/me HTTP/1.1\r\n{}\r\n", alice.head_lines());
    connection.send([ask("1.1", &alice.head_lines()), next.clone()].concat());
    assert_eq!(connection.head().unwrap().status, 200);
    receive_until(&mut connection, "event: hello");
    connection.send(&next);
    alice.send_message(room, "a needle to find");
    let text = receive_until(&mut connection, "a needle to find");
    assert!(!text.contains("HTTP/1.1") && !text.contains("\"role\""), "{text}");
}

#[test]
fn earlier_answers_on_the_same_connection_come_before_the_stream() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let mut connection = Connection::open(server.address);
    let me = format!("GET /v1/users/me HTTP/1.1\r\n{}\r\n", alice.head_lines());
    connection.send([me, ask("1.1", &alice.head_lines())].concat());
    assert_eq!(connection.answer().value()["name"], "alice");
    assert_eq!(connection.head().unwrap().header("transfer-encoding"), Some("chunked"));
    receive_until(&mut connection, "event: hello");
}

#[test]
fn an_http_1_0_client_gets_a_stream_without_chunks() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    let mut connection = Connection::open(server.address);
    connection.send(ask("1.0", &alice.head_lines()));
    assert_eq!(connection.head().unwrap().header("transfer-encoding"), None);
    receive_until(&mut connection, "event: hello");
    alice.send_message(room, "a needle to find");
    let text = receive_until(&mut connection, "a needle to find");
    let foreign = text.lines().find(|line| !line.is_empty() && !line.contains(':'));
    assert_eq!(foreign, None, "every line is a field or a comment");
    alice.sign_out();
    assert!(connection.ends(TIMEOUT));
}

#[test]
fn readers_that_disconnect_at_any_time_free_their_places() {
    let server = TestServer::start_with(|config| config.max_connections = 30);
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    bob.join(room);
    let start = bob.rooms().cursor.0;
    let text = "🎉".repeat(4000);
    // Some leave at once, some in the middle of a replay, some with a full socket.
    for last_event_id in [None, Some(&*start)] {
        let stalled = Opening { last_event_id, receive_buffer: Some(4096), ..Opening::default() };
        let stalled: Vec<_> = (0..8).map(|_| stalled.open(&bob)).collect();
        at_once(2, |_| (0..40).for_each(|_| drop(alice.send_message(room, &text))));
        drop(stalled);
    }
    eventually("their places are free", || {
        let streams: Vec<_> = (0..25).filter_map(|_| Opening::default().ask(&bob).ok()).collect();
        (streams.len() == 25).then_some(())
    });
}

#[test]
fn messages_sent_to_many_rooms_at_once_arrive_in_the_order_of_their_ids() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let rooms = [alice.create_room("one"), alice.create_room("two"), alice.create_room("three")];
    rooms.iter().for_each(|&room| drop(bob.join(room)));
    let mut stream = bob.listen();
    at_once(6, |n| (0..50).for_each(|_| drop(alice.send_message(rooms[n % 3], "x"))));
    let (mut last, mut delivered) = (0, 0);
    while delivered < 300 {
        let received = stream.next();
        let id = received.id.rsplit_once('-').and_then(|(_, number)| number.parse::<u64>().ok()).expect("a number");
        assert!(id > last, "{id} after {last}");
        last = id;
        delivered += usize::from(message_of(&received.event).is_some_and(|(_, seq)| seq > Seq(0)));
    }
}
