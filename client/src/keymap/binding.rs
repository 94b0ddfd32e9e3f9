//! Custom key bindings in words: `[keys.composer]`, `"Alt+Enter" = "send"`.
//!
//! Owns the spelling of chords, Actions and contexts, and which Actions must keep a key. It must not know where the
//! words come from.

use tuirealm::event::{Key, KeyEvent, KeyModifiers};

use super::{Chord, Context, Row, table};
use crate::{text::near::hint, update::Action};

/// A custom key binding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    pub context: Context,
    pub chord: Chord,
    /// `None` removes the binding.
    pub action: Option<Action>,
}

/// Actions that must keep a key; without them the user would be stuck.
const NEEDED: [Action; 3] = [Action::Send, Action::Cancel, Action::Quit];

/// The word that removes a binding.
pub const NONE: &str = "none";

impl Context {
    /// The context's name in the config file.
    #[must_use]
    pub fn name(self) -> String {
        kebab(&format!("{self:?}"))
    }

    /// Every Action of this context, with its name in the config file.
    #[must_use]
    pub fn actions(self) -> Vec<(String, Action)> {
        let rows = table::rows().into_iter().filter(|row| row.context == self);
        let mut actions: Vec<_> = rows.map(|row| (name(row.action), row.action)).collect();
        actions.dedup();
        actions
    }
}

/// The Action's name in the config file.
#[must_use]
pub fn name(action: Action) -> String {
    match action {
        Action::RoomNumber(number) => format!("room-{number}"),
        Action::ToggleReaction(number) => format!("reaction-{number}"),
        action => kebab(&format!("{action:?}")),
    }
}

/// Writes `NextUnread` as `next-unread`.
fn kebab(name: &str) -> String {
    let mut words = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !words.is_empty() {
            words.push('-');
        }
        words.extend(c.to_lowercase());
    }
    words
}

/// Parses a chord as the help writes it: `Ctrl+K`, `Alt+Down`, `F5`. Where no text is typed, a plain letter is valid,
/// too.
///
/// # Errors
/// One sentence that says what to change.
pub fn chord(typed: &str, context: Context) -> Result<Chord, String> {
    let mut modifiers = KeyModifiers::NONE;
    let mut rest = typed;
    while let Some((first, after)) =
        rest.split_once('+').filter(|(first, after)| !first.is_empty() && !after.is_empty())
    {
        modifiers |= match first.to_ascii_lowercase().as_str() {
            "ctrl" => KeyModifiers::CONTROL,
            "alt" => KeyModifiers::ALT,
            "shift" => KeyModifiers::SHIFT,
            _ => return Err(format!("{first:?} is not Ctrl, Alt or Shift")),
        };
        rest = after;
    }
    let code = code(rest)?;
    let commands = KeyModifiers::CONTROL | KeyModifiers::ALT;
    let code = match code {
        Key::Char(c) if modifiers.intersects(commands) => Key::Char(c.to_lowercase().next().unwrap_or(c)),
        code => code,
    };
    match code {
        Key::Char(_) if modifiers.is_empty() && context == Context::Selection => Ok(Chord::plain(code)),
        Key::Char(_) if !modifiers.intersects(commands) => Err("letters type text; add Ctrl or Alt".to_owned()),
        Key::Char(_) if modifiers.contains(KeyModifiers::SHIFT) => {
            Err("not every terminal reports Shift with a letter; leave it out".to_owned())
        }
        Key::Char('i' | 'm' | '[') if modifiers == KeyModifiers::CONTROL => {
            Err("most terminals send Tab, Enter or Esc for it".to_owned())
        }
        Key::Tab if modifiers == KeyModifiers::SHIFT => Ok(Chord::plain(Key::BackTab)),
        code => Ok(Chord::from(KeyEvent::new(code, modifiers))),
    }
}

/// The keys that have a name, spelled as in the help.
const NAMED: [(&str, Key); 15] = [
    ("Enter", Key::Enter),
    ("Esc", Key::Esc),
    ("Tab", Key::Tab),
    ("Space", Key::Char(' ')),
    ("Backspace", Key::Backspace),
    ("Delete", Key::Delete),
    ("Insert", Key::Insert),
    ("Left", Key::Left),
    ("Right", Key::Right),
    ("Up", Key::Up),
    ("Down", Key::Down),
    ("Home", Key::Home),
    ("End", Key::End),
    ("PgUp", Key::PageUp),
    ("PgDn", Key::PageDown),
];

fn code(name: &str) -> Result<Key, String> {
    let mut letters = name.chars();
    if let (Some(letter), None) = (letters.next(), letters.next())
        && !letter.is_control()
        && letter != ' '
    {
        return Ok(Key::Char(letter));
    }
    let named = NAMED.iter().find(|(word, _)| word.eq_ignore_ascii_case(name)).map(|(_, key)| *key);
    let function = || {
        let number = name.strip_prefix(['f', 'F'])?.parse().ok().filter(|n| (1..=12).contains(n))?;
        Some(Key::Function(number))
    };
    let words = NAMED.iter().map(|(word, _)| *word);
    named.or_else(function).ok_or_else(|| format!("unknown key {name:?}{}", hint(name, words)))
}

/// The table with these bindings applied. Custom bindings come before built-in ones.
pub(super) fn bound(bindings: &[Binding]) -> Vec<Row> {
    let delivered = table::rows();
    let mut rows = Vec::new();
    for (at, row) in delivered.iter().enumerate() {
        let same = |other: &Row| (other.context, other.action) == (row.context, row.action);
        if !delivered[..at].iter().any(same) {
            let of_action =
                bindings.iter().filter(|bound| (bound.context, bound.action) == (row.context, Some(row.action)));
            rows.extend(of_action.map(|bound| Row { chord: bound.chord, ..*row }));
        }
        if !bindings.iter().any(|bound| (bound.context, bound.chord) == (row.context, row.chord)) {
            rows.push(*row);
        }
    }
    rows
}

/// The first needed Action for which these rows have no key.
pub(super) fn unreachable(rows: &[Row]) -> Option<Action> {
    NEEDED.into_iter().find(|&needed| !rows.iter().any(|row| row.action == needed))
}
