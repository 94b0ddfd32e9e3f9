//! What is logged of a request: one line with method, route, status, kind and request id.
//!
//! Failures of the server are logged as errors or warnings, refused requests as information, all others for debugging.
//! The route is the pattern of the path. Ids, queries, header fields and bodies do not get here, so no token, password or
//! text can be logged.

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

/// Most lines of one sort in one [`WINDOW`]. Anybody can make a request fail, and a log must not fill a disk.
const LINES_MAX: u32 = 500;
const WINDOW: Duration = Duration::from_secs(10);

/// Logs requests, and bounds how much.
#[derive(Default)]
pub(super) struct RequestLog {
    /// A flood of refused requests leaves room for failures of the server.
    refusals: LineLimit,
    server_failures: LineLimit,
}

/// Bounds the lines of one sort.
#[derive(Default)]
struct LineLimit(Mutex<Window>);

/// Lines since `begun`.
#[derive(Default)]
struct Window {
    begun: Option<Instant>,
    logged: u32,
    left_out: u32,
}

/// A request that is not answered yet.
pub(super) struct Entry<'a> {
    log: &'a RequestLog,
    method: &'static str,
    route: &'static str,
    /// Kept only if it is going to be logged.
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
    /// Whether a line may be logged. Reports first how many were left out before it.
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
            tracing::warn!(left_out, "more requests failed than are logged");
        }
        admits
    }
}

impl Entry<'_> {
    /// The request is answered. A stream is, once it begins.
    pub(super) fn answered(&self, status: StatusCode, id: &RequestId) {
        let Some(begun) = self.begun else { return };
        let (method, route, request_id) = (self.method, self.route, id.as_str());
        let (status, elapsed) = (status.as_u16(), begun.elapsed());
        tracing::debug!(%method, %route, status, ?elapsed, %request_id, "request answered");
    }

    /// The request is refused, or the server could not do it.
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

/// The name of a method. A client may invent one that is as long as a whole head.
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
    fn a_flood_of_failures_fills_no_disk() {
        let (limit, start) = (LineLimit::default(), Instant::now());
        let admitted = (0..LINES_MAX + 7).filter(|_| limit.admits(start)).count();
        assert_eq!(admitted, LINES_MAX as usize);
        assert_eq!(limit.0.lock().unwrap().left_out, 7);
        assert!(limit.admits(start + WINDOW), "the next window has room again");
        assert_eq!(limit.0.lock().unwrap().left_out, 0, "they are reported once");
    }
}
