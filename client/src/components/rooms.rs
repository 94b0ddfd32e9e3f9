//! The side bar: the rooms that the user is in, then people with whom they write, then the other rooms, fainter. The order
//! does not change on activity.

use quchat_shared::{RoomId, room::Notify};
use tuirealm::{
    event::{Event, Key, KeyEvent},
    ratatui::{
        Frame,
        layout::{Position, Rect},
        text::{Line, Span},
    },
};

use super::{ScreenComponent, styles::Styles};
use crate::{
    model::{Link, Model, Pending, Room, SendState},
    text::{clip, width},
    update::{Action, Msg},
};

/// A line of the side bar.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Item {
    Heading(&'static str),
    Gap,
    Room(RoomId),
}

/// What is drawn for a room.
#[derive(Debug, Clone)]
struct Shown {
    name: String,
    badge: Badge,
    sign: Sign,
    muted: bool,
    joined: bool,
    gone: bool,
    /// Of a direct room: whether the other user is online.
    online: Option<bool>,
}

/// The user's own marks of a room (draft, unsent, muted), in the column before its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    None,
    Draft,
    Unsent,
}

/// Unread counts of rooms that are scrolled out of view.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Hidden {
    unread: u64,
    mentions: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Badge {
    None,
    Stirs,
    Unread(u64),
    Mentions(u64),
    Refused,
    Banned,
}

/// The chosen row and the scroll position.
#[derive(Default)]
pub(crate) struct Rooms {
    items: Vec<Item>,
    /// The unread counts of each item.
    unread: Vec<Hidden>,
    /// The unread counts above and below the visible rows; the first and the last row show them.
    edges: [Option<Hidden>; 2],
    open: Option<RoomId>,
    chosen: Option<RoomId>,
    had_keys: bool,
    top: usize,
    height: usize,
    /// The area of the last frame; empty if it was not drawn.
    area: Rect,
    /// The rooms among the visible items.
    shown: Vec<(RoomId, Shown)>,
    /// Everything unread in the open room is visible.
    all_in_view: bool,
}

impl Rooms {
    /// Sets the number of rows to draw in.
    pub(crate) fn resize(&mut self, height: u16) {
        self.height = usize::from(height);
    }

    /// Whether everything unread in the open room is visible; see [`super::History::shows_all_unread`].
    pub(crate) fn set_all_in_view(&mut self, all_in_view: bool) {
        self.all_in_view = all_in_view;
    }

    /// Begins a frame that may not draw the side bar.
    pub(crate) fn forget_place(&mut self) {
        self.area = Rect::default();
    }

    /// The room that the last frame showed at this position.
    pub(crate) fn at(&self, place: Position) -> Option<RoomId> {
        let row = self.area.contains(place).then(|| usize::from(place.y - self.area.y))?;
        if self.is_edge(row) {
            return None;
        }
        self.items.get(self.top + row).and_then(Item::room)
    }

    fn place(&self, room: Option<RoomId>) -> Option<usize> {
        let room = room?;
        self.items.iter().position(|item| *item == Item::Room(room))
    }

    fn step(&mut self, by: isize) -> Option<Msg> {
        let rooms: Vec<RoomId> = self.items.iter().filter_map(Item::room).collect();
        let at = rooms.iter().position(|&room| Some(room) == self.chosen).unwrap_or(0);
        let to = at.saturating_add_signed(by).min(rooms.len().checked_sub(1)?);
        self.chosen = Some(rooms[to]);
        Some(Msg::Redraw)
    }

    /// Keeps the chosen row visible, with its heading if it is the first below one, and one more row on each side,
    /// which may have to show the unread counts out of view.
    fn scroll(&mut self) {
        let last_top = self.items.len().saturating_sub(self.height);
        if let Some(at) = self.place(self.chosen) {
            let first = if at > 0 && matches!(self.items[at - 1], Item::Heading(_)) { at - 1 } else { at };
            let air = usize::from(self.height > 2);
            self.top = self.top.min(first.saturating_sub(air)).max((at + 1 + air).saturating_sub(self.height));
        }
        self.top = self.top.min(last_top);
        let end = (self.top + self.height).min(self.items.len());
        let sum = |hidden: &[Hidden]| hidden.iter().copied().fold(Hidden::default(), Hidden::and);
        // the row with the counts hides one more room
        let above = Some(sum(&self.unread[..self.top])).filter(|above| above.is_some() && self.height > 2);
        let below = Some(sum(&self.unread[end..])).filter(|below| below.is_some() && self.height > 2);
        self.edges =
            [above.map(|above| above.and(self.unread[self.top])), below.map(|below| below.and(self.unread[end - 1]))];
    }

    /// Whether this row shows the unread counts out of view.
    fn is_edge(&self, row: usize) -> bool {
        row == 0 && self.edges[0].is_some() || row + 1 == self.height && self.edges[1].is_some()
    }

    fn line(&self, room: RoomId, shown: &Shown, columns: u16, focused: bool) -> Line<'static> {
        let (chosen, open) = (focused && self.chosen == Some(room), self.open == Some(room));
        let glyph = match (chosen, open) {
            (true, _) => "❯",
            (false, true) => "▸",
            _ => " ",
        };
        let (badge, badge_style) = shown.badge.drawn();
        let name_style = match shown.badge {
            _ if shown.gone => Styles::FAINT,
            Badge::Unread(_) | Badge::Mentions(_) => Styles::STRONG,
            _ if open => Styles::STRONG,
            _ if !shown.joined => Styles::FAINT,
            _ => Styles::PLAIN,
        };
        let dot = match shown.online {
            Some(true) => Span::styled("● ", Styles::WELL),
            Some(false) => Span::styled("○ ", Styles::FAINT),
            None => Span::raw(""),
        };
        let room_for_name = columns.saturating_sub(width(&badge) + 4 + width(&dot.content));
        let name = clip(&shown.name, room_for_name);
        let fill = usize::from(room_for_name.saturating_sub(width(&name)) + 1);
        let line = Line::from(vec![
            Span::styled(glyph, Styles::ACCENT),
            shown.sign.drawn(),
            dot,
            Span::styled(name, name_style),
            Span::raw(" ".repeat(fill)),
            Span::styled(badge, badge_style),
            Span::styled(if shown.muted { "⊘" } else { " " }, Styles::FAINT),
        ]);
        if chosen { Styles::chosen(line) } else { line }
    }
}

impl Item {
    fn room(&self) -> Option<RoomId> {
        match self {
            Self::Room(room) => Some(*room),
            _ => None,
        }
    }
}

impl Hidden {
    fn of(room: &Room) -> Self {
        if room.level() == Notify::None {
            return Self::default(); // muted
        }
        Self { unread: room.unread(), mentions: room.addressed() }
    }

    fn and(self, other: Self) -> Self {
        let (unread, mentions) =
            (self.unread.saturating_add(other.unread), self.mentions.saturating_add(other.mentions));
        Self { unread, mentions }
    }

    fn is_some(self) -> bool {
        self != Self::default()
    }

    fn line(self, arrow: &str, columns: u16) -> Span<'static> {
        let text = match self {
            Self { mentions: 0, unread } => format!("  {arrow} {unread} unread"),
            Self { mentions, .. } => format!("  {arrow} @{mentions}"),
        };
        Span::styled(clip(&text, columns), Styles::FRESH)
    }
}

impl Sign {
    /// `late`: the message on its way has been waiting for a while.
    fn of(room: &Room, open: bool, late: bool) -> Self {
        let waits = |pending: &Pending| match pending.state {
            SendState::RetryAt { .. } => true,
            SendState::Sent(_) | SendState::Refused(_) => false,
            _ => late,
        };
        match room.outbox.iter().any(waits) {
            true => Self::Unsent,
            false if !open && room.has_draft() => Self::Draft, // the draft of the open room is visible anyway
            false => Self::None,
        }
    }

    fn drawn(self) -> Span<'static> {
        match self {
            Self::None => Span::raw(" "),
            Self::Draft => Span::styled("✎", Styles::PLAIN),
            Self::Unsent => Span::styled("◌", Styles::WAITING),
        }
    }
}

impl Badge {
    /// `watched`: the user sees everything unread there.
    fn of(room: &Room, watched: bool) -> Self {
        match (room.addressed(), room.unread()) {
            _ if room.refused().next().is_some() => Self::Refused,
            _ if room.banned => Self::Banned,
            _ if watched => Self::None,
            (mentions @ 1.., _) => Self::Mentions(mentions),
            (_, 1..) => Self::Unread(room.unread()),
            _ if room.shows_activity() => Self::Stirs,
            _ => Self::None,
        }
    }

    fn drawn(self) -> (String, tuirealm::ratatui::style::Style) {
        let short = |n: u64| if n > 999 { "999+".to_owned() } else { n.to_string() };
        match self {
            Self::None => (String::new(), Styles::PLAIN),
            Self::Stirs => ("·".to_owned(), Styles::PLAIN),
            Self::Unread(n) => (short(n), Styles::STRONG),
            Self::Mentions(n) => (format!("@{}", short(n)), Styles::FRESH),
            Self::Refused => ("✗".to_owned(), Styles::WRONG),
            Self::Banned => ("banned".to_owned(), Styles::FAINT),
        }
    }
}

/// A room's name as shown everywhere: with a sign for its kind.
pub(crate) fn room_name(room: &Room) -> String {
    room.name_with_sign()
}

impl ScreenComponent for Rooms {
    fn show(&mut self, model: &Model) {
        self.items.clear();
        self.unread.clear();
        let mut section = "";
        for room in model.ordered() {
            let heading = match (room.joined(), room.is_direct()) {
                (true, false) => "ROOMS",
                (true, true) => "DIRECT",
                (false, _) => "NOT JOINED",
            };
            if section != heading {
                if !self.items.is_empty() {
                    self.items.push(Item::Gap);
                }
                self.items.push(Item::Heading(heading));
                section = heading;
            }
            self.unread.resize(self.items.len(), Hidden::default());
            self.items.push(Item::Room(room.info.id));
            let seen = model.open == Some(room.info.id) && self.all_in_view;
            self.unread.push(if seen { Hidden::default() } else { Hidden::of(room) });
        }
        self.open = model.open;
        let fresh = !std::mem::replace(&mut self.had_keys, model.in_side_bar);
        if !model.in_side_bar && model.open.is_some() || fresh || self.place(self.chosen).is_none() {
            let first = self.items.iter().find_map(Item::room);
            self.chosen = model.open.filter(|&room| self.place(Some(room)).is_some()).or(first);
        }
        self.scroll();
        let late = model.link != Link::Connected || model.silent_for().is_some();
        let visible = self.items.iter().skip(self.top).take(self.height).filter_map(Item::room);
        self.shown = visible
            .filter_map(|id| {
                let room = model.rooms.get(&id)?;
                let watched = model.open == Some(id) && model.term_focused && self.all_in_view;
                let badge = Badge::of(room, watched);
                let peer = room.peer.as_ref().filter(|_| room.is_direct());
                let online = peer.map(|peer| model.link == Link::Connected && room.participants.is_online(peer.id));
                let name = match peer {
                    Some(peer) if model.me() == Some(peer.id) => format!("{} (you)", peer.name),
                    Some(peer) => peer.name.clone(),
                    None => room_name(room),
                };
                let sign = Sign::of(room, model.open == Some(id), late);
                let muted = room.level() == Notify::None;
                Some((id, Shown { name, badge, sign, muted, joined: room.joined(), gone: room.gone, online }))
            })
            .collect();
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, focused: bool) {
        self.area = area;
        let mut shown = self.shown.iter();
        for (number, (row, item)) in area.rows().zip(self.items.iter().skip(self.top)).enumerate() {
            if self.is_edge(number) {
                if let Item::Room(_) = item {
                    shown.next();
                }
                let (arrow, edge) = if number == 0 { ("↑", self.edges[0]) } else { ("↓", self.edges[1]) };
                frame.render_widget(edge.unwrap_or_default().line(arrow, area.width), row);
                continue;
            }
            match item {
                Item::Gap => {}
                Item::Heading(heading) => frame.render_widget(Span::styled(format!("  {heading}"), Styles::FAINT), row),
                Item::Room(_) => {
                    let Some((id, room)) = shown.next() else { break };
                    frame.render_widget(self.line(*id, room, area.width, focused), row);
                }
            }
        }
    }

    fn on(&mut self, event: &Event<Action>) -> Option<Msg> {
        let Event::Keyboard(KeyEvent { code, .. }) = event else { return None };
        let page = isize::try_from(self.items.len()).unwrap_or(isize::MAX);
        match code {
            Key::Up => self.step(-1),
            Key::Down => self.step(1),
            Key::Home => self.step(-page),
            Key::End => self.step(page),
            Key::Enter => self.chosen.map(Msg::Open),
            Key::Char(c) => Some(Msg::Typed(*c)),
            _ => None,
        }
    }
}
