//! Converts the terminal's events to those of the loop.
//!
//! Keys with a modifier that the loop's events cannot express are dropped. Without the modifier they would mean
//! something else, and Cmd+Enter would send.

use crossterm::event::{Event as Reported, KeyModifiers};
use tuirealm::event::Event;

use crate::update::Action;

/// The converted event; `None` for a key that would lose a modifier.
pub(super) fn reported(event: Reported) -> Option<Event<Action>> {
    let nameless = KeyModifiers::SUPER | KeyModifiers::HYPER | KeyModifiers::META;
    match event {
        Reported::Key(key) if key.modifiers.intersects(nameless) => None,
        event => Some(Event::from(event)),
    }
}

#[cfg(test)]
mod tests {
    use crossterm::event::{KeyCode, KeyEvent};
    use tuirealm::event::{Key, KeyEvent as Typed, KeyModifiers as Mod};

    use super::*;

    fn key(code: KeyCode, modifiers: KeyModifiers) -> Option<Event<Action>> {
        reported(Reported::Key(KeyEvent::new(code, modifiers)))
    }

    #[test]
    fn a_key_with_an_unknown_modifier_is_not_the_key_without_it() {
        for modifier in [KeyModifiers::SUPER, KeyModifiers::HYPER, KeyModifiers::META] {
            assert_eq!(key(KeyCode::Enter, modifier), None);
            assert_eq!(key(KeyCode::Char('c'), modifier | KeyModifiers::SHIFT), None);
        }
        let sent = Event::Keyboard(Typed::new(Key::Enter, Mod::NONE));
        assert_eq!(key(KeyCode::Enter, KeyModifiers::NONE), Some(sent));
        assert_eq!(reported(Reported::Paste("x".into())), Some(Event::Paste("x".into())));
    }
}
