//! The view does not move while you read: the first visible byte stays on the top row, whatever happens.

use std::sync::Arc;

use proptest::prelude::*;
use quchat_client::{
    model::{Anchor, Key as Place, SendState},
    update::{Answer, Effect, Msg, Request},
};
use quchat_shared::{Message, Seq};
use tuirealm::event::Key;

use crate::stage::{Stage, long_talk, message};

/// Reads in the middle of messages 101 to 400.
fn reading(pages: usize) -> Stage {
    let mut messages = long_talk(400);
    let middle = messages.split_off(100);
    let mut stage = Stage::in_general(80, 24, middle);
    stage.room().timeline.has_older = true;
    stage.draw();
    for _ in 0..pages {
        stage.key(Key::PageUp);
        stage.draw();
    }
    stage.draw();
    stage
}

/// The text on the top row of the history, and the model's anchor.
fn top(stage: &mut Stage) -> (String, Anchor) {
    let screen = stage.screen();
    let row = screen.lines().nth(1).unwrap().split_once('│').map_or("", |(_, text)| text);
    (row.trim().to_owned(), stage.room().anchor.clone())
}

#[derive(Debug, Clone)]
enum Happening {
    Prepend,
    Append,
    EditAbove,
    EditBelow,
    Acknowledge,
    Resize(u16, u16),
}

fn happen(stage: &mut Stage, what: &Happening) {
    match what {
        Happening::Prepend => {
            let room = stage.room();
            let first = room.timeline.first().unwrap().0;
            for seq in (first.saturating_sub(30).max(1)..first).rev() {
                let older = long_talk(seq).pop().unwrap();
                room.timeline.messages.push_front(Arc::new(older));
            }
            room.timeline.has_older = room.timeline.first() > Some(Seq(1));
        }
        Happening::Append => {
            let room = stage.room();
            let next = room.timeline.last().unwrap().next();
            room.timeline.messages.push_back(Arc::new(message(next.0, 2_000, "bob", "appended")));
            room.info.last_seq = next;
        }
        Happening::EditAbove | Happening::EditBelow => {
            let above = matches!(what, Happening::EditAbove);
            let room = stage.room();
            let Anchor::At { top: Place::Seq(top), .. } = room.anchor else { return };
            let seq = if above { Seq(top.0 - 1) } else { Seq(top.0 + 1) };
            let Some(at) = room.timeline.index(seq) else { return };
            let mut message = (*room.timeline.messages[at]).clone();
            message.rev += 1;
            message.text = format!("{} edited {}", message.text, "longer ".repeat(message.rev as usize * 9));
            room.timeline.messages[at] = Arc::new(message);
        }
        Happening::Acknowledge => {
            let room = stage.room();
            room.outbox.clear();
            stage.pend("p-9", "mine", SendState::InFlight(1));
        }
        Happening::Resize(width, height) => stage.resize(*width, *height),
    }
}

fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    let one = prop_oneof![
        Just(Happening::Prepend),
        Just(Happening::Append),
        Just(Happening::EditAbove),
        Just(Happening::EditBelow),
        Just(Happening::Acknowledge),
        (40u16..160, 12u16..50).prop_map(|(width, height)| Happening::Resize(width, height)),
    ];
    prop::collection::vec(one, 1..8)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn the_first_visible_byte_stays_on_the_top_row(pages in 7usize..12, happenings in happenings()) {
        let mut stage = reading(pages);
        let (_, before) = top(&mut stage);
        prop_assert_ne!(&before, &Anchor::End);
        for what in &happenings {
            happen(&mut stage, what);
            stage.draw();
            prop_assert_eq!(&stage.room().anchor, &before, "after {:?}", what);
        }
    }
}

#[test]
fn events_elsewhere_do_not_change_the_visible_rows() {
    let mut stage = reading(5);
    let (text, place) = top(&mut stage);
    for what in [Happening::Prepend, Happening::EditAbove, Happening::Append, Happening::Acknowledge] {
        happen(&mut stage, &what);
        assert_eq!(top(&mut stage), (text.clone(), place.clone()), "{what:?}");
    }
}

#[test]
fn the_users_long_message_does_not_move_when_it_is_acknowledged() {
    let mut stage = reading(0);
    let text: String = (0..600).map(|n| format!("{n:03} ")).collect();
    stage.paste(&text);
    stage.key(Key::Enter);
    let saved = stage.effects.iter().find_map(|effect| match effect {
        Effect::Save { ticket, .. } => Some(*ticket),
        _ => None,
    });
    stage.msg(Msg::Saved { ticket: saved.unwrap(), result: Ok(()) });
    stage.draw();
    stage.key(Key::PageUp);
    stage.draw();
    let (read, place) = top(&mut stage);
    assert!(matches!(place, Anchor::At { top: Place::Txn(_), .. }), "{place:?}");
    let (call, sent) = stage
        .effects
        .iter()
        .find_map(|effect| match effect {
            Effect::Call { call, req: Request::SendMessage(_, new) } => Some((*call, new.clone())),
            _ => None,
        })
        .unwrap();
    let acknowledged = Message { txn: sent.txn.clone(), ..message(401, 60, "alice", &sent.text) };
    stage.msg(Msg::Done { call, reply: Ok(Answer::Message(acknowledged)) });
    stage.draw();
    let (still, place) = top(&mut stage);
    assert_eq!((still, matches!(place, Anchor::At { top: Place::Seq(Seq(401)), .. })), (read, true), "{place:?}");
}

#[test]
fn a_narrow_screen_and_back_shows_the_same_row() {
    let mut stage = reading(6);
    let before = top(&mut stage);
    for width in [40, 57, 200, 80] {
        stage.resize(width, 24);
        stage.draw();
    }
    assert_eq!(top(&mut stage), before);
}

#[test]
fn at_the_end_the_view_follows() {
    let mut stage = reading(0);
    happen(&mut stage, &Happening::Append);
    assert!(stage.screen().contains("appended"));
    assert_eq!(stage.room().anchor, Anchor::End);
}

#[test]
fn page_up_and_page_down_return_to_the_same_rows_and_to_the_end() {
    let mut stage = reading(0);
    let end = stage.screen();
    for _ in 0..4 {
        stage.key(Key::PageUp);
        stage.draw();
    }
    for _ in 0..6 {
        stage.key(Key::PageDown);
        stage.draw();
    }
    assert_eq!(stage.screen(), end);
}

#[test]
fn a_redraw_shows_the_same_screen() {
    let mut stage = reading(3);
    let (first, place) = (stage.screen(), stage.room().anchor.clone());
    stage.msg(Msg::Redraw);
    assert_eq!((stage.screen(), stage.room().anchor.clone()), (first, place));
}
