//! The sign-in form: server, name and password. The same form registers, with an invite where the server asks for one.

use quchat_shared::api::{Credentials, Registration};
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
    api::Address,
    keymap::Keymap,
    model::{Field as Name, Model},
    text::{clip, wrap},
    update::{Action, Msg},
};

/// Columns of the form.
const COLUMNS: u16 = 62;
/// Columns before the typed text.
const LABEL: u16 = 12;
/// Stands in the field for the invite.
const INVITED: &str = "to register: taken from the join link";
/// Most rows of the remark below a field.
const REMARK_ROWS: usize = 4;

/// The focusable elements, top to bottom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    Server,
    Name,
    Password,
    Invite,
    SignIn,
    Register,
}

/// The typed text and the focus.
pub(super) struct SignIn {
    server: Field,
    name: Field,
    password: Field,
    invite: Field,
    /// Who may register at a server, if that is known. With its address as typed.
    registration: Option<(String, Registration)>,
    stop: Stop,
    /// The address that `update` knows.
    told: String,
    /// The join link that started quchat has an invite.
    has_invite: bool,
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
            invite: Field::default(),
            registration: None,
            stop: Stop::Server,
            told: String::new(),
            has_invite: false,
            loaded: None,
            waiting: false,
            problem: None,
        }
    }

    fn first_empty(&self) -> Option<Stop> {
        let fields = [(&self.server, Stop::Server), (&self.name, Stop::Name), (&self.password, Stop::Password)];
        fields.into_iter().find(|(field, _)| field.is_empty()).map(|(_, stop)| stop)
    }

    /// Who may register at the server in the form, as far as it is known.
    fn registration(&self) -> Registration {
        let known = self.registration.as_ref().filter(|(server, _)| server == self.server.text().trim());
        known.map_or(Registration::Open, |(_, registration)| *registration)
    }

    /// Whether the server registers nobody, unless the join link has an invite for its first admin.
    fn is_closed(&self) -> bool {
        self.registration() == Registration::Closed && !self.has_invite
    }

    /// The focusable elements that the form shows, top to bottom.
    fn stops(&self) -> Vec<Stop> {
        let mut stops = vec![Stop::Server, Stop::Name, Stop::Password];
        if self.registration() == Registration::Invite {
            stops.push(Stop::Invite);
        }
        stops.push(Stop::SignIn);
        if !self.is_closed() {
            stops.push(Stop::Register);
        }
        stops
    }

    fn step(&mut self, is_forward: bool) -> Option<Msg> {
        let stops = self.stops();
        let at = stops.iter().position(|&stop| stop == self.stop).unwrap_or(0);
        let by = if is_forward { 1 } else { stops.len() - 1 };
        self.stop = stops[(at + by) % stops.len()];
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
        let asked = self.registration() == Registration::Invite;
        let invite = if asked { self.invite.text().to_owned() } else { String::new() };
        Some(Msg::SignIn { server: self.server.text().to_owned(), credentials, register, invite })
    }

    fn field(&mut self) -> Option<&mut Field> {
        match self.stop {
            Stop::Server => Some(&mut self.server),
            Stop::Name => Some(&mut self.name),
            Stop::Password => Some(&mut self.password),
            Stop::Invite => Some(&mut self.invite),
            Stop::SignIn | Stop::Register => None,
        }
    }

    /// The remark below a field, cut into rows: an error or a hint.
    fn remark(&self, name: Name, columns: u16) -> (Vec<String>, Style) {
        match &self.problem {
            Some((field, reason)) if *field == name => (cut('✗', reason, columns), Styles::WRONG),
            _ if name == Name::Server
                && Address::parse(self.server.text()).is_ok_and(|address| address.is_exposed()) =>
            {
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
        let register = match self.is_closed() {
            true if area.width < 40 => Span::styled(" no registration", Styles::FAINT),
            true => Span::styled(" registration is closed", Styles::FAINT),
            false => button(" Register F3 ", Stop::Register),
        };
        let line = Line::from(vec![button(" Sign in ", Stop::SignIn), Span::raw(" "), register]);
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
            self.told.clone_from(&form.server);
            self.name.set(&form.name);
            self.stop = self.first_empty().unwrap_or(Stop::Password);
        }
        if password_rev != form.password_rev {
            self.password.set("");
        }
        self.loaded = Some((form.rev, form.password_rev));
        self.has_invite = form.invite.is_some();
        if self.registration != form.registration {
            self.registration.clone_from(&form.registration);
            if !self.stops().contains(&self.stop) {
                self.stop = Stop::SignIn;
            }
        }
        if self.problem != form.problem {
            self.problem.clone_from(&form.problem);
            if let Some((field, _)) = &self.problem {
                self.stop = match field {
                    Name::Server => Stop::Server,
                    Name::Name => Stop::Name,
                    Name::Password => Stop::Password,
                    Name::Invite => Stop::Invite,
                };
            }
        }
        self.waiting = form.waiting;
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, focused: bool) {
        let columns = area.width.min(COLUMNS).saturating_sub(LABEL);
        let mut fields = vec![
            ("Server", &self.server, Stop::Server, Name::Server, "host, host:port or https://host"),
            ("Name", &self.name, Stop::Name, Name::Name, "letters, digits, _ . -"),
            ("Password", &self.password, Stop::Password, Name::Password, "at least 8 characters"),
        ];
        if self.registration() == Registration::Invite {
            let hint = if self.has_invite { INVITED } else { "to register: the code or the join link" };
            fields.push(("Invite", &self.invite, Stop::Invite, Name::Invite, hint));
        }
        let remarks = fields.iter().map(|(.., name, _)| self.remark(*name, columns)).collect::<Vec<_>>();
        let mut heights = vec![Constraint::Length(1), Constraint::Max(2)];
        let mut height = 4 + fields.len();
        for (remark, _) in &remarks {
            let below = remark.len().max(1);
            height += below;
            heights.extend([1, below].map(|rows| Constraint::Length(u16::try_from(rows).unwrap_or(1))));
        }
        heights.push(Constraint::Length(1));
        let height = u16::try_from(height).unwrap_or(u16::MAX);
        let card = area.centered(Constraint::Max(COLUMNS), Constraint::Max(height.saturating_add(1)));
        let rows = Layout::vertical(heights).split(card);
        let title =
            Line::from(vec![Span::styled("quchat", Styles::STRONG), Span::styled("  rooms to talk in", Styles::FAINT)]);
        frame.render_widget(title, rows[0]);
        for (at, (label, field, stop, _, placeholder)) in fields.into_iter().enumerate() {
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
        let buttons =
            Rect { x: card.x + 11.min(card.width), width: card.width.saturating_sub(11), ..rows[rows.len() - 1] };
        self.draw_buttons(frame, buttons, focused);
    }

    fn on(&mut self, event: &Event<Action>) -> Option<Msg> {
        let was_at_server = self.stop == Stop::Server;
        let msg = self.take(event);
        let server = self.server.text().trim();
        if was_at_server && self.stop != Stop::Server && self.told != server {
            self.told = server.to_owned();
            return Some(Msg::LookAt(server.to_owned()));
        }
        msg
    }
}

impl SignIn {
    fn take(&mut self, event: &Event<Action>) -> Option<Msg> {
        match event {
            Event::User(Action::NextField) | Event::Keyboard(KeyEvent { code: Key::Down, .. }) => self.step(true),
            Event::User(Action::PreviousField) | Event::Keyboard(KeyEvent { code: Key::Up, .. }) => self.step(false),
            Event::User(Action::Register) => self.submit(true),
            Event::User(Action::ShowPassword) => {
                self.password.toggle_shown();
                Some(Msg::Redraw)
            }
            Event::Keyboard(KeyEvent { code: Key::Enter, .. }) => self.submit(self.stop == Stop::Register),
            Event::Keyboard(KeyEvent { code: Key::Left | Key::Right, .. }) if self.field().is_none() => {
                let is_first = self.stop == Stop::SignIn && !self.is_closed();
                self.stop = if is_first { Stop::Register } else { Stop::SignIn };
                Some(Msg::Redraw)
            }
            _ => self.field()?.take(event).then_some(Msg::Redraw),
        }
    }
}
