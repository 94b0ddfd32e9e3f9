//! What each role on the screen looks like: the terminal's own colours, a dark, a light, or a user's theme.
//!
//! Components paint in roles and modifiers; a theme dresses the finished frame. So no component knows a colour, and
//! nothing that is kept between frames depends on the theme.

mod ascii;
mod built_in;
mod paint;

use std::sync::Arc;

use tuirealm::ratatui::{
    buffer::Buffer,
    style::{Color, Style},
};

pub use self::{built_in::BUILT_IN, paint::Paint};

/// What a cell is about. Its look is the theme's, its weight beyond that the component's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Ordinary text, and the background of everything.
    Text,
    /// What is there when one looks for it.
    Faint,
    /// What has the keys: its frame, its sign.
    Accent,
    /// Something is wrong; always with a word or a glyph.
    Wrong,
    /// Something is well.
    Well,
    /// Something takes its time, or wants a look.
    Waiting,
    /// Something new: the "new" line, badges.
    Fresh,
    /// Code in a message.
    Code,
    /// A link in a message.
    Link,
    /// What one searches for.
    Found,
    /// Oneself being named.
    Named,
    /// The chosen row of a list.
    Chosen,
    /// One's own name before one's messages.
    Me,
    /// The name of another sender; they take turns.
    Sender(u8),
}

/// The roles but for the senders, with their names in the config file.
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

/// Senders that can be told apart by their mark; a theme may have fewer looks for them, never more.
pub const SENDERS: u8 = 12;

impl Role {
    /// The role as a style: a mark in place of a colour, which [`Theme::dress`] takes away.
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

/// How many marks there are.
const MARKS: usize = ROLES.len() + SENDERS as usize;

/// A look for every role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theme {
    paints: [Paint; MARKS],
}

impl Theme {
    /// The same, but for this role.
    #[must_use]
    pub fn with(mut self, role: Role, paint: Paint) -> Self {
        self.paints[usize::from(role.mark())] = paint;
        self
    }

    /// The same, but for the senders, who take these in turn; none changes nothing.
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
                _ => continue, // not ours
            };
            let paint = self.paints[mark];
            cell.fg = paint.fg.or(text.fg).unwrap_or(Color::Reset);
            cell.bg = paint.bg.or(text.bg).unwrap_or(Color::Reset);
            cell.modifier |= paint.modifier;
        }
    }
}

/// The themes one can choose from, and whether the terminal has no characters for boxes.
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
    /// The delivered ones and these; of two with one name the later one counts. `ascii` draws frames and signs with
    /// ASCII alone.
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

    /// Their names, the delivered ones first.
    pub fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.themes.iter().map(|(name, _)| name)
    }

    /// Frames and signs are drawn in ASCII.
    #[must_use]
    pub fn is_ascii(&self) -> bool {
        self.ascii
    }

    /// Dresses a finished frame in the theme of this name; one that is not there leaves it to the first.
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
