//! One thread, one epoll: a message that comes is acknowledged and written to every listener, one `write` each, out of
//! the same chunk encoded before. No token, no rules, nothing kept.

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
/// As long as what the server says of the bench's messages.
const FRAME: &str = "id: k3-0000001042\nevent: message.created\ndata: {\"room_id\":1,\"message\":{\"room_id\":1,\
     \"seq\":0000000000,\"rev\":1,\"sender\":{\"id\":2,\"name\":\"sender0\"},\"text\":\"so far it looks good, the rest of \
     the report comes after lunch\",\"sent_at\":\"2026-01-01T00:00:00.000Z\",\"mentions\":[],\"reactions\":[],\
     \"txn\":\"0000000001-0-0\"}}\n\n";
/// The place of the listening socket; connections come behind it.
const DOOR: u64 = 0;

/// What the frame says, with a place for its number.
pub(in super::super) fn message() -> &'static str {
    FRAME.split_once("data: ").map_or(FRAME, |(_, message)| message.trim_end())
}

/// Serves until the bench is gone.
pub(in super::super) fn serve() -> Result<bool> {
    thread::spawn(|| {
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink()); // ends when the other end closes
        std::process::exit(0);
    });
    let door = TcpListener::bind("127.0.0.1:0")?;
    rustix::net::listen(&door, 4096)?; // as the server: a storm loses no SYN
    let address = door.local_addr()?;
    let mut floor = Floor::new(door)?;
    writeln!(io::stdout(), "{} listening on http://{address}", std::process::id())?;
    loop {
        floor.step()?;
    }
}

struct Floor {
    epoll: OwnedFd,
    door: TcpListener,
    connections: Vec<Option<TcpStream>>,
    /// The places of those who listen.
    listeners: Vec<u32>,
    events: Vec<Event>,
    buffer: Vec<u8>,
    messages: u64,
    chunk: Vec<u8>,
    chunk_seq: Range<usize>,
    answer: Vec<u8>,
    answer_seq: Range<usize>,
}

impl Floor {
    fn new(door: TcpListener) -> Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, &door, EventData::new_u64(DOOR), EventFlags::IN)?;
        let chunk = format!("{:x}\r\n{FRAME}\r\n", FRAME.len()).into_bytes();
        let answer = b"HTTP/1.1 201 Created\r\ncontent-length: 18\r\n\r\n{\"seq\":0000000000}".to_vec();
        let counter = |bytes: &[u8]| wire::counter(bytes, b"\"seq\":").ok_or("a chunk without a place for its number");
        let (chunk_seq, answer_seq) = (counter(&chunk)?, counter(&answer)?);
        Ok(Self {
            epoll,
            door,
            connections: Vec::new(),
            listeners: Vec::new(),
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
                DOOR => self.accept()?,
                place => self.readable(usize::try_from(place - 1)?)?,
            }
        }
        self.events.reserve(1024);
        Ok(())
    }

    fn accept(&mut self) -> Result<()> {
        let (stream, _) = self.door.accept()?;
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

    /// Every request comes in one piece: the bench writes it in one, and it fits.
    fn readable(&mut self, place: usize) -> Result<()> {
        let Some(stream) = &mut self.connections[place] else { return Ok(()) };
        let len = stream.read(&mut self.buffer).unwrap_or(0);
        if len == 0 {
            self.connections[place] = None;
            self.listeners.retain(|&listener| listener as usize != place);
        } else if self.buffer.starts_with(b"GET") {
            stream.write_all(HELLO.as_bytes())?;
            self.listeners.push(u32::try_from(place)?);
        } else {
            self.messages += 1;
            wire::set_counter(&mut self.answer[self.answer_seq.clone()], self.messages);
            wire::set_counter(&mut self.chunk[self.chunk_seq.clone()], self.messages);
            stream.write_all(&self.answer)?;
            for &listener in &self.listeners {
                if let Some(stream) = &mut self.connections[listener as usize] {
                    let _ = stream.write_all(&self.chunk); // who is gone is found out by reading
                }
            }
        }
        Ok(())
    }
}
