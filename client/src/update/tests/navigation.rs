//! From room to room, dialogs and focus.

use super::*;
use crate::model::{Dialog, DialogId, Id};

fn visits(actions: &[Action]) -> Vec<u64> {
    let mut client = Client::online();
    actions.iter().map(|&action| client.act(action).model.open.unwrap().0).collect()
}

#[test]
fn next_and_previous_go_around_the_joined_rooms() {
    assert_eq!(visits(&[Action::NextRoom, Action::NextRoom, Action::NextRoom, Action::PreviousRoom]), [2, 4, 1, 4]);
}

#[test]
fn numbers_name_joined_rooms_in_their_order() {
    assert_eq!(
        visits(&[Action::RoomNumber(3), Action::RoomNumber(2), Action::RoomNumber(4), Action::RoomNumber(0)]),
        [4, 2, 2, 2]
    );
}

#[test]
fn the_last_room_goes_back_and_forth() {
    assert_eq!(visits(&[Action::LastRoom, Action::RoomNumber(3), Action::LastRoom, Action::LastRoom]), [1, 4, 1, 4]);
}

#[test]
fn next_unread_prefers_the_rooms_that_name_one() {
    let mut client = Client::online();
    client.hear(Message { mentions: vec![ALICE], ..message(SECRET, 1, BOB, "@alice") }).act(Action::NextUnread);
    assert_eq!(client.model.open, Some(SECRET));
    client.act(Action::NextUnread);
    assert_eq!(client.model.open, Some(OPS));
}

#[test]
fn nothing_but_a_purpose_joins_a_room() {
    let mut client = Client::online();
    for action in [Action::NextRoom, Action::PreviousRoom, Action::NextUnread, Action::LastRoom, Action::RoomNumber(4)]
    {
        for _ in 0..6 {
            client.act(action);
        }
    }
    assert!(client.calls().iter().all(|(_, req)| !matches!(req, Request::JoinRoom(_))));
    assert_ne!(client.model.open, Some(LOBBY));
}

#[test]
fn a_dialog_is_modal_and_each_opens_once() {
    let mut client = Client::online();
    client.act(Action::Switch).act(Action::Switch).act(Action::NextRoom).act(Action::Send).act(Action::CreateRoom);
    assert_eq!((&client.model.dialogs[..], client.model.open), (&[Dialog::Switcher][..], Some(GENERAL)));
    client.act(Action::Help);
    assert_eq!(focus(&client.model), Id::Dialog(DialogId::Help));
    client.act(Action::Cancel).act(Action::Cancel);
    assert_eq!(focus(&client.model), Id::Composer);
}

#[test]
fn esc_leaves_the_side_bar_and_never_touches_the_draft() {
    let mut client = Client::online();
    client.write("draft").act(Action::FocusRooms).act(Action::Cancel).act(Action::Cancel);
    assert_eq!((focus(&client.model), client.draft()), (Id::Composer, "draft"));
}

#[test]
fn what_the_composer_declines_opens_the_switcher() {
    assert_eq!(focus(&Client::online().act(Action::KillOrSwitch).model), Id::Dialog(DialogId::Switcher));
}

#[test]
fn without_rooms_the_keys_are_in_the_side_bar_and_the_switcher_opens() {
    let mut client = Client::new();
    client.start();
    client.list_rooms(Vec::new());
    assert_eq!(focus(&client.model), Id::Rooms);
    client.act(Action::Switch);
    assert_eq!(focus(&client.model), Id::Dialog(DialogId::Switcher));
}

#[test]
fn a_visit_is_remembered_for_recent_first() {
    let mut client = Client::online();
    client.act(Action::NextRoom);
    assert!(client.room(OPS).visited > client.room(GENERAL).visited && client.room(LOBBY).visited == 0);
}

#[test]
fn before_sign_in_only_help_and_the_way_out_mean_anything() {
    let mut client = Client::new();
    for action in [
        Action::Send,
        Action::Switch,
        Action::NextRoom,
        Action::CreateRoom,
        Action::FocusRooms,
        Action::SignOut,
        Action::ToNew,
    ] {
        client.act(action);
    }
    assert_eq!((focus(&client.model), client.effects.len()), (Id::SignIn, 0));
    assert_eq!(focus(&client.act(Action::Help).model), Id::Dialog(DialogId::Help));
    assert_eq!(client.act(Action::Quit).effects, [Effect::Exit(0)]);
}

/// The visits the disk was told last.
fn remembered(client: &Client) -> Vec<RoomId> {
    let told = client.effects.iter().rev().find_map(|effect| match effect {
        Effect::RememberVisits(visits) => Some(visits.iter().map(|visit| visit.info.id).collect()),
        _ => None,
    });
    told.unwrap_or_default()
}

#[test]
fn each_visit_is_remembered_the_latest_first() {
    let mut client = Client::online();
    client.on(Msg::Open(OPS)).on(Msg::Open(SECRET)).act(Action::LastRoom);
    assert_eq!(remembered(&client), [OPS, SECRET, GENERAL]);
    client.effects.clear();
    client.on(Msg::Open(OPS));
    assert_eq!(remembered(&client), [], "one is there already");
}

#[test]
fn the_room_that_was_open_last_is_opened_at_start_whatever_comes_first() {
    for disk_first in [true, false] {
        let mut client = Client::new();
        client.start();
        let rooms_visited = [(RoomId(99), false), (LOBBY, false), (OPS, true), (GENERAL, true)];
        let visits = rooms_visited.map(|(id, joined)| visit(id, "as it was", joined)).into();
        let kept = [Msg::Visited(visits), Msg::Loaded(Ok(Vec::new()))];
        if disk_first {
            for msg in kept {
                client.on(msg);
            }
            client.list_rooms(rooms());
        } else {
            client.list_rooms(rooms());
            assert_eq!(client.model.open, None, "the disk has not said which one");
            for msg in kept {
                client.on(msg);
            }
        }
        assert_eq!(client.model.open, Some(OPS), "the first two are not joined");
        assert_eq!(remembered(&client), [OPS, LOBBY, GENERAL]);
    }
}

#[test]
fn where_nothing_is_remembered_the_first_joined_room_is_opened() {
    let mut client = Client::new();
    client.start();
    client.list_rooms(rooms()).on(Msg::Loaded(Err(crate::update::NotKept::Elsewhere)));
    assert_eq!((client.model.open, remembered(&client)), (Some(GENERAL), vec![]));
}
