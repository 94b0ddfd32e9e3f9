//! The body of a request: the head decides whether it is kept, read past or refused.

use std::{mem, time::Duration};

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::{
    HeaderMap,
    body::{Body as _, Incoming},
    header::EXPECT,
};
use tokio::time::{Instant, timeout_at};

use super::{
    activity,
    body::Body,
    problem::Failure,
    response::{closing, is_closing},
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
    /// The client waits to be asked for the body. It may never send it if it is answered instead.
    waits: bool,
    activity: activity::Shared,
    patience: Duration,
}

impl Upload {
    /// A body that may take `patience` to arrive.
    pub(super) fn new(headers: &HeaderMap, body: Incoming, activity: activity::Shared, patience: Duration) -> Self {
        Self { body, waits: headers.contains_key(EXPECT), activity, patience }
    }

    /// Whether nothing is sent, or nothing more.
    pub(super) fn is_over(&self) -> bool {
        self.body.is_end_stream()
    }

    /// The whole body, of at most `max` bytes.
    pub(super) async fn keep(&mut self, max: usize) -> Result<Bytes, Failure> {
        let mut kept = Vec::new();
        self.read(max, |piece, is_last| match is_last && kept.is_empty() {
            true => Some(piece),
            false => {
                accumulate(&mut kept, &piece);
                None
            }
        })
        .await
        .map(|whole| whole.unwrap_or_else(|| mem::take(&mut kept).into()))
    }

    /// Reads a body of at most `max` bytes to its end.
    pub(super) async fn read_past(&mut self, max: usize) -> Result<(), Failure> {
        self.read(max, |_, _| None).await.map(|_| ())
    }

    /// Reads the body to its end, piece by piece: what `take` makes of the last one, if anything.
    async fn read(
        &mut self,
        max: usize,
        mut take: impl FnMut(Bytes, bool) -> Option<Bytes>,
    ) -> Result<Option<Bytes>, Failure> {
        if self.is_over() {
            return Ok(None);
        }
        if self.body.size_hint().lower() > max as u64 {
            return Err(Failure::TooLarge { max });
        }
        let _arriving = self.activity.body_arrives();
        let (deadline, mut len) = (Instant::now() + self.patience, 0);
        loop {
            let frame = timeout_at(deadline, self.body.frame()).await;
            let Some(frame) = frame.map_err(|_| Failure::Incomplete("the body took too long to arrive"))? else {
                return Ok(None);
            };
            let frame = frame.map_err(|_| Failure::Incomplete("the body ended before it was complete"))?;
            let Ok(piece) = frame.into_data() else { continue }; // trailers mean nothing here
            len += piece.len();
            if len > max {
                return Err(Failure::TooLarge { max });
            }
            if let Some(whole) = take(piece, self.is_over()) {
                return Ok(Some(whole));
            }
        }
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

/// Keeps a piece of a body whose end has not arrived. All that half-sent bodies cost is what is kept here: the pieces
/// themselves would hold on to the buffers they were read into.
fn accumulate(kept: &mut Vec<u8>, piece: &[u8]) {
    kept.extend_from_slice(piece);
}
