//! TLS: the key and the certificate by which clients recognise the server, and the settings of its connections.

mod identity;

use std::{
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
};

use quchat_shared::pin::Pin;
use rustls::{
    ServerConfig,
    crypto::ring,
    server::NoServerSessionStorage,
    sign::{CertifiedKey, SingleCertAndKey},
    version::{TLS12, TLS13},
};

use self::identity::Files;
use crate::data_dir::{DataDir, DataDirError};

/// Files with a certificate and its key that the operator provides, both in PEM.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The server's certificate, followed by those that link it to a root.
    pub certificate: PathBuf,
    /// The private key of the first certificate, not encrypted.
    pub key: PathBuf,
}

/// Why TLS cannot be used. The text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file with a key or a certificate cannot be used.
    #[error("{problem}; {advice}")]
    File {
        problem: String,
        /// What to do about it.
        advice: &'static str,
    },
    /// A file cannot be created in the data directory.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The operating system has no random bytes, or the like.
    #[error("TLS cannot be used: {0}")]
    Library(#[from] rustls::Error),
}

/// The certificate in use. It can be replaced while the server runs.
#[derive(Debug)]
pub struct Tls {
    files: Files,
    current: RwLock<Current>,
}

#[derive(Debug)]
struct Current {
    settings: Arc<ServerConfig>,
    pin: Pin,
}

impl Tls {
    /// Reads the files that the operator provides or, without those, the files in the data directory, which are created
    /// if they are missing.
    pub(crate) fn open(data_dir: &DataDir, given: Option<&TlsFiles>) -> Result<Self, TlsError> {
        let files = match given {
            Some(given) => Files::given(given),
            None => Files::own(data_dir)?,
        };
        let current = RwLock::new(Current::new(files.read()?)?);
        Ok(Self { files, current })
    }

    /// The pin of the key in use.
    #[must_use]
    pub fn pin(&self) -> Pin {
        self.current.read().unwrap_or_else(PoisonError::into_inner).pin
    }

    /// The settings for a new connection.
    pub(crate) fn settings(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner).settings)
    }

    /// Reads the files again, for connections from now on. If they cannot be used, logs why and keeps the certificate.
    pub fn reload(&self) {
        let current = match self.files.read().and_then(Current::new) {
            Ok(current) => current,
            Err(error) => {
                tracing::error!("the certificate in use stays: {error}");
                return;
            }
        };
        let pin = current.pin;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = current;
        tracing::info!(%pin, "read the certificate again");
    }
}

impl Current {
    fn new(certified: CertifiedKey) -> Result<Self, TlsError> {
        let key = certified.key.public_key();
        let pin = Pin::of(&key.ok_or_else(|| rustls::Error::General("the key has no public part".to_owned()))?);
        let mut settings = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&TLS13, &TLS12])?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
        settings.alpn_protocols = vec![b"http/1.1".to_vec()];
        // Resumed sessions cost the server no memory: the client keeps them, encrypted, as tickets.
        settings.session_storage = Arc::new(NoServerSessionStorage {});
        settings.ticketer = ring::Ticketer::new()?;
        Ok(Self { settings: Arc::new(settings), pin })
    }
}
