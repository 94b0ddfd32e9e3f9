//! The chosen row of a list in a dialog, and which part of the list is on the screen.

use tuirealm::{
    event::{Event, Key, KeyEvent},
    ratatui::text::Span,
};

use super::super::styles::Styles;
use crate::update::Action;

/// Rows that a page key moves by, in lists whose height does not matter.
pub(super) const PAGE: isize = 10;

/// How many rows a key moves the choice by, a page key by `page`; `None` if it is another key.
pub(super) fn rows_moved(event: &Event<Action>, page: isize) -> Option<isize> {
    match event {
        Event::Keyboard(KeyEvent { code: Key::Up, .. }) | Event::User(Action::LineUp) => Some(-1),
        Event::Keyboard(KeyEvent { code: Key::Down, .. }) | Event::User(Action::LineDown) => Some(1),
        Event::User(Action::PageUp) => Some(-page),
        Event::User(Action::PageDown) => Some(page),
        _ => None,
    }
}

/// What stands before a row, chosen or not.
pub(super) fn sign(is_chosen: bool) -> Span<'static> {
    Span::styled(if is_chosen { "❯ " } else { "  " }, Styles::ACCENT)
}

/// Starts at the first row.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ChosenRow {
    /// Counted from 0.
    pub(super) at: usize,
    /// The first row on the screen.
    top: usize,
}

impl ChosenRow {
    /// Moves within a list of so many rows.
    pub(super) fn step(&mut self, by: isize, rows: usize) {
        self.at = self.at.saturating_add_signed(by);
        self.keep_within(rows);
    }

    /// Stays in a list that has so many rows now.
    pub(super) fn keep_within(&mut self, rows: usize) {
        self.at = self.at.min(rows.saturating_sub(1));
    }

    /// Scrolls as little as it takes to show the row among `height` rows. Returns the first row on the screen.
    pub(super) fn scroll(&mut self, height: usize) -> usize {
        self.top = self.top.min(self.at).max((self.at + 1).saturating_sub(height));
        self.top
    }
}
