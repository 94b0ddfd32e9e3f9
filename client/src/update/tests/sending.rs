//! Tests sending: saved first, in order, once, and retried until answered.

use quchat_shared::Kind;

use super::*;
use crate::model::{Anchor, Dialog, Key, Question, Storage};

#[test]
fn a_message_is_on_disk_before_it_is_sent() {
    let mut client = Client::online();
    client.say("hi");
    let [Effect::Save { stored: Stored { room: GENERAL, draft, outbox, .. }, .. }] = &client.effects[..] else {
        panic!("{:?}", client.effects)
    };
    assert_eq!((&**draft, outbox.len(), &*outbox[0].text), ("", 1, "hi"));
    assert_eq!(client.disk().acknowledge(GENERAL, 4).states(GENERAL), Vec::<&SendState>::new());
    assert_eq!(client.room(GENERAL).timeline.last(), Some(Seq(4)));
}

#[test]
fn a_message_is_shown_at_once_as_pending_at_the_bottom() {
    let mut client = Client::online();
    client.say("hi");
    let entries = crate::model::window(client.room(GENERAL), 10);
    assert_eq!(entries.len(), 4);
    assert_eq!(entries[3].key(), Key::Txn("p-1".into()));
}

#[test]
fn a_failing_disk_does_not_delay_a_message() {
    let mut client = Client::online();
    client.say("hi");
    let Effect::Save { ticket, .. } = client.effects.remove(0) else { panic!() };
    client.on(Msg::Saved { ticket, result: Err("disk full".into()) });
    assert_eq!(client.model.storage, Storage::Failing("disk full".into()));
    assert_eq!(sent(&mut client).len(), 1);
    client.write("x").pass(300).disk();
    assert_eq!(client.model.storage, Storage::Kept, "each change retries the save");
}

#[test]
fn without_storage_a_message_is_sent_at_once() {
    let mut client = Client::online();
    client.on(Msg::Loaded(Err(crate::update::NotKept::Elsewhere))).say("hi");
    assert_eq!(sent(&mut client).len(), 1);
}

#[test]
fn no_two_sends_share_a_txn() {
    let mut client = Client::online();
    client.say("a").say("a").disk().acknowledge(GENERAL, 4);
    assert_eq!(client.room(GENERAL).outbox[0].txn, "p-2".into());
}

#[test]
fn one_send_is_in_flight_and_the_next_follows_its_reply() {
    let mut client = Client::online();
    client.say("a").say("b").say("c").disk();
    assert_eq!(client.effects.iter().filter(|e| matches!(e, Effect::Call { req, .. } if is_send(req))).count(), 1);
    client.acknowledge(GENERAL, 4);
    assert_eq!(sent(&mut client), [("p-2".to_owned(), "b".to_owned())]);
}

#[test]
fn rooms_do_not_wait_for_each_other() {
    let mut client = Client::online();
    client.say("a").on(Msg::Open(OPS)).say("b").disk();
    assert_eq!(sent(&mut client).len(), 2);
}

#[test]
fn temporary_failures_are_retried_with_the_same_txn_in_the_same_place() {
    for failure in [
        unreachable(),
        refused(503, Kind::Unavailable, ""),
        refused(429, Kind::RateLimited, ""),
        refused(408, Kind::Unknown, ""),
        refused(302, Kind::Unknown, "Found"),
    ] {
        let mut client = Client::online();
        client.say("a").say("b").disk().reply(is_send, Err(failure));
        assert!(matches!(client.states(GENERAL)[..], [SendState::RetryAt { .. }, SendState::Queued]));
        client.pass(1_000);
        assert_eq!(sent(&mut client), [("p-1".to_owned(), "a".to_owned())]);
    }
}

#[test]
fn pauses_grow_up_to_a_limit() {
    let mut client = Client::online();
    client.say("a").disk();
    let mut pauses = Vec::new();
    for _ in 0..12 {
        client.reply(is_send, Err(unreachable()));
        let SendState::RetryAt { at, .. } = client.room(GENERAL).outbox[0].state else { panic!() };
        let pause = at - client.model.now.mono_ms;
        pauses.push(pause);
        client.pass(pause);
    }
    assert!(pauses[0] >= 500 && pauses[0] <= 1_000);
    assert!(pauses[6..].iter().all(|pause| (15_000..=30_000).contains(pause)), "{pauses:?}");
    assert!(pauses[6..].windows(2).any(|pair| pair[0] != pair[1]), "jittered");
}

#[test]
fn a_retry_waits_for_the_time_set_by_the_server() {
    let mut client = Client::online();
    client.say("a").disk().reply(is_send, Err(asking_to_wait(429, 7_000)));
    client.cut(unreachable()).pass(6_999).hello("k-9"); // a new connection does not shorten it
    assert_eq!(sent(&mut client), []);
    client.pass(1);
    assert_eq!(sent(&mut client).len(), 1);
}

#[test]
fn a_new_connection_ends_the_pause() {
    let mut client = Client::online();
    client.say("a").disk();
    for _ in 0..6 {
        client.reply(is_send, Err(unreachable()));
        let at = next_deadline(&client.model).unwrap();
        client.pass(at - client.model.now.mono_ms).pass(20_000);
        if client.effects.iter().all(|effect| !matches!(effect, Effect::Call { .. })) {
            client.pass(20_000);
        }
    }
    client.reply(is_send, Err(unreachable())).cut(unreachable()).pass(2_000).hello("k-9");
    assert_eq!(sent(&mut client).len(), 1);
}

#[test]
fn a_refused_message_shows_the_reason_and_does_not_block_others() {
    let mut client = Client::online();
    client.say("a").say("b").disk().reply(is_send, Err(refused(403, Kind::Forbidden, "you are muted here")));
    assert!(matches!(client.states(GENERAL)[0], SendState::Refused(why) if &**why == "you are muted here"));
    assert!(client.notice().contains("you are muted here"));
    assert_eq!(sent(&mut client)[0].1, "b");
}

#[test]
fn a_refused_message_is_sent_again_with_its_txn_or_taken_back() {
    let refuse = || {
        let mut client = Client::online();
        client.say("a").disk().reply(is_send, Err(refused(403, Kind::Forbidden, "no"))).act(Action::Review);
        let txn: Arc<str> = "p-1".into();
        assert_eq!(client.model.dialogs, [Dialog::Review { room: GENERAL, txn: Arc::clone(&txn) }]);
        (client, txn)
    };
    let (mut again, txn) = refuse();
    again.on(Msg::SendAgain { room: GENERAL, txn });
    assert_eq!(sent(&mut again), [("p-1".to_owned(), "a".to_owned())]);
    assert!(again.model.dialogs.is_empty());
    let (mut back, txn) = refuse();
    back.write("later").on(Msg::TakeBack { room: GENERAL, txn });
    assert_eq!((back.draft(), back.room(GENERAL).outbox.len()), ("a\nlater", 0));
    assert!(back.effects.iter().any(
        |effect| matches!(effect, Effect::Save { stored: Stored { draft, outbox, .. }, .. } if &**draft == "a\nlater" && outbox.is_empty())
    ));
}

#[test]
fn refused_messages_are_reviewed_one_by_one_and_discarded_ones_can_be_recalled() {
    let mut client = Client::online();
    for text in ["a", "b", "c"] {
        client.say(text).disk().reply(is_send, Err(refused(403, Kind::Forbidden, "no")));
    }
    let shown = |client: &Client| match client.model.dialogs.last() {
        Some(Dialog::Review { txn, .. }) => txn.to_string(),
        _ => "none".to_owned(),
    };
    client.act(Action::Review);
    assert_eq!(shown(&client), "p-1");
    client.on(Msg::Discard { room: GENERAL, txn: "p-1".into() });
    let kept = |effect: &Effect| matches!(effect, Effect::Save { stored, .. } if stored.outbox.len() == 2);
    assert!(client.effects.iter().any(kept));
    assert_eq!(shown(&client), "p-2");
    client.on(Msg::SendAgain { room: GENERAL, txn: "p-2".into() });
    assert_eq!(shown(&client), "p-3");
    client.on(Msg::Discard { room: GENERAL, txn: "p-3".into() });
    assert_eq!((shown(&client), client.room(GENERAL).outbox.len()), ("none".to_owned(), 1));
    assert_eq!(client.on(Msg::Recall { back: true }).draft(), "c");
}

#[test]
fn the_echo_counts_once_whichever_comes_first() {
    for stream_first in [true, false] {
        let mut client = Client::online();
        client.say("hi").disk();
        let echo = Message { txn: Some("p-1".into()), ..message(GENERAL, 4, ALICE, "hi") };
        if stream_first {
            client.hear(echo).acknowledge(GENERAL, 4);
        } else {
            client.acknowledge(GENERAL, 4).hear(echo);
        }
        assert_eq!(client.room(GENERAL).timeline.messages.len(), 4, "stream first: {stream_first}");
        assert_eq!((client.room(GENERAL).outbox.len(), client.room(GENERAL).unread()), (0, 0));
    }
}

#[test]
fn a_reply_ahead_of_the_stream_neither_vanishes_nor_leaves_a_gap() {
    let mut client = Client::online();
    client.say("hi").disk().acknowledge(GENERAL, 6);
    assert!(matches!(client.states(GENERAL)[..], [SendState::Sent(_)]));
    assert_eq!(crate::model::window(client.room(GENERAL), 10).len(), 4);
    client.hear(message(GENERAL, 4, BOB, "x")).hear(message(GENERAL, 5, BOB, "y"));
    assert_eq!((client.room(GENERAL).timeline.last(), client.room(GENERAL).outbox.len()), (Some(Seq(6)), 0));
    assert_eq!(client.calls(), [], "nothing was missing");
}

#[test]
fn a_send_whose_reply_was_lost_is_recognized_in_the_stream_or_on_a_page() {
    let mut client = Client::online();
    client.say("hi").disk().reply(is_send, Err(unreachable()));
    client.hear(Message { txn: Some("p-1".into()), ..message(GENERAL, 4, ALICE, "hi") }).pass(60_000);
    assert_eq!((client.room(GENERAL).outbox.len(), sent(&mut client).len()), (0, 0));
}

#[test]
fn an_acknowledgement_does_not_move_the_view() {
    for by_stream in [true, false] {
        let mut client = Client::online();
        client.say("a\nb\nc").disk();
        let room = client.model.rooms.get_mut(&GENERAL).unwrap();
        room.anchor = Anchor::At { top: Key::Txn("p-1".into()), byte: 2 };
        if by_stream {
            client.hear(Message { txn: Some("p-1".into()), ..message(GENERAL, 4, ALICE, "a\nb\nc") });
        } else {
            client.acknowledge(GENERAL, 4);
        }
        assert_eq!(client.room(GENERAL).anchor, Anchor::At { top: Key::Seq(Seq(4)), byte: 2 });
    }
}

#[test]
fn a_save_releases_only_the_messages_it_contains() {
    let mut client = Client::online();
    client.say("a").say("b");
    let Effect::Save { ticket, .. } = client.effects.remove(0) else { panic!() };
    client.on(Msg::Saved { ticket, result: Ok(()) }).acknowledge(GENERAL, 4);
    assert!(matches!(client.states(GENERAL)[..], [SendState::Saving(_)]));
    assert_eq!(sent(client.disk()).len(), 1);
}

#[test]
fn a_repeated_send_waits_for_the_one_in_flight() {
    let mut client = Client::online();
    client.say("a").say("b").disk().reply(is_send, Err(refused(403, Kind::Forbidden, "no")));
    client.on(Msg::SendAgain { room: GENERAL, txn: "p-1".into() });
    assert_eq!(client.effects.iter().filter(|e| matches!(e, Effect::Call { req, .. } if is_send(req))).count(), 1);
    client.acknowledge(GENERAL, 4);
    assert_eq!(sent(&mut client), [("p-1".to_owned(), "a".to_owned())]);
}

#[test]
fn an_acknowledged_message_is_soon_removed_from_disk() {
    let mut client = Client::online();
    client.say("a").disk().acknowledge(GENERAL, 4).effects.clear();
    client.pass(300);
    assert!(
        matches!(&client.effects[..], [Effect::Save { stored: Stored { outbox, .. }, .. }] if outbox.is_empty()),
        "{:?}",
        client.effects
    );
}

#[test]
fn quitting_with_unsent_messages_asks_first() {
    let mut client = Client::online();
    client.say("a").disk().act(Action::Quit);
    assert_eq!(client.model.dialogs, [Dialog::Ask(Question::Quit { unsent: 1 })]);
    client.on(Msg::Answer(false));
    assert!(client.model.dialogs.is_empty() && !client.effects.contains(&Effect::Exit(0)));
    client.act(Action::Quit).on(Msg::Answer(true));
    assert_eq!(client.effects.last(), Some(&Effect::Exit(0)));
    let mut nothing = Client::online();
    assert_eq!(nothing.act(Action::Quit).effects, [Effect::Exit(0)]);
}

#[test]
fn a_full_outbox_keeps_the_draft() {
    let mut client = Client::online();
    for _ in 0..crate::model::OUTBOX_MAX {
        client.say("x");
    }
    client.say("one more");
    assert_eq!(client.draft(), "one more");
    assert!(client.notice().contains("too many"));
}

#[test]
fn without_storage_quitting_lists_the_drafts_too() {
    let mut client = Client::online();
    client.on(Msg::Loaded(Err(crate::update::NotKept::Elsewhere))).write("half a thought").act(Action::Quit);
    assert_eq!(client.model.dialogs, [Dialog::Ask(Question::Quit { unsent: 1 })]);
    assert_eq!(client.model.at_stake().map(|(_, text)| text).collect::<Vec<_>>(), ["half a thought"]);
}

#[test]
fn a_retry_after_of_zero_is_not_followed_at_once() {
    let mut client = Client::online();
    client.say("a").disk();
    for _ in 0..5 {
        client.reply(is_send, Err(asking_to_wait(503, 0))).pass(499);
        assert_eq!(sent(&mut client), []);
        client.pass(30_000);
    }
}

#[test]
fn the_pause_that_the_server_asks_for_is_counted_down() {
    let mut client = Client::online();
    client.say("a").disk().reply(is_send, Err(asking_to_wait(429, 2_500)));
    let SendState::RetryAt { at, asked: Some(_) } = client.room(GENERAL).outbox[0].state else { panic!() };
    let mut redrawn = Vec::new();
    while let Some(due) = next_deadline(&client.model).filter(|&due| due <= at) {
        redrawn.push(at - due);
        client.model.now.mono_ms = due;
        client.on(Msg::Tick);
    }
    assert_eq!(redrawn, [2_000, 1_000, 0], "once a second");
    assert_eq!(sent(&mut client).len(), 1);
}

#[test]
fn a_message_that_was_refused_because_nothing_was_encrypted_waits() {
    let mut client = Client::online();
    client.say("a").disk().reply(is_send, Err(refused(403, Kind::Plaintext, "use https://")));
    assert!(matches!(client.states(GENERAL)[..], [SendState::RetryAt { .. }]));
}
