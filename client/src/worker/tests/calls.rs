//! Tests calls: what is sent, and how each kind of answer, error and silence is reported.

use std::{
    io::Write,
    net::{Ipv4Addr, Shutdown, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    time::Instant,
};

use quchat_shared::{
    Kind, RoomId, Seq,
    api::{Credentials, NewMessage, NewReadMarker, ReadMarker},
    query::{Bound, ListMessages},
};

use super::*;
use crate::worker::{Calls, ask, sign_out};

const MARKER: &str = r#"{"last_read_seq":7,"unread":0,"of a later version":[]}"#;

/// Calls whose replies arrive on one channel, by number.
struct Numbered {
    calls: Calls,
    tell: Sender<(u64, Reply)>,
}

impl Numbered {
    fn call(&self, call: u64, request: Request) {
        let tell = self.tell.clone();
        self.calls.call(request, move |reply| tell.send((call, reply)).unwrap_or(())).unwrap();
    }
}

fn start(access: Access) -> (Numbered, Receiver<(u64, Reply)>) {
    let (tell, replies) = channel();
    (Numbered { calls: Calls::start(access).unwrap(), tell }, replies)
}

fn mark_read() -> Request {
    Request::MarkRead(RoomId(3), NewReadMarker { seq: Seq(7), rewind: false })
}

fn read() -> Request {
    Request::ListMessages(RoomId(3), ListMessages { bound: Bound::Before(Seq(9)), limit: None })
}

/// The reply to one call if the peer answers like this.
fn outcome(answer: impl Fn(&Heard, &mut TcpStream) + Clone + Send + 'static) -> Reply {
    let (access, _heard) = peer(answer);
    let (calls, replies) = start(access);
    calls.call(1, mark_read());
    replies.recv_timeout(SOON).unwrap().1
}

fn reason(reply: Reply) -> String {
    match reply {
        Err(Failure::Unreachable { reason }) => reason,
        reply => panic!("{reply:?}"),
    }
}

#[test]
fn a_request_is_the_row_of_the_api_with_token_and_body() {
    let (access, heard) = peer(|_, out| reply(out, "200 OK", "", MARKER));
    let (calls, replies) = start(access);
    calls.call(1, mark_read());
    let marker = ReadMarker { last_read_seq: Seq(7), unread: 0, mentions: 0 };
    assert_eq!(replies.recv_timeout(SOON).unwrap(), (1, Ok(Answer::Marker(marker))));
    let request = heard.recv_timeout(SOON).unwrap();
    assert_eq!((&*request.line, &*request.body), ("put /v1/rooms/3/read http/1.1", r#"{"seq":7}"#));
    for header in ["authorization: bearer a.b.c\r\n", "content-type: application/json\r\n"] {
        assert!(request.head.contains(header), "{}", request.head);
    }

    calls.call(2, Request::JoinRoom(RoomId(4)));
    assert_eq!(replies.recv_timeout(SOON).unwrap().0, 2);
    let request = heard.recv_timeout(SOON).unwrap();
    assert_eq!((&*request.line, &*request.body), ("put /v1/rooms/4/members/me http/1.1", ""));
    assert!(request.head.contains("content-length: 0\r\n"), "{}", request.head);

    calls.call(3, read());
    assert_eq!(replies.recv_timeout(SOON).unwrap().0, 3);
    assert_eq!(heard.recv_timeout(SOON).unwrap().line, "get /v1/rooms/3/messages?before=9 http/1.1");
}

#[test]
fn an_answer_without_content_is_a_success() {
    let (access, _heard) = peer(|_, out| reply(out, "204 No Content", "", ""));
    let (calls, replies) = start(access);
    calls.call(9, Request::LeaveRoom(RoomId(1)));
    assert_eq!(replies.recv_timeout(SOON).unwrap(), (9, Ok(Answer::NoContent(()))));
}

#[test]
fn a_problem_comes_with_its_kind_its_fields_and_when_to_try_again() {
    let body = r#"{"type":"about:blank","title":"x","status":1,"detail":"busy","kind":"unavailable",
                   "errors":[{"field":"text","detail":"too long"}]}"#;
    let failed = outcome(move |_, out| reply(out, "503 Service Unavailable", "Retry-After: 3\r\n", body));
    let Err(Failure::Refused { problem, retry_after_ms: Some(3_000) }) = failed else { panic!("{failed:?}") };
    assert_eq!((problem.kind, problem.status, &*problem.detail), (Kind::Unavailable, 503, "busy"));
    assert_eq!(problem.errors[0].field, "text");
}

#[test]
fn an_error_without_a_problem_document_is_one_all_the_same() {
    for (status, code) in [("502 Bad Gateway", 502), ("404 Not Found", 404), ("301 Moved Permanently", 301)] {
        let failed = outcome(move |_, out| reply(out, status, "Location: /elsewhere\r\n", "<html>"));
        let Err(Failure::Refused { problem, retry_after_ms: None }) = failed else { panic!("{failed:?}") };
        assert_eq!((problem.kind, problem.status), (Kind::Unknown, code));
        assert!(problem.detail.contains(status), "{}", problem.detail);
    }
}

#[test]
fn what_is_no_quchat_server_is_told_from_a_dead_one() {
    let html = outcome(|_, out| reply(out, "200 OK", "", "<html>hello</html>"));
    let noise = outcome(|_, out| {
        out.write_all(b"220 mail.example ESMTP\r\n\r\n").unwrap();
        out.shutdown(Shutdown::Both).unwrap();
    });
    let endless = outcome(|_, out| {
        write!(out, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").unwrap();
        let chunk = vec![b' '; 1024 * 1024];
        for _ in 0..=quchat_shared::limits::ANSWER_MAX / chunk.len() as u64 {
            write!(out, "{:x}\r\n", chunk.len()).ok();
            out.write_all(&chunk).ok();
            out.write_all(b"\r\n").ok();
        }
    });
    for reply in [html, noise] {
        let reason = reason(reply);
        assert!(reason.contains("is this a quchat server?"), "{reason}");
    }
    assert_eq!(endless, Err(Failure::TooLarge));
}

#[test]
fn a_cut_anywhere_is_a_cut() {
    let cuts = [
        "",
        "HTTP/1.1 200 OK\r\ncontent-le",
        "HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{\"last_read_seq\":7",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n32\r\n{\"last_read",
    ];
    for cut in cuts {
        let cut_off = outcome(move |_, out| {
            out.write_all(cut.as_bytes()).unwrap();
            out.shutdown(Shutdown::Both).unwrap();
        });
        assert_eq!(reason(cut_off), "the connection was cut", "{cut}");
    }
}

#[test]
fn nobody_there_is_said_at_once() {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let (calls, replies) = start(access(port));
    calls.call(1, mark_read());
    assert_eq!(reason(replies.recv_timeout(SOON).unwrap().1), "nothing listens there");
}

#[test]
fn a_send_is_answered_while_every_read_hangs_and_dropping_the_calls_ends_them() {
    let (access, heard) = peer(|request, out| {
        if request.line.starts_with("put") {
            reply(out, "200 OK", "", MARKER);
        }
    });
    let (calls, replies) = start(access);
    (0..10).for_each(|call| calls.call(call, read()));
    for call in 100..120 {
        calls.call(call, mark_read());
        let (answered, reply) = replies.recv_timeout(SOON).unwrap();
        assert!(answered == call && reply.is_ok(), "{answered}: {reply:?}");
    }
    let hanging = heard.iter().take(23).filter(|request| request.line.starts_with("get")).count();
    assert_eq!(hanging, 3);
    let begun = Instant::now();
    drop(calls);
    let cut: Vec<_> = replies.iter().take(hanging).map(|(_, reply)| reason(reply)).collect();
    assert_eq!(cut, ["the connection was cut"; 3]);
    assert!(begun.elapsed() < SOON / 10);
    assert!(replies.recv_timeout(SOON).is_err(), "waiting calls are dropped");
}

#[test]
fn answers_read_to_the_end_keep_their_connections() {
    let listener_side = Arc::new(AtomicUsize::new(0));
    let connections = Arc::clone(&listener_side);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            connections.fetch_add(1, Ordering::SeqCst);
            thread::spawn(move || {
                while let Some(request) = hear(&connection) {
                    let status = if request.line.starts_with("get") { "500 Internal Server Error" } else { "200 OK" };
                    reply(&mut connection.try_clone().unwrap(), status, "", MARKER);
                }
            });
        }
    });
    let (calls, replies) = start(access(port));
    for call in 0..200 {
        calls.call(call, if call % 2 == 0 { read() } else { mark_read() });
    }
    assert_eq!(replies.iter().take(200).count(), 200);
    assert!(listener_side.load(Ordering::SeqCst) <= 4);
}

#[test]
fn signing_in_carries_no_token_and_signing_out_is_told_without_waiting() {
    let (access, heard) = peer(|request, out| match &*request.line {
        line if line.starts_with("delete") => reply(out, "204 No Content", "", ""),
        _ => reply(out, "401 Unauthorized", "", "{}"),
    });
    let (tell, replies) = channel();
    let credentials = Credentials { name: "alice".into(), password: "correct horse".into() };
    let request = Request::SignIn(access.server.clone(), credentials);
    ask(access.server.clone(), request, move |reply| tell.send(reply).unwrap_or(())).unwrap();
    let Err(Failure::Refused { problem, .. }) = replies.recv_timeout(SOON).unwrap() else { panic!() };
    assert_eq!(problem.status, 401);
    let request = heard.recv_timeout(SOON).unwrap();
    assert!(!request.head.contains("authorization"), "{}", request.head);

    sign_out(access);
    let request = heard.recv_timeout(SOON).unwrap();
    assert_eq!(request.line, "delete /v1/sessions/current http/1.1");
    assert!(request.head.contains("authorization: bearer a.b.c"), "{}", request.head);
}

#[test]
fn a_send_never_waits_for_another_session_that_hangs() {
    let (hanging, heard) = peer(|_, _| {});
    let (old, _replies) = start(hanging);
    (0..4).for_each(|call| old.call(call, mark_read()));
    (0..4).for_each(|_| assert!(heard.recv_timeout(SOON).is_ok()));
    let (access, _heard) = peer(|_, out| reply(out, "200 OK", "", MARKER));
    let (new, replies) = start(access);
    new.call(1, mark_read());
    assert!(replies.recv_timeout(SOON).unwrap().1.is_ok());
    drop(old);
}

#[test]
fn neither_token_nor_password_is_in_a_debug_text() {
    let text = format!("{:?}", access(1));
    assert!(!text.contains("a.b.c"), "{text}");
}

#[test]
fn a_message_keeps_its_txn_on_the_wire() {
    let (access, heard) = peer(|_, out| reply(out, "500 Internal Server Error", "", ""));
    let (calls, _replies) = start(access);
    let new = NewMessage { text: "hi \"there\"\n🎉".into(), txn: Some("p-1".into()), reply_to: None };
    calls.call(1, Request::SendMessage(RoomId(1), new.clone()));
    let request = heard.recv_timeout(SOON).unwrap();
    assert_eq!(serde_json::from_str::<NewMessage>(&request.body).unwrap(), new);
}
