//! The messages of a room that are at hand: one contiguous run of seq.

use std::{collections::VecDeque, sync::Arc};

use quchat_shared::{Message, Seq};

/// One contiguous run of a room's messages, ascending by seq.
#[derive(Debug, Clone)]
pub struct Timeline {
    /// The run; the index of a message is its distance in seq from the first.
    pub run: VecDeque<Arc<Message>>,
    /// There are (or may be) messages before the run.
    pub has_older: bool,
    /// There are (or may be) messages after the run. While true, new messages are not appended.
    pub has_newer: bool,
}

impl Default for Timeline {
    /// Nothing is known yet.
    fn default() -> Self {
        Self { run: VecDeque::new(), has_older: true, has_newer: true }
    }
}

impl Timeline {
    /// Nothing has been fetched yet: not the same as a room without messages.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.run.is_empty() && (self.has_older || self.has_newer)
    }

    /// The first seq of the run.
    #[must_use]
    pub fn first(&self) -> Option<Seq> {
        self.run.front().map(|message| message.seq)
    }

    /// The last seq of the run.
    #[must_use]
    pub fn last(&self) -> Option<Seq> {
        self.run.back().map(|message| message.seq)
    }

    /// Where in the run a message is.
    #[must_use]
    pub fn index(&self, seq: Seq) -> Option<usize> {
        let distance = usize::try_from(seq.0.checked_sub(self.first()?.0)?).ok()?;
        (distance < self.run.len()).then_some(distance)
    }
}
