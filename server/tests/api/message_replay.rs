//! Changed messages in a resumed stream: each is shown once as it is now, and a later change always comes.

use quchat_shared::{Event, RoomId, Seq};

use crate::harness::{Opening, StreamEvent, TestServer, message_of};

/// What was received, as `created 1: text` or `updated 1: text`, up to the message "fence".
fn summary(received: &[StreamEvent]) -> Vec<String> {
    let line = |received: &StreamEvent| match &received.event {
        Event::MessageCreated(e) => format!("created {}: {}", e.message.seq, e.message.text),
        Event::MessageUpdated(e) => format!("updated {}: {}", e.message.seq, e.message.text),
        event => event.name().to_owned(),
    };
    received.iter().map(line).collect()
}

fn up_to_fence(event: &Event) -> bool {
    matches!(event, Event::MessageCreated(e) if e.message.text == "fence")
}

#[test]
fn a_message_that_is_replayed_is_not_repeated_for_its_changes() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    bob.join(room);
    let start = bob.rooms().cursor.0;
    for text in ["one", "two", "three"] {
        alice.send_message(room, text);
    }
    alice.edit(room, 1, "ONE");
    bob.react(room, 2, "👍");
    alice.delete_message(room, 3);
    alice.send_message(room, "fence");
    let received = bob.resume(&start).until(up_to_fence);
    assert_eq!(summary(&received), ["created 1: ONE", "created 2: two", "created 3: ", "created 4: fence"]);
    let Event::MessageCreated(tombstone) = &received[2].event else { unreachable!() };
    assert_eq!((tombstone.message.rev, &tombstone.message), (2, &bob.message(room, 3)));
}

#[test]
fn a_message_of_before_is_replayed_once_however_often_it_changed() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    bob.join(room);
    alice.count_to(room, 2);
    let start = bob.rooms().cursor.0;
    for n in 1..=100 {
        alice.edit(room, 1, &format!("edit {n}"));
    }
    bob.react(room, 2, "👍");
    alice.edit(room, 1, "last");
    alice.send_message(room, "fence");
    let received = bob.resume(&start).until(up_to_fence);
    assert_eq!(summary(&received), ["updated 2: 2", "updated 1: last", "created 3: fence"]);
    let middle = &received[0].id;
    let received = bob.resume(middle).until(up_to_fence);
    assert_eq!(summary(&received), ["updated 1: last", "created 3: fence"], "from between the two");
}

#[test]
fn a_position_between_a_message_and_its_change_gets_the_change() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    bob.join(room);
    let mut live = bob.listen();
    alice.send_message(room, "one");
    let position = live.until_message(room, Seq(1)).pop().unwrap().id;
    alice.edit(room, 1, "ONE");
    alice.send_message(room, "fence");
    let expected = ["updated 1: ONE", "created 2: fence"];
    let from_live = live.until(up_to_fence);
    assert_eq!(summary(&from_live), expected);
    let replayed = bob.resume(&position).until(up_to_fence);
    assert_eq!(replayed, from_live, "ids and all");
}

#[test]
fn a_change_of_a_message_from_before_the_reader_joined_comes() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    let start = bob.rooms().cursor.0;
    bob.join(room);
    alice.count_to(room, 2);
    bob.leave(room);
    alice.send_message(room, "3");
    bob.join(room);
    alice.send_message(room, "4");
    for seq in 1..=4 {
        alice.edit(room, seq, "edited");
    }
    alice.send_message(room, "fence");
    let received = summary(&bob.resume(&start).until(up_to_fence));
    let expected =
        ["created 4: edited", "updated 1: edited", "updated 2: edited", "updated 3: edited", "created 5: fence"];
    assert_eq!(received[received.len() - 5..], expected);
    assert!(received[..received.len() - 5].iter().all(|line| line.starts_with("member.")), "{received:?}");
}

#[test]
fn a_former_member_gets_no_changes() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    bob.join(room);
    alice.send_message(room, "one");
    let start = bob.rooms().cursor.0;
    let mut live = bob.listen();
    bob.leave(room);
    alice.edit(room, 1, "two");
    alice.create_room("last");
    for stream in [&mut live, &mut bob.resume(&start)] {
        let received = stream.until(|event| event.name() == "room.created");
        assert_eq!(summary(&received), ["member.left", "room.created"]);
    }
}

/// More than the server and the kernel hold for a reader who does not read.
const LONG: u64 = 500;

#[test]
fn what_changes_while_a_replay_is_under_way_comes_again() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    bob.join(room);
    let start = bob.rooms().cursor.0;
    for n in 1..=LONG {
        alice.send_message(room, &format!("{n} {}", "x".repeat(3900)));
    }
    alice.edit(room, 2, "edited before");
    let slow = Opening { last_event_id: Some(&start), receive_buffer: Some(4096), ..Opening::default() };
    let (_, mut stream) = slow.open(&bob);
    let first = stream.until_message(room, Seq(1));
    alice.edit(room, 1, "edited meanwhile");
    alice.edit(room, 2, "edited again");
    bob.react(room, LONG, "👍");
    alice.send_message(room, "fence");
    let received = stream.until(up_to_fence);
    assert_eq!(first.len(), 1);
    let seqs: Vec<_> = received.iter().filter_map(|received| message_of(&received.event)).collect();
    assert_eq!(seqs, (2..=LONG + 1).map(|seq| (room, Seq(seq))).collect::<Vec<(RoomId, Seq)>>());
    let updated: Vec<_> = summary(&received)
        .into_iter()
        .filter(|line| line.starts_with("updated"))
        .map(|line| line[..20].to_owned())
        .collect();
    assert_eq!(updated, ["updated 1: edited me", "updated 2: edited ag", &format!("updated {LONG}: {LONG} xxx")]);
    let Some(Event::MessageUpdated(last)) = received.iter().rev().nth(1).map(|received| &received.event) else {
        panic!("the reaction is the last change")
    };
    assert_eq!(last.message, bob.message(room, LONG));
}
