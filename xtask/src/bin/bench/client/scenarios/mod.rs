//! The scenarios of the client's bench, one file each.

mod bytes;
mod flood;
mod idle;
mod key;
mod memory;
mod message;
mod start;

use std::time::Duration;

use super::{Result, report::Row, session::Session};

pub(super) struct Scenario {
    pub(super) name: &'static str,
    pub(super) what: &'static str,
    /// What the client is connected to.
    pub(super) peer: &'static str,
    pub(super) run: fn(&Plan) -> Result<Vec<Row>>,
}

/// The scripted server.
const SCRIPT: &str = "script";

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario { name: "start", what: "start while signed in, without a server", peer: "none", run: start::run },
    Scenario { name: "key", what: "a key while the room has a long history", peer: SCRIPT, run: key::run },
    Scenario { name: "message", what: "a message in a room with a long history", peer: SCRIPT, run: message::run },
    Scenario { name: "flood", what: "keys while many messages arrive", peer: SCRIPT, run: flood::run },
    Scenario { name: "bytes", what: "bytes written to the terminal for one message", peer: SCRIPT, run: bytes::run },
    Scenario {
        name: "memory",
        what: "memory with many rooms, with a long history, and after leaving it",
        peer: SCRIPT,
        run: memory::run,
    },
    Scenario { name: "idle", what: "a minute without input or messages", peer: SCRIPT, run: idle::run },
];

/// How much to measure.
pub(super) struct Plan {
    is_quick: bool,
}

impl Plan {
    pub(super) fn new(is_quick: bool) -> Self {
        Self { is_quick }
    }

    /// `full` for a measurement, `quick` for a run that only shows that the bench works.
    pub(super) fn pick<T>(&self, full: T, quick: T) -> T {
        if self.is_quick { quick } else { full }
    }

    /// Longer than any delay in the client: it saves a draft, marks a message as read and hides a notice within this
    /// time. If it draws nothing for this long, it has nothing left to do.
    fn idle_time(&self) -> Duration {
        self.pick(Duration::from_secs(4), Duration::from_millis(50))
    }

    /// An idle client whose open room got this many messages.
    fn session_with(&self, messages: u64) -> Result<Session> {
        let mut session = Session::start(1, 50)?;
        session.add_messages(messages)?;
        session.terminal.wait_until_idle(self.idle_time())?;
        Ok(session)
    }

    /// The number of messages that the client keeps of the open room.
    fn long_history(&self) -> u64 {
        self.pick(100_000, 600)
    }
}
