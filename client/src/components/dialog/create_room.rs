//! The form for a new room: its name, and whether it is private.

use tui_realm_stdlib::components::Checkbox;
use tuirealm::{
    command::Cmd,
    component::Component,
    event::{Event, Key, KeyEvent},
    props::{AttrValue, Attribute},
    ratatui::{Frame, layout::Rect, text::Span},
    state::State,
};

use super::{
    super::{ScreenComponent, field::Field, styles::Styles},
    keys::{keys_in_a_row, remark},
};
use crate::{
    keymap::Keymap,
    model::{Dialog, Model},
    update::{Action, Msg},
};

pub(in super::super) struct CreateRoom {
    name: Field,
    private: Checkbox,
    /// The check box has the keyboard, not the name.
    on_private: bool,
    loaded: bool,
    waiting: bool,
    problem: Option<String>,
    /// The key that goes to the other field.
    next: String,
    /// The key that closes it.
    leave: String,
}

impl CreateRoom {
    pub(in super::super) fn new(keymap: &Keymap) -> Self {
        Self {
            name: Field::default(),
            private: Checkbox::default().choices(["only members can see it"]).highlight_style(Styles::STRONG),
            on_private: false,
            loaded: false,
            waiting: false,
            problem: None,
            next: keymap.named(Action::NextField),
            leave: keymap.named(Action::Cancel),
        }
    }

    fn is_private(&self) -> bool {
        matches!(self.private.state(), State::Vec(ticked) if !ticked.is_empty())
    }
}

impl ScreenComponent for CreateRoom {
    fn show(&mut self, model: &Model) {
        let open = model.dialogs.iter().rev().find_map(|dialog| match dialog {
            Dialog::CreateRoom { name, waiting, problem } => Some((name, *waiting, problem)),
            _ => None,
        });
        let Some((name, waiting, problem)) = open else { return };
        if !std::mem::replace(&mut self.loaded, true) {
            self.name.set(name);
        }
        self.waiting = waiting;
        self.problem.clone_from(problem);
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, focused: bool) {
        let inner = Styles::dialog(frame, area, "create a room");
        let mut rows = inner.rows();
        let mut next = || rows.next().unwrap_or_default();
        let label = |frame: &mut Frame<'_>, row: Rect, text: &'static str, here: bool| {
            let glyph = if here { "▸ " } else { "  " };
            let style = if here { Styles::STRONG } else { Styles::FAINT };
            frame.render_widget(Span::styled(format!("{glyph}{text}"), style), row);
        };
        let row = next();
        label(frame, row, "Name", !self.on_private);
        let value = Rect { x: row.x + 12.min(row.width), width: row.width.saturating_sub(12), ..row };
        self.name.draw(frame, value, "1 to 64 characters", focused && !self.on_private);
        let row = next();
        label(frame, row, "Private", self.on_private);
        // the check box begins with a blank
        let value = Rect { x: row.x + 11.min(row.width), width: row.width.saturating_sub(11), ..row };
        self.private.attr(Attribute::Focus, AttrValue::Flag(focused && self.on_private));
        self.private.view(frame, value);
        next();
        let row = next();
        let choices = [("Enter", "creates"), (&*self.next, "next"), ("Space", "toggles"), (&*self.leave, "closes")];
        let foot = match (&self.problem, self.waiting) {
            (_, true) => remark("◌ one moment …", Styles::WAITING, row.width),
            (Some(problem), _) => remark(&format!("✗ {problem}"), Styles::WRONG, row.width),
            (None, _) => keys_in_a_row(Span::raw(""), &choices, row.width),
        };
        frame.render_widget(foot, row);
    }

    fn on(&mut self, event: &Event<Action>) -> Option<Msg> {
        match event {
            Event::Keyboard(KeyEvent { code: Key::Enter, .. })
                if self.waiting || self.name.text().trim().is_empty() =>
            {
                self.on_private = false;
            }
            Event::Keyboard(KeyEvent { code: Key::Enter, .. }) => {
                return Some(Msg::CreateRoom { name: self.name.text().to_owned(), private: self.is_private() });
            }
            Event::User(Action::NextField | Action::PreviousField)
            | Event::Keyboard(KeyEvent { code: Key::Up | Key::Down, .. }) => self.on_private = !self.on_private,
            Event::Keyboard(KeyEvent { code: Key::Char(' '), .. }) if self.on_private => {
                self.private.perform(Cmd::Toggle);
            }
            _ if self.on_private => return None,
            _ => return self.name.take(event).then_some(Msg::Redraw),
        }
        Some(Msg::Redraw)
    }

    fn wanted(&self) -> (u16, u16) {
        (58, 6)
    }
}
