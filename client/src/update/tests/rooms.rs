//! Tests the list of rooms, membership and unread counts.

use quchat_shared::{
    Kind,
    event::{Activity, MemberJoined, MemberLeft, RoomActivity, RoomCreated, RoomDeleted, RoomUpdated},
};

use super::*;
use crate::model::{Dialog, Question};

fn alice() -> UserRef {
    UserRef { id: ALICE, name: "alice".into() }
}

#[test]
fn messages_of_others_in_a_joined_room_raise_its_unread_count() {
    let mut client = Client::online();
    client.hear(message(OPS, 11, BOB, "x"));
    assert_eq!((client.room(OPS).unread(), client.room(OPS).mentions), (5, 0));
    client.hear(Message { mentions: vec![ALICE], ..message(OPS, 12, BOB, "@alice") });
    assert_eq!((client.room(OPS).unread(), client.room(OPS).mentions), (6, 1));
    client.hear(message(OPS, 13, ALICE, "from another client of mine"));
    assert_eq!((client.room(OPS).unread(), client.room(OPS).mentions), (0, 0));
}

#[test]
fn a_room_that_is_not_joined_shows_activity_without_a_count() {
    let mut client = Client::online();
    assert!(!client.room(LOBBY).shows_activity());
    let rooms = vec![RoomActivity { id: LOBBY, last_seq: Seq(9) }, RoomActivity { id: OPS, last_seq: Seq(99) }];
    client.stream(vec![Activity { rooms }.into()]);
    assert!(client.room(LOBBY).shows_activity());
    assert_eq!((client.room(LOBBY).unread(), client.room(OPS).unread()), (0, 4), "joined rooms count messages");
    client.on(Msg::Open(LOBBY));
    assert!(!client.room(LOBBY).shows_activity());
}

#[test]
fn joined_rooms_come_first_by_creation_and_activity_moves_none() {
    let mut client = Client::online();
    let order = |client: &Client| client.model.ordered().map(|room| room.info.id).collect::<Vec<_>>();
    assert_eq!(order(&client), [GENERAL, OPS, SECRET, LOBBY]);
    client.hear(message(OPS, 11, BOB, "x"));
    assert_eq!(order(&client), [GENERAL, OPS, SECRET, LOBBY]);
}

#[test]
fn opening_a_public_room_joins_it_once() {
    let mut client = Client::online();
    client.on(Msg::Open(LOBBY)).on(Msg::Open(LOBBY));
    assert_eq!(client.calls().into_iter().filter(|(_, req)| *req == Request::JoinRoom(LOBBY)).count(), 1);
}

#[test]
fn calls_that_take_over_200_ms_are_shown_until_they_are_answered() {
    let mut client = Client::online();
    client.on(Msg::Open(LOBBY)).answer_page(LOBBY, 1..=5, false, false);
    assert_eq!(client.model.working(), None);
    client.pass(199);
    assert_eq!(client.model.working(), None);
    assert_eq!(
        next_deadline(&client.model).map(|due| due - client.model.now.mono_ms),
        Some(1),
        "the loop wakes in time to show it"
    );
    client.pass(1);
    assert_eq!(client.model.working().as_deref(), Some("joining #Lobby …"));
    let joined = listed(LOBBY, "Lobby", RoomKind::Public, 5, Some(5));
    client.reply(|req| *req == Request::JoinRoom(LOBBY), Ok(Answer::Room(joined)));
    assert_eq!(client.model.working(), None);
}

#[test]
fn messages_from_before_the_stream_included_the_room_are_fetched() {
    let mut client = Client::online();
    client.on(Msg::Open(LOBBY)).answer_page(LOBBY, 1..=5, false, false);
    let joined = listed(LOBBY, "Lobby", RoomKind::Public, 7, Some(7));
    client.reply(|req| *req == Request::JoinRoom(LOBBY), Ok(Answer::Room(joined)));
    assert!(client.room(LOBBY).joined());
    client.answer_page(LOBBY, 6..=7, true, false);
    assert_eq!((client.room(LOBBY).timeline.last(), client.room(LOBBY).timeline.has_newer), (Some(Seq(7)), false));
}

#[test]
fn messages_that_were_edited_before_the_user_joined_are_fetched_again() {
    for page_comes_first in [true, false] {
        let mut client = Client::online();
        client.on(Msg::Open(LOBBY));
        let joined = listed(LOBBY, "Lobby", RoomKind::Public, 5, Some(5));
        if page_comes_first {
            client.answer_page(LOBBY, 1..=5, false, false);
        }
        client.reply(|req| *req == Request::JoinRoom(LOBBY), Ok(Answer::Room(joined)));
        if !page_comes_first {
            client.answer_page(LOBBY, 1..=5, false, false);
        }
        assert_eq!(client.room(LOBBY).timeline.messages.len(), 5, "what is loaded stays on the screen");
        let edited = Message { rev: 2, ..message(LOBBY, 2, BOB, "edited") };
        let mut messages: Vec<_> = (1..=5).map(|seq| message(LOBBY, seq, BOB, "hi")).collect();
        messages[1] = edited;
        let page = MessagePage { messages, has_older: false, has_newer: false, own_reactions: Vec::new() };
        client.reply(|req| matches!(req, Request::ListMessages(LOBBY, _)), Ok(Answer::Page(page)));
        assert_eq!(client.room(LOBBY).timeline.messages[1].text, "edited");
        assert_eq!(client.calls(), [], "once is enough");
    }
}

#[test]
fn a_room_created_during_a_list_request_is_not_removed_by_the_list() {
    let mut client = Client::new();
    client.start();
    client.on(Msg::Loaded(Ok(Vec::new()))).on(Msg::CreateRoom { name: "den".into(), private: false });
    let den = listed(RoomId(9), "den", RoomKind::Public, 0, Some(0));
    client.reply(|req| matches!(req, Request::CreateRoom(_)), Ok(Answer::Room(den)));
    client.list_rooms(rooms()).say("hello");
    assert_eq!((client.room(RoomId(9)).gone, client.draft()), (false, ""));
}

#[test]
fn a_failed_join_is_reported_and_can_be_retried() {
    let mut client = Client::online();
    client.on(Msg::Open(LOBBY)).reply(|req| *req == Request::JoinRoom(LOBBY), Err(unreachable()));
    assert!(client.notice().contains("connection refused"));
    client.on(Msg::Open(LOBBY));
    assert!(client.calls().iter().any(|(_, req)| *req == Request::JoinRoom(LOBBY)));
}

#[test]
fn a_join_that_was_lost_with_the_connection_is_made_when_it_is_back() {
    let is_join = |effect: &&Effect| matches!(effect, Effect::Call { req: Request::JoinRoom(LOBBY), .. });
    let joins = |client: &Client| client.effects.iter().filter(is_join).count();
    for join_fails_first in [true, false] {
        let mut client = Client::online();
        client.on(Msg::Open(LOBBY));
        if !join_fails_first {
            client.cut(unreachable());
        }
        client.reply(|req| *req == Request::JoinRoom(LOBBY), Err(unreachable()));
        if join_fails_first {
            client.cut(unreachable());
        }
        assert_eq!(joins(&client), 0, "not without a connection");
        client.pass(5_000).hello("k-2");
        assert_eq!(joins(&client), 1);
        client.reply(|req| *req == Request::JoinRoom(LOBBY), Err(refused(404, Kind::NotFound, "gone")));
        client.cut(unreachable()).pass(5_000).hello("k-3");
        assert_eq!(joins(&client), 0, "the server has answered");
    }
}

#[test]
fn a_created_room_is_opened_and_a_failed_dialog_keeps_its_fields() {
    let mut client = Client::online();
    client.act(Action::CreateRoom).on(Msg::CreateRoom { name: " den ".into(), private: true });
    client.on(Msg::CreateRoom { name: "den".into(), private: true });
    let is_create = |req: &Request| matches!(req, Request::CreateRoom(new) if new.name == "den" && new.kind == Some(RoomKind::Private));
    client.reply(is_create, Err(refused(409, Kind::NameTaken, "there is a room of this name")));
    assert!(matches!(&client.model.dialogs[..], [Dialog::CreateRoom { waiting: false, problem: Some(_), .. }]));
    client.on(Msg::CreateRoom { name: "den".into(), private: true });
    client.reply(is_create, Ok(Answer::Room(listed(RoomId(9), "den", RoomKind::Private, 0, Some(0)))));
    assert_eq!((client.model.open, client.model.dialogs.len()), (Some(RoomId(9)), 0));
}

#[test]
fn an_invalid_room_name_is_reported_without_a_request() {
    let mut client = Client::online();
    client.act(Action::CreateRoom).on(Msg::CreateRoom { name: "  ".into(), private: false });
    assert!(matches!(&client.model.dialogs[..], [Dialog::CreateRoom { problem: Some(_), .. }]));
    assert_eq!(client.calls(), []);
}

#[test]
fn the_switcher_creates_a_room_with_a_new_name() {
    let mut client = Client::online();
    client.act(Action::Switch).on(Msg::Pick(crate::update::Pick::Create("new".into())));
    assert!(client.model.dialogs.is_empty());
    assert!(client.calls().iter().any(|(_, req)| matches!(req, Request::CreateRoom(_))));
}

#[test]
fn leaving_a_private_room_asks_first_and_returns_to_the_previous_room() {
    let mut client = Client::online();
    client.on(Msg::Open(SECRET)).say("/leave");
    assert_eq!(client.model.dialogs, [Dialog::Ask(Question::Leave { room: SECRET })]);
    client.on(Msg::Answer(true)).reply(|req| *req == Request::LeaveRoom(SECRET), Ok(Answer::NoContent(())));
    assert!(!client.model.rooms.contains_key(&SECRET));
    assert_eq!(client.model.open, Some(GENERAL));
}

#[test]
fn a_public_room_that_was_left_stays_listed_among_the_others() {
    let mut client = Client::online();
    client.say("/leave").reply(|req| *req == Request::LeaveRoom(GENERAL), Ok(Answer::NoContent(())));
    assert!(!client.room(GENERAL).joined());
    assert_eq!(client.model.open, Some(OPS));
    assert_eq!(client.model.ordered().last().unwrap().info.id, LOBBY);
}

#[test]
fn leaving_a_room_is_reported_in_the_room_that_opens() {
    let mut client = Client::online();
    client.say("/leave").reply(|req| *req == Request::LeaveRoom(GENERAL), Ok(Answer::NoContent(())));
    assert_eq!((client.model.open, client.notice()), (Some(OPS), "you have left #general"));
    client.on(Msg::Open(SECRET)).say("/leave").on(Msg::Answer(true));
    client.reply(|req| *req == Request::LeaveRoom(SECRET), Ok(Answer::NoContent(())));
    assert_eq!((client.model.open, client.notice()), (Some(OPS), "you have left *secret"));
}

#[test]
fn a_room_that_is_gone_keeps_the_text_written_for_it() {
    let mut client = Client::online();
    client.on(Msg::Open(OPS)).write("precious").act(Action::LastRoom);
    client.stream(vec![RoomDeleted { room_id: OPS }.into(), RoomDeleted { room_id: SECRET }.into()]);
    assert!(client.room(OPS).gone && !client.model.rooms.contains_key(&SECRET));
    client.on(Msg::Open(OPS)).act(Action::Send);
    assert_eq!(client.draft(), "precious");
    client.write("").act(Action::NextRoom);
    assert!(!client.model.rooms.contains_key(&OPS), "no text is left in it");
}

#[test]
fn a_room_that_is_gone_stays_for_a_replaced_draft_and_for_cleared_text() {
    let leave: [fn(&mut Client); 2] = [
        |client| {
            client.on(Msg::Recall { back: true }).write(""); // an earlier input, deleted; it replaced the draft
        },
        |client| {
            client.act(Action::Interrupt);
        },
    ];
    for leave in leave {
        let mut client = Client::online();
        client.on(Msg::Open(OPS)).say("earlier").disk().acknowledge(OPS, 11).write("precious");
        client.stream(vec![RoomDeleted { room_id: OPS }.into()]);
        leave(&mut client);
        client.act(Action::NextRoom).on(Msg::Open(OPS));
        client.on(Msg::Recall { back: true });
        assert_eq!(client.draft(), "precious");
    }
}

#[test]
fn a_room_that_is_gone_is_removed_with_its_last_pending_message() {
    for discarded in [true, false] {
        let mut client = Client::online();
        client.on(Msg::Open(OPS)).say("too late").disk().act(Action::LastRoom);
        client.stream(vec![RoomDeleted { room_id: OPS }.into()]);
        assert!(client.room(OPS).gone);
        if discarded {
            client.reply(|req| matches!(req, Request::SendMessage(..)), Err(refused(404, Kind::NotFound, "gone")));
            client.act(Action::Review).on(Msg::Discard { room: OPS, txn: "p-1".into() });
        } else {
            client.acknowledge(OPS, 11);
        }
        assert!(!client.model.rooms.contains_key(&OPS));
        let kept = client.effects.iter().rev().find_map(|effect| match effect {
            Effect::Save { stored, .. } => Some(stored.outbox.len()),
            _ => None,
        });
        assert_eq!(kept, Some(0), "the save says so");
    }
}

#[test]
fn being_removed_hides_a_private_room_and_keeps_a_public_one() {
    let mut client = Client::online();
    client.stream(vec![
        MemberLeft { room_id: SECRET, user: alice(), by: None, banned: false }.into(),
        MemberLeft { room_id: OPS, user: alice(), by: None, banned: false }.into(),
        MemberLeft { room_id: GENERAL, user: UserRef { id: BOB, name: "bob".into() }, by: None, banned: false }.into(),
    ]);
    assert!(!client.model.rooms.contains_key(&SECRET));
    assert!(!client.room(OPS).joined() && client.room(GENERAL).joined());
}

#[test]
fn being_added_to_a_room_elsewhere_lists_it() {
    let mut client = Client::online();
    let den = info(RoomId(9), "den", RoomKind::Private, 0);
    client.stream(vec![MemberJoined { room: den, user: alice(), role: Role::Member, by: None }.into()]);
    assert!(client.room(RoomId(9)).joined());
}

#[test]
fn a_room_that_comes_back_has_its_earlier_inputs_and_its_notify_level() {
    let mut client = Client::online();
    client.on(Msg::Open(SECRET)).say("/mute").say("/notify").on(Msg::Open(GENERAL));
    client.stream(vec![MemberLeft { room_id: SECRET, user: alice(), by: None, banned: false }.into()]);
    assert!(!client.model.rooms.contains_key(&SECRET));
    let found = info(SECRET, "secret", RoomKind::Private, 0);
    client.stream(vec![MemberJoined { room: found, user: alice(), role: Role::Member, by: None }.into()]);
    assert_eq!(client.room(SECRET).notify, Some(Notify::None));
    client.on(Msg::Open(SECRET)).on(Msg::Recall { back: true }).on(Msg::Recall { back: true });
    assert_eq!(client.draft(), "/mute");
}

#[test]
fn of_two_copies_of_a_room_the_higher_rev_wins() {
    let mut client = Client::online();
    let newer = RoomInfo { rev: 3, ..info(OPS, "operations", RoomKind::Public, 10) };
    let older = RoomInfo { rev: 2, ..info(OPS, "op", RoomKind::Public, 4) };
    client.stream(vec![RoomUpdated { room: newer }.into(), RoomUpdated { room: older }.into()]);
    assert_eq!((&*client.room(OPS).info.name, client.room(OPS).info.last_seq), ("operations", Seq(10)));
    client.stream(vec![RoomCreated { room: info(RoomId(9), "new", RoomKind::Public, 0) }.into()]);
    assert_eq!(client.model.rooms.len(), 5);
}

#[test]
fn a_late_reply_to_a_join_keeps_the_users_own_message_read() {
    let mut client = Client::online();
    client.on(Msg::Open(LOBBY)).answer_page(LOBBY, 1..=5, false, false).say("hi").disk().acknowledge(LOBBY, 6);
    client.stream(vec![
        MemberJoined { room: info(LOBBY, "Lobby", RoomKind::Public, 5), user: alice(), role: Role::Member, by: None }
            .into(),
        MessageCreated { room_id: LOBBY, message: message(LOBBY, 6, ALICE, "hi") }.into(),
    ]);
    let joined = listed(LOBBY, "Lobby", RoomKind::Public, 5, Some(5));
    client.reply(|req| *req == Request::JoinRoom(LOBBY), Ok(Answer::Room(joined)));
    assert_eq!((client.room(LOBBY).unread(), client.room(LOBBY).timeline.messages.len()), (0, 6));
}

#[test]
fn after_joining_elsewhere_the_unread_count_comes_from_the_server() {
    let mut client = Client::online();
    let now = info(LOBBY, "Lobby", RoomKind::Public, 9);
    client.stream(vec![MemberJoined { room: now, user: alice(), role: Role::Member, by: None }.into()]);
    let listed = Listed { mentions: 2, ..listed(LOBBY, "Lobby", RoomKind::Public, 9, Some(5)) };
    client.reply(|req| *req == Request::GetRoom(LOBBY), Ok(Answer::Room(listed)));
    assert_eq!((client.room(LOBBY).unread(), client.room(LOBBY).mentions), (4, 2));
    client.hear(Message { mentions: vec![ALICE], ..message(LOBBY, 7, BOB, "@alice, replayed") });
    assert_eq!(client.room(LOBBY).mentions, 2, "the server counted them");
}

#[test]
fn a_replay_with_the_present_state_of_a_room_loses_no_mention() {
    let mut client = Client::online();
    let (room, user) = (info(OPS, "ops", RoomKind::Public, 12), UserRef { id: BOB, name: "bob".into() });
    client.stream(vec![MemberJoined { room, user, role: Role::Member, by: None }.into()]);
    client.hear(Message { mentions: vec![ALICE], ..message(OPS, 12, BOB, "@alice") });
    assert_eq!((client.room(OPS).unread(), client.room(OPS).mentions), (6, 1));
}

#[test]
fn a_room_is_not_left_while_pending_messages_would_rejoin_it() {
    let mut client = Client::online();
    client.say("unsent").disk().effects.clear();
    client.say("/leave");
    assert!(client.notice().contains("wait to be sent") && !client.effects.iter().any(is_leave));
}

fn is_leave(effect: &Effect) -> bool {
    matches!(effect, Effect::Call { req: Request::LeaveRoom(_), .. })
}

#[test]
fn leave_closes_a_room_that_is_gone_and_asks_before_it_discards_text() {
    let mut client = Client::online();
    client.on(Msg::Open(OPS)).stream(vec![RoomDeleted { room_id: OPS }.into()]).say("/leave");
    assert!(!client.model.rooms.contains_key(&OPS) && client.model.open == Some(GENERAL));
    let mut client = Client::online();
    client.on(Msg::Open(OPS)).say("too late").disk().stream(vec![RoomDeleted { room_id: OPS }.into()]);
    client.say("/leave").on(Msg::Answer(false));
    assert_eq!(client.room(OPS).refused().count(), 1);
    client.say("/leave").on(Msg::Answer(true));
    assert!(!client.model.rooms.contains_key(&OPS) && client.model.open == Some(GENERAL));
    assert!(!client.calls().iter().any(|(_, req)| matches!(req, Request::LeaveRoom(_))), "the server has no such room");
}
