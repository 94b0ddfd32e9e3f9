//! Cursor movement. Each method returns whether the cursor moved.

use unicode_segmentation::UnicodeSegmentation;

use super::Editor;
use crate::text::wrap::{Row, byte_at, column, wrap};

impl Editor {
    /// One character back.
    pub fn left(&mut self) -> bool {
        let to = self.previous();
        self.go(to)
    }

    /// One character forward.
    pub fn right(&mut self) -> bool {
        let to = self.following();
        self.go(to)
    }

    /// Back to the start of a word.
    pub fn word_left(&mut self) -> bool {
        let to = self.word_start();
        self.go(to)
    }

    /// Forward to the end of a word.
    pub fn word_right(&mut self) -> bool {
        let to = self.word_end();
        self.go(to)
    }

    /// To the start of the line.
    pub fn home(&mut self) -> bool {
        let to = self.line_start();
        self.go(to)
    }

    /// To the end of the line.
    pub fn end(&mut self) -> bool {
        let to = self.line_end();
        self.go(to)
    }

    /// One row up in the text wrapped at `width`; `false` on the first row.
    pub fn up(&mut self, width: u16) -> bool {
        let rows = wrap(&self.text, width);
        let (row, column) = self.place_in(&rows);
        row.checked_sub(1).is_some_and(|above| self.go_to_column(&rows, above, column))
    }

    /// One row down in the text wrapped at `width`; `false` on the last row.
    pub fn down(&mut self, width: u16) -> bool {
        let rows = wrap(&self.text, width);
        let (row, column) = self.place_in(&rows);
        row + 1 < rows.len() && self.go_to_column(&rows, row + 1, column)
    }

    /// Row and column of the cursor. `rows` must be those of this text.
    #[must_use]
    pub fn place_in(&self, rows: &[Row]) -> (usize, u16) {
        let row = rows.partition_point(|row| row.start <= self.cursor).saturating_sub(1);
        (row, column(&self.text, rows.get(row).map_or(0, |row| row.start), self.cursor))
    }

    pub(super) fn line_start(&self) -> usize {
        self.text[..self.cursor].rfind('\n').map_or(0, |at| at + 1)
    }

    pub(super) fn line_end(&self) -> usize {
        self.text[self.cursor..].find('\n').map_or(self.text.len(), |at| self.cursor + at)
    }

    pub(super) fn word_start(&self) -> usize {
        let before = self.text[..self.cursor].split_word_bound_indices();
        before.rev().find(|(_, piece)| is_word(piece)).map_or(0, |(at, _)| at)
    }

    pub(super) fn word_end(&self) -> usize {
        let mut after = self.text[self.cursor..].split_word_bound_indices();
        after.find(|(_, piece)| is_word(piece)).map_or(self.text.len(), |(at, piece)| self.cursor + at + piece.len())
    }

    fn go_to_column(&mut self, rows: &[Row], row: usize, column: u16) -> bool {
        let goal = self.goal.unwrap_or(column);
        let Row { start, end, .. } = rows[row];
        let mut to = byte_at(&self.text, start, end, goal);
        if to == end && row + 1 < rows.len() {
            // this byte is the start of the row below: stay on this row
            to = self.text[start..end].grapheme_indices(true).next_back().map_or(start, |(at, _)| start + at);
        }
        self.cursor = to;
        self.goal = Some(goal);
        true
    }

    fn go(&mut self, to: usize) -> bool {
        let moved = to != self.cursor;
        self.move_to(to);
        moved
    }
}

fn is_word(piece: &str) -> bool {
    piece.chars().any(|c| c.is_alphanumeric() || !(c.is_ascii() || c.is_whitespace()))
}
