//! The built-in themes.

use tuirealm::ratatui::style::{Color, Modifier};

use super::{MARKS, Paint, ROLES, Role, Theme};

#[derive(Debug, Clone, Copy)]
pub struct BuiltIn {
    /// Its name in the config file.
    pub name: &'static str,
    paint: fn(Role) -> Paint,
    senders: &'static [Color],
}

/// The built-in themes; the first is the default.
pub const BUILT_IN: [BuiltIn; 3] = [
    BuiltIn { name: "terminal", paint: terminal, senders: TERMINAL_SENDERS },
    BuiltIn { name: "dark", paint: dark, senders: DARK_SENDERS },
    BuiltIn { name: "light", paint: light, senders: LIGHT_SENDERS },
];

impl BuiltIn {
    /// The complete theme.
    #[must_use]
    pub fn theme(&self) -> Theme {
        let senders: Vec<_> = self.senders.iter().map(|&colour| Paint::new(colour, Modifier::empty())).collect();
        let theme = Theme { paints: [Paint::default(); MARKS] }.with_senders(&senders);
        ROLES.iter().fold(theme, |theme, &(_, role)| theme.with(role, (self.paint)(role)))
    }
}

const BOLD: Modifier = Modifier::BOLD;
const NONE: Modifier = Modifier::empty();

/// Readable on dark and light backgrounds with unknown values of the sixteen colours. Grey may equal the background; in
/// common palettes yellow, cyan and green are unreadable on white, and blue on black. So text is marked by weight where
/// possible, else by magenta or red; cyan and green are only for frames and symbols.
fn terminal(role: Role) -> Paint {
    match role {
        Role::Text | Role::Sender(_) => Paint::default(),
        Role::Faint => Paint::weight(Modifier::DIM),
        Role::Accent => Paint::new(Color::Cyan, NONE),
        Role::Code => Paint::new(Color::Magenta, NONE),
        Role::Wrong | Role::Fresh => Paint::new(Color::Red, BOLD),
        Role::Well => Paint::new(Color::Green, NONE),
        Role::Waiting | Role::Me => Paint::weight(BOLD),
        Role::Link => Paint::weight(Modifier::UNDERLINED),
        Role::Found => Paint::weight(BOLD.union(Modifier::UNDERLINED)),
        Role::Named | Role::Chosen => Paint::weight(BOLD.union(Modifier::REVERSED)),
    }
}

const TERMINAL_SENDERS: &[Color] = &[Color::Magenta, Color::LightBlue, Color::Reset];

const fn of(colour: u8, modifier: Modifier) -> Paint {
    Paint::new(Color::Indexed(colour), modifier)
}

/// On a near black background, from the fixed part of the 256-colour palette.
fn dark(role: Role) -> Paint {
    match role {
        Role::Text | Role::Sender(_) => of(252, NONE).on(Color::Indexed(234)),
        Role::Faint => of(246, NONE),
        Role::Accent => of(80, NONE),
        Role::Wrong => of(210, BOLD),
        Role::Well => of(114, NONE),
        Role::Waiting => of(222, BOLD),
        Role::Fresh => of(215, BOLD),
        Role::Code => of(180, NONE),
        Role::Link => of(117, Modifier::UNDERLINED),
        Role::Found => of(228, BOLD.union(Modifier::UNDERLINED)),
        Role::Named => of(234, BOLD).on(Color::Indexed(222)),
        Role::Chosen => of(231, BOLD).on(Color::Indexed(24)),
        Role::Me => of(231, BOLD),
    }
}

const DARK_SENDERS: &[Color] = &[
    Color::Indexed(114),
    Color::Indexed(111),
    Color::Indexed(176),
    Color::Indexed(80),
    Color::Indexed(216),
    Color::Indexed(150),
    Color::Indexed(147),
    Color::Indexed(218),
    Color::Indexed(79),
    Color::Indexed(187),
    Color::Indexed(74),
    Color::Indexed(180),
];

/// On a near white background, from the fixed part of the 256-colour palette.
fn light(role: Role) -> Paint {
    match role {
        Role::Text | Role::Sender(_) => of(235, NONE).on(Color::Indexed(255)),
        Role::Faint => of(241, NONE),
        Role::Accent => of(24, NONE),
        Role::Wrong => of(124, BOLD),
        Role::Well => of(22, NONE),
        Role::Waiting => of(94, BOLD),
        Role::Fresh => of(124, BOLD),
        Role::Code => of(90, NONE),
        Role::Link => of(25, Modifier::UNDERLINED),
        Role::Found => of(88, BOLD.union(Modifier::UNDERLINED)),
        Role::Named => of(231, BOLD).on(Color::Indexed(94)),
        Role::Chosen => of(231, BOLD).on(Color::Indexed(24)),
        Role::Me => of(232, BOLD),
    }
}

const LIGHT_SENDERS: &[Color] = &[
    Color::Indexed(22),
    Color::Indexed(25),
    Color::Indexed(90),
    Color::Indexed(23),
    Color::Indexed(94),
    Color::Indexed(58),
    Color::Indexed(54),
    Color::Indexed(125),
    Color::Indexed(60),
    Color::Indexed(88),
    Color::Indexed(61),
    Color::Indexed(95),
];
