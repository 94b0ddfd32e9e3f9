//! An editor: buffer, cursor, undo. It moves and deletes by grapheme clusters.
//!
//! The composer and every single-line field use it. It knows no keys and draws nothing.

mod motion;
mod undo;

use unicode_segmentation::GraphemeCursor;

use self::undo::{Change, Undo};

/// Most bytes in one editor; an insertion beyond it is rejected as a whole.
pub const BYTES_MAX: usize = 64 * 1024;

/// An editable text.
#[derive(Debug, Default, Clone)]
pub struct Editor {
    text: String,
    /// In bytes, always on a character boundary.
    cursor: usize,
    /// The column that vertical moves aim for.
    goal: Option<u16>,
    killed: String,
    undo: Undo,
}

impl Editor {
    /// An editor for `text` with the cursor at its end and an empty undo history.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self { text: text.to_owned(), cursor: text.len(), ..Self::default() }
    }

    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The position of the cursor in bytes.
    #[must_use]
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Inserts `text` at the cursor; `false` if the result would exceed [`BYTES_MAX`].
    pub fn insert(&mut self, text: &str) -> bool {
        self.text.len() + text.len() <= BYTES_MAX && self.replace(self.cursor, self.cursor, text)
    }

    /// Replaces the text between `start` and the cursor; `false` if `start` is invalid or the result would exceed
    /// [`BYTES_MAX`].
    pub fn replace_back(&mut self, start: usize, text: &str) -> bool {
        let fits = self.text.len() + text.len() <= BYTES_MAX;
        let sound = start <= self.cursor && self.text.is_char_boundary(start);
        fits && sound && self.replace(start, self.cursor, text)
    }

    /// Deletes the character before the cursor.
    pub fn delete_back(&mut self) -> bool {
        let start = self.previous();
        self.replace(start, self.cursor, "")
    }

    /// Deletes the character after the cursor.
    pub fn delete_forward(&mut self) -> bool {
        let end = self.following();
        self.replace(self.cursor, end, "")
    }

    /// Kills back to the start of a word.
    pub fn kill_word_back(&mut self) -> bool {
        let start = self.word_start();
        self.kill(start, self.cursor)
    }

    /// Kills forward to the end of a word.
    pub fn kill_word_forward(&mut self) -> bool {
        let end = self.word_end();
        self.kill(self.cursor, end)
    }

    /// Kills back to the start of the line; at the start, the line break before it.
    pub fn kill_to_line_start(&mut self) -> bool {
        let start = self.line_start();
        if start == self.cursor { self.delete_back() } else { self.kill(start, self.cursor) }
    }

    /// Kills forward to the end of the line; at the end, the line break.
    pub fn kill_to_line_end(&mut self) -> bool {
        let end = self.line_end();
        if end == self.cursor { self.delete_forward() } else { self.kill(self.cursor, end) }
    }

    /// Inserts the last killed text at the cursor.
    pub fn yank(&mut self) -> bool {
        let killed = std::mem::take(&mut self.killed);
        let changed = !killed.is_empty() && self.insert(&killed);
        self.killed = killed;
        changed
    }

    /// Undoes the last change.
    pub fn undo(&mut self) -> bool {
        let Some(change) = self.undo.back() else { return false };
        let (range, with, cursor) =
            (change.start..change.start + change.inserted.len(), &change.removed, change.before);
        self.text.replace_range(range, with);
        self.move_to(cursor);
        true
    }

    /// Redoes the last undone change.
    pub fn redo(&mut self) -> bool {
        let Some(change) = self.undo.forward() else { return false };
        let (range, with) = (change.start..change.start + change.removed.len(), &change.inserted);
        let cursor = change.start + with.len();
        self.text.replace_range(range, with);
        self.move_to(cursor);
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
        self.move_to(start + with.len());
        true
    }

    fn move_to(&mut self, cursor: usize) {
        self.cursor = cursor;
        self.goal = None;
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
