//! Caches wrapped rows across frames: at most four screens of them.

use std::{
    collections::{HashMap, hash_map},
    rc::Rc,
};

use super::block::{Block, How};
use crate::model::{Entry, Key};

/// The cache holds up to this multiple of what one frame needs.
const SCREENS: usize = 4;

#[derive(Default)]
pub(super) struct Cache {
    blocks: HashMap<Key, Cached>,
    /// Counts frames.
    frame: u64,
}

struct Cached {
    /// The source of the rows. A revision is not enough: after a reset another message may have the same one.
    source: Entry,
    how: How,
    block: Rc<Block>,
    used: u64,
}

impl Cache {
    /// The rows of `entry`. They are wrapped again only if the entry or `how` changed.
    pub(super) fn block(&mut self, entry: &Entry, names: &[&str], how: How) -> Rc<Block> {
        let used = self.frame;
        let made = |how: How| {
            let block = Rc::new(Block::new(entry, names, &how));
            Cached { source: entry.clone(), how, block, used }
        };
        let cached = match self.blocks.entry(entry.key()) {
            hash_map::Entry::Vacant(place) => place.insert(made(how)),
            hash_map::Entry::Occupied(place) => {
                let cached = place.into_mut();
                // Usually the pointers are equal, and the comparison ends there.
                if cached.how != how || cached.source != *entry {
                    *cached = made(how);
                }
                cached
            }
        };
        cached.used = used;
        Rc::clone(&cached.block)
    }

    /// Ends a frame of so many rows, and evicts rows that were not used recently if the cache is too large.
    pub(super) fn end_frame(&mut self, height: u16) {
        let kept: usize = self.blocks.values().map(|cached| cached.block.rows.len()).sum();
        if kept > SCREENS * usize::from(height) {
            self.blocks.retain(|_, cached| cached.used == self.frame);
        }
        self.frame += 1;
    }

    /// Empties the cache: another room or another user.
    pub(super) fn clear(&mut self) {
        self.blocks.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use quchat_shared::{Message, RoomId, Seq, Timestamp, UserId, UserRef};

    use super::*;
    use crate::model::ShownReaction;

    fn entry(seq: u64, rev: u64, text: &str) -> Entry {
        let sender = UserRef { id: UserId(2), name: "bob".to_owned() };
        let message = Message::new(RoomId(1), Seq(seq), sender, text.to_owned(), Timestamp::from_millis(0));
        Entry::Said(Arc::new(Message { rev, ..message }))
    }

    fn how(columns: u16) -> How {
        How { columns, ..How::default() }
    }

    #[test]
    fn rows_are_wrapped_again_only_for_another_revision_or_width() {
        let mut cache = Cache::default();
        let first = cache.block(&entry(1, 1, "some words"), &[], how(20));
        assert!(Rc::ptr_eq(&first, &cache.block(&entry(1, 1, "some words"), &[], how(20))));
        assert_eq!(cache.block(&entry(1, 1, "some words"), &[], how(5)).rows.len(), 2);
        assert_eq!(cache.block(&entry(1, 2, "edited"), &[], how(20)).rows[0].line.to_string(), "edited");
    }

    #[test]
    fn reactions_wrap_only_their_message_again() {
        let mut cache = Cache::default();
        let reacted = |count| {
            let reactions = vec![ShownReaction { emoji: "👍".to_owned(), count, mine: false }];
            How { reactions, ..how(20) }
        };
        let other = cache.block(&entry(1, 1, "another"), &[], how(20));
        let mut before = cache.block(&entry(2, 1, "liked"), &[], reacted(1));
        for count in 2..100 {
            let now = cache.block(&entry(2, count, "liked"), &[], reacted(count));
            assert!(!Rc::ptr_eq(&before, &now) && now.rows[1].line.to_string() == format!("👍 {count}"));
            before = now;
            assert!(Rc::ptr_eq(&other, &cache.block(&entry(1, 1, "another"), &[], how(20))));
        }
    }

    #[test]
    fn another_message_with_the_same_seq_is_not_taken_from_the_cache() {
        let mut cache = Cache::default();
        cache.block(&entry(1, 1, "before the reset"), &[], how(20));
        assert_eq!(cache.block(&entry(1, 1, "after it"), &[], how(20)).rows[0].line.to_string(), "after it");
    }

    #[test]
    fn scrolling_far_up_caches_at_most_four_screens() {
        let mut cache = Cache::default();
        for page in 0..100 {
            for row in 0..20 {
                cache.block(&entry(page * 20 + row, 1, "x"), &[], how(20));
            }
            cache.end_frame(20);
            assert!(cache.blocks.len() <= SCREENS * 20, "{}", cache.blocks.len());
        }
    }
}
