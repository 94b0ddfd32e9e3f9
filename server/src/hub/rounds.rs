//! What goes to every stream and may be left out: told to a few at a time, so that no message waits for thousands.

use std::collections::VecDeque;

use quchat_shared::Cursor;

use super::{
    heartbeat,
    listeners::{Key, Listeners},
};
use crate::{budget::Budget, line::Chunk};

/// Streams that are told before the hub looks for something more urgent.
const AT_ONCE: usize = 128;

/// The rounds that are on, in the order they began.
#[derive(Default)]
pub(super) struct Rounds(VecDeque<Round>);

struct Round {
    /// `None`: a heartbeat, which tells the position of its moment.
    chunk: Option<Chunk>,
    /// Those who have not been told yet.
    keys: Vec<Key>,
}

impl Rounds {
    pub(super) fn are_on(&self) -> bool {
        !self.0.is_empty()
    }

    /// Tells these streams, unless they are narrowed.
    pub(super) fn begin(&mut self, chunk: Chunk, keys: Vec<Key>) {
        self.0.push_back(Round { chunk: Some(chunk), keys });
    }

    /// Tells these streams that all is well and where they stand.
    pub(super) fn begin_heartbeat(&mut self, keys: Vec<Key>) {
        self.0.push_back(Round { chunk: None, keys });
    }

    /// Tells a few more. They have been handed everything up to `position`.
    pub(super) fn go_on(&mut self, listeners: &Listeners, budget: &Budget, position: &Cursor) {
        let Some(round) = self.0.front_mut() else { return };
        let is_heartbeat = round.chunk.is_none();
        let now = round.chunk.clone().unwrap_or_else(|| Chunk::new(budget, &heartbeat(position), 1));
        let next = round.keys.len().saturating_sub(AT_ONCE);
        round.keys.drain(next..).for_each(|key| listeners.deliver_ephemeral(key, &now, is_heartbeat));
        if round.keys.is_empty() {
            self.0.pop_front();
        }
    }
}
