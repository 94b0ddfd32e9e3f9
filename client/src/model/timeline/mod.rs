//! The messages of a room that are at hand: one contiguous run of seq.
//!
//! Messages come from the stream, from pages and as answers to sends, in any order; the run takes what joins it, and
//! of two copies the one with the higher rev.

use std::{collections::VecDeque, sync::Arc};

use quchat_shared::{Message, Seq};

/// One contiguous run of a room's messages, ascending by seq.
#[derive(Debug, Clone)]
pub struct Timeline {
    /// Without gaps: the index of a message is its `seq` minus that of the first.
    pub messages: VecDeque<Arc<Message>>,
    /// There are (or may be) messages before the run.
    pub has_older: bool,
    /// There are (or may be) messages after the run. While true, one's own unsent messages are drawn at
    /// [`super::Anchor::End`] only.
    pub has_newer: bool,
}

/// What became of a message offered to the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Offered {
    /// It is part of the run now, or was already.
    Taken,
    /// It lies before the run.
    Before,
    /// It lies beyond the message that would be next: something is missing in between, or nothing is known yet.
    Beyond,
}

impl Default for Timeline {
    /// Nothing is known yet.
    fn default() -> Self {
        Self { messages: VecDeque::new(), has_older: true, has_newer: true }
    }
}

impl Timeline {
    /// Nothing has been fetched yet: not the same as a room without messages.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.messages.is_empty() && (self.has_older || self.has_newer)
    }

    /// The first seq of the run.
    #[must_use]
    pub fn first(&self) -> Option<Seq> {
        self.messages.front().map(|message| message.seq)
    }

    /// The last seq of the run.
    #[must_use]
    pub fn last(&self) -> Option<Seq> {
        self.messages.back().map(|message| message.seq)
    }

    /// Where in the run a message is.
    #[must_use]
    pub fn index(&self, seq: Seq) -> Option<usize> {
        let distance = usize::try_from(seq.0.checked_sub(self.first()?.0)?).ok()?;
        (distance < self.messages.len()).then_some(distance)
    }

    /// The message that would be appended next; `None` while nothing is known.
    pub(crate) fn next(&self) -> Option<Seq> {
        if self.is_unknown() { None } else { Some(self.last().unwrap_or_default().next()) }
    }

    /// Takes one message: appends it, or replaces an older copy of it.
    pub(crate) fn offer(&mut self, message: &Arc<Message>) -> Offered {
        match self.next() {
            Some(next) if message.seq == next => {
                self.messages.push_back(Arc::clone(message));
                Offered::Taken
            }
            Some(next) if message.seq < next => match self.index(message.seq) {
                Some(at) => {
                    if self.messages[at].rev < message.rev {
                        self.messages[at] = Arc::clone(message);
                    }
                    Offered::Taken
                }
                None => Offered::Before,
            },
            _ => Offered::Beyond,
        }
    }

    /// Begins anew with a page, keeping newer copies of its messages, and what joins its end if `keep_tail`.
    pub(crate) fn begin(&mut self, page: Vec<Arc<Message>>, has_older: bool, has_newer: bool, keep_tail: bool) {
        let old = std::mem::take(self);
        *self = Self { messages: page.into(), has_older, has_newer };
        let (first, last) = (self.first().unwrap_or_default(), self.last().unwrap_or_default());
        for message in old.messages {
            if message.seq >= first && (message.seq <= last || keep_tail) {
                self.offer(&message);
            }
        }
    }

    /// Puts the page before the run; what the run has already is offered to it.
    pub(crate) fn prepend(&mut self, page: Vec<Arc<Message>>, has_older: bool) {
        let Some(first) = self.first() else { return };
        self.has_older = has_older;
        for message in page.into_iter().rev() {
            if message.seq.next() == self.first().unwrap_or(first) {
                self.messages.push_front(message);
            } else {
                self.offer(&message);
            }
        }
    }

    /// Shortens the run to `max` messages, at the end that lies farther from `keep`.
    pub(crate) fn shorten(&mut self, max: usize, keep: Option<usize>) {
        let excess = self.messages.len().saturating_sub(max);
        if excess == 0 {
            return;
        }
        let before = match keep {
            None => excess,
            Some(keep) => keep.saturating_sub(max / 2).min(excess),
        };
        if before > 0 {
            self.messages.drain(..before);
            self.has_older = true;
        }
        if self.messages.len() > max {
            self.messages.truncate(max);
            self.has_newer = true;
        }
    }
}

/// Whether the messages are neighbours, ascending: what a page must be.
pub(crate) fn is_run(messages: &[Message]) -> bool {
    messages.windows(2).all(|pair| pair[0].seq.next() == pair[1].seq)
}

/// Bytes of a message that are its own.
pub(crate) fn bytes(message: &Message) -> usize {
    let users: usize = message.reactions.iter().map(|reaction| reaction.emoji.len() + 8 * reaction.users.len()).sum();
    size_of::<Message>() + message.text.len() + 8 * message.mentions.len() + users
}

#[cfg(test)]
mod tests;
