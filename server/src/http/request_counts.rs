//! Counts answered requests by method, route and status, and the time that they took.

use std::time::Duration;

use hyper::{Method, StatusCode};

use crate::metrics::{Counter, Histogram, Page, Scale};

const METHODS: [&str; 6] = ["GET", "POST", "PUT", "PATCH", "DELETE", "other"];
/// The statuses that the API answers with; any other counts as the last.
const STATUSES: [&str; 16] =
    ["200", "201", "204", "400", "401", "403", "404", "405", "409", "413", "415", "422", "429", "500", "503", "other"];

/// The requests to one path.
pub(super) struct PathCounts {
    methods: [MethodCounts; METHODS.len()],
}

struct MethodCounts {
    statuses: [Counter; STATUSES.len()],
    time: Histogram,
}

impl Default for PathCounts {
    fn default() -> Self {
        let method = |_| MethodCounts { statuses: Default::default(), time: Histogram::new(Scale::TIME) };
        Self { methods: std::array::from_fn(method) }
    }
}

impl PathCounts {
    pub(super) fn count(&self, method: &Method, status: StatusCode, time: Duration) {
        let method = match *method {
            Method::GET | Method::HEAD => 0,
            Method::POST => 1,
            Method::PUT => 2,
            Method::PATCH => 3,
            Method::DELETE => 4,
            _ => 5,
        };
        let counts = &self.methods[method];
        let known = STATUSES.iter().position(|known| *known == status.as_str());
        counts.statuses[known.unwrap_or(STATUSES.len() - 1)].add(1);
        counts.time.observe_time(time);
    }

    /// The methods that were used.
    fn used(&self) -> impl Iterator<Item = (&'static str, &MethodCounts)> {
        let is_used = |(_, counts): &(_, &MethodCounts)| counts.statuses.iter().any(|status| status.get() > 0);
        METHODS.into_iter().zip(&self.methods).filter(is_used)
    }
}

/// Writes the counts of all paths, each with its pattern.
pub(super) fn write<'a>(paths: impl Iterator<Item = (&'a str, &'a PathCounts)> + Clone, page: &mut Page) {
    let name = "quchat_requests_total";
    page.metric(name);
    for (route, counts) in paths.clone() {
        for (method, counts) in counts.used() {
            for (status, count) in STATUSES.iter().zip(&counts.statuses).filter(|(_, count)| count.get() > 0) {
                page.sample(name, &[("method", method), ("route", route), ("status", status)], count.get());
            }
        }
    }
    let name = "quchat_request_seconds";
    page.metric(name);
    for (route, counts) in paths {
        for (method, counts) in counts.used() {
            page.histogram(name, &[("method", method), ("route", route)], &counts.time);
        }
    }
}
