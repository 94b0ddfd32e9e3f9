//! The files with the private key and the certificate: reads them, and creates the server's own on its first start.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use rcgen::{
    CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
    date_time_ymd,
};
use rustls::{
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::CertifiedKey,
};

use super::{TlsError, TlsFiles};
use crate::data_dir::{DataDir, TLS_CERTIFICATE, TLS_KEY};

/// Largest file that is read, in bytes. A long chain takes 20 KiB.
const FILE_MAX: u64 = 1024 * 1024;

const ADVICE_GIVEN: &str = "give the server's certificate, followed by its chain, with --tls-cert, and its private \
                            key, not encrypted, with --tls-key, both as PEM";
const ADVICE_OWN: &str = "restore both from a backup, or move both away to get a new key, which clients will report as \
                          changed";

/// Where the key and the certificate are.
#[derive(Debug)]
pub(super) struct Files {
    certificate: PathBuf,
    key: PathBuf,
    advice: &'static str,
}

impl Files {
    pub(super) fn given(files: &TlsFiles) -> Self {
        let TlsFiles { certificate, key } = files.clone();
        Self { certificate, key, advice: ADVICE_GIVEN }
    }

    /// The files in the data directory. Creates what is missing: the key and, for the key that is there, a certificate.
    pub(super) fn own(data_dir: &DataDir) -> Result<Self, TlsError> {
        let files =
            Self { certificate: data_dir.file(TLS_CERTIFICATE), key: data_dir.file(TLS_KEY), advice: ADVICE_OWN };
        let (has_key, has_certificate) = (is_there(&files.key), is_there(&files.certificate));
        if has_certificate && !has_key {
            let (certificate, key) = (files.certificate.display(), files.key.display());
            return Err(files.unusable(format!("{certificate} exists, but its key {key} is missing")));
        }
        let create =
            |name, label, der: &[u8]| data_dir.create(name, encode_pem(label, der).as_bytes()).map_err(TlsError::from);
        let generated = |error: rcgen::Error| files.unusable(format!("cannot create a key: {error}"));
        if !has_key {
            create(TLS_KEY, "PRIVATE KEY", KeyPair::generate().map_err(generated)?.serialized_der())?;
        }
        if !has_certificate {
            let PrivateKeyDer::Pkcs8(key) = files.read_key()? else { return Err(files.not_a_key()) };
            let key =
                KeyPair::from_pkcs8_der_and_sign_algo(&key, &PKCS_ECDSA_P256_SHA256).map_err(|_| files.not_a_key())?;
            create(TLS_CERTIFICATE, "CERTIFICATE", &self_signed(&key).map_err(generated)?)?;
        }
        Ok(files)
    }

    /// Reads both files.
    pub(super) fn read(&self) -> Result<CertifiedKey, TlsError> {
        let key = self.read_key()?;
        let path = self.certificate.display();
        let chain = CertificateDer::pem_slice_iter(&self.read_file(&self.certificate)?)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| self.unusable(format!("{path} is damaged: {error}")))?;
        if chain.is_empty() {
            return Err(self.unusable(format!("{path} contains no certificate in PEM")));
        }
        CertifiedKey::from_der(chain, key, &ring::default_provider()).map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => {
                let key = self.key.display();
                self.unusable(format!("the key in {key} does not belong to the first certificate in {path}"))
            }
            rustls::Error::InvalidCertificate(_) => {
                self.unusable(format!("the first certificate in {path} is damaged"))
            }
            _ => self.not_a_key(),
        })
    }

    fn read_key(&self) -> Result<PrivateKeyDer<'static>, TlsError> {
        PrivateKeyDer::from_pem_slice(&self.read_file(&self.key)?)
            .map_err(|_| self.unusable(format!("{} contains no unencrypted private key in PEM", self.key.display())))
    }

    fn read_file(&self, path: &Path) -> Result<Vec<u8>, TlsError> {
        let read = || {
            if !path.metadata()?.is_file() {
                return Err(io::Error::other("it is not a regular file")); // opening a named pipe could block
            }
            let mut bytes = Vec::new();
            File::open(path)?.take(FILE_MAX).read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        read().map_err(|error| self.unusable(format!("cannot read {}: {error}", path.display())))
    }

    fn not_a_key(&self) -> TlsError {
        self.unusable(format!("the private key in {} is damaged, or of an unsupported kind", self.key.display()))
    }

    fn unusable(&self, problem: String) -> TlsError {
        TlsError::File { problem, advice: self.advice }
    }
}

/// Whether something is at this path, even if it cannot be read.
fn is_there(path: &Path) -> bool {
    path.try_exists().unwrap_or(true)
}

/// A certificate for a key. Clients recognise the server by its key, so names and dates only have to be well-formed.
fn self_signed(key: &KeyPair) -> Result<Vec<u8>, rcgen::Error> {
    let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let mut certificate = CertificateParams::new(names)?;
    certificate.distinguished_name = rcgen::DistinguishedName::new();
    certificate.distinguished_name.push(DnType::CommonName, "quchat");
    certificate.is_ca = IsCa::ExplicitNoCa;
    certificate.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    certificate.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    certificate.not_before = date_time_ymd(2020, 1, 1); // before the clock of any client
    certificate.not_after = date_time_ymd(9999, 12, 31);
    Ok(certificate.self_signed(key)?.der().to_vec())
}

/// RFC 7468 section 3.
fn encode_pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut pem = format!("-----BEGIN {label}-----\n");
    for line in text.as_bytes().chunks(64) {
        pem.extend(line.iter().map(|byte| char::from(*byte)));
        pem.push('\n');
    }
    pem + &format!("-----END {label}-----\n")
}
