//! Handing the socket of a stream over once its head is written.
//!
//! hyper keeps some 16 KiB of buffers for each answer that is not finished, and a stream never is. So hyper does all it
//! is good at up to the head: parsing, bounds, the fields of the answer. From the moment an answer turns out to be a
//! stream, what hyper writes is collected instead of sent, and once it has nothing more to write, the head is complete
//! and the socket is free for a [`Line`], which says the same in a tenth of the memory.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hyper::{Method, Version};
use tokio::net::TcpStream;

use super::{body::Body, events::EventStream};
use crate::line::{Chunk, Coding, Line};

/// Where the service of a connection leaves a stream for whoever drives the connection.
#[derive(Clone, Default)]
pub(super) struct Handover(Arc<Mutex<Option<Pending>>>);

/// A stream whose head is about to be written.
struct Pending {
    stream: EventStream,
    coding: Coding,
    head: Vec<u8>,
}

/// What tells how an answer is delimited, and whether it has a body at all.
#[derive(Clone, Copy)]
pub(super) struct Asked {
    is_head: bool,
    coding: Coding,
}

impl Asked {
    pub(super) fn by<B>(request: &hyper::Request<B>) -> Self {
        let coding = if request.version() < Version::HTTP_11 { Coding::Plain } else { Coding::Chunked };
        Self { is_head: request.method() == Method::HEAD, coding }
    }
}

impl Handover {
    /// Takes the stream out of an answer, if it is one.
    pub(super) fn take_from(&self, asked: Asked, response: &mut hyper::Response<Body>) {
        if let Some(stream) = response.body_mut().take_stream().filter(|_| !asked.is_head) {
            *self.lock() = Some(Pending { stream: *stream, coding: asked.coding, head: Vec::new() });
        }
    }

    /// Whether the bytes are part of a stream's head and have been taken.
    pub(super) fn collect(&self, bytes: &[u8]) -> bool {
        match &mut *self.lock() {
            Some(pending) => pending.head.extend_from_slice(bytes),
            None => return false,
        }
        true
    }

    /// Whether the head of a stream is complete, given that the connection waits.
    pub(super) fn is_due(&self) -> bool {
        self.lock().as_ref().is_some_and(|pending| !pending.head.is_empty())
    }

    /// The stream, and the line on which it is to go on.
    pub(super) fn finish(&self, socket: TcpStream) -> Option<(EventStream, Arc<Line>)> {
        let Pending { stream, coding, head } = self.lock().take()?;
        let (user, terms) = stream.reader();
        let line = Line::new(socket, coding, Chunk::head(head), user, terms);
        Some((stream, line))
    }

    fn lock(&self) -> MutexGuard<'_, Option<Pending>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
