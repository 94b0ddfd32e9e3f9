//! Wrapped rows, kept from frame to frame: what the last frames showed, at most four screens of it.

use std::{collections::HashMap, rc::Rc};

use super::{Found, block::Block};
use crate::model::{Entry, Key};

/// Rows are kept up to this multiple of what one frame needs.
const SCREENS: usize = 4;

#[derive(Default)]
pub(super) struct Cache {
    blocks: HashMap<Key, Cached>,
    /// Counts frames.
    frame: u64,
}

struct Cached {
    /// What the rows were made of. A revision would not do: after a reset, another message may bear the same one.
    source: Entry,
    width: u16,
    found: Option<Found>,
    block: Rc<Block>,
    used: u64,
}

impl Cache {
    /// The rows of `entry` at this width, wrapped anew only if it says another thing, the width is another one, or
    /// something else is searched for.
    pub(super) fn block(&mut self, entry: &Entry, width: u16, my_name: &str, found: Option<Found>) -> Rc<Block> {
        let used = self.frame;
        let made = || {
            let block = Rc::new(Block::new(entry, width, my_name, found.as_ref()));
            Cached { source: entry.clone(), width, found: found.clone(), block, used }
        };
        let cached = self.blocks.entry(entry.key()).or_insert_with(made);
        // Mostly the same pointer, which is all that is looked at then.
        if cached.width != width || cached.found != found || cached.source != *entry {
            *cached = made();
        }
        cached.used = used;
        Rc::clone(&cached.block)
    }

    /// A frame of so many rows is done: forgets what has not been of use lately, if there is too much.
    pub(super) fn end_frame(&mut self, height: u16) {
        let kept: usize = self.blocks.values().map(|cached| cached.block.rows.len()).sum();
        if kept > SCREENS * usize::from(height) {
            self.blocks.retain(|_, cached| cached.used == self.frame);
        }
        self.frame += 1;
    }

    /// Another room or another user: nothing of it is of use.
    pub(super) fn clear(&mut self) {
        self.blocks.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use quchat_shared::{Message, RoomId, Seq, Timestamp, UserId, UserRef};

    use super::*;

    fn entry(seq: u64, rev: u64, text: &str) -> Entry {
        let sender = UserRef { id: UserId(2), name: "bob".to_owned() };
        let message = Message::new(RoomId(1), Seq(seq), sender, text.to_owned(), Timestamp::from_millis(0));
        Entry::Said(Arc::new(Message { rev, ..message }))
    }

    #[test]
    fn rows_are_wrapped_anew_for_another_revision_or_width_and_not_otherwise() {
        let mut cache = Cache::default();
        let first = cache.block(&entry(1, 1, "some words"), 20, "", None);
        assert!(Rc::ptr_eq(&first, &cache.block(&entry(1, 1, "some words"), 20, "", None)));
        assert_eq!(cache.block(&entry(1, 1, "some words"), 5, "", None).rows.len(), 2);
        assert_eq!(cache.block(&entry(1, 2, "edited"), 20, "", None).rows[0].line.to_string(), "edited");
    }

    #[test]
    fn another_message_in_the_same_place_is_shown_as_it_is() {
        let mut cache = Cache::default();
        cache.block(&entry(1, 1, "before the reset"), 20, "", None);
        assert_eq!(cache.block(&entry(1, 1, "after it"), 20, "", None).rows[0].line.to_string(), "after it");
    }

    #[test]
    fn a_long_way_up_leaves_no_more_than_four_screens_behind() {
        let mut cache = Cache::default();
        for page in 0..100 {
            for row in 0..20 {
                cache.block(&entry(page * 20 + row, 1, "x"), 20, "", None);
            }
            cache.end_frame(20);
            assert!(cache.blocks.len() <= SCREENS * 20, "{}", cache.blocks.len());
        }
    }
}
