//! What the terminal reports, as far as it means something here.
//!
//! Keys with a modifier that the loop's events have no name for are left out: without it they would mean another
//! thing, and Cmd+Enter would send.

use crossterm::event::{Event as Reported, KeyModifiers};
use tuirealm::event::Event;

use crate::update::Action;

/// The event; `None` for a key that cannot be told from one without its modifier.
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
