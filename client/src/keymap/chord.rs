//! A key with its modifiers, in canonical form.

use std::fmt;

use tuirealm::event::{Key, KeyEvent, KeyModifiers};

/// A key with its modifiers. Different terminal reports of the same keys give the same chord: letters are lower case
/// and without Shift, since only some terminals report Shift with capitals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Chord {
    code: Key,
    modifiers: KeyModifiers,
}

impl Chord {
    /// A key without modifiers.
    #[must_use]
    pub fn plain(code: Key) -> Self {
        Self { code, modifiers: KeyModifiers::NONE }
    }

    #[must_use]
    pub fn ctrl(code: Key) -> Self {
        Self { code, modifiers: KeyModifiers::CONTROL }
    }

    #[must_use]
    pub fn alt(code: Key) -> Self {
        Self { code, modifiers: KeyModifiers::ALT }
    }

    /// Shift and a key that is not a character.
    #[must_use]
    pub fn shift(code: Key) -> Self {
        Self { code, modifiers: KeyModifiers::SHIFT }
    }

    /// Whether some terminals keep this chord for themselves: Alt with any key, and the function keys.
    #[must_use]
    pub fn may_be_taken(self) -> bool {
        self.modifiers.contains(KeyModifiers::ALT) || matches!(self.code, Key::Function(_))
    }
}

impl From<KeyEvent> for Chord {
    fn from(key: KeyEvent) -> Self {
        let commands = KeyModifiers::CONTROL | KeyModifiers::ALT;
        match key.code {
            Key::Char(c) if key.modifiers.intersects(commands) => Self {
                code: Key::Char(c.to_lowercase().next().unwrap_or(c)),
                modifiers: key.modifiers - KeyModifiers::SHIFT,
            },
            Key::Char(_) | Key::BackTab => Self { code: key.code, modifiers: key.modifiers - KeyModifiers::SHIFT },
            _ => Self { code: key.code, modifiers: key.modifiers },
        }
    }
}

/// The key event as a terminal reports it.
impl From<Chord> for KeyEvent {
    fn from(chord: Chord) -> Self {
        Self::new(chord.code, chord.modifiers)
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (modifier, name) in
            [(KeyModifiers::CONTROL, "Ctrl+"), (KeyModifiers::ALT, "Alt+"), (KeyModifiers::SHIFT, "Shift+")]
        {
            if self.modifiers.contains(modifier) {
                f.write_str(name)?;
            }
        }
        match self.code {
            Key::Char(' ') => f.write_str("Space"),
            Key::Char(c) if self.modifiers.is_empty() => write!(f, "{c}"), // here j and J are different keys
            Key::Char(c) => write!(f, "{}", c.to_uppercase()),
            Key::Function(n) => write!(f, "F{n}"),
            Key::PageUp => f.write_str("PgUp"),
            Key::PageDown => f.write_str("PgDn"),
            Key::BackTab => f.write_str("Shift+Tab"),
            other => write!(f, "{other:?}"),
        }
    }
}
