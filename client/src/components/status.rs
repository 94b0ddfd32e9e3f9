//! The status line: the connection first, then what just happened, then the useful keys. A notice that does not fit
//! beside the connection stands in rows of its own above the line.

use std::sync::Arc;

use tuirealm::{
    event::Event,
    ratatui::{
        Frame,
        layout::Rect,
        style::Style,
        text::{Line, Span},
    },
};

use super::{ScreenComponent, styles::Styles};
use crate::{
    keymap::Keymap,
    model::{ComponentId, Link, Model, Room, Storage, Tone},
    text::{clip, fit, one_line, width, wrap},
    update::{Action, Msg, focus, is_deletable, is_editable},
};

/// Columns between two parts of the line.
const BETWEEN: u16 = 4;
/// Most rows of a notice above the line.
const ABOVE_MAX: usize = 3;

/// The parts of the line in order of importance.
pub(crate) struct Status {
    keymap: Arc<Keymap>,
    link: (String, Style),
    /// The style of the sign.
    sign: Style,
    /// The server, left out if space is short.
    host: String,
    notice: Option<(String, Style)>,
    remarks: Vec<(String, Style)>,
    hints: Vec<(Action, &'static str)>,
    /// What has the keyboard.
    focus: ComponentId,
}

impl Status {
    pub(super) fn new(keymap: Arc<Keymap>) -> Self {
        Self {
            keymap,
            link: (String::new(), Styles::PLAIN),
            sign: Styles::PLAIN,
            host: String::new(),
            notice: None,
            remarks: Vec::new(),
            hints: Vec::new(),
            focus: ComponentId::SignIn,
        }
    }

    /// How many rows it takes on a screen of so many columns.
    pub(crate) fn rows(&self, columns: u16) -> u16 {
        u16::try_from(self.above(columns).len() + 1).unwrap_or(1)
    }

    /// The notice in rows above the line; none if it fits on the line.
    fn above(&self, columns: u16) -> Vec<String> {
        let Some((notice, _)) = &self.notice else { return Vec::new() };
        let parts = [&self.link.0, notice].into_iter().chain(self.remarks.iter().map(|(text, _)| text));
        let line = parts.fold(0, |sum: u16, text| sum.saturating_add(width(text) + BETWEEN));
        let room = columns.saturating_sub(2);
        if line <= room.saturating_add(BETWEEN) {
            return Vec::new();
        }
        let mut rows: Vec<String> = wrap(notice, room).into_iter().map(|row| row.text).collect();
        if rows.len() > ABOVE_MAX {
            let rest = rows.split_off(ABOVE_MAX - 1).join(" ");
            rows.push(clip(&rest, room));
        }
        rows
    }

    fn hints(&self, room: u16) -> Line<'static> {
        let mut line = Line::default();
        let mut used = 1;
        for &(action, what) in &self.hints {
            let chord = self.keymap.chord_at(self.focus, action).or_else(|| self.keymap.chord(action));
            let Some(chord) = chord else { continue };
            let (chord, what) = (chord.to_string(), format!(" {what} "));
            used += width(&chord) + width(&what) + 1;
            if used > room {
                used -= width(&chord) + width(&what) + 1;
                continue;
            }
            line.push_span(Span::styled(chord, Styles::STRONG));
            line.push_span(Span::styled(what, Styles::FAINT));
            line.push_span(Span::raw(" "));
        }
        line
    }
}

/// The connection in a few words, and their style.
fn link(model: &Model) -> (String, Style) {
    let silent = model.silent_for().map(|seconds| format!("no answer for {seconds} s"));
    match (&model.link, silent) {
        (Link::Connected, Some(silent)) => (format!("◌ {silent}"), Styles::WAITING),
        (Link::Connecting { failures: 0 }, Some(silent)) => (format!("◌ connecting, {silent}"), Styles::WAITING),
        (Link::Connecting { failures }, Some(silent)) => {
            (format!("◌ connecting, attempt {}, {silent}", failures + 1), Styles::WAITING)
        }
        (link, _) => in_words(link, model),
    }
}

fn in_words(link: &Link, model: &Model) -> (String, Style) {
    match link {
        Link::Connected => ("● connected".to_owned(), Styles::PLAIN),
        Link::Connecting { failures: 0, .. } => ("◌ connecting …".to_owned(), Styles::WAITING),
        Link::Connecting { failures, .. } => (format!("◌ connecting, attempt {} …", failures + 1), Styles::WAITING),
        Link::Reconnecting { at, reason, .. } => {
            let seconds = at.saturating_sub(model.now.mono_ms).div_ceil(1000);
            if model.gets_through() {
                return (format!("◌ sending works; new messages in {seconds} s: {reason}"), Styles::WAITING);
            }
            (format!("○ reconnecting in {seconds} s: {reason}"), Styles::WAITING)
        }
        Link::SignedOut { reason: Some(reason) } => (format!("○ signed out: {reason}"), Styles::WRONG),
        Link::SignedOut { reason: None } => ("○ signed out".to_owned(), Styles::FAINT),
    }
}

fn host(model: &Model) -> String {
    model.account.as_ref().map_or_else(String::new, |account| {
        let address = account.server.origin.to_string();
        format!(" · {}", address.trim_start_matches("http://").trim_start_matches("https://"))
    })
}

fn notice(model: &Model) -> Option<(String, Style)> {
    let notice = model.notice.as_ref()?;
    Some(match notice.tone {
        Tone::Calm => (one_line(&notice.text), Styles::STRONG),
        Tone::Error => (format!("✗ {}", one_line(&notice.text)), Styles::WRONG),
    })
}

fn remarks(model: &Model) -> Vec<(String, Style)> {
    let mut remarks = Vec::new();
    remarks.extend(model.working().map(|what| (format!("◌ {what}"), Styles::WAITING)));
    if model.account.is_some() {
        match &model.storage {
            Storage::Failing(reason) => remarks.push((format!("! drafts are not saved: {reason}"), Styles::WRONG)),
            Storage::Elsewhere(reason) => remarks.push((format!("! {reason}"), Styles::WAITING)),
            Storage::Opening | Storage::Kept => {}
        }
    }
    let refused = model.rooms.values().map(|room| room.refused().count()).sum::<usize>();
    let waiting = model.unsent() - refused;
    if refused > 0 {
        remarks.push((format!("✗ {refused} refused"), Styles::WRONG));
    }
    if let Some((at, why)) = model.rooms.values().find_map(Room::asked_to_wait) {
        let seconds = at.saturating_sub(model.now.mono_ms).div_ceil(1000);
        let why = why.split(';').next().unwrap_or_default(); // the rest says how long to wait, once more
        remarks.push((format!("◌ {waiting} unsent, waits {seconds} s: {}", one_line(why)), Styles::WAITING));
    } else if waiting > 0 && (model.link != Link::Connected || model.silent_for().is_some()) {
        remarks.push((format!("◌ {waiting} unsent"), Styles::WAITING));
    }
    remarks
}

impl ScreenComponent for Status {
    fn show(&mut self, model: &Model) {
        self.focus = focus(model);
        self.link = link(model);
        let well = model.link == Link::Connected && model.silent_for().is_none();
        self.sign = if well { Styles::WELL } else { self.link.1 };
        self.host = if well { host(model) } else { String::new() };
        self.notice = notice(model);
        self.remarks = remarks(model);
        self.hints = if !model.dialogs.is_empty() {
            Vec::new() // the dialog names its own keys
        } else if model.account.is_none() {
            let register = (!model.sign_in.is_closed()).then_some((Action::Register, "register"));
            [Some((Action::NextField, "next")), register, Some((Action::Help, "help")), Some((Action::Quit, "quit"))]
                .into_iter()
                .flatten()
                .collect()
        } else if let Some(message) = model.selection() {
            let mut hints = vec![(Action::Cancel, "back")];
            if message.deleted_at.is_none() {
                hints.extend([(Action::Reply, "reply"), (Action::React, "react")]);
            }
            hints.extend(is_editable(model, message).then_some((Action::Edit, "edit")));
            hints.extend(is_deletable(model, message).then_some((Action::Delete, "delete")));
            if message.deleted_at.is_none() {
                let copies =
                    [(Action::Copy, "copy"), (Action::CopyWithAuthor, "with author"), (Action::CopyLinks, "links")];
                hints.extend(copies);
            }
            hints.push((Action::Details, "details"));
            hints
        } else if model.find.is_some() {
            vec![(Action::FindNext, "next"), (Action::FindPrevious, "previous"), (Action::Cancel, "back")]
        } else if model.open_room().is_some_and(|room| room.draft.editing.is_some()) {
            vec![(Action::Send, "save"), (Action::Cancel, "cancel"), (Action::Help, "help")]
        } else if model.rooms.values().any(|room| room.refused().next().is_some()) {
            vec![(Action::Review, "refused"), (Action::Switch, "rooms"), (Action::Help, "help")]
        } else {
            vec![(Action::Switch, "rooms"), (Action::NextUnread, "next unread"), (Action::Help, "help")]
        };
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, _focused: bool) {
        let above = self.above(area.width);
        if let Some((_, style)) = &self.notice {
            let place = Rect { x: area.x + 1.min(area.width), width: area.width.saturating_sub(1), ..area };
            for (row, text) in place.rows().zip(&above) {
                frame.render_widget(Span::styled(text.as_str(), *style), row);
            }
        }
        let on_line: Vec<_> = self.notice.iter().filter(|_| above.is_empty()).chain(&self.remarks).collect();
        let area = Rect { y: area.bottom().saturating_sub(1), height: area.height.min(1), ..area };
        let mut line = Line::from(" ");
        let mut left = area.width.saturating_sub(1);
        let mut push = |text: &str, style: Style, before: &'static str, left: &mut u16| {
            let text = fit(text, left.saturating_sub(width(before)));
            *left = left.saturating_sub(width(before) + width(&text));
            line.push_span(Span::styled(before, Styles::FAINT));
            line.push_span(Span::styled(text, style));
        };
        // the connection gets at least half of the line, and whatever the remarks leave free
        let remarks_width = on_line.iter().fold(0, |sum: u16, (text, _)| sum.saturating_add(width(text) + BETWEEN));
        let share = left.saturating_sub(remarks_width).max(left / 2);
        push(&fit(&self.link.0, share), self.link.1, "", &mut left);
        if left >= remarks_width + width(&self.host) {
            push(&self.host, Styles::FAINT, "", &mut left);
        }
        for (text, style) in on_line {
            if left > 8 {
                push(text, *style, "  │ ", &mut left);
            }
        }
        let used = line.width();
        frame.render_widget(line, area);
        let sign = Rect { x: area.x + 1, width: 1, height: 1, ..area };
        frame.buffer_mut().set_style(sign.intersection(area), self.sign);
        let hints = self.hints(left.saturating_sub(1));
        let start = area.right().saturating_sub(u16::try_from(hints.width()).unwrap_or(u16::MAX));
        if !hints.spans.is_empty() && usize::from(start) > usize::from(area.x) + used {
            frame.render_widget(hints, Rect { x: start, width: area.right() - start, ..area });
        }
    }

    fn on(&mut self, _event: &Event<Action>) -> Option<Msg> {
        None
    }
}
