//! Tests a restored backup under an open client: state from before the reset is not compared with later state.

use quchat_shared::{
    api::ReadMarker,
    event::{ReadUpdated, Reset, ResetReason, RoomUpdated},
    query::{Bound, ListMessages},
};

use super::*;
use crate::model::{Anchor, Fetch, Key};

/// In #general with 500 messages, all read and loaded; then the server is restored.
fn restored_at(last: u64, read: u64) -> Client {
    let mut client = Client::online();
    at_hand(&mut client, GENERAL, 301..=500);
    client.look().pass(5_000).effects.clear();
    reset(&mut client);
    list(&mut client, last, read);
    client
}

fn reset(client: &mut Client) {
    client.stream(vec![Reset { reason: ResetReason::Unknown, cursor: Cursor("m-1".into()) }.into()]);
}

fn list(client: &mut Client, last: u64, read: u64) {
    let mut restored = rooms();
    restored[0] = listed(GENERAL, "general", RoomKind::Public, last, Some(read));
    client.list_rooms(restored).hello("m-1");
}

fn is_mark(req: &Request) -> bool {
    matches!(req, Request::MarkRead(..))
}

fn marks(client: &mut Client) -> usize {
    client.calls().iter().filter(|(_, req)| is_mark(req)).count()
}

#[test]
fn the_read_marker_of_the_server_wins_also_if_it_is_lower() {
    let mut client = restored_at(300, 250);
    client.pass(60_000); // the old messages are still on the screen
    assert_eq!((client.room(GENERAL).unread(), client.room(GENERAL).new_after), (50, Some(Seq(250))));
    assert_eq!(marks(&mut client), 0);
}

#[test]
fn messages_read_after_the_reset_count_again() {
    let mut client = restored_at(300, 290);
    client.answer_page(GENERAL, 241..=300, true, false).look().pass(1_000);
    assert_eq!(client.room(GENERAL).unread(), 0);
}

#[test]
fn a_pending_marker_is_dropped_by_the_reset() {
    for answered in [true, false] {
        let mut client = Client::online();
        client.hear(message(GENERAL, 4, BOB, "x")).look().pass(1_000);
        let (call, _) = client.calls().into_iter().find(|(_, req)| is_mark(req)).unwrap();
        client.hear(message(GENERAL, 5, BOB, "x")).look().pass(1_000); // waits for the first marker
        reset(&mut client);
        client.act(Action::ToBottom); // of the state before the reset
        if answered {
            client.on(Msg::Done {
                call,
                reply: Ok(Answer::Marker(ReadMarker { last_read_seq: Seq(5), unread: 0, mentions: 0 })),
            });
        }
        list(&mut client, 3, 1);
        client.pass(60_000);
        assert_eq!((marks(&mut client), client.room(GENERAL).unread()), (0, 2));
    }
}

#[test]
fn names_and_counters_of_the_server_win_whatever_their_revision() {
    let mut client = Client::online();
    let renamed = RoomInfo { rev: 9, ..info(GENERAL, "of a future that never was", RoomKind::Public, 3) };
    client.stream(vec![RoomUpdated { room: renamed }.into()]);
    client.hear(Message { mentions: vec![ALICE], ..message(OPS, 11, BOB, "@alice") });
    reset(&mut client);
    list(&mut client, 3, 3);
    assert_eq!(&*client.room(GENERAL).info.name, "general");
    assert_eq!((client.room(OPS).unread(), client.room(OPS).mentions), (4, 0));
    client.hear(Message { mentions: vec![ALICE], ..message(OPS, 11, BOB, "@alice") });
    assert_eq!((client.room(OPS).unread(), client.room(OPS).mentions), (5, 1), "the seq is used again");
    let renamed = RoomInfo { rev: 2, ..info(GENERAL, "hall", RoomKind::Public, 3) };
    client.stream(vec![RoomUpdated { room: renamed }.into()]);
    assert_eq!(&*client.room(GENERAL).info.name, "hall");
}

#[test]
fn messages_after_the_restored_end_disappear_and_new_ones_are_shown() {
    let mut client = restored_at(300, 300);
    let said = Message { txn: None, ..message(GENERAL, 301, BOB, "said anew") };
    client.hear(said.clone()); // arrives before the page
    client.answer_page(GENERAL, 241..=300, true, false);
    client.reply(
        |req| matches!(req, Request::ListMessages(GENERAL, ListMessages { bound: Bound::After(Seq(300)), .. })),
        Ok(Answer::Page(MessagePage {
            messages: vec![said],
            has_older: true,
            has_newer: false,
            own_reactions: Vec::new(),
        })),
    );
    let room = client.room(GENERAL);
    assert_eq!((room.timeline.last(), &*room.timeline.messages.back().unwrap().text), (Some(Seq(301)), "said anew"));
    assert!(client.room(OPS).timeline.is_unknown() && client.room(OPS).anchor == Anchor::End);
}

#[test]
fn a_page_requested_before_the_reset_is_not_merged() {
    let mut client = Client::online();
    at_hand(&mut client, GENERAL, 301..=500);
    let seen = seen_of(client.room(GENERAL), 301, 320, false);
    client.on(Msg::Seen(seen));
    let (call, _) = client.calls().pop().unwrap();
    reset(&mut client);
    let page = MessagePage {
        messages: vec![message(GENERAL, 300, BOB, "old")],
        has_older: true,
        has_newer: true,
        own_reactions: Vec::new(),
    };
    client.on(Msg::Done { call, reply: Ok(Answer::Page(page)) });
    assert_eq!(client.room(GENERAL).timeline.first(), Some(Seq(301)));
    list(&mut client, 320, 320);
    client.reply(|req| matches!(req, Request::ListMessages(GENERAL, _)), Err(unreachable()));
    client.act(Action::PageUp).effects.retain(|effect| !matches!(effect, Effect::Listen { .. }));
    assert!(matches!(client.room(GENERAL).fetch, Fetch::Loading { .. }));
    client.answer_page(GENERAL, 260..=320, true, false);
    assert_eq!(client.room(GENERAL).timeline.last(), Some(Seq(320)), "the old timeline is replaced even late");
    assert!(matches!(client.room(GENERAL).anchor, Anchor::At { top: Key::Seq(Seq(301)), .. }));
}

#[test]
fn an_unanswered_send_is_repeated_with_its_txn_and_an_acknowledged_one_is_not() {
    let mut client = Client::online();
    client.on(Msg::Open(OPS)).say("unanswered").disk().act(Action::LastRoom);
    assert_eq!(sent(&mut client), [("p-1".to_owned(), "unanswered".to_owned())]);
    client.say("acknowledged").disk().acknowledge(GENERAL, 7); // earlier messages are missing in the stream
    assert!(matches!(client.states(GENERAL)[..], [SendState::Sent(_)]));
    reset(&mut client);
    list(&mut client, 2, 2);
    assert_eq!(sent(&mut client), [("p-1".to_owned(), "unanswered".to_owned())]);
    assert_eq!((client.room(GENERAL).outbox.len(), client.model.unsent()), (0, 1));
}

#[test]
fn messages_for_a_lost_room_are_not_sent_to_another_one_with_its_id() {
    let mut client = Client::online();
    client.say("between us").disk().calls();
    reset(&mut client);
    let mut restored = rooms();
    restored[0].info =
        RoomInfo { created_at: Timestamp::from_millis(9), ..info(GENERAL, "others", RoomKind::Public, 1) };
    client.list_rooms(restored).hello("m-1");
    client.pass(60_000);
    assert_eq!(sent(&mut client), []);
    assert!(matches!(client.states(GENERAL)[..], [SendState::Refused(_)]));
    client.act(Action::Review).on(Msg::TakeBack { room: GENERAL, txn: "p-1".into() });
    assert_eq!(client.draft(), "between us");
}

#[test]
fn a_marker_lowered_elsewhere_is_not_raised_by_messages_seen_before() {
    let mut client = Client::online();
    client.hear(message(GENERAL, 4, BOB, "x")).look().pass(1_000);
    client.reply(is_mark, Ok(Answer::Marker(ReadMarker { last_read_seq: Seq(4), unread: 0, mentions: 0 })));
    client
        .act(Action::NextRoom)
        .stream(vec![ReadUpdated { room_id: GENERAL, last_read_seq: Seq(1), mentions: 0 }.into()]);
    client.pass(60_000).act(Action::LastRoom).pass(999);
    assert_eq!((client.room(GENERAL).unread(), marks(&mut client)), (3, 0));
}

#[test]
fn an_edit_is_given_up_because_its_message_may_be_another_one_and_the_text_is_kept() {
    let mut client = Client::online();
    client.hear(message(GENERAL, 4, ALICE, "mine")).act(Action::Edit).say("pending").disk().effects.clear();
    client.write("a draft").act(Action::Edit).write("half done").act(Action::React);
    reset(&mut client);
    assert!(client.model.dialogs.is_empty(), "the picker was for a message of before");
    list(&mut client, 4, 4);
    assert!(matches!(client.states(GENERAL)[..], [SendState::Refused(_)]));
    assert_eq!((client.draft(), client.room(GENERAL).inputs.list.back()), ("a draft", Some(&"half done".into())));
    let sent = client.calls().into_iter().any(|(_, req)| matches!(req, Request::EditMessage(..)));
    assert!(!sent && client.notice().contains("Up brings back"), "{}", client.notice());
}
