//! The body of a response: complete, or a stream that another module writes.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use hyper::body::{Frame, SizeHint};

use super::{
    detach::{DetachedSocket, Stream},
    phase::Busy,
    stage::Stage,
};
use crate::budget::{Account, Charge, Full};

/// Responses of fewer bytes are charged to the budget only while the socket does not accept them (see `io`). They take
/// less memory than their connection.
pub(crate) const SMALL: usize = 4 * 1024;

/// The body of a response.
pub(crate) struct Body {
    content: Content,
    busy: Option<Busy>,
    is_charged: bool,
}

/// Bytes with their charge, which is returned once the last byte is written.
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
    Whole(Bytes),
    /// Removed when the response is passed to hyper, which writes the head and then waits for frames that never come.
    Stream(Option<Stream>),
}

impl Body {
    pub(crate) fn whole(bytes: impl Into<Bytes>) -> Self {
        Self { content: Content::Whole(bytes.into()), busy: None, is_charged: false }
    }

    /// Bytes that stay charged until they are written.
    pub(crate) fn charged(bytes: Vec<u8>, charge: Charge) -> Self {
        Self { is_charged: true, ..Self::whole(Bytes::from_owner(Charged { bytes, _charge: charge })) }
    }

    /// A stream: `start` gets the socket once the head is written. The connection ends with the last stage.
    pub(crate) fn stream(start: impl FnOnce(DetachedSocket) -> Stage + Send + 'static) -> Self {
        Self { content: Content::Stream(Some(Box::new(start))), busy: None, is_charged: false }
    }

    /// Charges a body of [`SMALL`] bytes or more that is not charged yet.
    ///
    /// # Errors
    /// The budget is full.
    pub(crate) fn charge_to(&mut self, account: &Account) -> Result<(), Full> {
        if let Content::Whole(bytes) = &mut self.content
            && !self.is_charged
            && bytes.len() >= SMALL
        {
            let charge = account.charge(bytes.len())?;
            let charged = Self::charged(std::mem::take(bytes).into(), charge);
            *self = Self { busy: self.busy.take(), ..charged };
        }
        Ok(())
    }

    /// The stream, if this is one and it has not been taken yet.
    pub(super) fn take_stream(&mut self) -> Option<Stream> {
        match &mut self.content {
            Content::Whole(_) => None,
            Content::Stream(stream) => stream.take(),
        }
    }

    /// Keeps the connection busy until the body has been sent.
    pub(super) fn busy(self, busy: Busy) -> Self {
        Self { busy: Some(busy), ..self }
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = match &mut self.content {
            Content::Whole(bytes) if bytes.is_empty() => None,
            Content::Whole(bytes) => Some(std::mem::take(bytes)),
            Content::Stream(_) => return Poll::Pending,
        };
        if next.is_none() {
            self.busy = None;
        }
        Poll::Ready(next.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(&self.content, Content::Whole(bytes) if bytes.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Content::Stream(_) => SizeHint::default(),
        }
    }
}
