//! Checks rules that every row of the table must satisfy.

use tuirealm::event::{Key, KeyModifiers as Mod};

use super::*;
use crate::model::DialogId;

fn action(focus: ComponentId, code: Key, modifiers: Mod) -> Option<Action> {
    Keymap::default().action(focus, KeyEvent::new(code, modifiers))
}

#[test]
fn no_context_has_two_actions_on_one_chord() {
    let keymap = Keymap::default();
    for (at, row) in keymap.rows().iter().enumerate() {
        let twin =
            keymap.rows()[at + 1..].iter().find(|other| other.context == row.context && other.chord == row.chord);
        assert_eq!(twin, None, "{} in {:?}", row.chord, row.context);
    }
}

#[test]
fn every_key_that_a_terminal_may_keep_has_an_alternative() {
    let keymap = Keymap::default();
    for row in keymap.rows().iter().filter(|row| row.chord.may_be_taken()) {
        let other_key = keymap.rows().iter().any(|other| other.action == row.action && !other.chord.may_be_taken());
        // the form has a button for one, and the other is optional
        let button = matches!(row.action, Action::Register | Action::ShowPassword);
        assert!(other_key || button || command(row.action).is_some(), "{} has no twin", row.chord);
    }
}

#[test]
fn every_action_of_a_context_has_one_help_text() {
    let keymap = Keymap::default();
    for row in keymap.rows() {
        assert!(!row.help.is_empty());
        let same = keymap.rows().iter().filter(|other| other.context == row.context && other.action == row.action);
        assert!(same.into_iter().all(|other| other.help == row.help), "{:?}", row.action);
        assert!(Context::ALL.contains(&row.context));
    }
}

#[test]
fn the_inner_context_wins() {
    assert_eq!(action(ComponentId::Composer, Key::Char('k'), Mod::CONTROL), Some(Action::KillOrSwitch));
    assert_eq!(action(ComponentId::Rooms, Key::Char('k'), Mod::CONTROL), Some(Action::Switch));
    assert_eq!(action(ComponentId::Rooms, Key::Char('d'), Mod::CONTROL), Some(Action::EndOfInput));
    assert_eq!(action(ComponentId::Dialog(DialogId::Help), Key::PageUp, Mod::NONE), Some(Action::PageUp));
}

#[test]
fn letters_with_shift_stay_letters() {
    for modifiers in [Mod::NONE, Mod::SHIFT] {
        for letter in ['a', 'A', 'k', 'q', '1', '_'] {
            assert_eq!(action(ComponentId::Composer, Key::Char(letter), modifiers), None);
        }
    }
    assert_eq!(action(ComponentId::Composer, Key::Char('A'), Mod::ALT | Mod::SHIFT), Some(Action::NextUnread));
}

#[test]
fn undo_has_all_its_usual_chords() {
    for c in ['_', '7', '/', '-'] {
        assert_eq!(action(ComponentId::Composer, Key::Char(c), Mod::CONTROL), Some(Action::Undo));
        assert_eq!(action(ComponentId::Composer, Key::Char(c), Mod::CONTROL | Mod::SHIFT), Some(Action::Undo));
    }
}

#[test]
fn keys_in_a_dialog_do_not_reach_the_rooms_behind_it() {
    for id in [DialogId::Switcher, DialogId::CreateRoom, DialogId::Help, DialogId::Ask, DialogId::Review] {
        assert_eq!(action(ComponentId::Dialog(id), Key::Down, Mod::ALT), None);
        assert_eq!(action(ComponentId::Dialog(id), Key::Esc, Mod::NONE), Some(Action::Cancel));
    }
}
