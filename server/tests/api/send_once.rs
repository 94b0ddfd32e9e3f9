//! `txn`: a message is stored once, however often the request is repeated.

use quchat_shared::{Message, Seq};

use crate::harness::{TestServer, at_once};

#[test]
fn a_repeated_send_is_answered_with_the_first_message() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    let first: Message = alice.try_send_once(room, "hello", "a-1").expect(201).json();
    let mut stream = alice.listen();
    for text in ["hello", "something else", "", "\0", &"x".repeat(4001)] {
        let again: Message = alice.try_send_once(room, text, "a-1").expect(200).json();
        assert_eq!(again, first, "a different text changes nothing");
    }
    alice.send_message(room, "marker");
    assert_eq!(stream.until_message(room, Seq(2)).len(), 1, "and no second event is published");
    assert_eq!(alice.history(room).len(), 2);
}

#[test]
fn a_repeated_send_does_not_move_the_marker() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    alice.try_send_once(room, "hello", "a-1").expect(201);
    bob.send_message(room, "news");
    alice.try_send_once(room, "hello", "a-1").expect(200);
    assert_eq!(alice.room(room).unread, 1);
}

#[test]
fn a_txn_belongs_to_its_sender() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    alice.try_send_once(room, "from alice", "1").expect(201);
    let bobs: Message = bob.try_send_once(room, "from bob", "1").expect(201).json();
    assert_eq!((bobs.seq, &*bobs.text), (Seq(2), "from bob"));
    let from_elsewhere = server.sign_in("alice");
    assert_eq!(from_elsewhere.try_send_once(room, "retry", "1").expect(200).json::<Message>().seq, Seq(1));
}

#[test]
fn a_txn_of_another_room_is_a_conflict() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let (room, other) = (alice.create_room("lobby"), alice.create_room("other"));
    alice.try_send_once(room, "hello", "a-1").expect(201);
    alice.try_send_once(other, "hello", "a-1").problem(409, "conflict");
    assert_eq!(alice.room(other).info.last_seq, Seq(0));
}

#[test]
fn rights_are_checked_before_the_txn() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let plans = alice.create_private_room("plans");
    let bobs = bob.create_private_room("bobs");
    alice.try_send_once(plans, "hello", "a-1").expect(201);
    alice.try_send_once(bobs, "hello", "a-1").problem(404, "not_found");
    alice.leave(plans);
    alice.try_send_once(plans, "hello", "a-1").problem(404, "not_found");
}

#[test]
fn concurrent_sends_with_one_txn_create_one_message() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    for round in 1..=5 {
        let answers = at_once(8, |_| alice.try_send_once(room, "hello", &format!("a-{round}")));
        let created = answers.iter().filter(|answer| answer.status == 201).count();
        assert_eq!(created, 1);
        for answer in answers {
            assert!(matches!(answer.status, 200 | 201), "{}", answer.text());
            assert_eq!(answer.json::<Message>().seq, Seq(round));
        }
    }
    assert_eq!(alice.history(room).len(), 5);
}

#[test]
fn a_txn_is_remembered_across_a_restart() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    let first: Message = alice.try_send_once(room, "hello", "a-1").expect(201).json();
    let server = server.restart(|_| {});
    let again: Message = alice.at(server.address).try_send_once(room, "hello", "a-1").expect(200).json();
    assert_eq!(again, first);
}

#[test]
fn a_txn_has_one_to_sixty_four_printable_characters() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    alice.try_send_once(room, "hello", &"~".repeat(64)).expect(201);
    alice.try_send_once(room, "hello", "two words").expect(201);
    for txn in ["", &*"x".repeat(65), "ä", "a\n", "a\u{7f}"] {
        alice.try_send_once(room, "hello", txn).refuses("txn");
    }
    assert_eq!(alice.room(room).info.last_seq, Seq(2));
}

#[test]
fn without_a_txn_a_repeated_send_creates_a_second_message() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    alice.send_message(room, "hello");
    assert_eq!(alice.send_message(room, "hello").seq, Seq(2));
}
