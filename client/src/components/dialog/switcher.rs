//! The quick switcher: finds a room or a person by some letters of the name, or creates a room with a new name.

use std::sync::Arc;

use quchat_shared::{
    RoomId, UserRef,
    limits::{room_key, room_name as valid_name},
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
    super::{ScreenComponent, field::Field, rooms::room_name, styles::Styles},
    chosen_row::{ChosenRow, PAGE, rows_moved, sign},
};
use crate::{
    model::{Model, Room},
    text::{clip, fuzzy, width},
    update::{Action, Msg, Pick},
};

/// A room to switch to.
struct Candidate {
    id: RoomId,
    label: String,
    name: String,
    topic: String,
    joined: bool,
    direct: bool,
    unread: u64,
}

impl Candidate {
    fn new(room: &Room) -> Self {
        Self {
            id: room.info.id,
            label: room_name(room),
            name: room.name().to_owned(),
            topic: room.info.topic.clone(),
            joined: room.joined(),
            direct: room.is_direct(),
            unread: room.unread(),
        }
    }

    /// Whether it still describes `room` correctly.
    fn holds(&self, room: &Room) -> bool {
        self.id == room.info.id
            && self.name == room.name()
            && self.topic == room.info.topic
            && self.joined == room.joined()
            && self.unread == room.unread()
    }
}

/// A row of the list.
#[derive(Clone, PartialEq, Eq)]
enum Choice {
    Room(usize),
    Person(UserRef),
    Create(String),
}

#[derive(Default)]
pub(in super::super) struct Switcher {
    field: Field,
    candidates: Vec<Candidate>,
    /// Users whose name begins with the query, and with whom there is no direct room yet.
    people: Vec<UserRef>,
    choices: Vec<Choice>,
    /// The server has sent the list of rooms.
    listed: bool,
    row: ChosenRow,
    /// The user has moved the choice since the text changed.
    moved: bool,
}

impl Switcher {
    /// The query without the sign that may precede a room's name.
    fn query(&self) -> &str {
        self.field.text().trim().trim_start_matches(['#', '*', '@']).trim_start()
    }

    /// A command typed in the wrong place must not become the name of a room.
    fn is_command(&self) -> bool {
        self.field.text().trim_start().starts_with('/')
    }

    fn search(&mut self) {
        let query = self.query();
        let found = fuzzy::rank(query, self.candidates.iter().map(|room| room.name.as_str()));
        let person = self.field.text().trim_start().starts_with('@');
        let fits = |at: &usize| !person || self.candidates[*at].direct;
        let mut choices: Vec<Choice> = found.into_iter().filter(fits).map(Choice::Room).collect();
        let begins = |user: &&UserRef| {
            !query.is_empty() && user.name.get(..query.len()).is_some_and(|start| start.eq_ignore_ascii_case(query))
        };
        choices.extend(self.people.iter().filter(begins).cloned().map(Choice::Person));
        let creates = self.listed && !person && !self.is_command();
        if let (true, Ok(name)) = (creates, valid_name(query)) {
            let key = room_key(name);
            if !self.candidates.iter().any(|room| !room.direct && room_key(&room.name) == key) {
                choices.push(Choice::Create(name.to_owned()));
            }
        }
        self.choices = choices;
        self.row.keep_within(self.choices.len());
    }

    fn step(&mut self, by: isize) -> Option<Msg> {
        self.moved = true;
        self.row.step(by, self.choices.len());
        Some(Msg::Redraw)
    }

    fn pick(&self, choice: &Choice) -> Option<Pick> {
        Some(match choice {
            Choice::Room(at) => Pick::Room(self.candidates.get(*at)?.id),
            Choice::Create(name) => Pick::Create(name.clone()),
            Choice::Person(user) => Pick::Person(user.clone()),
        })
    }

    fn chosen(&self) -> Option<Pick> {
        self.pick(self.choices.get(self.row.at)?)
    }

    fn line(&self, at: usize, columns: u16) -> Line<'static> {
        let chosen = at == self.row.at;
        let mut spans = vec![sign(chosen)];
        match &self.choices[at] {
            Choice::Create(name) => {
                spans.push(Span::styled(clip(&format!("create #{name}"), columns.saturating_sub(3)), Styles::STRONG));
            }
            Choice::Person(user) => {
                spans.push(Span::styled(format!("@{}", user.name), Styles::PLAIN));
                let left = columns.saturating_sub(width(&user.name) + 3);
                spans.push(Span::styled(clip("  write to them", left), Styles::FAINT));
            }
            Choice::Room(room) => {
                let room = &self.candidates[*room];
                let badge = if room.unread > 0 { format!(" {} ", room.unread) } else { String::new() };
                let left = columns.saturating_sub(2 + width(&badge));
                let label = clip(&room.label, left);
                let left = left - width(&label);
                let topic = if left > 6 { clip(&format!("  {}", room.topic), left) } else { String::new() };
                let fill = usize::from(left - width(&topic));
                spans.push(Span::styled(label, if room.joined { Styles::PLAIN } else { Styles::FAINT }));
                spans.push(Span::styled(topic, Styles::FAINT));
                spans.push(Span::raw(" ".repeat(fill)));
                spans.push(Span::styled(badge, Styles::STRONG));
            }
        }
        let line = Line::from(spans);
        if chosen { Styles::chosen(line) } else { line }
    }
}

impl ScreenComponent for Switcher {
    fn show(&mut self, model: &Model) {
        let mut rooms: Vec<_> = model.ordered().filter(|room| !room.gone).collect();
        rooms.sort_by_key(|room| (model.open == Some(room.info.id), std::cmp::Reverse(room.visited)));
        // This runs after each `Msg`: with thousands of rooms, search again only if the list changed.
        let listed = model.cursor.is_some();
        let direct =
            |user: &UserRef| rooms.iter().any(|room| room.peer.as_ref().is_some_and(|peer| peer.id == user.id));
        let people: Vec<UserRef> = model.look_up.found.iter().filter(|user| !direct(user)).cloned().collect();
        let same = self.listed == listed
            && self.candidates.len() == rooms.len()
            && !self.choices.is_empty()
            && self.people == people;
        self.people = people;
        self.listed = listed;
        if same && self.candidates.iter().zip(&rooms).all(|(candidate, room)| candidate.holds(room)) {
            return;
        }
        let chosen = self.chosen().filter(|_| self.moved);
        self.candidates = rooms.into_iter().map(Candidate::new).collect();
        self.search();
        // Enter opens the highlighted room, even if its row has moved.
        let place = self.choices.iter().position(|choice| chosen.is_some() && self.pick(choice) == chosen);
        self.row.at = place.unwrap_or(if self.moved { self.row.at } else { 0 });
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, focused: bool) {
        let inner = Styles::dialog(frame, area, "go to a room or a person");
        let [prompt, list] = [
            Rect { height: 1.min(inner.height), ..inner },
            Rect { y: inner.y + 2.min(inner.height), height: inner.height.saturating_sub(2), ..inner },
        ];
        self.field.draw(frame, prompt, "a few letters of its name, or a new name", focused);
        if self.choices.is_empty() {
            let text = match (self.listed, self.candidates.is_empty()) {
                (false, true) => "Waiting for the server to list the rooms",
                (false, false) => "Waiting for the server to list the other rooms",
                (true, _) if self.is_command() => "no such room; commands go into the message line",
                (true, _) if self.query().is_empty() => "No rooms yet: type a name, Enter creates it",
                (true, _) => "no such room",
            };
            return frame.render_widget(Span::styled(clip(text, list.width), Styles::FAINT), list);
        }
        let top = self.row.scroll(list.height.into());
        for (at, row) in (top..self.choices.len()).zip(list.rows()) {
            frame.render_widget(self.line(at, list.width), row);
        }
    }

    fn on(&mut self, event: &Event<Action>) -> Option<Msg> {
        if let Some(by) = rows_moved(event, PAGE) {
            return self.step(by);
        }
        match event {
            Event::Keyboard(KeyEvent { code: Key::Enter, .. }) => Some(self.chosen().map_or(Msg::Redraw, Msg::Pick)),
            _ => {
                let before = self.field.text().to_owned();
                let taken = self.field.take(event);
                if self.field.text() != before {
                    self.row = ChosenRow::default();
                    self.moved = false;
                    self.search();
                    let query: Arc<str> = self.query().into();
                    return Some(Msg::LookUp(query));
                }
                taken.then_some(Msg::Redraw)
            }
        }
    }

    fn wanted(&self) -> (u16, u16) {
        (60, 14)
    }
}
