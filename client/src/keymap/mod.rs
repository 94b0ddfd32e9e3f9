//! The keymap: one table that drives dispatch, help, rebinding and tests.
//!
//! Knows Actions and the focus. Components and `update` decide what an Action does; no component matches a key with a
//! modifier itself.

mod binding;
mod chord;
mod table;

use tuirealm::event::KeyEvent;

pub use self::{
    binding::{Binding, NONE, chord, name},
    chord::Chord,
    table::{Context, PLAIN, Row, command},
};
use crate::{model::ComponentId, update::Action};

#[derive(Debug, Clone)]
pub struct Keymap {
    rows: Vec<Row>,
}

impl Default for Keymap {
    fn default() -> Self {
        Self { rows: table::rows() }
    }
}

impl Keymap {
    /// The built-in table with these bindings applied.
    #[must_use]
    pub fn bound(bindings: &[Binding]) -> Self {
        Self { rows: binding::bound(bindings) }
    }

    /// The first needed Action that has no key.
    #[must_use]
    pub fn unreachable(&self) -> Option<Action> {
        binding::unreachable(&self.rows)
    }

    /// The Action of `key` while `focus` has the keyboard; `None` for a plain key, which goes to the component
    /// unchanged.
    #[must_use]
    pub fn action(&self, focus: ComponentId, key: KeyEvent) -> Option<Action> {
        let chord = Chord::from(key);
        Context::of(focus).iter().find_map(|&context| {
            self.rows.iter().find(|row| row.context == context && row.chord == chord).map(|row| row.action)
        })
    }

    /// The first key bound to `action`, as the help shows it.
    #[must_use]
    pub fn chord(&self, action: Action) -> Option<Chord> {
        self.rows.iter().find(|row| row.action == action).map(|row| row.chord)
    }

    /// The key for `action` while `focus` has the keyboard: of the innermost context that binds one.
    #[must_use]
    pub fn chord_at(&self, focus: ComponentId, action: Action) -> Option<Chord> {
        let bound = |context| self.rows.iter().find(|row| row.context == context && row.action == action);
        Context::of(focus).iter().find_map(|&context| bound(context)).map(|row| row.chord)
    }

    /// The first key bound to `action`, in words. If no key is bound, the text says so.
    #[must_use]
    pub fn named(&self, action: Action) -> String {
        self.chord(action).map_or_else(String::new, |chord| chord.to_string())
    }

    /// The table, in the order of the help.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }
}

#[cfg(test)]
mod tests;
