//! The body of a request: the head decides whether it is kept, read past or refused.

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
    activity,
    body::{Body, SMALL},
    problem::Failure,
    response::{closing, is_closing},
};
use crate::{
    budget::{Account, Charge},
    domain::Error,
};

/// Longest rest of a body that is read for the sake of the connection: no more than is read at once anyway.
const REST_MAX: usize = 8 * 1024;
/// Longest time that an answer waits for it. Most of the time it has arrived along with the head.
const REST_TIME: Duration = Duration::from_millis(50);
/// Most bytes that are thrown away behind an answer that ends the connection, so that their sender comes to read it.
pub(super) const DISCARD_MAX: usize = 1024 * 1024;
/// Longest time spent on that.
pub(super) const DISCARD_TIME: Duration = Duration::from_secs(2);

/// What a client sends, or is about to send, behind the head of a request.
pub(super) struct Upload {
    body: Incoming,
    /// All of it has been read. Of a body in chunks only its reader knows.
    has_ended: bool,
    /// The client waits to be asked for the body. It may never send it if it is answered instead.
    waits: bool,
    activity: activity::Shared,
    patience: Duration,
    account: Account,
    /// For what is kept of the body, until the request is answered.
    charge: Option<Charge>,
}

impl Upload {
    /// A body that may take `patience` to arrive.
    pub(super) fn new(
        headers: &HeaderMap,
        body: Incoming,
        activity: activity::Shared,
        account: Account,
        patience: Duration,
    ) -> Self {
        Self { body, has_ended: false, waits: headers.contains_key(EXPECT), activity, patience, account, charge: None }
    }

    /// Whether nothing is sent, or nothing more.
    pub(super) fn is_over(&self) -> bool {
        self.has_ended || self.body.is_end_stream()
    }

    /// The whole body, of at most `max` bytes. What is kept of it counts in the budget.
    pub(super) async fn keep(&mut self, max: usize) -> Result<Bytes, Failure> {
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

    /// Reads a body of at most `max` bytes to its end.
    pub(super) async fn read_past(&mut self, max: usize) -> Result<(), Failure> {
        let mut pieces = self.begin(max)?;
        while self.next(&mut pieces).await?.is_some() {}
        Ok(())
    }

    fn begin(&self, max: usize) -> Result<Pieces, Failure> {
        if self.body.size_hint().lower() > max as u64 {
            return Err(Failure::TooLarge { max });
        }
        let arriving = (!self.is_over()).then(|| self.activity.body_arrives());
        Ok(Pieces { max, len: 0, deadline: Instant::now() + self.patience, _arriving: arriving })
    }

    /// The next piece of the body; `None` at its end.
    async fn next(&mut self, pieces: &mut Pieces) -> Result<Option<Bytes>, Failure> {
        loop {
            if self.is_over() {
                return Ok(None);
            }
            let frame = timeout_at(pieces.deadline, poll_fn(|cx| self.poll_frame(cx))).await;
            let Some(frame) = frame.map_err(|_| Failure::Incomplete("the body took too long to arrive"))?? else {
                self.has_ended = true;
                return Ok(None);
            };
            let Ok(piece) = frame.into_data() else { continue }; // trailers mean nothing here
            pieces.len += piece.len();
            if pieces.len > pieces.max {
                return Err(Failure::TooLarge { max: pieces.max });
            }
            return Ok(Some(piece));
        }
    }

    /// Waits for the client. Meanwhile the connection may be closed to make room in the budget.
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Frame<Bytes>>, Failure>> {
        if self.account.is_evicted() {
            return Poll::Ready(Err(Failure::Incomplete("the body took too long to arrive")));
        }
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        if self.charge.is_some() {
            match frame.is_pending() {
                true => self.account.stalls(cx.waker()),
                false => self.account.moves(),
            }
        }
        frame.map(|frame| frame.transpose().map_err(|_| Failure::Incomplete("the body ended before it was complete")))
    }

    /// Keeps a piece of a body whose end has not arrived. All that half-sent bodies cost is what is kept here: the
    /// pieces themselves would hold on to the buffers they were read into.
    fn accumulate(&mut self, kept: &mut Vec<u8>, piece: &[u8]) -> Result<(), Failure> {
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
    fn charge(&mut self, bytes: usize) -> Result<(), Failure> {
        match &mut self.charge {
            Some(charge) => charge.grow(bytes),
            none => self.account.charge(bytes).map(|charge| *none = Some(charge)),
        }
        .map_err(|full| Error::from(full).into())
    }

    /// Sees to the rest of a body that the answer does not depend on: a little is read past, and with more the
    /// connection ends behind the answer, which costs no buffers.
    pub(super) async fn leave(mut self, response: &mut hyper::Response<Body>) {
        if self.is_over() {
            return;
        }
        self.patience = REST_TIME;
        // Whether what comes next is the body or the next request of somebody who waits nobody knows.
        if self.waits || is_closing(response) || self.read_past(REST_MAX).await.is_err() {
            closing(response);
            self.activity.leave_rest();
        }
    }
}

/// How far the reading of a body has got.
struct Pieces {
    max: usize,
    len: usize,
    deadline: Instant,
    _arriving: Option<activity::BodyArrives>,
}
