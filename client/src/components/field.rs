//! A single-line input: names, addresses, passwords, search terms.

use tuirealm::{
    event::{Event, Key, KeyEvent},
    ratatui::{
        Frame,
        layout::{Position, Rect},
        text::Span,
    },
};
use unicode_segmentation::UnicodeSegmentation;

use super::{styles::Styles, typing};
use crate::{
    text::{Editor, clip, width},
    update::Action,
};

/// Longest line in bytes.
const BYTES_MAX: usize = 1024;

#[derive(Default)]
pub(super) struct Field {
    editor: Editor,
    masked: bool,
    /// The text is masked, but the user asked to see it.
    shown: bool,
    /// The text is an earlier one: what is typed replaces it, unless the user edits it first.
    offered: bool,
}

impl Field {
    /// A field with masked text.
    pub(super) fn masked() -> Self {
        Self { masked: true, ..Self::default() }
    }

    /// Shows or hides masked text.
    pub(super) fn toggle_shown(&mut self) {
        self.shown = self.masked && !self.shown;
    }

    pub(super) fn is_shown(&self) -> bool {
        self.shown
    }

    pub(super) fn text(&self) -> &str {
        self.editor.text()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.editor.is_empty()
    }

    /// Replaces the text, clears the undo history and puts the cursor at the end.
    pub(super) fn set(&mut self, text: &str) {
        self.editor = Editor::new(text);
        self.shown = false;
        self.offered = false;
    }

    /// As [`Self::set`], with an earlier text that the next typed one replaces.
    pub(super) fn offer(&mut self, text: &str) {
        self.set(text);
        self.offered = !text.is_empty();
    }

    /// Handles keys and pastes that edit a line; returns whether it did. A pasted line break becomes a space; one at
    /// the end is removed.
    pub(super) fn take(&mut self, event: &Event<Action>) -> bool {
        let adds = matches!(event, Event::Paste(_) | Event::Keyboard(KeyEvent { code: Key::Char(_), .. }));
        if self.offered && adds {
            self.editor.end();
            self.editor.kill_to_line_start();
        }
        let taken = self.edit(event);
        self.offered &= !taken;
        taken
    }

    fn edit(&mut self, event: &Event<Action>) -> bool {
        match event {
            Event::Paste(text) => {
                let room = BYTES_MAX.saturating_sub(self.text().len());
                let line = match self.masked {
                    true => text.trim_end_matches(['\r', '\n']).to_owned(), // blanks may belong to a password
                    false => text.trim().replace(char::is_control, " "),
                };
                if line.len() <= room {
                    self.editor.insert(&line);
                }
                true
            }
            Event::Keyboard(KeyEvent { code: Key::Char(_), .. }) if self.text().len() >= BYTES_MAX => true,
            Event::User(Action::KillOrSwitch) => {
                self.editor.kill_to_line_end();
                true // a form has no switcher to go on to
            }
            _ => typing::edit(&mut self.editor, event).is_some(),
        }
    }

    /// Draws the field in the first row of `area`, scrolled so that the cursor is visible.
    pub(super) fn draw(&self, frame: &mut Frame<'_>, area: Rect, placeholder: &str, focused: bool) {
        let area = Rect { height: area.height.min(1), ..area };
        if area.is_empty() {
            return;
        }
        if self.is_empty() {
            frame.render_widget(Span::styled(clip(placeholder, area.width), Styles::FAINT), area);
        }
        let (before, after) = self.editor.text().split_at(self.editor.cursor());
        let (before, after) = (self.shown(before), self.shown(after));
        let room = area.width - 1; // keep a column for the cursor
        let mut start = before.len();
        for (at, _) in before.grapheme_indices(true).rev().take_while(|&(at, _)| width(&before[at..]) <= room) {
            start = at;
        }
        let visible = format!("{}{after}", &before[start..]);
        let style = if self.offered { Styles::CHOSEN } else { Styles::PLAIN };
        frame.render_widget(Span::styled(clip(&visible, area.width), style), area);
        if focused {
            frame.set_cursor_position(Position { x: area.x + width(&before[start..]).min(room), y: area.y });
        }
    }

    fn shown(&self, text: &str) -> String {
        if self.masked && !self.shown {
            "•".repeat(text.graphemes(true).count())
        } else {
            crate::text::one_line(text)
        }
    }
}
