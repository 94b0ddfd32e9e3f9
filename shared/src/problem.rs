//! What can go wrong, as `application/problem+json` (RFC 9457).

use serde::{Deserialize, Serialize};

/// The kinds of problem: stable, and what programs match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Not HTTP or JSON as it should be; an id or query that cannot be parsed.
    BadRequest,
    /// No, malformed, expired or revoked token; wrong credentials.
    Unauthenticated,
    /// Known caller, not allowed.
    Forbidden,
    /// No such thing, or one the caller may not know of.
    NotFound,
    /// The path exists, the method does not.
    MethodNotAllowed,
    /// Somebody has this name already.
    NameTaken,
    /// Contradicts what is there.
    Conflict,
    /// The body is over the limit.
    TooLarge,
    /// A body that is not JSON.
    UnsupportedMediaType,
    /// Well-formed, but a rule refuses it.
    Invalid,
    /// Too often; `Retry-After` tells when again.
    RateLimited,
    /// The server's own fault.
    Internal,
    /// Not now: overloaded or shutting down.
    Unavailable,
    /// A kind this version does not know; go by the status.
    #[serde(other)]
    Unknown,
}

/// The body of every answer that is not a success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Always `about:blank`: the kind says it all.
    #[serde(rename = "type")]
    pub type_uri: String,
    /// The kind in words.
    pub title: String,
    /// The HTTP status, repeated.
    pub status: u16,
    /// One sentence a person can act on.
    pub detail: String,
    /// What programs match.
    pub kind: Kind,
    /// For [`Kind::Invalid`]: what is wrong where.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

/// A field and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// The member of the body or the parameter of the query.
    pub field: String,
    /// One sentence a person can act on.
    pub detail: String,
}
