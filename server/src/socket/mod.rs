//! The socket of a connection, plain or encrypted. It knows neither HTTP nor events.
//!
//! A [`Socket`] is used in two ways. hyper polls it ([`AsyncRead`], [`AsyncWrite`]). A stream writes to it without a
//! task at hand: its `try_…` functions do what is possible at once and fail with [`ErrorKind::WouldBlock`] otherwise.

mod tls;

use std::{
    io::{self, ErrorKind, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

pub(crate) use self::tls::TlsSocket;

/// A connected socket.
pub(crate) enum Socket {
    Plain(TcpStream),
    /// Boxed: the state of TLS takes more than a kilobyte.
    Tls(Box<TlsSocket>),
}

impl Socket {
    /// Writes what the socket accepts at once. Bytes that it has accepted may still wait for [`Socket::try_flush`].
    ///
    /// # Errors
    /// [`ErrorKind::WouldBlock`] if the socket accepts nothing now.
    pub(crate) fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(tcp) => tcp.try_write(bytes),
            Self::Tls(tls) => tls.try_write_vectored(&[IoSlice::new(bytes)]),
        }
    }

    /// As [`Socket::try_write`], for several slices, which are sent together.
    ///
    /// # Errors
    /// As [`Socket::try_write`].
    pub(crate) fn try_write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Self::Plain(tcp) => tcp.try_write_vectored(slices),
            Self::Tls(tls) => tls.try_write_vectored(slices),
        }
    }

    /// Passes everything that waits in this socket to the kernel.
    ///
    /// # Errors
    /// [`ErrorKind::WouldBlock`] if the kernel does not accept all of it now.
    pub(crate) fn try_flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(_) => Ok(()),
            Self::Tls(tls) => tls.try_flush(),
        }
    }

    /// About how many bytes wait for [`Socket::try_flush`]. 0 only if none do; less with every byte that the kernel
    /// accepts.
    pub(crate) fn waiting(&self) -> usize {
        match self {
            Self::Plain(_) => 0,
            Self::Tls(tls) => tls.waiting(),
        }
    }

    /// Announces to the peer that nothing follows what was written. [`Socket::try_flush`] sends it. Plain TCP announces
    /// it when the socket closes.
    pub(crate) fn end(&mut self) {
        if let Self::Tls(tls) = self {
            tls.end();
        }
    }

    /// Waits until the kernel accepts bytes again.
    pub(crate) fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.tcp().poll_write_ready(cx)
    }

    /// Reads and ignores what the peer sends. Returns the number of bytes that arrived; 0 if the peer has closed its
    /// sending half.
    pub(crate) fn poll_discard(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        loop {
            let discarded = match self {
                Self::Plain(tcp) => tcp.try_read(&mut [0; 1024]),
                Self::Tls(tls) => tls.try_discard(),
            };
            match discarded {
                Err(error) if error.kind() == ErrorKind::WouldBlock => ready!(self.tcp().poll_read_ready(cx))?,
                done => return Poll::Ready(done),
            }
        }
    }

    /// Ends the connection in this direction, and sends what waits before.
    pub(crate) fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self).poll_shutdown(cx)
    }

    /// The connection below.
    pub(crate) fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(tcp) => tcp,
            Self::Tls(tls) => tls.tcp(),
        }
    }
}

impl From<TcpStream> for Socket {
    fn from(tcp: TcpStream) -> Self {
        Self::Plain(tcp)
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_read(cx, buffer),
            Self::Tls(tls) => tls.poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_write(cx, bytes),
            Self::Tls(tls) => tls.poll_write_vectored(cx, &[IoSlice::new(bytes)]),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_write_vectored(cx, slices),
            Self::Tls(tls) => tls.poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Self::Tls(tls) => tls.poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Self::Tls(tls) => tls.poll_shutdown(cx),
        }
    }
}
