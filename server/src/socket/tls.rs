//! A socket that encrypts with TLS. rustls holds at most one batch of encrypted bytes that the kernel has not accepted.

use std::{
    io::{self, BufRead, ErrorKind, IoSlice, Read, Write},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use rustls::{ServerConfig, ServerConnection};
use tokio::{
    io::{AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// Most bytes that are encrypted before the kernel has accepted the earlier ones: one full record.
const BATCH_MAX: usize = 16 * 1024;

/// A TCP connection with the state of TLS on it.
pub(crate) struct TlsSocket {
    tcp: TcpStream,
    tls: ServerConnection,
    /// See [`TlsSocket::waiting`].
    waiting: usize,
    has_ended: bool,
}

/// The TCP connection as rustls uses it: never blocks.
struct Raw<'a>(&'a TcpStream);

impl Read for Raw<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.try_read(buffer)
    }
}

impl Write for Raw<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.try_write_vectored(slices)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl TlsSocket {
    /// A connection that has not begun its handshake.
    ///
    /// # Errors
    /// rustls refuses the configuration.
    pub(crate) fn new(tcp: TcpStream, config: Arc<ServerConfig>) -> io::Result<Self> {
        let mut tls = ServerConnection::new(config).map_err(io::Error::other)?;
        tls.set_buffer_limit(Some(BATCH_MAX));
        Ok(Self { tcp, tls, waiting: 0, has_ended: false })
    }

    /// Whether the handshake is not complete, on either side.
    pub(crate) fn is_handshaking(&self) -> bool {
        self.tls.is_handshaking()
    }

    pub(super) fn tcp(&self) -> &TcpStream {
        &self.tcp
    }

    /// Reads encrypted bytes without processing them. Returns how many; 0 if the peer has closed its sending half.
    ///
    /// # Errors
    /// [`ErrorKind::WouldBlock`] if none have arrived.
    fn try_receive(&mut self) -> io::Result<usize> {
        self.tls.read_tls(&mut Raw(&self.tcp))
    }

    /// Waits for encrypted bytes, as [`TlsSocket::process`] expects them. Returns how many arrived; 0 if the peer has
    /// closed its sending half.
    pub(crate) fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        loop {
            match self.try_receive() {
                Err(error) if error.kind() == ErrorKind::WouldBlock => ready!(self.tcp.poll_read_ready(cx))?,
                done => return Poll::Ready(done),
            }
        }
    }

    /// Processes the bytes that were received, which may take a tenth of a millisecond during a handshake. The answer to
    /// them waits for [`TlsSocket::try_flush`].
    ///
    /// # Errors
    /// The peer violates TLS. It has been told as far as possible.
    pub(crate) fn process(&mut self) -> io::Result<()> {
        match self.tls.process_new_packets() {
            Ok(_) => Ok(()),
            Err(error) => {
                let _ = self.try_flush(); // the alert
                Err(io::Error::new(ErrorKind::InvalidData, error))
            }
        }
    }

    /// Receives, processes and answers. Returns the number of encrypted bytes received.
    fn advance(&mut self) -> io::Result<usize> {
        let len = self.try_receive()?;
        self.process()?;
        match self.try_flush() {
            Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error),
            _ => Ok(len),
        }
    }

    pub(super) fn try_discard(&mut self) -> io::Result<usize> {
        self.discard_received(); // rustls receives nothing more while too much waits
        let len = self.advance()?;
        Ok(if self.discard_received() { len } else { 0 })
    }

    /// Drops decrypted bytes. Returns `false` if the peer has sent close_notify.
    fn discard_received(&mut self) -> bool {
        let mut reader = self.tls.reader();
        while let Ok(text) = reader.fill_buf() {
            match text.len() {
                0 => return false,
                len => reader.consume(len),
            }
        }
        true
    }

    pub(super) fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            let mut reader = self.tls.reader();
            match reader.fill_buf() {
                Ok(text) => {
                    let len = text.len().min(buffer.remaining());
                    buffer.put_slice(&text[..len]);
                    reader.consume(len);
                    return Poll::Ready(Ok(()));
                }
                // The peer closed without close_notify. HTTP delimits its messages itself, so nothing can be cut off
                // without notice.
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Poll::Ready(Ok(())),
                Err(error) if error.kind() != ErrorKind::WouldBlock => return Poll::Ready(Err(error)),
                Err(_) => {}
            }
            match self.advance() {
                Err(error) if error.kind() == ErrorKind::WouldBlock => ready!(self.tcp.poll_read_ready(cx))?,
                Err(error) => return Poll::Ready(Err(error)),
                Ok(_) => {}
            }
        }
    }

    /// Encrypts up to [`BATCH_MAX`] bytes once the kernel has accepted all earlier ones.
    pub(super) fn try_write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.try_flush()?;
        let len = self.tls.writer().write_vectored(slices)?;
        self.waiting += len;
        match self.try_flush() {
            Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error),
            _ => Ok(len),
        }
    }

    pub(super) fn try_flush(&mut self) -> io::Result<()> {
        while self.tls.wants_write() {
            let len = self.tls.write_tls(&mut Raw(&self.tcp))?;
            if len == 0 {
                return Err(ErrorKind::WriteZero.into());
            }
            self.waiting = self.waiting.saturating_sub(len).max(1);
        }
        self.waiting = 0;
        Ok(())
    }

    /// See [`super::Socket::waiting`]. It does not count what TLS adds to the bytes that were written.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Queues close_notify (RFC 8446 section 6.1), once.
    pub(super) fn end(&mut self) {
        if !std::mem::replace(&mut self.has_ended, true) {
            self.tls.send_close_notify();
        }
    }

    pub(super) fn poll_write_vectored(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        loop {
            match self.try_write_vectored(slices) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => ready!(self.tcp.poll_write_ready(cx))?,
                done => return Poll::Ready(done),
            }
        }
    }

    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            match self.try_flush() {
                Err(error) if error.kind() == ErrorKind::WouldBlock => ready!(self.tcp.poll_write_ready(cx))?,
                done => return Poll::Ready(done),
            }
        }
    }

    pub(super) fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.end();
        ready!(self.poll_flush(cx))?;
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}
