//! Finding text in a room: matches stand out by more than colour, and Esc restores the view.

use insta::assert_snapshot;
use quchat_client::model::{Anchor, Key as Place};
use quchat_shared::Seq;
use tuirealm::{event::Key, ratatui::style::Modifier};

use crate::stage::{Stage, long_talk, message, talk};

fn finding(mut stage: Stage, typed: &str) -> Stage {
    stage.draw();
    stage.ctrl('f');
    stage.type_text(typed);
    stage.draw();
    stage
}

/// The text on the screen with this weight.
fn weighted(stage: &Stage, weight: Modifier) -> Vec<String> {
    let cells = stage.buffer().content();
    let runs = cells.chunk_by(|cell, next| cell.modifier.contains(weight) == next.modifier.contains(weight));
    let weighted = runs.filter(|run| run[0].modifier.contains(weight));
    weighted.map(|run| run.iter().map(|cell| cell.symbol()).collect()).collect()
}

#[test]
fn the_bar_replaces_the_composer_and_the_match_is_marked() {
    let mut stage = finding(Stage::in_general(80, 24, talk()), "the");
    assert_snapshot!(stage.screen());
}

#[test]
fn on_a_small_screen_the_bar_has_one_row() {
    let mut stage = Stage::in_general(40, 12, talk());
    stage.room().timeline.has_older = true;
    stage = finding(stage, "is");
    assert_snapshot!(stage.screen());
}

#[test]
fn matches_differ_by_weight_and_so_does_the_current_one() {
    let mut stage = finding(Stage::in_general(80, 24, talk()), "deploy");
    assert_eq!(weighted(&stage, Modifier::BOLD.union(Modifier::REVERSED)), ["deploy", "@alice"]);
    stage = finding(
        Stage::in_general(80, 24, vec![message(1, 0, "bob", "one Café"), message(2, 1, "bob", "two CAFE\u{301}")]),
        "café",
    );
    assert_eq!(weighted(&stage, Modifier::UNDERLINED), ["Café", "CAFE\u{301}"]);
    assert_eq!(weighted(&stage, Modifier::REVERSED), ["CAFE\u{301}"]);
    stage.key(Key::Up);
    stage.draw();
    assert_eq!(weighted(&stage, Modifier::REVERSED), ["Café"]);
}

#[test]
fn missing_matches_and_unloaded_parts_are_reported() {
    let mut stage = Stage::in_general(80, 24, talk());
    stage.room().timeline.has_older = true;
    let screen = finding(stage, "zebra").screen();
    assert!(screen.contains("✗ not found") && screen.contains("Up: further back"), "{screen}");
}

#[test]
fn each_match_is_scrolled_into_view_and_esc_returns_to_the_same_rows() {
    let mut stage = Stage::in_general(80, 24, long_talk(400));
    for _ in 0..5 {
        stage.draw();
        stage.key(Key::PageUp);
    }
    stage.type_text("half a thought");
    let before = stage.screen();
    stage = finding(stage, "message 2");
    for _ in 0..40 {
        stage.key(Key::Up);
        let at = stage.model.find.as_ref().unwrap().at.unwrap();
        let screen = stage.screen();
        assert!(screen.contains(&format!("message {at}")), "{at}: {screen}");
        assert!(screen.lines().any(|row| row.contains('▌') && row.contains(&format!("message {at}"))));
    }
    stage.key(Key::Esc);
    assert_eq!(stage.screen(), before);
}

#[test]
fn a_match_deep_in_a_long_message_is_in_view() {
    let text = format!("{}needle\n{}", "line\n".repeat(60), "line\n".repeat(60));
    let mut messages = long_talk(40);
    messages.push(message(41, 200, "bob", &text));
    let screen = finding(Stage::in_general(80, 24, messages), "needle").screen();
    assert!(screen.lines().any(|row| row.contains('▌') && row.contains("needle")), "{screen}");
}

#[test]
fn the_command_opens_the_bar_with_its_text_and_typing_continues_there() {
    let mut stage = Stage::in_general(80, 24, long_talk(90));
    stage.draw();
    stage.type_text("/find message 4");
    stage.key(Key::Enter);
    stage.draw();
    stage.type_text("2");
    stage.draw();
    assert_eq!(stage.model.find.as_ref().unwrap().at, Some(Seq(42)));
    assert!(matches!(&stage.room().anchor, Anchor::At { top: Place::Seq(seq), .. } if *seq < Seq(42)));
}
