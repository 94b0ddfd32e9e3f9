//! Messages that replies quote and that are not among those at hand.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use quchat_shared::{Message, Seq};

use super::timeline::bytes;

/// Most messages that are kept to be quoted, and most that could not be had: many more than a screen shows.
const QUOTED_MAX: usize = 500;
/// Most bytes of them: as many messages of the greatest length have fewer.
const QUOTED_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What was fetched to be quoted, one message at a time and each once.
#[derive(Debug, Default)]
pub(crate) struct Quoted {
    messages: BTreeMap<Seq, Arc<Message>>,
    missed: BTreeSet<Seq>,
    /// The call that is under way.
    pub(crate) asked: Option<u64>,
    /// Calls that have failed in a row and may go well later.
    pub(crate) failures: u32,
    /// Nothing is asked for before.
    pub(crate) not_before: u64,
}

impl Quoted {
    /// The message, if it was fetched.
    pub(crate) fn get(&self, seq: Seq) -> Option<&Arc<Message>> {
        self.messages.get(&seq)
    }

    /// Whether it has been asked for.
    pub(crate) fn knows(&self, seq: Seq) -> bool {
        self.messages.contains_key(&seq) || self.missed.contains(&seq)
    }

    /// Takes what was fetched for `seq`; `None` is not asked for again before [`Quoted::hope`].
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

    /// Takes the newer copy of a message that is quoted.
    pub(crate) fn update(&mut self, message: &Message) {
        if let Some(quoted) = self.messages.get_mut(&message.seq)
            && quoted.rev < message.rev
        {
            *quoted = Arc::new(message.clone());
            self.bound(QUOTED_BYTES_MAX);
        }
    }

    /// Lets go of all messages if they have more bytes; what is on the screen is fetched again.
    pub(crate) fn bound(&mut self, bytes_max: usize) {
        if self.messages.values().map(|message| bytes(message)).sum::<usize>() > bytes_max {
            self.messages.clear();
        }
    }

    /// What could not be had may be asked for again, and at once.
    pub(crate) fn hope(&mut self) {
        self.failures = 0;
        self.not_before = 0;
        self.missed.clear();
    }
}
