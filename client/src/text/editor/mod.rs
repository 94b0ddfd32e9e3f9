//! A text being typed: buffer, cursor, undo. It moves and deletes by what a reader sees as a character.
//!
//! One editor serves the composer and every single-line field. It knows no keys and draws nothing.

mod motion;
mod undo;

use unicode_segmentation::GraphemeCursor;

use self::undo::{Change, Undo};

/// Most bytes in one editor; beyond it an insertion is refused as a whole.
pub const BYTES_MAX: usize = 64 * 1024;

/// A text being typed.
#[derive(Debug, Default, Clone)]
pub struct Editor {
    text: String,
    /// In bytes, never inside a scalar value.
    cursor: usize,
    /// The column that vertical moves aim for.
    goal: Option<u16>,
    killed: String,
    undo: Undo,
}

impl Editor {
    /// An editor of `text` with the cursor at its end and nothing to undo.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self { text: text.to_owned(), cursor: text.len(), ..Self::default() }
    }

    /// What was typed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where the next character goes, in bytes.
    #[must_use]
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// Whether nothing was typed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Puts `text` in at the cursor; `false` if that would be more than [`BYTES_MAX`].
    pub fn insert(&mut self, text: &str) -> bool {
        self.text.len() + text.len() <= BYTES_MAX && self.replace(self.cursor, self.cursor, text)
    }

    /// Puts `text` in the place of what stands between `start` and the cursor; `false` if that is no place, or would
    /// be more than [`BYTES_MAX`].
    pub fn replace_back(&mut self, start: usize, text: &str) -> bool {
        let fits = self.text.len() + text.len() <= BYTES_MAX;
        let sound = start <= self.cursor && self.text.is_char_boundary(start);
        fits && sound && self.replace(start, self.cursor, text)
    }

    /// Takes the character in front of the cursor away.
    pub fn delete_back(&mut self) -> bool {
        let start = self.previous();
        self.replace(start, self.cursor, "")
    }

    /// Takes the character under the cursor away.
    pub fn delete_forward(&mut self) -> bool {
        let end = self.following();
        self.replace(self.cursor, end, "")
    }

    /// Kills back to the start of a word.
    pub fn kill_word_back(&mut self) -> bool {
        let start = self.word_start();
        self.kill(start, self.cursor)
    }

    /// Kills on to the end of a word.
    pub fn kill_word_forward(&mut self) -> bool {
        let end = self.word_end();
        self.kill(self.cursor, end)
    }

    /// Kills back to the start of the line; at the start, the line break before it.
    pub fn kill_to_line_start(&mut self) -> bool {
        let start = self.line_start();
        if start == self.cursor { self.delete_back() } else { self.kill(start, self.cursor) }
    }

    /// Kills on to the end of the line; at the end, the line break.
    pub fn kill_to_line_end(&mut self) -> bool {
        let end = self.line_end();
        if end == self.cursor { self.delete_forward() } else { self.kill(self.cursor, end) }
    }

    /// Puts what was killed last in at the cursor.
    pub fn yank(&mut self) -> bool {
        let killed = std::mem::take(&mut self.killed);
        let changed = !killed.is_empty() && self.insert(&killed);
        self.killed = killed;
        changed
    }

    /// Takes the last change back.
    pub fn undo(&mut self) -> bool {
        let Some(change) = self.undo.back() else { return false };
        let (range, with, cursor) =
            (change.start..change.start + change.inserted.len(), &change.removed, change.before);
        self.text.replace_range(range, with);
        self.settle(cursor);
        true
    }

    /// Does the change that was taken back again.
    pub fn redo(&mut self) -> bool {
        let Some(change) = self.undo.forward() else { return false };
        let (range, with) = (change.start..change.start + change.removed.len(), &change.inserted);
        let cursor = change.start + with.len();
        self.text.replace_range(range, with);
        self.settle(cursor);
        true
    }

    fn kill(&mut self, start: usize, end: usize) -> bool {
        if start == end {
            return false;
        }
        self.text[start..end].clone_into(&mut self.killed);
        self.replace(start, end, "")
    }

    fn replace(&mut self, start: usize, end: usize, with: &str) -> bool {
        if start == end && with.is_empty() {
            return false;
        }
        let removed = self.text[start..end].to_owned();
        self.undo.record(Change { start, removed, inserted: with.to_owned(), before: self.cursor });
        self.text.replace_range(start..end, with);
        self.settle(start + with.len());
        true
    }

    fn settle(&mut self, cursor: usize) {
        (self.cursor, self.goal) = (cursor, None);
    }

    fn previous(&self) -> usize {
        let mut at = GraphemeCursor::new(self.cursor, self.text.len(), true);
        at.prev_boundary(&self.text, 0).ok().flatten().unwrap_or(0)
    }

    fn following(&self) -> usize {
        let mut at = GraphemeCursor::new(self.cursor, self.text.len(), true);
        at.next_boundary(&self.text, 0).ok().flatten().unwrap_or(self.text.len())
    }
}

#[cfg(test)]
mod tests;
