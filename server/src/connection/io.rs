//! The socket as hyper uses it. Arriving bytes advance the phase, a peer that accepts no bytes times out, waiting
//! responses are charged to the budget, and the head of a stream is held back.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;

use super::{body::SMALL, detach::PendingStream, phase::PhaseTracker};
use crate::{
    budget::{Account, Charge, Full},
    idle_timeout::IdleTimeout,
    socket::Socket,
};

/// The socket of one connection.
pub(super) struct ConnectionIo {
    io: TokioIo<Socket>,
    phase: PhaseTracker,
    pending_stream: PendingStream,
    write_timeout: IdleTimeout,
    account: Account,
    /// The socket did not accept the last write.
    is_stalled: bool,
    /// For small responses that wait. Larger ones are already charged.
    small: Option<Charge>,
}

impl ConnectionIo {
    pub(super) fn new(
        socket: Socket,
        phase: PhaseTracker,
        pending_stream: PendingStream,
        write_timeout: Duration,
        account: Account,
    ) -> Self {
        let (io, write_timeout) = (TokioIo::new(socket), IdleTimeout::new(write_timeout));
        Self { io, phase, pending_stream, write_timeout, account, is_stalled: false, small: None }
    }

    pub(super) fn into_inner(self) -> Socket {
        self.io.into_inner()
    }

    /// Writes. If the socket accepts nothing, `waiting` is called for the number of waiting bytes of small responses.
    fn write_with<T>(
        &mut self,
        cx: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut TokioIo<Socket>>, &mut Context<'_>) -> Poll<io::Result<T>>,
        waiting: impl FnOnce() -> usize,
    ) -> Poll<io::Result<T>> {
        if self.account.is_evicted() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        let written = write(Pin::new(&mut self.io), cx);
        if written.is_ready() {
            self.write_timeout.reset();
            if std::mem::take(&mut self.is_stalled) {
                self.account.moves();
            }
            return written;
        }
        self.is_stalled = true;
        let waiting = waiting() + self.io.inner().waiting();
        self.charge_small(waiting).map_err(|Full| io::Error::from(io::ErrorKind::OutOfMemory))?;
        self.account.stalls(cx.waker());
        ready!(self.write_timeout.poll(cx));
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

/// The number of bytes in small responses; larger ones are already charged.
fn small<'a>(slices: impl IntoIterator<Item = &'a [u8]>) -> usize {
    slices.into_iter().map(<[u8]>::len).filter(|len| *len < SMALL).sum()
}

impl Read for ConnectionIo {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.io).poll_read(cx, buffer);
        if read.is_ready() {
            self.phase.received();
        }
        read
    }
}

impl Write for ConnectionIo {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.pending_stream.collect(bytes) {
            return Poll::Ready(Ok(bytes.len()));
        }
        self.write_with(cx, |io, cx| io.poll_write(cx, bytes), || small([bytes]))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if slices.iter().all(|slice| self.pending_stream.collect(slice)) {
            return Poll::Ready(Ok(slices.iter().map(|slice| slice.len()).sum()));
        }
        let waiting = || small(slices.iter().map(|slice| &**slice));
        self.write_with(cx, |io, cx| io.poll_write_vectored(cx, slices), waiting)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.small = None; // hyper flushes after it has written everything; what waits in the socket is charged anew
        self.write_with(cx, |io, cx| io.poll_flush(cx), || 0)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.write_with(cx, |io, cx| io.poll_shutdown(cx), || 0)
    }
}
