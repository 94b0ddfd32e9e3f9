//! Tests a start while no server answers: the stored rooms, and what happens to them when it does.

use quchat_shared::event::{MemberJoined, RoomUpdated};

use super::*;
use crate::model::{ComponentId, Dialog, Fetch, Link, StoredMessage};

/// Just started, in #ops; listing the rooms has failed. A message and a draft are stored for #ops.
fn cut_off() -> Client {
    let mut client = Client::new();
    client.start();
    let kept = StoredMessage {
        txn: "old-1".into(),
        text: "unsent".into(),
        reply_to: None,
        written_ms: 0,
        edit: None,
        changed: false,
        refused: None,
    };
    let visits = vec![visit(OPS, "ops", true), visit(GENERAL, "common room", true), visit(LOBBY, "Lobby", false)];
    client.on(Msg::Visited(visits)).on(Msg::Loaded(Ok(vec![Stored {
        draft: "half a thought".into(),
        outbox: vec![kept],
        ..Stored::new(OPS)
    }])));
    client.reply(|req| *req == Request::ListRooms, Err(unreachable()));
    client
}

/// The next attempt reaches the server.
fn answered(client: &mut Client, rooms: Vec<Listed>) {
    client.pass(2_000).list_rooms(rooms).hello("k-1");
}

fn texts(client: &Client, id: RoomId) -> Vec<&str> {
    client.room(id).outbox.iter().map(|pending| &*pending.text).collect()
}

/// The visits that were saved last: names, and whether alice is a member.
fn remembered(client: &Client) -> Vec<(&str, bool)> {
    let told = client.effects.iter().rev().find_map(|effect| match effect {
        Effect::RememberVisits(visits) => Some(visits),
        _ => None,
    });
    told.unwrap().iter().map(|visit| (&*visit.info.name, visit.joined)).collect()
}

#[test]
fn the_last_open_room_is_restored_with_its_draft_and_unsent_messages() {
    let mut client = cut_off();
    assert_eq!(
        (client.model.open, focus(&client.model), client.draft()),
        (Some(OPS), ComponentId::Composer, "half a thought")
    );
    assert_eq!(texts(&client, OPS), ["unsent"]);
    assert_eq!(client.model.ordered().map(|room| room.info.id).collect::<Vec<_>>(), [GENERAL, OPS, LOBBY]);
    assert!(
        client.model.rooms.values().all(|room| room.unread() == 0 && !room.shows_activity()),
        "unread counts are unknown"
    );
    assert!(matches!(client.model.link, Link::Reconnecting { .. }));
    assert_eq!(client.calls(), [], "nothing else is requested before the server has answered");
}

#[test]
fn messages_written_before_the_server_answers_are_sent_once_and_in_order() {
    let mut client = cut_off();
    client.say("first").disk().write("second");
    assert_eq!(texts(&client, OPS), ["unsent", "first"]);
    client.pass(300);
    let saved = client.effects.iter().any(|effect| match effect {
        Effect::Save { stored, .. } => &*stored.draft == "second" && stored.outbox.len() == 2,
        _ => false,
    });
    assert!(saved, "{:?}", client.effects);
    client.disk().act(Action::Send).disk();
    assert_eq!(sent(&mut client), [], "not before the rooms are listed");
    answered(&mut client, rooms());
    let mut told = Vec::new();
    for seq in 11..=13 {
        told.extend(client.effects.iter().filter_map(|effect| match effect {
            Effect::Call { req: Request::SendMessage(_, new), .. } => Some(new.text.clone()),
            _ => None,
        }));
        client.acknowledge(OPS, seq);
    }
    assert_eq!(told, ["unsent", "first", "second"]);
    assert_eq!((sent(&mut client), client.model.unsent(), client.draft()), (vec![], 0, ""));
}

#[test]
fn the_list_of_rooms_replaces_the_stored_rooms() {
    let mut client = cut_off();
    answered(&mut client, rooms());
    assert_eq!(client.model.open, Some(OPS));
    assert_eq!(&*client.room(GENERAL).info.name, "general");
    assert_eq!((client.room(OPS).unread(), client.room(OPS).new_after), (4, Some(Seq(6))), "as if it was just opened");
    assert!(!client.room(LOBBY).shows_activity(), "nothing has happened there since");
    assert!(matches!(client.room(OPS).fetch, Fetch::Loading { .. }));
    client.answer_page(OPS, 1..=10, false, false);
    assert_eq!(client.room(OPS).timeline.messages.len(), 10);
    assert_eq!(client.model.rooms.len(), rooms().len());
}

#[test]
fn a_room_that_is_gone_keeps_its_unsent_messages() {
    let mut client = cut_off();
    let others = || rooms().into_iter().filter(|listed| listed.info.id != OPS).collect();
    answered(&mut client, others());
    assert_eq!((client.model.open, client.draft()), (Some(OPS), "half a thought"));
    assert!(client.room(OPS).gone && client.notice().contains("gone"));
    client.reply(is_send, Err(refused(404, Kind::NotFound, "there is no such room")));
    assert!(matches!(client.states(OPS)[..], [SendState::Refused(_)]), "to be taken back or discarded");
}

#[test]
fn if_the_open_room_is_gone_and_empty_the_next_one_opens() {
    let mut client = Client::new();
    client.start();
    let visits = vec![visit(RoomId(9), "attic", true), visit(RoomId(8), "shed", true), visit(OPS, "ops", true)];
    client.on(Msg::Visited(visits)).on(Msg::Loaded(Ok(Vec::new())));
    assert_eq!(client.model.open, Some(RoomId(9)));
    client.list_rooms(rooms());
    assert_eq!((client.model.open, client.notice()), (Some(OPS), "#attic is gone"));
    assert_eq!(client.model.rooms.len(), rooms().len());
}

#[test]
fn stored_visits_do_not_replace_listed_rooms() {
    let mut client = Client::new();
    client.start();
    client.list_rooms(rooms());
    client.on(Msg::Visited(vec![visit(RoomId(9), "attic", true), visit(OPS, "as it was", true)]));
    client.on(Msg::Loaded(Ok(Vec::new())));
    assert_eq!((client.model.open, client.model.rooms.len()), (Some(OPS), rooms().len()));
    assert_eq!(&*client.room(OPS).info.name, "ops");
}

#[test]
fn new_names_and_memberships_are_saved() {
    let mut client = Client::online();
    client.on(Msg::Open(LOBBY));
    assert_eq!(remembered(&client), [("Lobby", false), ("general", true)]);
    let user = UserRef { id: ALICE, name: "alice".into() };
    let room = info(LOBBY, "Lobby", RoomKind::Public, 5);
    client.stream(vec![MemberJoined { room, user, role: Role::Member, by: None }.into()]);
    assert_eq!(remembered(&client), [("Lobby", true), ("general", true)]);
    let room = RoomInfo { rev: 2, ..info(GENERAL, "common room", RoomKind::Public, 3) };
    client.stream(vec![RoomUpdated { room }.into()]);
    assert_eq!(remembered(&client), [("Lobby", true), ("common room", true)]);
    client.effects.clear();
    client.hear(message(GENERAL, 4, BOB, "hi"));
    assert!(
        client.effects.iter().all(|effect| !matches!(effect, Effect::RememberVisits(_))),
        "messages alone save nothing"
    );
}

#[test]
fn a_room_name_is_not_reported_as_unknown_before_the_rooms_are_listed() {
    let mut client = cut_off();
    client.write("/join den").act(Action::Send);
    assert!(client.notice().contains("as soon as the server answers"), "{}", client.notice());
    assert_eq!(client.draft(), "/join den");
}

#[test]
fn after_a_restart_unsent_text_of_a_room_that_is_gone_can_be_read() {
    let refused = StoredMessage {
        txn: "old-1".into(),
        text: "but I only".into(),
        reply_to: None,
        written_ms: 0,
        edit: None,
        changed: false,
        refused: Some("bob removed you from den".into()),
    };
    let stored = Stored { outbox: vec![refused], ..Stored::new(RoomId(9)) };
    for order in [["visits", "disk", "list"], ["visits", "list", "disk"], ["list", "visits", "disk"]] {
        let mut client = Client::new();
        client.start();
        for step in order {
            match step {
                "visits" => client.on(Msg::Visited(vec![visit(OPS, "ops", true), visit(RoomId(9), "den", true)])),
                "disk" => client.on(Msg::Loaded(Ok(vec![stored.clone()]))),
                _ => client.list_rooms(rooms()),
            };
        }
        client.hello("k-1");
        let den = client.room(RoomId(9));
        assert_eq!((den.gone, den.name(), texts(&client, RoomId(9))), (true, "den", vec!["but I only"]), "{order:?}");
        assert_eq!(remembered(&client).last(), Some(&("den", false)), "it is there after the next start, too");
        client.act(Action::Review);
        assert!(matches!(client.model.dialogs.last(), Some(Dialog::Review { room: RoomId(9), .. })), "{order:?}");
        assert_eq!(client.calls().iter().filter(|(_, req)| matches!(req, Request::SendMessage(..))).count(), 0);
    }
}
