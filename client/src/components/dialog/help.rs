//! The help, generated from the live keymap.

use tuirealm::{
    event::{Event, Key, KeyEvent},
    ratatui::{
        Frame,
        layout::Rect,
        text::{Line, Span},
    },
};

use super::super::{ScreenComponent, styles::Styles};
use crate::{
    keymap::{Context, Keymap, PLAIN, command},
    model::Model,
    text::{clip, width, wrap},
    update::{
        Action, Msg,
        commands::{COMMANDS, Command, is_for_admins},
    },
};

/// Columns of the keys, before their description.
const KEYS: u16 = 26;

/// A line of the help: a heading, or keys with their description.
struct Entry {
    keys: String,
    help: String,
    /// Only admins of the server may do it.
    for_admins: bool,
}

/// The text and its scroll position.
pub(in super::super) struct Help {
    entries: Vec<Entry>,
    is_admin: bool,
    top: usize,
    page: usize,
}

impl Help {
    pub(in super::super) fn new(keymap: &Keymap) -> Self {
        Self { entries: entries(keymap), is_admin: false, top: 0, page: 10 }
    }

    fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| self.is_admin || !entry.for_admins)
    }

    /// All lines, wrapped at this width.
    fn lines(&self, columns: u16) -> Vec<Line<'static>> {
        let keys = KEYS.min(columns / 2);
        let indent = " ".repeat(usize::from(keys + 2));
        let mut lines = Vec::new();
        for entry in self.entries() {
            if entry.help.is_empty() {
                lines.push(Line::styled(clip(&entry.keys, columns), Styles::STRONG));
                continue;
            }
            let names = wrap(&entry.keys, keys.saturating_sub(2));
            let texts = wrap(&entry.help, columns.saturating_sub(keys + 2));
            for at in 0..names.len().max(texts.len()) {
                let name = names.get(at).map_or("", |row| row.text.as_str());
                let fill = &indent[..usize::from((keys + 2).saturating_sub(width(name) + 2))];
                let text = texts.get(at).map_or("", |row| row.text.as_str()).to_owned();
                lines.push(Line::from(vec![Span::styled(format!("  {name}{fill}"), Styles::STRONG), Span::raw(text)]));
            }
        }
        lines
    }
}

fn entries(keymap: &Keymap) -> Vec<Entry> {
    let entry = |keys: String, help: String| Entry { keys, help, for_admins: false };
    let heading = |text: &str| entry(text.to_owned(), String::new());
    let mut entries = Vec::new();
    for context in Context::ALL {
        if !entries.is_empty() {
            entries.push(heading(""));
        }
        entries.push(heading(context.heading()));
        let mut last = None;
        for row in keymap.rows().iter().filter(|row| row.context == context) {
            let numbered = matches!(row.action, Action::RoomNumber(n) | Action::ToggleReaction(n) if n > 1);
            match entries.last_mut() {
                _ if numbered => continue, // the first one stands for all
                Some(entry) if last == Some(row.action) => entry.keys.push_str(&format!(", {}", row.chord)),
                _ => {
                    let by_word = command(row.action).map_or_else(String::new, |word| format!("  /{word}"));
                    let many = if matches!(row.action, Action::RoomNumber(1) | Action::ToggleReaction(1)) {
                        "…9"
                    } else {
                        ""
                    };
                    entries.push(entry(format!("{}{many}", row.chord), format!("{}{by_word}", row.help)));
                }
            }
            last = Some(row.action);
        }
        for (_, keys, help) in PLAIN.iter().filter(|(at, ..)| *at == context) {
            entries.push(entry((*keys).to_owned(), (*help).to_owned()));
        }
    }
    entries.extend([heading(""), heading("Commands")]);
    for command in COMMANDS {
        let Command { name, args, help, .. } = command;
        let keys = format!("/{name} {args}").trim_end().to_owned();
        entries.push(Entry { keys, help: (*help).to_owned(), for_admins: is_for_admins(command) });
    }
    entries
}

impl ScreenComponent for Help {
    fn show(&mut self, model: &Model) {
        self.is_admin = model.is_admin();
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, _focused: bool) {
        let inner = Styles::dialog(frame, area, "help");
        self.page = usize::from(inner.height);
        let lines = self.lines(inner.width);
        self.top = self.top.min(lines.len().saturating_sub(self.page));
        for (row, line) in inner.rows().zip(lines.iter().skip(self.top)) {
            frame.render_widget(line, row);
        }
        if self.top + self.page < lines.len() {
            let more = Line::styled(" ↓ more ", Styles::FAINT);
            let foot =
                Rect { x: area.right().saturating_sub(10), y: area.bottom().saturating_sub(1), width: 8, height: 1 };
            frame.render_widget(more, foot.intersection(area));
        }
    }

    fn on(&mut self, event: &Event<Action>) -> Option<Msg> {
        let page = self.page.saturating_sub(1).max(1);
        self.top = match event {
            Event::Keyboard(KeyEvent { code: Key::Up, .. }) | Event::User(Action::LineUp) => self.top.saturating_sub(1),
            Event::Keyboard(KeyEvent { code: Key::Down, .. }) | Event::User(Action::LineDown) => {
                self.top.saturating_add(1)
            }
            Event::User(Action::PageUp) => self.top.saturating_sub(page),
            Event::User(Action::PageDown) => self.top.saturating_add(page),
            Event::Keyboard(KeyEvent { code: Key::Home, .. }) => 0,
            Event::Keyboard(KeyEvent { code: Key::End, .. }) => usize::MAX / 2, // clamped when drawn
            _ => return None,
        };
        Some(Msg::Redraw)
    }

    fn wanted(&self) -> (u16, u16) {
        (76, u16::try_from(self.entries().count()).unwrap_or(u16::MAX).saturating_add(2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_that_is_bound_is_in_the_help() {
        let keymap = Keymap::default();
        let entries = entries(&keymap);
        for row in keymap
            .rows()
            .iter()
            .filter(|row| !matches!(row.action, Action::RoomNumber(2..) | Action::ToggleReaction(2..)))
        {
            let chord = row.chord.to_string();
            let listed = |entry: &Entry| {
                entry.help.starts_with(row.help)
                    && entry.keys.split(", ").any(|key| key.trim_end_matches("…9") == chord)
            };
            assert!(entries.iter().any(listed), "{chord} in {:?}", row.context);
        }
    }
}
