//! A scripted server that can misbehave in every way that a network can.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

use quchat_shared::{Cursor, Event, RoomId, Seq, event::ReadUpdated};

use crate::api::{Access, Origin, Token};

/// How long a test waits for something that must happen.
pub(crate) const SOON: Duration = Duration::from_secs(10);

/// A request as received.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    pub(crate) line: String,
    pub(crate) head: String,
    pub(crate) body: String,
}

/// Runs a server: `answer` gets each request with its connection and may do anything with it.
pub(crate) fn peer(answer: impl Fn(&Heard, &mut TcpStream) + Clone + Send + 'static) -> (Access, Receiver<Heard>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, heard) = channel();
    thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            let (answer, tell) = (answer.clone(), tell.clone());
            thread::spawn(move || {
                while let Some(request) = hear(&connection) {
                    tell.send(request.clone()).ok();
                    answer(&request, &mut connection.try_clone().unwrap());
                }
            });
        }
    });
    (access(port), heard)
}

pub(crate) fn access(port: u16) -> Access {
    let origin = Origin::parse(&format!("127.0.0.1:{port}")).unwrap();
    Access { server: origin.into(), token: Token::new("a.b.c".into()) }
}

/// Reads one request; keep-alive connections send the next one only after the answer.
pub(crate) fn hear(connection: &TcpStream) -> Option<Heard> {
    let mut reader = BufReader::new(connection);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let head = head.to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let line = head.lines().next()?.to_owned();
    Some(Heard { line, head, body: String::from_utf8(body).unwrap() })
}

/// A complete answer.
pub(crate) fn reply(out: &mut TcpStream, status: &str, headers: &str, body: &str) {
    let length = body.len();
    write!(out, "HTTP/1.1 {status}\r\ncontent-length: {length}\r\n{headers}\r\n{body}").ok();
}

/// The head of an event stream, in chunks.
pub(crate) const STREAM_HEAD: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

/// A part of a stream.
pub(crate) fn chunk(out: &mut TcpStream, bytes: &[u8]) {
    let mut framed = format!("{:x}\r\n", bytes.len()).into_bytes();
    framed.extend_from_slice(bytes);
    framed.extend_from_slice(b"\r\n");
    out.write_all(&framed).ok();
}

/// An event that carries its number.
pub(crate) fn numbered(seq: u64) -> Event {
    ReadUpdated { room_id: RoomId(1), last_read_seq: Seq(seq), mentions: 0 }.into()
}

/// The position after it.
pub(crate) fn position(seq: u64) -> Cursor {
    Cursor(format!("k3-{seq}"))
}

/// The same event on the wire.
pub(crate) fn frame(seq: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    numbered(seq).encode(Some(&position(seq)), &mut bytes);
    bytes
}
