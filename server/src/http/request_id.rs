//! Request ids (`X-Request-Id`), which link a response to its line in the log.

use std::sync::atomic::{AtomicU64, Ordering};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hyper::header::HeaderValue;

/// Length of an id in bytes: the prefix, a dot and eight digits. After 2^32 requests the ids become longer.
const LEN: usize = 8 + 1 + 8;

/// Generates ids: a prefix of 48 random bits for each run of the server, and a counter.
pub(super) struct RequestIds {
    prefix: String,
    next: AtomicU64,
}

/// The value of `X-Request-Id`. Printable ASCII.
#[derive(Debug)]
pub(super) struct RequestId(String);

impl RequestIds {
    /// # Errors
    /// The operating system has no random bytes.
    pub(super) fn new() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 6];
        getrandom::fill(&mut bytes)?;
        Ok(Self { prefix: BASE64_URL_SAFE_NO_PAD.encode(bytes), next: AtomicU64::new(1) })
    }

    pub(super) fn next(&self) -> RequestId {
        use std::fmt::Write;
        let mut id = String::with_capacity(LEN);
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        write!(id, "{}.{number:08x}", self.prefix).expect("writing to a string cannot fail");
        RequestId(id)
    }
}

impl RequestId {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<RequestId> for HeaderValue {
    fn from(id: RequestId) -> Self {
        Self::try_from(id.0).expect("an id is printable ASCII")
    }
}
