//! TLS to PostgreSQL: what `sslmode` and `sslrootcert` demand of its certificate, with the meaning that PostgreSQL's own
//! programs give them. The certificates that "the system" trusts are Mozilla's, which are part of the program.

use std::{
    error::Error,
    fs::{self, File},
    io::{self, Read},
    sync::Arc,
};

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::{
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_cert_signed_by_trust_anchor, verify_server_name,
    },
    crypto::{WebPkiSupportedAlgorithms, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
    server::ParsedCertificate,
};
use tokio_postgres::config::SslMode;

/// Largest file with trusted certificates, in bytes. All that a system trusts take 220 KB.
const ROOTS_MAX: u64 = 4 * 1024 * 1024;
/// The name of the certificates that come with the program.
const SYSTEM: &str = "system";

/// What is demanded of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Demand {
    Nothing,
    /// A trusted certificate has signed it.
    Trust,
    /// It is for the host, too.
    TrustAndName,
}

/// Reads the values of `sslmode` and `sslrootcert`.
pub(super) fn read(mode: Option<&str>, roots: Option<&str>) -> Result<(SslMode, ClientConfig), String> {
    let by_default = if roots == Some(SYSTEM) { "verify-full" } else { "prefer" };
    let mode = mode.unwrap_or(by_default);
    let (ssl_mode, demand) = match (mode, roots) {
        ("verify-full", Some(_)) => (SslMode::Require, Demand::TrustAndName),
        ("disable" | "prefer" | "require" | "verify-ca", Some(SYSTEM)) => {
            return Err(format!(
                "sslmode={mode} is too weak for sslrootcert=system, because anybody can get a certificate that the \
                 system trusts; use sslmode=verify-full"
            ));
        }
        ("verify-full" | "verify-ca", None) => {
            return Err(format!(
                "sslmode={mode} needs to know whose certificates to trust; add sslrootcert=FILE with the certificate of \
                 the authority in PEM, or sslrootcert=system for the public authorities"
            ));
        }
        ("disable", _) => (SslMode::Disable, Demand::Nothing),
        ("prefer", None) => (SslMode::Prefer, Demand::Nothing),
        ("prefer", Some(_)) => (SslMode::Prefer, Demand::Trust),
        ("require", None) => (SslMode::Require, Demand::Nothing),
        ("require" | "verify-ca", Some(_)) => (SslMode::Require, Demand::Trust),
        _ => return Err("sslmode must be disable, prefer, require, verify-ca or verify-full".to_owned()),
    };
    let verifier = match roots.filter(|_| demand != Demand::Nothing) {
        Some(SYSTEM) => {
            let trusted = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
            Verifier::new(demand, trusted, Vec::new())
        }
        Some(path) => {
            let unusable = |reason: String| format!("cannot use the file of sslrootcert, {path}: {reason}");
            let given = read_certificates(path).map_err(|error| unusable(error.to_string()))?;
            let mut trusted = RootCertStore::empty();
            for certificate in &given {
                trusted.add(certificate.clone()).map_err(|error| unusable(error.to_string()))?;
            }
            Verifier::new(demand, trusted, given)
        }
        None => Verifier::new(demand, RootCertStore::empty(), Vec::new()),
    };
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().expect("ring offers TLS 1.2 and 1.3");
    let config = builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth();
    Ok((ssl_mode, config))
}

fn read_certificates(path: &str) -> io::Result<Vec<CertificateDer<'static>>> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a regular file")); // opening a named pipe could block
    }
    let mut content = Vec::new();
    File::open(path)?.take(ROOTS_MAX).read_to_end(&mut content)?;
    let certificates = CertificateDer::pem_slice_iter(&content).collect::<Result<Vec<_>, _>>();
    match certificates {
        Ok(certificates) if certificates.is_empty() => Err(io::Error::other("it contains no certificate in PEM")),
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(io::Error::other(format!("it is damaged: {error}"))),
    }
}

/// Verifies the certificate of PostgreSQL. The signatures of the handshake are always verified, so the other end has the
/// key of the certificate that it shows.
#[derive(Debug)]
struct Verifier {
    demand: Demand,
    trusted: RootCertStore,
    /// The same certificates. One of PostgreSQL's own that is among them needs no authority, as long as it is used.
    given: Vec<CertificateDer<'static>>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Verifier {
    fn new(demand: Demand, trusted: RootCertStore, given: Vec<CertificateDer<'static>>) -> Self {
        Self { demand, trusted, given, algorithms: ring::default_provider().signature_verification_algorithms }
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if self.demand == Demand::Nothing {
            return Ok(ServerCertVerified::assertion());
        }
        let parsed = ParsedCertificate::try_from(end_entity)?;
        if !self.given.contains(end_entity) {
            let algorithms = self.algorithms.all;
            verify_server_cert_signed_by_trust_anchor(&parsed, &self.trusted, intermediates, now, algorithms)?;
        }
        if self.demand == Demand::TrustAndName {
            verify_server_name(&parsed, server_name)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// The reason and what to do about it, if TLS is why there is no connection.
pub(super) fn explain(error: &tokio_postgres::Error) -> Option<(&'static str, &'static str)> {
    let cause = error.source()?;
    if cause.to_string() == "server does not support TLS" {
        return Some(("PostgreSQL does not offer TLS", "set ssl = on in postgresql.conf, or choose another sslmode"));
    }
    let inner = cause.downcast_ref::<io::Error>()?.get_ref()?;
    match inner.downcast_ref()? {
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => Some((
            "PostgreSQL's certificate is for another host",
            "use a host of its subjectAltName in the URL, or sslmode=verify-ca",
        )),
        rustls::Error::InvalidCertificate(_) => {
            Some(("PostgreSQL's certificate is not trusted", "check the certificate, and sslrootcert in the URL"))
        }
        _ => Some(("TLS with PostgreSQL failed", "check the ssl settings in postgresql.conf")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(mode: Option<&str>, roots: Option<&str>) -> String {
        read(mode, roots).err().unwrap_or_else(|| panic!("{mode:?} and {roots:?} are accepted"))
    }

    #[test]
    fn tls_is_used_if_offered_demanded_or_not() {
        for (mode, roots, expected) in [
            (None, None, SslMode::Prefer),
            (Some("disable"), None, SslMode::Disable),
            (Some("disable"), Some("/nowhere"), SslMode::Disable),
            (Some("prefer"), None, SslMode::Prefer),
            (Some("require"), None, SslMode::Require),
            (Some("verify-full"), Some(SYSTEM), SslMode::Require),
            (None, Some(SYSTEM), SslMode::Require),
        ] {
            assert_eq!(read(mode, roots).unwrap().0, expected, "{mode:?} {roots:?}");
        }
    }

    #[test]
    fn verifying_needs_to_know_whom_to_trust() {
        for mode in ["verify-full", "verify-ca"] {
            let reason = refusal(Some(mode), None);
            assert!(reason.contains("sslrootcert=FILE") && reason.contains("sslrootcert=system"), "{reason}");
        }
        for mode in ["disable", "prefer", "require", "verify-ca"] {
            assert!(refusal(Some(mode), Some(SYSTEM)).contains("use sslmode=verify-full"), "{mode}");
        }
        for mode in ["allow", "", "VERIFY-FULL"] {
            assert!(refusal(Some(mode), None).contains("verify-ca or verify-full"), "{mode}");
        }
    }

    #[test]
    fn a_file_without_certificates_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("root.pem");
        let path = path.to_str().unwrap();
        assert!(refusal(None, Some(path)).contains(path), "it is missing");
        for (content, part) in [
            ("", "no certificate"),
            ("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n", "damaged"),
            ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "cannot use"),
        ] {
            fs::write(path, content).unwrap();
            let reason = refusal(Some("verify-full"), Some(path));
            assert!(reason.contains(path) && reason.contains(part), "{reason}");
        }
        assert!(refusal(Some("require"), Some(dir.path().to_str().unwrap())).contains("not a regular file"));
    }
}
