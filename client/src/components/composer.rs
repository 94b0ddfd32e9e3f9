//! The composer: an editor with a separate undo history for each room.
//!
//! The draft in the model is the source of truth: every change is sent to it at once, and the text is loaded from it
//! only after `update` replaced it.

use std::collections::HashMap;

use quchat_shared::{RoomId, limits::TEXT_MAX};
use tuirealm::{
    event::{Event, Key, KeyEvent},
    ratatui::{
        Frame,
        layout::{Position, Rect},
        text::{Line, Span},
    },
};

use super::{
    ScreenComponent,
    completion::Completion,
    quote::{editing, quote},
    rooms::room_name,
    styles::Styles,
    typing::{self, Typed},
};
use crate::{
    model::{Draft, Model, NO_ROOM},
    text::{Editor, Row, clip, plain, width, wrap},
    update::{Action, Msg},
};

/// Rooms whose undo history is kept; the drafts themselves are in the model.
const ROOMS_MAX: usize = 32;
/// Pastes with more lines ask first.
const PASTE_LINES_MAX: usize = 20;
/// Largest accepted paste in bytes, as received. A larger one is a mistake, and the input thread may have cut it.
const PASTE_MAX: usize = 512 * 1024;
/// The count of remaining characters is shown from this number on.
const COUNT_FROM: usize = 200;

pub(crate) struct Composer {
    rooms: HashMap<RoomId, Writing>,
    open: Option<RoomId>,
    label: String,
    /// The line above the text: the message that is replied to or edited.
    quote: Option<String>,
    /// Columns of the text as last drawn, which define the rows for Up and Down.
    width: u16,
    framed: bool,
    /// The last key or paste did not fit.
    full: bool,
    /// The last paste was larger than [`PASTE_MAX`].
    oversized: bool,
    /// Unread messages below the visible history; see [`super::History::below`].
    below: Option<u64>,
    /// Who is typing.
    typing: Option<String>,
    completion: Completion,
    /// Counts room switches, to drop the undo history of the least recently used room.
    switches: u64,
}

/// The text of one room.
struct Writing {
    editor: Editor,
    loaded_rev: u64,
    /// The first visible row.
    top: usize,
    used: u64,
}

impl Default for Composer {
    fn default() -> Self {
        Self {
            rooms: HashMap::new(),
            open: None,
            label: String::new(),
            quote: None,
            width: 60,
            framed: true,
            full: false,
            oversized: false,
            below: None,
            typing: None,
            completion: Completion::default(),
            switches: 0,
        }
    }
}

impl Composer {
    /// Rows of the text and the quote above it at `width` columns, without the frame that `framed` reserves columns
    /// for.
    pub(crate) fn rows(&mut self, width: u16, framed: bool) -> usize {
        self.framed = framed;
        self.width = text_width(if framed { width } else { width.saturating_sub(self.columns_beside(width)) });
        let quote = usize::from(self.quote.is_some());
        quote + self.writing().map_or(1, |writing| wrap(writing.editor.text(), self.width).len())
    }

    /// Sets the number of unread messages below the visible history.
    pub(crate) fn set_below(&mut self, below: Option<u64>) {
        self.below = below;
    }

    fn writing(&self) -> Option<&Writing> {
        self.rooms.get(&self.open?)
    }

    fn load(&mut self, id: RoomId, draft: &Draft) {
        if self.open != Some(id) {
            self.switches += 1;
            self.full = false;
            self.completion.close();
        }
        let used = self.switches;
        let load = || Writing { editor: Editor::new(&draft.text), loaded_rev: draft.rev, top: 0, used };
        let writing = self.rooms.entry(id).or_insert_with(load);
        if writing.loaded_rev != draft.rev {
            *writing = load();
            self.full = false;
            self.completion.close();
        }
        writing.used = used;
        if self.rooms.len() > ROOMS_MAX {
            let oldest = self.rooms.iter().min_by_key(|(_, writing)| writing.used).map(|(&room, _)| room);
            oldest.and_then(|room| self.rooms.remove(&room));
        }
    }

    fn edited(&self) -> Option<Msg> {
        Some(Msg::Edited { room: self.open?, text: self.writing()?.editor.text().into() })
    }

    /// Tab and Shift+Tab; on an empty input they go to the side bar.
    fn complete(&mut self, by: isize) -> Option<Msg> {
        let editor = &mut self.rooms.get_mut(&self.open?)?.editor;
        if editor.is_empty() {
            return Some(Msg::Act(Action::FocusRooms));
        }
        if self.completion.step(editor, by) {
            return self.edited();
        }
        Some(self.completion.ask(editor).map_or(Msg::Redraw, Msg::LookUp))
    }

    /// Handles keys for the open list. Any other key closes the list and is handled as usual.
    fn choose(&mut self, event: &Event<Action>) -> Option<Msg> {
        match event {
            Event::Keyboard(KeyEvent { code: Key::Down, .. }) => self.complete(1),
            Event::Keyboard(KeyEvent { code: Key::Up, .. }) => self.complete(-1),
            Event::User(action @ (Action::Send | Action::Cancel)) => {
                let sends = *action == Action::Send && self.completion.is_untouched();
                self.completion.close();
                if sends {
                    return None; // the list came by itself and must not swallow the key
                }
                Some(Msg::Redraw)
            }
            _ => {
                self.completion.close();
                None
            }
        }
    }

    /// Inserts a paste as one text with normalized line ends; a slash at its start is text, not a command. While no
    /// room is open, it becomes part of a command and nothing is asked.
    fn paste(&mut self, text: &str) -> Option<Msg> {
        let writing = self.rooms.get_mut(&self.open?)?;
        self.oversized = text.len() > PASTE_MAX;
        if self.oversized {
            self.full = true;
            return Some(Msg::Redraw);
        }
        let text = plain(text);
        let in_room = self.open != Some(NO_ROOM);
        let escape = if in_room && writing.editor.is_empty() && text.starts_with('/') { "/" } else { "" };
        let text = format!("{escape}{text}");
        let long = text.trim_end_matches('\n').split('\n').nth(PASTE_LINES_MAX).is_some();
        let too_long = writing.editor.text().chars().count() + text.chars().count() > TEXT_MAX && text.contains('\n');
        if in_room && (long || too_long) {
            return Some(Msg::Pasted { room: self.open?, text: text.into(), at: writing.editor.cursor() });
        }
        let taken = writing.editor.insert(&text);
        self.full = !taken && !text.is_empty();
        if taken { self.edited() } else { Some(Msg::Redraw) }
    }

    /// The text at the right of the upper edge: what is unread below.
    fn sign(&self) -> Option<Span<'static>> {
        Some(match self.below? {
            0 => Span::styled(" ↓ more ", Styles::FAINT),
            n => Span::styled(format!(" ↓ {n} new "), Styles::FRESH),
        })
    }

    /// The text at the bottom of the frame: why something does not fit.
    fn remark(&self) -> Option<Span<'static>> {
        if self.full && self.oversized {
            return Some(Span::styled(" ✗ too large: a paste has at most 512 KiB ", Styles::WRONG));
        }
        if self.full {
            return Some(Span::styled(" ✗ too long ", Styles::WRONG));
        }
        let used = self.writing()?.editor.text().trim_end().chars().count();
        match TEXT_MAX.checked_sub(used) {
            Some(left) if left > COUNT_FROM => None,
            Some(left) => Some(Span::styled(format!(" {left} left "), Styles::FAINT)),
            None => Some(Span::styled(format!(" −{} ", used - TEXT_MAX), Styles::WRONG)),
        }
    }

    /// Without a frame, the text that the frame would hold is drawn beside the input.
    fn beside(&self) -> Option<Span<'static>> {
        let typing = || self.typing.as_ref().map(|typing| Span::styled(format!(" {typing}"), Styles::FAINT));
        self.remark().or_else(|| self.sign()).or_else(typing)
    }

    /// The columns of that text: at most half of those behind the prompt.
    fn columns_beside(&self, columns: u16) -> u16 {
        self.beside().map_or(0, |span| u16::try_from(span.width()).unwrap_or(columns)).min(columns / 2)
    }

    fn draw_text(&mut self, frame: &mut Frame<'_>, mut area: Rect, focused: bool) {
        if let Some(quote) = self.quote.as_ref().filter(|_| area.height > 1) {
            frame.render_widget(Span::styled(clip(quote, text_width(area.width)), Styles::FAINT), area);
            area = Rect { y: area.y + 1, height: area.height - 1, ..area };
        }
        if !self.framed && self.writing().is_some_and(|writing| writing.editor.is_empty()) {
            let hint = clip(&self.label, area.width);
            frame.render_widget(Span::styled(hint, Styles::FAINT), area);
        }
        self.width = text_width(area.width);
        let Some(writing) = self.open.and_then(|room| self.rooms.get_mut(&room)) else { return };
        let height = usize::from(area.height);
        let rows: Vec<Row> = wrap(writing.editor.text(), self.width);
        let (row, column) = writing.editor.place_in(&rows);
        writing.top = writing.top.min(row).max((row + 1).saturating_sub(height)).min(rows.len().saturating_sub(height));
        for (line, row) in area.rows().zip(rows.iter().skip(writing.top)) {
            frame.render_widget(Span::styled(row.text.as_str(), Styles::PLAIN), line);
        }
        if focused {
            let y = u16::try_from(row - writing.top).unwrap_or(0);
            let x = column.min(area.width.saturating_sub(1));
            frame.set_cursor_position(Position { x: area.x + x, y: area.y + y });
        }
    }
}

/// The cursor behind the last character needs one column.
fn text_width(area: u16) -> u16 {
    area.saturating_sub(1).max(1)
}

impl ScreenComponent for Composer {
    fn show(&mut self, model: &Model) {
        let open = match model.open_room() {
            Some(room) => {
                self.load(room.info.id, &room.draft);
                let edited = room.draft.editing.as_ref().map(|edit| editing(room, &edit.target));
                self.quote = edited.or_else(|| room.draft.reply_to.map(|seq| quote(room, seq)));
                let name = room_name(room);
                self.label = match room {
                    _ if room.gone => format!("{name} is gone; /leave closes it"),
                    _ if room.banned => format!("you are banned from {name}"),
                    _ if room.info.archived => format!("{name} is archived: nobody can write here"),
                    _ => format!("message {name}"),
                };
                self.typing = room.participants.typing();
                room.info.id
            }
            None => {
                self.load(NO_ROOM, &model.command);
                self.quote = None;
                self.typing = None;
                "a command, such as /join NAME".clone_into(&mut self.label);
                NO_ROOM
            }
        };
        self.open = Some(open);
        if let Some(writing) = self.rooms.get(&open) {
            self.completion.collect(model, open, &writing.editor);
        }
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, focused: bool) {
        if self.open.is_none() {
            return;
        }
        self.completion.draw(frame, area);
        if !self.framed {
            let line = Line::from(vec![Span::styled("› ", if focused { Styles::ACCENT } else { Styles::FAINT })]);
            frame.render_widget(line, area);
            let right = self.columns_beside(area.width.saturating_sub(2));
            let text = Rect { x: area.x + 2.min(area.width), width: area.width.saturating_sub(2 + right), ..area };
            if let Some(remark) = self.beside() {
                frame.render_widget(remark, Rect { x: area.right() - right, width: right, ..area });
            }
            return self.draw_text(frame, text, focused);
        }
        let title = clip(&format!(" {} ", self.label), area.width.saturating_sub(4));
        let sign = self.sign();
        let taken = width(&title) + 4 + sign.as_ref().map_or(0, |sign| u16::try_from(sign.width()).unwrap_or(0));
        let mut block = Styles::frame(Span::styled(title, Styles::PLAIN), focused);
        let left = area.width.saturating_sub(taken);
        if let Some(typing) = self.typing.as_ref().filter(|_| left > 8) {
            block = block.title(Span::styled(clip(&format!(" {typing} "), left), Styles::FAINT));
        }
        if let Some(sign) = sign {
            block = block.title(Line::from(sign).right_aligned());
        }
        if let Some(remark) = self.remark() {
            block = block.title_bottom(Line::from(remark).right_aligned());
        }
        let inner = block.inner(area);
        frame.render_widget(block, area);
        let air = u16::from(inner.width > 8);
        self.draw_text(frame, Rect { x: inner.x + air, width: inner.width - air, ..inner }, focused);
    }

    fn on(&mut self, event: &Event<Action>) -> Option<Msg> {
        match event {
            Event::User(Action::Complete) => return self.complete(1),
            Event::User(Action::CompleteBack) => return self.complete(-1),
            _ => {}
        }
        if self.completion.is_open()
            && let Some(msg) = self.choose(event)
        {
            return Some(msg);
        }
        if let Event::Paste(text) = event {
            return self.paste(text);
        }
        let width = self.width;
        let editor = &mut self.rooms.get_mut(&self.open?)?.editor;
        let typed = match event {
            Event::User(Action::Newline) => typing::changed(editor.insert("\n")),
            Event::User(Action::KillOrSwitch) => match editor.kill_to_line_end() {
                true => Typed::Changed,
                false => return None, // nothing to delete: it opens the switcher
            },
            Event::User(action @ (Action::Back | Action::Forward)) if !editor.is_empty() => {
                let is_back = *action == Action::Back;
                let word = if is_back { Action::WordBack } else { Action::WordForward };
                typing::edit(editor, &Event::User(word))?
            }
            Event::Keyboard(KeyEvent { code: Key::End, .. }) if editor.is_empty() => {
                return Some(Msg::Act(Action::ToBottom));
            }
            Event::Keyboard(KeyEvent { code: Key::Up, .. }) => match editor.up(width) {
                true => Typed::Same,
                false => return Some(Msg::Recall { back: true }),
            },
            Event::Keyboard(KeyEvent { code: Key::Down, .. }) => match editor.down(width) {
                true => Typed::Same,
                false => return Some(Msg::Recall { back: false }),
            },
            _ => typing::edit(editor, event)?,
        };
        self.oversized = false;
        // a letter always changes the text, unless the text is full
        self.full = typed == Typed::Same
            && matches!(event, Event::Keyboard(KeyEvent { code: Key::Char(_), .. }) | Event::User(Action::Newline));
        match typed {
            Typed::Changed => self.edited(),
            Typed::Same => Some(Msg::Redraw),
        }
    }
}
