//! Asks for the password again after the session has ended; the screen behind it is unchanged.

use quchat_shared::api::Credentials;
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
    model::{Link, Model},
    text::clip,
    update::{Action, Msg},
};

/// Columns of the text.
const COLUMNS: u16 = 56;

pub(in super::super) struct SignedOut {
    password: Field,
    password_rev: Option<u64>,
    server: String,
    name: String,
    reason: Option<String>,
    waiting: bool,
    problem: Option<String>,
    /// The key that closes it.
    leave: String,
}

impl SignedOut {
    pub(in super::super) fn new(keymap: &Keymap) -> Self {
        Self {
            password: Field::masked(),
            password_rev: None,
            server: String::new(),
            name: String::new(),
            reason: None,
            waiting: false,
            problem: None,
            leave: keymap.named(Action::Cancel),
        }
    }
}

impl SignedOut {
    fn foot(&self, columns: u16) -> Vec<Line<'static>> {
        match (&self.problem, self.waiting) {
            (_, true) => remarks("◌ one moment …", Styles::WAITING, columns),
            (Some(problem), _) => remarks(&format!("✗ {problem}"), Styles::WRONG, columns),
            (None, _) => {
                let choices = [("Enter", "signs in"), (&*self.leave, "returns to reading; nothing is lost")];
                keys(Span::raw(""), &choices, columns)
            }
        }
    }
}

impl ScreenComponent for SignedOut {
    fn show(&mut self, model: &Model) {
        if let Some(account) = &model.account {
            self.server = account.server.origin.to_string();
            self.name.clone_from(&account.user.name);
        }
        if self.password_rev.replace(model.sign_in.password_rev) != Some(model.sign_in.password_rev) {
            self.password.set("");
        }
        self.waiting = model.sign_in.waiting;
        self.problem = model.sign_in.problem.as_ref().map(|(_, problem)| problem.clone());
        self.reason = match &model.link {
            Link::SignedOut { reason } => reason.clone(),
            _ => None,
        };
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, focused: bool) {
        let inner = Styles::dialog(frame, area, "signed out");
        let mut rows = inner.rows();
        let mut next = || rows.next().unwrap_or_default();
        let row = next();
        let reason = self.reason.as_deref().unwrap_or("The session has ended.");
        frame.render_widget(Span::styled(clip(reason, row.width), Styles::FAINT), row);
        next();
        let row = next();
        let label = format!("Password for {}  ", self.name);
        let used = crate::text::width(&label).min(row.width / 2);
        frame.render_widget(Span::styled(clip(&label, used), Styles::STRONG), row);
        self.password.draw(
            frame,
            Rect { x: row.x + used, width: row.width - used, ..row },
            "",
            focused && !self.waiting,
        );
        for line in self.foot(inner.width) {
            frame.render_widget(line, next());
        }
    }

    fn on(&mut self, event: &Event<Action>) -> Option<Msg> {
        match event {
            Event::Keyboard(KeyEvent { code: Key::Enter, .. }) if self.waiting || self.password.is_empty() => {
                Some(Msg::Redraw)
            }
            Event::Keyboard(KeyEvent { code: Key::Enter, .. }) => {
                let credentials = Credentials { name: self.name.clone(), password: self.password.text().to_owned() };
                Some(Msg::SignIn { server: self.server.clone(), credentials, register: false, invite: String::new() })
            }
            Event::User(Action::ShowPassword) => {
                self.password.toggle_shown();
                Some(Msg::Redraw)
            }
            _ => self.password.take(event).then_some(Msg::Redraw),
        }
    }

    fn wanted_in(&self, columns: u16) -> (u16, u16) {
        let columns = columns.min(COLUMNS + 4);
        let foot = self.foot(columns.saturating_sub(4)).len();
        (columns, u16::try_from(foot).unwrap_or(u16::MAX).saturating_add(5))
    }
}
