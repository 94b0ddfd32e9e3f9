//! The body of a request. The endpoint decides whether it is buffered or discarded; a deadline, a size limit and the
//! budget bound it.

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

/// Most unread bytes of a body that are discarded to keep the connection: no more than a single read returns.
const REST_MAX: usize = 8 * 1024;
/// Longest time that a response waits for those bytes. They have usually arrived together with the head.
const REST_TIME: Duration = Duration::from_millis(50);

/// Why a body cannot be read to its end.
#[derive(Debug)]
pub(crate) enum UploadError {
    /// The body has more than `max` bytes.
    TooLarge { max: usize },
    /// The body did not arrive in time, or the connection is closed to make room in the budget.
    TimedOut,
    /// The connection ended before the body was complete.
    Truncated,
    /// The budget has no room for the body.
    OutOfMemory(Full),
}

type Result<T> = std::result::Result<T, UploadError>;

/// The body of a request, which the client sends or is about to send.
pub(crate) struct Upload {
    body: Incoming,
    /// The body has been read to its end. For a chunked body, only the reader notices that.
    has_ended: bool,
    /// The client waits for `100 Continue` before it sends the body. If it gets the final response instead, it may
    /// never send it.
    expects_continue: bool,
    phase: PhaseTracker,
    timeout: Duration,
    account: Account,
    /// For the buffered part of the body, until the request is answered.
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

    /// The body of the only request on a connection, which ends with the response.
    pub(crate) fn only(headers: &HeaderMap, body: Incoming, account: Account, timeout: Duration) -> Self {
        Self::new(headers, body, PhaseTracker::default(), account, timeout)
    }

    /// Whether there is no body, or it has been read to its end.
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

    /// Reads the next piece of the body; `None` at its end.
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
            let Ok(piece) = frame.into_data() else { continue }; // trailers are ignored
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

    /// Copies a piece of an incomplete body into the buffer. An incomplete body costs no more than this buffer; keeping
    /// the pieces would keep the whole read buffers that they point into.
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

    /// Raises the charge to `bytes` in total.
    fn charge(&mut self, bytes: usize) -> Result<()> {
        match &mut self.charge {
            Some(charge) => charge.grow(bytes),
            none => self.account.charge(bytes).map(|charge| *none = Some(charge)),
        }
        .map_err(UploadError::OutOfMemory)
    }

    /// Handles an unread rest of the body. A short rest is discarded; for a longer one, the connection closes after the
    /// response, so that nothing has to be buffered.
    pub(super) async fn leave(mut self, response: &mut hyper::Response<Body>) {
        if self.is_over() {
            return;
        }
        self.timeout = REST_TIME;
        // A client that expects `100 Continue` may next send the body or another request, and the server cannot know
        // which.
        if self.expects_continue || closes_after(response) || self.discard(REST_MAX).await.is_err() {
            close_after(response);
            self.phase.leave_body_unread();
        }
    }
}

/// The progress of reading a body.
struct Pieces {
    max: usize,
    len: usize,
    deadline: Instant,
    _reading: Option<ReadingBody>,
}
