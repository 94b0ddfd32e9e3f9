//! What went wrong, in one sentence for the person at the keyboard.

use std::io::ErrorKind;

use quchat_shared::{Kind, Problem};
use ureq::{
    Error, Timeout,
    http::{HeaderMap, StatusCode, header},
};

use super::bounds;
use crate::update::{Failure, REFUSED};

/// Longest `Retry-After` that is believed.
const RETRY_AFTER_MAX_S: u64 = 24 * 60 * 60;

/// What answers, but is no quchat server.
pub(super) const NOT_UNDERSTOOD: &str = "the answer was not understood: is this a quchat server?";
/// What can only be our own doing.
pub(super) const FAULT: &str = "a fault in quchat itself; its log says more";

/// An answer that is not a success.
pub(super) fn refused(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Failure {
    let problem = match serde_json::from_slice::<Problem>(body) {
        Ok(problem) => bounds::problem(Problem { status: status.as_u16(), ..problem }),
        Err(_) => Problem {
            type_uri: "about:blank".into(),
            title: status.canonical_reason().unwrap_or("Unknown").into(),
            status: status.as_u16(),
            detail: format!("the server answered {status}"),
            kind: Kind::Unknown,
            errors: Vec::new(),
        },
    };
    let seconds = headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse::<u64>().ok());
    Failure::Refused { problem, retry_after_ms: seconds.map(|s| s.min(RETRY_AFTER_MAX_S) * 1000) }
}

/// No answer, or half of one.
pub(super) fn unreachable(error: &Error) -> Failure {
    match error {
        Error::BodyExceedsLimit(_) => Failure::TooLarge,
        _ => Failure::Unreachable { reason: reason(error) },
    }
}

fn reason(error: &Error) -> String {
    match error {
        Error::HostNotFound => "no host of that name".into(),
        Error::Timeout(Timeout::Resolve) => "the host's name could not be looked up in time".into(),
        Error::Timeout(Timeout::Connect) => "no answer while connecting".into(),
        Error::Timeout(_) => "no answer in time".into(),
        Error::BadUri(_) | Error::Http(_) => "this is not an address a request can go to".into(),
        Error::Protocol(_) | Error::LargeResponseHeader(..) => NOT_UNDERSTOOD.into(),
        Error::Tls(_) | Error::Rustls(_) => format!("no encrypted connection: {error}"),
        Error::Io(error) => match error.kind() {
            ErrorKind::ConnectionRefused => REFUSED.into(),
            ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable | ErrorKind::NetworkDown => {
                "there is no way to that network".into()
            }
            ErrorKind::UnexpectedEof
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe
            | ErrorKind::NotConnected => "the connection was cut".into(),
            ErrorKind::TimedOut | ErrorKind::WouldBlock => "no answer in time".into(),
            ErrorKind::InvalidData => format!("no encrypted connection: {error}"), // rustls speaks through io
            _ if error.to_string().starts_with("failed to lookup address") => "no host of that name".into(), // std's words
            _ => error.to_string(),
        },
        _ => error.to_string(),
    }
}
