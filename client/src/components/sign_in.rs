//! The sign-in form: server, name and password. The same form registers.

use quchat_shared::api::Credentials;
use tuirealm::{
    event::{Event, Key, KeyEvent},
    ratatui::{
        Frame,
        layout::{Constraint, Layout, Rect},
        style::Style,
        text::{Line, Span},
    },
};

use super::{ScreenComponent, field::Field, styles::Styles};
use crate::{
    api::Origin,
    keymap::Keymap,
    model::{Field as Name, Model},
    text::{clip, wrap},
    update::{Action, Msg},
};

/// Columns of the form.
const COLUMNS: u16 = 62;
/// Columns before the typed text.
const LABEL: u16 = 12;
/// Most rows of the remark below a field.
const REMARK_ROWS: usize = 4;

/// The focusable elements, top to bottom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    Server,
    Name,
    Password,
    SignIn,
    Register,
}

const STOPS: [Stop; 5] = [Stop::Server, Stop::Name, Stop::Password, Stop::SignIn, Stop::Register];

/// The typed text and the focus.
pub(super) struct SignIn {
    server: Field,
    name: Field,
    password: Field,
    stop: Stop,
    /// The revisions of the loaded values.
    loaded: Option<(u64, u64)>,
    waiting: bool,
    problem: Option<(Name, String)>,
    /// The key that shows the password.
    show: String,
}

impl SignIn {
    pub(super) fn new(keymap: &Keymap) -> Self {
        Self {
            show: keymap.named(Action::ShowPassword),
            server: Field::default(),
            name: Field::default(),
            password: Field::masked(),
            stop: Stop::Server,
            loaded: None,
            waiting: false,
            problem: None,
        }
    }

    fn first_empty(&self) -> Option<Stop> {
        let fields = [(&self.server, Stop::Server), (&self.name, Stop::Name), (&self.password, Stop::Password)];
        fields.into_iter().find(|(field, _)| field.is_empty()).map(|(_, stop)| stop)
    }

    fn step(&mut self, by: usize) -> Option<Msg> {
        let at = STOPS.iter().position(|&stop| stop == self.stop).unwrap_or(0);
        self.stop = STOPS[(at + by) % STOPS.len()];
        Some(Msg::Redraw)
    }

    fn submit(&mut self, register: bool) -> Option<Msg> {
        if self.waiting {
            return Some(Msg::Redraw);
        }
        let moves_on = !register && self.stop != Stop::SignIn; // Enter in a field; a button reports what is missing
        if let Some(empty) = self.first_empty().filter(|_| moves_on) {
            self.stop = empty;
            return Some(Msg::Redraw);
        }
        let credentials = Credentials { name: self.name.text().to_owned(), password: self.password.text().to_owned() };
        Some(Msg::SignIn { server: self.server.text().to_owned(), credentials, register })
    }

    fn field(&mut self) -> Option<&mut Field> {
        match self.stop {
            Stop::Server => Some(&mut self.server),
            Stop::Name => Some(&mut self.name),
            Stop::Password => Some(&mut self.password),
            Stop::SignIn | Stop::Register => None,
        }
    }

    /// The remark below a field, cut into rows: an error or a hint.
    fn remark(&self, name: Name, columns: u16) -> (Vec<String>, Style) {
        match &self.problem {
            Some((field, reason)) if *field == name => (cut('✗', reason, columns), Styles::WRONG),
            _ if name == Name::Server && Origin::parse(self.server.text()).is_ok_and(|origin| origin.is_exposed()) => {
                (cut('!', "not encrypted: others on the network can read it", columns), Styles::WAITING)
            }
            _ if name == Name::Password && (!self.password.is_empty() || self.password.is_shown()) => {
                let does = if self.password.is_shown() { "hides" } else { "shows" };
                (vec![clip(&format!("{} {does} it", self.show), columns)], Styles::FAINT)
            }
            _ => (Vec::new(), Styles::PLAIN),
        }
    }

    fn draw_buttons(&self, frame: &mut Frame<'_>, area: Rect, focused: bool) {
        if self.waiting {
            return frame.render_widget(Span::styled("◌ one moment …", Styles::WAITING), area);
        }
        let button = |label: &'static str, stop: Stop| {
            let chosen = focused && self.stop == stop;
            let style = if chosen { Styles::CHOSEN } else { Styles::STRONG };
            Span::styled(format!("{}{label}{}", if chosen { "▸[" } else { " [" }, "]"), style)
        };
        let line = Line::from(vec![
            button(" Sign in ", Stop::SignIn),
            Span::raw(" "),
            button(" Register F3 ", Stop::Register),
        ]);
        frame.render_widget(line, area);
    }
}

/// A remark with its sign, cut into rows.
fn cut(sign: char, text: &str, columns: u16) -> Vec<String> {
    let columns = columns.saturating_sub(2);
    let rows = wrap(text, columns);
    let row = |at: usize| match at + 1 {
        REMARK_ROWS => clip(&text[rows[at].start..], columns), // the last row takes the rest
        _ => rows[at].text.clone(),
    };
    let before = |at: usize| if at == 0 { sign } else { ' ' };
    (0..rows.len().min(REMARK_ROWS)).map(|at| format!("{} {}", before(at), row(at))).collect()
}

impl ScreenComponent for SignIn {
    fn show(&mut self, model: &Model) {
        let form = &model.sign_in;
        let (rev, password_rev) = self.loaded.unwrap_or((form.rev.wrapping_add(1), form.password_rev));
        if rev != form.rev {
            self.server.set(&form.server);
            self.name.set(&form.name);
            self.stop = self.first_empty().unwrap_or(Stop::Password);
        }
        if password_rev != form.password_rev {
            self.password.set("");
        }
        self.loaded = Some((form.rev, form.password_rev));
        if self.problem != form.problem {
            self.problem.clone_from(&form.problem);
            if let Some((field, _)) = &self.problem {
                self.stop = match field {
                    Name::Server => Stop::Server,
                    Name::Name => Stop::Name,
                    Name::Password => Stop::Password,
                };
            }
        }
        self.waiting = form.waiting;
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, focused: bool) {
        let columns = area.width.min(COLUMNS).saturating_sub(LABEL);
        let remarks = [Name::Server, Name::Name, Name::Password].map(|name| self.remark(name, columns));
        let below = [0, 1, 2].map(|at| u16::try_from(remarks[at].0.len()).unwrap_or(1).max(1));
        let card = area.centered(Constraint::Max(COLUMNS), Constraint::Max(8 + below.iter().sum::<u16>()));
        let rows: [Rect; 9] = Layout::vertical([
            Constraint::Length(1),
            Constraint::Max(2),
            Constraint::Length(1),
            Constraint::Length(below[0]),
            Constraint::Length(1),
            Constraint::Length(below[1]),
            Constraint::Length(1),
            Constraint::Length(below[2]),
            Constraint::Length(1),
        ])
        .areas(card);
        let title =
            Line::from(vec![Span::styled("quchat", Styles::STRONG), Span::styled("  rooms to talk in", Styles::FAINT)]);
        frame.render_widget(title, rows[0]);
        let fields = [
            ("Server", &self.server, Stop::Server, "host, host:port or https://host"),
            ("Name", &self.name, Stop::Name, "letters, digits, _ . -"),
            ("Password", &self.password, Stop::Password, "at least 8 characters"),
        ];
        for (at, (label, field, stop, placeholder)) in fields.into_iter().enumerate() {
            let here = focused && self.stop == stop;
            let [glyph, names, value] =
                Layout::horizontal([Constraint::Length(2), Constraint::Length(LABEL - 2), Constraint::Min(0)])
                    .areas(rows[2 + 2 * at]);
            if here {
                frame.render_widget(Span::styled("▸", Styles::ACCENT), glyph);
            }
            frame.render_widget(Span::styled(label, if here { Styles::STRONG } else { Styles::FAINT }), names);
            field.draw(frame, value, placeholder, here && !self.waiting);
            let (lines, style) = &remarks[at];
            let below = Rect { x: value.x, width: value.width, ..rows[3 + 2 * at] };
            for (row, line) in below.rows().zip(lines) {
                frame.render_widget(Span::styled(line.as_str(), *style), row);
            }
        }
        let buttons = Rect { x: card.x + 11.min(card.width), width: card.width.saturating_sub(11), ..rows[8] };
        self.draw_buttons(frame, buttons, focused);
    }

    fn on(&mut self, event: &Event<Action>) -> Option<Msg> {
        match event {
            Event::User(Action::NextField) | Event::Keyboard(KeyEvent { code: Key::Down, .. }) => self.step(1),
            Event::User(Action::PreviousField) | Event::Keyboard(KeyEvent { code: Key::Up, .. }) => {
                self.step(STOPS.len() - 1)
            }
            Event::User(Action::Register) => self.submit(true),
            Event::User(Action::ShowPassword) => {
                self.password.toggle_shown();
                Some(Msg::Redraw)
            }
            Event::Keyboard(KeyEvent { code: Key::Enter, .. }) => self.submit(self.stop == Stop::Register),
            Event::Keyboard(KeyEvent { code: Key::Left | Key::Right, .. }) if self.field().is_none() => {
                self.stop = if self.stop == Stop::SignIn { Stop::Register } else { Stop::SignIn };
                Some(Msg::Redraw)
            }
            _ => self.field()?.take(event).then_some(Msg::Redraw),
        }
    }
}
