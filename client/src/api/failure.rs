//! Why a call or a stream failed, in one sentence for the user.

use std::{fmt, io::ErrorKind};

use quchat_shared::{Kind, Problem};
use ureq::{
    Error, Timeout,
    http::{HeaderMap, StatusCode, header},
};

use super::{bounds, verifier};

/// Longest `Retry-After` that is respected, in seconds.
const RETRY_AFTER_MAX_S: u64 = 24 * 60 * 60;

/// The reason if no program listens on the port (connection refused).
pub(crate) const REFUSED: &str = "nothing listens there";

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The server answered with an error.
    Refused {
        /// The error. If the body is not a problem document, the kind is `Kind::Unknown` and the rest comes from the
        /// status.
        problem: Problem,
        /// `Retry-After`, in milliseconds.
        retry_after_ms: Option<u64>,
    },
    /// No valid answer: connection refused, timed out or cut off, or not JSON.
    Unreachable {
        /// One sentence for the user, without the address.
        reason: String,
    },
    /// The answer is larger than the client accepts. Trying again is unlikely to help.
    TooLarge,
}

impl Failure {
    /// The HTTP status, if there was an answer.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { problem, .. } => Some(problem.status),
            Self::Unreachable { .. } | Self::TooLarge => None,
        }
    }

    /// One sentence for the user.
    #[must_use]
    pub fn reason(&self) -> &str {
        match self {
            Self::Refused { problem, .. } => &problem.detail,
            Self::Unreachable { reason } => reason,
            Self::TooLarge => "the server's answer is too large for quchat",
        }
    }

    /// Whether the same request may succeed later. A status below 400 may pass, too: it comes from something between
    /// client and server, such as the sign-in page of a network. So does a refusal of everything that is not encrypted.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        self.is_plaintext()
            || self.status().is_none_or(|status| status < 400 || matches!(status, 401 | 408 | 429 | 500..))
    }

    /// Whether the server takes only encrypted connections from here, and this one was not.
    fn is_plaintext(&self) -> bool {
        matches!(self, Self::Refused { problem, .. } if problem.kind == Kind::Plaintext)
    }

    /// How long the server asks to wait, in milliseconds from now.
    #[must_use]
    pub fn retry_after_ms(&self) -> Option<u64> {
        match self {
            Self::Refused { retry_after_ms, .. } => *retry_after_ms,
            Self::Unreachable { .. } | Self::TooLarge => None,
        }
    }

    /// The failure for an error status.
    pub(super) fn refused(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Self {
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
        let retry_after = headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
        let seconds = retry_after.and_then(|value| value.trim().parse::<u64>().ok());
        Self::Refused { problem, retry_after_ms: seconds.map(|s| s.min(RETRY_AFTER_MAX_S) * 1000) }
    }

    /// The failure for a missing or incomplete answer.
    pub(super) fn unreachable(error: &Error) -> Self {
        match error {
            Error::BodyExceedsLimit(_) => Self::TooLarge,
            _ => Self::because(&reason(error)),
        }
    }

    /// The failure for an answer that does not come from a quchat server.
    pub(super) fn not_understood() -> Self {
        Self::because(NOT_UNDERSTOOD)
    }

    /// The failure for an invalid answer, for example a page that was not requested.
    pub(crate) fn nonsense() -> Self {
        Self::because("the server sent an invalid answer")
    }

    /// A bug in the client: a panic or an impossible state.
    pub(crate) fn fault() -> Self {
        Self::because("internal error; the log has details")
    }

    /// [`Failure::Unreachable`] for this reason.
    pub(crate) fn because(reason: &str) -> Self {
        Self::Unreachable { reason: reason.to_owned() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason())
    }
}

impl std::error::Error for Failure {}

const NOT_UNDERSTOOD: &str = "unexpected answer: is this a quchat server?";

/// The reason if the server has another key than the known one.
const KEY_CHANGED: &str = "the server has another key than the one that quchat knows, so nothing was sent to it; ask its \
                           operator, and sign in again to see both keys";

fn is_changed_key(error: &std::io::Error) -> bool {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    inner.is_some_and(verifier::is_changed_key)
}

fn reason(error: &Error) -> String {
    match error {
        Error::HostNotFound => "unknown host".into(),
        Error::Timeout(Timeout::Resolve) => "looking up the host name timed out".into(),
        Error::Timeout(Timeout::Connect) => "connecting timed out".into(),
        Error::Timeout(_) => "no answer in time".into(),
        Error::BadUri(_) | Error::Http(_) => "invalid address".into(),
        Error::Protocol(_) | Error::LargeResponseHeader(..) => NOT_UNDERSTOOD.into(),
        Error::Tls(_) | Error::Rustls(_) => format!("cannot encrypt the connection: {error}"),
        Error::Io(error) => match error.kind() {
            ErrorKind::ConnectionRefused => REFUSED.into(),
            ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable | ErrorKind::NetworkDown => {
                "network unreachable".into()
            }
            ErrorKind::UnexpectedEof
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe
            | ErrorKind::NotConnected => "the connection was cut".into(),
            ErrorKind::TimedOut | ErrorKind::WouldBlock => "no answer in time".into(),
            ErrorKind::InvalidData if is_changed_key(error) => KEY_CHANGED.into(),
            ErrorKind::InvalidData => format!("cannot encrypt the connection: {error}"), // an error of rustls
            _ if error.to_string().starts_with("failed to lookup address") => "unknown host".into(), // std's text
            _ => error.to_string(),
        },
        _ => error.to_string(),
    }
}
