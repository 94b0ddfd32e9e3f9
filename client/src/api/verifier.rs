//! Decides whether the certificate of a server is trusted: the roots verify it, or its key has the known pin.
//!
//! The signatures of the handshake are always verified, so a server must hold the key that it shows.

use std::sync::{Arc, Mutex, PoisonError};

use quchat_shared::pin::Pin;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
};
use sha2::{Digest, Sha256};

/// TLS for a server of which nothing but its address is known, or its pin, too.
pub(super) fn verified(pin: Option<Pin>) -> Arc<ClientConfig> {
    config(Arc::new(Verifier::new(pin)))
}

/// TLS that accepts every key and reports it. Nothing may be sent over such a connection.
pub(super) fn witnessed(pin: Option<Pin>) -> (Arc<ClientConfig>, Arc<Witness>) {
    let witness = Arc::new(Witness { verifier: Verifier::new(pin), seen: Mutex::default() });
    (config(Arc::clone(&witness) as Arc<dyn ServerCertVerifier>), witness)
}

/// Whether this error means: there is a pin, and the key of the server is another one.
pub(super) fn is_changed_key(error: &Error) -> bool {
    matches!(error, Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn config(verifier: Arc<dyn ServerCertVerifier>) -> Arc<ClientConfig> {
    let builder = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
    let builder = builder.expect("ring offers TLS 1.2 and 1.3");
    let mut config = builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Arc::new(config)
}

#[derive(Debug)]
struct Verifier {
    roots: Arc<WebPkiServerVerifier>,
    pin: Option<Pin>,
}

impl Verifier {
    fn new(pin: Option<Pin>) -> Self {
        let roots = Arc::new(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() });
        let roots = WebPkiServerVerifier::builder_with_provider(roots, provider()).build();
        Self { roots: roots.expect("there are roots"), pin }
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let by_roots = self.roots.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match (by_roots, self.pin) {
            (Err(_), Some(pin)) if pin_of(end_entity)? == pin => Ok(ServerCertVerified::assertion()),
            (Err(_), Some(_)) => Err(CertificateError::ApplicationVerificationFailure.into()),
            (by_roots, _) => by_roots,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.roots.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.roots.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.roots.supported_verify_schemes()
    }
}

/// The key that a server showed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    pub(super) pin: Pin,
    /// The roots verify it, or it has the known pin.
    pub(super) is_trusted: bool,
}

/// Accepts every certificate, and remembers the last one.
#[derive(Debug)]
pub(super) struct Witness {
    verifier: Verifier,
    seen: Mutex<Option<Seen>>,
}

impl Witness {
    pub(super) fn seen(&self) -> Option<Seen> {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verdict = self.verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        let seen = Seen { pin: pin_of(end_entity)?, is_trusted: verdict.is_ok() };
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen);
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

fn pin_of(certificate: &CertificateDer<'_>) -> Result<Pin, Error> {
    let key = ParsedCertificate::try_from(certificate)?.subject_public_key_info();
    Ok(Pin(Sha256::digest(&key).into()))
}
