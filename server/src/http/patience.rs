//! How long a peer is waited for: with one that is silent, with a request head that has begun, and with one that
//! accepts no byte. hyper has one timeout for all that lies between two requests, and none for writing.

use std::{
    future::poll_fn,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpStream,
    time::{Sleep, sleep},
};

use super::activity::{Activity, Shared};

/// A timer that exists only while something is waited for.
struct Patience {
    limit: Duration,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Patience {
    fn new(limit: Duration) -> Self {
        Self { limit, timer: None }
    }

    fn end(&mut self) {
        self.timer = None;
    }

    /// Waits, from the first call since the end of the last wait; done once it has lasted too long.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.timer.get_or_insert_with(|| Box::pin(sleep(self.limit))).as_mut().poll(cx)
    }
}

/// Drives a connection until it ends, or until its peer has kept us waiting too long for a request.
pub(super) async fn drive<C: Future>(
    mut connection: Pin<&mut C>,
    activity: &Shared,
    idle: Duration,
    head: Duration,
) -> Option<C::Output> {
    let (mut idle, mut head) = (Patience::new(idle), Patience::new(head));
    let mut requests = 0;
    poll_fn(|cx| {
        if let Poll::Ready(done) = connection.as_mut().poll(cx) {
            return Poll::Ready(Some(done));
        }
        if requests != activity.requests() {
            requests = activity.requests();
            idle.end();
            head.end();
        }
        match activity.get() {
            Activity::Busy => return Poll::Pending,
            Activity::Idle => ready!(idle.poll(cx)),
            Activity::Head => ready!(head.poll(cx)),
        }
        Poll::Ready(None)
    })
    .await
}

/// A socket that tells when something arrives, and that gives up on a peer who accepts no byte.
pub(super) struct Guarded {
    io: TokioIo<TcpStream>,
    activity: Shared,
    write: Patience,
}

impl Guarded {
    pub(super) fn new(stream: TcpStream, activity: Shared, write: Duration) -> Self {
        Self { io: TokioIo::new(stream), activity, write: Patience::new(write) }
    }

    fn write_with<T>(
        &mut self,
        cx: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut TokioIo<TcpStream>>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        let written = write(Pin::new(&mut self.io), cx);
        if written.is_ready() {
            self.write.end();
            return written;
        }
        ready!(self.write.poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
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
        self.write_with(cx, |io, cx| io.poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.write_with(cx, |io, cx| io.poll_write_vectored(cx, slices))
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.write_with(cx, |io, cx| io.poll_flush(cx))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.write_with(cx, |io, cx| io.poll_shutdown(cx))
    }
}
