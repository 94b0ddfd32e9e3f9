//! Counts the requests that a limit refused.

use super::problem::Failure;
use crate::{
    domain::{Error, Limit},
    metrics::{Counter, Page},
};

/// How often each limit was hit.
#[derive(Default)]
pub(super) struct LimitHits {
    /// In the order of [`Limit::ALL`].
    limits: [Counter; Limit::ALL.len()],
    /// The server has too much to do.
    load: Counter,
    /// A body is too large.
    body_size: Counter,
}

impl LimitHits {
    /// Counts the failure if a limit is its cause.
    pub(super) fn count(&self, failure: &Failure) {
        match failure {
            Failure::Refused(error) | Failure::NoStream(error) => match error {
                Error::RateLimited { limit, .. } | Error::TooMany(limit) => self.limits[*limit as usize].add(1),
                Error::Unavailable(_) => self.load.add(1),
                _ => {}
            },
            Failure::TooLarge { .. } => self.body_size.add(1),
            _ => {}
        }
    }

    pub(super) fn write(&self, page: &mut Page) {
        let name = "quchat_limit_hits_total";
        let limits = Limit::ALL.map(Limit::name).into_iter().zip(&self.limits);
        page.metric(name);
        for (limit, hits) in limits.chain([("load", &self.load), ("body_size", &self.body_size)]) {
            page.sample(name, &[("limit", limit)], hits.get());
        }
    }
}
