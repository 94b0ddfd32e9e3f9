//! The invites with which people can still register: where to, how often, until when, and by whom. One can be revoked.

use quchat_shared::{InviteId, invite::Invite};
use tuirealm::{
    event::{Event, Key, KeyEvent},
    ratatui::{
        Frame,
        layout::Rect,
        text::{Line, Span},
    },
};

use super::{
    super::{ScreenComponent, rooms::room_name, styles::Styles},
    chosen_row::{PAGE, rows_moved, sign},
    keys::keys_in_a_row,
    paged_row::PagedRow,
};
use crate::{
    keymap::Keymap,
    model::{Dialog, Model},
    text::{clip, clock, width},
    update::{Action, Msg},
};

const COLUMNS: u16 = 60;
const ROWS: u16 = 18;
/// With fewer columns, only the chosen invite says until when it works.
const DAYS_FROM: u16 = 44;

/// An invite as drawn.
struct Row {
    id: InviteId,
    /// The room that it leads to, or that it leads to none.
    to: String,
    uses: String,
    day: String,
    /// Until when it works, to the minute, and who created it.
    details: String,
}

impl Row {
    fn new(invite: &Invite, model: &Model) -> Self {
        let room = invite.room.map(|id| model.rooms.get(&id).map_or_else(|| format!("room {id}"), room_name));
        let by = invite.created_by.as_ref().map_or("the server's operator", |user| &user.name);
        let expires = invite.expires_at.as_millis();
        Self {
            id: invite.id,
            to: room.unwrap_or_else(|| "no room".to_owned()),
            uses: format!("{} of {} left", invite.uses_left, invite.uses),
            day: format!("until {}", clock::day(expires, &model.zone)),
            details: format!("until {}, created by {by}", clock::minute(expires, &model.zone)),
        }
    }
}

pub(in super::super) struct Invites {
    rows: Vec<Row>,
    place: PagedRow,
    /// Waits for a second, different key that revokes this one.
    revokes: Option<InviteId>,
    /// The key that closes it.
    leave: String,
}

impl Invites {
    pub(in super::super) fn new(keymap: &Keymap) -> Self {
        let leave = keymap.named(Action::Cancel);
        Self { rows: Vec::new(), place: PagedRow::default(), revokes: None, leave }
    }

    fn chosen(&self) -> Option<&Row> {
        self.rows.get(self.place.row.at)
    }

    fn line(&self, at: usize, columns: u16) -> Line<'static> {
        let (row, chosen) = (&self.rows[at], at == self.place.row.at);
        let until = if columns < DAYS_FROM { String::new() } else { format!("  {}", row.day) };
        let uses = format!("  {}", row.uses);
        let left = columns.saturating_sub(3 + width(&uses) + width(&until));
        let to = clip(&row.to, left);
        let fill = usize::from(left.saturating_sub(width(&to)));
        let line = Line::from(vec![
            sign(chosen),
            Span::styled(to, Styles::PLAIN),
            Span::raw(" ".repeat(fill)),
            Span::styled(uses, Styles::PLAIN),
            Span::styled(until, Styles::FAINT),
        ]);
        if chosen { Styles::chosen(line) } else { line }
    }

    /// The last row: what is wrong, else more pages and the keys.
    fn foot(&self, columns: u16) -> Line<'static> {
        let leave = &*self.leave;
        let none = Span::styled("no invite works now; /admin invite creates one", Styles::FAINT);
        let question = Span::styled("Revoke this invite?", Styles::STRONG);
        if self.revokes.is_some() {
            return keys_in_a_row(question, &[("y", "revokes it"), ("n", "keeps it")], columns);
        }
        self.place.problem(columns).or_else(|| self.place.waiting(columns)).unwrap_or_else(|| {
            match self.rows.is_empty() {
                true => keys_in_a_row(none, &[(leave, "closes")], columns),
                false => keys_in_a_row(self.place.more(), &[("Enter", "revokes it, asks"), (leave, "closes")], columns),
            }
        })
    }
}

impl ScreenComponent for Invites {
    fn show(&mut self, model: &Model) {
        let invites = model.dialogs.iter().rev().find_map(|dialog| match dialog {
            Dialog::Invites(invites) => Some(invites),
            _ => None,
        });
        let Some(invites) = invites else { return };
        self.rows = invites.list.page.iter().flatten().map(|invite| Row::new(invite, model)).collect();
        self.place.follow(&invites.list, self.rows.len());
        let chosen = self.chosen().map(|row| row.id);
        self.revokes.take_if(|id| chosen != Some(*id));
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, _focused: bool) {
        let inner = Styles::dialog(frame, area, "invites");
        let foot = Rect { y: inner.bottom().saturating_sub(1), height: 1.min(inner.height), ..inner };
        let list = Rect { height: inner.height.saturating_sub(3), ..inner }; // an empty row, the details and the foot
        let top = self.place.row.scroll(list.height.into());
        for (at, row) in (top..self.rows.len()).zip(list.rows()) {
            frame.render_widget(self.line(at, row.width), row);
        }
        if let Some(row) = self.chosen() {
            let area = Rect { y: foot.y.saturating_sub(1), ..foot }.intersection(inner);
            frame.render_widget(Span::styled(clip(&row.details, area.width), Styles::FAINT), area);
        }
        frame.render_widget(self.foot(foot.width), foot);
    }

    fn on(&mut self, event: &Event<Action>) -> Option<Msg> {
        if let Some(by) = rows_moved(event, PAGE) {
            self.revokes = None;
            return Some(self.place.step(by, self.rows.len()));
        }
        match event {
            Event::Keyboard(KeyEvent { code: Key::Enter, .. }) => {
                self.revokes = self.chosen().map(|row| row.id);
                Some(Msg::Redraw)
            }
            Event::Keyboard(KeyEvent { code: Key::Char('y' | 'Y'), .. }) if self.revokes.is_some() => {
                self.revokes.take().map(Msg::RevokeInvite)
            }
            Event::Keyboard(_) if self.revokes.take().is_some() => Some(Msg::Redraw),
            _ => None,
        }
    }

    fn wanted(&self) -> (u16, u16) {
        (COLUMNS, ROWS)
    }
}
