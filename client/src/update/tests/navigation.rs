//! Tests navigation between rooms, dialogs and focus.

use super::*;
use crate::model::{ComponentId, Dialog, DialogId};

fn visits(actions: &[Action]) -> Vec<u64> {
    let mut client = Client::online();
    actions.iter().map(|&action| client.act(action).model.open.unwrap().0).collect()
}

#[test]
fn next_and_previous_wrap_around_the_joined_rooms() {
    assert_eq!(visits(&[Action::NextRoom, Action::NextRoom, Action::NextRoom, Action::PreviousRoom]), [2, 4, 1, 4]);
}

#[test]
fn numbers_count_joined_rooms_in_order() {
    assert_eq!(
        visits(&[Action::RoomNumber(3), Action::RoomNumber(2), Action::RoomNumber(4), Action::RoomNumber(0)]),
        [4, 2, 2, 2]
    );
}

#[test]
fn the_last_room_key_toggles_between_two_rooms() {
    assert_eq!(visits(&[Action::LastRoom, Action::RoomNumber(3), Action::LastRoom, Action::LastRoom]), [1, 4, 1, 4]);
}

#[test]
fn next_unread_prefers_rooms_with_mentions() {
    let mut client = Client::online();
    client.hear(Message { mentions: vec![ALICE], ..message(SECRET, 1, BOB, "@alice") }).act(Action::NextUnread);
    assert_eq!(client.model.open, Some(SECRET));
    client.act(Action::NextUnread);
    assert_eq!(client.model.open, Some(OPS));
}

/// The rooms that this many presses of "next unread" open.
fn round(client: &mut Client, presses: usize) -> Vec<u64> {
    (0..presses).map(|_| client.act(Action::NextUnread).pass(400).model.open.unwrap().0).collect()
}

/// Five joined rooms. Room 1 is open; the others have one unread message each, which arrived in this order.
fn unread(order: [u64; 4]) -> Client {
    let mut client = Client::new();
    client.start();
    client.on(Msg::Loaded(Ok(Vec::new())));
    let room = |id| listed(RoomId(id), &format!("room {id}"), RoomKind::Public, 1, Some(1));
    client.list_rooms((1..=5).map(room).collect()).hello("k-1");
    for id in order {
        client.hear(message(RoomId(id), 2, BOB, "x"));
    }
    client
}

#[test]
fn next_unread_visits_each_room_once_per_round_the_longest_unread_first() {
    assert_eq!(round(&mut unread([4, 2, 5, 3]), 9), [4, 2, 5, 3, 4, 2, 5, 3, 4]);
}

#[test]
fn rooms_listed_as_unread_come_in_the_order_of_the_side_bar() {
    let mut client = Client::new();
    client.start();
    client.on(Msg::Loaded(Ok(Vec::new())));
    let room = |(id, read)| listed(RoomId(id), &format!("room {id}"), RoomKind::Public, 5, Some(read));
    client.list_rooms([(1, 5), (2, 4), (3, 5), (4, 1), (5, 0)].map(room).into()).hello("k-1");
    client.hear(message(RoomId(3), 6, BOB, "later than what was listed"));
    assert_eq!(round(&mut client, 5), [2, 4, 5, 3, 2]);
}

#[test]
fn rooms_with_mentions_come_first_and_once_per_round() {
    let mut client = unread([4, 2, 5, 3]);
    client.hear(Message { mentions: vec![ALICE], ..message(RoomId(5), 3, BOB, "@alice") });
    assert_eq!(round(&mut client, 6), [5, 4, 2, 3, 5, 4]);
    client.hear(Message { mentions: vec![ALICE], ..message(RoomId(3), 3, BOB, "@alice") });
    assert_eq!(round(&mut client, 2), [3, 2], "in the middle of a round");
}

#[test]
fn busy_rooms_do_not_hide_a_quiet_one() {
    let mut client = unread([2, 3, 4, 5]);
    let mut seq = 2;
    let mut visited = Vec::new();
    for _ in 0..4 {
        seq += 1;
        client.hear(message(RoomId(2), seq, BOB, "x")).hear(message(RoomId(3), seq, BOB, "x"));
        visited.extend(round(&mut client, 1));
    }
    assert_eq!(visited, [2, 3, 4, 5]);
}

#[test]
fn a_room_opened_otherwise_counts_as_visited_and_a_read_one_is_skipped() {
    let mut client = unread([2, 3, 4, 5]);
    assert_eq!(round(&mut client, 1), [2]);
    client.act(Action::RoomNumber(4)).act(Action::ToBottom);
    assert_eq!(round(&mut client, 5), [3, 5, 2, 3, 5]);
}

#[test]
fn a_room_read_in_this_round_and_unread_again_comes_last() {
    let mut client = unread([2, 3, 4, 5]);
    assert_eq!(round(&mut client, 1), [2]);
    client.act(Action::ToBottom).act(Action::RoomNumber(1)).hear(message(RoomId(2), 3, BOB, "again"));
    assert_eq!(round(&mut client, 5), [3, 4, 5, 2, 3]);
}

#[test]
fn a_room_opened_while_read_does_not_count_as_visited_later() {
    let mut client = unread([3, 4, 5, 2]);
    client.act(Action::RoomNumber(2)).act(Action::ToBottom).act(Action::RoomNumber(1)); // 2 is read now
    client.act(Action::RoomNumber(2)).act(Action::RoomNumber(1)); // opened without unread messages
    client.hear(Message { mentions: vec![ALICE], ..message(RoomId(2), 3, BOB, "@alice") });
    assert_eq!(round(&mut client, 2), [2, 3]);
}

#[test]
fn only_opening_a_room_on_purpose_joins_it() {
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
fn dialogs_are_modal_and_open_only_once() {
    let mut client = Client::online();
    client.act(Action::Switch).act(Action::Switch).act(Action::NextRoom).act(Action::Send).act(Action::CreateRoom);
    assert_eq!((&client.model.dialogs[..], client.model.open), (&[Dialog::Switcher][..], Some(GENERAL)));
    client.act(Action::Help);
    assert_eq!(focus(&client.model), ComponentId::Dialog(DialogId::Help));
    client.act(Action::Cancel).act(Action::Cancel);
    assert_eq!(focus(&client.model), ComponentId::Composer);
}

#[test]
fn esc_leaves_the_side_bar_and_never_touches_the_draft() {
    let mut client = Client::online();
    client.write("draft").act(Action::FocusRooms).act(Action::Cancel).act(Action::Cancel);
    assert_eq!((focus(&client.model), client.draft()), (ComponentId::Composer, "draft"));
}

#[test]
fn ctrl_k_declined_by_the_composer_opens_the_switcher() {
    assert_eq!(focus(&Client::online().act(Action::KillOrSwitch).model), ComponentId::Dialog(DialogId::Switcher));
}

#[test]
fn without_rooms_the_side_bar_has_the_focus_and_the_switcher_opens() {
    let mut client = Client::new();
    client.start();
    client.list_rooms(Vec::new());
    assert_eq!(focus(&client.model), ComponentId::Rooms);
    client.act(Action::Switch);
    assert_eq!(focus(&client.model), ComponentId::Dialog(DialogId::Switcher));
}

#[test]
fn a_visit_counts_for_recent_first() {
    let mut client = Client::online();
    client.act(Action::NextRoom);
    assert!(client.room(OPS).visited > client.room(GENERAL).visited && client.room(LOBBY).visited == 0);
}

#[test]
fn before_sign_in_only_help_and_quitting_work() {
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
    assert_eq!((focus(&client.model), client.effects.len()), (ComponentId::SignIn, 0));
    assert_eq!(focus(&client.act(Action::Help).model), ComponentId::Dialog(DialogId::Help));
    assert_eq!(client.act(Action::Quit).effects, [Effect::Exit(0)]);
}

/// The visits that were saved last.
fn remembered(client: &Client) -> Vec<RoomId> {
    let told = client.effects.iter().rev().find_map(|effect| match effect {
        Effect::RememberVisits(visits) => Some(visits.iter().map(|visit| visit.info.id).collect()),
        _ => None,
    });
    told.unwrap_or_default()
}

#[test]
fn visits_are_saved_latest_first() {
    let mut client = Client::online();
    client.on(Msg::Open(OPS)).on(Msg::Open(SECRET)).act(Action::LastRoom);
    assert_eq!(remembered(&client), [OPS, SECRET, GENERAL]);
    client.effects.clear();
    client.on(Msg::Open(OPS));
    assert_eq!(remembered(&client), [], "the room is open already");
}

#[test]
fn the_last_open_room_is_opened_at_start_in_any_order_of_replies() {
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
            assert_eq!(client.model.open, None, "the disk has not reported the visits yet");
            for msg in kept {
                client.on(msg);
            }
        }
        assert_eq!(client.model.open, Some(OPS), "the first two are not joined");
        assert_eq!(remembered(&client), [OPS, LOBBY, GENERAL]);
    }
}

#[test]
fn without_stored_visits_the_first_joined_room_is_opened() {
    let mut client = Client::new();
    client.start();
    client.list_rooms(rooms()).on(Msg::Loaded(Err(crate::update::NotKept::Elsewhere)));
    assert_eq!((client.model.open, remembered(&client)), (Some(GENERAL), vec![]));
}
