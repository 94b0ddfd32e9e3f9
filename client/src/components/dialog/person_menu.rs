//! The menu of what the user may do with somebody who was chosen in a list.

use quchat_shared::{UserId, UserRef, room::Role, user::ServerRole};
use tuirealm::ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

use super::{
    super::styles::Styles,
    chosen_row::{ChosenRow, sign},
};
use crate::{model::PersonAction, text::clip, update::Msg};

/// An open menu. It has at least one entry.
pub(super) struct PersonMenu {
    user: UserRef,
    offers: Vec<PersonAction>,
    row: ChosenRow,
}

impl PersonMenu {
    /// A menu with these entries; `None` if there are none.
    pub(super) fn new(user: &UserRef, offers: &[PersonAction]) -> Option<Self> {
        let menu = Self { user: user.clone(), offers: offers.to_vec(), row: ChosenRow::default() };
        (!menu.offers.is_empty()).then_some(menu)
    }

    pub(super) fn user(&self) -> UserId {
        self.user.id
    }

    pub(super) fn step(&mut self, by: isize) {
        self.row.step(by, self.offers.len());
    }

    /// What the chosen entry does.
    pub(super) fn choose(mut self) -> Msg {
        Msg::ActOn { user: self.user, action: self.offers.swap_remove(self.row.at) }
    }

    /// The menu with these entries. If they are others than before, the first one is chosen.
    pub(super) fn follow(self, offers: &[PersonAction]) -> Option<Self> {
        if self.offers == offers { Some(self) } else { Self::new(&self.user, offers) }
    }

    pub(super) fn draw(&self, frame: &mut Frame<'_>, area: Rect) {
        let mut rows = area.rows();
        let title = rows.next().unwrap_or_default();
        frame.render_widget(Span::styled(clip(&self.user.name, title.width), Styles::STRONG), title);
        let top = (self.row.at + 1).saturating_sub(usize::from(area.height.saturating_sub(1)));
        for ((at, offer), row) in self.offers.iter().enumerate().skip(top).zip(rows) {
            let chosen = at == self.row.at;
            let line = Line::from(vec![sign(chosen), Span::raw(clip(label(offer), row.width.saturating_sub(3)))]);
            frame.render_widget(if chosen { Styles::chosen(line) } else { line }, row);
        }
    }
}

/// What an entry does.
fn label(offer: &PersonAction) -> &'static str {
    match offer {
        PersonAction::Message(_) => "write to them",
        PersonAction::Add(_) => "add to this room",
        PersonAction::Remove(_) => "remove from this room; asks first",
        PersonAction::Ban(..) => "ban from this room; asks first",
        PersonAction::Unban(_) => "lift the ban",
        PersonAction::SetRole(_, Role::Owner) => "make owner",
        PersonAction::SetRole(_, Role::Moderator) => "make moderator",
        PersonAction::SetRole(_, Role::Member) => "make member",
        PersonAction::Suspend => "suspend; asks first",
        PersonAction::Unsuspend => "lift the suspension",
        PersonAction::SetServerRole(ServerRole::Admin) => "make admin of this server",
        PersonAction::SetServerRole(ServerRole::Member) => "make member of this server",
    }
}
