//! The style of each role on the screen: the terminal's own colours, a dark, a light, or a custom theme.
//!
//! Components draw with roles and modifiers; a theme colours the finished frame. So no component knows a colour, and
//! nothing that is cached between frames depends on the theme.

mod ascii;
mod built_in;
mod paint;

use std::sync::Arc;

use tuirealm::ratatui::{
    buffer::Buffer,
    style::{Color, Style},
};

pub use self::{built_in::BUILT_IN, paint::Paint};

/// The meaning of a cell. The theme gives its style; the component may add weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Ordinary text, and the background of everything.
    Text,
    /// Secondary text, such as times and hints.
    Faint,
    /// The frame and sign of the focused component.
    Accent,
    /// An error; always with a word or a glyph.
    Wrong,
    /// Something succeeded or works, for example the connection.
    Well,
    /// Something is pending or needs attention.
    Waiting,
    /// Something new: the "new" line, badges.
    Fresh,
    /// Code in a message.
    Code,
    /// A link in a message.
    Link,
    /// A search match.
    Found,
    /// The user's name in a message.
    Named,
    /// The chosen row of a list.
    Chosen,
    /// The user's name as the sender of a message.
    Me,
    /// The name of another sender; users are assigned to these in rotation.
    Sender(u8),
}

/// The roles except senders, with their names in the config file.
pub const ROLES: [(&str, Role); 13] = [
    ("text", Role::Text),
    ("faint", Role::Faint),
    ("accent", Role::Accent),
    ("wrong", Role::Wrong),
    ("well", Role::Well),
    ("waiting", Role::Waiting),
    ("fresh", Role::Fresh),
    ("code", Role::Code),
    ("link", Role::Link),
    ("found", Role::Found),
    ("named", Role::Named),
    ("chosen", Role::Chosen),
    ("me", Role::Me),
];

/// How many senders have distinct marks; a theme may have fewer styles for them, never more.
pub const SENDERS: u8 = 12;

impl Role {
    /// The role as a style: a mark in place of a colour, which [`Theme::dress`] replaces.
    #[must_use]
    pub(crate) const fn style(self) -> Style {
        match self {
            Self::Text => Style::new(),
            role => Style::new().fg(Color::Indexed(role.mark())),
        }
    }

    const fn mark(self) -> u8 {
        match self {
            Self::Text => 0,
            Self::Faint => 1,
            Self::Accent => 2,
            Self::Wrong => 3,
            Self::Well => 4,
            Self::Waiting => 5,
            Self::Fresh => 6,
            Self::Code => 7,
            Self::Link => 8,
            Self::Found => 9,
            Self::Named => 10,
            Self::Chosen => 11,
            Self::Me => 12,
            Self::Sender(turn) => ROLES.len() as u8 + turn % SENDERS,
        }
    }
}

/// The number of marks.
const MARKS: usize = ROLES.len() + SENDERS as usize;

/// A style for every role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theme {
    paints: [Paint; MARKS],
}

impl Theme {
    /// The same theme with this style for `role`.
    #[must_use]
    pub fn with(mut self, role: Role, paint: Paint) -> Self {
        self.paints[usize::from(role.mark())] = paint;
        self
    }

    /// The same theme with these styles for senders, used in rotation; an empty list changes nothing.
    #[must_use]
    pub fn with_senders(mut self, paints: &[Paint]) -> Self {
        for (place, paint) in self.paints[ROLES.len()..].iter_mut().zip(paints.iter().cycle()) {
            *place = *paint;
        }
        self
    }

    /// Gives every cell of a finished frame its colours.
    pub(crate) fn dress(&self, buffer: &mut Buffer) {
        let text = self.paints[0];
        for cell in &mut buffer.content {
            let mark = match cell.fg {
                Color::Reset => 0,
                Color::Indexed(mark) if usize::from(mark) < MARKS => usize::from(mark),
                _ => continue, // not a mark
            };
            let paint = self.paints[mark];
            cell.fg = paint.fg.or(text.fg).unwrap_or(Color::Reset);
            cell.bg = paint.bg.or(text.bg).unwrap_or(Color::Reset);
            cell.modifier |= paint.modifier;
        }
    }
}

/// The available themes, and whether to draw in ASCII.
#[derive(Debug, Clone)]
pub struct Themes {
    themes: Vec<(Arc<str>, Theme)>,
    ascii: bool,
}

impl Default for Themes {
    fn default() -> Self {
        Self::new([], false)
    }
}

impl Themes {
    /// The built-in themes and `own`; the later of two with one name wins. `ascii` draws frames and symbols in ASCII.
    #[must_use]
    pub fn new(own: impl IntoIterator<Item = (String, Theme)>, ascii: bool) -> Self {
        let mut themes: Vec<(Arc<str>, Theme)> =
            BUILT_IN.iter().map(|built_in| (built_in.name.into(), built_in.theme())).collect();
        for (name, theme) in own {
            themes.retain(|(other, _)| **other != *name);
            themes.push((name.into(), theme));
        }
        Self { themes, ascii }
    }

    /// The names, the built-in ones first.
    pub fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.themes.iter().map(|(name, _)| name)
    }

    /// Whether frames and symbols are drawn in ASCII.
    #[must_use]
    pub fn is_ascii(&self) -> bool {
        self.ascii
    }

    /// Colours a finished frame with the theme of this name, or with the first theme if the name is unknown.
    pub(crate) fn dress(&self, name: &str, buffer: &mut Buffer) {
        let named = self.themes.iter().find(|(other, _)| **other == *name).or(self.themes.first());
        if let Some((_, theme)) = named {
            theme.dress(buffer);
        }
        if self.ascii {
            ascii::spell(buffer);
        }
    }
}

#[cfg(test)]
mod tests;
