//! The client's side of TLS: single connections, and a tunnel through which every other helper of the tests can talk to
//! a server encrypted. It accepts any certificate; the tests of pins use other programs.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::Arc,
    thread,
};

use rustix::event::{PollFd, PollFlags, poll};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme, StreamOwned, SupportedProtocolVersion,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::ring,
    pki_types::{CertificateDer, ServerName, UnixTime},
    version::{TLS12, TLS13},
};

use super::TIMEOUT;

pub(crate) type TlsConnection = StreamOwned<ClientConnection, TcpStream>;

/// Accepts any certificate.
#[derive(Debug)]
struct AnyCertificate;

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

/// Settings of a client that keeps its sessions in order to resume them.
pub(crate) fn tls_settings(versions: &[&'static SupportedProtocolVersion], protocols: &[&str]) -> Arc<ClientConfig> {
    let mut settings = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyCertificate))
        .with_no_client_auth();
    settings.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    Arc::new(settings)
}

/// A connection that begins its handshake with the first read or write.
pub(crate) fn tls_connect(address: SocketAddr, settings: &Arc<ClientConfig>) -> TlsConnection {
    let tcp = TcpStream::connect(address).unwrap();
    tcp.set_read_timeout(Some(TIMEOUT)).unwrap();
    tcp.set_write_timeout(Some(TIMEOUT)).unwrap();
    tcp.set_nodelay(true).unwrap();
    StreamOwned::new(client(settings), tcp)
}

fn client(settings: &Arc<ClientConfig>) -> ClientConnection {
    ClientConnection::new(Arc::clone(settings), "localhost".try_into().unwrap()).unwrap()
}

/// A connection whose receive buffer has this size.
pub(crate) fn connect_narrow(address: SocketAddr, size: usize) -> io::Result<TcpStream> {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
    socket.set_recv_buffer_size(size)?;
    socket.connect(&address.into())?;
    Ok(socket.into())
}

/// The kernel's buffers in a tunnel, in bytes: small, so that the server notices a client that does not read.
const BUFFER: usize = 4096;

/// Listens for plain connections and passes each on to a server in a TLS connection of its own, with all that belongs
/// to it: half-closing, waiting for slow readers, ending.
pub(crate) struct Tunnel {
    pub(crate) address: SocketAddr,
}

impl Tunnel {
    pub(crate) fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let settings = tls_settings(&[&TLS13, &TLS12], &["http/1.1"]);
        thread::spawn(move || {
            for plain in listener.incoming() {
                let Ok((plain, far)) = plain.and_then(|plain| Ok((plain, connect_narrow(server, BUFFER)?))) else {
                    return;
                };
                socket2::SockRef::from(&plain).set_send_buffer_size(BUFFER).unwrap();
                let pipe = Pipe::new(plain, far, client(&settings));
                thread::spawn(move || pipe.run());
            }
        });
        Self { address }
    }
}

/// One connection of a tunnel.
struct Pipe {
    plain: TcpStream,
    far: TcpStream,
    tls: ClientConnection,
    /// Decrypted bytes for the plain side.
    received: Vec<u8>,
    /// The plain side sends no more.
    has_finished: bool,
    /// The server sends no more.
    has_ended: bool,
}

impl Pipe {
    fn new(plain: TcpStream, far: TcpStream, tls: ClientConnection) -> Self {
        for socket in [&plain, &far] {
            socket.set_nonblocking(true).unwrap();
            socket.set_nodelay(true).unwrap();
        }
        Self { plain, far, tls, received: Vec::new(), has_finished: false, has_ended: false }
    }

    /// Moves bytes until both sides have ended or one of them breaks. Then both connections close.
    fn run(mut self) {
        while self.step().is_ok() {}
    }

    fn step(&mut self) -> io::Result<()> {
        let is_busy = self.tls.is_handshaking() || self.tls.wants_write();
        let (wants_plain, wants_far) = (!self.has_finished && !is_busy, self.received.is_empty());
        if self.has_ended && self.received.is_empty() {
            return Err(ErrorKind::UnexpectedEof.into()); // an HTTP server that has closed reads no more, either
        }
        let mut waits = [
            PollFd::new(&self.plain, interest(wants_plain, !self.received.is_empty())),
            PollFd::new(&self.far, interest(wants_far && !self.has_ended, self.tls.wants_write())),
        ];
        poll(&mut waits, None)?;
        if self.has_finished && waits[0].revents().intersects(PollFlags::HUP | PollFlags::ERR) {
            return Err(ErrorKind::BrokenPipe.into());
        }
        let (wants_plain, wants_far) = (wants_plain && is_readable(&waits[0]), wants_far && is_readable(&waits[1]));
        if wants_plain {
            self.take_from_plain()?;
        }
        while self.tls.wants_write() {
            match self.tls.write_tls(&mut self.far) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                done => drop(done?),
            }
        }
        if self.has_finished && !self.tls.wants_write() {
            let _ = self.far.shutdown(Shutdown::Write);
        }
        if wants_far && !self.has_ended {
            self.take_from_far()?;
        }
        while !self.received.is_empty() {
            match self.plain.write(&self.received) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                done => drop(self.received.drain(..done?)),
            }
        }
        Ok(())
    }

    fn take_from_plain(&mut self) -> io::Result<()> {
        let mut buffer = [0; 4096];
        match self.plain.read(&mut buffer) {
            Ok(0) => {
                self.has_finished = true;
                self.tls.send_close_notify();
            }
            Ok(len) => self.tls.writer().write_all(&buffer[..len])?,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn take_from_far(&mut self) -> io::Result<()> {
        match self.tls.read_tls(&mut self.far) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            done => drop(done?),
        }
        self.tls.process_new_packets().map_err(io::Error::other)?;
        match self.tls.reader().read_to_end(&mut self.received) {
            Ok(_) => self.has_ended = true, // close_notify
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

fn interest(reads: bool, writes: bool) -> PollFlags {
    let mut flags = PollFlags::empty();
    flags.set(PollFlags::IN, reads);
    flags.set(PollFlags::OUT, writes);
    flags
}

fn is_readable(wait: &PollFd<'_>) -> bool {
    wait.revents().intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR)
}
