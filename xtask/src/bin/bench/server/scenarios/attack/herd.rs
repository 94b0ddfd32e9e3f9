//! The attacker's connections. One that the server closes is opened again at once.

use std::{
    io::{ErrorKind, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use super::super::super::{Result, wire};

/// How an attacker uses a connection.
pub(super) enum Opening {
    /// Sends these bytes, then one more each second.
    Dripping(Vec<u8>),
    /// Sends these bytes, waits for the answer, and closes.
    Repeated(Vec<u8>),
    /// Sends a wrong password, waits for the answer, and sends the next one as if from another address.
    Guessing,
}

impl Opening {
    /// Sends nothing.
    pub(super) fn silent() -> Self {
        Self::Dripping(Vec::new())
    }

    pub(super) fn dripping(first: &[u8]) -> Self {
        Self::Dripping(first.to_vec())
    }

    pub(super) fn repeated(bytes: Vec<u8>) -> Self {
        Self::Repeated(bytes)
    }

    pub(super) fn guessing() -> Self {
        Self::Guessing
    }

    /// The bytes of the attempt of this number.
    fn bytes(&self, attempt: u64) -> Vec<u8> {
        match self {
            Self::Dripping(bytes) | Self::Repeated(bytes) => bytes.clone(),
            Self::Guessing => {
                let [.., a, b, c] = attempt.to_be_bytes();
                let from = format!("forwarded: for=10.{a}.{b}.{c};proto=https\r\n");
                wire::request("POST", "/v1/sessions", "", &from, r#"{"name":"alice","password":"wrong horse"}"#)
            }
        }
    }
}

pub(super) struct Herd {
    address: SocketAddr,
    opening: Opening,
    sockets: Vec<Option<TcpStream>>,
    attempts: u64,
}

/// The time between two bytes of a connection that drips.
const DRIP: Duration = Duration::from_secs(1);
/// The time between two looks at all connections.
const PAUSE: Duration = Duration::from_millis(5);

impl Herd {
    pub(super) fn new(address: SocketAddr, opening: Opening, size: usize) -> Self {
        Self { address, opening, sockets: (0..size).map(|_| None).collect(), attempts: 0 }
    }

    /// Opens all connections.
    pub(super) fn gather(&mut self) -> Result<()> {
        (0..self.sockets.len()).try_for_each(|index| self.open(index))
    }

    /// Attacks until it is over. Returns the attempts per second.
    pub(super) fn attack(mut self, is_over: &AtomicBool) -> Result<f64> {
        let (begin, mut dripped, before) = (Instant::now(), Instant::now(), self.attempts);
        while !is_over.load(Ordering::Relaxed) {
            let drips =
                matches!(&self.opening, Opening::Dripping(first) if !first.is_empty()) && dripped.elapsed() >= DRIP;
            if drips {
                dripped = Instant::now();
            }
            for index in 0..self.sockets.len() {
                if self.is_due(index, drips) {
                    self.open(index)?;
                }
            }
            thread::sleep(PAUSE);
        }
        Ok((self.attempts - before) as f64 / begin.elapsed().as_secs_f64())
    }

    /// Looks after one connection. Returns whether its attempt has ended.
    fn is_due(&mut self, index: usize, drips: bool) -> bool {
        let Some(socket) = &mut self.sockets[index] else { return true };
        if drips && socket.write_all(b"x").is_err() {
            return true;
        }
        match socket.read(&mut [0; 4096]) {
            Ok(0) => true,
            Ok(_) => !matches!(self.opening, Opening::Dripping(_)),
            Err(error) => !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted),
        }
    }

    /// Begins an attempt. Guesses go on in the same connection while it is open.
    fn open(&mut self, index: usize) -> Result<()> {
        self.attempts += 1;
        let bytes = self.opening.bytes(self.attempts);
        if matches!(self.opening, Opening::Guessing)
            && let Some(open) = &mut self.sockets[index]
            && open.write_all(&bytes).is_ok()
        {
            return Ok(());
        }
        if let Some(old) = self.sockets[index].take() {
            old.shutdown(Shutdown::Both).ok(); // the server may have closed it
        }
        let mut socket = TcpStream::connect_timeout(&self.address, Duration::from_secs(5))?;
        socket.write_all(&bytes).ok(); // a server that is full refuses before it reads
        socket.set_nonblocking(true)?;
        self.sockets[index] = Some(socket);
        Ok(())
    }
}
