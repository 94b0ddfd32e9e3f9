//! The pin of a server: the fingerprint of its public key, by which clients recognise it whatever its name and
//! certificate.

use std::{fmt, str::FromStr};

use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

/// SHA-256 of a SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7, in DER).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pin(pub [u8; 32]);

/// A text is not a pin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAPin;

const PREFIX: &str = "sha256//";

impl Pin {
    /// The pin of a public key, given as SubjectPublicKeyInfo in DER.
    #[must_use]
    pub fn of(public_key_info: &[u8]) -> Self {
        Self(Sha256::digest(public_key_info).into())
    }
}

/// As `curl --pinnedpubkey` takes it: `sha256//` and base64.
impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", STANDARD.encode(self.0))
    }
}

impl FromStr for Pin {
    type Err = NotAPin;

    fn from_str(text: &str) -> Result<Self, NotAPin> {
        let digest = STANDARD.decode(text.strip_prefix(PREFIX).ok_or(NotAPin)?).map_err(|_| NotAPin)?;
        digest.try_into().map(Self).map_err(|_| NotAPin)
    }
}

impl fmt::Display for NotAPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a pin is sha256// and 44 characters of base64")
    }
}

impl std::error::Error for NotAPin {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_written_as_curl_takes_it() {
        let pin = Pin::of(b"");
        assert_eq!(pin.to_string(), "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
        assert_eq!(pin.to_string().parse(), Ok(pin));
    }

    #[test]
    fn what_is_no_pin_is_refused() {
        let pin = Pin::of(b"").to_string();
        for text in ["", "sha256//", &pin[8..], &pin[..51], "sha256//AAAA", &format!("{pin}=")] {
            assert_eq!(text.parse::<Pin>(), Err(NotAPin), "{text}");
        }
    }
}
