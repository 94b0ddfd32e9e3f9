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
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000_000;

    fn tokens() -> Tokens {
        Tokens::new(&[7; 32])
    }

    fn signed(header: &str, payload: &str) -> String {
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
        let signature = tokens().mac(&signed).finalize().into_bytes();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn verify(token: &str) -> Option<VerifiedToken> {
        tokens().verify(token, Timestamp::from_millis(NOW))
    }

    fn claims(exp: &str) -> String {
        format!(r#"{{"iss":"quchat","sub":"3","sid":"9","iat":1,"exp":{exp}}}"#)
    }

    #[test]
    fn the_vector_of_rfc_7515_appendix_a_1_verifies() {
        let key = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
        let token = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\
            eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.\
            dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let key = URL_SAFE_NO_PAD.decode(key).unwrap();
        let tokens = Tokens { mac: Hmac::new_from_slice(&key).unwrap() };
        let payload = tokens.payload(token).unwrap();
        assert!(payload.starts_with(b"{\"iss\":\"joe\",\r\n \"exp\":1300819380"));
        assert!(tokens.payload(&token.replace("dBjf", "eBjf")).is_none());
    }

    #[test]
    fn a_signed_token_verifies_until_it_expires() {
        let caller = Caller { user: UserId(3), session: SessionId(9) };
        let expires_at = Timestamp::from_millis(NOW + 1000);
        let token = tokens().sign(caller, Timestamp::from_millis(NOW), expires_at);
        assert_eq!(verify(&token), Some(VerifiedToken { caller, expires_at }));
        assert_eq!(tokens().verify(&token, expires_at), None, "it expires at exp");
        assert_eq!(Tokens::new(&[8; 32]).verify(&token, Timestamp::from_millis(NOW)), None);
    }

    #[test]
    fn the_header_must_say_hs256_and_nothing_that_changes_its_meaning() {
        let payload = claims("1800000001");
        for good in [r#"{"alg":"HS256"}"#, " {\n\"typ\":\"JWT\" , \"alg\" : \"HS256\", \"kid\":\"x\" }"] {
            assert!(verify(&signed(good, &payload)).is_some(), "{good}");
        }
        for bad in [
            r#"{"alg":"none"}"#,
            r#"{"alg":"hs256"}"#,
            r#"{"alg":"HS512"}"#,
            r#"{"typ":"JWT"}"#,
            r#"{"alg":"HS256","typ":"jwe"}"#,
            r#"{"alg":"HS256","crit":["exp"]}"#,
            r#"{"alg":"HS256","crit":[]}"#,
            r#"{"alg":"HS256","crit":null}"#,
            r#"{"alg":"HS256","typ":null}"#,
            r#"{"alg":"HS256","alg":"none"}"#,
            r#"["HS256"]"#,
            "[]",
            "",
        ] {
            assert!(verify(&signed(bad, &payload)).is_none(), "{bad}");
        }
    }

    #[test]
    fn exp_must_be_a_number_later_than_now() {
        for good in ["1800000001", "1800000000.5", "1e15", "18446744073709551615"] {
            assert!(verify(&signed(r#"{"alg":"HS256"}"#, &claims(good))).is_some(), "{good}");
        }
        for bad in ["1800000000", "1799999999.9", "-1", "\"1800000001\"", "null", "1e999", "true", "[]"] {
            assert!(verify(&signed(r#"{"alg":"HS256"}"#, &claims(bad))).is_none(), "{bad}");
        }
    }

    #[test]
    fn base64url_is_strict() {
        let caller = Caller { user: UserId(3), session: SessionId(9) };
        let token = tokens().sign(caller, Timestamp::from_millis(NOW), Timestamp::from_millis(NOW + 5000));
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let swapped_last_bits = {
            let last = signature.chars().last().unwrap();
            let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
            let next = alphabet.chars().nth(alphabet.find(last).unwrap() + 1).unwrap();
            format!("{}{next}", &signature[..signature.len() - 1])
        };
        for bad in [
            format!("{signed}.{signature}="),
            format!("{signed}.{swapped_last_bits}"),
            format!("{signed}.{signature}.{signature}"),
            format!("{signed}."),
            signed.to_owned(),
            format!(".{token}"),
            format!("{token} "),
            String::new(),
            "..".to_owned(),
            "x".repeat(TOKEN_MAX + 1),
        ] {
            assert!(verify(&bad).is_none(), "{bad}");
        }
    }
}
