//! What was really seen moves the read marker, and /catchup, and nothing else does.

use quchat_shared::{Kind, api::ReadMarker, event::ReadUpdated};

use super::*;
use crate::model::{Anchor, CaughtUp, Dialog, Key, Question};

fn marks(client: &mut Client) -> Vec<(RoomId, u64)> {
    let open = |(_, req)| match req {
        Request::MarkRead(room, marker) => Some((room, marker.seq.0)),
        _ => None,
    };
    client.calls().into_iter().filter_map(open).collect()
}

fn in_ops() -> Client {
    let mut client = Client::online();
    client.on(Msg::Open(OPS)).answer_page(OPS, 1..=10, false, false).effects.clear();
    client
}

#[test]
fn the_end_looked_at_for_a_second_is_read() {
    let mut client = in_ops();
    client.look().pass(999);
    assert_eq!((marks(&mut client).len(), client.room(OPS).unread()), (0, 4));
    client.pass(1);
    assert_eq!((marks(&mut client), client.room(OPS).unread()), (vec![(OPS, 10)], 0));
}

#[test]
fn hopping_over_a_room_reads_nothing() {
    let mut client = in_ops();
    client.look().pass(900).act(Action::NextRoom).pass(5_000);
    assert_eq!(marks(&mut client), []);
}

#[test]
fn whatever_comes_between_starts_the_second_anew() {
    let between: [fn(&mut Client); 3] = [
        |client| {
            client.on(Msg::TermFocus(false)).on(Msg::TermFocus(true));
        },
        |client| {
            client.act(Action::Help).act(Action::Cancel);
        },
        |client| {
            client.act(Action::PageUp);
            let seen = seen_of(client.room(OPS), 1, 5, false);
            client.on(Msg::Seen(seen)).act(Action::ToBottom).look();
        },
    ];
    for between in between {
        let mut client = in_ops();
        client.look().pass(900);
        between(&mut client);
        client.pass(999);
        assert_eq!(marks(&mut client), []);
        client.pass(1);
        assert_eq!(marks(&mut client).len(), 1);
    }
}

#[test]
fn without_focus_or_below_a_dialog_nothing_is_read() {
    let mut away = in_ops();
    away.on(Msg::TermFocus(false)).look().pass(60_000);
    assert_eq!(marks(&mut away), []);
    let mut dialog = in_ops();
    dialog.act(Action::Switch).look().pass(60_000);
    assert_eq!(marks(&mut dialog), []);
}

#[test]
fn one_marker_is_in_flight_the_latest_wins_and_two_seconds_lie_between() {
    let mut client = in_ops();
    client.look().pass(1_000);
    for seq in 11..=15 {
        client.hear(message(OPS, seq, BOB, "x")).look();
    }
    client.pass(10_000);
    assert_eq!(marks(&mut client), [(OPS, 10)], "the first is not answered yet");
    let mut quick = in_ops();
    quick.look().pass(1_000);
    let reply = Ok(Answer::Marker(ReadMarker { last_read_seq: Seq(10), unread: 0 }));
    quick.reply(|req| matches!(req, Request::MarkRead(..)), reply);
    for seq in 11..=15 {
        quick.hear(message(OPS, seq, BOB, "x")).look().pass(100);
    }
    assert_eq!(marks(&mut quick), []);
    quick.pass(2_000);
    assert_eq!(marks(&mut quick), [(OPS, 15)]);
}

#[test]
fn a_marker_that_failed_goes_out_again_and_a_refused_one_does_not() {
    let is_mark = |req: &Request| matches!(req, Request::MarkRead(..));
    let mut client = in_ops();
    client.look().pass(1_000).reply(is_mark, Err(unreachable())).pass(3_000);
    assert_eq!(marks(&mut client), [(OPS, 10)]);
    let mut refusing = in_ops();
    refusing.look().pass(1_000).reply(is_mark, Err(refused(403, Kind::Forbidden, ""))).pass(60_000);
    assert_eq!(marks(&mut refusing), []);
}

#[test]
fn the_new_line_stands_where_reading_ended_until_one_leaves() {
    let mut client = in_ops();
    assert_eq!(client.room(OPS).new_after, Some(Seq(6)));
    client.look().pass(2_000);
    assert_eq!(client.room(OPS).new_after, Some(Seq(6)), "also once it is read");
    client.act(Action::NextRoom);
    assert_eq!(client.room(OPS).new_after, None);
}

#[test]
fn the_new_line_is_drawn_when_focus_returns() {
    let mut client = Client::online();
    client.look().on(Msg::TermFocus(false)).hear(message(GENERAL, 4, BOB, "x")).look().pass(9_000);
    assert_eq!(client.room(GENERAL).new_after, None);
    client.on(Msg::TermFocus(true));
    assert_eq!(client.room(GENERAL).new_after, Some(Seq(3)));
}

#[test]
fn to_the_new_line_goes_to_the_first_unread_message() {
    let mut client = in_ops();
    client.act(Action::ToNew);
    assert_eq!(client.room(OPS).anchor, Anchor::At { top: Key::Seq(Seq(7)), byte: 0 });
    assert!(client.room(OPS).scroll_rows < 0, "with the line above it");
}

#[test]
fn another_client_of_the_same_user_lowers_the_badge() {
    let mut client = Client::online();
    client.stream(vec![ReadUpdated { room_id: OPS, last_read_seq: Seq(9) }.into()]);
    assert_eq!(client.room(OPS).unread(), 1);
}

#[test]
fn scrolling_waits_for_the_frame_and_what_comes_meanwhile_is_not_lost() {
    let mut client = in_ops();
    client.look().act(Action::LineUp).act(Action::LineUp);
    assert_eq!(client.room(OPS).scroll_rows, -2);
    let frame = seen_of(client.room(OPS), 3, 9, false);
    client.act(Action::LineUp).on(Msg::Seen(frame));
    assert_eq!(
        (client.room(OPS).scroll_rows, &client.room(OPS).anchor),
        (-1, &Anchor::At { top: Key::Seq(Seq(3)), byte: 0 })
    );
}

#[test]
fn a_page_is_the_pane_less_a_line() {
    let mut client = in_ops();
    client.look().act(Action::PageUp);
    assert_eq!(client.room(OPS).scroll_rows, -19);
    for _ in 0..1_000 {
        client.act(Action::PageUp);
    }
    assert!(client.room(OPS).scroll_rows >= -1_000);
}

#[test]
fn a_room_left_and_entered_again_within_one_frame_is_still_being_read() {
    let mut client = in_ops();
    client.look().act(Action::NextRoom).act(Action::LastRoom); // the frame is the same: no `Seen` tells of it
    client.pass(1_000);
    assert_eq!(marks(&mut client), [(OPS, 10)]);
}

#[test]
fn catching_up_marks_every_room_as_read_and_asks_first() {
    let mut client = Client::online();
    client.hear(message(GENERAL, 4, BOB, "x")).say("/catchup");
    let last = |room, last| CaughtUp { room, last: Seq(last), mentions: 0 };
    let rooms = [last(GENERAL, 4), last(OPS, 10)].into();
    assert_eq!(client.model.dialogs, [Dialog::Ask(Question::CatchUp { messages: 5, rooms })]);
    client.on(Msg::Answer(false));
    assert_eq!(client.room(OPS).unread(), 4);
    client.say("/catchup").on(Msg::Answer(true));
    assert_eq!(marks(&mut client), [(GENERAL, 4), (OPS, 10)]);
    assert_eq!((client.room(GENERAL).unread(), client.room(OPS).unread()), (0, 0));
    client.say("/catchup");
    assert_eq!(client.notice(), "nothing is unread");
}

#[test]
fn what_comes_while_catching_up_is_asked_about_stays_unread() {
    let named = |seq| Message { mentions: vec![ALICE], ..message(OPS, seq, BOB, "@alice") };
    let mut client = Client::online();
    client.hear(named(11)).say("/catchup").hear(named(12)).on(Msg::Answer(true));
    assert_eq!(marks(&mut client), [(OPS, 11)]);
    assert_eq!((client.room(OPS).unread(), client.room(OPS).mentions), (1, 1));
}

#[test]
fn what_was_caught_up_with_while_offline_is_told_when_the_connection_is_back() {
    let mut client = Client::online();
    client.cut(unreachable()).say("/catchup").on(Msg::Answer(true));
    client.reply(|req| matches!(req, Request::MarkRead(..)), Err(unreachable()));
    assert_eq!(client.room(OPS).unread(), 0);
    client.effects.clear();
    client.pass(60_000);
    assert_eq!(marks(&mut client), [(OPS, 10)]);
}
