//! The newest events, kept for streams that register shortly after them.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::domain::audience::Audience;

/// Most events kept.
const EVENTS_MAX: usize = 4096;
/// Most bytes kept.
const BYTES_MAX: usize = 8 * 1024 * 1024;

/// The newest events, encoded, oldest first.
#[derive(Debug)]
pub(super) struct RecentEvents {
    /// The id of the event before the oldest one kept.
    base: u64,
    events: VecDeque<(u64, Audience, Bytes)>,
    bytes: usize,
}

impl RecentEvents {
    pub(super) fn new(head: u64) -> Self {
        Self { base: head, events: VecDeque::new(), bytes: 0 }
    }

    pub(super) fn push(&mut self, id: u64, audience: Audience, frame: Bytes) {
        self.bytes += frame.len();
        self.events.push_back((id, audience, frame));
        while self.events.len() > EVENTS_MAX || self.bytes > BYTES_MAX {
            let Some((id, _, frame)) = self.events.pop_front() else { break };
            self.base = id;
            self.bytes -= frame.len();
        }
    }

    /// The events after `position`; `None` if some of them are no longer kept.
    pub(super) fn after(&self, position: u64) -> Option<impl Iterator<Item = (Audience, &Bytes)>> {
        let start = self.events.partition_point(|&(id, ..)| id <= position);
        (position >= self.base).then(|| self.events.range(start..).map(|(_, audience, frame)| (*audience, frame)))
    }
}
