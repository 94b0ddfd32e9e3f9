//! Limits on time and number: the server answers clearly at each limit and keeps serving everyone else.

use std::{
    thread,
    time::{Duration, Instant},
};

use quchat_shared::Seq;

use crate::harness::{Connection, Opening, Over, Stream, TIMEOUT, TestServer, eventually, message_of, needs_one_node};

const SHORT: Duration = Duration::from_millis(200);

/// A request on a connection that stays open.
const PING: &str = "GET /healthz HTTP/1.1\r\nHost: quchat\r\n\r\n";

#[test]
fn attack_a_request_head_that_never_ends() {
    let server = TestServer::start_with(|config| config.head_timeout = SHORT);
    let mut slow = Connection::open(server.address);
    slow.send("GET /healthz HTTP/1.1\r\nHost: qu");
    server.anonymous().get("/healthz").expect(200);
    assert!(slow.ends(TIMEOUT));
}

#[test]
fn attack_a_request_head_fed_byte_by_byte() {
    let server = TestServer::start_with(|config| config.head_timeout = SHORT);
    let mut slow = Connection::open(server.address);
    slow.send("GET /healthz HTTP/1.1\r\nX: ");
    let begin = Instant::now();
    while slow.try_receive(Duration::from_millis(20)) != Some(false) {
        let _ = slow.try_send("x");
        assert!(begin.elapsed() < TIMEOUT, "still listening");
    }
}

#[test]
fn attack_a_silent_connection() {
    let server = TestServer::start_with(|config| (config.head_timeout, config.idle_timeout) = (SHORT, SHORT));
    assert!(Connection::open(server.address).ends(TIMEOUT));
}

#[test]
fn attack_an_idle_connection_after_a_request() {
    let server = TestServer::start_with(|config| config.idle_timeout = SHORT);
    let mut idle = Connection::open(server.address);
    idle.send(PING);
    idle.answer().expect(200);
    assert!(idle.ends(TIMEOUT));
}

#[test]
fn attack_a_body_that_never_ends() {
    let server = TestServer::start_with(|config| config.body_timeout = SHORT);
    let alice = server.user("alice");
    let mut slow = alice.connect();
    let head = format!("POST /v1/rooms HTTP/1.1\r\n{}Content-Type: application/json\r\n", alice.head_lines());
    slow.send(format!("{head}Content-Length: 1000\r\n\r\n{{\"name\":\"lo"));
    alice.create_room("lobby");
    if let Some(answer) = slow.answer_or_end() {
        assert!((400..500).contains(&answer.status), "{} {}", answer.status, answer.text());
    }
    assert!(slow.ends(TIMEOUT));
}

#[test]
fn attack_a_body_fed_byte_by_byte() {
    let server = TestServer::start_with(|config| config.body_timeout = SHORT);
    let alice = server.user("alice");
    let mut slow = alice.connect();
    let head = format!("POST /v1/rooms HTTP/1.1\r\n{}Content-Type: application/json\r\n", alice.head_lines());
    slow.send(format!("{head}Content-Length: 60000\r\n\r\n"));
    let begin = Instant::now();
    while slow.try_receive(Duration::from_millis(20)) != Some(false) {
        let _ = slow.try_send(" ");
        assert!(begin.elapsed() < TIMEOUT, "still reading");
    }
}

#[test]
fn a_stream_may_last_longer_than_any_request() {
    let server = TestServer::start_with(|config| {
        (config.head_timeout, config.body_timeout, config.idle_timeout) = (SHORT, SHORT, SHORT);
        config.heartbeat = Duration::from_millis(50);
    });
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    let mut stream = alice.listen();
    while stream.text().matches("\n:").count() < 20 {
        assert!(stream.read(TIMEOUT), "cut after {}", stream.text());
    }
    alice.send_message(room, "still there");
    stream.until_message(room, Seq(1));
}

#[test]
fn attack_requested_pages_that_are_never_read() {
    let server = TestServer::start_with(|config| (config.max_connections, config.write_timeout) = (6, SHORT));
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    let text = "🎉".repeat(4000);
    (0..60).for_each(|_| drop(alice.send_message(room, &text)));
    let guests: Vec<_> = (0..4)
        .map(|_| {
            let mut guest = Opening { receive_buffer: Some(4096), ..Opening::default() }.connect(&alice);
            guest.send(format!("GET /v1/rooms/{room}/messages HTTP/1.1\r\n{}\r\n", alice.head_lines()));
            guest
        })
        .collect();
    eventually("their places are free", || {
        let mut others: Vec<_> = (0..4).map(|_| Connection::open(server.address)).collect();
        others.iter_mut().for_each(|other| drop(other.try_send(PING)));
        others.iter_mut().all(|other| other.answer_or_end().is_some_and(|answer| answer.status == 200)).then_some(())
    });
    drop(guests);
}

#[test]
fn attack_requested_replays_that_are_never_read() {
    let server = TestServer::start_with(|config| (config.max_connections, config.write_timeout) = (10, SHORT));
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    let start = alice.rooms().cursor.0;
    let text = "🎉".repeat(4000);
    (0..60).for_each(|_| drop(alice.send_message(room, &text)));
    let stalled = Opening { last_event_id: Some(&start), receive_buffer: Some(4096), ..Opening::default() };
    let stalled: Vec<_> = (0..6).map(|_| stalled.open(&alice)).collect();
    eventually("their places are free", || {
        let streams: Vec<_> = (0..6).filter_map(|_| Opening::default().ask(&alice).ok()).collect();
        (streams.len() == 6).then_some(())
    });
    drop(stalled);
}

#[test]
fn streams_leave_places_for_requests() {
    needs_one_node!("each node counts its own connections");
    let server = TestServer::start_with(|config| config.max_connections = 40);
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    let mut streams: Vec<Stream> = Vec::new();
    let refusal = loop {
        match Opening::default().ask(&alice) {
            Ok(stream) => streams.push(stream),
            Err(refusal) => break refusal,
        }
        assert!(streams.len() <= 38, "95 % of 40 are 38");
    };
    refusal.problem(503, "unavailable");
    assert!(streams.len() >= 30, "only {} streams", streams.len());
    alice.send_message(room, "there is room for me");
    streams.iter_mut().for_each(|stream| drop(stream.until_message(room, Seq(1))));
}

#[test]
fn many_clients_that_connect_at_once_are_served() {
    let server = TestServer::start();
    let guests: Vec<_> = (0..300).map(|_| Connection::open(server.address)).collect();
    for mut guest in guests {
        guest.send(PING);
        guest.answer().expect(200);
    }
}

#[test]
fn a_stalled_stream_is_closed_after_the_write_timeout() {
    let server = TestServer::start_with(|config| {
        config.write_timeout = SHORT;
        config.heartbeat = Duration::from_millis(50);
    });
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    bob.join(room);
    let (_, mut stalled) = Opening { receive_buffer: Some(4096), ..Opening::default() }.open(&bob);
    let live = bob.listen();
    let over = Over::default();
    let text = "🎉".repeat(4000);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut live = live;
            while !over.is_set() {
                live.read(TIMEOUT);
            }
        });
        let end = over.set_on_drop();
        let begin = Instant::now();
        // Longer than the write timeout and more data than the socket takes, on a slow machine, too.
        let mut sent = 0;
        while begin.elapsed() < 5 * SHORT || sent < 80 {
            alice.send_message(room, &text);
            sent += 1;
        }
        drop(end);
        alice.send_message(room, "last");
    });
    let last = alice.room(room).info.last_seq;
    let received = stalled.rest();
    let end = received.iter().rev().find_map(|received| message_of(&received.event)).map_or(Seq(0), |(_, seq)| seq);
    assert!(end < last, "a stalled reader was not closed");
    let mut resumed = bob.resume(received.last().map_or(stalled.last_id(), |received| &received.id));
    let first = resumed.next();
    assert_eq!(message_of(&first.event), Some((room, end.next())), "it resumes without a gap");
}
