//! Detaches the socket of a stream from hyper once hyper has written the head of the response.
//!
//! hyper keeps some 16 KiB of buffers for each response in progress, and a stream is always in progress. So hyper only
//! parses the request and writes the head. Once a response is known to be a stream, the bytes that hyper writes are
//! collected instead of sent. When hyper waits for the body, the head is complete, and the socket is detached. The
//! stream then writes head and body, with a tenth of the memory.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hyper::{Method, Version};

use super::stage::Stage;
use crate::{socket::Socket, stream::Coding};

/// Starts a stream on its socket.
pub(super) type Stream = Box<dyn FnOnce(DetachedSocket) -> Stage + Send>;

/// A socket that hyper no longer uses. The head of the response has not been sent yet.
pub(crate) struct DetachedSocket {
    pub(crate) socket: Socket,
    /// How the body is delimited.
    pub(crate) coding: Coding,
    /// The head of the response, to be sent before the body.
    pub(crate) head: Vec<u8>,
}

/// Passes a stream from the request handler to the task that drives the connection. Clones share it.
#[derive(Clone, Default)]
pub(super) struct PendingStream(Arc<Mutex<Option<Pending>>>);

struct Pending {
    stream: Stream,
    coding: Coding,
    /// The bytes of the head that hyper has written so far.
    head: Vec<u8>,
}

/// How the request determines the framing of the response body.
#[derive(Clone, Copy)]
pub(super) struct ResponseFraming {
    /// The response has no body: the request is a HEAD.
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
    /// Stores a stream to be started, unless the response has no body.
    pub(super) fn set(&self, stream: Stream, framing: ResponseFraming) {
        if !framing.is_head_only {
            *self.lock() = Some(Pending { stream, coding: framing.coding, head: Vec::new() });
        }
    }

    /// Collects bytes of a stream's head. Returns `false` if there is no stream; the bytes must then be sent.
    pub(super) fn collect(&self, bytes: &[u8]) -> bool {
        match &mut *self.lock() {
            Some(pending) => pending.head.extend_from_slice(bytes),
            None => return false,
        }
        true
    }

    /// Whether the head of a stream is complete. Only valid while hyper waits for the body.
    pub(super) fn is_ready(&self) -> bool {
        self.lock().as_ref().is_some_and(|pending| !pending.head.is_empty())
    }

    /// Starts the stream on its socket.
    pub(super) fn start(&self, socket: Socket) -> Option<Stage> {
        let Pending { stream, coding, head } = self.lock().take()?;
        Some(stream(DetachedSocket { socket, coding, head }))
    }

    fn lock(&self) -> MutexGuard<'_, Option<Pending>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
