//! The least that a chat server can do on sockets. One thread with one epoll acknowledges each message and writes it
//! to every subscriber with one `write` each, from a chunk encoded once. It checks no token and stores nothing.

use std::{
    io::{self, Read, Write},
    net::{TcpListener, TcpStream},
    ops::Range,
    thread,
};

use rustix::{
    buffer::spare_capacity,
    event::epoll::{self, Event, EventData, EventFlags},
    fd::OwnedFd,
};

use super::super::{Result, wire};

const HELLO: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n\
     20\r\nevent: hello\ndata: {\"floor\":1}\n\n\r\n";
/// As long as the server's event for one of the bench's messages.
const FRAME: &str = "id: k3-0000001042\nevent: message.created\ndata: {\"room_id\":1,\"message\":{\"room_id\":1,\
     \"seq\":0000000000,\"rev\":1,\"sender\":{\"id\":2,\"name\":\"sender0\"},\"text\":\"so far it looks good, the rest of \
     the report comes after lunch\",\"sent_at\":\"2026-01-01T00:00:00.000Z\",\"mentions\":[],\"reactions\":[],\
     \"txn\":\"0000000001-0-0\"}}\n\n";
/// Epoll data of the listening socket; a connection has its index plus one.
const LISTENER: u64 = 0;

/// The data of [`FRAME`], with digits for its `seq`.
pub(in super::super) fn message() -> &'static str {
    FRAME.split_once("data: ").map_or(FRAME, |(_, message)| message.trim_end())
}

/// Serves until the bench ends.
pub(in super::super) fn serve() -> Result<bool> {
    thread::spawn(|| {
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink()); // ends when the bench ends
        std::process::exit(0);
    });
    let listener = TcpListener::bind("127.0.0.1:0")?;
    rustix::net::listen(&listener, 4096)?; // as the server: a shorter backlog drops connections
    let address = listener.local_addr()?;
    let mut floor = Floor::new(listener)?;
    writeln!(io::stdout(), "{} listening on http://{address}", std::process::id())?;
    loop {
        floor.step()?;
    }
}

struct Floor {
    epoll: OwnedFd,
    listener: TcpListener,
    connections: Vec<Option<TcpStream>>,
    /// The indices of the subscribers' connections.
    subscribers: Vec<u32>,
    events: Vec<Event>,
    buffer: Vec<u8>,
    messages: u64,
    chunk: Vec<u8>,
    chunk_seq: Range<usize>,
    answer: Vec<u8>,
    answer_seq: Range<usize>,
}

impl Floor {
    fn new(listener: TcpListener) -> Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, &listener, EventData::new_u64(LISTENER), EventFlags::IN)?;
        let chunk = format!("{:x}\r\n{FRAME}\r\n", FRAME.len()).into_bytes();
        let answer = b"HTTP/1.1 201 Created\r\ncontent-length: 18\r\n\r\n{\"seq\":0000000000}".to_vec();
        let counter = |bytes: &[u8]| wire::counter(bytes, b"\"seq\":").ok_or("no digits for the seq");
        let (chunk_seq, answer_seq) = (counter(&chunk)?, counter(&answer)?);
        Ok(Self {
            epoll,
            listener,
            connections: Vec::new(),
            subscribers: Vec::new(),
            events: Vec::with_capacity(1024),
            buffer: vec![0; 16 * 1024],
            messages: 0,
            chunk,
            chunk_seq,
            answer,
            answer_seq,
        })
    }

    fn step(&mut self) -> Result<()> {
        epoll::wait(&self.epoll, spare_capacity(&mut self.events), None)?;
        for event in std::mem::take(&mut self.events) {
            match event.data.u64() {
                LISTENER => self.accept()?,
                place => self.readable(usize::try_from(place - 1)?)?,
            }
        }
        self.events.reserve(1024);
        Ok(())
    }

    fn accept(&mut self) -> Result<()> {
        let (stream, _) = self.listener.accept()?;
        stream.set_nodelay(true)?;
        self.connections.push(Some(stream));
        let place = EventData::new_u64(self.connections.len() as u64);
        epoll::add(
            &self.epoll,
            self.connections.last().and_then(Option::as_ref).ok_or("just added")?,
            place,
            EventFlags::IN,
        )?;
        Ok(())
    }

    /// Expects each request in one read: the bench writes it with one `write`, and it fits the buffer.
    fn readable(&mut self, place: usize) -> Result<()> {
        let Some(stream) = &mut self.connections[place] else { return Ok(()) };
        let len = stream.read(&mut self.buffer).unwrap_or(0);
        if len == 0 {
            self.connections[place] = None;
            self.subscribers.retain(|&subscriber| subscriber as usize != place);
        } else if self.buffer.starts_with(b"GET") {
            stream.write_all(HELLO.as_bytes())?;
            self.subscribers.push(u32::try_from(place)?);
        } else {
            self.messages += 1;
            wire::set_counter(&mut self.answer[self.answer_seq.clone()], self.messages);
            wire::set_counter(&mut self.chunk[self.chunk_seq.clone()], self.messages);
            stream.write_all(&self.answer)?;
            for &subscriber in &self.subscribers {
                if let Some(stream) = &mut self.connections[subscriber as usize] {
                    let _ = stream.write_all(&self.chunk); // a closed connection is noticed when it is read
                }
            }
        }
        Ok(())
    }
}
