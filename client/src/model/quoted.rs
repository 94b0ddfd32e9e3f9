//! Messages that replies quote and that the timeline does not contain.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use quchat_shared::{Message, Seq};

use super::timeline::bytes;

/// Most quoted messages kept, and most that could not be fetched. A screen shows far fewer.
const QUOTED_MAX: usize = 500;
/// Most bytes of quoted messages. [`QUOTED_MAX`] messages of the greatest length stay below it.
const QUOTED_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Quoted messages. They are fetched one at a time, each once.
#[derive(Debug, Default)]
pub(crate) struct Quoted {
    messages: BTreeMap<Seq, Arc<Message>>,
    missed: BTreeSet<Seq>,
    /// The pending call.
    pub(crate) asked: Option<u64>,
    /// Calls that failed in a row and may succeed later.
    pub(crate) failures: u32,
    /// Nothing is fetched before this, in [`super::Now::mono_ms`].
    pub(crate) not_before: u64,
}

impl Quoted {
    /// The message, if it was fetched.
    pub(crate) fn get(&self, seq: Seq) -> Option<&Arc<Message>> {
        self.messages.get(&seq)
    }

    /// Whether the message was fetched already, with or without success.
    pub(crate) fn knows(&self, seq: Seq) -> bool {
        self.messages.contains_key(&seq) || self.missed.contains(&seq)
    }

    /// Takes the result of a fetch. `None` is not fetched again before [`Quoted::hope`].
    pub(crate) fn take(&mut self, seq: Seq, message: Option<Message>) {
        self.failures = 0;
        match message {
            Some(message) => {
                if self.messages.len() >= QUOTED_MAX {
                    self.messages.clear();
                }
                self.bound(QUOTED_BYTES_MAX);
                self.messages.insert(seq, Arc::new(message));
            }
            None => {
                if self.missed.len() >= QUOTED_MAX {
                    self.missed.clear();
                }
                self.missed.insert(seq);
            }
        }
    }

    /// Replaces a quoted message by a newer copy.
    pub(crate) fn update(&mut self, message: &Message) {
        if let Some(quoted) = self.messages.get_mut(&message.seq)
            && quoted.rev < message.rev
        {
            *quoted = Arc::new(message.clone());
            self.bound(QUOTED_BYTES_MAX);
        }
    }

    /// Replaces a quoted message by this copy of the same revision.
    pub(crate) fn replace(&mut self, message: &Arc<Message>) {
        if let Some(quoted) = self.messages.get_mut(&message.seq) {
            *quoted = Arc::clone(message);
        }
    }

    /// Drops all messages if they exceed `bytes_max`. Those on the screen are fetched again.
    pub(crate) fn bound(&mut self, bytes_max: usize) {
        if self.messages.values().map(|message| bytes(message)).sum::<usize>() > bytes_max {
            self.messages.clear();
        }
    }

    /// Allows failed fetches to be retried at once.
    pub(crate) fn hope(&mut self) {
        self.failures = 0;
        self.not_before = 0;
        self.missed.clear();
    }
}
