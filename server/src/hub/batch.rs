//! Events that are delivered together: to the same streams, in one write.

use bytes::Bytes;

use crate::{budget::Budget, domain::audience::Audience, store::EventRef, stream::Chunk};

/// A batch that has this many bytes takes no further frame.
const BYTES_MAX: usize = 16 * 1024;

/// Frames for the same audience, one after the other.
pub(super) struct Batch {
    audience: Audience,
    frames: Vec<(EventRef, Bytes)>,
    bytes: usize,
}

impl Batch {
    pub(super) fn new(audience: Audience, what: EventRef, frame: Bytes) -> Self {
        Self { audience, bytes: frame.len(), frames: vec![(what, frame)] }
    }

    pub(super) fn audience(&self) -> Audience {
        self.audience
    }

    /// Whether a frame for this audience may join: messages of one room share a batch, and nothing else does.
    pub(super) fn takes(&self, audience: Audience) -> bool {
        self.audience == audience && matches!(audience, Audience::Members(_)) && self.bytes < BYTES_MAX
    }

    /// Adds a frame. An earlier `message.updated` of the same message is left out: its streams get this one in its place.
    pub(super) fn push(&mut self, what: EventRef, frame: Bytes) {
        if matches!(what, EventRef::MessageUpdated { .. })
            && let Some(earlier) = self.frames.iter().position(|(other, _)| *other == what)
        {
            let (_, left_out) = self.frames.remove(earlier);
            self.bytes -= left_out.len();
        }
        self.bytes += frame.len();
        self.frames.push((what, frame));
    }

    pub(super) fn chunk(&self, budget: &Budget) -> Chunk {
        match &*self.frames {
            [(_, only)] => Chunk::new(budget, only, 1),
            frames => {
                let mut bytes = Vec::with_capacity(self.bytes);
                frames.iter().for_each(|(_, frame)| bytes.extend_from_slice(frame));
                Chunk::new(budget, &bytes, frames.len())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use quchat_shared::{RoomId, Seq};

    use super::*;

    const LOBBY: Audience = Audience::Members(RoomId(1));

    fn updated(seq: u64) -> EventRef {
        EventRef::MessageUpdated { seq: Seq(seq) }
    }

    fn text(batch: &Batch) -> String {
        batch.frames.iter().map(|(_, frame)| String::from_utf8_lossy(frame)).collect()
    }

    #[test]
    fn only_the_newest_update_of_a_message_is_delivered() {
        let mut batch = Batch::new(LOBBY, updated(1), Bytes::from("a"));
        batch.push(updated(2), Bytes::from("b"));
        batch.push(EventRef::MessageCreated { seq: Seq(3) }, Bytes::from("c"));
        batch.push(updated(1), Bytes::from("d"));
        batch.push(updated(3), Bytes::from("e"));
        assert_eq!((&*text(&batch), batch.bytes), ("bcde", 4));
    }

    #[test]
    fn a_batch_is_for_one_room_and_bounded() {
        let mut batch = Batch::new(LOBBY, updated(1), Bytes::from("a"));
        assert!(batch.takes(LOBBY) && !batch.takes(Audience::Members(RoomId(2))));
        assert!(!batch.takes(Audience::Everyone(RoomId(1))));
        batch.push(updated(2), Bytes::from(vec![b'x'; BYTES_MAX]));
        assert!(!batch.takes(LOBBY));
    }
}
