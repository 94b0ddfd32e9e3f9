//! Selecting messages with the keyboard, and copying them.

use insta::assert_snapshot;
use proptest::prelude::*;
use quchat_client::{
    model::{Anchor, ComponentId, Key as Place},
    update::{Effect, focus},
};
use quchat_shared::{Seq, Timestamp};
use tuirealm::event::{Key, KeyModifiers as Mod};

use crate::stage::{Stage, long_talk, message, talk};

fn selecting(mut stage: Stage) -> Stage {
    stage.draw();
    stage.press(Key::Char('m'), Mod::ALT);
    stage.draw();
    stage
}

fn copied(stage: &mut Stage, letter: char) -> Option<String> {
    stage.effects.clear();
    stage.key(Key::Char(letter));
    stage.effects.iter().find_map(|effect| match effect {
        Effect::Copy(text) => Some(text.clone()),
        _ => None,
    })
}

/// The first row that is marked as selected, and the number of such rows.
fn marked(stage: &mut Stage) -> (String, usize) {
    let screen = stage.screen();
    let rows: Vec<_> = screen.lines().filter(|row| row.contains('▌')).collect();
    (rows.first().unwrap_or(&"").to_string(), rows.len())
}

#[test]
fn the_selected_message_is_marked_on_each_of_its_rows() {
    let mut stage = selecting(Stage::in_general(80, 24, talk()));
    stage.key(Key::Char('k'));
    assert_snapshot!(stage.screen());
}

#[test]
fn text_author_and_links_are_copied() {
    let mut stage = selecting(Stage::in_general(80, 24, talk()));
    assert_eq!(copied(&mut stage, 'y').unwrap(), "on it");
    assert_eq!(copied(&mut stage, 'Y').unwrap(), "2026-11-22 09:42:00 alice: on it");
    assert_eq!(copied(&mut stage, 'o'), None);
    stage.key(Key::Up);
    assert_eq!(copied(&mut stage, 'o').unwrap(), "https://ci.example.org/42");
    assert!(copied(&mut stage, 'y').unwrap().starts_with("@alice can you look at #42?\nthe log"));
}

#[test]
fn copied_text_can_be_pasted_anywhere() {
    let text = "a\u{1b}[2J\u{202e}b\tc\nd\r\u{7}\u{9b}";
    let mut stage = selecting(Stage::in_general(80, 24, vec![message(1, 0, "bob", text)]));
    assert_eq!(copied(&mut stage, 'y').unwrap(), "a[2Jb\tc\nd");
}

#[test]
fn a_deleted_message_has_nothing_to_copy_and_details_show_seconds() {
    let mut messages = talk();
    messages[5].edited_at = Some(Timestamp::from_millis(messages[5].sent_at.as_millis() + 61_000));
    let mut stage = selecting(Stage::in_general(120, 24, messages.clone()));
    stage.key(Key::Char('i'));
    assert!(stage.screen().contains("no. 6 · sent 2026-11-22 09:42:00 · edited 2026-11-22 09:43:01"));
    messages[5].deleted_at = messages[5].edited_at;
    let mut stage = selecting(Stage::in_general(80, 24, messages));
    assert_eq!(copied(&mut stage, 'y'), None);
    assert!(stage.screen().contains("nothing to copy"));
}

#[test]
fn letters_do_not_type_until_esc_and_the_draft_stays() {
    let mut stage = Stage::in_general(80, 24, talk());
    stage.type_text("half a thought");
    stage = selecting(stage);
    stage.type_text("jkzxq");
    stage.key(Key::Enter);
    assert_eq!((focus(&stage.model), stage.draft().as_str()), (ComponentId::History, "half a thought"));
    stage.key(Key::Esc);
    assert_eq!(focus(&stage.model), ComponentId::Composer);
    stage.type_text("!");
    assert_eq!(stage.draft(), "half a thought!");
}

#[test]
fn the_command_selects_and_an_empty_room_says_why_it_cannot() {
    let mut stage = Stage::in_general(80, 24, talk());
    stage.draw();
    stage.type_text("/select");
    stage.key(Key::Enter);
    assert_eq!(focus(&stage.model), ComponentId::History);
    let mut stage = selecting(Stage::in_general(80, 24, Vec::new()));
    assert_eq!(focus(&stage.model), ComponentId::Composer);
    assert!(stage.screen().contains("no message to select"));
}

#[test]
fn the_first_and_the_newest_are_one_key_away_and_esc_moves_nothing() {
    let mut stage = selecting(Stage::in_general(80, 24, long_talk(400)));
    stage.key(Key::Char('g'));
    assert!(marked(&mut stage).0.contains("message 1"), "{}", stage.screen());
    let place = stage.room().anchor.clone();
    assert_eq!(place, Anchor::At { top: Place::Seq(Seq(1)), byte: 0 });
    stage.key(Key::Esc);
    stage.draw();
    assert_eq!(stage.room().anchor, place);
    stage = selecting(stage);
    stage.key(Key::Char('G'));
    assert!(marked(&mut stage).0.contains("message 400"));
    assert_eq!(stage.room().anchor, Anchor::End);
}

#[test]
fn switching_rooms_ends_the_selection() {
    let mut stage = selecting(Stage::in_general(80, 24, talk()));
    stage.press(Key::Down, Mod::ALT);
    assert_eq!((focus(&stage.model), stage.model.selected), (ComponentId::Composer, None));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn the_selected_message_is_always_in_view(
        keys in prop::collection::vec((0_usize..8, any::<bool>()), 1..40), width in 40_u16..140, height in 12_u16..40,
    ) {
        let mut stage = selecting(Stage::in_general(width, height, long_talk(120)));
        let all = [
            Key::Char('j'), Key::Char('k'), Key::Char('g'), Key::Char('G'), Key::PageUp, Key::PageDown, Key::Up, Key::Down,
        ];
        for (at, drawn) in keys {
            stage.key(all[at]);
            if drawn {
                stage.draw();
            }
        }
        let seq = stage.model.selected.unwrap();
        let (row, count) = marked(&mut stage);
        prop_assert!(count > 0 && row.contains(&format!("message {seq}")), "{} in {}", seq, stage.screen());
        let again = (stage.screen(), stage.room().anchor.clone());
        prop_assert_eq!((stage.screen(), stage.room().anchor.clone()), again);
    }
}
