//! The load generator: one thread and one epoll serve all subscribers and all senders of a scenario.

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
    audience::Audience,
    callers::{Answer, Caller},
};

/// Epoll data of the first sender; smaller values are indices of subscribers.
const CALLER: u64 = 1 << 32;
/// Most bytes read from a socket at once.
const BUFFER: usize = 256 * 1024;
/// How long a scenario waits for anything before it fails.
pub(super) const PATIENCE: Duration = Duration::from_secs(120);

pub(super) struct Drive {
    epoll: OwnedFd,
    events: Vec<Event>,
    buffer: Vec<u8>,
    pub(super) audience: Audience,
    pub(super) callers: Vec<Caller>,
    /// Answers that the scenario has not processed yet, each with the index of its sender.
    pub(super) answers: Vec<(usize, Answer)>,
}

impl Drive {
    pub(super) fn new() -> Result<Self> {
        Ok(Self {
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            events: Vec::with_capacity(1024),
            buffer: vec![0; BUFFER],
            audience: Audience::default(),
            callers: Vec::new(),
            answers: Vec::new(),
        })
    }

    /// Opens an event stream whose first message will be `next`. Does not wait for `hello`.
    pub(super) fn listen(&mut self, address: SocketAddr, request: &[u8], next: u64) -> Result<()> {
        let stream = connect(address)?;
        std::io::Write::write_all(&mut &stream, request)?;
        let data = EventData::new_u64(self.audience.len() as u64);
        epoll::add(&self.epoll, &stream, data, EventFlags::IN)?;
        self.audience.add(stream, next);
        Ok(())
    }

    /// Adds a connection that will repeat `request`. The digits after `mark` count up.
    pub(super) fn call(&mut self, address: SocketAddr, request: Vec<u8>, mark: Option<&[u8]>) -> Result<()> {
        let stream = connect(address)?;
        let data = EventData::new_u64(CALLER + self.callers.len() as u64);
        epoll::add(&self.epoll, &stream, data, EventFlags::IN)?;
        self.callers.push(Caller::new(stream, request, mark));
        Ok(())
    }

    /// Waits for input, at most `patience`, and processes it.
    pub(super) fn step(&mut self, patience: Duration) -> Result<()> {
        let timeout = Timespec::try_from(patience)?;
        match epoll::wait(&self.epoll, spare_capacity(&mut self.events), Some(&timeout)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        for event in self.events.drain(..) {
            let place = event.data.u64();
            if let Some(caller) = place.checked_sub(CALLER) {
                let caller = usize::try_from(caller)?;
                if let Some(answer) = self.callers[caller].readable(&mut self.buffer)? {
                    self.answers.push((caller, answer));
                }
            } else {
                self.audience.readable(usize::try_from(place)?, &mut self.buffer)?;
            }
        }
        Ok(())
    }

    /// Processes input until `done` returns true.
    ///
    /// # Errors
    /// It takes longer than [`PATIENCE`].
    pub(super) fn until(&mut self, what: &str, done: impl Fn(&Self) -> bool) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while !done(self) {
            if Instant::now() > deadline {
                return Err(format!("timed out waiting until {what}").into());
            }
            self.step(Duration::from_millis(100))?;
        }
        Ok(())
    }

    /// Processes input for this long.
    pub(super) fn watch(&mut self, time: Duration) -> Result<()> {
        let end = Instant::now() + time;
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            self.step(left)?;
        }
        Ok(())
    }

    /// Waits until every stream has received `hello`.
    pub(super) fn greet(&mut self) -> Result<()> {
        self.until("every stream has received hello", |drive| drive.audience.live == drive.audience.len())
    }
}

/// Connects and makes the connection non-blocking.
fn connect(address: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, Duration::from_secs(20))?;
    stream.set_nodelay(true)?;
    stream.set_nonblocking(true)?;
    Ok(stream)
}
