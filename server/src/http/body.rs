//! The body of a response: bytes that are there, or a stream, which is written elsewhere.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use hyper::body::{Frame, SizeHint};

use super::{activity::Busy, events::EventStream};

/// A response body.
pub(super) struct Body {
    content: Content,
    busy: Option<Busy>,
}

enum Content {
    Full(Bytes),
    /// To be taken out and written by another once the head is out. Of this body nothing ever comes.
    Stream(Option<Box<EventStream>>),
}

impl Body {
    pub(super) fn full(bytes: impl Into<Bytes>) -> Self {
        Self { content: Content::Full(bytes.into()), busy: None }
    }

    pub(super) fn stream(stream: EventStream) -> Self {
        Self { content: Content::Stream(Some(Box::new(stream))), busy: None }
    }

    /// The stream, if it is one that has not been taken yet.
    pub(super) fn take_stream(&mut self) -> Option<Box<EventStream>> {
        match &mut self.content {
            Content::Full(_) => None,
            Content::Stream(stream) => stream.take(),
        }
    }

    /// Keeps the connection marked as busy until the body has been sent.
    pub(super) fn busy(self, busy: Busy) -> Self {
        Self { busy: Some(busy), ..self }
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = match &mut self.content {
            Content::Full(bytes) if bytes.is_empty() => None,
            Content::Full(bytes) => Some(std::mem::take(bytes)),
            Content::Stream(_) => return Poll::Pending,
        };
        if next.is_none() {
            self.busy = None;
        }
        Poll::Ready(next.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(&self.content, Content::Full(bytes) if bytes.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Content::Stream(_) => SizeHint::default(),
        }
    }
}
