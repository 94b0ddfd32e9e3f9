//! Tests that a page which was requested before the user moved does not move the view again.

use std::ops::RangeInclusive;

use quchat_shared::{
    event::{Reset, ResetReason},
    query::{Bound, ListMessages},
};

use super::*;
use crate::model::{Anchor, Fetch, Key, Seen};

fn at(seq: u64) -> Anchor {
    Anchor::At { top: Key::Seq(Seq(seq)), byte: 0 }
}

/// In #general with these of its 300 messages; the last frame began with `first`.
fn reading(loaded: RangeInclusive<u64>, first: u64) -> Client {
    let mut client = Client::online();
    at_hand(&mut client, GENERAL, 1..=300);
    at_hand(&mut client, GENERAL, loaded);
    let room = client.model.rooms.get_mut(&GENERAL).unwrap();
    room.info.last_seq = Seq(300);
    room.note_end();
    see(&mut client, first);
    client.effects.clear();
    client
}

/// A frame that begins with this message. As the runtime does, it reports that all scrolling is done.
fn see(client: &mut Client, first: u64) {
    let seen = seen_of(client.model.open_room().unwrap(), first, first + 18, false);
    client.on(Msg::Seen(seen));
}

/// The bounds of the pages that were requested since the last check, and their calls.
fn asked(client: &mut Client) -> Vec<(u64, Bound)> {
    let open = |(call, req)| match req {
        Request::ListMessages(_, ListMessages { bound, .. }) => Some((call, bound)),
        _ => None,
    };
    client.calls().into_iter().filter_map(open).collect()
}

/// The call of the only page that was requested since the last check.
fn requested(client: &mut Client, bound: Bound) -> u64 {
    match asked(client)[..] {
        [(call, asked)] if asked == bound => call,
        ref asked => panic!("{asked:?} instead of {bound:?}"),
    }
}

fn page(client: &mut Client, call: u64, seqs: RangeInclusive<u64>) {
    let id = client.model.open.unwrap();
    let (has_older, has_newer) = (*seqs.start() > 1, *seqs.end() < client.room(id).info.last_seq.0);
    let text = |seq| if seq == 20 { "a disk" } else { "hi" };
    let messages = seqs.map(|seq| message(id, seq, BOB, text(seq))).collect();
    let page = MessagePage { messages, has_older, has_newer, own_reactions: Vec::new() };
    client.on(Msg::Done { call, reply: Ok(Answer::Page(page)) });
}

fn jump(client: &mut Client, seq: u64) -> &mut Client {
    client.on(Msg::JumpTo(Arc::new(found(GENERAL, seq))))
}

/// Searches for "disk" at the end of #general. The server finds message 20. Returns the request for the page around it.
fn going_to_a_hit(client: &mut Client) -> u64 {
    client.act(Action::Find).on(Msg::Sought("disk".into())).pass(100).act(Action::FindNext);
    let hit = message(client.model.open.unwrap(), 20, BOB, "a disk");
    let hit = Hit { room: found_in(hit.room_id), message: hit, ranges: Vec::new() };
    client.answer_hits(vec![hit], None);
    requested(client, Bound::Around(Seq(20)))
}

fn at_the_end() -> Client {
    let mut client = reading(101..=300, 280);
    client.look().effects.clear();
    client
}

#[test]
fn a_page_fetched_because_the_user_joined_does_not_undo_esc() {
    let mut client = Client::online();
    client.on(Msg::Open(LOBBY));
    client.model.rooms.get_mut(&LOBBY).unwrap().info.last_seq = Seq(300);
    client.answer_page(LOBBY, 241..=300, true, false).look();
    let joining = client.calls().into_iter().find(|(_, req)| *req == Request::JoinRoom(LOBBY)).unwrap().0;
    let around = going_to_a_hit(&mut client);
    page(&mut client, around, 1..=120);
    let rest = requested(&mut client, Bound::After(Seq(120)));
    see(&mut client, 12);
    let joined = listed(LOBBY, "Lobby", RoomKind::Public, 300, Some(300));
    client.on(Msg::Done { call: joining, reply: Ok(Answer::Room(joined)) });
    page(&mut client, rest, 121..=300);
    let again = requested(&mut client, Bound::Around(Seq(12)));
    client.act(Action::Cancel);
    page(&mut client, again, 1..=112);
    assert_eq!(client.room(LOBBY).anchor, Anchor::End);
    let newest = requested(&mut client, Bound::Newest);
    page(&mut client, newest, 241..=300);
    let room = client.room(LOBBY);
    assert_eq!((&room.anchor, room.timeline.last(), room.distrusted), (&Anchor::End, Some(Seq(300)), false));
}

#[test]
fn esc_before_the_page_around_a_hit_arrives_stays_where_the_search_began() {
    let mut client = at_the_end();
    let around = going_to_a_hit(&mut client);
    client.act(Action::Cancel);
    page(&mut client, around, 1..=120);
    let room = client.room(GENERAL);
    assert_eq!((&room.anchor, room.scroll_rows, room.timeline.last()), (&Anchor::End, 0, Some(Seq(300))));
    assert_eq!(asked(&mut client), []);
}

#[test]
fn a_hit_of_an_earlier_text_is_not_shown() {
    let mut client = at_the_end();
    let around = going_to_a_hit(&mut client);
    client.on(Msg::Sought("diskette".into()));
    page(&mut client, around, 1..=120);
    assert_eq!((&client.room(GENERAL).anchor, client.room(GENERAL).timeline.last()), (&Anchor::End, Some(Seq(300))));
}

#[test]
fn esc_after_a_search_far_away_restores_the_exact_position() {
    let mut client = reading(201..=300, 250);
    let place = Anchor::At { top: Key::Seq(Seq(250)), byte: 1 };
    let seen = Seen { anchor: place.clone(), ..seen_of(client.room(GENERAL), 250, 268, false) };
    client.on(Msg::Seen(seen));
    let around = going_to_a_hit(&mut client);
    page(&mut client, around, 1..=120);
    see(&mut client, 12);
    client.effects.clear();
    client.act(Action::Cancel);
    let back = requested(&mut client, Bound::Around(Seq(250)));
    see(&mut client, 12); // the hit stays on the screen until the page arrives
    page(&mut client, back, 150..=300);
    assert_eq!((&client.room(GENERAL).anchor, client.room(GENERAL).scroll_rows), (&place, 0));
}

#[test]
fn a_page_around_a_jump_does_not_undo_the_way_to_the_end() {
    let mut client = at_the_end();
    jump(&mut client, 20);
    let around = requested(&mut client, Bound::Around(Seq(20)));
    client.act(Action::ToBottom);
    page(&mut client, around, 1..=120);
    assert_eq!((&client.room(GENERAL).anchor, client.room(GENERAL).timeline.last()), (&Anchor::End, Some(Seq(300))));
    jump(&mut client, 20);
    let around = requested(&mut client, Bound::Around(Seq(20)));
    client.say("so");
    page(&mut client, around, 1..=120);
    assert_eq!((&client.room(GENERAL).anchor, client.room(GENERAL).timeline.last()), (&Anchor::End, Some(Seq(300))));
}

#[test]
fn back_before_the_page_of_a_jump_arrives_stays() {
    let mut client = reading(201..=300, 250);
    jump(&mut client, 20);
    let around = requested(&mut client, Bound::Around(Seq(20)));
    client.act(Action::Back);
    assert_ne!(client.notice(), "there is no place to go back to");
    page(&mut client, around, 1..=120);
    assert_eq!((asked(&mut client), &client.room(GENERAL).anchor), (vec![], &at(250)));
    client.act(Action::Forward);
    requested(&mut client, Bound::Around(Seq(20)));
}

#[test]
fn a_jump_within_the_loaded_messages_is_not_undone_by_an_earlier_one() {
    let mut client = reading(201..=300, 250);
    jump(&mut client, 20);
    let around = requested(&mut client, Bound::Around(Seq(20)));
    jump(&mut client, 230);
    page(&mut client, around, 1..=120);
    assert_eq!(client.room(GENERAL).anchor, at(230));
}

#[test]
fn selecting_a_message_is_not_undone_by_an_earlier_jump() {
    let mut client = reading(201..=300, 250);
    jump(&mut client, 20);
    let around = requested(&mut client, Bound::Around(Seq(20)));
    client.act(Action::Select).act(Action::LineUp);
    page(&mut client, around, 1..=120);
    assert_eq!((client.model.selected, &client.room(GENERAL).anchor), (Some(Seq(267)), &at(250)));
}

#[test]
fn the_failure_of_a_jump_that_was_given_up_is_not_shown() {
    let mut client = at_the_end();
    jump(&mut client, 20);
    let around = requested(&mut client, Bound::Around(Seq(20)));
    client.act(Action::ToBottom).on(Msg::Done { call: around, reply: Err(unreachable()) });
    assert_eq!(client.room(GENERAL).fetch, Fetch::Idle);
    jump(&mut client, 20);
    let around = requested(&mut client, Bound::Around(Seq(20)));
    client.on(Msg::Done { call: around, reply: Err(unreachable()) });
    assert!(matches!(client.room(GENERAL).fetch, Fetch::Failed { .. }));
    client.act(Action::ToBottom);
    assert_eq!(client.room(GENERAL).fetch, Fetch::Idle);
}

#[test]
fn a_failed_jump_completes_after_scrolling() {
    let mut client = reading(201..=300, 250);
    jump(&mut client, 20);
    let around = requested(&mut client, Bound::Around(Seq(20)));
    client.on(Msg::Done { call: around, reply: Err(unreachable()) }).act(Action::LineUp);
    let around = requested(&mut client, Bound::Around(Seq(20)));
    page(&mut client, around, 1..=120);
    assert_eq!(client.room(GENERAL).anchor, at(20));
}

/// In #general at message 250, where all messages are fetched again after a reset. Returns that request.
fn refreshing() -> (Client, u64) {
    let mut client = reading(201..=300, 250);
    client.stream(vec![Reset { reason: ResetReason::TooOld, cursor: Cursor("k-9".into()) }.into()]);
    client.list_rooms(vec![listed(GENERAL, "general", RoomKind::Public, 300, Some(300))]);
    let around = requested(&mut client, Bound::Around(Seq(250)));
    (client, around)
}

#[test]
fn messages_that_are_fetched_again_do_not_undo_scrolling() {
    let (mut client, around) = refreshing();
    client.act(Action::PageUp);
    see(&mut client, 232);
    page(&mut client, around, 150..=300);
    let room = client.room(GENERAL);
    assert_eq!((&room.anchor, room.scroll_rows, room.distrusted), (&at(232), 0, false));
}

#[test]
fn messages_that_are_fetched_again_follow_a_reader_who_went_further() {
    let (mut client, around) = refreshing();
    see(&mut client, 205);
    page(&mut client, around, 220..=300);
    assert!(client.room(GENERAL).distrusted);
    let around = requested(&mut client, Bound::Around(Seq(205)));
    page(&mut client, around, 105..=300);
    let room = client.room(GENERAL);
    assert_eq!((&room.anchor, room.timeline.first(), room.distrusted), (&at(205), Some(Seq(105)), false));
}

#[test]
fn a_message_that_a_reset_has_lost_is_looked_for_only_once() {
    let (mut client, around) = refreshing();
    page(&mut client, around, 1..=100);
    assert_eq!((&client.room(GENERAL).anchor, client.room(GENERAL).distrusted), (&Anchor::End, false));
}

#[test]
fn the_newest_page_does_not_take_a_reader_to_the_end_who_has_scrolled_up() {
    let mut client = at_the_end();
    client.hear(message(GENERAL, 900, BOB, "x"));
    let newest = requested(&mut client, Bound::Newest);
    client.act(Action::PageUp);
    see(&mut client, 260);
    page(&mut client, newest, 841..=900);
    let room = client.room(GENERAL);
    assert_eq!((&room.anchor, room.timeline.last(), room.timeline.has_newer), (&at(260), Some(Seq(300)), true));
}

#[test]
fn a_failed_refresh_that_an_event_repeats_keeps_the_position() {
    let (mut client, around) = refreshing();
    client.on(Msg::Done { call: around, reply: Err(unreachable()) }).pass(60_000);
    client.effects.clear();
    client.hello("k-9").hear(message(GENERAL, 301, BOB, "x")).hear(message(GENERAL, 302, BOB, "x"));
    let asked = asked(&mut client);
    assert!(asked.iter().all(|(_, bound)| *bound == Bound::Around(Seq(250))), "{asked:?}");
    page(&mut client, asked.last().unwrap().0, 150..=302);
    assert_eq!(client.room(GENERAL).anchor, at(250));
}

#[test]
fn a_reconnect_repeats_the_page_that_was_awaited() {
    let mut client = reading(201..=300, 250);
    jump(&mut client, 20);
    requested(&mut client, Bound::Around(Seq(20)));
    client.act(Action::Reconnect);
    let around = requested(&mut client, Bound::Around(Seq(20)));
    page(&mut client, around, 1..=120);
    assert_eq!(client.room(GENERAL).anchor, at(20));
    let (mut client, _) = refreshing();
    client.act(Action::Reconnect);
    let around = requested(&mut client, Bound::Around(Seq(250)));
    page(&mut client, around, 150..=300);
    assert_eq!((&client.room(GENERAL).anchor, client.room(GENERAL).distrusted), (&at(250), false));
}

#[test]
fn a_search_that_ends_before_its_hit_is_loaded_stays() {
    let mut client = at_the_end();
    let around = going_to_a_hit(&mut client);
    client.act(Action::Select);
    page(&mut client, around, 1..=120);
    assert_eq!((client.model.selected, &client.room(GENERAL).anchor), (Some(Seq(300)), &Anchor::End));
}

#[test]
fn the_end_of_the_selection_is_the_end_of_the_room() {
    let mut client = reading(1..=120, 50);
    client.act(Action::Select).act(Action::SelectLast);
    let newest = requested(&mut client, Bound::Newest);
    page(&mut client, newest, 241..=300);
    assert_eq!((&client.room(GENERAL).anchor, client.room(GENERAL).timeline.last()), (&Anchor::End, Some(Seq(300))));
}
