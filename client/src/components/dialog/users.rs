//! The users of the server, for its admins: a page of them with roles, presence and suspensions, and a menu of what can
//! be done with one.

use quchat_shared::{User, UserRef, user::ServerRole};
use tuirealm::{
    event::{Event, Key, KeyEvent},
    ratatui::{
        Frame,
        layout::Rect,
        text::{Line, Span},
    },
};

use super::{
    super::{ScreenComponent, styles::Styles},
    chosen_row::{PAGE, rows_moved, sign},
    keys::keys_in_a_row,
    name_filter::NameFilter,
    paged_row::PagedRow,
    person_menu::PersonMenu,
};
use crate::{
    keymap::Keymap,
    model::{Dialog, Link, Model, PersonAction, UserList},
    text::{clip, width},
    update::{Action, Msg},
};

const COLUMNS: u16 = 60;
const ROWS: u16 = 18;

/// A user as drawn.
struct Row {
    user: UserRef,
    is_admin: bool,
    is_suspended: bool,
    is_online: bool,
    is_me: bool,
    offers: Vec<PersonAction>,
}

impl Row {
    fn new(user: &User, model: &Model) -> Self {
        Self {
            user: UserRef { id: user.id, name: user.name.clone() },
            is_admin: user.role == ServerRole::Admin,
            is_suspended: user.suspended,
            is_online: user.online && model.link == Link::Connected,
            is_me: model.me() == Some(user.id),
            offers: model.offers_on_server(user),
        }
    }

    fn note(&self) -> String {
        let notes = [(self.is_suspended, "suspended"), (self.is_admin, "admin"), (self.is_me, "you")];
        notes.iter().filter(|(is_so, _)| *is_so).map(|(_, word)| *word).collect::<Vec<_>>().join(", ")
    }
}

pub(in super::super) struct Users {
    filter: NameFilter,
    rows: Vec<Row>,
    menu: Option<PersonMenu>,
    place: PagedRow,
    /// The key that closes it.
    leave: String,
}

impl Users {
    pub(in super::super) fn new(keymap: &Keymap) -> Self {
        Self {
            filter: NameFilter::default(),
            rows: Vec::new(),
            menu: None,
            place: PagedRow::default(),
            leave: keymap.named(Action::Cancel),
        }
    }

    fn take(&mut self, users: &UserList, model: &Model) {
        let prefix = users.filter.trim_start_matches('@').to_ascii_lowercase();
        let begins = |user: &&User| user.name.to_ascii_lowercase().starts_with(&prefix);
        self.rows = users.list.page.iter().flatten().filter(begins).map(|user| Row::new(user, model)).collect();
        self.place.follow(&users.list, self.rows.len());
        self.menu = self.menu.take().and_then(|menu| {
            let row = self.rows.iter().find(|row| row.user.id == menu.user())?;
            menu.follow(&row.offers)
        });
    }

    fn line(&self, at: usize, columns: u16) -> Line<'static> {
        let (row, chosen) = (&self.rows[at], at == self.place.row.at);
        let (dot, style) = match (row.is_suspended, row.is_online) {
            (true, _) => ("✗ ", Styles::WRONG),
            (false, true) => ("● ", Styles::WELL),
            (false, false) => ("○ ", Styles::FAINT),
        };
        let note = row.note();
        let left = columns.saturating_sub(5 + width(&note));
        let name = clip(&row.user.name, left);
        let fill = usize::from(left.saturating_sub(width(&name)) + 1);
        let line = Line::from(vec![
            sign(chosen),
            Span::styled(dot, style),
            Span::styled(name, if row.is_me { Styles::ME } else { Styles::PLAIN }),
            Span::raw(" ".repeat(fill)),
            Span::styled(note, Styles::FAINT),
        ]);
        if chosen { Styles::chosen(line) } else { line }
    }

    /// The last row: what is wrong, else more pages and the keys.
    fn foot(&self, columns: u16) -> Line<'static> {
        let leave = &*self.leave;
        let nobody = Span::styled("nobody has this name", Styles::FAINT);
        self.place.problem(columns).or_else(|| self.place.waiting(columns)).unwrap_or_else(|| {
            if self.menu.is_some() {
                return keys_in_a_row(Span::raw(""), &[("Enter", "does it"), (leave, "goes back")], columns);
            }
            match self.rows.is_empty() {
                true => keys_in_a_row(nobody, &[(leave, "closes")], columns),
                false => keys_in_a_row(self.place.more(), &[("Enter", "chooses"), (leave, "closes")], columns),
            }
        })
    }
}

impl ScreenComponent for Users {
    fn show(&mut self, model: &Model) {
        let users = model.dialogs.iter().rev().find_map(|dialog| match dialog {
            Dialog::Users(users) => Some(users),
            _ => None,
        });
        if let Some(users) = users {
            self.take(users, model);
        }
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, focused: bool) {
        let inner = Styles::dialog(frame, area, "users of this server");
        let (list, foot) = self.filter.draw(frame, inner, focused && self.menu.is_none());
        if let Some(menu) = &self.menu {
            menu.draw(frame, list);
        } else {
            let top = self.place.row.scroll(list.height.into());
            for (at, row) in (top..self.rows.len()).zip(list.rows()) {
                frame.render_widget(self.line(at, row.width), row);
            }
        }
        frame.render_widget(self.foot(foot.width), foot);
    }

    fn on(&mut self, event: &Event<Action>) -> Option<Msg> {
        if let Some(by) = rows_moved(event, PAGE) {
            let Some(menu) = &mut self.menu else { return Some(self.place.step(by, self.rows.len())) };
            menu.step(by);
            return Some(Msg::Redraw);
        }
        match event {
            Event::Keyboard(KeyEvent { code: Key::Enter, .. }) => Some(match self.menu.take() {
                Some(menu) => menu.choose(),
                None => {
                    let chosen = self.rows.get(self.place.row.at);
                    self.menu = chosen.and_then(|row| PersonMenu::new(&row.user, &row.offers));
                    Msg::Redraw
                }
            }),
            Event::User(Action::Cancel | Action::Interrupt) if self.menu.is_some() => {
                self.menu = None;
                Some(Msg::Redraw)
            }
            _ if self.menu.is_some() => None,
            _ => self.filter.on(event, &mut self.place),
        }
    }

    fn wanted(&self) -> (u16, u16) {
        (COLUMNS, ROWS)
    }
}
