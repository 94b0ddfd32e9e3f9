//! The body of a response: bytes that are there, or a stream, which is written elsewhere.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use hyper::body::{Frame, SizeHint};

use super::{activity::Busy, events::EventStream};
use crate::budget::{Account, Charge, Full};

/// An answer of fewer bytes is charged to the budget only if the socket does not take it at once (see `drive`). That
/// is less than what its connection costs anyway.
pub(super) const SMALL: usize = 4 * 1024;

/// A response body.
pub(super) struct Body {
    content: Content,
    busy: Option<Busy>,
    is_charged: bool,
}

/// Bytes, and their charge beside them until the last of them is written.
struct Charged {
    bytes: Vec<u8>,
    _charge: Charge,
}

impl AsRef<[u8]> for Charged {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

enum Content {
    Full(Bytes),
    /// To be taken out and written by another once the head is out. Of this body nothing ever comes.
    Stream(Option<Box<EventStream>>),
}

impl Body {
    pub(super) fn full(bytes: impl Into<Bytes>) -> Self {
        Self { content: Content::Full(bytes.into()), busy: None, is_charged: false }
    }

    /// Bytes that stay charged until they are written.
    pub(super) fn charged(bytes: Vec<u8>, charge: Charge) -> Self {
        Self { is_charged: true, ..Self::full(Bytes::from_owner(Charged { bytes, _charge: charge })) }
    }

    /// Charges what the body holds, if that is much and has not been charged yet.
    pub(super) fn charge_to(&mut self, account: &Account) -> Result<(), Full> {
        if let Content::Full(bytes) = &mut self.content
            && !self.is_charged
            && bytes.len() >= SMALL
        {
            let charge = account.charge(bytes.len())?;
            let charged = Self::charged(std::mem::take(bytes).into(), charge);
            *self = Self { busy: self.busy.take(), ..charged };
        }
        Ok(())
    }

    pub(super) fn stream(stream: EventStream) -> Self {
        Self { content: Content::Stream(Some(Box::new(stream))), busy: None, is_charged: false }
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
