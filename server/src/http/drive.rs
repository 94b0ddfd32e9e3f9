//! Driving a connection as far as hyper goes: to its end, to the head of a stream, or as long as one waits for a peer
//! who is silent, whose request head has begun, or who accepts no byte. hyper has one timeout for all that lies
//! between two requests, and none for writing.

use std::{
    future::poll_fn,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::{
    activity::{Activity, Shared},
    body::SMALL,
    handover::Handover,
};
use crate::{
    budget::{Account, Charge, Full},
    patience::Patience,
};

/// How far a connection got.
pub(super) enum Driven<T> {
    /// To its end.
    Ended(T),
    /// To the head of a stream.
    HandedOver,
    /// No further: its peer has kept us waiting too long for a request.
    GivenUp,
}

/// How long a peer is waited for.
#[derive(Clone, Copy)]
pub(super) struct Waits {
    /// For a request.
    pub(super) idle: Duration,
    /// For the rest of a head.
    pub(super) head: Duration,
    /// For the rest of a body, if its reader is not to set the deadline.
    pub(super) body: Option<Duration>,
}

/// Drives a connection as far as it goes.
pub(super) async fn drive<C: Future + Unpin>(
    connection: &mut C,
    activity: &Shared,
    handover: &Handover,
    waits: Waits,
) -> Driven<C::Output> {
    let (mut idle, mut head) = (Patience::new(waits.idle), Patience::new(waits.head));
    let mut body = waits.body.map(Patience::new);
    let mut turns = 0;
    poll_fn(|cx| {
        if let Poll::Ready(done) = Pin::new(&mut *connection).poll(cx) {
            return Poll::Ready(Driven::Ended(done));
        }
        if handover.is_due() {
            return Poll::Ready(Driven::HandedOver);
        }
        if turns != activity.turns() {
            turns = activity.turns();
            idle.end();
            head.end();
        }
        match (activity.get(), &mut body) {
            (Activity::Busy, _) | (Activity::Body, None) => return Poll::Pending,
            (Activity::Body, Some(body)) => ready!(body.poll(cx)),
            (Activity::Idle, _) => ready!(idle.poll(cx)),
            (Activity::Head, _) => ready!(head.poll(cx)),
        }
        Poll::Ready(Driven::GivenUp)
    })
    .await
}

/// A socket that tells when something arrives, that gives up on a peer who accepts no byte, and that keeps the head of
/// a stream for whom it is handed over to.
pub(super) struct Guarded {
    io: TokioIo<TcpStream>,
    activity: Shared,
    handover: Handover,
    write: Patience,
    account: Account,
    /// The socket did not take what was written last.
    is_stalled: bool,
    /// For small answers that wait: the others are charged already.
    small: Option<Charge>,
}

impl Guarded {
    pub(super) fn new(
        stream: TcpStream,
        activity: Shared,
        handover: Handover,
        write: Duration,
        account: Account,
    ) -> Self {
        let (io, write) = (TokioIo::new(stream), Patience::new(write));
        Self { io, activity, handover, write, account, is_stalled: false, small: None }
    }

    pub(super) fn into_inner(self) -> TcpStream {
        self.io.into_inner()
    }

    /// Writes; if the socket takes nothing, `waiting` tells how many bytes of small answers wait.
    fn write_with<T>(
        &mut self,
        cx: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut TokioIo<TcpStream>>, &mut Context<'_>) -> Poll<io::Result<T>>,
        waiting: impl FnOnce() -> usize,
    ) -> Poll<io::Result<T>> {
        if self.account.is_evicted() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        let written = write(Pin::new(&mut self.io), cx);
        if written.is_ready() {
            self.write.end();
            if std::mem::take(&mut self.is_stalled) {
                self.account.moves();
            }
            return written;
        }
        self.is_stalled = true;
        self.charge_small(waiting()).map_err(|Full| io::Error::from(io::ErrorKind::OutOfMemory))?;
        self.account.stalls(cx.waker());
        ready!(self.write.poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    fn charge_small(&mut self, bytes: usize) -> Result<(), Full> {
        match &mut self.small {
            Some(charge) => charge.grow(bytes)?,
            none if bytes > 0 => *none = Some(self.account.charge(bytes)?),
            _ => {}
        }
        Ok(())
    }
}

/// The bytes of small answers among these: larger ones are charged already.
fn small<'a>(slices: impl IntoIterator<Item = &'a [u8]>) -> usize {
    slices.into_iter().map(<[u8]>::len).filter(|len| *len < SMALL).sum()
}

impl Read for Guarded {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.io).poll_read(cx, buffer);
        if read.is_ready() {
            self.activity.received();
        }
        read
    }
}

impl Write for Guarded {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.handover.collect(bytes) {
            return Poll::Ready(Ok(bytes.len()));
        }
        self.write_with(cx, |io, cx| io.poll_write(cx, bytes), || small([bytes]))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if slices.iter().all(|slice| self.handover.collect(slice)) {
            return Poll::Ready(Ok(slices.iter().map(|slice| slice.len()).sum()));
        }
        let waiting = || small(slices.iter().map(|slice| &**slice));
        self.write_with(cx, |io, cx| io.poll_write_vectored(cx, slices), waiting)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.small = None; // nothing waits: hyper flushes after it has written all
        self.write_with(cx, |io, cx| io.poll_flush(cx), || 0)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.write_with(cx, |io, cx| io.poll_shutdown(cx), || 0)
    }
}
