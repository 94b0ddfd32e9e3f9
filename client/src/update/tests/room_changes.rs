//! Tests changes of a room: name, topic, archived, deleted, and the notify level.

use quchat_shared::{
    Kind,
    api::{NewNotify, RoomChange},
    event::{RoomUpdated, SettingsUpdated},
};

use super::*;
use crate::model::{ComponentId, DialogId};

fn changed(change: impl FnOnce(&mut RoomInfo)) -> RoomInfo {
    let mut room = RoomInfo { rev: 2, ..info(GENERAL, "general", RoomKind::Public, 3) };
    change(&mut room);
    room
}

#[test]
fn a_change_says_what_is_so_now() {
    type Change = fn(&mut RoomInfo);
    let cases: [(&str, Change, &str); 4] = [
        ("/rename #den", |room| room.name = "den".into(), "the room is called #den now"),
        ("/topic the quiet room", |room| room.topic = "the quiet room".into(), "the topic of #general is set"),
        ("/topic -", |_| {}, "#general has no topic now"),
        ("/archive", |room| room.archived = true, "#general is archived; /archive opens it again"),
    ];
    for (line, change, said) in cases {
        let mut client = Client::online();
        let room = Listed { info: changed(change), ..listed(GENERAL, "", RoomKind::Public, 3, Some(3)) };
        client.say(line).on(Msg::Answer(true)); // to the question, if there is one
        client.reply(|req| matches!(req, Request::UpdateRoom(..)), Ok(Answer::Room(room)));
        assert_eq!((client.notice(), client.draft()), (said, ""));
    }
}

#[test]
fn a_refused_change_shows_the_servers_sentence_and_up_brings_the_command_back() {
    let mut client = Client::online();
    client.say("/rename ops").reply(|_| true, Err(refused(409, Kind::NameTaken, "there is a public room ops already")));
    assert_eq!(client.notice(), "could not change #general: there is a public room ops already");
    client.on(Msg::Recall { back: true });
    assert_eq!(client.draft(), "/rename ops");
}

#[test]
fn archiving_asks_first_and_opening_again_does_not() {
    let mut client = Client::online();
    client.say("/archive");
    assert_eq!((focus(&client.model), client.calls()), (ComponentId::Dialog(DialogId::Ask), vec![]));
    client.on(Msg::Answer(false));
    assert_eq!(client.calls(), []);
    client.say("/archive").on(Msg::Answer(true));
    let archive = RoomChange { archived: Some(true), ..RoomChange::default() };
    assert_eq!(client.calls().pop().map(|(_, req)| req), Some(Request::UpdateRoom(GENERAL, archive)));
}

#[test]
fn archive_opens_an_archived_room_again_and_its_draft_stays() {
    let mut client = Client::online();
    client.write("one more thing").stream(vec![RoomUpdated { room: changed(|room| room.archived = true) }.into()]);
    assert_eq!(client.notice(), "#general is archived now: nobody can write here");
    client.act(Action::Send);
    assert_eq!(client.draft(), "one more thing");
    client.say("/archive");
    let open = RoomChange { archived: Some(false), ..RoomChange::default() };
    assert_eq!(client.calls().pop().map(|(_, req)| req), Some(Request::UpdateRoom(GENERAL, open)));
}

#[test]
fn changes_by_others_appear_at_once() {
    let mut client = Client::online();
    client.stream(vec![RoomUpdated { room: changed(|room| room.name = "den".into()) }.into()]);
    assert_eq!((client.notice(), client.room(GENERAL).name()), ("#general is called #den now", "den"));
    client.stream(vec![RoomUpdated { room: changed(|room| room.rev = 1) }.into()]);
    assert_eq!(client.room(GENERAL).name(), "den", "an older copy changes nothing");
}

#[test]
fn deleting_a_room_asks_first_and_leads_to_another_room() {
    let mut client = Client::online();
    client.say("/delete-room");
    assert_eq!((focus(&client.model), client.calls()), (ComponentId::Dialog(DialogId::Ask), vec![]));
    client.on(Msg::Answer(true)).reply(|req| *req == Request::DeleteRoom(GENERAL), Ok(Answer::NoContent(())));
    assert_eq!(client.notice(), "#general is deleted");
    assert!(client.model.open != Some(GENERAL) && !client.model.rooms.contains_key(&GENERAL));
}

#[test]
fn the_notify_level_is_set_on_the_server_and_kept_here_until_it_has_it() {
    let sets = |req: &Request| matches!(req, Request::SetNotify(GENERAL, NewNotify { notify: Notify::All }));
    let mut client = Client::online();
    client.say("/notify all").reply(sets, Err(unreachable()));
    assert_eq!((client.room(GENERAL).level(), client.room(GENERAL).notify), (Notify::All, Some(Notify::All)));
    client.cut(unreachable()).pass(5_000).hello("k-2");
    client.reply(sets, Ok(Answer::NoContent(())));
    assert_eq!((client.room(GENERAL).level(), client.room(GENERAL).notify), (Notify::All, None));
}

#[test]
fn another_client_of_the_user_sets_the_level_here_too() {
    let mut client = Client::online();
    client.stream(vec![SettingsUpdated { room_id: GENERAL, notify: Notify::None }.into()]);
    assert_eq!(client.room(GENERAL).level(), Notify::None);
}
