//! The load on a target: one thread and one epoll serve all subscribers and requesters of a scenario.

use std::{
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use rustix::{
    buffer::spare_capacity,
    event::{
        Timespec,
        epoll::{self, Event, EventData, EventFlags},
    },
    fd::OwnedFd,
};

use super::{
    Result,
    addresses::Addresses,
    requesters::{Answer, Requester},
    subscribers::Subscribers,
};

/// Epoll data of the first requester; smaller values are indices of subscribers.
const REQUESTER: u64 = 1 << 32;
/// The largest number of bytes read from a socket at once.
const BUFFER: usize = 256 * 1024;
/// How long a scenario waits for anything before it fails.
pub(super) const TIMEOUT: Duration = Duration::from_secs(120);

pub(super) struct Load {
    addresses: Addresses,
    epoll: OwnedFd,
    events: Vec<Event>,
    buffer: Vec<u8>,
    pub(super) subscribers: Subscribers,
    pub(super) requesters: Vec<Requester>,
    /// Answers that the scenario has not processed yet.
    pub(super) answers: Vec<Answer>,
}

impl Load {
    /// Streams and requesters take turns in connecting to these addresses.
    pub(super) fn new(addresses: &Addresses) -> Result<Self> {
        Ok(Self {
            addresses: addresses.clone(),
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            events: Vec::with_capacity(1024),
            buffer: vec![0; BUFFER],
            subscribers: Subscribers::default(),
            requesters: Vec::new(),
            answers: Vec::new(),
        })
    }

    /// From now on, everything connects to the first node.
    pub(super) fn stay_on_first_node(&mut self) {
        self.addresses = Addresses::new(self.addresses.first(), []);
    }

    /// Opens an event stream whose first message will be `next`. Does not wait for `hello`.
    pub(super) fn subscribe(&mut self, request: &[u8], next: u64) -> Result<()> {
        let stream = connect(self.addresses.of(self.subscribers.len()))?;
        std::io::Write::write_all(&mut &stream, request)?;
        let data = EventData::new_u64(self.subscribers.len() as u64);
        epoll::add(&self.epoll, &stream, data, EventFlags::IN)?;
        self.subscribers.add(stream, next);
        Ok(())
    }

    /// Adds a connection that will repeat `request`. The digits after `mark` count up.
    pub(super) fn add_requester(&mut self, request: Vec<u8>, mark: Option<&[u8]>) -> Result<()> {
        let stream = self.connect_requester()?;
        self.requesters.push(Requester::new(stream, request, mark));
        Ok(())
    }

    /// Adds a connection that will send two requests in turn.
    pub(super) fn add_alternating_requester(&mut self, requests: [Vec<u8>; 2]) -> Result<()> {
        let stream = self.connect_requester()?;
        self.requesters.push(Requester::alternating(stream, requests));
        Ok(())
    }

    /// Connects the next requester.
    fn connect_requester(&self) -> Result<TcpStream> {
        let stream = connect(self.addresses.of(self.requesters.len()))?;
        let data = EventData::new_u64(REQUESTER + self.requesters.len() as u64);
        epoll::add(&self.epoll, &stream, data, EventFlags::IN)?;
        Ok(stream)
    }

    /// Waits for input, at most `timeout`, and processes it.
    pub(super) fn step(&mut self, timeout: Duration) -> Result<()> {
        let timespec = Timespec::try_from(timeout)?;
        match epoll::wait(&self.epoll, spare_capacity(&mut self.events), Some(&timespec)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        for event in self.events.drain(..) {
            let place = event.data.u64();
            if let Some(requester) = place.checked_sub(REQUESTER) {
                let requester = &mut self.requesters[usize::try_from(requester)?];
                self.answers.extend(requester.readable(&mut self.buffer)?);
            } else {
                self.subscribers.readable(usize::try_from(place)?, &mut self.buffer)?;
            }
        }
        Ok(())
    }

    /// Processes input until `done` returns true.
    ///
    /// # Errors
    /// It takes longer than [`TIMEOUT`].
    pub(super) fn wait_until(&mut self, what: &str, done: impl Fn(&Self) -> bool) -> Result<()> {
        let deadline = Instant::now() + TIMEOUT;
        while !done(self) {
            if Instant::now() > deadline {
                return Err(format!("timed out waiting until {what}").into());
            }
            self.step(Duration::from_millis(100))?;
        }
        Ok(())
    }

    /// Processes input for this long.
    pub(super) fn run_for(&mut self, time: Duration) -> Result<()> {
        let end = Instant::now() + time;
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            self.step(left)?;
        }
        Ok(())
    }

    /// Waits until every stream has received `hello`.
    pub(super) fn wait_for_hello(&mut self) -> Result<()> {
        self.wait_until("every stream has received hello", |load| load.subscribers.live == load.subscribers.len())
    }
}

/// Connects and makes the connection non-blocking.
fn connect(address: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, Duration::from_secs(20))?;
    stream.set_nodelay(true)?;
    stream.set_nonblocking(true)?;
    Ok(stream)
}
