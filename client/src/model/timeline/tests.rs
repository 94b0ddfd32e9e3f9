//! Tests which messages a timeline takes, which copy wins, and where it is cut.

use std::sync::Arc;

use proptest::prelude::*;
use quchat_shared::{Message, RoomId, Seq, Timestamp, UserId, UserRef};

use super::{Offered, Timeline, is_run};

fn message(seq: u64, rev: u64) -> Arc<Message> {
    let sender = UserRef { id: UserId(1), name: "alice".into() };
    let message = Message::new(RoomId(1), Seq(seq), sender, format!("{seq}.{rev}"), Timestamp::from_millis(0));
    Arc::new(Message { rev, ..message })
}

fn page(seqs: std::ops::RangeInclusive<u64>) -> Vec<Arc<Message>> {
    seqs.map(|seq| message(seq, 1)).collect()
}

fn holding(seqs: std::ops::RangeInclusive<u64>) -> Timeline {
    Timeline { messages: page(seqs).into(), has_older: true, has_newer: false }
}

fn seqs(timeline: &Timeline) -> Vec<u64> {
    timeline.messages.iter().map(|message| message.seq.0).collect()
}

#[test]
fn only_the_neighbour_is_appended() {
    let mut timeline = holding(4..=6);
    assert_eq!(timeline.offer(&message(7, 1)), Offered::Taken);
    assert_eq!(timeline.offer(&message(9, 1)), Offered::Beyond);
    assert_eq!(timeline.offer(&message(3, 1)), Offered::Before);
    assert_eq!(seqs(&timeline), [4, 5, 6, 7]);
}

#[test]
fn of_two_copies_the_higher_rev_wins_whichever_comes_first() {
    let mut timeline = holding(4..=6);
    timeline.offer(&message(5, 3));
    timeline.offer(&message(5, 2));
    assert_eq!(timeline.messages[1].rev, 3);
    timeline.begin(page(1..=6), false, false, true);
    assert_eq!(timeline.messages[4].rev, 3, "a page read earlier does not undo an edit");
}

#[test]
fn an_empty_room_is_not_an_unknown_one() {
    let mut timeline = Timeline::default();
    assert!(timeline.is_unknown());
    assert_eq!(timeline.offer(&message(1, 1)), Offered::Beyond);
    timeline.begin(Vec::new(), false, false, true);
    assert!(!timeline.is_unknown());
    assert_eq!(timeline.offer(&message(1, 1)), Offered::Taken);
}

#[test]
fn what_came_live_while_a_page_was_read_stays() {
    let mut timeline = holding(4..=9);
    timeline.begin(page(1..=7), false, false, true);
    assert_eq!(seqs(&timeline), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
}

#[test]
fn an_older_page_joins_in_front_also_when_it_overlaps() {
    let mut timeline = holding(4..=6);
    timeline.prepend(page(1..=5), false);
    assert_eq!(seqs(&timeline), [1, 2, 3, 4, 5, 6]);
    assert!(!timeline.has_older);
}

#[test]
fn a_run_is_cut_far_from_the_reader() {
    let mut end = holding(1..=10);
    end.shorten(4, None);
    assert_eq!(seqs(&end), [7, 8, 9, 10]);
    let mut top = holding(1..=10);
    top.shorten(4, Some(0));
    assert_eq!((seqs(&top), top.has_newer), (vec![1, 2, 3, 4], true));
    let mut middle = holding(1..=10);
    middle.shorten(4, Some(5));
    assert_eq!(seqs(&middle), [4, 5, 6, 7]);
    assert!(middle.has_older && middle.has_newer);
}

#[test]
fn appending_to_a_full_run_copies_nothing() {
    let mut timeline = holding(1..=100_000);
    let kept = Arc::clone(&timeline.messages[50_000]);
    for seq in 100_001..=200_000 {
        timeline.offer(&message(seq, 1));
        timeline.shorten(100_000, None);
    }
    assert_eq!((timeline.first(), timeline.last()), (Some(Seq(100_001)), Some(Seq(200_000))));
    assert_eq!(Arc::strong_count(&kept), 1);
}

proptest! {
    #[test]
    fn whatever_is_offered_the_run_stays_contiguous(offers in prop::collection::vec((1_u64..40, 1_u64..4, 0_u8..4), 0..80)) {
        let mut timeline = Timeline::default();
        for (seq, rev, way) in offers {
            match way {
                0 => timeline.begin(page(seq..=seq + 9), true, true, rev == 1),
                1 => timeline.prepend(page(seq.saturating_sub(8).max(1)..=seq), true),
                2 => timeline.shorten(usize::try_from(seq).unwrap(), (rev > 1).then_some(3)),
                _ => drop(timeline.offer(&message(seq, rev))),
            }
            let run: Vec<Message> = timeline.messages.iter().map(|message| (**message).clone()).collect();
            prop_assert!(is_run(&run));
        }
    }
}
