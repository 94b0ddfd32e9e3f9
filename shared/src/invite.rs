//! Invites: secret codes with which people register.

use std::{fmt, str::FromStr};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{InviteId, RoomId, Timestamp, UserRef};

/// How often an invite can be used unless the request says otherwise.
pub const USES_DEFAULT: u32 = 1;
/// Most uses of one invite.
pub const USES_MAX: u32 = 10_000;
/// How long an invite lasts unless the request says otherwise, in seconds: a week.
pub const LIFETIME_DEFAULT: u64 = 7 * 24 * 60 * 60;
/// The longest life of an invite, in seconds: a leap year.
pub const LIFETIME_MAX: u64 = 366 * 24 * 60 * 60;

/// The secret of an invite: 128 random bits, written as 22 characters of base64url.
#[derive(Clone, PartialEq, Eq)]
pub struct InviteCode([u8; 16]);

impl InviteCode {
    /// The code made of these bits. They must be random.
    #[must_use]
    pub const fn new(bits: [u8; 16]) -> Self {
        Self(bits)
    }

    /// The bits of the code.
    #[must_use]
    pub const fn bits(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for InviteCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

/// Without the secret.
impl fmt::Debug for InviteCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InviteCode(…)")
    }
}

/// The text is not an invite code: a code has 22 characters of base64url.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParseInviteCodeError;

impl fmt::Display for ParseInviteCodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an invite code has 22 letters, digits, - or _")
    }
}

impl std::error::Error for ParseInviteCodeError {}

impl FromStr for InviteCode {
    type Err = ParseInviteCodeError;

    fn from_str(text: &str) -> Result<Self, ParseInviteCodeError> {
        let mut bits = [0; 16];
        // The length is checked first: decoding a text that is too long for the slice is an error, but costs time.
        match (text.len(), URL_SAFE_NO_PAD.decode_slice(text, &mut bits)) {
            (22, Ok(16)) => Ok(Self(bits)),
            _ => Err(ParseInviteCodeError),
        }
    }
}

impl Serialize for InviteCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for InviteCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// An invite to create.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewInvite {
    /// The room that those who register with it join.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<RoomId>,
    /// How many users can register with it: 1 to [`USES_MAX`], [`USES_DEFAULT`] if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uses: Option<u32>,
    /// How long it lasts: 1 to [`LIFETIME_MAX`], [`LIFETIME_DEFAULT`] if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in_seconds: Option<u64>,
}

/// An invite that was just created. No other reply has the code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreatedInvite {
    pub id: InviteId,
    pub code: InviteCode,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<RoomId>,
    pub uses: u32,
    pub expires_at: Timestamp,
}

/// An invite that can still be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invite {
    pub id: InviteId,
    /// The room that those who register with it join. Absent too if the caller may not know of the room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<RoomId>,
    /// How many users could register with it when it was created.
    pub uses: u32,
    /// How many still can.
    pub uses_left: u32,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    /// Who created it; absent if the server's operator did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<UserRef>,
    /// Whether it makes an admin. Only the operator sees such invites.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub admin: bool,
}

/// A page of invites, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invites {
    pub invites: Vec<Invite>,
    /// The `after` of the next page; `None` on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_twenty_two_characters_that_no_shell_interprets() {
        for bits in [[0; 16], [0xFF; 16], *b"0123456789abcdef"] {
            let code = InviteCode::new(bits);
            let text = code.to_string();
            assert_eq!(text.len(), 22);
            assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'), "{text}");
            assert_eq!(text.parse(), Ok(code));
        }
    }

    #[test]
    fn only_the_text_that_the_server_wrote_is_a_code() {
        let text = InviteCode::new([7; 16]).to_string();
        let trailing_bits = format!("{}x", &text[..21]);
        for other in
            ["", "x", &text[1..], &format!("{text}A"), &format!("{text}=="), &format!(" {text}"), &trailing_bits]
        {
            assert_eq!(other.parse::<InviteCode>(), Err(ParseInviteCodeError), "{other:?}");
        }
    }

    #[test]
    fn a_code_is_not_in_the_debug_text() {
        let code = InviteCode::new([7; 16]);
        assert!(!format!("{code:?}").contains(&code.to_string()));
    }
}
