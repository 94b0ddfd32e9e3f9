//! What is measured, one file each.

mod connect;
mod crowd;
mod fanout;
mod history;
mod idle;
mod latency;
mod resume;
mod send;
mod signin;

use std::time::Duration;

use super::{Result, report::Row};

/// One scenario.
pub(super) struct Scenario {
    pub(super) name: &'static str,
    pub(super) what: &'static str,
    pub(super) run: fn(&Plan) -> Result<Vec<Row>>,
}

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario { name: "fanout", what: "one sender, many who hear it", run: fanout::run },
    Scenario { name: "idle", what: "streams on which nothing happens", run: idle::run },
    Scenario { name: "send", what: "many senders, one who hears it", run: send::run },
    Scenario { name: "latency", what: "a steady trickle, and how late it arrives", run: latency::run },
    Scenario { name: "connect", what: "streams opened all at once", run: connect::run },
    Scenario { name: "crowd", what: "a busy room beside idle streams of others", run: crowd::run },
    Scenario { name: "resume", what: "clients far behind, all at once", run: resume::run },
    Scenario { name: "history", what: "pages of a long room, and a list of many rooms", run: history::run },
    Scenario { name: "signin", what: "people signing in while others talk", run: signin::run },
];

/// How much of everything.
pub(super) struct Plan {
    is_quick: bool,
    pub(super) runs: u32,
    pub(super) has_peer: bool,
}

impl Plan {
    pub(super) fn new(is_quick: bool, runs: u32, has_peer: bool) -> Self {
        Self { is_quick, runs, has_peer }
    }

    /// The number that measures, or the one that only shows that it works.
    pub(super) fn pick<T>(&self, full: T, quick: T) -> T {
        if self.is_quick { quick } else { full }
    }
}

/// So many percent took no longer, in ms.
fn percentile(delays: &[Duration], percent: usize) -> f64 {
    let mut delays = delays.to_vec();
    delays.sort_unstable();
    let last = delays.len().saturating_sub(1);
    delays.get(last * percent / 100).map_or(f64::NAN, |delay| delay.as_secs_f64() * 1e3)
}
