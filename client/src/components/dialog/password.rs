//! The form for a new password. It is typed here and nowhere else, never as the argument of a command.

use quchat_shared::api::NewPassword;
use tuirealm::{
    event::{Event, Key, KeyEvent},
    ratatui::{
        Frame,
        layout::Rect,
        text::{Line, Span},
    },
};

use super::{
    super::{ScreenComponent, field::Field, styles::Styles},
    keys::{keys, remarks},
};
use crate::{
    keymap::Keymap,
    model::{Dialog, Model},
    update::{Action, Msg},
};

const COLUMNS: u16 = 56;
/// The fields: the current password, the new one, and the new one again.
const LABELS: [&str; 3] = ["Current", "New", "Again"];
/// Columns of the labels.
const LABEL: u16 = 11;

pub(in super::super) struct Password {
    fields: [Field; 3],
    here: usize,
    rev: u64,
    waiting: bool,
    problem: Option<String>,
    /// The two new passwords differ.
    differ: bool,
    /// The key that shows the passwords.
    show: String,
    /// The key that closes it.
    leave: String,
}

impl Password {
    pub(in super::super) fn new(keymap: &Keymap) -> Self {
        Self {
            fields: std::array::from_fn(|_| Field::masked()),
            here: 0,
            rev: 0,
            waiting: false,
            problem: None,
            differ: false,
            show: keymap.named(Action::ShowPassword),
            leave: keymap.named(Action::Cancel),
        }
    }

    fn foot(&self, columns: u16) -> Vec<Line<'static>> {
        match (&self.problem, self.waiting, self.differ) {
            (_, true, _) => remarks("◌ one moment …", Styles::WAITING, columns),
            (_, _, true) => remarks("✗ the two new passwords differ", Styles::WRONG, columns),
            (Some(problem), ..) => remarks(&format!("✗ {problem}"), Styles::WRONG, columns),
            _ => {
                let choices = [("Enter", "changes it"), (&*self.show, "shows"), (&*self.leave, "closes")];
                keys(Span::raw(""), &choices, columns)
            }
        }
    }

    fn submit(&mut self) -> Msg {
        let empty = self.fields.iter().position(Field::is_empty);
        let [current, new, again] = &self.fields;
        self.differ = empty.is_none() && new.text() != again.text();
        if self.waiting || self.differ {
            return Msg::Redraw;
        }
        if let Some(empty) = empty {
            self.here = empty;
            return Msg::Redraw;
        }
        Msg::ChangePassword(NewPassword { current: current.text().to_owned(), new: new.text().to_owned() })
    }
}

impl ScreenComponent for Password {
    fn show(&mut self, model: &Model) {
        let form = model.dialogs.iter().rev().find_map(|dialog| match dialog {
            Dialog::Password(form) => Some(form),
            _ => None,
        });
        let Some(form) = form else { return };
        if std::mem::replace(&mut self.rev, form.rev) != form.rev {
            self.fields[0].set("");
            self.here = 0;
        }
        self.waiting = form.waiting;
        self.problem.clone_from(&form.problem);
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, focused: bool) {
        let inner = Styles::dialog(frame, area, "change your password");
        let mut rows = inner.rows();
        let mut next = || rows.next().unwrap_or_default();
        for (at, (label, field)) in LABELS.iter().zip(&self.fields).enumerate() {
            let (row, here) = (next(), at == self.here);
            let style = if here { Styles::STRONG } else { Styles::FAINT };
            frame.render_widget(Span::styled(format!("{}{label}", if here { "▸ " } else { "  " }), style), row);
            let used = LABEL.min(row.width);
            let value = Rect { x: row.x + used, width: row.width - used, ..row };
            let hint = if at == 1 { "8 to 256 characters" } else { "" };
            field.draw(frame, value, hint, focused && here && !self.waiting);
        }
        next();
        for line in self.foot(inner.width) {
            frame.render_widget(line, next());
        }
    }

    fn on(&mut self, event: &Event<Action>) -> Option<Msg> {
        match event {
            Event::Keyboard(KeyEvent { code: Key::Enter, .. }) => return Some(self.submit()),
            Event::User(Action::NextField) | Event::Keyboard(KeyEvent { code: Key::Down, .. }) => {
                self.here = (self.here + 1) % LABELS.len();
            }
            Event::User(Action::PreviousField) | Event::Keyboard(KeyEvent { code: Key::Up, .. }) => {
                self.here = (self.here + LABELS.len() - 1) % LABELS.len();
            }
            Event::User(Action::ShowPassword) => self.fields.iter_mut().for_each(Field::toggle_shown),
            _ => {
                self.differ = false;
                return self.fields[self.here].take(event).then_some(Msg::Redraw);
            }
        }
        Some(Msg::Redraw)
    }

    fn wanted_in(&self, columns: u16) -> (u16, u16) {
        let columns = columns.min(COLUMNS + 4);
        let foot = self.foot(columns.saturating_sub(4)).len();
        (columns, u16::try_from(foot).unwrap_or(u16::MAX).saturating_add(6))
    }
}
