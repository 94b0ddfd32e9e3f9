//! Replies: the original message is quoted in the composer and in the history.

use insta::assert_snapshot;
use quchat_client::{
    model::SendState,
    update::{Answer, Effect, Msg, Request},
};
use quchat_shared::{Message, Seq, Timestamp, api::MessagePage};
use tuirealm::event::{Key, KeyModifiers as Mod};

use crate::stage::{Stage, long_talk, message, talk};

fn replies() -> Vec<Message> {
    let mut messages = talk();
    messages[2].reply_to = Some(Seq(2));
    messages[5].reply_to = Some(Seq(5));
    messages
}

#[test]
fn a_reply_quotes_one_line_of_its_message() {
    let mut stage = Stage::in_general(80, 24, replies());
    stage.draw();
    stage.type_text("/reply");
    stage.key(Key::Enter);
    stage.type_text("me too");
    assert_snapshot!(stage.screen());
}

#[test]
fn a_message_far_up_is_quoted_once_it_is_fetched() {
    let mut talk = long_talk(30);
    talk.drain(..20);
    talk[9].reply_to = Some(Seq(2));
    let mut stage = Stage::in_general(80, 24, talk);
    stage.room().timeline.has_older = true;
    stage.draw();
    let before = stage.screen();
    assert!(before.contains("↳ an earlier message"), "{before}");
    let asked = stage.effects.iter().find_map(|effect| match effect {
        Effect::Call { call, req: Request::ListMessages(_, page) } if page.limit == Some(1) => Some(*call),
        _ => None,
    });
    let page = MessagePage {
        messages: vec![message(2, 6, "carol", "long ago")],
        has_older: true,
        has_newer: true,
        own_reactions: Vec::new(),
    };
    stage.msg(Msg::Done { call: asked.unwrap(), reply: Ok(Answer::Page(page)) });
    let after = stage.screen();
    assert_eq!(after, before.replace("↳ an earlier message", "↳ carol: long ago"), "nothing else moves");
}

#[test]
fn a_reply_quotes_on_a_small_screen() {
    let mut stage = Stage::in_general(40, 12, replies());
    stage.draw();
    stage.type_text("/reply");
    stage.key(Key::Enter);
    assert_snapshot!(stage.screen());
}

#[test]
fn an_unsent_reply_quotes_its_message() {
    let mut stage = Stage::in_general(80, 24, talk());
    stage.pend("p-1", "yes", SendState::Queued);
    stage.room().outbox[0].reply_to = Some(Seq(3));
    assert!(stage.screen().contains("↳ bob: morning! deploy is green"));
}

#[test]
fn a_deleted_or_unloaded_message_is_quoted_as_such() {
    let mut messages = long_talk(3);
    messages[0].deleted_at = Some(Timestamp::from_millis(1));
    messages[1].reply_to = Some(Seq(1));
    messages[2].reply_to = Some(Seq(99));
    let screen = Stage::in_general(80, 24, messages).screen();
    assert!(screen.contains("↳ bob: message deleted"), "{screen}");
    assert!(screen.contains("↳ an earlier message"), "{screen}");
}

#[test]
fn esc_removes_the_quote_and_keeps_the_draft() {
    let mut stage = Stage::in_general(80, 24, talk());
    stage.draw();
    stage.type_text("half");
    stage.press(Key::Char('m'), Mod::ALT);
    stage.key(Key::Char('k'));
    stage.key(Key::Char('r'));
    stage.type_text(" a");
    assert!(stage.screen().contains("↳ carol: @alice can you look at #42? …"));
    stage.key(Key::Esc);
    assert!(!stage.screen().contains('↳'));
    assert_eq!(stage.draft(), "half a");
}

#[test]
fn scrolling_over_replies_never_sticks() {
    let mut messages = long_talk(60);
    for message in messages.iter_mut().skip(1) {
        message.reply_to = Some(Seq(message.seq.0 - 1));
    }
    let mut stage = Stage::in_general(80, 24, messages);
    stage.draw();
    for _ in 0..400 {
        stage.press(Key::Up, Mod::SHIFT);
        stage.draw();
    }
    assert!(stage.screen().contains("message 1"), "{}", stage.screen());
    for _ in 0..400 {
        stage.press(Key::Down, Mod::SHIFT);
        stage.draw();
    }
    assert!(stage.screen().contains("message 60"), "{}", stage.screen());
}

#[test]
fn one_key_selects_the_message_that_a_reply_quotes() {
    let mut stage = Stage::in_general(80, 24, replies());
    stage.draw();
    stage.press(Key::Char('m'), Mod::ALT);
    stage.key(Key::Char('p'));
    assert_eq!(stage.model.selected, Some(Seq(5)));
    let screen = stage.screen();
    assert!(screen.lines().any(|row| row.contains('▌') && row.contains("can you look")), "{screen}");
}
