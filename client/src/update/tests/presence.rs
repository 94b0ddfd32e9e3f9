//! Tests presence and typing.

use quchat_shared::{
    api::{Members, Users},
    event::{Presence, Typing},
    query::ListUsers,
    room::Member,
};

use super::*;

const CAROL: UserId = UserId(3);
const WITH_BOB: RoomId = RoomId(9);

fn member(id: UserId, name: &str, online: bool) -> Member {
    let at = Timestamp::from_millis(0);
    let user = User { id, name: name.into(), role: ServerRole::Member, created_at: at, online, suspended: false };
    Member { user, role: Role::Member, joined_at: at }
}

/// #general is open, and the client has asked who is there.
fn looking_round() -> Client {
    let mut client = Client::online();
    client.keeps_asides = true;
    client.act(Action::NextRoom).act(Action::PreviousRoom).pass(1_000);
    client
}

fn answer(client: &mut Client, members: Vec<Member>, next: Option<String>) {
    let (call, req) = client.asides.pop().unwrap();
    assert!(matches!(req, Request::ListMembers(GENERAL, _)), "{req:?}");
    client.on(Msg::Done { call, reply: Ok(Answer::Members(Members { members, next })) });
}

fn presence(online: &[UserId], offline: &[UserId]) -> Vec<Event> {
    vec![Presence { room_id: GENERAL, online: online.to_vec(), offline: offline.to_vec() }.into()]
}

fn typing(user_id: UserId) -> Vec<Event> {
    vec![Typing { room_id: GENERAL, user_id }.into()]
}

#[test]
fn rooms_that_are_passed_through_are_not_asked_about() {
    let mut client = looking_round();
    assert_eq!(client.asides.len(), 1, "of three rooms opened, only the one that stayed open: {:?}", client.asides);
    answer(&mut client, vec![member(ALICE, "alice", true), member(BOB, "bob", false)], None);
    assert_eq!(client.room(GENERAL).participants.online(), Some(1));
    client.pass(60_000);
    assert_eq!(client.asides, []);
}

#[test]
fn presence_follows_events_and_is_asked_for_again_after_a_loss() {
    let mut client = looking_round();
    answer(&mut client, vec![member(ALICE, "alice", true), member(BOB, "bob", false)], None);
    client.stream(presence(&[BOB], &[]));
    assert_eq!(client.room(GENERAL).participants.online(), Some(2));
    client.stream(presence(&[], &[BOB, ALICE]));
    assert_eq!(client.room(GENERAL).participants.online(), Some(0));
    client.cut(unreachable()).pass(5_000).hello("k-2");
    assert_eq!(client.room(GENERAL).participants.online(), None);
    client.pass(1_000);
    assert_eq!(client.asides.iter().filter(|(_, req)| matches!(req, Request::ListMembers(..))).count(), 1);
}

#[test]
fn a_large_room_has_no_presence() {
    let mut client = looking_round();
    answer(&mut client, vec![member(ALICE, "alice", true)], Some("more".into()));
    client.stream(presence(&[BOB], &[]));
    assert_eq!(client.room(GENERAL).participants.online(), None);
}

#[test]
fn direct_rooms_show_presence_from_the_start() {
    let mut client = Client::new();
    client.keeps_asides = true;
    client.start();
    client.on(Msg::Loaded(Ok(Vec::new())));
    let peer = Some(UserRef { id: BOB, name: "bob".into() });
    let direct = Listed { peer, ..listed(WITH_BOB, "", RoomKind::Direct, 0, Some(0)) };
    client.list_rooms(rooms().into_iter().chain([direct]).collect()).hello("k-1");
    let (call, req) = client.asides.pop().unwrap();
    assert_eq!(req, Request::ListUsers(ListUsers { ids: Some(vec![BOB]), limit: Some(200), ..ListUsers::default() }));
    let users = vec![member(BOB, "bob", true).user];
    client.on(Msg::Done { call, reply: Ok(Answer::Users(Users { users, next: None })) });
    assert!(client.room(WITH_BOB).participants.is_online(BOB));
    client.stream(vec![Presence { room_id: WITH_BOB, online: Vec::new(), offline: vec![BOB] }.into()]);
    assert!(!client.room(WITH_BOB).participants.is_online(BOB));
}

#[test]
fn typing_is_shown_for_six_seconds_or_until_the_message() {
    let mut client = Client::online();
    let shown = |client: &Client| client.room(GENERAL).participants.typing();
    client.stream(typing(BOB)).pass(5_999);
    assert_eq!(shown(&client).as_deref(), Some("bob is typing…"));
    client.pass(1);
    assert_eq!(shown(&client), None);
    client.stream(typing(BOB)).stream(typing(CAROL));
    assert_eq!(shown(&client).as_deref(), Some("bob and someone are typing…"));
    client.hear(message(GENERAL, 4, BOB, "x"));
    assert_eq!(shown(&client).as_deref(), Some("someone is typing…"));
    client.stream(typing(ALICE));
    assert_eq!(shown(&client).as_deref(), Some("someone is typing…"), "not the user");
}

/// How often others were told that the user is typing.
fn told(client: &mut Client) -> usize {
    std::mem::take(&mut client.asides).iter().filter(|(_, req)| matches!(req, Request::NotifyTyping(GENERAL))).count()
}

#[test]
fn others_are_told_at_most_every_three_seconds_that_a_message_is_typed() {
    let mut client = Client::online();
    client.keeps_asides = true;
    client.write("h");
    assert_eq!(told(&mut client), 0, "one key may be a slip");
    for tenth in 0..100 {
        client.pass(100).write(&"h".repeat(tenth + 2));
    }
    assert_eq!(told(&mut client), 4, "10 s of typing");
}

#[test]
fn nobody_is_told_of_a_command_or_where_nothing_can_be_written() {
    let mut client = Client::online();
    client.keeps_asides = true;
    let typed = |client: &mut Client, text: &str| {
        for end in 1..=text.len() {
            client.write(&text[..end]).pass(500);
        }
        told(client)
    };
    assert_eq!(typed(&mut client, "/kick bob for good"), 0);
    client.model.rooms.get_mut(&GENERAL).unwrap().info.archived = true;
    assert_eq!(typed(&mut client, "nobody can read this"), 0);
    client.model.rooms.get_mut(&GENERAL).unwrap().info.archived = false;
    client.cut(unreachable());
    assert_eq!(typed(&mut client, "no"), 0);
    assert!(typed(&mut client, "a message") == 0 || client.model.link == crate::model::Link::Connected);
}

#[test]
fn nobody_is_told_of_an_edit_and_everybody_of_the_draft_after_it() {
    let mut client = Client::online();
    client.keeps_asides = true;
    client.hear(message(GENERAL, 4, ALICE, "teh plan")).write("half a thought").act(Action::Edit);
    told(&mut client);
    for text in ["th plan", "t plan", "the plan"] {
        client.pass(4_000).write(text).pass(400).write(&format!("{text}!"));
    }
    assert_eq!(told(&mut client), 0);
    client.act(Action::Cancel).write("half a thought,").pass(400).write("half a thought, and");
    assert_eq!(told(&mut client), 1);
}
