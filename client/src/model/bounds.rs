//! Limits on the history that is kept in memory.

use super::{Model, Room, bytes};
use quchat_shared::RoomId;

/// Most missing messages that are fetched page by page. If more are missing, the timeline starts again at the end.
pub(crate) const GAP_MAX: u64 = 200;

/// Limits on what is kept of one room.
#[derive(Debug)]
pub(crate) struct RunLimit {
    /// Most messages.
    pub(crate) messages: usize,
    /// Most bytes of them.
    bytes: usize,
    /// Most bytes of the messages that replies quote; `None` leaves only the general limit on them.
    quoted_bytes: Option<usize>,
}

impl RunLimit {
    /// For the room on the screen.
    pub(crate) const IN_VIEW: Self = Self { messages: 100_000, bytes: 64 * 1024 * 1024, quoted_bytes: None };
    /// For all other rooms.
    pub(crate) const OUT_OF_VIEW: Self = Self { messages: 200, bytes: 1024 * 1024, quoted_bytes: Some(256 * 1024) };
}

impl Model {
    /// The limits that apply to this room now.
    pub(crate) fn run_limit(&self, id: RoomId) -> &'static RunLimit {
        if self.open == Some(id) { &RunLimit::IN_VIEW } else { &RunLimit::OUT_OF_VIEW }
    }
}

impl Room {
    /// Drops messages far from the anchor until the limit is met. Returns how many were dropped.
    pub(crate) fn bound(&mut self, limit: &RunLimit) -> usize {
        let before = self.timeline.messages.len();
        if let Some(quoted_bytes) = limit.quoted_bytes {
            self.quoted.bound(quoted_bytes);
        }
        self.shorten(limit.messages);
        let bytes: usize = self.timeline.messages.iter().map(|message| bytes(message)).sum();
        if bytes > limit.bytes {
            let share = self.timeline.messages.len() as u128 * limit.bytes as u128 / bytes as u128;
            self.shorten(usize::try_from(share).unwrap_or(limit.messages).max(1));
        }
        before - self.timeline.messages.len()
    }

    /// Keeps at most `most` messages, around the anchor.
    pub(crate) fn shorten(&mut self, most: usize) {
        let keep = self.anchor_index();
        self.timeline.shorten(most, keep);
    }

    /// The number of messages between the timeline and the end of the room.
    pub(crate) fn missing(&self) -> u64 {
        self.info.last_seq.0.saturating_sub(self.timeline.last().unwrap_or_default().0)
    }

    /// Sets `has_newer` if the room has messages beyond the timeline.
    pub(crate) fn note_end(&mut self) {
        if !self.timeline.is_unknown() && self.timeline.last().unwrap_or_default() < self.info.last_seq {
            self.timeline.has_newer = true;
        }
    }
}
