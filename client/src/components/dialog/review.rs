//! A refused message or edit: its text, the reason, and what you can do about it.

use std::sync::Arc;

use quchat_shared::RoomId;
use tuirealm::{
    event::{Event, Key, KeyEvent},
    ratatui::{Frame, layout::Rect, text::Span},
};

use super::{
    super::{ScreenComponent, rooms::room_name, styles::Styles},
    keys::keys_in_a_row,
};
use crate::{
    keymap::Keymap,
    model::{Dialog, Model, SendState},
    text::{clip, wrap},
    update::{Action, Msg},
};

const COLUMNS: u16 = 64;
const ROWS: u16 = 16;

/// The message and its scroll position.
pub(in super::super) struct Review {
    message: Option<(RoomId, Arc<str>)>,
    /// What was refused.
    title: String,
    text: Arc<str>,
    reason: String,
    top: usize,
    /// Waits for a second, different key that confirms the discard. A held key repeats, and a terminal does not
    /// distinguish that from pressing it again.
    discards: bool,
    /// The key that leaves the message as it is.
    leave: String,
}

impl Review {
    pub(in super::super) fn new(keymap: &Keymap) -> Self {
        let leave = keymap.named(Action::Cancel);
        Self {
            message: None,
            title: String::new(),
            text: "".into(),
            reason: String::new(),
            top: 0,
            discards: false,
            leave,
        }
    }

    /// The possible choices with their keys.
    fn choices(&self) -> Vec<(&str, &str)> {
        match self.discards {
            true => vec![("y", "discard it"), ("n", "keep it")],
            false => vec![("Enter", "again"), ("e", "edit"), ("d", "discard"), (&self.leave, "leave")],
        }
    }

    fn choose(&mut self, code: Key) -> Option<Msg> {
        let (room, txn) = self.message.clone()?;
        match (std::mem::take(&mut self.discards), code) {
            (true, Key::Char('y' | 'Y')) => Some(Msg::Discard { room, txn }),
            (false, Key::Enter) => Some(Msg::SendAgain { room, txn }),
            (false, Key::Char('e')) => Some(Msg::TakeBack { room, txn }),
            (asked, Key::Char('d')) => {
                self.discards = true;
                (!asked).then_some(Msg::Redraw)
            }
            (asked, _) => asked.then_some(Msg::Redraw),
        }
    }
}

impl ScreenComponent for Review {
    fn show(&mut self, model: &Model) {
        let open = model.dialogs.iter().rev().find_map(|dialog| match dialog {
            Dialog::Review { room, txn } => Some((*room, Arc::clone(txn))),
            _ => None,
        });
        if open != self.message {
            self.top = 0;
            self.discards = false;
        }
        self.message = open;
        let Some((id, txn)) = &self.message else { return };
        let Some(room) = model.rooms.get(id) else { return };
        if let Some(pending) = room.outbox.iter().find(|pending| pending.txn == *txn) {
            let what = if pending.edit.is_some() { "edit not saved in" } else { "not sent to" };
            let refused: usize = model.rooms.values().map(|room| room.refused().count()).sum();
            let one_of = if refused > 1 { format!(" (1 of {refused})") } else { String::new() };
            self.title = format!("{what} {}{one_of}", room_name(room));
            self.text = Arc::clone(&pending.text);
            self.reason = match &pending.state {
                SendState::Refused(reason) => reason.to_string(),
                _ => "sending again".to_owned(),
            };
        }
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, _focused: bool) {
        let inner = Styles::dialog(frame, area, &self.title);
        let Some(last) = inner.rows().next_back() else { return };
        let mut rows = inner.rows().take(usize::from(inner.height.saturating_sub(2)));
        if let Some(row) = rows.next() {
            frame.render_widget(Span::styled(clip(&format!("✗ {}", self.reason), row.width), Styles::WRONG), row);
        }
        let rows = rows.skip(1);
        let lines = wrap(&self.text, inner.width.max(1));
        self.top = self.top.min(lines.len().saturating_sub(usize::from(inner.height.saturating_sub(4))));
        for (row, line) in rows.zip(lines.iter().skip(self.top)) {
            frame.render_widget(Span::raw(line.text.as_str()), row);
        }
        frame.render_widget(keys_in_a_row(Span::raw(""), &self.choices(), last.width), last);
    }

    fn on(&mut self, event: &Event<Action>) -> Option<Msg> {
        let page = usize::from(ROWS - 6);
        match event {
            Event::Keyboard(KeyEvent { code: Key::Up, .. }) | Event::User(Action::LineUp) => {
                self.top = self.top.saturating_sub(1);
            }
            Event::Keyboard(KeyEvent { code: Key::Down, .. }) | Event::User(Action::LineDown) => self.top += 1,
            Event::User(Action::PageUp) => self.top = self.top.saturating_sub(page),
            Event::User(Action::PageDown) => self.top += page,
            Event::Keyboard(KeyEvent { code, .. }) => return self.choose(*code),
            _ => return None,
        }
        Some(Msg::Redraw)
    }

    fn wanted(&self) -> (u16, u16) {
        let rows = u16::try_from(wrap(&self.text, COLUMNS).len()).unwrap_or(u16::MAX).saturating_add(6);
        (COLUMNS + 4, rows.min(ROWS))
    }
}
