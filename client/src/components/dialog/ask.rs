//! A question with yes and no, and what hangs on it: the messages that are not sent yet.

use tuirealm::{
    event::{Event, Key, KeyEvent},
    ratatui::{
        Frame,
        layout::Rect,
        style::Style,
        text::{Line, Span},
    },
};

use super::super::{Part, look::Look, rooms::room_name};
use crate::{
    keymap::Keymap,
    model::{Dialog, Model, Question, Storage},
    text::{clip, wrap},
    update::{Action, Msg},
};

/// Unsent messages that are named; of more only the number.
const NAMED: usize = 5;
/// Lines of a paste that are shown.
const SHOWN: usize = 3;
const COLUMNS: u16 = 58;

/// The question in words.
#[derive(Default)]
pub(in super::super) struct Ask {
    title: &'static str,
    lines: Vec<(String, Style)>,
    yes: &'static str,
    /// What cannot be undone takes y alone: Enter is pressed too easily.
    earnest: bool,
    no: &'static str,
    /// The key that says no.
    stay: String,
}

impl Ask {
    pub(in super::super) fn new(keymap: &Keymap) -> Self {
        Self { stay: keymap.named(Action::Cancel), ..Self::default() }
    }

    fn unsent(&mut self, model: &Model) {
        for (room, text) in model.at_stake().take(NAMED) {
            self.lines.push((format!("◌ {}  {text}", room_name(room)), Look::PLAIN));
        }
        match model.at_stake().count() {
            0 => {}
            n => {
                if n > NAMED {
                    self.lines.push((format!("… and {} more", n - NAMED), Look::PLAIN));
                }
                let (fate, style) = match (&model.storage, n) {
                    (Storage::Kept | Storage::Opening, 1) => ("It is kept and sent when you are back.", Look::FAINT),
                    (Storage::Kept | Storage::Opening, _) => ("They are kept and sent when you are back.", Look::FAINT),
                    (_, 1) => ("It is not kept on this machine and will be lost.", Look::WRONG),
                    _ => ("They are not kept on this machine and will be lost.", Look::WRONG),
                };
                self.lines.push((fate.to_owned(), style));
            }
        }
    }
}

fn are(unsent: usize) -> String {
    match unsent {
        1 => "One message is not sent yet:".to_owned(),
        n => format!("{n} messages are not sent yet:"),
    }
}

impl Part for Ask {
    fn show(&mut self, model: &Model) {
        let Some(question) = model.dialogs.iter().rev().find_map(|dialog| match dialog {
            Dialog::Ask(question) => Some(question.clone()),
            _ => None,
        }) else {
            return;
        };
        self.lines.clear();
        self.no = "stay";
        self.earnest = matches!(question, Question::Leave { .. });
        match question {
            Question::Quit { unsent } => {
                (self.title, self.yes) = ("quit", "quit");
                self.lines.push((are(unsent), Look::STRONG));
                self.unsent(model);
            }
            Question::SignOut { unsent } => {
                (self.title, self.yes) = ("sign out", "sign out");
                let name = model.account.as_ref().map_or("", |account| account.user.name.as_str());
                self.lines.push((format!("Sign {name} out? Drafts stay on this machine."), Look::PLAIN));
                if unsent > 0 {
                    self.lines.push((are(unsent), Look::STRONG));
                    self.unsent(model);
                }
            }
            Question::Leave { room } => {
                (self.title, self.yes) = ("leave", "leave");
                let name = model.rooms.get(&room).map_or_else(String::new, room_name);
                self.lines.push((format!("Leave {name}? You cannot come back by yourself."), Look::PLAIN));
            }
            Question::CatchUp { rooms, messages } => {
                (self.title, self.yes, self.no) = ("catch up", "mark as read", "leave as it is");
                let count = |n: u64, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
                let text =
                    format!("Mark {} in {} as read?", count(messages, "message"), count(rooms.len() as u64, "room"));
                self.lines.push((text, Look::PLAIN));
            }
            Question::Paste { room, text, .. } => {
                (self.title, self.yes, self.no) = ("paste", "paste", "leave it out; Up brings it back");
                let name = model.rooms.get(&room).map_or_else(String::new, room_name);
                let text = text.trim_end_matches('\n');
                let count = text.split('\n').count();
                self.lines.push((format!("Paste {count} lines into the message to {name}?"), Look::STRONG));
                self.lines.extend(text.split('\n').take(SHOWN).map(|line| (format!("│ {line}"), Look::FAINT)));
                self.lines.push((format!("… and {} more", count.saturating_sub(SHOWN)), Look::FAINT));
            }
        }
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, _focused: bool) {
        let inner = Look::dialog(frame, area, self.title);
        let Some(last) = inner.rows().next_back() else { return };
        for (row, (text, style)) in inner.rows().take(usize::from(inner.height) - 1).zip(&self.lines) {
            frame.render_widget(Span::styled(clip(text, row.width), *style), row);
        }
        let line = Line::from(vec![
            Span::styled(if self.earnest { "y" } else { "Enter" }, Look::STRONG),
            Span::styled(format!(" {}   ", self.yes), Look::FAINT),
            Span::styled(self.stay.as_str(), Look::STRONG),
            Span::styled(format!(" {}", self.no), Look::FAINT),
        ]);
        frame.render_widget(line, last);
    }

    fn on(&mut self, event: &Event<Action>) -> Option<Msg> {
        match event.as_keyboard()? {
            KeyEvent { code: Key::Enter, .. } => (!self.earnest).then_some(Msg::Answer(true)),
            KeyEvent { code: Key::Char('y' | 'Y'), .. } => Some(Msg::Answer(true)),
            KeyEvent { code: Key::Char('n' | 'N'), .. } => Some(Msg::Answer(false)),
            _ => None,
        }
    }

    fn wanted(&self) -> (u16, u16) {
        let rows: usize = self.lines.iter().map(|(text, _)| wrap(&clip(text, COLUMNS), COLUMNS).len()).sum();
        (COLUMNS + 4, u16::try_from(rows).unwrap_or(u16::MAX).saturating_add(4))
    }
}
