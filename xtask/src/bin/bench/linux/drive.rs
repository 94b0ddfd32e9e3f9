//! One thread, one epoll, everybody who listens and everybody who asks.

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

/// Marks a caller's place; listeners have theirs below it.
const CALLER: u64 = 1 << 32;
/// Bytes read from one socket at a time.
const BUFFER: usize = 256 * 1024;
/// Longest silence that is waited through for anything.
pub(super) const PATIENCE: Duration = Duration::from_secs(120);

/// Drives all sockets of a scenario.
pub(super) struct Drive {
    epoll: OwnedFd,
    events: Vec<Event>,
    buffer: Vec<u8>,
    pub(super) audience: Audience,
    pub(super) callers: Vec<Caller>,
    /// Answers since they were last taken, with the caller's place.
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

    /// Opens a stream whose first message will be `next`. The hello is not waited for.
    pub(super) fn listen(&mut self, address: SocketAddr, request: &[u8], next: u64) -> Result<()> {
        let stream = connect(address)?;
        std::io::Write::write_all(&mut &stream, request)?;
        let data = EventData::new_u64(self.audience.len() as u64);
        epoll::add(&self.epoll, &stream, data, EventFlags::IN)?;
        self.audience.add(stream, next);
        Ok(())
    }

    /// Adds a connection that will ask `request`.
    pub(super) fn call(&mut self, address: SocketAddr, request: Vec<u8>, mark: Option<&[u8]>) -> Result<()> {
        let stream = connect(address)?;
        let data = EventData::new_u64(CALLER + self.callers.len() as u64);
        epoll::add(&self.epoll, &stream, data, EventFlags::IN)?;
        self.callers.push(Caller::new(stream, request, mark));
        Ok(())
    }

    /// Waits until something has come, at most `patience`, and takes it in.
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

    /// Steps until `done` holds.
    ///
    /// # Errors
    /// It does not come to that in time.
    pub(super) fn until(&mut self, what: &str, done: impl Fn(&Self) -> bool) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while !done(self) {
            if Instant::now() > deadline {
                return Err(format!("waited in vain until {what}").into());
            }
            self.step(Duration::from_millis(100))?;
        }
        Ok(())
    }

    /// Takes in whatever comes for so long.
    pub(super) fn watch(&mut self, time: Duration) -> Result<()> {
        let end = Instant::now() + time;
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            self.step(left)?;
        }
        Ok(())
    }

    /// Waits until every stream has said hello.
    pub(super) fn greet(&mut self) -> Result<()> {
        self.until("every stream has said hello", |drive| drive.audience.live == drive.audience.len())
    }
}

/// A connection that does not block once it stands.
fn connect(address: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, Duration::from_secs(20))?;
    stream.set_nodelay(true)?;
    stream.set_nonblocking(true)?;
    Ok(stream)
}
