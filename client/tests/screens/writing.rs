//! The composer: the model holds what is typed.

use insta::assert_snapshot;
use proptest::prelude::*;
use quchat_client::update::{Action, Msg};
use quchat_shared::RoomId;
use tuirealm::event::{Key, KeyModifiers as Mod};

use crate::stage::{Stage, talk};

fn stage() -> Stage {
    Stage::in_general(80, 24, talk())
}

#[test]
fn several_lines() {
    let mut stage = stage();
    stage.type_text("first line");
    stage.press(Key::Enter, Mod::ALT);
    stage.type_text("second line, which is long enough to be wrapped at the edge of the frame");
    stage.ctrl('j');
    stage.type_text("👨‍👩‍👧‍👦 third");
    assert_snapshot!(stage.screen());
}

#[test]
fn the_composer_stops_growing_at_a_third_and_scrolls() {
    let mut stage = stage();
    for n in 0..30 {
        stage.type_text(&format!("line {n}"));
        stage.ctrl('j');
    }
    let screen = stage.screen();
    assert!(!screen.contains("line 3\n") && screen.contains("line 29"), "{screen}");
    assert!(screen.contains("on it"), "the history is still there: {screen}");
}

#[test]
fn several_lines_on_a_small_screen_have_no_frame() {
    let mut stage = Stage::in_general(40, 12, talk());
    stage.paste("one\ntwo\nthree\nfour");
    assert_snapshot!(stage.screen());
}

#[test]
fn the_cursor_is_after_the_typed_text() {
    let mut stage = stage();
    stage.type_text("日本👩🏽‍🚀");
    stage.draw();
    let empty = 20 + 1 + 1 + 1 + 1; // side bar, divider, margin, frame, padding
    assert_eq!(stage.cursor().x, empty + 6);
    stage.key(Key::Left);
    stage.draw();
    assert_eq!(stage.cursor().x, empty + 4);
}

#[test]
fn one_backspace_deletes_a_family_emoji() {
    let mut stage = stage();
    stage.type_text("a👨‍👩‍👧‍👦");
    stage.key(Key::Backspace);
    assert_eq!(stage.draft(), "a");
}

#[test]
fn a_paste_is_one_text_and_a_slash_in_it_is_text() {
    let mut stage = stage();
    stage.paste("/etc/hosts\r\nand\rmore\u{1b}[31m\ttab");
    assert_eq!(stage.draft(), "//etc/hosts\nand\nmore[31m\ttab");
    stage.ctrl('_');
    assert_eq!(stage.draft(), "");
}

#[test]
fn a_paste_that_does_not_fit_is_refused_with_a_remark() {
    let mut stage = stage();
    stage.type_text("kept");
    stage.paste(&"x".repeat(70_000));
    assert_eq!(stage.draft(), "kept");
    assert!(stage.screen().contains("✗ too long"));
}

#[test]
fn a_paste_that_is_too_large_is_refused_and_the_limit_is_named() {
    let mut stage = stage();
    stage.type_text("kept");
    stage.paste(&"a line of a log\n".repeat(40_000));
    assert_eq!((&*stage.draft(), stage.model.dialogs.len()), ("kept", 0));
    assert!(stage.screen().contains("✗ too large: a paste has at most 512 KiB"), "{}", stage.screen());
    stage.paste(&"\r\n".repeat(512 * 1024)); // as much as the input thread keeps
    assert_eq!((&*stage.draft(), stage.model.dialogs.len()), ("kept", 0), "it may have been cut");
    stage.type_text("!");
    assert!(!stage.screen().contains("512 KiB"));
    stage.paste(&"x".repeat(70_000));
    assert!(!stage.screen().contains("512 KiB"));
}

#[test]
fn a_paste_of_more_than_twenty_lines_asks_first() {
    let mut stage = stage();
    stage.paste(&"a line of a log\r".repeat(20));
    assert_eq!(stage.draft(), "a line of a log\n".repeat(20), "twenty are taken at once");
    stage.ctrl('_');
    stage.paste(&format!("/var/log\n{}", "a line of a log\n".repeat(20)));
    assert_eq!(stage.draft(), "");
    assert_snapshot!(stage.screen());
    stage.key(Key::Enter);
    assert_eq!(stage.draft(), format!("//var/log\n{}", "a line of a log\n".repeat(20)));
}

#[test]
fn too_many_characters_are_counted() {
    let mut stage = stage();
    stage.paste(&"x".repeat(4_012));
    let screen = stage.screen();
    assert!(screen.contains(" −12 "), "{screen}");
}

#[test]
fn each_room_keeps_its_draft_its_cursor_and_its_undo() {
    let mut stage = stage();
    stage.type_text("for general");
    stage.key(Key::Home);
    stage.press(Key::Down, Mod::ALT);
    assert_eq!(stage.model.open, Some(RoomId(2)));
    stage.type_text("for ops");
    stage.press(Key::Up, Mod::ALT);
    stage.type_text("> ");
    assert_eq!(stage.draft(), "> for general");
    stage.ctrl('_');
    stage.ctrl('_');
    stage.ctrl('_');
    assert_eq!(stage.draft(), "");
    assert_eq!(&*stage.model.rooms[&RoomId(2)].draft.text, "for ops");
}

#[test]
fn keys_typed_right_after_a_switch_go_to_the_new_room() {
    let mut stage = stage();
    stage.press(Key::Down, Mod::ALT);
    stage.type_text("x"); // no frame in between
    assert_eq!(&*stage.model.rooms[&RoomId(2)].draft.text, "x");
    assert_eq!(&*stage.model.rooms[&RoomId(1)].draft.text, "");
}

#[test]
fn ctrl_k_deletes_to_the_end_of_the_line_and_then_opens_the_switcher() {
    let mut stage = stage();
    stage.type_text("one");
    stage.ctrl('j');
    stage.type_text("two");
    stage.key(Key::Up);
    stage.key(Key::Home);
    stage.ctrl('k');
    assert_eq!(stage.draft(), "\ntwo");
    stage.ctrl('k');
    assert_eq!(stage.draft(), "two");
    stage.key(Key::End);
    assert_eq!(stage.ctrl('k'), Some(Msg::Act(Action::KillOrSwitch)));
    assert!(stage.screen().contains("go to a room"));
}

#[test]
fn ctrl_d_deletes_or_asks_to_quit() {
    let mut stage = stage();
    stage.type_text("ab");
    stage.key(Key::Home);
    stage.ctrl('d');
    assert_eq!(stage.draft(), "b");
    stage.ctrl('d');
    assert_eq!(stage.ctrl('d'), Some(Msg::Act(Action::EndOfInput)));
}

#[test]
fn tab_goes_to_the_side_bar_only_from_an_empty_input() {
    let mut stage = stage();
    stage.type_text("x");
    stage.key(Key::Tab);
    assert!(!stage.model.in_side_bar && stage.draft() == "x");
    stage.key(Key::Backspace);
    stage.key(Key::Tab);
    assert!(stage.model.in_side_bar);
}

#[test]
fn up_on_the_first_row_recalls_earlier_inputs_and_down_restores_the_draft() {
    let mut stage = stage();
    stage.type_text("said before");
    stage.ctrl('c');
    stage.type_text("unsent");
    stage.key(Key::Up);
    assert_eq!(stage.draft(), "said before");
    stage.key(Key::Down);
    assert_eq!(stage.draft(), "unsent");
}

fn keys() -> impl Strategy<Value = Vec<(Key, Mod)>> {
    let text = prop::sample::select("abc ñ日👩🏽\u{200d}🚀\u{301}/@".chars().collect::<Vec<_>>());
    let edits = prop::sample::select(vec![
        (Key::Backspace, Mod::NONE),
        (Key::Delete, Mod::NONE),
        (Key::Left, Mod::NONE),
        (Key::Right, Mod::NONE),
        (Key::Home, Mod::NONE),
        (Key::Up, Mod::NONE),
        (Key::Down, Mod::NONE),
        (Key::Enter, Mod::ALT),
        (Key::Char('w'), Mod::CONTROL),
        (Key::Char('u'), Mod::CONTROL),
        (Key::Char('y'), Mod::CONTROL),
        (Key::Char('_'), Mod::CONTROL),
        (Key::Char('r'), Mod::ALT),
        (Key::Char('b'), Mod::ALT),
        (Key::Char('f'), Mod::ALT),
        (Key::Char('d'), Mod::ALT),
        (Key::Down, Mod::ALT),
        (Key::Up, Mod::ALT),
    ]);
    prop::collection::vec(prop_oneof![3 => text.prop_map(|c| (Key::Char(c), Mod::NONE)), 2 => edits], 0..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn the_screen_shows_the_text_that_the_model_holds(keys in keys()) {
        let mut stage = stage();
        for (code, modifiers) in keys {
            let open = stage.model.open;
            if let Some(Msg::Edited { room, text }) = stage.press(code, modifiers) {
                prop_assert_eq!(Some(room), open);
                prop_assert_eq!(stage.draft(), &*text);
            }
        }
        // the next key reports the whole buffer: it must be the draft and that key
        stage.ctrl('e');
        let before = stage.draft();
        let Some(Msg::Edited { text, .. }) = stage.key(Key::Char('!')) else { panic!("a letter is typed") };
        prop_assert_eq!(text.replace('!', ""), before.replace('!', ""));
    }
}

#[test]
fn without_a_frame_a_remark_hides_no_text() {
    let mut stage = Stage::in_general(40, 12, talk());
    stage.type_text("some words that take two rows");
    stage.paste(&"x".repeat(70_000));
    let screen = stage.screen();
    for shown in ["✗ too long", "some words that take two", "rows"] {
        assert!(screen.contains(shown), "{shown}:\n{screen}");
    }
}

#[test]
fn a_letter_that_does_not_fit_is_refused_with_a_remark() {
    let mut stage = stage();
    stage.paste(&"x".repeat(64 * 1024));
    stage.type_text("y");
    assert!(stage.screen().contains("✗ too long"), "{}", stage.screen());
    stage.key(Key::Backspace);
    stage.type_text("y");
    assert!(!stage.screen().contains("✗ too long"));
}
