//! Broadcasts that may be late or left out: sent to some streams at a time, so that no message waits for thousands.

use std::collections::VecDeque;

use quchat_shared::Cursor;

use super::{
    heartbeat,
    listeners::{Key, Listeners},
};
use crate::{budget::Budget, stream::Chunk};

/// Streams that get a broadcast before the hub looks for something more urgent.
const AT_ONCE: usize = 128;

/// The broadcasts that are under way, in the order they began.
#[derive(Default)]
pub(super) struct PacedBroadcasts(VecDeque<Broadcast>);

struct Broadcast {
    content: Content,
    /// The streams that have not got it yet.
    keys: Vec<Key>,
}

enum Content {
    Event(Chunk),
    /// With the position of the moment at which it is sent.
    Heartbeat,
}

impl PacedBroadcasts {
    pub(super) fn are_under_way(&self) -> bool {
        !self.0.is_empty()
    }

    pub(super) fn begin_event(&mut self, event: Chunk, keys: Vec<Key>) {
        self.0.push_back(Broadcast { content: Content::Event(event), keys });
    }

    pub(super) fn begin_heartbeat(&mut self, keys: Vec<Key>) {
        self.0.push_back(Broadcast { content: Content::Heartbeat, keys });
    }

    /// Sends the oldest broadcast to some more streams. They have been handed everything up to `position`.
    pub(super) fn advance(&mut self, listeners: &Listeners, budget: &Budget, position: &Cursor) {
        let Some(broadcast) = self.0.front_mut() else { return };
        let chunk = match &broadcast.content {
            Content::Event(chunk) => chunk.clone(),
            Content::Heartbeat => Chunk::new(budget, &heartbeat(position), 1),
        };
        let rest = broadcast.keys.len().saturating_sub(AT_ONCE);
        for key in broadcast.keys.drain(rest..) {
            listeners.push_ephemeral(key, &chunk);
        }
        if broadcast.keys.is_empty() {
            self.0.pop_front();
        }
    }
}
