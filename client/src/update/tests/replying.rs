//! Tests replies: a draft keeps its reply target until it is sent or Esc drops it, also through restarts.

use quchat_shared::{
    event::{MessageUpdated, Reset, ResetReason},
    query::{Bound, ListMessages},
};

use super::*;
use crate::model::{Anchor, ComponentId, Key, StoredMessage};

/// The messages sent since the last check, with their reply targets.
fn replies(client: &mut Client) -> Vec<(String, Option<Seq>)> {
    let open = |(_, req)| match req {
        Request::SendMessage(_, new) => Some((new.text, new.reply_to)),
        _ => None,
    };
    client.calls().into_iter().filter_map(open).collect()
}

/// In #general, with alice's own message at the end.
fn after_own() -> Client {
    let mut client = Client::online();
    client.hear(message(GENERAL, 4, ALICE, "mine"));
    client.look();
    client
}

#[test]
fn a_reply_names_the_selected_message_and_the_next_message_does_not() {
    let mut client = after_own();
    client.act(Action::Select).act(Action::LineUp).act(Action::LineUp).act(Action::Reply);
    assert_eq!((focus(&client.model), client.room(GENERAL).draft.reply_to), (ComponentId::Composer, Some(Seq(2))));
    client.say("yes").say("and no").disk();
    assert_eq!(replies(&mut client), [("yes".to_owned(), Some(Seq(2)))]);
    assert_eq!(client.room(GENERAL).outbox[1].reply_to, None);
}

#[test]
fn without_a_selection_a_reply_goes_to_the_newest_message_of_others() {
    let mut client = after_own();
    client.say("/reply");
    assert_eq!(client.room(GENERAL).draft.reply_to, Some(Seq(3)));
    let mut client = after_own();
    client.say("/reply at once").disk();
    assert_eq!(replies(&mut client), [("at once".to_owned(), Some(Seq(3)))]);
    assert_eq!((client.draft(), client.room(GENERAL).draft.reply_to), ("", None));
}

#[test]
fn a_reply_that_cannot_be_sent_stays_in_the_composer() {
    let mut client = Client::online();
    let line = format!("/reply {}", "x".repeat(4_001));
    client.say(&line);
    assert_eq!((client.draft(), client.effects.len()), (&*line, 0));
    client.on(Msg::Open(SECRET)).say("/reply");
    assert_eq!(client.notice(), "there is no message to reply to");
}

#[test]
fn ctrl_c_clears_the_draft_and_its_reply_target() {
    let mut client = after_own();
    client.act(Action::Select).act(Action::Reply).write("half").act(Action::Interrupt);
    assert_eq!((client.draft(), client.room(GENERAL).draft.reply_to), ("", None));
}

#[test]
fn after_a_restored_backup_replies_to_lost_messages_lose_their_target() {
    let mut client = Client::online();
    client.act(Action::Select).act(Action::Reply).write("half");
    assert_eq!(client.room(GENERAL).draft.reply_to, Some(Seq(3)));
    client.stream(vec![Reset { reason: ResetReason::Unknown, cursor: Cursor("m-1".into()) }.into()]);
    let mut restored = rooms();
    restored[0] = listed(GENERAL, "general", RoomKind::Public, 2, Some(2));
    client.list_rooms(restored);
    assert_eq!((client.draft(), client.room(GENERAL).draft.reply_to), ("half", None));
}

#[test]
fn after_a_restored_backup_no_reply_names_another_message_with_the_same_seq() {
    let mut client = Client::online();
    client.act(Action::Select).act(Action::Reply).say("waits").act(Action::Select).act(Action::Reply).write("half");
    client.stream(vec![Reset { reason: ResetReason::Unknown, cursor: Cursor("m-1".into()) }.into()]);
    let mut restored = rooms(); // with new messages since
    restored[0] = listed(GENERAL, "general", RoomKind::Public, 9, Some(2));
    client.list_rooms(restored);
    assert_eq!((client.draft(), client.room(GENERAL).draft.reply_to), ("half", None));
    assert_eq!(client.room(GENERAL).outbox[0].reply_to, None);
    assert!(client.notice().contains("choose again"), "{}", client.notice());
    let mut behind = Client::online();
    behind.act(Action::Select).act(Action::Reply).write("half");
    behind.stream(vec![Reset { reason: ResetReason::TooOld, cursor: Cursor("k-9".into()) }.into()]);
    behind.list_rooms(rooms());
    assert_eq!(behind.room(GENERAL).draft.reply_to, Some(Seq(3)), "it is the same server");
}

#[test]
fn esc_drops_the_reply_target_and_keeps_the_draft() {
    let mut client = after_own();
    client.write("half").act(Action::Select).act(Action::Reply).act(Action::Cancel);
    assert_eq!((client.draft(), client.room(GENERAL).draft.reply_to), ("half", None));
    client.act(Action::Select).act(Action::Reply).act(Action::Help).act(Action::Cancel);
    assert_eq!(client.room(GENERAL).draft.reply_to, Some(Seq(4)), "Esc only closed the help");
}

#[test]
fn a_command_is_no_reply_and_each_room_has_its_own_target() {
    let mut client = after_own();
    client.say("/reply").say("/last");
    assert_eq!(client.room(GENERAL).draft.reply_to, Some(Seq(3)));
    client.on(Msg::Open(OPS));
    assert_eq!(client.room(OPS).draft.reply_to, None);
}

#[test]
fn the_reply_target_is_saved_with_the_draft_and_the_message() {
    let mut client = after_own();
    client.say("/reply").effects.clear();
    client.pass(300);
    let kept = |client: &Client| match client.effects.last() {
        Some(Effect::Save { stored, .. }) => stored.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!((&*kept(&client).draft, kept(&client).reply_to), ("", Some(Seq(3))));
    client.say("so");
    let stored = kept(&client);
    assert_eq!((stored.reply_to, stored.outbox[0].reply_to), (None, Some(Seq(3))));
}

#[test]
fn after_a_restart_the_same_reply_is_sent() {
    let kept = StoredMessage {
        txn: "o-1".into(),
        text: "so".into(),
        reply_to: Some(Seq(2)),
        written_ms: 0,
        edit: None,
        changed: false,
        refused: None,
    };
    let stored = Stored { draft: "half".into(), reply_to: Some(Seq(3)), outbox: vec![kept], ..Stored::new(GENERAL) };
    let mut client = Client::new();
    client.start();
    client.on(Msg::Loaded(Ok(vec![stored]))).list_rooms(rooms());
    assert_eq!(replies(&mut client), [("so".to_owned(), Some(Seq(2)))]);
    assert_eq!(client.room(GENERAL).draft.reply_to, Some(Seq(3)));
}

#[test]
fn a_reply_taken_back_keeps_its_target() {
    let mut client = after_own();
    client.say("/reply loud").disk().reply(is_send, Err(refused(403, Kind::Forbidden, "no")));
    client.on(Msg::TakeBack { room: GENERAL, txn: "p-1".into() });
    assert_eq!((client.draft(), client.room(GENERAL).draft.reply_to), ("loud", Some(Seq(3))));
}

#[test]
fn the_target_of_a_reply_is_one_key_away_also_if_it_is_not_loaded() {
    let mut client = Client::online();
    at_hand(&mut client, GENERAL, 101..=150);
    client.look();
    client.hear(Message { reply_to: Some(Seq(105)), ..message(GENERAL, 151, BOB, "yes") });
    client.hear(Message { reply_to: Some(Seq(9)), ..message(GENERAL, 152, BOB, "no") });
    client.look().act(Action::Select).act(Action::LineUp).act(Action::ToReplied);
    assert_eq!(client.model.selected, Some(Seq(105)));
    assert_eq!(client.room(GENERAL).anchor, Anchor::At { top: Key::Seq(Seq(105)), byte: 0 });
    client.effects.clear();
    client.act(Action::SelectLast).act(Action::ToReplied).answer_page(GENERAL, 1..=100, false, true);
    assert_eq!(client.room(GENERAL).anchor, Anchor::At { top: Key::Seq(Seq(9)), byte: 0 });
    client.act(Action::Select).act(Action::ToReplied);
    assert_eq!(client.notice(), "the message is not a reply");
}

#[test]
fn a_deleted_message_cannot_be_replied_to() {
    let mut client = Client::online();
    let gone = Message { deleted_at: Some(Timestamp::from_millis(1)), ..message(GENERAL, 4, BOB, "") };
    client.hear(gone).look().act(Action::Select).act(Action::Reply);
    assert_eq!(client.room(GENERAL).draft.reply_to, None);
    client.act(Action::Cancel).say("/reply");
    assert_eq!(client.room(GENERAL).draft.reply_to, Some(Seq(3)));
}

#[test]
fn a_reply_by_command_keeps_the_draft_replaced_by_an_earlier_input() {
    let mut client = Client::online();
    client.say("/reply so").disk().acknowledge(GENERAL, 4).write("precious").on(Msg::Recall { back: true });
    client.act(Action::Send);
    assert_eq!((client.draft(), client.room(GENERAL).outbox.len()), ("precious", 1));
}

#[test]
fn an_earlier_input_does_not_inherit_the_reply_target_of_the_draft() {
    for changed in [false, true] {
        let mut client = Client::online();
        client.say("lunch?").disk().acknowledge(GENERAL, 4).look().write("to bob");
        client.act(Action::Select).act(Action::LineUp).act(Action::Reply).on(Msg::Recall { back: true });
        assert_eq!((client.draft(), client.room(GENERAL).draft.reply_to), ("lunch?", None));
        if changed {
            client.write("lunch now?");
        }
        client.act(Action::Send).disk();
        let said = if changed { "lunch now?" } else { "lunch?" };
        assert_eq!(replies(&mut client), [(said.to_owned(), None)]);
        assert_eq!((client.draft(), client.room(GENERAL).draft.reply_to), ("to bob", Some(Seq(3))));
    }
}

#[test]
fn a_draft_replaced_by_an_earlier_input_is_saved_with_its_reply_target() {
    let mut client = Client::online();
    client.say("lunch?").disk().acknowledge(GENERAL, 4).write("to bob").act(Action::Select).act(Action::LineUp);
    client.act(Action::Reply).on(Msg::Recall { back: true }).effects.clear();
    client.pass(300);
    let kept = client.effects.iter().rev().find_map(|effect| match effect {
        Effect::Save { stored, .. } => Some((stored.draft.to_string(), stored.reply_to)),
        _ => None,
    });
    assert_eq!(kept, Some(("to bob".to_owned(), Some(Seq(3)))));
    client.on(Msg::Recall { back: false });
    assert_eq!((client.draft(), client.room(GENERAL).draft.reply_to), ("to bob", Some(Seq(3))));
}

#[test]
fn a_replaced_draft_recalled_as_an_earlier_input_keeps_its_reply_target() {
    let mut client = Client::online();
    client.say("sent").disk().acknowledge(GENERAL, 4).say("/reply").write("to bob").on(Msg::Recall { back: true });
    client.on(Msg::Recall { back: true }).write("sent!").on(Msg::Recall { back: true });
    assert_eq!((client.draft(), client.room(GENERAL).draft.reply_to), ("to bob", Some(Seq(3))));
    client.on(Msg::Recall { back: false });
    assert_eq!((client.draft(), client.room(GENERAL).draft.reply_to), ("sent!", None));
    client.act(Action::Send).disk();
    assert_eq!(replies(&mut client).pop(), Some(("sent!".to_owned(), None)));
    assert_eq!((client.draft(), client.room(GENERAL).draft.reply_to), ("to bob", Some(Seq(3))));
}

#[test]
fn the_reply_target_of_an_empty_draft_passes_to_a_recalled_input() {
    let mut client = Client::online();
    client.say("yes").disk().acknowledge(GENERAL, 4).say("/reply").on(Msg::Recall { back: true });
    client.on(Msg::Recall { back: true }).act(Action::Send).disk();
    assert_eq!(replies(&mut client).pop(), Some(("yes".to_owned(), Some(Seq(3)))));
}

/// In #general, at messages 101 to 120; loaded from 101 on. 110 and 111 reply to 7, 112 to 8, 150 to 9.
fn far_replies() -> Client {
    let mut client = Client::online();
    at_hand(&mut client, GENERAL, 101..=160);
    let room = client.model.rooms.get_mut(&GENERAL).unwrap();
    for (seq, target) in [(110, 7), (111, 7), (112, 8), (150, 9)] {
        let reply = Message { reply_to: Some(Seq(target)), ..message(GENERAL, seq, BOB, "so") };
        let at = room.timeline.index(Seq(seq)).unwrap();
        room.timeline.messages[at] = Arc::new(reply);
    }
    room.timeline.has_older = false; // so that no page is fetched here
    let seen = seen_of(client.room(GENERAL), 101, 120, false);
    client.on(Msg::Seen(seen));
    client
}

/// The quoted messages that were requested since the last check.
fn asked(client: &mut Client) -> Vec<(u64, u64)> {
    let open = |(call, req)| match req {
        Request::ListMessages(GENERAL, ListMessages { bound: Bound::After(seq), limit: Some(1) }) => {
            Some((call, seq.0 + 1))
        }
        _ => None,
    };
    client.calls().into_iter().filter_map(open).collect()
}

fn answer(client: &mut Client, call: u64, message: Option<Message>) {
    let page = MessagePage {
        messages: message.into_iter().collect(),
        has_older: true,
        has_newer: true,
        own_reactions: Vec::new(),
    };
    client.on(Msg::Done { call, reply: Ok(Answer::Page(page)) });
}

fn quoted(client: &Client, seq: u64) -> Option<&str> {
    client.room(GENERAL).quoted(Seq(seq)).map(|message| &*message.text)
}

#[test]
fn quotes_of_visible_replies_are_fetched_once_one_after_the_other() {
    let mut client = far_replies();
    let [(call, 7)] = asked(&mut client)[..] else { panic!() };
    client.pass(100);
    assert_eq!(asked(&mut client), [], "one at a time");
    answer(&mut client, call, Some(message(GENERAL, 7, BOB, "seven")));
    let [(call, 8)] = asked(&mut client)[..] else { panic!() };
    answer(&mut client, call, None);
    assert_eq!((quoted(&client, 7), quoted(&client, 8)), (Some("seven"), None));
    client.look().pass(1_000);
    let [(call, 9)] = asked(&mut client)[..] else { panic!("it is visible now") };
    answer(&mut client, call, Some(message(GENERAL, 4, BOB, "not the one that was asked for")));
    let seen = seen_of(client.room(GENERAL), 101, 120, false);
    client.on(Msg::Seen(seen)).look();
    assert_eq!((asked(&mut client), quoted(&client, 9)), (vec![], None), "each once");
    client.act(Action::NextRoom).act(Action::LastRoom).look();
    assert_eq!((asked(&mut client), quoted(&client, 7)), (vec![], Some("seven")), "quotes are kept with the room");
}

#[test]
fn a_failed_quote_is_fetched_again_with_the_next_connection() {
    let mut client = far_replies();
    let [(call, 7)] = asked(&mut client)[..] else { panic!() };
    client.cut(unreachable()).on(Msg::Done { call, reply: Err(unreachable()) });
    assert_eq!(asked(&mut client), [], "not without a connection");
    client.pass(1_000).hello("k-2");
    assert_eq!(asked(&mut client)[0].1, 7);
}

#[test]
fn a_quote_that_the_server_postpones_is_fetched_again_after_a_pause() {
    for failure in [unreachable(), refused(429, Kind::RateLimited, "slowly"), asking_to_wait(503, 4_000)] {
        let mut client = far_replies();
        let [(call, 7)] = asked(&mut client)[..] else { panic!() };
        let wait = failure.retry_after_ms().unwrap_or(500);
        client.on(Msg::Done { call, reply: Err(failure) }).pass(wait - 1);
        assert_eq!(asked(&mut client), [], "not at once");
        client.pass(1_001);
        let [(call, 7)] = asked(&mut client)[..] else { panic!("the same connection is enough") };
        answer(&mut client, call, Some(message(GENERAL, 7, BOB, "seven")));
        assert_eq!((asked(&mut client)[0].1, quoted(&client, 7)), (8, Some("seven")));
    }
}

#[test]
fn a_refused_quote_does_not_delay_the_next_one() {
    for failure in [refused(404, Kind::NotFound, "gone"), Failure::TooLarge] {
        let mut client = far_replies();
        let [(call, 7)] = asked(&mut client)[..] else { panic!() };
        client.on(Msg::Done { call, reply: Err(failure) });
        assert_eq!(asked(&mut client)[0].1, 8);
        client.pass(60_000);
        assert_eq!(asked(&mut client), [], "each once");
    }
}

#[test]
fn a_quote_changes_with_its_message_and_is_dropped_after_a_reset() {
    let mut client = far_replies();
    let [(call, 7)] = asked(&mut client)[..] else { panic!() };
    answer(&mut client, call, Some(message(GENERAL, 7, BOB, "seven")));
    let edited = Message { rev: 9, ..message(GENERAL, 7, BOB, "7") };
    client.stream(vec![MessageUpdated { room_id: GENERAL, message: edited }.into()]);
    assert_eq!(quoted(&client, 7), Some("7"));
    client.stream(vec![Reset { reason: ResetReason::Unknown, cursor: Cursor("m-1".into()) }.into()]);
    assert_eq!(quoted(&client, 7), None);
}

#[test]
fn quotes_of_the_draft_and_of_pending_messages_are_fetched_too() {
    let mut client = Client::new();
    client.start();
    let kept = StoredMessage {
        txn: "old-1".into(),
        text: "unsent".into(),
        reply_to: Some(Seq(7)),
        edit: None,
        changed: false,
        written_ms: 0,
        refused: None,
    };
    let stored = Stored { draft: "half".into(), reply_to: Some(Seq(8)), outbox: vec![kept], ..Stored::new(GENERAL) };
    client.on(Msg::Loaded(Ok(vec![stored])));
    let mut many = rooms();
    many[0] = listed(GENERAL, "general", RoomKind::Public, 300, Some(300));
    client.list_rooms(many).hello("k-1").answer_page(GENERAL, 241..=300, true, false);
    let [(call, 7)] = asked(&mut client)[..] else { panic!() };
    answer(&mut client, call, Some(message(GENERAL, 7, BOB, "seven")));
    assert_eq!(asked(&mut client)[0].1, 8);
}
