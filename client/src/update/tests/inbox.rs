//! Tests the inbox, jumps and the way back.

use quchat_shared::event::MessageUpdated;

use super::*;
use crate::model::{Anchor, ComponentId, Dialog, DialogId, Key, Listing};

fn listing(client: &Client) -> &Listing {
    match client.model.dialogs.last() {
        Some(Dialog::Inbox(listing)) => listing,
        other => panic!("no inbox, but {other:?}"),
    }
}

fn places(client: &Client) -> Vec<(u64, u64)> {
    listing(client).hits.iter().map(|hit| (hit.room.id.0, hit.message.seq.0)).collect()
}

fn chosen(client: &Client, at: usize) -> Msg {
    Msg::JumpTo(Arc::clone(&listing(client).hits[at]))
}

fn update_of(message: Message) -> Vec<Event> {
    vec![MessageUpdated { room_id: message.room_id, message }.into()]
}

#[test]
fn the_inbox_is_fetched_page_by_page_and_arrivals_are_added() {
    let mut client = Client::online();
    client.act(Action::Inbox);
    assert_eq!(focus(&client.model), ComponentId::Dialog(DialogId::Inbox));
    client.answer_mentions(vec![mention(OPS, 9), mention(OPS, 7)], Some("7"));
    client.hear(Message {
        sent_at: mention(OPS, 11).message.sent_at,
        answers: Some(ALICE),
        ..message(OPS, 11, BOB, "so")
    });
    client.hear(message(OPS, 12, BOB, "for nobody"));
    assert_eq!(places(&client), [(2, 11), (2, 9), (2, 7)]);
    client.on(Msg::More).on(Msg::More);
    let asked = client.effects.iter().filter(|effect| matches!(effect, Effect::Call { req: Request::ListMentions(page), .. } if page.after.as_deref() == Some("7")));
    assert_eq!(asked.count(), 1, "one page at a time");
    client.answer_mentions(vec![mention(GENERAL, 2)], None);
    client.on(Msg::More);
    assert_eq!((places(&client).len(), client.calls()), (4, Vec::new()));
    let gone = Message { rev: 2, mentions: Vec::new(), ..mention(OPS, 9).message };
    client.stream(update_of(gone));
    assert_eq!(places(&client), [(2, 11), (2, 7), (1, 2)]);
}

#[test]
fn a_failed_page_shows_why_and_scrolling_asks_again() {
    let mut client = Client::online();
    client.act(Action::Inbox).reply(|req| matches!(req, Request::ListMentions(_)), Err(unreachable()));
    assert_eq!(listing(&client).problem.as_deref(), Some("connection refused"));
    assert_eq!(client.pass(60_000).calls(), Vec::new());
    client.on(Msg::More).answer_mentions(vec![mention(OPS, 9)], None);
    assert_eq!((listing(&client).problem.clone(), places(&client)), (None, vec![(2, 9)]));
}

#[test]
fn the_page_of_a_closed_inbox_is_not_taken_for_one_of_the_next() {
    let mut client = Client::online();
    client.act(Action::Inbox).answer_mentions(vec![mention(OPS, 9)], Some("9")).on(Msg::More);
    let (call, _) = client.calls().pop().unwrap();
    client.act(Action::Cancel).act(Action::Inbox);
    assert_eq!(client.calls(), Vec::new(), "one request at a time");
    let late = Mentions { mentions: vec![mention(OPS, 1)], next: None };
    client.on(Msg::Done { call, reply: Ok(Answer::Mentions(late)) });
    assert_eq!(places(&client), []);
    client.answer_mentions(vec![mention(OPS, 9)], None);
    assert_eq!(places(&client), [(2, 9)]);
}

#[test]
fn enter_goes_to_the_message_and_alt_left_goes_back_and_alt_right_forward() {
    let mut client = Client::online();
    at_hand(&mut client, GENERAL, 1..=300);
    let place = Anchor::At { top: Key::Seq(Seq(150)), byte: 1 };
    let seen = crate::model::Seen { anchor: place.clone(), ..seen_of(client.room(GENERAL), 150, 170, false) };
    client.on(Msg::Seen(seen)).act(Action::Inbox).answer_mentions(vec![mention(OPS, 4)], None);
    let jump = chosen(&client, 0);
    client.on(jump).answer_page(OPS, 1..=8, false, true);
    let is_there = |client: &Client| {
        let anchored = matches!(&client.room(OPS).anchor, Anchor::At { top, .. } if *top == Key::Seq(Seq(4)));
        client.model.open == Some(OPS) && anchored && focus(&client.model) == ComponentId::Composer
    };
    assert!(is_there(&client), "{:?}", client.room(OPS).anchor);
    assert_eq!(client.model.spotlight.as_ref().map(|hit| hit.message.seq), Some(Seq(4)));
    client.act(Action::Back);
    assert_eq!((client.model.open, &client.room(GENERAL).anchor), (Some(GENERAL), &place));
    client.act(Action::Forward);
    assert!(is_there(&client), "{:?}", client.room(OPS).anchor);
    client.act(Action::Forward);
    assert!(client.notice().contains("no place"), "{}", client.notice());
}

#[test]
fn a_jump_within_the_room_can_be_undone_and_esc_ends_the_highlight() {
    let mut client = Client::online();
    at_hand(&mut client, GENERAL, 1..=300);
    client.look();
    client.act(Action::Inbox).answer_mentions(vec![mention(GENERAL, 20)], None);
    let jump = chosen(&client, 0);
    client.on(jump);
    assert!(client.model.spotlight.is_some() && client.room(GENERAL).anchor != Anchor::End);
    client.write("kept").act(Action::Cancel);
    assert_eq!((client.model.spotlight.is_some(), client.draft()), (false, "kept"));
    client.act(Action::Back);
    assert_eq!(client.room(GENERAL).anchor, Anchor::End);
}

#[test]
fn a_message_that_can_no_longer_be_read_is_refused_and_the_inbox_stays() {
    let mut client = Client::online();
    client.act(Action::Inbox).answer_mentions(vec![mention(RoomId(99), 4)], None);
    let jump = chosen(&client, 0);
    client.on(jump);
    assert_eq!((client.model.open, client.model.dialogs.len()), (Some(GENERAL), 1));
    assert!(client.notice().contains("no longer"));
}

#[test]
fn the_places_to_go_back_to_are_bounded() {
    let mut client = Client::online();
    for _ in 0..500 {
        client.act(Action::NextRoom);
    }
    let mut steps = 0;
    while !client.notice().contains("no place") {
        client.act(Action::Back);
        steps += 1;
    }
    assert!((10..=51).contains(&steps), "{steps}");
}
