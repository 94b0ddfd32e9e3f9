//! The loaded messages of a room: one contiguous range of seq.
//!
//! Messages come from the stream, from pages and as answers to sends, in any order. The timeline takes a message that
//! adjoins it, and keeps the copy with the higher rev.

use std::{collections::VecDeque, sync::Arc};

use quchat_shared::{Message, Seq};

/// The loaded messages of a room, ascending by seq.
#[derive(Debug, Clone)]
pub struct Timeline {
    /// There are no gaps: the index of a message is its `seq` minus that of the first.
    pub messages: VecDeque<Arc<Message>>,
    /// There may be messages before the first one.
    pub has_older: bool,
    /// There may be messages after the last one. While true, the user's unsent messages are drawn only at
    /// [`super::Anchor::End`].
    pub has_newer: bool,
}

/// What happened to a message that was offered to the timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Offered {
    /// It is part of the timeline now, or was already.
    Taken,
    /// It comes before the timeline.
    Before,
    /// It is after the next message: messages in between are missing, or nothing is loaded yet.
    Beyond,
}

impl Default for Timeline {
    /// Nothing is loaded yet.
    fn default() -> Self {
        Self { messages: VecDeque::new(), has_older: true, has_newer: true }
    }
}

impl Timeline {
    /// Whether nothing has been fetched yet. An empty room is not unknown.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.messages.is_empty() && (self.has_older || self.has_newer)
    }

    #[must_use]
    pub fn first(&self) -> Option<Seq> {
        self.messages.front().map(|message| message.seq)
    }

    #[must_use]
    pub fn last(&self) -> Option<Seq> {
        self.messages.back().map(|message| message.seq)
    }

    /// The index of a message in [`Timeline::messages`].
    #[must_use]
    pub fn index(&self, seq: Seq) -> Option<usize> {
        let distance = usize::try_from(seq.0.checked_sub(self.first()?.0)?).ok()?;
        (distance < self.messages.len()).then_some(distance)
    }

    /// The seq that would be appended next; `None` while nothing is loaded.
    pub(crate) fn next(&self) -> Option<Seq> {
        if self.is_unknown() { None } else { Some(self.last().unwrap_or_default().next()) }
    }

    /// Appends a message, or replaces an older copy of it.
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

    /// Replaces a loaded message by this copy of the same revision.
    pub(crate) fn replace(&mut self, message: &Arc<Message>) {
        if let Some(at) = self.index(message.seq) {
            self.messages[at] = Arc::clone(message);
        }
    }

    /// Starts again with a page. Keeps newer copies of its messages, and with `keep_tail` the messages that adjoin its
    /// end.
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

    /// Inserts a page before the first message. Messages of the page that are already loaded replace older copies.
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

    /// Shortens the timeline to `max` messages, at the end farther from `keep`.
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

/// Whether the messages are contiguous and ascending, as a page must be.
pub(crate) fn is_run(messages: &[Message]) -> bool {
    messages.windows(2).all(|pair| pair[0].seq.next() == pair[1].seq)
}

/// The bytes that a message occupies, without shared data.
pub(crate) fn bytes(message: &Message) -> usize {
    let users: usize = message.reactions.iter().map(|reaction| reaction.emoji.len() + 8 * reaction.users.len()).sum();
    size_of::<Message>() + message.text.len() + 8 * message.mentions.len() + users
}

#[cfg(test)]
mod tests;
