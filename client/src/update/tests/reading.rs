//! Tests that only messages that were seen, and /catchup, move the read marker.

use quchat_shared::{Kind, api::ReadMarker, event::ReadUpdated, query::Bound};

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
fn the_end_of_a_room_is_read_after_a_second_on_the_screen() {
    let mut client = in_ops();
    client.look().pass(999);
    assert_eq!((marks(&mut client).len(), client.room(OPS).unread()), (0, 4));
    client.pass(1);
    assert_eq!((marks(&mut client), client.room(OPS).unread()), (vec![(OPS, 10)], 0));
}

#[test]
fn passing_through_a_room_reads_nothing() {
    let mut client = in_ops();
    client.look().pass(900).act(Action::NextRoom).pass(5_000);
    assert_eq!(marks(&mut client), []);
}

#[test]
fn any_interruption_restarts_the_second() {
    let between: [fn(&mut Client); 6] = [
        |client| {
            client.on(Msg::TermFocus(false)).on(Msg::TermFocus(true));
        },
        |client| {
            client.act(Action::Help).act(Action::Cancel);
        },
        |client| {
            client.act(Action::PageUp);
            let seen = seen_of(client.room(OPS), 1, 5, false);
            client.on(Msg::Seen(seen)).act(Action::PageDown).look();
        },
        |client| {
            client.on(Msg::Unseen).look(); // the side bar lay over them, or the screen was too small
        },
        |client| {
            client.act(Action::OpenEditor);
            client.on(Msg::EditorClosed { room: OPS, text: Err("no editor".into()) }).look();
        },
        |client| {
            client.act(Action::Suspend).look();
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

/// In #ops with 120 messages, 100 of them unread; all are loaded.
fn far_behind() -> Client {
    let mut client = Client::online();
    at_hand(&mut client, OPS, 1..=120);
    let room = client.model.rooms.get_mut(&OPS).unwrap();
    room.member = room.member.map(|member| Membership { last_read_seq: Seq(20), ..member });
    client.on(Msg::Open(OPS)).effects.clear();
    client
}

fn see(client: &mut Client, seqs: std::ops::RangeInclusive<u64>) -> &mut Client {
    let last = client.room(OPS).timeline.last().unwrap().0;
    let seen = seen_of(client.room(OPS), *seqs.start(), *seqs.end(), *seqs.end() == last);
    client.on(Msg::Seen(seen))
}

#[test]
fn a_room_is_opened_at_the_new_line() {
    let client = far_behind();
    let room = client.room(OPS);
    assert_eq!((room.new_after, &room.anchor), (Some(Seq(20)), &Anchor::At { top: Key::Seq(Seq(21)), byte: 0 }));
    assert!(room.scroll_rows < 0, "the line is visible");
}

#[test]
fn a_room_whose_new_messages_are_not_loaded_fetches_them_first() {
    for (unread, bound) in [(100, Bound::Around(Seq(901))), (20, Bound::Newest)] {
        let mut client = Client::new();
        client.start();
        client.on(Msg::Loaded(Ok(Vec::new())));
        client.list_rooms(vec![listed(GENERAL, "general", RoomKind::Public, 900 + unread, Some(900))]).hello("k-1");
        let asked = client.effects.iter().any(|effect| {
            matches!(effect, Effect::Call { req: Request::ListMessages(GENERAL, page), .. } if page.bound == bound)
        });
        assert!(asked, "{:?}", client.effects);
        client.answer_page(GENERAL, 860..=900 + unread, true, false);
        assert_eq!(client.room(GENERAL).anchor, Anchor::At { top: Key::Seq(Seq(901)), byte: 0 });
    }
}

#[test]
fn only_what_was_on_the_screen_for_a_second_is_read() {
    let mut client = far_behind();
    see(&mut client, 20..=38).pass(999);
    assert_eq!(marks(&mut client), []);
    client.pass(1).act(Action::LastRoom).pass(60_000);
    assert_eq!((marks(&mut client), client.room(OPS).unread()), (vec![(OPS, 38)], 82));
}

#[test]
fn each_message_has_its_own_second() {
    let mut client = far_behind();
    see(&mut client, 20..=38).pass(600);
    see(&mut client, 30..=48).pass(400); // 21 to 29 were visible too briefly
    assert_eq!(marks(&mut client), []);
    see(&mut client, 20..=38).pass(1_000);
    assert_eq!(marks(&mut client), [(OPS, 38)]);
    client.pass(600);
    see(&mut client, 39..=57).pass(999);
    assert_eq!(client.room(OPS).marker.wanted, None);
}

#[test]
fn the_marker_stops_at_an_unseen_message_until_it_is_seen() {
    let mut client = far_behind();
    see(&mut client, 20..=38).pass(1_000);
    see(&mut client, 60..=78).pass(5_000);
    assert_eq!(marks(&mut client), [(OPS, 38)]);
    let reply = Ok(Answer::Marker(ReadMarker { last_read_seq: Seq(38), unread: 82, mentions: 0 }));
    let (call, _) = (client.room(OPS).marker.in_flight.unwrap(), ());
    client.on(Msg::Done { call, reply });
    see(&mut client, 39..=57).pass(5_000);
    assert_eq!(client.room(OPS).unread(), 120 - 57);
    see(&mut client, 55..=60).pass(1_000);
    assert_eq!(client.room(OPS).marker.wanted, Some(Seq(78)), "those further down were seen before");
}

#[test]
fn a_message_is_seen_only_if_its_last_row_is_visible() {
    let mut client = far_behind();
    let seen = seen_of(client.room(OPS), 21, 30, false);
    client.on(Msg::Seen(crate::model::Seen { ended: Some(Seq(29)), ..seen })).pass(1_000);
    assert_eq!(marks(&mut client), [(OPS, 29)]);
}

#[test]
fn skipped_messages_are_counted_and_stay_unread() {
    let mut client = far_behind();
    see(&mut client, 102..=120).pass(10_000);
    let room = client.room(OPS);
    assert_eq!((room.new_above(&Key::Seq(Seq(102))), room.unread()), (81, 100));
    client.act(Action::ToNew);
    assert_eq!(client.room(OPS).anchor, Anchor::At { top: Key::Seq(Seq(21)), byte: 0 });
    see(&mut client, 20..=38).pass(1_000);
    assert_eq!(client.room(OPS).new_above(&Key::Seq(Seq(102))), 63, "seen messages are not counted");
    assert_eq!(client.room(OPS).new_above(&Key::Seq(Seq(20))), 0);
}

#[test]
fn going_to_the_bottom_on_purpose_reads_everything_at_once() {
    let mut client = far_behind();
    client.act(Action::ToBottom);
    assert_eq!((marks(&mut client), client.room(OPS).unread()), (vec![(OPS, 120)], 0));
    assert_eq!(client.room(OPS).new_after, Some(Seq(20)), "the line stays as the way back");
    client.act(Action::ToNew);
    assert_eq!(client.room(OPS).anchor, Anchor::At { top: Key::Seq(Seq(21)), byte: 0 });
    let mut outside = Client::online();
    outside.on(Msg::Open(LOBBY)).act(Action::ToBottom).pass(9_000);
    assert_eq!(marks(&mut outside), []);
}

#[test]
fn a_read_mention_no_longer_counts_and_others_do() {
    let named = |seq| Message { mentions: vec![ALICE], ..message(OPS, seq, BOB, "@alice") };
    let mut client = far_behind();
    client.hear(named(121)).hear(named(122)).hear(message(OPS, 123, BOB, "x"));
    assert_eq!(client.room(OPS).mentions, 2);
    for seqs in [20..=38, 39..=57, 58..=76, 77..=95, 96..=114, 108..=121] {
        see(&mut client, seqs).pass(3_000);
        if let Some(call) = client.room(OPS).marker.in_flight {
            let reply = Ok(Answer::Marker(ReadMarker { last_read_seq: Seq(1), unread: 0, mentions: 0 }));
            client.on(Msg::Done { call, reply }).pass(3_000);
        }
    }
    assert_eq!((client.room(OPS).unread(), client.room(OPS).mentions), (2, 1));
}

#[test]
fn a_reader_further_up_stays_unless_more_is_new_than_fits() {
    for (came, moved) in [(3, false), (40, true)] {
        let mut client = Client::online();
        at_hand(&mut client, OPS, 1..=120);
        client.on(Msg::Open(OPS));
        see(&mut client, 40..=58).act(Action::LastRoom);
        for seq in 121..=120 + came {
            client.hear(message(OPS, seq, BOB, "x"));
        }
        client.act(Action::LastRoom);
        let at = if moved { 121 } else { 40 };
        assert_eq!(client.room(OPS).anchor, Anchor::At { top: Key::Seq(Seq(at)), byte: 0 });
    }
}

#[test]
fn read_messages_on_the_screen_set_no_deadline() {
    let mut client = far_behind();
    see(&mut client, 20..=38).pass(1_000);
    let call = client.room(OPS).marker.in_flight.unwrap();
    client.on(Msg::Done {
        call,
        reply: Ok(Answer::Marker(ReadMarker { last_read_seq: Seq(38), unread: 82, mentions: 0 })),
    });
    assert_eq!(next_deadline(&client.model), None);
}

#[test]
fn without_focus_or_under_a_dialog_nothing_is_read() {
    let mut away = in_ops();
    away.on(Msg::TermFocus(false)).look().pass(60_000);
    assert_eq!(marks(&mut away), []);
    let mut dialog = in_ops();
    dialog.act(Action::Switch).look().pass(60_000);
    assert_eq!(marks(&mut dialog), []);
}

#[test]
fn one_marker_is_in_flight_the_latest_wins_at_most_every_two_seconds() {
    let mut client = in_ops();
    client.look().pass(1_000);
    for seq in 11..=15 {
        client.hear(message(OPS, seq, BOB, "x")).look();
    }
    client.pass(10_000);
    assert_eq!(marks(&mut client), [(OPS, 10)], "the first one is not answered yet");
    let mut quick = in_ops();
    quick.look().pass(1_000);
    let reply = Ok(Answer::Marker(ReadMarker { last_read_seq: Seq(10), unread: 0, mentions: 0 }));
    quick.reply(|req| matches!(req, Request::MarkRead(..)), reply);
    for seq in 11..=15 {
        quick.hear(message(OPS, seq, BOB, "x")).look().pass(100);
    }
    assert_eq!(marks(&mut quick), []);
    quick.pass(2_000);
    assert_eq!(marks(&mut quick), [(OPS, 15)]);
}

#[test]
fn a_failed_marker_is_retried_and_a_refused_one_is_not() {
    let is_mark = |req: &Request| matches!(req, Request::MarkRead(..));
    let mut client = in_ops();
    client.look().pass(1_000).reply(is_mark, Err(unreachable())).pass(3_000);
    assert_eq!(marks(&mut client), [(OPS, 10)]);
    let mut refusing = in_ops();
    refusing.look().pass(1_000).reply(is_mark, Err(refused(403, Kind::Forbidden, ""))).pass(60_000);
    assert_eq!(marks(&mut refusing), []);
}

#[test]
fn the_new_line_stays_after_the_last_read_message_until_the_room_is_left() {
    let mut client = in_ops();
    assert_eq!(client.room(OPS).new_after, Some(Seq(6)));
    client.look().pass(2_000);
    assert_eq!(client.room(OPS).new_after, Some(Seq(6)), "also after reading");
    client.act(Action::NextRoom);
    assert_eq!(client.room(OPS).new_after, None);
    let mut sending = in_ops();
    sending.look().pass(2_000).say("hello");
    assert_eq!(sending.room(OPS).new_after, None);
}

#[test]
fn the_new_line_is_set_when_the_focus_returns() {
    let mut client = Client::online();
    client.look().on(Msg::TermFocus(false)).hear(message(GENERAL, 4, BOB, "x")).look().pass(9_000);
    assert_eq!(client.room(GENERAL).new_after, None);
    client.on(Msg::TermFocus(true));
    assert_eq!(client.room(GENERAL).new_after, Some(Seq(3)));
    client.look().pass(1_000).on(Msg::TermFocus(false)).on(Msg::TermFocus(true));
    assert_eq!(client.room(GENERAL).new_after, Some(Seq(3)), "no message has arrived since");
    client.on(Msg::TermFocus(false)).hear(message(GENERAL, 5, BOB, "x")).on(Msg::TermFocus(true));
    assert_eq!(client.room(GENERAL).new_after, Some(Seq(4)));
    client.say("so").act(Action::NextRoom);
    assert_eq!(client.room(GENERAL).new_after, None);
}

#[test]
fn to_the_new_line_goes_to_the_first_unread_message() {
    let mut client = in_ops();
    client.act(Action::ToNew);
    assert_eq!(client.room(OPS).anchor, Anchor::At { top: Key::Seq(Seq(7)), byte: 0 });
    assert!(client.room(OPS).scroll_rows < 0, "with the line above it");
}

#[test]
fn reading_in_another_client_lowers_the_unread_count() {
    let mut client = Client::online();
    client.stream(vec![ReadUpdated { room_id: OPS, last_read_seq: Seq(9), mentions: 0 }.into()]);
    assert_eq!(client.room(OPS).unread(), 1);
}

#[test]
fn scrolling_waits_for_a_frame_and_later_scrolling_is_not_lost() {
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
fn a_page_is_one_row_less_than_the_pane() {
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
    client.look().act(Action::NextRoom).act(Action::LastRoom); // the frame is the same, so no `Seen` is sent
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
fn messages_that_arrive_during_the_catch_up_question_stay_unread() {
    let named = |seq| Message { mentions: vec![ALICE], ..message(OPS, seq, BOB, "@alice") };
    let mut client = Client::online();
    client.hear(named(11)).say("/catchup").hear(named(12)).on(Msg::Answer(true));
    assert_eq!(marks(&mut client), [(OPS, 11)]);
    assert_eq!((client.room(OPS).unread(), client.room(OPS).mentions), (1, 1));
}

#[test]
fn catching_up_while_offline_is_sent_after_reconnecting() {
    let mut client = Client::online();
    client.cut(unreachable()).say("/catchup").on(Msg::Answer(true));
    client.reply(|req| matches!(req, Request::MarkRead(..)), Err(unreachable()));
    assert_eq!(client.room(OPS).unread(), 0);
    client.effects.clear();
    client.pass(60_000);
    assert_eq!(marks(&mut client), [(OPS, 10)]);
}
