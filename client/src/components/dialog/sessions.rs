//! Where the user is signed in. A session can be ended, except the one in use.

use quchat_shared::{SessionId, Timestamp, api::SessionInfo};
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
    chosen_row::{ChosenRow, rows_moved, sign},
    keys::{keys_in_a_row, remark},
};
use crate::{
    keymap::Keymap,
    model::{Dialog, Model},
    text::{clip, clock, width},
    update::{Action, Msg},
};

const COLUMNS: u16 = 64;
const ROWS_MAX: u16 = 16;
/// With fewer columns, a row says only when the session was last used.
const BOTH_TIMES_FROM: u16 = 62;

struct Row {
    id: SessionId,
    what: String,
    since: String,
    used: String,
    current: bool,
}

pub(in super::super) struct Sessions {
    rows: Vec<Row>,
    waiting: bool,
    problem: Option<String>,
    row: ChosenRow,
    /// Waits for a second, different key that confirms the end of the chosen session.
    ends: bool,
    /// The key that closes it.
    leave: String,
}

impl Sessions {
    pub(in super::super) fn new(keymap: &Keymap) -> Self {
        let leave = keymap.named(Action::Cancel);
        Self { rows: Vec::new(), waiting: true, problem: None, row: ChosenRow::default(), ends: false, leave }
    }

    fn step(&mut self, by: isize) -> Msg {
        self.ends = false;
        self.row.step(by, self.rows.len());
        Msg::Redraw
    }

    fn line(&self, at: usize, columns: u16) -> Line<'static> {
        let (row, chosen) = (&self.rows[at], at == self.row.at);
        let when = if columns < BOTH_TIMES_FROM { row.used.clone() } else { format!("{}, {}", row.since, row.used) };
        let left = columns.saturating_sub(4 + width(&when));
        let what = clip(&row.what, left);
        let fill = usize::from(left.saturating_sub(width(&what)) + 1);
        let line = Line::from(vec![
            sign(chosen),
            Span::styled(what, if row.current { Styles::STRONG } else { Styles::PLAIN }),
            Span::raw(" ".repeat(fill)),
            Span::styled(when, Styles::FAINT),
        ]);
        if chosen { Styles::chosen(line) } else { line }
    }

    fn foot(&self, columns: u16) -> Line<'static> {
        let current = self.rows.get(self.row.at).is_some_and(|row| row.current);
        let (leave, question) = (&*self.leave, Span::styled("End this session?", Styles::STRONG));
        let plain = Span::raw("");
        match &self.problem {
            Some(problem) => remark(&format!("✗ {problem}"), Styles::WRONG, columns),
            None if self.waiting => remark("◌ one moment …", Styles::WAITING, columns),
            None if self.ends => keys_in_a_row(question, &[("y", "ends it"), ("n", "keeps it")], columns),
            None if current => keys_in_a_row(plain, &[("/signout", "ends this one"), (leave, "closes")], columns),
            None => keys_in_a_row(plain, &[("Enter", "ends it, asks"), (leave, "closes")], columns),
        }
    }
}

impl Row {
    fn new(session: &SessionInfo, model: &Model) -> Self {
        let when = |at: Timestamp| {
            let at = at.as_millis();
            format!("{} {}", clock::day(at, &model.zone), clock::time(at, &model.zone))
        };
        let used = session.last_used_at.max(session.created_at); // the server tells the hour in which it was used
        let name = session.label.as_deref().unwrap_or(&session.client);
        let name = if name.is_empty() { "unnamed client" } else { name };
        Self {
            id: session.id,
            what: name.to_owned(),
            since: format!("since {}", when(session.created_at)),
            used: if session.current { "this one".to_owned() } else { format!("used {}", when(used)) },
            current: session.current,
        }
    }
}

impl ScreenComponent for Sessions {
    fn show(&mut self, model: &Model) {
        let list = model.dialogs.iter().rev().find_map(|dialog| match dialog {
            Dialog::Sessions(list) => Some(list),
            _ => None,
        });
        let Some(list) = list else { return };
        self.rows = list.sessions.iter().flatten().map(|session| Row::new(session, model)).collect();
        self.waiting = list.sessions.is_none();
        self.problem.clone_from(&list.problem);
        self.row.keep_within(self.rows.len());
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, _focused: bool) {
        let inner = Styles::dialog(frame, area, "where you are signed in");
        let list = Rect { height: inner.height.saturating_sub(2), ..inner };
        let foot = Rect { y: inner.bottom().saturating_sub(1), height: 1.min(inner.height), ..inner };
        let top = self.row.scroll(list.height.into());
        for (at, row) in (top..self.rows.len()).zip(list.rows()) {
            frame.render_widget(self.line(at, row.width), row);
        }
        frame.render_widget(self.foot(foot.width), foot);
    }

    fn on(&mut self, event: &Event<Action>) -> Option<Msg> {
        if let Some(by) = rows_moved(event, isize::try_from(ROWS_MAX).unwrap_or(1)) {
            return Some(self.step(by));
        }
        match event {
            Event::Keyboard(KeyEvent { code: Key::Enter, .. }) => {
                self.ends = self.rows.get(self.row.at).is_some_and(|row| !row.current);
                Some(Msg::Redraw)
            }
            Event::Keyboard(KeyEvent { code: Key::Char('y' | 'Y'), .. }) if std::mem::take(&mut self.ends) => {
                self.rows.get(self.row.at).map(|row| Msg::EndSession(row.id))
            }
            Event::Keyboard(_) if std::mem::take(&mut self.ends) => Some(Msg::Redraw),
            _ => None,
        }
    }

    fn wanted(&self) -> (u16, u16) {
        (COLUMNS + 4, u16::try_from(self.rows.len()).unwrap_or(u16::MAX).saturating_add(4).clamp(6, ROWS_MAX))
    }
}
