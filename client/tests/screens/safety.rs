//! Text from others reaches the terminal only as text.

use proptest::prelude::*;
use quchat_client::model::{Dialog, Question, SendState};
use quchat_shared::{RoomId, limits::is_bidi_control};

use crate::stage::{Stage, message, visible};

/// Checks that every symbol of the buffer is safe and as wide as its cells, and that link addresses are safe.
fn assert_safe(stage: &Stage) {
    for cell in stage.buffer().content() {
        let (symbol, text) = (cell.symbol(), visible(cell.symbol()));
        assert!(!text.chars().any(|c| c.is_control() || is_bidi_control(c)), "{symbol:?}");
        if symbol == text {
            assert!(symbol.chars().count() <= 12, "{symbol:?}");
        } else {
            let (open, _) = symbol[1..].split_once("\x1b\\").unwrap_or_default();
            assert!(!open.is_empty() && open.bytes().all(|byte| byte.is_ascii_graphic()), "{symbol:?}");
        }
    }
}

#[test]
fn escapes_bells_and_overrides_are_shown_and_have_no_effect() {
    let evil = "a\u{1b}[2J\u{1b}]0;owned\u{7}b\u{9b}31mc\u{202e}gpj.exe\u{2066}\u{8}\u{7f}\0d";
    let mut stage = Stage::in_general(80, 24, vec![message(1, 0, evil, evil)]);
    stage.room().info.name = evil.to_owned();
    stage.room().info.topic = evil.to_owned();
    let screen = stage.screen();
    assert!(screen.contains("a␛[2J␛]0;owned␇b\u{FFFD}31mcgpj.exe␈␡␀d"), "{screen}");
    assert_safe(&stage);
}

#[test]
fn a_room_with_a_malicious_name_is_shown_safely_in_every_dialog() {
    let mut stage = Stage::in_general(80, 24, Vec::new());
    stage.room().info.name = "a\u{202e}b\u{1b}[2J".to_owned();
    stage.pend("p-1", "text", SendState::Refused("a\u{202e}b".into()));
    let dialogs = [
        Dialog::Review { room: RoomId(1), txn: "p-1".into() },
        Dialog::Ask(Question::Leave { room: RoomId(1) }),
        Dialog::Ask(Question::Quit { unsent: 1 }),
        Dialog::Switcher,
    ];
    for dialog in dialogs {
        stage.model.dialogs = vec![dialog];
        stage.follow();
        stage.screen();
        assert_safe(&stage);
    }
}

#[test]
fn a_flood_of_combining_marks_stays_in_its_cell() {
    let mut stage = Stage::in_general(
        80,
        24,
        vec![message(1, 0, "bob", &"z\u{300}".repeat(3).replace('z', &format!("z{}", "\u{301}".repeat(1_000))))],
    );
    stage.screen();
    assert_safe(&stage);
}

#[test]
fn a_link_contains_no_escape_from_its_text() {
    let evil = "https://a.b/\u{1b}]8;;https://evil\u{1b}\\ http://a.b/\u{9c}\u{7}x http://日本/\u{202e}x";
    let mut stage = Stage::in_general(80, 24, vec![message(1, 0, "bob", evil)]);
    let screen = stage.screen();
    assert!(screen.contains("https://a.b/␛]8;;"), "{screen}");
    assert_safe(&stage);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_text_anywhere_leaves_the_frame_intact(text in any::<String>(), name in "\\PC{0,40}", width in 40u16..120, height in 12u16..40) {
        let mut stage = Stage::in_general(width, height, vec![message(1, 0, &name, &text), message(2, 1, "carol", "below")]);
        stage.room().info.name = text.clone();
        stage.room().info.topic = name;
        stage.paste(&text);
        stage.draw();
        assert_safe(&stage);
    }
}
