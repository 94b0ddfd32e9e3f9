//! Tests the stream: order, position, back pressure, and every way in which it can end.

use std::{
    io::Write,
    net::Shutdown,
    sync::mpsc::{Receiver, channel},
    time::{Duration, Instant},
};

use quchat_shared::{
    Cursor, Event, Kind, Message, RoomId, Seq, Timestamp, UserId, UserRef,
    event::{Activity, MessageCreated, RoomActivity},
};

use super::*;
use crate::{
    api::tests::peer::{STREAM_HEAD, chunk, frame, numbered, position},
    update::ServerEvent,
    worker::Stream,
};

fn open(access: Access) -> (Stream, Receiver<()>) {
    let (tell, wakes) = channel();
    let stream = Stream::open(access, Cursor("k3-1".into()), move || tell.send(()).unwrap_or(())).unwrap();
    (stream, wakes)
}

/// Takes events until there are this many.
fn take(stream: &Stream, wakes: &Receiver<()>, count: usize) -> Vec<ServerEvent> {
    let mut taken = Vec::new();
    while taken.len() < count {
        wakes.recv_timeout(SOON).unwrap();
        loop {
            let (events, more) = stream.take(256);
            assert!(events.len() <= 256);
            taken.extend(events);
            if !more {
                break;
            }
        }
    }
    taken
}

fn told(seq: u64) -> ServerEvent {
    ServerEvent::Event(numbered(seq), position(seq))
}

fn ended(events: &[ServerEvent]) -> &str {
    match events.last() {
        Some(ServerEvent::Ended(Failure::Unreachable { reason })) => reason,
        last => panic!("{last:?}"),
    }
}

#[test]
fn every_event_arrives_in_order_however_the_bytes_are_cut() {
    let (access, heard) = peer(|_, out| {
        out.set_nodelay(true).unwrap();
        out.write_all(STREAM_HEAD.as_bytes()).unwrap();
        let bytes: Vec<u8> = (2..=40).flat_map(frame).collect();
        bytes.chunks(7).for_each(|part| chunk(out, part));
        out.write_all(b"0\r\n\r\n").unwrap();
    });
    let (stream, wakes) = open(access);
    let events = take(&stream, &wakes, 40);
    assert_eq!(events[..39], (2..=40).map(told).collect::<Vec<_>>());
    assert_eq!(ended(&events), "the server closed the connection");
    let request = heard.recv_timeout(SOON).unwrap();
    assert_eq!(request.line, "get /v1/events?since=k3-1 http/1.1");
    assert!(request.head.contains("authorization: bearer a.b.c"), "{}", request.head);
}

#[test]
fn a_bare_id_an_unknown_event_and_a_broken_one_move_the_position_and_nothing_else() {
    let (access, _heard) = peer(|_, out| {
        out.write_all(STREAM_HEAD.as_bytes()).unwrap();
        chunk(out, b": a heartbeat\n\nid: k3-5\n\n");
        chunk(out, b"id: k3-6\nevent: weather\ndata: {}\n\nid: k3-7\nevent: read.updated\ndata: {}\n\n");
        chunk(out, b"event: activity\ndata: {\"rooms\":[{\"id\":1,\"last_seq\":2}]}\n\n");
        chunk(out, b"id: k3-8\n\n");
    });
    let (stream, wakes) = open(access);
    let mut events = Vec::new();
    while events.last() != Some(&ServerEvent::At(Cursor("k3-8".into()))) {
        events.extend(take(&stream, &wakes, 1));
    }
    let activity = Activity { rooms: vec![RoomActivity { id: RoomId(1), last_seq: Seq(2) }] };
    let activity = ServerEvent::Event(activity.into(), Cursor("k3-7".into()));
    events.retain(|event| !matches!(event, ServerEvent::At(_))); // their number depends on the network
    assert_eq!(events, [activity]);
}

#[test]
fn a_stream_that_nobody_reads_waits_and_loses_nothing() {
    let (access, _heard) = peer(|_, out| {
        out.write_all(STREAM_HEAD.as_bytes()).unwrap();
        (1..=5_000).for_each(|seq| chunk(out, &frame(seq)));
        out.write_all(b"0\r\n\r\n").unwrap();
    });
    let (stream, wakes) = open(access);
    wakes.recv_timeout(SOON).unwrap();
    let (mut events, mut most) = (Vec::new(), 0);
    while events.len() < 5_001 {
        let (step, more) = stream.take(2_000);
        most = most.max(step.len());
        events.extend(step);
        if !more && events.len() < 5_001 {
            wakes.recv_timeout(SOON).unwrap();
        }
    }
    assert!(most <= 1_024, "{most} waited at once");
    assert_eq!(events[..5_000], (1..=5_000).map(told).collect::<Vec<_>>());
}

#[test]
fn a_refused_stream_says_why() {
    let problem = r#"{"type":"about:blank","title":"x","status":401,"detail":"sign in","kind":"unauthenticated"}"#;
    let (access, _heard) = peer(move |_, out| reply(out, "401 Unauthorized", "", problem));
    let (stream, wakes) = open(access);
    let events = take(&stream, &wakes, 1);
    let [ServerEvent::Ended(Failure::Refused { problem, .. })] = &events[..] else { panic!("{events:?}") };
    assert_eq!(problem.kind, Kind::Unauthenticated);
}

#[test]
fn a_cut_a_web_page_and_an_endless_line_end_the_stream_with_a_reason() {
    let (access, _heard) = peer(|_, out| {
        write!(out, "{STREAM_HEAD}40\r\nevent: read.up").unwrap();
        out.shutdown(Shutdown::Both).unwrap();
    });
    let (stream, wakes) = open(access);
    assert_eq!(ended(&take(&stream, &wakes, 1)), "the connection was cut");

    let (access, _heard) = peer(|_, out| reply(out, "200 OK", "content-type: text/html\r\n", "<html>"));
    let (stream, wakes) = open(access);
    assert!(ended(&take(&stream, &wakes, 1)).contains("is this a quchat server?"));

    let (access, _heard) = peer(|_, out| {
        out.write_all(STREAM_HEAD.as_bytes()).unwrap();
        (0..40).for_each(|_| chunk(out, &vec![b'x'; 64 * 1024]));
    });
    let (stream, wakes) = open(access);
    assert_eq!(take(&stream, &wakes, 1), [ServerEvent::Ended(Failure::TooLarge)]);
}

#[test]
fn of_large_events_no_more_wait_than_fit_a_few_mebibytes() {
    let text = "x".repeat(900_000);
    let event = move |seq: u64| {
        let sender = UserRef { id: UserId(2), name: "bob".into() };
        let message = Message::new(RoomId(1), Seq(seq), sender, text.clone(), Timestamp::from_millis(0));
        let mut bytes = Vec::new();
        Event::from(MessageCreated { room_id: RoomId(1), message })
            .encode(Some(&Cursor(format!("k3-{seq}"))), &mut bytes);
        bytes
    };
    let (access, _heard) = peer(move |_, out| {
        out.write_all(STREAM_HEAD.as_bytes()).unwrap();
        (1..=40).for_each(|seq| chunk(out, &event(seq)));
        out.write_all(b"0\r\n\r\n").unwrap();
    });
    let (stream, wakes) = open(access);
    let (mut taken, mut most) = (0, 0);
    while taken < 41 {
        wakes.recv_timeout(SOON).unwrap();
        loop {
            let (events, more) = stream.take(2_000);
            (taken, most) = (taken + events.len(), most.max(events.len()));
            for event in &events {
                let ServerEvent::Event(Event::MessageCreated(event), _) = event else { continue };
                assert!(event.message.text.capacity() < 5_000, "text beyond the limit of a message is not kept");
            }
            if !more {
                break;
            }
        }
    }
    assert!(most <= 5, "{most} waited at once");
}

#[test]
fn silence_ends_a_stream_and_a_heartbeat_does_not() {
    let silence = Duration::from_secs(1);
    let (access, _heard) = peer(move |_, out| {
        out.write_all(STREAM_HEAD.as_bytes()).unwrap();
        for _ in 0..12 {
            thread::sleep(silence / 10);
            chunk(out, b":\n\n");
        }
        chunk(out, &frame(9));
    });
    let (tell, wakes) = channel();
    let wake = move || tell.send(()).unwrap_or(());
    let events = Client::signed_in(access).events_within(None, silence);
    let stream = Stream::follow(events, wake).unwrap();
    let begun = Instant::now();
    let events = take(&stream, &wakes, 2);
    assert_eq!(events[0], told(9));
    assert_eq!(ended(&events), "no answer in time");
    assert!(begun.elapsed() >= silence * 2);
}

#[test]
fn a_dropped_stream_ends_its_thread_at_once_even_with_a_full_inbox() {
    for events in [0, 3_000] {
        let (gone, went) = channel();
        let (access, heard) = peer(move |_, out| {
            out.write_all(STREAM_HEAD.as_bytes()).unwrap();
            (1..=events).for_each(|seq| chunk(out, &frame(seq)));
        });
        let (tell, wakes) = channel();
        let witness = Witness(gone);
        let wake = move || {
            let _ = &witness;
            tell.send(()).unwrap_or(());
        };
        let stream = Stream::open(access, Cursor::default(), wake).unwrap();
        heard.recv_timeout(SOON).unwrap();
        if events > 0 {
            wakes.recv_timeout(SOON).unwrap();
        }
        let begun = Instant::now();
        drop(stream);
        went.recv_timeout(SOON).unwrap();
        assert!(begun.elapsed() < SOON / 10);
    }
}

/// Reports when the thread that owns it drops it.
struct Witness(std::sync::mpsc::Sender<()>);

impl Drop for Witness {
    fn drop(&mut self) {
        self.0.send(()).ok();
    }
}
