//! Detaching the socket of a stream from hyper once the head of the answer is written.
//!
//! hyper keeps some 16 KiB of buffers for each answer that is not finished, and a stream never is. So hyper parses the
//! request and writes the head, and no more. As soon as an answer turns out to be a stream, what hyper writes is
//! collected instead of sent. When hyper waits for the body, the head is complete and the socket is detached. The
//! stream then writes both in a tenth of the memory.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hyper::{Method, Version};
use tokio::net::TcpStream;

use super::stage::Stage;
use crate::stream::Coding;

/// Starts a stream on its socket.
pub(super) type Stream = Box<dyn FnOnce(DetachedSocket) -> Stage + Send>;

/// A socket that hyper is done with. The head of the answer has not been sent yet.
pub(crate) struct DetachedSocket {
    pub(crate) socket: TcpStream,
    /// How the body is delimited.
    pub(crate) coding: Coding,
    /// To be sent before the body.
    pub(crate) head: Vec<u8>,
}

/// Where the requests of a connection leave a stream for the task that drives the connection. Clones share it.
#[derive(Clone, Default)]
pub(super) struct PendingStream(Arc<Mutex<Option<Pending>>>);

struct Pending {
    stream: Stream,
    coding: Coding,
    /// What hyper has written of the head.
    head: Vec<u8>,
}

/// What a request says about the body of its answer.
#[derive(Clone, Copy)]
pub(super) struct ResponseFraming {
    /// The answer has a head only.
    is_head_only: bool,
    coding: Coding,
}

impl ResponseFraming {
    pub(super) fn of<B>(request: &hyper::Request<B>) -> Self {
        let coding = if request.version() < Version::HTTP_11 { Coding::Plain } else { Coding::Chunked };
        Self { is_head_only: request.method() == Method::HEAD, coding }
    }
}

impl PendingStream {
    /// Leaves a stream here, unless its answer has a head only.
    pub(super) fn set(&self, stream: Stream, framing: ResponseFraming) {
        if !framing.is_head_only {
            *self.lock() = Some(Pending { stream, coding: framing.coding, head: Vec::new() });
        }
    }

    /// Collects bytes of a stream's head; `false` if there is no stream, so that they must be sent.
    pub(super) fn collect(&self, bytes: &[u8]) -> bool {
        match &mut *self.lock() {
            Some(pending) => pending.head.extend_from_slice(bytes),
            None => return false,
        }
        true
    }

    /// Whether the head of a stream is complete, provided that hyper is waiting.
    pub(super) fn is_ready(&self) -> bool {
        self.lock().as_ref().is_some_and(|pending| !pending.head.is_empty())
    }

    /// Starts the stream on its socket.
    pub(super) fn start(&self, socket: TcpStream) -> Option<Stage> {
        let Pending { stream, coding, head } = self.lock().take()?;
        Some(stream(DetachedSocket { socket, coding, head }))
    }

    fn lock(&self) -> MutexGuard<'_, Option<Pending>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
