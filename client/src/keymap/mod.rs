//! Which key means what: one table that feeds dispatch, help, rebinding and tests.
//!
//! It knows Actions and where the focus is. What an Action does is the component's and `update`'s to know; no
//! component matches a key with a modifier by itself.

mod binding;
mod chord;
mod table;

use tuirealm::event::KeyEvent;

pub use self::{
    binding::{Binding, NONE, chord, name},
    chord::Chord,
    table::{Context, PLAIN, Row, command},
};
use crate::{model::Id, update::Action};

/// Which key means what.
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
    /// The table as delivered, with these bindings in it.
    #[must_use]
    pub fn bound(bindings: &[Binding]) -> Self {
        Self { rows: binding::bound(bindings) }
    }

    /// What one must be able to ask for and has no key left.
    #[must_use]
    pub fn unreachable(&self) -> Option<Action> {
        binding::unreachable(&self.rows)
    }

    /// What `key` asks for while `focus` has the keys; `None` for a plain key, which goes to the component as it is.
    #[must_use]
    pub fn action(&self, focus: Id, key: KeyEvent) -> Option<Action> {
        let chord = Chord::from(key);
        Context::of(focus).iter().find_map(|&context| {
            self.rows.iter().find(|row| row.context == context && row.chord == chord).map(|row| row.action)
        })
    }

    /// The first key that asks for `action`, as people write it.
    #[must_use]
    pub fn chord(&self, action: Action) -> Option<Chord> {
        self.rows.iter().find(|row| row.action == action).map(|row| row.chord)
    }

    /// The first key that asks for `action`, in words; none are left where nothing is bound to it.
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
