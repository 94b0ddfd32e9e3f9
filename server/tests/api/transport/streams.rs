//! Event streams over TLS keep all promises of the stream.

use std::time::Duration;

use quchat_shared::{Event, Seq, event::ByeReason};

use crate::harness::{Client, Opening, Stream, TestServer, Tunnel, at_once, eventually, message_of};

const SMALL: Opening<'static> = Opening { query: "", last_event_id: None, receive_buffer: Some(4096) };

/// The same user through an encrypted connection.
fn encrypted(server: &TestServer, name: &str) -> Client {
    server.user(name).at(Tunnel::to(server.address).address)
}

#[test]
fn a_stream_replays_and_follows() {
    let server = TestServer::start();
    let (alice, bob) = (encrypted(&server, "alice"), encrypted(&server, "bob"));
    let room = alice.create_room("lobby");
    bob.join(room);
    let position = bob.rooms().cursor.0;
    for n in 1..=300 {
        alice.send_message(room, &format!("{n} {}", "x".repeat(3000)));
    }
    let mut stream = bob.resume(&position);
    let mut live = bob.listen();
    at_once(4, |_| (0..25).for_each(|_| drop(alice.send_message(room, "live"))));
    for (stream, first) in [(&mut stream, 1), (&mut live, 301)] {
        for seq in first..=400 {
            assert_eq!(message_of(&stream.next().event), Some((room, Seq(seq))));
        }
    }
}

#[test]
fn a_long_answer_arrives_complete() {
    let server = TestServer::start();
    let alice = encrypted(&server, "alice");
    let room = alice.create_room("lobby");
    let text = "🎉".repeat(4000);
    (0..100).for_each(|_| drop(alice.send_message(room, &text)));
    let page = alice.get(&format!("/v1/rooms/{room}/messages?limit=100")).expect(200);
    assert!(page.body.len() > 1_600_000);
    assert_eq!(page.value()["messages"].as_array().unwrap().len(), 100);
    assert_eq!(alice.post(&format!("/v1/rooms/{room}/messages"), &serde_json::json!({"text": text})).status, 201);
}

#[test]
fn a_stream_says_bye_when_the_server_stops() {
    let mut server = TestServer::start();
    let mut stream = encrypted(&server, "alice").listen();
    server.begin_stop();
    stream.expects_bye(ByeReason::Shutdown);
    assert!(!stream.connection.receive(crate::harness::TIMEOUT));
}

#[test]
fn a_lagging_reader_is_closed_between_frames_and_resumes_without_a_gap() {
    let server = TestServer::start_with(|config| config.stream_queue = 16);
    let (alice, bob) = (encrypted(&server, "alice"), encrypted(&server, "bob"));
    let room = alice.create_room("lobby");
    bob.join(room);
    let (_, mut lagging) = SMALL.open(&bob);
    let text = "🎉".repeat(4000);
    at_once(4, |_| (0..120).for_each(|_| drop(alice.send_message(room, &text))));
    let mut seqs = Vec::new();
    let mut position = take(&mut lagging, &mut seqs, 480);
    assert!(position.is_some(), "a reader that far behind is closed");
    let mut opened = 0;
    while let Some(id) = position {
        let (_, mut stream) = Opening { last_event_id: Some(&id), ..SMALL }.open(&bob);
        position = take(&mut stream, &mut seqs, 480);
        opened += 1;
    }
    assert_eq!(seqs, (1..=480).collect::<Vec<_>>());
    assert_eq!(opened, 1, "a reader that catches up is not closed again");
}

/// Reads up to the message `last`. Returns the position if the stream ends before.
fn take(stream: &mut Stream, seqs: &mut Vec<u64>, last: u64) -> Option<String> {
    while let Some(received) = stream.next_or_end() {
        seqs.extend(message_of(&received.event).map(|(_, seq)| seq.0));
        if seqs.last() == Some(&last) {
            return None;
        }
    }
    Some(stream.last_id().to_owned())
}

#[test]
fn a_reader_that_leaves_frees_its_place() {
    let server = TestServer::start_with(|config| config.max_streams_per_user = 1);
    let alice = encrypted(&server, "alice");
    drop(alice.listen());
    eventually("the place is free", || Opening::default().ask(&alice).ok());
}

#[test]
fn a_half_closed_client_is_answered_and_its_stream_ends_properly() {
    let server = TestServer::start();
    let alice = encrypted(&server, "alice");
    let mut connection = alice.connect();
    connection.send(format!("GET /v1/users/me HTTP/1.1\r\n{}\r\n", alice.head_lines()));
    connection.finish();
    connection.answer().expect(200);
    let mut stream = alice.listen();
    stream.connection.finish();
    assert!(stream.rest().iter().all(|received| !matches!(received.event, Event::Bye(_))));
    assert!(!stream.connection.receive(crate::harness::TIMEOUT));
}

#[test]
fn a_reader_that_never_reads_is_closed_after_the_write_timeout() {
    let server = TestServer::start_with(|config| {
        config.write_timeout = Duration::from_millis(200);
        config.max_streams_per_user = 1;
    });
    let (alice, bob) = (server.user("alice"), encrypted(&server, "bob"));
    let room = alice.create_room("lobby");
    bob.join(room);
    let (_, stalled) = SMALL.open(&bob);
    let text = "🎉".repeat(4000);
    (0..100).for_each(|_| drop(alice.send_message(room, &text)));
    eventually("the place is free", || Opening::default().ask(&bob).ok());
    drop(stalled);
}
