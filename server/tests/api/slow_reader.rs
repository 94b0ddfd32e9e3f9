//! Attack: a stream whose reader does not read. It delays nobody, costs little, and loses nothing.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use quchat_shared::{Event, Seq};

use crate::harness::{Opening, Stream, TestServer, at_once, message_of};

const SMALL: Opening<'static> = Opening { query: "", last_event_id: None, receive_buffer: Some(4096) };

#[test]
fn a_lagging_reader_is_closed_between_frames_and_resumes_without_a_gap() {
    let server = TestServer::start_with(|config| config.stream_queue = 16);
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    bob.join(room);
    let (_, mut lagging) = SMALL.open(&bob);
    let text = "🎉".repeat(4000);
    at_once(4, |_| (0..60).for_each(|_| drop(alice.send_message(room, &text))));

    let mut seqs = Vec::new();
    let mut take = |stream: &mut Stream| {
        while let Some(received) = stream.next_or_end() {
            seqs.extend(message_of(&received.event).map(|(_, seq)| seq.0));
            if seqs.last() == Some(&240) {
                return None;
            }
        }
        Some(stream.last_id().to_owned())
    };
    let mut position = Some(take(&mut lagging).expect("a reader that far behind is closed"));
    let mut cuts = 0;
    while let Some(id) = position {
        let (_, mut stream) = Opening { last_event_id: Some(&id), ..SMALL }.open(&bob);
        position = take(&mut stream);
        cuts += 1;
        assert!(cuts < 50, "a reader that catches up is not closed repeatedly");
    }
    assert_eq!(seqs, (1..=240).collect::<Vec<_>>());
    assert_eq!(cuts, 1, "a busy server never closes a reader that is catching up");
}

#[test]
fn a_reader_that_never_reads_delays_nobody() {
    let server = TestServer::start_with(|config| config.stream_queue = 16);
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    bob.join(room);
    let stalled: Vec<_> = (0..10).map(|_| SMALL.open(&bob).1).collect();
    let mut awake = bob.listen();
    let text = "🎉".repeat(4000);
    for seq in 1..=80 {
        let begin = Instant::now();
        alice.send_message(room, &text);
        awake.until_message(room, Seq(seq));
        assert!(begin.elapsed() < Duration::from_secs(5), "message {seq} took {:?}", begin.elapsed());
    }
    drop(stalled);
}

#[test]
fn live_traffic_does_not_overtake_a_reader_that_catches_up_slowly() {
    let server = TestServer::start_with(|config| config.stream_queue = 4);
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    bob.join(room);
    let position = bob.rooms().cursor.0;
    let text = "x".repeat(4000);
    at_once(4, |_| (0..50).for_each(|_| drop(alice.send_message(room, &text))));
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..100 {
                alice.send_message(room, &text);
            }
            done.store(true, Ordering::Release);
        });
        let mut stream = Opening { last_event_id: Some(&position), ..SMALL }.open(&bob).1;
        for seq in 1..=300 {
            let mut received = stream.next();
            if matches!(received.event, Event::Bye(_)) {
                assert!(seq > 200, "a reader that was catching up was closed at {seq}");
                stream = Opening { last_event_id: Some(stream.last_id()), ..SMALL }.open(&bob).1;
                received = stream.next();
            }
            let Event::MessageCreated(created) = received.event else { panic!("only messages are sent: {received:?}") };
            assert_eq!(created.message.seq, Seq(seq));
        }
    });
    assert!(done.load(Ordering::Acquire));
}

#[cfg(target_os = "linux")]
#[test]
fn readers_that_never_read_cost_little_memory() {
    use crate::harness::{DataDir, Process};

    let data_dir = DataDir::new();
    let server = Process::start(&data_dir.path());
    let (alice, readers) = (server.register("alice"), [server.register("bob"), server.register("carol")]);
    let room = alice.create_room("lobby");
    readers.iter().for_each(|reader| drop(reader.join(room)));
    let text = "🎉".repeat(4000);
    at_once(4, |_| (0..15).for_each(|_| drop(alice.send_message(room, &text))));
    let before = server.resident_kib();
    let stalled: Vec<_> = (0..100).map(|n| SMALL.open(&readers[n % 2]).1).collect();
    at_once(4, |_| (0..50).for_each(|_| drop(alice.send_message(room, &text))));
    let grown = server.resident_kib().saturating_sub(before);
    drop(stalled);
    assert!(grown < 40 * 1024, "{grown} KiB for 100 stalled readers of 3 MB each");
}
