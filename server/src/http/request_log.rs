//! The access log: one line per request with method, route, status, kind and request id.
//!
//! Failures of the server are logged at `error` or `warn`, refused requests at `info`, all others at `debug`. The route
//! is the pattern of the path. Ids, queries, header fields and bodies never get here, so no token, password or text can
//! be logged.

use std::{
    error::Error,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use hyper::{Method, StatusCode};
use quchat_shared::Kind;

use super::{
    problem::{self, Failure},
    request_id::RequestId,
};

/// Most lines of one kind per [`WINDOW`]. Anyone can make requests fail, and the log must not fill the disk.
const LINES_MAX: u32 = 500;
const WINDOW: Duration = Duration::from_secs(10);

/// Logs requests, up to a limit.
#[derive(Default)]
pub(super) struct RequestLog {
    /// Limited separately, so that a flood of refused requests leaves room for failures of the server.
    refusals: LineLimit,
    server_failures: LineLimit,
}

/// Limits the lines of one kind.
#[derive(Default)]
struct LineLimit(Mutex<Window>);

/// Lines since `begun`.
#[derive(Default)]
struct Window {
    begun: Option<Instant>,
    logged: u32,
    left_out: u32,
}

/// A request that has not been answered yet.
pub(super) struct Entry<'a> {
    log: &'a RequestLog,
    method: &'static str,
    route: &'static str,
    /// Set only if the duration will be logged.
    begun: Option<Instant>,
}

impl RequestLog {
    /// `route` is the pattern of the path, if there is one.
    pub(super) fn begin(&self, method: &Method, route: Option<&'static str>) -> Entry<'_> {
        let begun = tracing::enabled!(tracing::Level::DEBUG).then(Instant::now);
        Entry { log: self, method: name(method), route: route.unwrap_or("none"), begun }
    }
}

impl LineLimit {
    /// Whether a line may be logged. First reports how many lines were left out before it.
    fn admits(&self, now: Instant) -> bool {
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut left_out = 0;
        if window.begun.is_none_or(|begun| now.saturating_duration_since(begun) >= WINDOW) {
            left_out = window.left_out;
            *window = Window { begun: Some(now), ..Window::default() };
        }
        let admits = window.logged < LINES_MAX;
        if admits {
            window.logged += 1;
        } else {
            window.left_out += 1;
        }
        drop(window);
        if left_out > 0 {
            tracing::warn!(left_out, "too many failed requests; some were not logged");
        }
        admits
    }
}

impl Entry<'_> {
    /// Logs a successful request. A stream counts as successful once it begins.
    pub(super) fn answered(&self, status: StatusCode, id: &RequestId) {
        let Some(begun) = self.begun else { return };
        let (method, route, request_id) = (self.method, self.route, id.as_str());
        let (status, elapsed) = (status.as_u16(), begun.elapsed());
        tracing::debug!(%method, %route, status, ?elapsed, %request_id, "request answered");
    }

    /// Logs a request that was refused or that the server could not handle.
    pub(super) fn failed(&self, failure: &Failure, id: &RequestId) {
        let kind = failure.kind();
        let status = problem::status(kind);
        let limit = if status.is_server_error() { &self.log.server_failures } else { &self.log.refusals };
        if !limit.admits(Instant::now()) {
            return;
        }
        let (method, route, status, request_id) = (self.method, self.route, status.as_u16(), id.as_str());
        match kind {
            Kind::Internal => {
                let error = failure as &dyn Error;
                tracing::error!(%method, %route, status, %kind, %request_id, error, "request failed");
            }
            Kind::Unavailable => tracing::warn!(%method, %route, status, %kind, %request_id, "request failed"),
            _ => tracing::info!(%method, %route, status, %kind, %request_id, "request failed"),
        }
    }
}

/// The name of a method. Unknown methods are not logged by name, because a client may send one as long as a whole head.
fn name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_failures_does_not_fill_the_disk() {
        let (limit, start) = (LineLimit::default(), Instant::now());
        let admitted = (0..LINES_MAX + 7).filter(|_| limit.admits(start)).count();
        assert_eq!(admitted, LINES_MAX as usize);
        assert_eq!(limit.0.lock().unwrap().left_out, 7);
        assert!(limit.admits(start + WINDOW), "the next window has room again");
        assert_eq!(limit.0.lock().unwrap().left_out, 0, "left-out lines are reported once");
    }
}
