//! The picker of reactions: finds an emoji by some letters of its name, and toggles what is already there.

use std::sync::Arc;

use quchat_shared::{RoomId, Seq, UserId};
use tuirealm::{
    event::{Event, Key, KeyEvent},
    ratatui::{
        Frame,
        layout::Rect,
        text::{Line, Span},
    },
};

use super::{
    super::{
        ScreenComponent,
        field::Field,
        reactions::{Tag, rows},
        styles::Styles,
    },
    chosen_row::{ChosenRow, PAGE, rows_moved, sign},
};
use crate::{
    model::{Dialog, Model, ShownReaction},
    text::{clip, emoji::EMOJI, fuzzy, width},
    update::{Action, Msg, looks_like_emoji},
};

/// Most rows of the reactions that are already there.
const THERE_MAX: usize = 2;

/// Offered before the others, after the recent ones.
const USUAL: [&str; 8] = ["👍", "❤️", "😂", "🎉", "👀", "🙏", "🚀", "✅"];

/// The message, its reactions, and the emoji to choose from.
#[derive(Default)]
pub(in super::super) struct React {
    field: Field,
    message: Option<(RoomId, Seq)>,
    there: Vec<ShownReaction>,
    ascii: bool,
    /// Emoji and names: the recent ones, the usual ones, then the others.
    candidates: Vec<(Arc<str>, String)>,
    /// The matching candidates, best first.
    choices: Vec<(Arc<str>, String)>,
    row: ChosenRow,
}

/// The recent emoji, the usual ones, then all others; each name once.
fn candidates(recent: &[Arc<str>]) -> Vec<(Arc<str>, String)> {
    let named = |emoji: &str| EMOJI.iter().find(|(_, known)| *known == emoji).map_or("", |(name, _)| name);
    let mut all: Vec<(Arc<str>, String)> =
        recent.iter().map(|emoji| (Arc::clone(emoji), named(emoji).to_owned())).collect();
    for emoji in USUAL {
        if !all.iter().any(|(known, _)| **known == *emoji) {
            all.push((emoji.into(), named(emoji).to_owned()));
        }
    }
    for (name, emoji) in EMOJI {
        if !all.iter().any(|(_, known)| known == name) {
            all.push(((*emoji).into(), (*name).to_owned()));
        }
    }
    all
}

impl React {
    /// Finds the emoji that match the typed letters. An emoji that was typed or pasted is itself a choice.
    fn search(&mut self) {
        let query = self.field.text().trim().trim_matches(':');
        let found = fuzzy::rank(query, self.candidates.iter().map(|(_, name)| name.as_str()));
        self.choices = found.into_iter().map(|at| self.candidates[at].clone()).collect();
        if looks_like_emoji(query) {
            self.choices.insert(0, (query.into(), String::new()));
        }
        self.row.keep_within(self.choices.len());
    }

    fn step(&mut self, by: isize) -> Option<Msg> {
        self.row.step(by, self.choices.len());
        Some(Msg::Redraw)
    }

    fn react(&self, emoji: Arc<str>) -> Option<Msg> {
        let (room, seq) = self.message?;
        Some(Msg::React { room, seq, emoji })
    }

    /// The nth reaction that is already there, while nothing is typed.
    fn nth(&self, letter: char) -> Option<&ShownReaction> {
        let number = letter.to_digit(10).filter(|_| self.field.is_empty())? as usize;
        self.there.get(number.checked_sub(1)?)
    }

    fn line(&self, at: usize, columns: u16) -> Line<'static> {
        let chosen = at == self.row.at;
        let (emoji, name) = &self.choices[at];
        let (emoji, name) = (clip(emoji, 8), if name.is_empty() { String::new() } else { format!(":{name}:") });
        let gap = usize::from(4_u16.saturating_sub(width(&emoji)).max(1));
        let name = clip(&name, columns.saturating_sub(8));
        let mut spans = vec![sign(chosen)];
        if !self.ascii || name.is_empty() {
            spans.extend([Span::raw(emoji), Span::raw(" ".repeat(gap))]);
        }
        spans.push(Span::styled(name, Styles::FAINT));
        let line = Line::from(spans);
        if chosen { Styles::chosen(line) } else { line }
    }

    /// The reactions that are there, each with the digit that toggles it.
    fn there(&self, columns: u16) -> Vec<Line<'static>> {
        let numbered = self.there.iter().enumerate().map(|(at, reaction)| Tag {
            number: u8::try_from(at + 1).ok().filter(|number| *number <= 9),
            reaction,
            ascii: self.ascii,
        });
        rows(numbered, columns).into_iter().take(THERE_MAX).collect()
    }
}

impl ScreenComponent for React {
    fn show(&mut self, model: &Model) {
        let open = model.dialogs.iter().rev().find_map(|dialog| match dialog {
            Dialog::React { room, seq } => Some((*room, *seq)),
            _ => None,
        });
        if self.candidates.is_empty() {
            self.candidates = candidates(&model.recent_emoji);
            self.search();
        }
        self.message = open;
        self.ascii = model.ascii;
        let me = model.me().unwrap_or(UserId(0));
        let room = open.and_then(|(room, seq)| model.rooms.get(&room).map(|room| (room, seq)));
        let there = room.and_then(|(room, seq)| Some(room.reactions(room.message(seq)?, me)));
        self.there = there.unwrap_or_default();
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, focused: bool) {
        let inner = Styles::dialog(frame, area, "react");
        let there = self.there(inner.width);
        let mut rows = inner.rows();
        if let Some(row) = rows.next() {
            self.field.draw(frame, row, "a few letters of its name, or an emoji", focused);
        }
        for (line, row) in there.iter().zip(rows.by_ref()) {
            frame.render_widget(line, row);
        }
        if self.choices.is_empty() {
            let text = "no such emoji: type less, or paste one";
            if let Some(row) = rows.next() {
                frame.render_widget(Span::styled(clip(text, row.width), Styles::FAINT), row);
            }
            return;
        }
        let rows: Vec<Rect> = rows.collect();
        let top = self.row.scroll(rows.len());
        for (at, row) in (top..self.choices.len()).zip(rows) {
            frame.render_widget(self.line(at, row.width), row);
        }
    }

    fn on(&mut self, event: &Event<Action>) -> Option<Msg> {
        if let Some(by) = rows_moved(event, PAGE) {
            return self.step(by);
        }
        match event {
            Event::Keyboard(KeyEvent { code: Key::Enter, .. }) => {
                let chosen = self.choices.get(self.row.at).map(|(emoji, _)| Arc::clone(emoji));
                chosen.map_or(Some(Msg::Redraw), |emoji| self.react(emoji))
            }
            Event::Keyboard(KeyEvent { code: Key::Char(letter), .. }) if self.nth(*letter).is_some() => {
                let emoji = self.nth(*letter)?.emoji.as_str().into();
                self.react(emoji)
            }
            _ => {
                let before = self.field.text().to_owned();
                let taken = self.field.take(event);
                if self.field.text() != before {
                    self.row = ChosenRow::default();
                    self.search();
                }
                taken.then_some(Msg::Redraw)
            }
        }
    }

    fn wanted(&self) -> (u16, u16) {
        (44, 12)
    }
}
