//! Tests that pages and live messages form one contiguous timeline, and that the view does not move.

use quchat_shared::{
    event::MessageUpdated,
    message::Reaction,
    query::{Bound, ListMessages},
};

use super::*;
use crate::model::{Anchor, Fetch, Key, Wanted, window};

fn bounds(client: &mut Client) -> Vec<Bound> {
    let open = |(_, req)| match req {
        Request::ListMessages(_, ListMessages { bound, .. }) => Some(bound),
        _ => None,
    };
    client.calls().into_iter().filter_map(open).collect()
}

#[test]
fn a_gap_is_filled_before_messages_after_it_are_shown() {
    let mut client = Client::online();
    client.hear(message(GENERAL, 7, BOB, "x")).hear(message(GENERAL, 8, BOB, "y"));
    assert_eq!(client.room(GENERAL).timeline.last(), Some(Seq(3)));
    client.answer_page(GENERAL, 4..=7, true, false);
    assert_eq!(client.room(GENERAL).timeline.last(), Some(Seq(7)));
    client.answer_page(GENERAL, 8..=8, true, false);
    let timeline = &client.room(GENERAL).timeline;
    assert_eq!((timeline.last(), timeline.has_newer, bounds(&mut client).len()), (Some(Seq(8)), false, 0));
}

#[test]
fn a_message_that_comes_before_the_page_of_an_empty_room_is_shown() {
    let empty = || {
        let page = MessagePage { messages: Vec::new(), has_older: false, has_newer: false, own_reactions: Vec::new() };
        Ok(Answer::Page(page))
    };
    let is_page = |req: &Request| matches!(req, Request::ListMessages(SECRET, _));
    let mut client = Client::online();
    client.on(Msg::Open(SECRET)).hear(message(SECRET, 1, BOB, "x")).reply(is_page, empty());
    client.answer_page(SECRET, 1..=1, false, false).hear(message(SECRET, 2, BOB, "y"));
    assert_eq!(client.room(SECRET).timeline.last(), Some(Seq(2)));

    let mut client = Client::online();
    client.on(Msg::Open(SECRET)).hear(message(SECRET, 1, BOB, "x")).reply(is_page, empty()).reply(is_page, empty());
    assert_eq!(bounds(&mut client), [], "a server that has no such message is not asked for ever");
    assert!(matches!(client.room(SECRET).fetch, Fetch::Failed { .. }));
}

#[test]
fn with_over_200_missing_a_reader_at_the_end_restarts_and_others_stay() {
    let mut at_end = Client::online();
    at_end.hear(message(GENERAL, 500, BOB, "x"));
    assert_eq!(bounds(&mut at_end), [Bound::Newest]);
    let mut reading = Client::online();
    at_hand(&mut reading, GENERAL, 100..=300);
    let seen = seen_of(reading.room(GENERAL), 180, 200, false);
    reading.on(Msg::Seen(seen)).hear(message(GENERAL, 700, BOB, "x"));
    assert_eq!((bounds(&mut reading).len(), reading.room(GENERAL).timeline.last()), (0, Some(Seq(300))));
}

#[test]
fn leaving_a_long_history_returns_its_memory_and_a_short_one_does_not() {
    for (last, given_back) in [(300, 0), (6_000, 1)] {
        let mut client = Client::online();
        at_hand(&mut client, GENERAL, 1..=last);
        client.act(Action::NextRoom);
        let asked = client.effects.iter().filter(|effect| **effect == Effect::GiveBack).count();
        assert_eq!((asked, client.room(GENERAL).timeline.messages.len()), (given_back, 200), "{last}");
    }
}

#[test]
fn only_the_pending_page_is_merged() {
    let mut client = Client::online();
    client.on(Msg::Open(OPS));
    let (first, _) = client.calls().pop().unwrap();
    client.act(Action::ToNew); // requests another one instead
    let page = MessagePage {
        messages: vec![message(OPS, 1, BOB, "stray")],
        has_older: false,
        has_newer: false,
        own_reactions: Vec::new(),
    };
    client.on(Msg::Done { call: first, reply: Ok(Answer::Page(page)) });
    assert!(client.room(OPS).timeline.is_unknown());
    client.answer_page(OPS, 2..=10, true, false);
    assert_eq!(client.room(OPS).anchor, Anchor::At { top: Key::Seq(Seq(7)), byte: 0 });
}

#[test]
fn scrolling_up_fetches_older_pages_without_a_jump() {
    let mut client = Client::online();
    at_hand(&mut client, GENERAL, 101..=200);
    let seen = seen_of(client.room(GENERAL), 110, 130, false);
    client.on(Msg::Seen(seen));
    let anchor = client.room(GENERAL).anchor.clone();
    assert!(matches!(client.room(GENERAL).fetch, Fetch::Loading { page: Wanted::Older, .. }));
    client.answer_page(GENERAL, 1..=100, false, true);
    let room = client.room(GENERAL);
    assert_eq!((room.timeline.first(), room.timeline.has_older, &room.anchor), (Some(Seq(1)), false, &anchor));
    assert!(window(room, 20).iter().any(|entry| entry.key() == Key::Seq(Seq(110))));
}

#[test]
fn a_failed_page_shows_the_reason_and_only_scrolling_retries_it() {
    let mut client = Client::online();
    at_hand(&mut client, GENERAL, 101..=200);
    let seen = seen_of(client.room(GENERAL), 105, 125, false);
    client.on(Msg::Seen(seen.clone())).reply(|req| matches!(req, Request::ListMessages(..)), Err(unreachable()));
    assert!(
        matches!(&client.room(GENERAL).fetch, Fetch::Failed { page: Wanted::Older, reason } if &**reason == "connection refused")
    );
    client.on(Msg::Seen(seen)).pass(60_000);
    assert_eq!(bounds(&mut client), []);
    client.act(Action::LineUp);
    assert_eq!(bounds(&mut client), [Bound::Before(Seq(101))]);
}

#[test]
fn a_page_with_a_gap_is_rejected() {
    let mut client = Client::online();
    client.on(Msg::Open(OPS));
    let messages = vec![message(OPS, 3, BOB, "x"), message(OPS, 5, BOB, "y")];
    let page = MessagePage { messages, has_older: false, has_newer: false, own_reactions: Vec::new() };
    client.reply(|req| matches!(req, Request::ListMessages(..)), Ok(Answer::Page(page)));
    assert!(matches!(client.room(OPS).fetch, Fetch::Failed { .. }));
    assert!(client.room(OPS).timeline.is_unknown());
}

#[test]
fn an_edit_wins_over_the_copy_of_an_older_page() {
    let mut client = Client::online();
    let edited = Message { rev: 2, text: "better".into(), ..message(GENERAL, 2, BOB, "") };
    client.stream(vec![MessageUpdated { room_id: GENERAL, message: edited }.into()]);
    client.hear(message(GENERAL, 2, BOB, "hi"));
    assert_eq!(client.room(GENERAL).timeline.messages[1].text, "better");
    let unknown = Message { rev: 2, ..message(GENERAL, 99, BOB, "z") };
    client.stream(vec![MessageUpdated { room_id: GENERAL, message: unknown }.into()]);
    assert_eq!(
        client.room(GENERAL).timeline.messages.len(),
        3,
        "an edit of a message that is not loaded changes nothing"
    );
}

#[test]
fn messages_that_grow_by_reactions_stay_within_the_byte_limit() {
    const MIB: usize = 1024 * 1024;
    for (id, most) in [(GENERAL, 64 * MIB), (OPS, MIB)] {
        let mut client = Client::online();
        at_hand(&mut client, id, 1..=100);
        for seq in 1..=100 {
            let users = (0..100_000).map(UserId).collect();
            let reactions = vec![Reaction { emoji: "👍".into(), count: 100_000, users }];
            let grown = Message { rev: 2, reactions, ..message(id, seq, BOB, "hi") };
            client.stream(vec![MessageUpdated { room_id: id, message: grown }.into()]);
            let held: usize = client.room(id).timeline.messages.iter().map(|message| 8 * users_of(message)).sum();
            assert!(held <= most + 2 * MIB, "{held} bytes in {id:?}");
        }
        assert_eq!(client.room(id).timeline.last(), Some(Seq(100)), "those at the end stay");
    }
}

fn users_of(message: &Message) -> usize {
    message.reactions.iter().map(|reaction| reaction.users.len()).sum()
}

#[test]
fn new_messages_do_not_move_a_reader_further_up() {
    let mut client = Client::online();
    at_hand(&mut client, GENERAL, 1..=100);
    let seen = seen_of(client.room(GENERAL), 50, 70, false);
    client.on(Msg::Seen(seen));
    let anchor = client.room(GENERAL).anchor.clone();
    for seq in 101..=112 {
        client.hear(message(GENERAL, seq, BOB, "x"));
    }
    assert_eq!(client.room(GENERAL).anchor, anchor);
    client.act(Action::ToBottom);
    assert_eq!(client.room(GENERAL).anchor, Anchor::End);
}

#[test]
fn going_to_the_bottom_of_an_old_timeline_fetches_the_newest_page() {
    let mut client = Client::online();
    at_hand(&mut client, GENERAL, 1..=100);
    let room = client.model.rooms.get_mut(&GENERAL).unwrap();
    (room.timeline.has_newer, room.info.last_seq) = (true, Seq(900));
    client.act(Action::ToBottom);
    assert_eq!(client.room(GENERAL).timeline.messages.len(), 100, "the old page stays until the new one arrives");
    client.answer_page(GENERAL, 841..=900, true, false);
    let room = client.room(GENERAL);
    assert_eq!((room.timeline.first(), &room.anchor), (Some(Seq(841)), &Anchor::End));
}

#[test]
fn the_open_room_is_bounded_and_others_keep_a_page() {
    let mut client = Client::online();
    at_hand(&mut client, GENERAL, 1..=100_000);
    client.hear(message(GENERAL, 100_001, BOB, "x"));
    assert_eq!(client.room(GENERAL).timeline.first(), Some(Seq(2)));
    client.on(Msg::Open(OPS));
    assert_eq!(client.room(GENERAL).timeline.messages.len(), 200);
    for seq in 100_002..=100_300 {
        client.hear(message(GENERAL, seq, BOB, "x"));
    }
    let timeline = &client.room(GENERAL).timeline;
    assert_eq!((timeline.messages.len(), timeline.last()), (200, Some(Seq(100_300))));
}

#[test]
fn returning_to_a_room_shows_it_without_a_request() {
    let mut client = Client::online();
    client.on(Msg::Open(OPS)).answer_page(OPS, 1..=10, false, false).effects.clear();
    client.act(Action::LastRoom).act(Action::LastRoom);
    assert_eq!(client.calls(), []);
}

#[test]
fn a_window_has_exactly_the_entries_that_a_pane_needs() {
    let mut client = Client::online();
    at_hand(&mut client, GENERAL, 1..=100_000);
    for anchor in [
        Anchor::End,
        Anchor::At { top: Key::Seq(Seq(50_000)), byte: 0 },
        Anchor::At { top: Key::Txn("no".into()), byte: 9 },
    ] {
        let room = client.model.rooms.get_mut(&GENERAL).unwrap();
        room.anchor = anchor;
        let entries = window(room, 30);
        assert!(entries.len() <= 61 && entries.len() >= 30, "{}", entries.len());
    }
    assert!(window(client.room(GENERAL), 0).len() <= 1);
}

#[test]
fn loading_is_shown_after_200_ms() {
    let mut client = Client::online();
    client.on(Msg::Open(OPS));
    assert_eq!(next_deadline(&client.model), Some(client.model.now.mono_ms + 200));
    client.pass(200);
    client.pass(800); // then it asks who is there
    assert_eq!(next_deadline(&client.model), Some(client.model.now.mono_ms + 4_000), "the loop does not spin");
}

#[test]
fn a_server_that_promises_missing_messages_is_not_asked_forever() {
    for claimed in [10, 9_000] {
        let mut client = Client::online();
        client.hear(message(GENERAL, claimed, BOB, "x"));
        for _ in 0..3 {
            let (call, _) = match client.calls().pop() {
                Some(call) => call,
                None => break,
            };
            let messages = if claimed > 200 { vec![message(GENERAL, 3, BOB, "hi")] } else { Vec::new() };
            let page = MessagePage { messages, has_older: true, has_newer: false, own_reactions: Vec::new() };
            client.on(Msg::Done { call, reply: Ok(Answer::Page(page)) });
        }
        assert_eq!(bounds(&mut client), [], "{claimed}");
    }
}

#[test]
fn the_stream_completes_a_page_that_was_ahead_of_it() {
    let mut client = Client::online();
    client.on(Msg::Open(OPS)).answer_page(OPS, 1..=11, false, true); // the page announces 12 before the stream does
    client.effects.clear();
    client.hear(message(OPS, 12, BOB, "x"));
    let timeline = &client.room(OPS).timeline;
    assert_eq!((timeline.last(), timeline.has_newer), (Some(Seq(12)), false));
}
