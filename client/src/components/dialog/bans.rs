//! Who is banned from a room, by whom, when and why. A ban can be lifted.

use quchat_shared::{UserId, UserRef, api::Ban};
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
    model::{Dialog, Model, PersonAction},
    text::{clip, clock, width, wrap},
    update::{Action, Msg},
};

const COLUMNS: u16 = 68;
const ROWS: u16 = 20;
/// With fewer columns, only the chosen ban shows its reason.
const REASONS_FROM: u16 = 44;
/// With fewer rows, the reason of the chosen ban takes less space.
const TALL_FROM: u16 = 14;
/// A ban as drawn.
struct Row {
    user: UserRef,
    reason: Option<String>,
    day: String,
    /// Who set it, and when.
    set: String,
    lift: PersonAction,
}

impl Row {
    fn new(ban: &Ban, lift: PersonAction, model: &Model) -> Self {
        let at = ban.created_at.as_millis();
        let by = ban.by.as_ref().map_or("the server's operator", |by| &by.name);
        Self {
            user: ban.user.clone(),
            reason: ban.reason.clone(),
            day: clock::day(at, &model.zone).to_string(),
            set: format!("banned by {by}, {}", clock::minute(at, &model.zone)),
            lift,
        }
    }
}

pub(in super::super) struct Bans {
    title: String,
    rows: Vec<Row>,
    place: PagedRow,
    /// Waits for a second, different key that lifts the ban of this user.
    lifts: Option<UserId>,
    /// The key that closes it.
    leave: String,
}

impl Bans {
    pub(in super::super) fn new(keymap: &Keymap) -> Self {
        Self {
            title: String::new(),
            rows: Vec::new(),
            place: PagedRow::default(),
            lifts: None,
            leave: keymap.named(Action::Cancel),
        }
    }

    fn chosen(&self) -> Option<&Row> {
        self.rows.get(self.place.row.at)
    }

    fn line(&self, at: usize, columns: u16) -> Line<'static> {
        let row = &self.rows[at];
        let left = columns.saturating_sub(4 + width(&row.day)); // the sign, and a gap before the day
        let names = self.rows.iter().map(|row| width(&row.user.name)).max().unwrap_or(0);
        let names = if columns < REASONS_FROM { left } else { names.min(left / 2) };
        let name = clip(&row.user.name, names);
        let reasons = left.saturating_sub(names + 2);
        let reason = row.reason.as_deref().filter(|_| columns >= REASONS_FROM);
        let reason = reason.map_or_else(String::new, |reason| clip(reason, reasons));
        let gap = usize::from(names - width(&name) + 2);
        let fill = usize::from((left + 2).saturating_sub(names + 2 + width(&reason)));
        let line = Line::from(vec![
            sign(at == self.place.row.at),
            Span::styled(name, Styles::PLAIN),
            Span::raw(" ".repeat(gap)),
            Span::styled(reason, Styles::FAINT),
            Span::raw(" ".repeat(fill)),
            Span::styled(row.day.clone(), Styles::FAINT),
        ]);
        if at == self.place.row.at { Styles::chosen(line) } else { line }
    }

    /// All of the chosen ban, in at most so many rows.
    fn details(&self, columns: u16, rows: usize) -> Vec<Line<'static>> {
        let Some(row) = self.chosen() else { return Vec::new() };
        let mut lines = vec![Line::styled(clip(&row.set, columns), Styles::FAINT)];
        match &row.reason {
            None => lines.push(Line::styled("no reason given", Styles::FAINT)),
            Some(reason) => {
                let most = rows.saturating_sub(lines.len());
                let wrapped = wrap(reason, columns.max(1));
                let is_cut = wrapped.len() > most;
                lines.extend(wrapped.into_iter().take(most).map(|row| Line::styled(row.text, Styles::PLAIN)));
                if let Some(last) = lines.last_mut().filter(|last| is_cut && last.width() < columns.into()) {
                    last.push_span(Span::styled("…", Styles::FAINT));
                }
            }
        }
        lines
    }

    /// The last row: what is wrong, else what Enter does.
    fn foot(&self, columns: u16) -> Line<'static> {
        let leave = &*self.leave;
        let question = Span::styled("Lift this ban?", Styles::STRONG);
        let nobody = Span::styled("nobody is banned", Styles::FAINT);
        if self.lifts.is_some() {
            return keys_in_a_row(question, &[("y", "lifts it"), ("n", "keeps it")], columns);
        }
        self.place.problem(columns).or_else(|| self.place.waiting(columns)).unwrap_or_else(|| {
            match self.rows.is_empty() {
                true => keys_in_a_row(nobody, &[(leave, "closes")], columns),
                false => keys_in_a_row(self.place.more(), &[("Enter", "lifts it, asks"), (leave, "closes")], columns),
            }
        })
    }
}

impl ScreenComponent for Bans {
    fn show(&mut self, model: &Model) {
        let bans = model.dialogs.iter().rev().find_map(|dialog| match dialog {
            Dialog::Bans(bans) => Some(bans),
            _ => None,
        });
        let Some(bans) = bans else { return };
        self.title = model
            .rooms
            .get(&bans.room)
            .map_or_else(|| "bans".to_owned(), |room| format!("banned from {}", room_name(room)));
        let row = |ban| Row::new(ban, PersonAction::Unban(bans.room), model);
        self.rows = bans.list.page.iter().flatten().map(row).collect();
        self.place.follow(&bans.list, self.rows.len());
        let chosen = self.chosen().map(|row| row.user.id);
        self.lifts.take_if(|user| chosen != Some(*user));
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, _focused: bool) {
        let inner = Styles::dialog(frame, area, &self.title);
        let tall = inner.height >= TALL_FROM;
        let air = u16::from(tall);
        let details = self.details(inner.width, if tall { 6 } else { 3 });
        let below = u16::try_from(details.len()).unwrap_or(0).min(inner.height.saturating_sub(2)); // list and foot
        let foot = Rect { y: inner.bottom().saturating_sub(1), height: 1.min(inner.height), ..inner };
        let list = Rect { height: inner.height.saturating_sub(1 + below + 2 * air), ..inner };
        let top = self.place.row.scroll(list.height.into());
        for (at, row) in (top..self.rows.len()).zip(list.rows()) {
            frame.render_widget(self.line(at, row.width), row);
        }
        let area = Rect { y: foot.y.saturating_sub(below + air), height: below, ..inner };
        for (line, row) in details.into_iter().zip(area.rows()) {
            frame.render_widget(line, row);
        }
        frame.render_widget(self.foot(foot.width), foot);
    }

    fn on(&mut self, event: &Event<Action>) -> Option<Msg> {
        if let Some(by) = rows_moved(event, PAGE) {
            self.lifts = None;
            return Some(self.place.step(by, self.rows.len()));
        }
        match event {
            Event::Keyboard(KeyEvent { code: Key::Enter, .. }) => {
                self.lifts = self.chosen().map(|row| row.user.id);
                Some(Msg::Redraw)
            }
            Event::Keyboard(KeyEvent { code: Key::Char('y' | 'Y'), .. }) if self.lifts.take().is_some() => {
                self.chosen().map(|row| Msg::ActOn { user: row.user.clone(), action: row.lift.clone() })
            }
            Event::Keyboard(_) if self.lifts.take().is_some() => Some(Msg::Redraw),
            _ => None,
        }
    }

    fn wanted(&self) -> (u16, u16) {
        (COLUMNS, ROWS)
    }
}
