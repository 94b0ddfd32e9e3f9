//! The TLS layer of the HTTP library's connections: encrypts a connection and verifies the server as configured.
//!
//! The library's own layer knows roots only, no pins. As there, the timeouts of a call apply to the handshake, too.

use std::{
    fmt,
    io::{Read, Write},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use rustls::{ClientConfig, ClientConnection, StreamOwned, pki_types::ServerName};
use ureq::{
    Error,
    unversioned::transport::{
        Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, Transport, TransportAdapter,
        time::{Duration, Instant},
    },
};

/// Encrypts connections to `https` addresses.
pub(super) struct Tls {
    config: Arc<ClientConfig>,
    /// If present: end each connection after its handshake, and note here that it succeeded.
    handshake_only: Option<Arc<AtomicBool>>,
}

impl Tls {
    pub(super) fn new(config: Arc<ClientConfig>) -> Self {
        Self { config, handshake_only: None }
    }

    /// Ends each connection after its handshake, before anything is sent, and sets the flag.
    pub(super) fn handshake_only(config: Arc<ClientConfig>, done: Arc<AtomicBool>) -> Self {
        Self { config, handshake_only: Some(done) }
    }
}

impl<In: Transport> Connector<In> for Tls {
    type Out = Either<In, Encrypted>;

    fn connect(&self, details: &ConnectionDetails<'_>, chained: Option<In>) -> Result<Option<Self::Out>, Error> {
        let Some(transport) = chained else { return Err(Error::ConnectionFailed) };
        if !details.needs_tls() || transport.is_tls() {
            return Ok(Some(Either::A(transport)));
        }
        let host = details.uri.host().unwrap_or_default();
        let bare = host.trim_start_matches('[').trim_end_matches([']', '.']).to_owned();
        let name = ServerName::try_from(bare).map_err(|_| Error::Tls("this host name cannot be encrypted to"))?;
        let mut connection = ClientConnection::new(Arc::clone(&self.config), name)?;
        let mut socket = TransportAdapter::new(transport.boxed(), Arc::clone(&details.current_time));
        socket.set_timeout(left(details));
        connection.complete_io(&mut socket)?;
        if let Some(done) = &self.handshake_only {
            done.store(true, Ordering::SeqCst);
            return Err(Error::ConnectionFailed);
        }
        let buffers = LazyBuffers::new(details.config.input_buffer_size(), details.config.output_buffer_size());
        Ok(Some(Either::B(Encrypted { buffers, stream: StreamOwned::new(connection, socket) })))
    }
}

/// The time for connecting, minus what the connection below has used.
fn left(details: &ConnectionDetails<'_>) -> NextTimeout {
    let after = match (details.timeout.after, (details.current_time)(), details.now) {
        (Duration::Exact(limit), Instant::Exact(now), Instant::Exact(begun)) => {
            Duration::Exact(limit.saturating_sub(now.saturating_duration_since(begun)))
        }
        (limit, ..) => limit,
    };
    NextTimeout { after, ..details.timeout }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

/// An encrypted connection.
pub(super) struct Encrypted {
    buffers: LazyBuffers,
    stream: StreamOwned<ClientConnection, TransportAdapter>,
}

impl Transport for Encrypted {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.stream.get_mut().set_timeout(timeout);
        self.stream.write_all(&self.buffers.output()[..amount])?;
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.stream.get_mut().set_timeout(timeout);
        let amount = self.stream.read(self.buffers.input_append_buf())?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.get_mut().get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}

impl fmt::Debug for Encrypted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Encrypted")
    }
}
