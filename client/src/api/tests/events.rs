//! The events iterator: what it resumes from, and what ends it.

use std::{
    io::Write,
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        atomic::{AtomicU32, AtomicU64, Ordering},
        mpsc::channel,
    },
    thread,
    time::Duration,
};

use quchat_shared::{
    Cursor, Event,
    event::{Hello, Reset, ResetReason},
};

use super::peer::{Heard, SOON, STREAM_HEAD, access, chunk, frame, numbered, peer, position, reply};
use crate::api::{Client, Events, Failure, Received};

fn at_once(_failures: u32, _asked_ms: Option<u64>) -> Duration {
    Duration::ZERO
}

/// Begins a stream after this event, as the server does.
fn begin(out: &mut TcpStream, seq: u64) {
    write!(out, "{STREAM_HEAD}").unwrap();
    chunk(out, &encoded(Hello { cursor: position(seq), heartbeat_seconds: 15 }, None));
}

fn encoded(event: impl Into<Event>, id: Option<Cursor>) -> Vec<u8> {
    let mut bytes = Vec::new();
    event.into().encode(id.as_ref(), &mut bytes);
    bytes
}

fn cut(out: &TcpStream) {
    out.shutdown(Shutdown::Both).ok();
}

/// The event that a stream should begin after.
fn since(request: &Heard) -> Option<u64> {
    let (_, since) = request.line.split_once("?since=k3-")?;
    since.split(' ').next()?.parse().ok()
}

/// The next event that is not about the stream itself.
fn next_numbered(events: &mut Events) -> Event {
    loop {
        match events.next().unwrap().unwrap().event {
            Some(Event::Hello(_)) | None => {}
            Some(event) => return event,
        }
    }
}

#[test]
fn a_resumed_stream_goes_on_after_the_last_event_without_gap_or_duplicate() {
    let (access, heard) = peer(|request, out| {
        let since = since(request).unwrap();
        begin(out, since);
        (since + 1..=since + 3).for_each(|seq| chunk(out, &frame(seq)));
        let half = frame(since + 4);
        chunk(out, &half[..half.len() / 2]);
        cut(out);
    });
    let mut events = Client::signed_in(access).events(Some(position(0))).resuming_after(at_once);
    for seq in 1..=20 {
        assert_eq!(next_numbered(&mut events), numbered(seq));
    }
    for seq in [0, 3, 6, 9, 12, 15, 18] {
        assert_eq!(since(&heard.recv_timeout(SOON).unwrap()), Some(seq));
    }
}

#[test]
fn a_stream_that_began_now_resumes_where_it_began() {
    let (access, heard) = peer(|request, out| {
        begin(out, 7);
        if since(request) == Some(7) {
            chunk(out, &frame(8));
        }
        cut(out);
    });
    let mut events = Client::signed_in(access).events(None).resuming_after(at_once);
    assert_eq!(next_numbered(&mut events), numbered(8));
    assert_eq!(heard.recv_timeout(SOON).unwrap().line, "get /v1/events http/1.1");
}

#[test]
fn a_bare_id_moves_the_position_from_which_a_stream_resumes() {
    let (access, _heard) = peer(|request, out| {
        let since = since(request).unwrap();
        begin(out, since);
        match since {
            1 => chunk(out, b"id: k3-5\n\n"),
            _ => chunk(out, &frame(since + 1)),
        }
        cut(out);
    });
    let mut events = Client::signed_in(access).events(Some(position(1))).resuming_after(at_once);
    assert_eq!(next_numbered(&mut events), numbered(6));
}

#[test]
fn without_resuming_the_first_failure_ends_the_events() {
    let (access, _heard) = peer(|_, out| {
        begin(out, 1);
        chunk(out, &frame(2));
        cut(out);
    });
    let mut events = Client::signed_in(access).events(Some(position(1)));
    let Some(Ok(Received { event: Some(Event::Hello(_)), .. })) = events.next() else { panic!() };
    let received = events.next().unwrap().unwrap();
    assert_eq!((received.event, received.position), (Some(numbered(2)), position(2)));
    let Some(Err(Failure::Unreachable { .. })) = events.next() else { panic!() };
    assert_eq!(events.next(), None);
}

#[test]
fn a_resuming_stream_ends_with_its_session() {
    let (access, heard) = peer(|request, out| match since(request) {
        Some(1) => {
            begin(out, 1);
            chunk(out, &frame(2));
            cut(out);
        }
        _ => reply(out, "401 Unauthorized", "", "{}"),
    });
    let mut events = Client::signed_in(access).events(Some(position(1))).resuming_after(at_once);
    assert_eq!(next_numbered(&mut events), numbered(2));
    let failure = events.next().unwrap().unwrap_err();
    assert_eq!((failure.status(), events.next()), (Some(401), None));
    assert_eq!(heard.iter().take(2).count(), 2);
}

#[test]
fn a_stream_that_cannot_begin_is_not_tried_again() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let mut events = Client::signed_in(access(port)).events(None).resuming();
    assert_eq!(events.next().unwrap().unwrap_err().reason(), "nothing listens there");
    assert_eq!(events.next(), None);
}

#[test]
fn a_server_that_resets_every_stream_is_asked_more_and_more_seldom() {
    static FAILURES: AtomicU32 = AtomicU32::new(0);
    let (access, _heard) = peer(|request, out| {
        begin(out, since(request).unwrap());
        chunk(out, &encoded(Reset { reason: ResetReason::Unknown, cursor: position(9) }, Some(position(9))));
        cut(out);
    });
    fn pause(failures: u32, _: Option<u64>) -> Duration {
        FAILURES.store(failures, Ordering::SeqCst);
        Duration::ZERO
    }
    let mut events = Client::signed_in(access).events(Some(position(1))).resuming_after(pause);
    for failures in 0..10 {
        let Event::Reset(_) = next_numbered(&mut events) else { panic!() };
        assert_eq!(FAILURES.load(Ordering::SeqCst), u32::saturating_sub(failures, 1));
    }
}

#[test]
fn a_pause_is_as_long_as_the_server_asks_for() {
    static ASKED_MS: AtomicU64 = AtomicU64::new(0);
    fn pause(_: u32, asked_ms: Option<u64>) -> Duration {
        ASKED_MS.fetch_max(asked_ms.unwrap_or_default(), Ordering::SeqCst);
        Duration::ZERO
    }
    let (access, _heard) = peer(|request, out| match since(request) {
        Some(1) => {
            begin(out, 2);
            cut(out);
        }
        _ if ASKED_MS.load(Ordering::SeqCst) == 0 => {
            reply(out, "503 Service Unavailable", "Retry-After: 7\r\n", "{}");
        }
        _ => reply(out, "401 Unauthorized", "", "{}"),
    });
    let mut events = Client::signed_in(access).events(Some(position(1))).resuming_after(pause);
    assert_eq!(events.find_map(Result::err).unwrap().status(), Some(401));
    assert_eq!(ASKED_MS.load(Ordering::SeqCst), 7_000);
}

#[test]
fn closing_ends_a_stream_that_reads_and_one_that_pauses() {
    for is_cut in [false, true] {
        let (access, _heard) = peer(move |_, out| {
            begin(out, 1);
            if is_cut {
                cut(out);
            }
        });
        let mut events = Client::signed_in(access).events(None).resuming_after(|_, _| SOON * 100);
        let closer = events.closer();
        let Some(Ok(Received { event: Some(Event::Hello(_)), .. })) = events.next() else { panic!() };
        let (tell, ended) = channel();
        thread::spawn(move || tell.send(events.next()).unwrap_or(()));
        closer.close();
        assert_eq!(ended.recv_timeout(SOON).unwrap(), None);
    }
}
