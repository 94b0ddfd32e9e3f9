//! Why a request fails, as `application/problem+json` (RFC 9457). The only place that decides which status an error
//! gets.

use std::{borrow::Cow, time::Duration};

use hyper::{
    HeaderMap, StatusCode,
    header::{ACCEPT_ENCODING, ALLOW, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE},
};
use quchat_shared::{Kind, Problem, problem::FieldError};

use super::reply::uncached;
use crate::{
    connection::{Body, UploadError, close_after},
    domain::Error,
    store,
};

/// Why a request fails.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("{0}")]
    BadRequest(Cow<'static, str>),
    #[error("there is nothing at this path")]
    NoSuchPath,
    #[error("this path supports only {allow}")]
    MethodNotAllowed { allow: String },
    #[error(
        "this server accepts only encrypted connections from other machines; update the client and connect again, use \
         https://, or ask whoever runs the server about --plaintext"
    )]
    Plaintext,
    #[error("sign in, and send the token as Authorization: Bearer TOKEN")]
    NoToken,
    /// The body is incomplete, so the start of the next request is unknown.
    #[error("{0}")]
    Incomplete(&'static str),
    #[error("the body has more than {max} bytes")]
    TooLarge { max: usize },
    #[error("the body is not JSON; send it with Content-Type: application/json")]
    UnsupportedMediaType,
    #[error("the body is compressed; send it without Content-Encoding")]
    EncodedBody,
    /// The end of the body is unknown.
    #[error("the only supported Transfer-Encoding is chunked, applied once")]
    TransferCoding,
    #[error(transparent)]
    Refused(#[from] Error),
    /// A stream is refused. The connection closes to make room for another one.
    #[error(transparent)]
    NoStream(Error),
}

impl From<UploadError> for Failure {
    fn from(error: UploadError) -> Self {
        match error {
            UploadError::TooLarge { max } => Self::TooLarge { max },
            UploadError::TimedOut => Self::Incomplete("the body took too long to arrive"),
            UploadError::Truncated => Self::Incomplete("the body ended before it was complete"),
            UploadError::OutOfMemory(full) => Self::Refused(full.into()),
        }
    }
}

/// `Retry-After` while the server is overloaded, in seconds.
const OVERLOAD_SECONDS: u64 = 1;
/// `Retry-After` while the database cannot be used, in seconds. A database that restarts is back soon; if it takes longer,
/// clients wait longer by themselves after each failure.
const STORE_SECONDS: u64 = 1;
/// Seconds after which to retry a search while the index is built.
const INDEXING_SECONDS: u64 = 3;
/// Seconds after which to retry if the user has too many of something at once.
const TOO_MANY_SECONDS: u64 = 10;

impl Failure {
    /// The kind, which programs match on. It decides the status.
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::BadRequest(_) | Self::Incomplete(_) | Self::TransferCoding => Kind::BadRequest,
            Self::NoSuchPath => Kind::NotFound,
            Self::MethodNotAllowed { .. } => Kind::MethodNotAllowed,
            Self::Plaintext => Kind::Plaintext,
            Self::NoToken => Kind::Unauthenticated,
            Self::TooLarge { .. } => Kind::TooLarge,
            Self::UnsupportedMediaType | Self::EncodedBody => Kind::UnsupportedMediaType,
            Self::Refused(error) | Self::NoStream(error) => match error {
                Error::Unauthenticated | Error::WrongCredentials => Kind::Unauthenticated,
                Error::Forbidden(_) => Kind::Forbidden,
                Error::NotFound(_) => Kind::NotFound,
                Error::NameTaken => Kind::NameTaken,
                Error::Conflict(_) => Kind::Conflict,
                Error::Invalid { .. } => Kind::Invalid,
                Error::RateLimited { .. } | Error::TooMany(_) => Kind::RateLimited,
                Error::Unavailable(_) | Error::NotIndexed { .. } => Kind::Unavailable,
                Error::Store(store::Error::Closed | store::Error::Unavailable(_) | store::Error::Fatal(_)) => {
                    Kind::Unavailable
                }
                Error::Store(_) => Kind::Internal,
            },
        }
    }

    /// One sentence for the caller. The cause of an internal error is only logged.
    fn detail(&self) -> String {
        match self {
            Self::Refused(Error::Store(error)) | Self::NoStream(Error::Store(error)) => match error {
                store::Error::Closed => error.to_string(),
                store::Error::Unavailable(_) | store::Error::Fatal(_) => {
                    "the server cannot use its database at the moment; try again later".to_owned()
                }
                _ => "internal error; the server's log has details".to_owned(),
            },
            _ => self.to_string(),
        }
    }

    /// The fields that a validator refused.
    fn errors(&self) -> Vec<FieldError> {
        match self {
            Self::Refused(Error::Invalid { field, detail }) | Self::NoStream(Error::Invalid { field, detail }) => {
                vec![FieldError { field: field.to_string(), detail: detail.to_string() }]
            }
            _ => Vec::new(),
        }
    }

    /// Whether the connection closes after the answer.
    fn closes(&self) -> bool {
        matches!(
            self,
            Self::Plaintext | Self::Incomplete(_) | Self::TransferCoding | Self::TooLarge { .. } | Self::NoStream(_)
        )
    }
}

/// The HTTP status code of each kind of error.
pub(super) fn status(kind: Kind) -> StatusCode {
    match kind {
        Kind::BadRequest => StatusCode::BAD_REQUEST,
        Kind::Unauthenticated => StatusCode::UNAUTHORIZED,
        Kind::Forbidden | Kind::Plaintext => StatusCode::FORBIDDEN,
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Kind::NameTaken | Kind::Conflict => StatusCode::CONFLICT,
        Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Kind::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Kind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        Kind::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Kind::Internal | Kind::Unknown => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The response to a failed request.
pub(super) fn respond(failure: &Failure) -> hyper::Response<Body> {
    let kind = failure.kind();
    let status = status(kind);
    let problem = Problem {
        type_uri: "about:blank".to_owned(),
        title: status.canonical_reason().unwrap_or_default().to_owned(),
        status: status.as_u16(),
        detail: failure.detail(),
        kind,
        errors: failure.errors(),
    };
    let json = serde_json::to_vec(&problem).expect("texts and numbers always serialise");
    let mut response = uncached(status, Body::whole(json));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    add_advice(failure, headers);
    if failure.closes() {
        close_after(&mut response);
    }
    response
}

/// Adds the header fields that say what the client can do about it.
fn add_advice(failure: &Failure, headers: &mut HeaderMap) {
    match failure {
        Failure::MethodNotAllowed { allow } => {
            headers.insert(ALLOW, HeaderValue::from_str(allow).expect("the names of methods are ASCII"));
        }
        Failure::EncodedBody => {
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        }
        Failure::NoToken => challenge(headers, "Bearer"),
        Failure::Refused(error) | Failure::NoStream(error) => match error {
            Error::WrongCredentials => challenge(headers, "Bearer"),
            Error::Unauthenticated => challenge(headers, r#"Bearer error="invalid_token""#),
            Error::RateLimited { retry_after: after, .. } => retry_after(headers, seconds(*after)),
            Error::NotIndexed { .. } => retry_after(headers, INDEXING_SECONDS),
            Error::TooMany(_) => retry_after(headers, TOO_MANY_SECONDS),
            Error::Unavailable(_) | Error::Store(store::Error::Closed) => retry_after(headers, OVERLOAD_SECONDS),
            Error::Store(store::Error::Unavailable(_) | store::Error::Fatal(_)) => {
                retry_after(headers, STORE_SECONDS);
            }
            _ => {}
        },
        _ => {}
    }
}

/// The challenge of a 401 (RFC 6750 section 3: an error code only if a token was sent).
fn challenge(headers: &mut HeaderMap, challenge: &'static str) {
    headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
}

fn retry_after(headers: &mut HeaderMap, seconds: u64) {
    headers.insert(RETRY_AFTER, seconds.into());
}

/// Whole seconds, rounded up, at least one.
fn seconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis().div_ceil(1000).max(1)).unwrap_or(u64::MAX)
}
