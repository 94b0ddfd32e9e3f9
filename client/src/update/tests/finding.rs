//! Tests the search: every loaded message that matches, the nearest first, and the way back.

use quchat_shared::event::MessageUpdated;

use super::*;
use crate::model::{Anchor, ComponentId, Key, Seen};

/// In #general with these messages by bob, all of them seen.
fn among(texts: &[&str]) -> Client {
    let mut client = Client::online();
    let run = (1..).zip(texts).map(|(seq, text)| Arc::new(message(GENERAL, seq, BOB, text))).collect();
    let room = client.model.rooms.get_mut(&GENERAL).unwrap();
    room.timeline = Timeline { messages: run, has_older: false, has_newer: false };
    room.info.last_seq = room.timeline.last().unwrap();
    client.look();
    client
}

fn find(mut client: Client, typed: &str) -> Client {
    client.act(Action::Find).on(Msg::Sought(typed.into())).pass(5_000);
    client
}

fn at(client: &Client) -> Option<u64> {
    client.model.find.as_ref().and_then(|find| find.at).map(|seq| seq.0)
}

fn count(client: &Client) -> (usize, usize) {
    client.model.find.as_ref().unwrap().count()
}

#[test]
fn the_nearest_hit_comes_first_and_the_keys_wrap_around() {
    let mut client = find(among(&["Disk", "x", "disk full", "y", "DISKS", "z"]), "disk");
    let mut shown = vec![(at(&client), count(&client))];
    for action in [Action::FindPrevious, Action::FindPrevious, Action::FindPrevious, Action::FindNext] {
        client.act(action);
        shown.push((at(&client), count(&client)));
    }
    let stood = [(5, 3), (3, 2), (1, 1), (5, 3), (1, 1)].map(|(seq, nth)| (Some(seq), (nth, 3)));
    assert_eq!(shown, stood);
}

#[test]
fn hits_above_the_reader_come_before_hits_below() {
    let mut client = Client::online();
    at_hand(&mut client, GENERAL, 101..=300);
    let seen = seen_of(client.room(GENERAL), 150, 170, false);
    client.on(Msg::Seen(seen));
    let mut client = find(client, "hi");
    assert_eq!((at(&client), count(&client)), (Some(170), (70, 200)));
    client.act(Action::FindNext);
    assert_eq!(at(&client), Some(171));
}

#[test]
fn a_longer_text_narrows_the_search_and_a_shorter_one_widens_it() {
    let mut client = find(among(&["disk", "dish", "disk full", "x"]), "dis");
    assert_eq!((at(&client), count(&client)), (Some(3), (3, 3)));
    for (typed, seq, counted) in [
        ("disk", Some(3), (2, 2)),
        ("dish", Some(2), (1, 1)),
        ("dishes", None, (0, 0)),
        ("", None, (0, 0)),
        ("x", Some(4), (1, 1)),
    ] {
        client.on(Msg::Sought(typed.into())).pass(1_000);
        assert_eq!((at(&client), count(&client)), (seq, counted), "{typed}");
    }
}

#[test]
fn esc_restores_the_scroll_position_and_the_draft() {
    let mut client = Client::online();
    at_hand(&mut client, GENERAL, 1..=300);
    client.write("half a thought");
    let place = Anchor::At { top: Key::Seq(Seq(150)), byte: 1 };
    let seen = Seen { anchor: place.clone(), ..seen_of(client.room(GENERAL), 150, 170, false) };
    client.on(Msg::Seen(seen));
    let mut client = find(client, "hi");
    client.act(Action::FindPrevious).act(Action::PageUp).act(Action::FindNext);
    assert_eq!((focus(&client.model), client.draft()), (ComponentId::Find, "half a thought"));
    client.act(Action::Cancel);
    assert_eq!((focus(&client.model), client.draft()), (ComponentId::Composer, "half a thought"));
    assert_eq!((&client.room(GENERAL).anchor, client.room(GENERAL).scroll_rows), (&place, 0));
}

#[test]
fn a_search_without_a_hit_does_not_scroll() {
    let client = find(among(&["a", "b"]), "zebra");
    assert_eq!((at(&client), count(&client), &client.room(GENERAL).anchor), (None, (0, 0), &Anchor::End));
    let mut client = find(client, "");
    client.act(Action::FindNext).act(Action::FindPrevious);
    assert_eq!(at(&client), None);
}

#[test]
fn a_long_history_is_searched_completely_in_steps() {
    let mut client = Client::online();
    at_hand(&mut client, GENERAL, 1..=100_000);
    client.act(Action::Find).on(Msg::Sought("hi".into()));
    let first = count(&client);
    assert_eq!(at(&client), Some(100_000), "the nearest is found at once");
    assert!(first.1 < 20_000, "a key does not wait for the whole search: {first:?}");
    client.on(Msg::Sought("h".into()));
    assert!(count(&client).1 < 40_000);
    client.pass(1_000);
    assert_eq!(count(&client), (100_000, 100_000));
    client.on(Msg::Sought("hi".into())).on(Msg::Sought("hi!".into())).pass(1_000);
    assert_eq!(count(&client), (0, 0));
    assert_eq!(next_deadline(&client.model), None, "the search has ended");
}

#[test]
fn new_and_edited_messages_are_counted() {
    let mut client = find(among(&["disk", "x"]), "disk");
    client.hear(message(GENERAL, 3, BOB, "another disk"));
    assert_eq!((at(&client), count(&client)), (Some(1), (1, 2)));
    let edited = |seq, text| {
        let message = Message { rev: 2, ..message(GENERAL, seq, BOB, text) };
        vec![MessageUpdated { room_id: GENERAL, message }.into()]
    };
    client.stream(edited(2, "disk too")).stream(edited(3, "never mind"));
    assert_eq!(count(&client), (1, 2));
    client.act(Action::FindNext);
    assert_eq!(at(&client), Some(2));
}

#[test]
fn earlier_pages_are_searched_when_they_arrive() {
    let mut client = Client::online();
    at_hand(&mut client, GENERAL, 101..=150);
    let seen = seen_of(client.room(GENERAL), 101, 120, false);
    let mut client = find(client, "hi");
    client.on(Msg::Seen(seen)).answer_page(GENERAL, 51..=100, true, false).pass(1_000);
    assert_eq!(count(&client).1, 100);
}

#[test]
fn the_command_starts_with_its_text() {
    let mut client = among(&["disk", "x"]);
    client.say("/find DISK");
    assert_eq!((focus(&client.model), at(&client), client.draft()), (ComponentId::Find, Some(1), ""));
}

#[test]
fn the_current_hit_can_be_selected_and_another_room_ends_the_search() {
    let mut client = find(among(&["disk", "x"]), "disk");
    client.act(Action::Select);
    assert_eq!((focus(&client.model), client.model.selected), (ComponentId::History, Some(Seq(1))));
    let mut client = find(among(&["disk", "x"]), "disk");
    client.act(Action::NextRoom);
    assert_eq!((client.model.find.is_some(), focus(&client.model)), (false, ComponentId::Composer));
}

#[test]
fn a_search_in_an_empty_room_shows_a_notice() {
    let mut client = Client::online();
    client.on(Msg::Open(SECRET)).act(Action::Find);
    assert_eq!((focus(&client.model), client.notice()), (ComponentId::Composer, "there is no message to search in"));
}

/// In #general with messages 801 to 1,000 loaded; every hundredth says "disk".
fn far_down() -> Client {
    let mut client = Client::online();
    at_hand(&mut client, GENERAL, 801..=1_000);
    say_disk(&mut client);
    client.look();
    find(client, "disk")
}

fn say_disk(client: &mut Client) {
    for message in &mut client.model.rooms.get_mut(&GENERAL).unwrap().timeline.messages {
        if message.seq.0 % 100 == 0 {
            Arc::make_mut(message).text = "disk".into();
        }
    }
}

/// The search of the server for messages before the loaded ones.
fn further(client: &mut Client, seqs: &[u64]) {
    let hits = seqs.iter().map(|&seq| {
        let message = message(GENERAL, seq, BOB, "the DISK again");
        Hit { message, room: found_in(GENERAL), ranges: Vec::new() }
    });
    client.answer_hits(hits.collect(), None);
}

fn page_with_disks(client: &mut Client, seqs: std::ops::RangeInclusive<u64>) {
    let messages = seqs.map(|seq| message(GENERAL, seq, BOB, if seq % 100 == 0 { "disk" } else { "hi" })).collect();
    let page = MessagePage { messages, has_older: true, has_newer: true, own_reactions: Vec::new() };
    client.reply(|req| matches!(req, Request::ListMessages(..)), Ok(Answer::Page(page))).pass(100);
}

#[test]
fn above_the_first_loaded_hit_the_server_continues_and_down_returns() {
    let mut client = far_down();
    client.act(Action::FindPrevious);
    assert_eq!((at(&client), count(&client)), (Some(900), (1, 2)));
    client.act(Action::FindPrevious).act(Action::FindPrevious);
    let asked: Vec<_> = client.effects.iter().filter(|effect| matches!(effect, Effect::Call { req: Request::SearchMessages(query), .. } if query.room == Some(GENERAL) && query.q == "disk")).collect();
    assert_eq!(asked.len(), 1, "{asked:?}");
    further(&mut client, &[600, 300]);
    page_with_disks(&mut client, 551..=650);
    assert_eq!((at(&client), count(&client)), (Some(600), (1, 1)));
    client.act(Action::FindPrevious);
    page_with_disks(&mut client, 251..=350);
    assert_eq!(at(&client), Some(300), "this hit is known already");
    client.act(Action::FindNext);
    page_with_disks(&mut client, 551..=650);
    client.act(Action::FindNext);
    page_with_disks(&mut client, 851..=950);
    assert_eq!(at(&client), Some(900));
    client.act(Action::Cancel);
    assert_eq!(client.room(GENERAL).anchor, Anchor::End);
}

#[test]
fn without_an_earlier_hit_the_search_wraps_around_as_before() {
    let mut client = far_down();
    client.act(Action::FindPrevious).act(Action::FindPrevious);
    further(&mut client, &[]);
    assert_eq!(client.model.find.as_ref().unwrap().further, crate::model::Further::Nothing);
    client.act(Action::FindPrevious);
    assert_eq!(at(&client), Some(1_000));
}

#[test]
fn a_text_that_is_not_loaded_is_searched_for_further_back() {
    let mut client = Client::online();
    at_hand(&mut client, GENERAL, 801..=1_000);
    client.look();
    let mut client = find(client, "disk");
    assert_eq!((at(&client), count(&client)), (None, (0, 0)));
    client.act(Action::FindNext);
    further(&mut client, &[600]);
    page_with_disks(&mut client, 551..=650);
    assert_eq!(at(&client), Some(600));
}

#[test]
fn hits_of_an_earlier_text_are_dropped() {
    let mut client = far_down();
    client.act(Action::FindPrevious).act(Action::FindPrevious).on(Msg::Sought("di".into()));
    further(&mut client, &[600]);
    assert_eq!(client.model.find.as_ref().unwrap().further, crate::model::Further::Idle);
    assert_eq!(client.calls(), Vec::new());
}
