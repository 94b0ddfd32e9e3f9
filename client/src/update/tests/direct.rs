//! Tests direct rooms: how they are opened, named, counted and notified of.

use quchat_shared::{Kind, event::MemberJoined};

use super::*;

/// The direct room with bob.
const WITH_BOB: RoomId = RoomId(9);

fn bob() -> UserRef {
    UserRef { id: BOB, name: "bob".into() }
}

fn direct(last_seq: u64, read: u64) -> Listed {
    Listed { peer: Some(bob()), ..listed(WITH_BOB, "", RoomKind::Direct, last_seq, Some(read)) }
}

fn opens(req: &Request) -> bool {
    *req == Request::OpenDirectRoom(BOB)
}

/// Online, and the direct room with bob is listed.
fn with_direct() -> Client {
    let mut client = Client::online();
    client.say("/msg bob").reply(opens, Ok(Answer::Room(direct(0, 0)))).effects.clear();
    client
}

#[test]
fn a_message_to_a_person_opens_the_room_and_goes_through_the_outbox() {
    let mut client = Client::online();
    client.say("/msg bob see you  at 8").reply(opens, Ok(Answer::Room(direct(0, 0))));
    assert_eq!((client.model.open, client.room(WITH_BOB).name()), (Some(WITH_BOB), "bob"));
    client.disk();
    assert_eq!(sent(&mut client)[0].1, "see you  at 8");
}

#[test]
fn a_room_that_is_open_already_needs_no_request() {
    let mut client = with_direct();
    client.act(Action::LastRoom).say("/msg BOB again").disk();
    assert_eq!(client.model.open, Some(WITH_BOB));
    let calls = client.calls();
    assert!(!calls.iter().any(|(_, req)| opens(req)) && calls.iter().any(|(_, req)| is_send(req)), "{calls:?}");
}

#[test]
fn a_message_that_could_not_be_sent_comes_back_as_the_command() {
    let mut client = Client::online();
    client.say("/msg bob hello").reply(opens, Err(refused(404, Kind::NotFound, "there is no such user")));
    assert_eq!(client.draft(), "/msg bob hello");
    assert_eq!(client.notice(), "could not open the room with bob: there is no such user");
    let mut client = Client::online();
    let nobody = Ok(Answer::Users(Users { users: Vec::new(), next: None }));
    client.say("/msg nobody hello").reply(|req| matches!(req, Request::ListUsers(_)), nobody);
    assert_eq!((client.draft(), client.notice()), ("/msg nobody hello", "there is no user nobody"));
}

#[test]
fn unread_direct_messages_are_mentions_and_notify_as_such() {
    let mut client = with_direct();
    client.act(Action::LastRoom).effects.clear();
    client.hear(message(WITH_BOB, 1, BOB, "psst"));
    assert_eq!(client.room(WITH_BOB).addressed(), 1);
    assert_eq!(crate::update::title(&client.model), "(5, @1) #general · quchat");
    let note = |effect: &Effect| matches!(effect, Effect::Notify { title, .. } if title == "@bob");
    assert!(client.effects.iter().any(note), "{:?}", client.effects);
    client.act(Action::NextUnread);
    assert_eq!(client.model.open, Some(WITH_BOB), "before #ops, which is unread for longer");
}

#[test]
fn a_room_that_somebody_else_opened_is_named_after_them() {
    let mut client = Client::online();
    let room = info(WITH_BOB, "", RoomKind::Direct, 1);
    let alice = UserRef { id: ALICE, name: "alice".into() };
    client.stream(vec![MemberJoined { room, user: alice, role: Role::Member, by: None }.into()]);
    assert!(client.effects.iter().any(|effect| matches!(effect, Effect::Call { req: Request::GetRoom(WITH_BOB), .. })));
    client.hear(message(WITH_BOB, 1, BOB, "hello"));
    assert_eq!(client.room(WITH_BOB).name(), "bob", "the first message says it, too");
    client.reply(|req| *req == Request::GetRoom(WITH_BOB), Ok(Answer::Room(direct(1, 0))));
    assert_eq!((client.room(WITH_BOB).name(), client.room(WITH_BOB).unread()), ("bob", 1));
}

#[test]
fn direct_rooms_follow_the_joined_ones_in_the_order_of_the_side_bar() {
    let mut client = with_direct();
    let later = info(RoomId(12), "later", RoomKind::Public, 0);
    let alice = UserRef { id: ALICE, name: "alice".into() };
    client.stream(vec![MemberJoined { room: later, user: alice, role: Role::Member, by: None }.into()]);
    let order: Vec<_> = client.model.ordered().map(|room| room.info.id).collect();
    assert_eq!(order, [GENERAL, OPS, SECRET, RoomId(12), WITH_BOB, LOBBY]);
}

#[test]
fn a_direct_room_is_not_left() {
    let mut client = with_direct();
    client.say("/leave");
    assert_eq!((client.calls(), client.notice()), (vec![], "a direct room cannot be left; /mute mutes it"));
}
