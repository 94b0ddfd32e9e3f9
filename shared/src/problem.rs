//! Error answers: `application/problem+json` (RFC 9457).

use std::fmt;

use serde::{Deserialize, Serialize};

/// The kind of a problem. Stable: programs match on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Malformed HTTP or JSON, or an id or query that cannot be parsed.
    BadRequest,
    /// The token is missing, malformed, expired or revoked, or the credentials are wrong.
    Unauthenticated,
    /// The caller is known but not allowed to do this.
    Forbidden,
    /// It does not exist, or the caller may not know that it does.
    NotFound,
    /// The path does not support this method.
    MethodNotAllowed,
    /// The name is already in use.
    NameTaken,
    /// The request contradicts the current state.
    Conflict,
    /// The body exceeds the limit.
    TooLarge,
    /// The body is not JSON.
    UnsupportedMediaType,
    /// The request is well-formed, but violates a rule.
    Invalid,
    /// Plain HTTP from elsewhere, where the server accepts only encrypted connections.
    Plaintext,
    /// Too many requests; `Retry-After` says when to try again.
    RateLimited,
    /// A fault in the server.
    Internal,
    /// The server is overloaded, shutting down or cannot write.
    Unavailable,
    /// A kind that this version does not know; use the status.
    #[serde(other)]
    Unknown,
}

/// As on the wire: `not_found`.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// The body of every error answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Always `about:blank`: the kind is enough.
    #[serde(rename = "type")]
    pub type_uri: String,
    /// The kind as a phrase.
    pub title: String,
    /// The HTTP status, repeated.
    pub status: u16,
    /// One sentence that says what to do.
    pub detail: String,
    pub kind: Kind,
    /// The invalid fields; only with [`Kind::Invalid`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// Name of a member of the body or a parameter of the query.
    pub field: String,
    /// One sentence that says what to do.
    pub detail: String,
}
