//! The only place with statuses of failure: what went wrong, as `application/problem+json` (RFC 9457).

use std::{borrow::Cow, time::Duration};

use hyper::{
    StatusCode,
    header::{ACCEPT_ENCODING, ALLOW, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE},
};
use quchat_shared::{Kind, Problem, problem::FieldError};

use super::{
    body::Body,
    response::{closing, uncached},
};
use crate::{domain::Error, store};

/// Why a request is not answered with success.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("{0}")]
    BadRequest(Cow<'static, str>),
    #[error("there is nothing at this path")]
    NoSuchPath,
    #[error("this path takes {allow}")]
    MethodNotAllowed { allow: String },
    #[error("sign in: this needs a token in Authorization: Bearer")]
    NoToken,
    /// Of a body the rest is missing, and with it the place where the next request begins.
    #[error("{0}")]
    Incomplete(&'static str),
    #[error("the body has more than {max} bytes")]
    TooLarge { max: usize },
    #[error("the body is not JSON; send it with Content-Type: application/json")]
    UnsupportedMediaType,
    #[error("the body is compressed; send it as it is, without Content-Encoding")]
    EncodedBody,
    /// Where such a body ends is not known for sure.
    #[error("the only Transfer-Encoding here is chunked, once")]
    TransferCoding,
    #[error(transparent)]
    Refused(#[from] Error),
    /// A stream that is not opened leaves its connection to somebody else.
    #[error(transparent)]
    NoStream(Error),
}

/// Retry after an overload, in seconds.
const OVERLOAD_SECONDS: u64 = 1;
/// Retry after the database could not be used, in seconds: a person may have to make room first.
const STORE_SECONDS: u64 = 5;
/// Retry after one user has too many of something at once, in seconds.
const TOO_MANY_SECONDS: u64 = 10;

/// The answer to a connection for which there is no place.
pub(super) fn no_place() -> hyper::Response<Body> {
    respond(&Failure::from(Error::Unavailable("the server has as many connections as it takes; try again in a moment")))
}

pub(super) fn respond(failure: &Failure) -> hyper::Response<Body> {
    let detail = failure.to_string();
    match failure {
        Failure::BadRequest(_) => response(StatusCode::BAD_REQUEST, Kind::BadRequest, &detail),
        Failure::NoSuchPath => response(StatusCode::NOT_FOUND, Kind::NotFound, &detail),
        Failure::MethodNotAllowed { allow } => {
            let mut response = response(StatusCode::METHOD_NOT_ALLOWED, Kind::MethodNotAllowed, &detail);
            response.headers_mut().extend(HeaderValue::from_str(allow).map(|methods| (ALLOW, methods)));
            response
        }
        Failure::NoToken => unauthenticated(&detail, "Bearer"),
        Failure::Incomplete(_) => closed(response(StatusCode::BAD_REQUEST, Kind::BadRequest, &detail)),
        Failure::TransferCoding => closed(response(StatusCode::BAD_REQUEST, Kind::BadRequest, &detail)),
        Failure::TooLarge { .. } => closed(response(StatusCode::PAYLOAD_TOO_LARGE, Kind::TooLarge, &detail)),
        Failure::UnsupportedMediaType => {
            response(StatusCode::UNSUPPORTED_MEDIA_TYPE, Kind::UnsupportedMediaType, &detail)
        }
        Failure::EncodedBody => {
            let mut response = response(StatusCode::UNSUPPORTED_MEDIA_TYPE, Kind::UnsupportedMediaType, &detail);
            response.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
            response
        }
        Failure::Refused(error) => refuse(error, &detail),
        Failure::NoStream(error) => closed(refuse(error, &detail)),
    }
}

fn refuse(error: &Error, detail: &str) -> hyper::Response<Body> {
    match error {
        Error::Unauthenticated => unauthenticated(detail, r#"Bearer error="invalid_token""#),
        Error::WrongCredentials => unauthenticated(detail, "Bearer"),
        Error::Forbidden(_) => response(StatusCode::FORBIDDEN, Kind::Forbidden, detail),
        Error::NotFound(_) => response(StatusCode::NOT_FOUND, Kind::NotFound, detail),
        Error::NameTaken => response(StatusCode::CONFLICT, Kind::NameTaken, detail),
        Error::Conflict(_) => response(StatusCode::CONFLICT, Kind::Conflict, detail),
        Error::Invalid { field, detail: of_field } => {
            let errors = vec![FieldError { field: field.to_string(), detail: of_field.to_string() }];
            encode(StatusCode::UNPROCESSABLE_ENTITY, Kind::Invalid, detail, errors)
        }
        Error::RateLimited { retry_after: after } => {
            retry_after(response(StatusCode::TOO_MANY_REQUESTS, Kind::RateLimited, detail), *after)
        }
        Error::TooMany(_) => {
            let response = response(StatusCode::TOO_MANY_REQUESTS, Kind::RateLimited, detail);
            retry_after(response, Duration::from_secs(TOO_MANY_SECONDS))
        }
        Error::Unavailable(_) | Error::Store(store::Error::Closed) => {
            let response = response(StatusCode::SERVICE_UNAVAILABLE, Kind::Unavailable, detail);
            retry_after(response, Duration::from_secs(OVERLOAD_SECONDS))
        }
        // The store has logged the reason, once.
        Error::Store(store::Error::Unavailable(_) | store::Error::Fatal(_)) => {
            let detail = "the server cannot use its database at the moment; try again later";
            let response = response(StatusCode::SERVICE_UNAVAILABLE, Kind::Unavailable, detail);
            retry_after(response, Duration::from_secs(STORE_SECONDS))
        }
        Error::Store(error) => {
            // The log gets the reason, the caller does not.
            tracing::error!(error = error as &dyn std::error::Error, "a request failed");
            let detail = "the server could not do this; its log says why";
            response(StatusCode::INTERNAL_SERVER_ERROR, Kind::Internal, detail)
        }
    }
}

/// 401 with its challenge (RFC 6750 section 3: an error code only where a token came along).
fn unauthenticated(detail: &str, challenge: &'static str) -> hyper::Response<Body> {
    let mut response = response(StatusCode::UNAUTHORIZED, Kind::Unauthenticated, detail);
    response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    response
}

fn closed(mut response: hyper::Response<Body>) -> hyper::Response<Body> {
    closing(&mut response);
    response
}

fn retry_after(mut response: hyper::Response<Body>, after: Duration) -> hyper::Response<Body> {
    let seconds = after.as_millis().div_ceil(1000).max(1);
    let seconds = u64::try_from(seconds).unwrap_or(u64::MAX);
    response.headers_mut().insert(RETRY_AFTER, seconds.into());
    response
}

fn response(status: StatusCode, kind: Kind, detail: &str) -> hyper::Response<Body> {
    encode(status, kind, detail, Vec::new())
}

fn encode(status: StatusCode, kind: Kind, detail: &str, errors: Vec<FieldError>) -> hyper::Response<Body> {
    let problem = Problem {
        type_uri: "about:blank".to_owned(),
        title: status.canonical_reason().unwrap_or_default().to_owned(),
        status: status.as_u16(),
        detail: detail.to_owned(),
        kind,
        errors,
    };
    let json = serde_json::to_vec(&problem).expect("texts and numbers always serialise");
    let mut response = uncached(status, Body::full(json));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    response
}
