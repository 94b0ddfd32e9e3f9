//! Resuming a stream: every event after the position, once and in order, then live events without a gap.

use quchat_shared::{Event, Seq};

use crate::harness::{Opening, Stream, StreamEvent, TestServer};

/// The parts of an event that do not change later.
fn summary(received: &StreamEvent) -> (String, String) {
    let value = serde_json::to_value(&received.event).unwrap();
    let about = format!("{}{}{}", value["room"]["id"], value["room_id"], value["message"]["seq"]);
    (received.id.clone(), format!("{} {about} {}", received.event.name(), value["user"]["id"]))
}

fn summaries(received: &[StreamEvent]) -> Vec<(String, String)> {
    received.iter().map(summary).collect()
}

#[test]
fn a_resume_from_any_position_delivers_exactly_the_rest() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let start = alice.rooms().cursor.0;
    let mut live = alice.listen();
    let room = alice.create_room("lobby");
    bob.join(room);
    alice.count_to(room, 3);
    bob.leave(room);
    bob.send_message(room, "4");
    alice.mark_read(room, 4);
    let hidden = alice.create_private_room("plans");
    alice.send_message(hidden, "1");
    let all = live.until_message(hidden, Seq(1));

    for (i, position) in [start].into_iter().chain(all.iter().map(|received| received.id.clone())).enumerate() {
        let mut stream = alice.resume(&position);
        let replayed: Vec<_> = (i..all.len()).map(|_| stream.next()).collect();
        assert_eq!(summaries(&replayed), summaries(&all[i..]), "from {position}");
    }
}

#[test]
fn a_resumed_stream_says_where_it_starts() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let start = alice.rooms().cursor;
    let room = alice.create_room("lobby");
    alice.send_message(room, "1");
    let (hello, mut stream) = Opening { last_event_id: Some(&start.0), ..Opening::default() }.open(&alice);
    assert_eq!(hello.cursor, start);
    stream.until_message(room, Seq(1));
    let (hello, _) = Opening::default().open(&alice);
    assert_eq!(hello.cursor.0, stream.last_id(), "a new stream starts at the head");
}

#[test]
fn the_header_wins_over_the_query() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    let early = alice.rooms().cursor.0;
    alice.send_message(room, "1");
    let late = alice.rooms().cursor.0;
    alice.send_message(room, "2");
    let query = format!("?since={early}");
    let (hello, mut stream) = Opening { query: &query, last_event_id: Some(&late), ..Opening::default() }.open(&alice);
    assert_eq!(hello.cursor.0, late);
    assert_eq!(stream.until_message(room, Seq(2)).len(), 1);
    let (_, mut stream) = Opening { query: &query, ..Opening::default() }.open(&alice);
    assert_eq!(stream.until_message(room, Seq(2)).len(), 2);
}

#[test]
fn a_reader_that_is_disconnected_repeatedly_misses_nothing() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    bob.join(room);
    let position = bob.rooms().cursor.0;
    let seqs = std::thread::scope(|scope| {
        scope.spawn(|| alice.count_to(room, 400));
        let mut position = position;
        let mut seqs = Vec::new();
        for cut in 1.. {
            let mut stream = bob.resume(&position);
            for _ in 0..1 + cut * 7 % 40 {
                let StreamEvent { event: Event::MessageCreated(created), id } = stream.next() else {
                    panic!("only messages are sent")
                };
                seqs.push(created.message.seq.0);
                position = id;
                if seqs.len() == 400 {
                    return seqs;
                }
            }
        }
        seqs
    });
    assert_eq!(seqs, (1..=400).collect::<Vec<_>>());
}

#[test]
fn a_position_survives_a_restart() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    let position = alice.rooms().cursor.0;
    alice.count_to(room, 3);
    let server = server.restart(|_| {});
    let alice = alice.at(server.address);
    let mut stream = alice.resume(&position);
    stream.until_message(room, Seq(3));
    alice.send_message(room, "4");
    assert_eq!(stream.until_message(room, Seq(4)).len(), 1);
    let after = stream.last_id().to_owned();
    let server = server.restart(|_| {});
    let alice = alice.at(server.address);
    alice.send_message(room, "5");
    assert_eq!(alice.resume(&after).until_message(room, Seq(5)).len(), 1);
    assert_eq!(alice.resume(&position).until_message(room, Seq(5)).len(), 5);
}

#[test]
fn a_long_absence_is_replayed_in_pages_and_continues_live() {
    let server = TestServer::start_with(|config| config.stream_queue = 8);
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    bob.join(room);
    let position = bob.rooms().cursor.0;
    crate::harness::at_once(4, |_| (0..150).for_each(|_| drop(alice.send_message(room, "x"))));
    let mut stream = bob.resume(&position);
    let replayed: Vec<_> = stream.until_message(room, Seq(600)).iter().map(|received| received.event.name()).collect();
    assert_eq!(replayed.len(), 600);
    alice.send_message(room, "live");
    assert_eq!(stream.until_message(room, Seq(601)).len(), 1);
}

#[test]
fn only_the_latest_stay_in_a_rejoined_room_is_replayed() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    let position = bob.rooms().cursor.0;
    bob.join(room);
    alice.send_message(room, "1: first stay");
    bob.leave(room);
    alice.send_message(room, "2: outside");
    bob.join(room);
    alice.send_message(room, "3: second stay");
    let received = bob.resume(&position).until_message(room, Seq(3));
    let names: Vec<_> = received.iter().map(|received| received.event.name()).collect();
    assert_eq!(names, ["member.joined", "member.left", "member.joined", "message.created"]);
}

#[test]
fn events_about_the_reader_are_replayed_after_they_left_the_room() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    bob.join(room);
    alice.count_to(room, 2);
    let position = bob.rooms().cursor.0;
    bob.mark_read(room, 1);
    alice.send_message(room, "3");
    bob.leave(room);
    let fence = alice.create_room("fence");
    let received = bob.resume(&position).until(|event| event.name() == "room.created");
    let names: Vec<_> = received.iter().map(|received| received.event.name()).collect();
    assert_eq!(names, ["read.updated", "member.left", "room.created"]);
    assert!(fence.0 > room.0);
}

#[test]
fn only_the_newest_own_marker_of_a_room_is_replayed() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    bob.join(room);
    alice.count_to(room, 5);
    let position = bob.rooms().cursor.0;
    (1..=4).for_each(|seq| assert_eq!(bob.mark_read(room, seq).last_read_seq, Seq(seq)));
    alice.send_message(room, "6");
    let received = bob.resume(&position).until_message(room, Seq(6));
    let reads = received.iter().filter_map(|received| match &received.event {
        Event::ReadUpdated(read) => Some(read.last_read_seq),
        _ => None,
    });
    assert_eq!(reads.collect::<Vec<_>>(), [Seq(4)]);
}

#[test]
fn a_narrowed_stream_resumes_with_the_same_rooms() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let (one, two) = (alice.create_room("one"), alice.create_room("two"));
    let position = alice.rooms().cursor.0;
    alice.count_to(one, 2);
    alice.count_to(two, 2);
    let query = format!("?room={two}&since={position}");
    let (_, mut stream): (_, Stream) = Opening { query: &query, ..Opening::default() }.open(&alice);
    assert_eq!(stream.until_message(two, Seq(2)).len(), 2);
}
