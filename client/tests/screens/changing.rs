//! Messages that change: editing, deleting and reacting, on screens of all sizes, in all themes and in ASCII.

use insta::assert_snapshot;
use quchat_client::{
    model::{Anchor, EditOf, SendState},
    theme::Themes,
    update::{Answer, Effect, Msg, Request, ServerEvent},
};
use quchat_shared::{
    Cursor, Message, RoomId, Seq, Timestamp, UserId, UserRef, event::MessageUpdated, message::Reaction,
};
use tuirealm::{
    event::{Key, KeyModifiers as Mod},
    ratatui::style::Color,
};

use crate::{
    stage::{Stage, long_talk, message, talk},
    styled::styled,
};

const SIZES: [(u16, u16); 3] = [(40, 12), (80, 24), (200, 50)];

fn reaction(emoji: &str, users: &[u64]) -> Reaction {
    let count = users.len() as u64;
    Reaction { emoji: emoji.to_owned(), count, users: users.iter().map(|&id| UserId(id)).collect() }
}

/// A conversation in which a bit of everything has changed.
pub(crate) fn changed() -> Vec<Message> {
    let mut messages = talk();
    let later = |message: &Message| Some(Timestamp::from_millis(message.sent_at.as_millis() + 60_000));
    messages[1].reactions = vec![reaction("👍", &[1, 2]), reaction("🎉", &[2])];
    messages[2].edited_at = later(&messages[2]);
    messages[3].deleted_at = later(&messages[3]);
    messages[3].deleted_by = Some(UserRef { id: UserId(3), name: "carol".to_owned() });
    messages[3].text.clear();
    messages[4].reply_to = Some(Seq(4));
    messages[4].reactions = ["👍", "👎", "🎉", "🦀", "👀", "🚀", "🔥", "💯", "😄", "🙏", "⭐"]
        .iter()
        .enumerate()
        .map(|(at, emoji)| reaction(emoji, if at % 3 == 0 { &[1, 3] } else { &[2] }))
        .collect();
    messages[4].reactions[0].count = 128;
    messages
}

fn at_each_size(state: &str, stage: impl Fn(u16, u16) -> Stage) {
    for (width, height) in SIZES {
        let mut stage = stage(width, height);
        stage.draw();
        stage.draw(); // the second frame is the stable one
        assert_snapshot!(format!("{state}_{width}x{height}"), styled(stage.buffer()));
    }
}

fn pend_edit(stage: &mut Stage, seq: u64, text: &str, state: SendState) {
    stage.pend(&format!("e-{seq}"), text, state);
    stage.room().outbox.back_mut().expect("it was just added").edit = Some(EditOf { seq: Seq(seq), rev: Some(1) });
}

fn updated(message: Message) -> Msg {
    let event = MessageUpdated { room_id: message.room_id, message }.into();
    Msg::Stream { stream: 7, events: vec![ServerEvent::Event(event, Cursor(String::new()))] }
}

#[test]
fn edited_deleted_and_reacted_to() {
    at_each_size("changed", |width, height| Stage::in_general(width, height, changed()));
}

#[test]
fn a_message_being_edited() {
    at_each_size("editing", |width, height| {
        let mut stage = Stage::in_general(width, height, changed());
        stage.type_text("a draft");
        stage.press(Key::Char('e'), Mod::ALT);
        stage.type_text(", give me a minute");
        stage
    });
}

#[test]
fn edits_that_wait_or_were_refused() {
    at_each_size("edits", |width, height| {
        let mut stage = Stage::in_general(width, height, talk());
        pend_edit(&mut stage, 6, "on it, give me a minute", SendState::InFlight(1));
        pend_edit(&mut stage, 4, "never seen", SendState::Refused("the message was edited elsewhere".into()));
        let at = stage.model.now.mono_ms + 4_000;
        pend_edit(&mut stage, 3, "morning! the deploy is green", SendState::RetryAt { at, asked: None });
        stage
    });
}

#[test]
fn a_refused_edit_is_reviewed() {
    let mut stage = Stage::in_general(80, 24, talk());
    pend_edit(&mut stage, 6, "on it, give me a minute", SendState::Refused("the message was edited elsewhere".into()));
    stage.draw();
    stage.press(Key::Char('v'), Mod::ALT);
    assert_snapshot!(stage.screen());
}

#[test]
fn the_question_before_deleting() {
    at_each_size("deleting", |width, height| {
        let mut stage = Stage::in_general(width, height, changed());
        stage.type_text("/delete");
        stage.key(Key::Enter);
        stage
    });
}

#[test]
fn enter_does_not_delete_and_y_does() {
    let mut stage = Stage::in_general(80, 24, changed());
    stage.type_text("/delete");
    stage.key(Key::Enter);
    stage.key(Key::Enter);
    assert_eq!(stage.model.dialogs.len(), 1, "a held Enter is no answer");
    stage.key(Key::Char('y'));
    let call = stage.effects.iter().find_map(|effect| match effect {
        Effect::Call { call, req: Request::DeleteMessage((RoomId(1), Seq(6))) } => Some(*call),
        _ => None,
    });
    stage.msg(Msg::Done { call: call.expect("it was asked for"), reply: Ok(Answer::NoContent(())) });
    assert!(stage.screen().contains("09:42 alice       message deleted"), "{}", stage.screen());
}

/// The picker over a message that has reactions already.
pub(crate) fn picking(width: u16, height: u16) -> Stage {
    let mut stage = Stage::in_general(width, height, changed());
    stage.model.recent_emoji = vec!["🦀".into(), "👩🏽‍🚀".into()];
    open_picker(stage)
}

fn open_picker(mut stage: Stage) -> Stage {
    stage.draw();
    stage.press(Key::Char('m'), Mod::ALT);
    stage.key(Key::Char('k'));
    stage.key(Key::Char('+'));
    stage
}

#[test]
fn the_picker_of_reactions() {
    at_each_size("reacting", picking);
}

#[test]
fn the_picker_finds_by_name_and_takes_a_pasted_emoji() {
    let mut stage = picking(80, 24);
    stage.type_text("rock");
    assert_eq!(stage.key(Key::Enter), Some(react("🚀")));
    stage.key(Key::Char('+'));
    stage.paste("🫶🏿");
    assert!(stage.screen().contains("❯ 🫶🏿"), "{}", stage.screen());
    assert_eq!(stage.key(Key::Enter), Some(react("🫶🏿")));
    stage.key(Key::Char('+'));
    stage.paste("certainly no emoji");
    assert!(stage.screen().contains("no such emoji"), "{}", stage.screen());
    stage.key(Key::Enter);
    assert_eq!(stage.model.dialogs.len(), 1);
}

fn react(emoji: &str) -> Msg {
    Msg::React { room: RoomId(1), seq: Seq(5), emoji: emoji.into() }
}

#[test]
fn digits_toggle_what_is_there_in_the_picker_and_on_the_chosen_message() {
    let mut stage = picking(80, 24);
    assert_eq!(stage.key(Key::Char('2')), Some(react("👎")));
    assert!(stage.model.dialogs.is_empty());
    assert!(stage.screen().contains("[👎 2]"), "{}", stage.screen());
    stage.key(Key::Char('2'));
    assert!(stage.screen().contains("👎 1"), "{}", stage.screen());
    stage.key(Key::Char('+'));
    stage.type_text("+1");
    assert_eq!(stage.key(Key::Enter), Some(react("👍")), "after a letter, a digit is a letter");
}

#[test]
fn what_is_not_permitted_is_not_offered() {
    let mut stage = Stage::in_general(120, 24, talk());
    stage.draw();
    stage.press(Key::Char('m'), Mod::ALT);
    let own = stage.screen();
    assert!(own.contains("e edit") && own.contains("d delete"), "{own}");
    stage.key(Key::Char('k'));
    let other = stage.screen();
    assert!(!other.contains("e edit") && !other.contains("d delete") && other.contains("+ react"), "{other}");
}

#[test]
fn themes_change_colours_and_no_text_of_what_changed() {
    for make in [changed_stage as fn() -> Stage, || picking(80, 24)] {
        let plain = make().screen();
        for theme in ["dark", "light"] {
            let mut stage = make();
            stage.model.theme = theme.into();
            assert_eq!(stage.screen(), plain, "{theme}");
            assert_ne!(stage.buffer()[(0, 0)].bg, Color::Reset, "{theme}");
        }
    }
}

fn changed_stage() -> Stage {
    let mut stage = Stage::in_general(80, 24, changed());
    pend_edit(&mut stage, 6, "on it, give me a minute", SendState::InFlight(1));
    stage.press(Key::Char('e'), Mod::ALT);
    stage
}

#[test]
fn ascii_writes_names_of_emoji_and_no_other_symbol() {
    for make in [changed_stage as fn() -> Stage, || open_picker(Stage::in_general(80, 24, changed()))] {
        let mut stage = make();
        stage.model.ascii = true;
        stage.themes = Themes::new([], true);
        stage.follow();
        let screen = stage.screen();
        assert!(screen.is_ascii() && screen.contains("[:+1: 128]"), "{screen}");
    }
}

#[test]
fn changes_above_the_view_and_in_it_do_not_move_what_is_being_read() {
    let mut stage = Stage::in_general(80, 24, long_talk(200));
    stage.model.stream = Some(7);
    stage.draw();
    for _ in 0..3 {
        stage.key(Key::PageUp);
        stage.draw();
    }
    let top = |stage: &mut Stage| stage.screen().lines().nth(1).expect("it has rows").to_owned();
    let (before, anchor) = (top(&mut stage), stage.room().anchor.clone());
    let Anchor::At { top: quchat_client::model::Key::Seq(first), .. } = anchor else { panic!("{anchor:?}") };
    let all = long_talk(200);
    let copy = |seq: u64, rev| Message { rev, ..all[seq as usize - 1].clone() };
    let long = "a longer text ".repeat(60);
    for seq in [first.0 - 1, first.0 - 2, first.0 + 3] {
        stage.msg(updated(Message { text: long.clone(), edited_at: Some(Timestamp::from_millis(1)), ..copy(seq, 2) }));
        assert_eq!((top(&mut stage), &stage.room().anchor), (before.clone(), &anchor), "edit of {seq}");
        stage.msg(updated(Message { reactions: changed()[4].reactions.clone(), ..copy(seq, 3) }));
        assert_eq!((top(&mut stage), &stage.room().anchor), (before.clone(), &anchor), "reactions to {seq}");
        let deleted_at = Some(Timestamp::from_millis(2));
        stage.msg(updated(Message { text: String::new(), deleted_at, ..copy(seq, 4) }));
        assert_eq!((top(&mut stage), &stage.room().anchor), (before.clone(), &anchor), "deletion of {seq}");
    }
}

#[test]
fn a_storm_of_reactions_changes_only_the_rows_of_its_message() {
    let mut stage = Stage::in_general(80, 24, talk());
    stage.model.stream = Some(7);
    let storm = |count: u64| {
        let users = (2..22).map(UserId).collect();
        Message {
            rev: count, reactions: vec![Reaction { emoji: "👍".to_owned(), count, users }], ..talk()[4].clone()
        }
    };
    stage.msg(updated(storm(100)));
    let before = stage.screen();
    for count in 101..600 {
        stage.msg(updated(storm(count)));
    }
    assert_eq!(stage.screen(), before.replace("👍 100", "👍 599"));
}

#[test]
fn a_chosen_message_that_changes_stays_chosen() {
    let mut stage = Stage::in_general(80, 24, talk());
    stage.model.stream = Some(7);
    stage.draw();
    stage.press(Key::Char('m'), Mod::ALT);
    stage.key(Key::Char('k'));
    let deleted_at = Some(Timestamp::from_millis(2));
    stage.msg(updated(Message { text: String::new(), rev: 2, deleted_at, ..talk()[4].clone() }));
    let screen = stage.screen();
    let marked: Vec<_> = screen.lines().filter(|row| row.contains('▌')).collect();
    assert!(marked.len() == 1 && marked[0].contains("message deleted"), "{screen}");
}

#[test]
fn details_say_when_and_by_whom() {
    let mut stage = Stage::in_general(160, 24, changed());
    stage.draw();
    stage.press(Key::Char('m'), Mod::ALT);
    for _ in 0..2 {
        stage.key(Key::Char('k'));
    }
    stage.key(Key::Char('i'));
    let screen = stage.screen();
    assert!(screen.contains("deleted 2026-11-22 09:14:00 by carol"), "{screen}");
}

#[test]
fn the_react_command_completes_names_of_emoji() {
    let mut stage = Stage::in_general(80, 24, vec![message(1, 0, "bob", "hi")]);
    stage.type_text("/react rock");
    stage.key(Key::Tab);
    assert_eq!(stage.draft(), "/react 🚀");
    stage.key(Key::Enter);
    assert!(stage.screen().contains("[🚀 1]"), "{}", stage.screen());
}

#[test]
fn a_deleted_message_offers_only_what_can_be_done_with_it() {
    let mut stage = Stage::in_general(80, 24, changed()[..4].to_vec());
    stage.press(Key::Char('m'), Mod::ALT);
    let screen = stage.screen();
    let status = screen.lines().last().unwrap();
    assert!(status.contains("Esc back") && status.contains("i details"), "{status}");
    assert!(!["reply", "react", "copy", "links"].iter().any(|hint| status.contains(hint)), "{status}");
}
