//! How a stream ends, and its last events.

use std::{
    thread,
    time::{Duration, Instant},
};

use quchat_shared::{Event, Seq, event::ByeReason};

use crate::harness::{Connection, Opening, Over, TIMEOUT, TestServer, at_once};

#[test]
fn a_stopping_server_sends_bye_on_every_stream() {
    let mut server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    let query = format!("?room={room}");
    let (_, narrowed) = Opening { query: &query, ..Opening::default() }.open(&alice);
    let mut streams = [alice.listen(), bob.listen(), narrowed];
    server.begin_stop();
    streams.iter_mut().for_each(|stream| stream.expects_bye(ByeReason::Shutdown));
    server.stop();
}

#[test]
fn a_stream_ends_when_its_token_expires() {
    let server = TestServer::start_with(|config| config.heartbeat = Duration::from_millis(50));
    let alice = server.user("alice");
    let mut stream = alice.listen();
    server.clock.advance(Duration::from_secs(29 * 86_400));
    let late = server.sign_in("alice");
    let mut lives_on = late.listen();
    server.clock.advance(Duration::from_secs(86_400 + 1));
    stream.expects_bye(ByeReason::Expired);
    late.create_room("lobby");
    lives_on.until(|event| event.name() == "room.created");
}

#[test]
fn signing_out_ends_every_stream_of_the_session() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let mut streams = [alice.listen(), alice.listen(), alice.listen()];
    alice.sign_out();
    streams.iter_mut().for_each(|stream| stream.expects_bye(ByeReason::SignedOut));
}

#[test]
fn no_stream_survives_a_concurrent_sign_out() {
    let server = TestServer::start();
    for _ in 0..5 {
        let alice = server.sign_in("alice");
        let outcomes = at_once(6, |i| {
            if i == 3 {
                alice.sign_out();
                return None;
            }
            Opening::default().ask(&alice).ok()
        });
        for mut stream in outcomes.into_iter().flatten() {
            stream.expects_bye(ByeReason::SignedOut);
        }
    }
}

#[test]
fn no_write_succeeds_after_a_concurrent_sign_out() {
    let server = TestServer::start();
    let bob = server.user("bob");
    let room = bob.create_room("lobby");
    let (alice, over) = (server.sign_in("alice"), Over::default());
    let statuses = thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut statuses = Vec::new();
            while statuses.last().is_none_or(|status| *status == 201) && !over.is_set() {
                statuses.push(alice.try_send_message(room, "still here").status);
            }
            statuses
        });
        let _end = over.set_on_drop();
        bob.listen().until(|event| event.name() == "message.created");
        alice.sign_out();
        let after = bob.send_message(room, "after the sign-out").seq;
        assert!(bob.messages(room, &format!("?after={after}")).messages.is_empty());
        (writer.join().unwrap(), after)
    });
    let (statuses, after) = statuses;
    assert_eq!(statuses.last(), Some(&401));
    assert_eq!(bob.room(room).info.last_seq, after, "the ended session wrote nothing more");
}

#[test]
fn leaving_a_room_ends_its_events_on_a_narrowed_stream() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    bob.join(room);
    let query = format!("?room={room}");
    let (_, mut stream) = Opening { query: &query, ..Opening::default() }.open(&bob);
    alice.send_message(room, "1");
    bob.leave(room);
    alice.send_message(room, "2");
    bob.join(room);
    alice.send_message(room, "3");
    let seqs: Vec<_> = stream
        .until_message(room, Seq(3))
        .into_iter()
        .filter_map(|received| match received.event {
            Event::MessageCreated(created) => Some(created.message.seq.0),
            _ => None,
        })
        .collect();
    assert_eq!(seqs, [1, 3]);
}

#[test]
fn a_disconnected_reader_frees_its_stream() {
    let server = TestServer::start_with(|config| config.max_connections = 20);
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    for _ in 0..3 {
        let streams: Vec<_> = (0..10).map(|_| alice.listen()).collect();
        drop(streams);
        alice.send_message(room, "to the remaining readers");
    }
    crate::harness::eventually("the places are free again", || {
        let streams: Vec<_> = (0..15).filter_map(|_| Opening::default().ask(&alice).ok()).collect();
        (streams.len() == 15).then_some(())
    });
}

#[test]
fn a_half_closed_reader_is_served_or_closed() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    let mut connection = Connection::open(server.address);
    connection.send(format!("GET /v1/events HTTP/1.1\r\n{}\r\n", alice.head_lines()));
    connection.head().unwrap();
    connection.finish();
    alice.send_message(room, "a needle to find");
    while connection.receive(TIMEOUT) && !String::from_utf8_lossy(&connection.received).contains("a needle to find") {}
}

#[test]
fn a_reader_that_never_reads_does_not_delay_the_stop() {
    let server = TestServer::start_with(|config| config.drain_timeout = Duration::from_millis(200));
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    bob.join(room);
    let (_, stalled) = Opening { receive_buffer: Some(4096), ..Opening::default() }.open(&bob);
    let text = "🎉".repeat(4000);
    (0..60).for_each(|_| drop(alice.send_message(room, &text)));
    let begin = Instant::now();
    let server = server.restart(|_| {});
    assert!(begin.elapsed() < TIMEOUT, "{:?}", begin.elapsed());
    assert_eq!(alice.at(server.address).room(room).info.last_seq, Seq(60));
    drop(stalled);
}

#[test]
fn an_idle_connection_does_not_delay_the_stop() {
    let server = TestServer::start_with(|config| config.drain_timeout = Duration::from_secs(600));
    let mut idle = Connection::open(server.address);
    idle.send("GET /healthz HTTP/1.1\r\nHost: quchat\r\n\r\n");
    idle.answer();
    let silent = Connection::open(server.address);
    server.stop();
    drop(silent);
    assert!(idle.ends(TIMEOUT));
}
