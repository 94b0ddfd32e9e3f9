//! JSON Web Tokens (RFC 7519) in compact form (RFC 7515 section 7.1), signed with HS256 (RFC 7518 section 3.2).
//!
//! Supports only what quchat needs: one algorithm and one key. It must not know whether the session of a token is
//! alive.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use quchat_shared::{SessionId, Timestamp, UserId};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeOwned, IgnoredAny},
};
use sha2::Sha256;

use crate::domain::Caller;

/// The signing key: 32 random bytes.
pub(crate) type Key = [u8; 32];

/// Longest accepted token, in bytes; ours have about 200.
const TOKEN_MAX: usize = 4096;
const ISSUER: &str = "quchat";

/// Signs and verifies tokens with one key.
#[derive(Clone)]
pub(crate) struct Tokens {
    /// The MAC, initialised with the key and cloned for each token.
    mac: Hmac<Sha256>,
}

/// The contents of a verified token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct VerifiedToken {
    pub(crate) caller: Caller,
    pub(crate) expires_at: Timestamp,
}

/// JOSE header (RFC 7515 section 4): the members that [`Tokens::verify`] checks.
#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default, deserialize_with = "present")]
    typ: Option<String>,
    #[serde(default, deserialize_with = "present")]
    crit: Option<IgnoredAny>,
}

/// Reads a member that is present. `null` counts as present, not as absent.
fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Registered claims (RFC 7519 section 4.1) and the session id (`sid`).
#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    sid: String,
    iat: serde_json::Number,
    exp: serde_json::Number,
}

impl Tokens {
    pub(crate) fn new(key: &Key) -> Self {
        Self { mac: Hmac::new_from_slice(key).expect("HMAC takes keys of any length") }
    }

    /// Signs a token. Its times are rounded down to whole seconds.
    pub(crate) fn sign(&self, caller: Caller, issued_at: Timestamp, expires_at: Timestamp) -> String {
        let claims = Claims {
            iss: ISSUER.to_owned(),
            sub: caller.user.to_string(),
            sid: caller.session.to_string(),
            iat: issued_at.as_millis().div_euclid(1000).into(),
            exp: expires_at.as_millis().div_euclid(1000).into(),
        };
        let claims = serde_json::to_vec(&claims).expect("texts and numbers always serialise");
        let header = br#"{"alg":"HS256","typ":"JWT"}"#;
        let mut token = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let signature = self.mac(&token).finalize().into_bytes();
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        token
    }

    /// The contents of the token, if we signed it and it has not expired at `now`.
    pub(crate) fn verify(&self, token: &str, now: Timestamp) -> Option<VerifiedToken> {
        let claims: Claims = object(&self.payload(token)?)?;
        let expires = claims.exp.as_f64()?;
        let is_later = expires * 1000.0 > now.as_millis() as f64;
        if claims.iss != ISSUER || !is_later {
            return None;
        }
        let caller =
            Caller { user: claims.sub.parse::<UserId>().ok()?, session: claims.sid.parse::<SessionId>().ok()? };
        // The cast saturates: later times become i64::MAX.
        Some(VerifiedToken { caller, expires_at: Timestamp::from_millis((expires * 1000.0) as i64) })
    }

    /// The payload, if the signature is ours and the header requires nothing that we do not support.
    fn payload(&self, token: &str) -> Option<Vec<u8>> {
        if token.len() > TOKEN_MAX {
            return None;
        }
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, payload) = signed.split_once('.')?; // a third dot is not base64url and fails below
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        self.mac(signed).verify_slice(&signature).ok()?; // in constant time
        let header: Header = object(&URL_SAFE_NO_PAD.decode(header).ok()?)?;
        let is_plain = header.crit.is_none() && header.typ.as_deref().is_none_or(|typ| typ == "JWT");
        (header.alg == "HS256" && is_plain).then_some(())?;
        URL_SAFE_NO_PAD.decode(payload).ok()
    }

    fn mac(&self, signed: &str) -> Hmac<Sha256> {
        self.mac.clone().chain_update(signed)
    }
}

/// Parses a JSON object. Header and claims must be objects (RFC 7515 section 4, RFC 7519 section 4), but serde would
/// read structs from arrays, too.
fn object<T: DeserializeOwned>(json: &[u8]) -> Option<T> {
    let is_object = json.trim_ascii_start().first() == Some(&b'{');
    is_object.then(|| serde_json::from_slice(json).ok()).flatten()
}

#[cfg(test)]
mod tests;
