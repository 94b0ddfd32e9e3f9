//! The undo history. It is bounded, and typed characters are grouped into words.

use std::collections::VecDeque;

const CHANGES_MAX: usize = 500;
const BYTES_MAX: usize = 1024 * 1024;

/// Replaced `removed` by `inserted` at `start`.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub(super) start: usize,
    pub(super) removed: String,
    pub(super) inserted: String,
    /// The cursor before the change.
    pub(super) before: usize,
}

impl Change {
    fn bytes(&self) -> usize {
        self.removed.len() + self.inserted.len()
    }

    /// Whether `next` continues typing in the same word.
    fn continues_in(&self, next: &Self) -> bool {
        let types = |change: &Self| change.removed.is_empty() && !change.inserted.is_empty();
        let between_words =
            self.inserted.ends_with(char::is_whitespace) && !next.inserted.starts_with(char::is_whitespace);
        types(self)
            && types(next)
            && next.start == self.start + self.inserted.len()
            && next.inserted.chars().nth(1).is_none()
            && !between_words
    }
}

#[derive(Debug, Default, Clone)]
pub(super) struct Undo {
    changes: VecDeque<Change>,
    /// The number of changes that are applied; the later ones are undone.
    done: usize,
    bytes: usize,
}

impl Undo {
    pub(super) fn record(&mut self, change: Change) {
        for undone in self.changes.drain(self.done..) {
            self.bytes -= undone.bytes();
        }
        self.bytes += change.bytes();
        match self.changes.back_mut() {
            Some(last) if last.continues_in(&change) => last.inserted.push_str(&change.inserted),
            _ => self.changes.push_back(change),
        }
        while self.changes.len() > CHANGES_MAX || self.bytes > BYTES_MAX {
            let Some(oldest) = self.changes.pop_front() else { break };
            self.bytes -= oldest.bytes();
        }
        self.done = self.changes.len();
    }

    pub(super) fn back(&mut self) -> Option<&Change> {
        self.done = self.done.checked_sub(1)?;
        self.changes.get(self.done)
    }

    pub(super) fn forward(&mut self) -> Option<&Change> {
        let change = self.changes.get(self.done)?;
        self.done += 1;
        Some(change)
    }
}
