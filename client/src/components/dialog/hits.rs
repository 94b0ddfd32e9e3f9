//! A list of messages from several rooms, as inbox and search show it: room, author and time, and below it the text
//! around what was found.

use std::{ops::Range, sync::Arc};

use jiff::tz::TimeZone;
use quchat_shared::{
    api::{FoundIn, Hit},
    limits::ALL,
    room::RoomKind,
    text::markup::{Kind, markup},
};
use tuirealm::{
    event::Event,
    ratatui::{
        Frame,
        layout::Rect,
        text::{Line, Span},
    },
};

use super::{
    super::{
        history::mark::{self, Mark},
        rooms::room_name,
        styles::Styles,
    },
    chosen_row::{ChosenRow, rows_moved, sign},
};
use crate::{
    model::{Listing, Model, PATIENCE_MS, Place, place},
    text::{clip, clock, width, wrap},
    update::{Action, Msg},
};

/// The next page is fetched when so few messages follow the chosen one.
const AHEAD: usize = 15;
/// Columns before the text.
const INDENT: u16 = 4;
/// Bytes of a text that can appear in two rows.
const SHOWN_MAX: usize = 1_200;
/// In lists with fewer rows, a message shows one row of its text, otherwise two.
const TWO_FROM: u16 = 14;

/// A message of the list.
struct Item {
    hit: Arc<Hit>,
    room: String,
    is_unread: bool,
}

/// The rows, and which one is chosen.
pub(super) struct Hits {
    items: Vec<Item>,
    row: ChosenRow,
    /// Items of a page of the last frame.
    page: usize,
    my_name: String,
    zone: TimeZone,
    /// The last line: what becomes of the next page.
    foot: Option<Line<'static>>,
}

impl Default for Hits {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            row: ChosenRow::default(),
            page: 1,
            my_name: String::new(),
            zone: TimeZone::UTC,
            foot: None,
        }
    }
}

impl Hits {
    /// Takes the list. The chosen message stays chosen, wherever its row has moved to.
    pub(super) fn show(&mut self, model: &Model, listing: &Listing) {
        let chosen = self.chosen().map(|hit| place(hit));
        self.items = listing.hits.iter().map(|hit| Item::new(model, hit)).collect();
        self.choose(chosen);
        self.my_name = model.account.as_ref().map_or(String::new(), |account| account.user.name.clone());
        self.zone = model.zone.clone();
        self.foot = foot(model, listing);
    }

    /// Chooses this message, if it is listed.
    pub(super) fn choose(&mut self, wanted: Option<Place>) {
        let at = wanted.and_then(|wanted| self.items.iter().position(|item| place(&item.hit) == wanted));
        self.row.at = at.unwrap_or(self.row.at);
        self.row.keep_within(self.items.len());
    }

    pub(super) fn choose_first(&mut self) {
        self.row = ChosenRow::default();
    }

    pub(super) fn chosen(&self) -> Option<&Arc<Hit>> {
        self.items.get(self.row.at).map(|item| &item.hit)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Handles the keys that move through the list.
    pub(super) fn take(&mut self, event: &Event<Action>) -> Option<Msg> {
        let page = isize::try_from(self.page.saturating_sub(1).max(1)).unwrap_or(1);
        rows_moved(event, page).map(|by| self.step(by))
    }

    /// Moves the choice. Near the end of the list, more of it is fetched.
    pub(super) fn step(&mut self, by: isize) -> Msg {
        self.row.step(by, self.items.len());
        if by > 0 && self.row.at + AHEAD >= self.items.len() { Msg::More } else { Msg::Redraw }
    }

    pub(super) fn draw(&mut self, frame: &mut Frame<'_>, area: Rect) {
        let foot = u16::from(self.foot.is_some()).min(area.height);
        let list = Rect { height: area.height - foot, ..area };
        let text_rows = if list.height >= TWO_FROM { 2 } else { 1 };
        self.page = usize::from(list.height / (text_rows + 1)).max(1);
        let top = self.row.scroll(self.page);
        let mut y = list.y;
        for (at, item) in self.items.iter().enumerate().skip(top) {
            if y >= list.bottom() {
                break;
            }
            frame.render_widget(self.head(item, at == self.row.at, list.width), Rect { y, height: 1, ..list });
            y += 1;
            for line in self.excerpt(item, list.width.saturating_sub(INDENT), text_rows) {
                if y < list.bottom() {
                    let x = list.x + INDENT.min(list.width);
                    frame.render_widget(line, Rect { x, y, width: list.right() - x, height: 1 });
                }
                y += 1;
            }
        }
        if let Some(foot) = &self.foot {
            frame.render_widget(foot, Rect { y: list.bottom(), height: 1, ..area });
        }
    }

    /// Room, author and time of a message.
    fn head(&self, item: &Item, is_chosen: bool, columns: u16) -> Line<'static> {
        let message = &item.hit.message;
        let time = clock::minute(message.sent_at.as_millis(), &self.zone);
        let left = columns.saturating_sub(INDENT + width(&time) + 1);
        let author = clip(&message.sender.name, left / 2);
        let room = clip(&item.room, left.saturating_sub(width(&author) + 2));
        let fill = left.saturating_sub(width(&room) + 2 + width(&author)) + 1;
        let weight = if item.is_unread { Styles::STRONG } else { Styles::PLAIN };
        let line = Line::from(vec![
            sign(is_chosen),
            Span::styled(if item.is_unread { "● " } else { "  " }, Styles::FRESH),
            Span::styled(room, weight),
            Span::raw("  "),
            Span::styled(author, weight.patch(Styles::sender(message.sender.id))),
            Span::raw(" ".repeat(fill.into())),
            Span::styled(time, Styles::FAINT),
        ]);
        if is_chosen { Styles::chosen(line) } else { line }
    }

    /// The text around the first word found, or its beginning, in at most `rows` rows.
    fn excerpt(&self, item: &Item, columns: u16, rows: u16) -> Vec<Line<'static>> {
        // the same number of bytes, so that the ranges stay valid
        let text = item.hit.message.text.replace(['\n', '\t'], " ");
        let marks = self.marks(&item.hit, &text);
        let fits = text.len() <= usize::from(columns * rows) && wrap(&text, columns).len() <= rows.into();
        // if not all of it fits, the rest remains for what was found and what follows
        let context = if fits { usize::MAX } else { usize::from(columns * rows / 3) };
        let part = part(&text, item.hit.ranges.first().map_or(0, |&(start, _)| start), context);
        let is_inside = |range: &Range<usize>| part.start <= range.start && range.end <= part.end;
        let shift = |range: Range<usize>| range.start - part.start..range.end - part.start;
        let inside = marks.into_iter().filter(|(range, _)| is_inside(range));
        let marks: Vec<Mark> = inside.map(|(range, look)| (shift(range), look)).collect();
        let lead = if part.start > 0 { "… " } else { "" };
        let text = &text[part];
        let columns = columns.saturating_sub(width(lead));
        let mut lines = wrap(text, columns);
        let is_cut = lines.len() > usize::from(rows);
        lines.truncate(rows.into());
        let mut lines: Vec<_> = lines.into_iter().map(|row| mark::line(text, row, &marks, Styles::PLAIN)).collect();
        if let Some(last) = lines.last_mut().filter(|line| is_cut && line.width() < columns.into()) {
            last.push_span(Span::styled("…", Styles::FAINT));
        }
        if let Some(first) = lines.first_mut().filter(|_| !lead.is_empty()) {
            first.spans.insert(0, Span::styled(lead, Styles::FAINT));
        }
        lines
    }

    /// What stands out: the words that were found, else the names that are mentioned.
    fn marks(&self, hit: &Hit, text: &str) -> Vec<Mark> {
        if hit.ranges.is_empty() {
            let all = if hit.message.mentions_all { ALL } else { "" };
            let names = markup(text, &[&self.my_name, all]);
            let names = names.into_iter().filter(|(_, kind)| *kind == Kind::Mention);
            return names.map(|(at, _)| (at, Styles::NAMED)).collect();
        }
        let valid = hit.ranges.iter().filter(|&&(start, end)| text.get(start..end).is_some());
        valid.map(|&(start, end)| (start..end, Styles::FOUND)).collect()
    }
}

impl Item {
    fn new(model: &Model, hit: &Arc<Hit>) -> Self {
        let room = model.rooms.get(&hit.message.room_id);
        Self {
            hit: Arc::clone(hit),
            room: room.map_or_else(|| found_in(&hit.room), room_name),
            is_unread: room.is_some_and(|room| room.joined() && room.read() < hit.message.seq),
        }
    }
}

/// The name of a room that the client does not list.
fn found_in(room: &FoundIn) -> String {
    match (room.kind, &room.peer) {
        (RoomKind::Direct, Some(peer)) => format!("@{}", peer.name),
        (RoomKind::Private, _) => format!("*{}", room.name),
        _ => format!("#{}", room.name),
    }
}

/// The part of a text to show if `found` must be in it, after at most so many bytes of context.
fn part(text: &str, found: usize, context: usize) -> Range<usize> {
    let boundary = |at: usize| (at..=text.len()).find(|&at| text.is_char_boundary(at)).unwrap_or(text.len());
    let start = if found <= context {
        0
    } else {
        let near = boundary(found - context).min(found);
        text[near..found].find(' ').map_or(near, |blank| near + blank + 1)
    };
    start..boundary((start + SHOWN_MAX).min(text.len()))
}

/// What the last line says.
fn foot(model: &Model, listing: &Listing) -> Option<Line<'static>> {
    let is_slow = |since: u64| model.now.mono_ms.saturating_sub(since) >= PATIENCE_MS;
    if let Some(problem) = &listing.problem {
        let (sign, look) = if listing.wanted.is_some() { ("◌", Styles::WAITING) } else { ("✗", Styles::WRONG) };
        Some(Line::styled(format!("{sign} {problem}"), look))
    } else if listing.wanted.is_some_and(is_slow) {
        Some(Line::styled("◌ loading …", Styles::WAITING))
    } else if listing.is_cut() {
        Some(Line::styled("older ones are not listed here", Styles::FAINT))
    } else {
        None
    }
}
