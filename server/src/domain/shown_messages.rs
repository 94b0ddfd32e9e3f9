//! Which messages a replay has shown, so that it does not repeat them for changes that it has shown as well.

use std::collections::HashMap;

use quchat_shared::{RoomId, Seq};

use crate::store::{EventRef, LoggedEvent};

/// What a replay remembers from page to page.
///
/// A replay shows a message as it is now. So changes that were logged before it began need no event of their own, if it
/// shows the message's `message.created`. Later ones do: the message may have been shown before them.
#[derive(Debug, Clone)]
pub(crate) struct ShownMessages {
    /// The newest event when the replay began.
    head: u64,
    /// The oldest message that was shown of each room. The ones after it follow in their order, and all of them are
    /// shown: a reader who leaves meanwhile and joins again sees no event of before.
    oldest: HashMap<RoomId, Seq>,
}

impl ShownMessages {
    /// For a replay that begins at a moment when `head` is the newest event.
    pub(crate) fn new(head: u64) -> Self {
        Self { head, oldest: HashMap::new() }
    }

    /// Whether the event repeats a message that was shown.
    pub(super) fn repeats(&self, event: &LoggedEvent) -> bool {
        match event.what {
            EventRef::MessageUpdated { seq } if event.id <= self.head => {
                self.oldest.get(&event.room).is_some_and(|oldest| *oldest <= seq)
            }
            _ => false,
        }
    }

    /// Notes that the event is shown.
    pub(super) fn note(&mut self, event: &LoggedEvent) {
        if let EventRef::MessageCreated { seq } = event.what {
            self.oldest.entry(event.room).or_insert(seq);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn created(id: u64, room: u64, seq: u64) -> LoggedEvent {
        LoggedEvent { id, room: RoomId(room), what: EventRef::MessageCreated { seq: Seq(seq) } }
    }

    fn updated(id: u64, room: u64, seq: u64) -> LoggedEvent {
        LoggedEvent { id, room: RoomId(room), what: EventRef::MessageUpdated { seq: Seq(seq) } }
    }

    #[test]
    fn a_change_of_before_repeats_a_message_that_was_shown_and_no_other() {
        let mut shown = ShownMessages::new(10);
        assert!(!shown.repeats(&updated(5, 1, 3)));
        shown.note(&created(4, 1, 3));
        shown.note(&created(6, 1, 4));
        assert!(shown.repeats(&updated(7, 1, 3)) && shown.repeats(&updated(10, 1, 4)));
        assert!(!shown.repeats(&updated(7, 1, 2)), "an older message");
        assert!(!shown.repeats(&updated(7, 2, 3)), "of another room");
        assert!(!shown.repeats(&updated(11, 1, 3)), "a later change");
        assert!(!shown.repeats(&created(7, 1, 5)));
    }
}
