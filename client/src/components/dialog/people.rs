//! The people in a room: a page of members with presence and roles, and a menu of what the user may do with one.

use quchat_shared::{
    RoomId, UserRef, limits,
    room::{Member, Role},
    user::ServerRole,
};
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
    keys::{keys_in_a_row, remark},
    name_filter::NameFilter,
    paged_row::PagedRow,
    person_menu::PersonMenu,
};
use crate::{
    keymap::Keymap,
    model::{Dialog, Link, Model, People as Listed, PersonAction},
    text::{clip, width},
    update::{Action, Msg},
};

const COLUMNS: u16 = 56;
const ROWS: u16 = 18;
/// A member as drawn.
struct Row {
    user: UserRef,
    role: &'static str,
    online: bool,
    is_me: bool,
    offers: Vec<PersonAction>,
}

impl Row {
    fn new(member: &Member, is_me: bool, offers: Vec<PersonAction>) -> Self {
        let role = match (member.role, member.user.role) {
            (Role::Owner, _) => "owner",
            (Role::Moderator, _) => "moderator",
            (Role::Member, ServerRole::Admin) => "admin",
            (Role::Member, ServerRole::Member) => "",
        };
        let user = UserRef { id: member.user.id, name: member.user.name.clone() };
        Self { user, role, online: member.user.online, is_me, offers }
    }
}

pub(in super::super) struct People {
    filter: NameFilter,
    room: Option<RoomId>,
    title: String,
    rows: Vec<Row>,
    /// The name in the field belongs to nobody on the page and can be added.
    addable: Option<String>,
    menu: Option<PersonMenu>,
    place: PagedRow,
    /// There is a stream, so presence is known.
    live: bool,
    /// The key that closes it.
    leave: String,
}

impl People {
    pub(in super::super) fn new(keymap: &Keymap) -> Self {
        Self {
            filter: NameFilter::default(),
            room: None,
            title: String::new(),
            rows: Vec::new(),
            addable: None,
            menu: None,
            place: PagedRow::default(),
            live: false,
            leave: keymap.named(Action::Cancel),
        }
    }

    /// The rows that can be chosen: the members, and the name to add.
    fn count(&self) -> usize {
        self.rows.len() + usize::from(self.addable.is_some())
    }

    fn step(&mut self, by: isize) -> Msg {
        let rows = self.count();
        match &mut self.menu {
            Some(menu) => {
                menu.step(by);
                Msg::Redraw
            }
            None => self.place.step(by, rows),
        }
    }

    fn enter(&mut self) -> Msg {
        if let Some(menu) = self.menu.take() {
            return menu.choose();
        }
        match (self.rows.get(self.place.row.at), &self.addable, self.room) {
            (Some(row), ..) => self.menu = PersonMenu::new(&row.user, &row.offers),
            (None, Some(name), Some(room)) => return Msg::AddByName { room, name: name.clone() },
            (None, ..) => {}
        }
        Msg::Redraw
    }

    fn take(&mut self, people: &Listed, model: &Model) {
        let Some(room) = model.rooms.get(&people.room) else { return };
        self.room = Some(people.room);
        self.title = format!("people in {}", room_name(room));
        let prefix = people.filter.trim_start_matches('@').to_ascii_lowercase();
        let begins = |member: &&Member| member.user.name.to_ascii_lowercase().starts_with(&prefix);
        let listed = people.list.page.iter().flatten().filter(begins);
        self.rows = listed
            .map(|member| Row::new(member, model.me() == Some(member.user.id), model.offers(room, member)))
            .collect();
        let same = |name: &str| self.rows.iter().any(|row| row.user.name.eq_ignore_ascii_case(name));
        let name = people.filter.trim_start_matches('@').to_owned();
        self.addable = Some(name).filter(|name| model.may_add(room) && limits::user_name(name).is_ok() && !same(name));
        self.live = model.link == Link::Connected;
        let rows = self.count();
        self.place.follow(&people.list, rows);
        self.menu = self.menu.take().and_then(|menu| {
            let row = self.rows.iter().find(|row| row.user.id == menu.user())?;
            menu.follow(&row.offers)
        });
    }

    fn line(&self, at: usize, columns: u16) -> Line<'static> {
        let chosen = at == self.place.row.at;
        let mut line = Line::from(sign(chosen));
        if let Some(row) = self.rows.get(at) {
            let (dot, style) = if row.online && self.live { ("● ", Styles::WELL) } else { ("○ ", Styles::FAINT) };
            let role = if row.is_me && row.role.is_empty() { "you".to_owned() } else { row.role.to_owned() };
            let role = if row.is_me && !row.role.is_empty() { format!("{role}, you") } else { role };
            let left = columns.saturating_sub(5 + width(&role));
            let name = clip(&row.user.name, left);
            let fill = usize::from(left.saturating_sub(width(&name)) + 1);
            line.push_span(Span::styled(dot, style));
            line.push_span(Span::styled(name, if row.is_me { Styles::ME } else { Styles::PLAIN }));
            line.push_span(Span::raw(" ".repeat(fill)));
            line.push_span(Span::styled(role, Styles::FAINT));
        } else if let Some(name) = &self.addable {
            let text = format!("+ add {name} to this room");
            line.push_span(Span::styled(clip(&text, columns.saturating_sub(3)), Styles::STRONG));
        }
        if chosen { Styles::chosen(line) } else { line }
    }

    fn draw_list(&mut self, frame: &mut Frame<'_>, list: Rect) {
        let top = self.place.row.scroll(list.height.into());
        for (at, row) in (top..self.count()).zip(list.rows()) {
            frame.render_widget(self.line(at, row.width), row);
        }
    }

    /// The last row: more pages, and what Enter does.
    fn foot(&self, columns: u16) -> Line<'static> {
        let leave = &*self.leave;
        let nobody = Span::styled("nobody has this name here", Styles::FAINT);
        if let Some(problem) = self.place.problem(columns) {
            return problem;
        }
        if self.menu.is_some() {
            return keys_in_a_row(Span::raw(""), &[("Enter", "does it"), (leave, "goes back")], columns);
        }
        if self.place.is_waiting() && !self.live {
            return remark("◌ not connected; the list comes with the connection", Styles::WAITING, columns);
        }
        self.place.waiting(columns).unwrap_or_else(|| match self.count() {
            0 => keys_in_a_row(nobody, &[(leave, "closes")], columns),
            _ => keys_in_a_row(self.place.more(), &[("Enter", "chooses"), (leave, "closes")], columns),
        })
    }
}

impl ScreenComponent for People {
    fn show(&mut self, model: &Model) {
        let people = model.dialogs.iter().rev().find_map(|dialog| match dialog {
            Dialog::People(people) => Some(people),
            _ => None,
        });
        if let Some(people) = people {
            self.take(people, model);
        }
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, focused: bool) {
        let inner = Styles::dialog(frame, area, &self.title);
        let (list, foot) = self.filter.draw(frame, inner, focused && self.menu.is_none());
        match &self.menu {
            Some(menu) => menu.draw(frame, list),
            None => self.draw_list(frame, list),
        }
        frame.render_widget(self.foot(foot.width), foot);
    }

    fn on(&mut self, event: &Event<Action>) -> Option<Msg> {
        if let Some(by) = rows_moved(event, PAGE) {
            return Some(self.step(by));
        }
        match event {
            Event::Keyboard(KeyEvent { code: Key::Enter, .. }) => Some(self.enter()),
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
