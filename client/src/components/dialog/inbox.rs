//! The inbox: the messages of all rooms that mention the user, newest first.

use tuirealm::{
    event::{Event, Key, KeyEvent},
    ratatui::{Frame, layout::Rect, text::Span},
};

use super::{
    super::{ScreenComponent, styles::Styles},
    hits::Hits,
    keys::keys_in_a_row,
};
use crate::{
    keymap::Keymap,
    model::{Dialog, Model},
    text::clip,
    update::{Action, Msg},
};

/// The list, and the key that closes it.
pub(in super::super) struct Inbox {
    hits: Hits,
    /// The first page has come.
    is_listed: bool,
    leave: String,
}

impl Inbox {
    pub(in super::super) fn new(keymap: &Keymap) -> Self {
        Self { hits: Hits::default(), is_listed: false, leave: keymap.named(Action::Cancel) }
    }
}

impl ScreenComponent for Inbox {
    fn show(&mut self, model: &Model) {
        let listing = model.dialogs.iter().find_map(|dialog| match dialog {
            Dialog::Inbox(listing) => Some(listing),
            _ => None,
        });
        if let Some(listing) = listing {
            self.is_listed = !listing.renewing;
            self.hits.show(model, listing);
        }
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, _focused: bool) {
        let inner = Styles::dialog(frame, area, "mentions of you");
        let list = Rect { height: inner.height.saturating_sub(1), ..inner };
        self.hits.draw(frame, list);
        if self.hits.is_empty() && self.is_listed {
            let text = clip("Nobody has mentioned you yet.", list.width);
            frame.render_widget(Span::styled(text, Styles::FAINT), list);
        }
        let choices = [("Enter", "goes there"), (&*self.leave, "closes")];
        let last = Rect { y: list.bottom(), height: inner.height.min(1), ..inner };
        frame.render_widget(keys_in_a_row(Span::raw(""), &choices, last.width), last);
    }

    fn on(&mut self, event: &Event<Action>) -> Option<Msg> {
        match event {
            Event::Keyboard(KeyEvent { code: Key::Home, .. }) => Some(self.hits.step(isize::MIN)),
            Event::Keyboard(KeyEvent { code: Key::End, .. }) => Some(self.hits.step(isize::MAX)),
            Event::Keyboard(KeyEvent { code: Key::Enter, .. }) => {
                self.hits.chosen().map(|hit| Msg::JumpTo(hit.clone())).or(Some(Msg::Redraw))
            }
            _ => self.hits.take(event),
        }
    }

    fn wanted(&self) -> (u16, u16) {
        (92, 40)
    }
}
