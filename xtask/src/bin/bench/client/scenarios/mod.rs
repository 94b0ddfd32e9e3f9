//! What is measured, one file each.

mod bytes;
mod flood;
mod idle;
mod key;
mod memory;
mod message;
mod start;

use std::time::Duration;

use super::{Result, report::Row};

/// One scenario.
pub(super) struct Scenario {
    pub(super) name: &'static str,
    pub(super) what: &'static str,
    /// Whom the client speaks to.
    pub(super) peer: &'static str,
    pub(super) run: fn(&Plan) -> Result<Vec<Row>>,
}

/// The scripted server, which knows the instant of everything it says.
const SCRIPT: &str = "script";

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario { name: "start", what: "a kept sign-in and a dead server", peer: "none", run: start::run },
    Scenario { name: "key", what: "a key in a long history", peer: SCRIPT, run: key::run },
    Scenario { name: "message", what: "a message at the end of a long history", peer: SCRIPT, run: message::run },
    Scenario { name: "flood", what: "keys while messages pour in", peer: SCRIPT, run: flood::run },
    Scenario {
        name: "bytes",
        what: "what one message costs on the wire to the terminal",
        peer: SCRIPT,
        run: bytes::run,
    },
    Scenario { name: "memory", what: "many rooms, then a long history, then none", peer: SCRIPT, run: memory::run },
    Scenario { name: "idle", what: "a minute in which nothing happens", peer: SCRIPT, run: idle::run },
];

/// How much of everything.
pub(super) struct Plan {
    is_quick: bool,
}

impl Plan {
    pub(super) fn new(is_quick: bool) -> Self {
        Self { is_quick }
    }

    /// The number that measures, or the one that only shows that it works.
    pub(super) fn pick<T>(&self, full: T, quick: T) -> T {
        if self.is_quick { quick } else { full }
    }

    /// Longer than the client waits with anything it does by itself: a draft saved, a message marked as read, a notice
    /// gone. Who draws nothing for so long has nothing left to do.
    fn settled(&self) -> Duration {
        self.pick(Duration::from_secs(4), Duration::from_millis(50))
    }

    /// As many messages as the client keeps of the room in view.
    fn long(&self) -> u64 {
        self.pick(100_000, 600)
    }
}
