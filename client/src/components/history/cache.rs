//! Wrapped rows, kept from frame to frame: what the last frames showed, at most four screens of it.

use std::{collections::HashMap, rc::Rc};

use super::block::Block;
use crate::model::{Entry, Key, SendState};

/// Rows are kept up to this multiple of what one frame needs.
const SCREENS: usize = 4;

#[derive(Default)]
pub(super) struct Cache {
    blocks: HashMap<Key, Cached>,
    /// Counts frames.
    frame: u64,
}

struct Cached {
    /// What the rows were made of.
    rev: u64,
    width: u16,
    block: Rc<Block>,
    used: u64,
}

impl Cache {
    /// The rows of `entry` at this width, wrapped anew only if its revision or the width is another one.
    pub(super) fn block(&mut self, entry: &Entry, width: u16, my_name: &str) -> Rc<Block> {
        let rev = revision(entry);
        let made = |used| Cached { rev, width, block: Rc::new(Block::new(entry, width, my_name)), used };
        let cached = self.blocks.entry(entry.key()).or_insert_with(|| made(0));
        if (cached.rev, cached.width) != (rev, width) {
            *cached = made(0);
        }
        cached.used = self.frame;
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

fn revision(entry: &Entry) -> u64 {
    match entry {
        Entry::Said(message) => message.rev,
        Entry::Unsent(pending) => match pending.state {
            SendState::Saving(_) | SendState::Queued | SendState::InFlight(_) => 0,
            SendState::RetryAt { .. } => 1,
            SendState::Refused(_) => 2,
            SendState::Sent(_) => 3,
        },
    }
}
