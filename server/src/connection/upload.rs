//! The body of a request: kept or discarded as its endpoint wants, within a deadline, a bound and the budget.

use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use hyper::{
    HeaderMap,
    body::{Body as _, Frame, Incoming},
    header::EXPECT,
};
use tokio::time::{Instant, timeout_at};

use super::{
    body::{Body, SMALL},
    close::{close_after, closes_after},
    phase::{PhaseTracker, ReadingBody},
};
use crate::budget::{Account, Charge, Full};

/// Longest rest of a body that is read to keep the connection: no more than is read at once anyway.
const REST_MAX: usize = 8 * 1024;
/// Longest time that an answer waits for it. Most of the time it has arrived along with the head.
const REST_TIME: Duration = Duration::from_millis(50);

/// Why a body is not read to its end.
#[derive(Debug)]
pub(crate) enum UploadError {
    /// It has more than `max` bytes.
    TooLarge { max: usize },
    /// It did not arrive in time, or its connection is closed to make room in the budget.
    TimedOut,
    /// The connection ended in the middle of it.
    Truncated,
    /// The budget has no room for it.
    OutOfMemory(Full),
}

type Result<T> = std::result::Result<T, UploadError>;

/// What a client sends, or is about to send, after the head of a request.
pub(crate) struct Upload {
    body: Incoming,
    /// All of it has been read. Only its reader can know this of a body in chunks.
    has_ended: bool,
    /// The client waits for `100 Continue` before it sends the body. If it is answered instead, it may never send it.
    expects_continue: bool,
    phase: PhaseTracker,
    timeout: Duration,
    account: Account,
    /// For what is kept of the body, until the request is answered.
    charge: Option<Charge>,
}

impl Upload {
    /// A body that may take `timeout` to arrive.
    pub(super) fn new(
        headers: &HeaderMap,
        body: Incoming,
        phase: PhaseTracker,
        account: Account,
        timeout: Duration,
    ) -> Self {
        let expects_continue = headers.contains_key(EXPECT);
        Self { body, has_ended: false, expects_continue, phase, timeout, account, charge: None }
    }

    /// Whether nothing is sent, or nothing more.
    pub(crate) fn is_over(&self) -> bool {
        self.has_ended || self.body.is_end_stream()
    }

    /// Returns the whole body, of at most `max` bytes. It is charged to the budget until the request is answered.
    pub(crate) async fn read(&mut self, max: usize) -> Result<Bytes> {
        let mut kept = Vec::new();
        let mut pieces = self.begin(max)?;
        while let Some(piece) = self.next(&mut pieces).await? {
            if self.is_over() && kept.is_empty() {
                if piece.len() >= SMALL {
                    self.charge(piece.len())?;
                }
                return Ok(piece);
            }
            self.accumulate(&mut kept, &piece)?;
        }
        Ok(kept.into())
    }

    /// Reads a body of at most `max` bytes to its end and throws it away.
    pub(crate) async fn discard(&mut self, max: usize) -> Result<()> {
        let mut pieces = self.begin(max)?;
        while self.next(&mut pieces).await?.is_some() {}
        Ok(())
    }

    fn begin(&self, max: usize) -> Result<Pieces> {
        if self.body.size_hint().lower() > max as u64 {
            return Err(UploadError::TooLarge { max });
        }
        let reading = (!self.is_over()).then(|| self.phase.read_body());
        Ok(Pieces { max, len: 0, deadline: Instant::now() + self.timeout, _reading: reading })
    }

    /// The next piece of the body; `None` at its end.
    async fn next(&mut self, pieces: &mut Pieces) -> Result<Option<Bytes>> {
        loop {
            if self.is_over() {
                return Ok(None);
            }
            let frame = timeout_at(pieces.deadline, poll_fn(|cx| self.poll_frame(cx))).await;
            let Some(frame) = frame.map_err(|_| UploadError::TimedOut)?? else {
                self.has_ended = true;
                return Ok(None);
            };
            let Ok(piece) = frame.into_data() else { continue }; // trailers mean nothing here
            pieces.len += piece.len();
            if pieces.len > pieces.max {
                return Err(UploadError::TooLarge { max: pieces.max });
            }
            return Ok(Some(piece));
        }
    }

    /// Waits for the client. Meanwhile the connection may be closed to make room in the budget.
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Frame<Bytes>>>> {
        if self.account.is_evicted() {
            return Poll::Ready(Err(UploadError::TimedOut));
        }
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        if self.charge.is_some() {
            match frame.is_pending() {
                true => self.account.stalls(cx.waker()),
                false => self.account.moves(),
            }
        }
        frame.map(|frame| frame.transpose().map_err(|_| UploadError::Truncated))
    }

    /// Keeps a piece of a body whose end has not arrived. All that half-sent bodies cost is what is kept here: the
    /// pieces themselves would hold on to the buffers they were read into.
    fn accumulate(&mut self, kept: &mut Vec<u8>, piece: &[u8]) -> Result<()> {
        let len = kept.len() + piece.len();
        if len > kept.capacity() {
            let capacity = len.max(2 * kept.capacity());
            self.charge(capacity)?;
            kept.reserve_exact(capacity - kept.len());
        }
        kept.extend_from_slice(piece);
        Ok(())
    }

    /// Charges so many bytes in all.
    fn charge(&mut self, bytes: usize) -> Result<()> {
        match &mut self.charge {
            Some(charge) => charge.grow(bytes),
            none => self.account.charge(bytes).map(|charge| *none = Some(charge)),
        }
        .map_err(UploadError::OutOfMemory)
    }

    /// Deals with what the answer left unread: a little is discarded; with more, the connection closes after the answer,
    /// which costs no buffers.
    pub(super) async fn leave(mut self, response: &mut hyper::Response<Body>) {
        if self.is_over() {
            return;
        }
        self.timeout = REST_TIME;
        // A client that expects 100 may send the body next, or another request: nobody can know which.
        if self.expects_continue || closes_after(response) || self.discard(REST_MAX).await.is_err() {
            close_after(response);
            self.phase.leave_body_unread();
        }
    }
}

/// How far the reading of a body has got.
struct Pieces {
    max: usize,
    len: usize,
    deadline: Instant,
    _reading: Option<ReadingBody>,
}
