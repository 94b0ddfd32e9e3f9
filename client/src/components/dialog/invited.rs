//! A new invite: the link with which somebody joins, what it is good for, and the key that copies it.

use tuirealm::{
    event::{Event, Key, KeyEvent},
    ratatui::{
        Frame,
        layout::Rect,
        style::Style,
        text::{Line, Span},
    },
};

use super::{
    super::{ScreenComponent, rooms::room_name, styles::Styles},
    keys::keys,
};
use crate::{
    keymap::Keymap,
    model::{Dialog, FreshInvite, Model},
    text::{clock, wrap},
    update::{Action, Msg},
};

const COLUMNS: u16 = 66;

pub(in super::super) struct Invited {
    lines: Vec<(String, Style)>,
    /// What y copies.
    copies: &'static str,
    /// The key that closes it.
    leave: String,
}

impl Invited {
    pub(in super::super) fn new(keymap: &Keymap) -> Self {
        Self { lines: Vec::new(), copies: "copies the link", leave: keymap.named(Action::Cancel) }
    }

    fn take(&mut self, fresh: &FreshInvite, model: &Model) {
        let room = fresh.room.map(|id| model.rooms.get(&id).map_or_else(|| format!("room {id}"), room_name));
        let who = match fresh.uses {
            1 => "One person can join with it".to_owned(),
            uses => format!("{uses} people can join with it"),
        };
        let place = room.map_or_else(String::new, |room| format!(" and is then in {room}"));
        let place = if fresh.uses == 1 { place } else { place.replace(" and is then", " and are then") };
        let until = clock::minute(fresh.expires_at.as_millis(), &model.zone);
        let (how, hint) = match (&fresh.link, fresh.is_local) {
            (None, _) => (
                "This is the code of the invite. It goes into the sign-in form, where others register:",
                "There is no link, because this connection is not encrypted: connect with https:// to get one.",
            ),
            (Some(_), true) => (
                "Whoever starts quchat with this link joins:",
                "Its address works on this machine only. For others, replace it by the name of this machine.",
            ),
            (Some(_), false) => ("Whoever starts quchat with this link joins:", ""),
        };
        self.copies = if fresh.link.is_some() { "copies the link" } else { "copies the code" };
        self.lines = vec![
            (how.to_owned(), Styles::PLAIN),
            (fresh.text(), Styles::ACCENT),
            (hint.to_owned(), Styles::WAITING),
            (format!("{who}{place}, until {until}. It is shown only now."), Styles::PLAIN),
        ];
        self.lines.retain(|(text, _)| !text.is_empty());
    }

    fn rows(&self, columns: u16) -> Vec<(String, Style)> {
        let wrapped = |(text, style): &(String, Style)| {
            let style = *style;
            wrap(text, columns.max(1)).into_iter().map(move |row| (row.text, style))
        };
        self.lines.iter().flat_map(wrapped).collect()
    }

    fn foot(&self, columns: u16) -> Vec<Line<'static>> {
        keys(Span::raw(""), &[("y", self.copies), (&self.leave, "closes")], columns)
    }
}

impl ScreenComponent for Invited {
    fn show(&mut self, model: &Model) {
        let fresh = model.dialogs.iter().rev().find_map(|dialog| match dialog {
            Dialog::Invited(fresh) => Some(fresh),
            _ => None,
        });
        if let Some(fresh) = fresh {
            self.take(fresh, model);
        }
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, _focused: bool) {
        let inner = Styles::dialog(frame, area, "invite");
        let foot = self.foot(inner.width);
        let body = usize::from(inner.height).saturating_sub(foot.len());
        for (row, (text, style)) in inner.rows().take(body).zip(self.rows(inner.width)) {
            frame.render_widget(Span::styled(text, style), row);
        }
        for (row, line) in inner.rows().skip(body).zip(foot) {
            frame.render_widget(line, row);
        }
    }

    fn on(&mut self, event: &Event<Action>) -> Option<Msg> {
        match event {
            Event::Keyboard(KeyEvent { code: Key::Char('y' | 'Y'), .. }) => Some(Msg::CopyInvite),
            _ => None,
        }
    }

    fn wanted_in(&self, columns: u16) -> (u16, u16) {
        let columns = columns.saturating_sub(4).min(COLUMNS);
        let rows = self.rows(columns).len() + self.foot(columns).len();
        (columns + 4, u16::try_from(rows).unwrap_or(u16::MAX).saturating_add(3))
    }
}
