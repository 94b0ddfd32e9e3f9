//! Draws the window: gutter, rows, separators, and small signs over them.

use quchat_shared::Seq;
use tuirealm::ratatui::{
    Frame,
    layout::Rect,
    style::Style,
    text::{Line, Span},
    widgets::Clear,
};

use super::{
    super::styles::Styles,
    Page, Shown, Walk, bar,
    block::Block,
    cache::Cache,
    frame_start::{self, Start},
    hyperlink::PlacedHyperlink,
};
use crate::{
    model::{Anchor, Entry, Key, Seen, SendState},
    text::{clip, clock, width},
};

/// The columns of time, name and text.
#[derive(Debug, Clone, Copy)]
struct Columns {
    /// Start of the time, after the delivery sign.
    time: u16,
    /// Width of the name; 0 if there is no gutter.
    name: u16,
    /// Start of the text.
    text: u16,
    /// Width of the text.
    wide: u16,
}

impl Columns {
    fn of(pane: u16) -> Self {
        let name = match pane {
            96.. => 14,
            56.. => 10,
            44.. => 8,
            28.. => 6,
            _ => return Self { time: 0, name: 0, text: 1.min(pane), wide: pane.saturating_sub(2).max(1) },
        };
        let time = if pane < 56 { 1 } else { 2 };
        let text = time + 5 + 1 + name + 2; // time, name, padding
        Self { time, name, text, wide: pane - text - 1 }
    }
}

/// Draws a frame. Returns what it showed and its links.
pub(super) fn draw(
    shown: &Shown,
    cache: &mut Cache,
    frame: &mut Frame<'_>,
    area: Rect,
) -> (Option<Seen>, Vec<PlacedHyperlink>) {
    let columns = Columns::of(area.width);
    let height = usize::from(area.height);
    if shown.entries.is_empty() {
        draw_nothing(shown, frame, area);
        return (None, Vec::new());
    }
    let mut walk = Walk { shown, cache, width: columns.wide };
    let anchor = walk.anchored();
    let start = frame_start::start(&mut walk, height, anchor, shown.scroll_rows, shown.from_beginning);
    let start = match walk.new_line().filter(|_| shown.landing) {
        Some(line) => frame_start::landing(&mut walk, height, start, line),
        None => start,
    };
    let selected = (0..shown.entries.len()).find(|&at| shown.is_selected(at));
    let start = selected.map_or(start, |at| frame_start::showing(&mut walk, height, start, at));
    let mut painter = Painter {
        shown,
        columns,
        frame,
        area,
        y: start.empty,
        first: None,
        last: None,
        ended: None,
        links: Vec::new(),
    };
    for at in start.spot.entry..shown.entries.len() {
        let skip = if at == start.spot.entry { start.spot.row } else { 0 };
        let block = walk.block(at);
        painter.entry(at, &block, skip);
        if painter.y >= height {
            break;
        }
    }
    let (visible, ended, links) = (painter.first.zip(painter.last), painter.ended, painter.links);
    let seen = visible.map(|(first, last)| Seen { ended, ..seen(&mut walk, start, first, last, area.height) });
    cache.end_frame(area.height);
    if let Some(Seen { anchor: Anchor::At { .. }, first: Key::Seq(first), last: Key::Seq(last), .. }) = seen {
        bar::draw(frame, area, first, last, shown.last_seq);
    }
    draw_signs(shown, frame, area);
    (seen, links)
}

/// A visible row of text: the entry, and the row within the entry.
type Visible = (usize, usize);

fn seen(walk: &mut Walk<'_>, start: Start, first: Visible, last: Visible, height: u16) -> Seen {
    let shown = walk.shown;
    let anchor = if start.at_end && !shown.has_newer {
        Anchor::End
    } else {
        let key = shown.entries[first.0].key();
        let block = walk.block(first.0);
        let row = block.rows[first.1].byte;
        // keep the anchor's byte, so that a change of width and back leads to the same row
        let byte = match &shown.anchor {
            Anchor::At { top, byte } if *top == key && block.row_of(*byte) == first.1 => (*byte).max(row),
            _ => row,
        };
        Anchor::At { top: key, byte }
    };
    Seen {
        room: shown.room,
        anchor,
        first: shown.entries[first.0].key(),
        last: shown.entries[last.0].key(),
        at_end: start.at_end,
        rows: height,
        scrolled: shown.scroll_rows,
        ended: None,
    }
}

struct Painter<'a, 'f, 'b> {
    shown: &'a Shown,
    columns: Columns,
    frame: &'f mut Frame<'b>,
    area: Rect,
    y: usize,
    first: Option<Visible>,
    last: Option<Visible>,
    /// The last message whose last row is drawn.
    ended: Option<Seq>,
    links: Vec<PlacedHyperlink>,
}

impl Painter<'_, '_, '_> {
    fn row(&mut self) -> Option<Rect> {
        let y = u16::try_from(self.y).ok().filter(|&y| y < self.area.height)?;
        self.y += 1;
        Some(Rect { y: self.area.y + y, height: 1, ..self.area })
    }

    /// The area of the text on a row.
    fn text_of(&self, row: Rect) -> Rect {
        Rect { x: row.x + self.columns.text, width: self.columns.wide, ..row }.intersection(row)
    }

    /// Draws an entry from its row `skip` on, including the lines above it.
    fn entry(&mut self, at: usize, block: &Block, skip: usize) {
        let above = self.shown.above(at);
        let (mut lines, mut named) = (Vec::new(), false);
        if let Some(day) = above.day {
            lines.push((clock::day_name(day), Styles::FAINT));
        }
        if above.new {
            lines.push(("new".to_owned(), Styles::FRESH));
        }
        for (label, style) in lines.iter().skip(skip) {
            let Some(row) = self.row() else { return };
            draw_rule(self.frame, row, label, *style);
        }
        if let Some(quote) = self.shown.quotes[at].as_ref().filter(|_| skip < above.rows()) {
            let Some(row) = self.row() else { return };
            self.gutter(at, row); // otherwise the quote would seem to belong to the message above
            let row = self.text_of(row);
            self.frame.render_widget(Span::styled(clip(quote, row.width), Styles::FAINT), row);
            named = true;
        }
        for (number, body) in block.rows.iter().enumerate().skip(skip.saturating_sub(above.rows())) {
            let Some(row) = self.row() else { return };
            if !std::mem::take(&mut named) && (self.first.is_none() || number == 0 && !self.shown.continues(at)) {
                self.gutter(at, row);
            }
            if number == 0 {
                self.sign(at, row);
            }
            let text = self.text_of(row);
            let text = Rect { x: text.x + body.indent, width: text.width.saturating_sub(body.indent), ..text };
            self.frame.render_widget(&body.line, text.intersection(row));
            self.links.extend(body.links.iter().filter_map(|link| link.placed(text)));
            if self.shown.is_selected(at) || self.shown.is_found(at) {
                self.frame.buffer_mut().set_style(row, Styles::STRONG);
                self.frame.render_widget(Span::styled("▌", Styles::ACCENT), Rect { width: 1.min(row.width), ..row });
            }
            self.first.get_or_insert((at, number));
            self.last = Some((at, number));
            if let (Entry::Said(message), true) = (&self.shown.entries[at], number + 1 == block.rows.len()) {
                self.ended = Some(message.seq);
            }
        }
    }

    /// Draws time and name.
    fn gutter(&mut self, at: usize, row: Rect) {
        if self.columns.name == 0 {
            return;
        }
        let time = clock::time(self.shown.millis(at), &self.shown.zone);
        let me = self.shown.sender(at) == self.shown.me;
        let (name, style) = match &self.shown.entries[at] {
            _ if me => (self.shown.my_name.as_str(), Styles::ME),
            Entry::Said(message) => (message.sender.name.as_str(), Styles::sender(message.sender.id)),
            Entry::Unsent(_) => ("", Styles::ME),
        };
        let line = Line::from(vec![
            Span::raw(" ".repeat(usize::from(self.columns.time))),
            Span::styled(time, Styles::FAINT),
            Span::raw(" "),
            Span::styled(clip(name, self.columns.name), style),
        ]);
        self.frame.render_widget(line, row);
    }

    /// Draws the delivery sign of the user's own message or edit.
    fn sign(&mut self, at: usize, row: Rect) {
        let pending = match &self.shown.entries[at] {
            Entry::Unsent(pending) => Some(pending),
            Entry::Said(_) => self.shown.edits[at].as_ref(),
        };
        let Some(pending) = pending else { return };
        let (sign, style) = match pending.state {
            SendState::Sent(_) => return,
            SendState::Refused(_) => ("✗", Styles::WRONG),
            _ => ("◌", Styles::PLAIN),
        };
        self.frame.render_widget(Span::styled(sign, style), Rect { width: 1.min(row.width), ..row });
    }
}

/// Draws a horizontal line with a label.
fn draw_rule(frame: &mut Frame<'_>, row: Rect, label: &str, style: Style) {
    let label = clip(label, row.width.saturating_sub(6));
    let dashes = row.width.saturating_sub(width(&label) + 4);
    let (left, right) = (dashes / 2, dashes - dashes / 2);
    let line = format!(" {} {label} {} ", "─".repeat(left.into()), "─".repeat(right.into()));
    frame.render_widget(Span::styled(line, style), row);
}

/// Draws the small signs for pages that are being loaded above or below. They cover rows and never move them.
fn draw_signs(shown: &Shown, frame: &mut Frame<'_>, area: Rect) {
    let top = Rect { height: 1.min(area.height), ..area };
    let bottom = Rect { y: area.bottom().saturating_sub(1), ..top };
    match &shown.page {
        Page::Quiet => {}
        Page::Loading { above } => {
            let row = if *above { top } else { bottom };
            draw_sign(frame, row, if *above { "↑ loading earlier messages …" } else { "loading …" }, Styles::WAITING);
        }
        Page::Failed { above, reason } => {
            draw_sign(frame, if *above { top } else { bottom }, &format!("✗ not loaded: {reason}"), Styles::WRONG);
        }
    }
}

fn draw_sign(frame: &mut Frame<'_>, row: Rect, text: &str, style: Style) {
    let text = format!(" {} ", clip(text, row.width.saturating_sub(2)));
    let wide = width(&text).min(row.width);
    let area = Rect { x: row.right() - wide, width: wide, ..row };
    frame.render_widget(Clear, area);
    frame.render_widget(Span::styled(text, style), area);
}

/// Draws an empty room, or one that is not loaded yet.
fn draw_nothing(shown: &Shown, frame: &mut Frame<'_>, area: Rect) {
    let (text, style) = match &shown.page {
        Page::Failed { reason, .. } => (format!("✗ not loaded: {reason}"), Styles::WRONG),
        Page::Loading { .. } => ("loading …".to_owned(), Styles::WAITING),
        Page::Quiet if shown.unknown => return,
        Page::Quiet => ("Nothing here yet. Say hello.".to_owned(), Styles::FAINT),
    };
    let row = Rect { y: area.y + area.height / 2, height: 1.min(area.height), ..area };
    frame.render_widget(Line::styled(clip(&text, area.width), style).centered(), row);
}
