//! Attack: total memory. Users who fill the memory budget lose connections; everyone else is served as before.

use std::{thread, time::Duration};

use quchat_server::Budget;
use quchat_shared::{
    Event, RoomId, Seq,
    event::{Bye, ByeReason},
};

use crate::harness::{
    Client, Connection, Opening, Over, Stream, StreamEvent, TIMEOUT, TestServer, at_once, eventually, message_of,
    needs_one_node,
};

const MIB: usize = 1024 * 1024;

/// A reader with a small receive buffer, so that nearly everything waits in the server.
const SMALL: Opening<'static> = Opening { query: "", last_event_id: None, receive_buffer: Some(4096) };

fn start(memory_budget: usize) -> TestServer {
    TestServer::start_with(|config| config.memory_budget = memory_budget)
}

/// A room with this many messages of the greatest length.
fn long_room(client: &Client, name: &str, messages: usize) -> RoomId {
    let room = client.create_room(name);
    let text = "🎉".repeat(4000);
    at_once(4, |_| (0..messages / 4).for_each(|_| drop(client.send_message(room, &text))));
    room
}

/// Sends a request and does not read the answer.
fn ask_and_leave(client: &Client, target: &str) -> Connection {
    let mut connection = SMALL.connect(client);
    connection.send(format!("GET {target} HTTP/1.1\r\n{}\r\n", client.head_lines()));
    connection
}

/// Runs `act` while another thread checks that the budget is never exceeded.
fn within<T>(budget: &Budget, act: impl FnOnce() -> T) -> T {
    let over = Over::default();
    thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let mut most = 0;
            while !over.is_set() {
                most = most.max(budget.used());
                assert!(most <= budget.max());
                thread::park_timeout(Duration::from_micros(100));
            }
            most
        });
        let end = over.set_on_drop();
        let outcome = act();
        drop(end);
        let most = watch.join().unwrap();
        assert!(most > budget.max() / 3, "only {most} bytes were charged: the test does not fill the budget");
        outcome
    })
}

fn becomes_empty(budget: &Budget) {
    eventually("all bytes are returned to the budget", || (budget.used() == 0).then_some(()));
}

#[test]
fn many_unread_answers_do_not_block_others() {
    needs_one_node!("each node has its own budget");
    let server = start(8 * MIB);
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = long_room(&alice, "lobby", 200);
    let page = format!("/v1/rooms/{room}/messages?limit=200");
    let unread = within(&server.budget, || {
        let unread: Vec<_> = (0..24).map(|_| ask_and_leave(&alice, &page)).collect();
        for n in 1..=40 {
            bob.get("/v1/users/me").expect(200);
            bob.send_message(room, "still served");
            assert_eq!(bob.messages(room, "?limit=1").messages[0].seq, Seq(200 + n));
            bob.rooms();
        }
        assert_eq!(bob.messages(room, "?limit=200").messages.len(), 200, "a large answer evicts unread ones");
        unread
    });
    drop(unread);
    becomes_empty(&server.budget);
}

#[test]
fn many_long_pages_at_once_delay_only_their_own_user() {
    needs_one_node!("each node has its own budget");
    let server = start(256 * MIB);
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = long_room(&alice, "lobby", 200);
    let page = format!("/v1/rooms/{room}/messages?limit=200");
    let unread: Vec<_> = (0..60).map(|_| ask_and_leave(&alice, &page)).collect();
    eventually("the first answer waits", || (server.budget.used() > 0).then_some(()));
    assert_eq!(bob.messages(room, "?limit=1").messages.len(), 1);
    let answered = server.budget.used() / (3 * MIB);
    assert!(answered < 50, "bob was answered after {answered} long pages for alice");
    drop(unread);
    becomes_empty(&server.budget);
}

#[test]
fn a_stop_does_not_wait_for_queued_long_pages() {
    needs_one_node!("each node has its own budget");
    let mut server = TestServer::start_with(|config| config.drain_timeout = TIMEOUT * 10);
    let alice = server.user("alice");
    let room = long_room(&alice, "lobby", 200);
    let page = format!("/v1/rooms/{room}/messages?limit=200");
    let mut asked: Vec<_> = (0..60).map(|_| ask_and_leave(&alice, &page)).collect();
    eventually("the first answer waits", || (server.budget.used() > 0).then_some(()));
    server.begin_stop();
    let is_refused = |asked: &mut Connection| asked.answer_or_end().is_some_and(|answer| answer.status == 503);
    assert!(asked.iter_mut().any(is_refused), "every page was read before the server stopped");
    drop(asked);
    server.stop();
}

#[test]
fn the_unread_answer_that_has_waited_longest_is_evicted_first() {
    needs_one_node!("each node has its own budget");
    let server = start(8 * MIB);
    let alice = server.user("alice");
    let room = long_room(&alice, "lobby", 200);
    let page = format!("/v1/rooms/{room}/messages?limit=200");
    let waits = |used: usize| eventually("the answer waits", || (server.budget.used() > used).then_some(()));
    let mut first = ask_and_leave(&alice, &page);
    waits(3 * MIB);
    let mut second = ask_and_leave(&alice, &page);
    waits(6 * MIB);
    let answer = alice.get(&page).expect(200);
    assert!(answer.body.len() > 3 * MIB);
    let length = |connection: &mut Connection| {
        while connection.receive(TIMEOUT) && connection.received.len() < answer.body.len() {}
        connection.received.len()
    };
    assert!(length(&mut first) < answer.body.len(), "the first was closed");
    assert!(length(&mut second) >= answer.body.len(), "the second is complete");
    drop((first, second));
    becomes_empty(&server.budget);
}

#[test]
fn an_answer_larger_than_the_budget_is_refused_and_evicts_nobody() {
    needs_one_node!("each node has its own budget");
    let server = start(MIB);
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = long_room(&alice, "lobby", 200);
    let page = |limit| format!("/v1/rooms/{room}/messages?limit={limit}");
    let mut waiting = ask_and_leave(&bob, &page(40));
    eventually("the answer waits", || (server.budget.used() > 0).then_some(()));
    alice.get(&page(200)).problem(503, "unavailable");
    alice.get(&page(10)).expect(200);
    assert_eq!(waiting.answer().expect(200).body.len(), alice.get(&page(40)).expect(200).body.len());
}

#[test]
fn room_lists_and_user_lists_are_charged_like_pages() {
    needs_one_node!("each node has its own budget");
    let server = start(MIB / 2);
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let topic = "🎉".repeat(256);
    for n in 0..60 {
        alice.post("/v1/rooms", &serde_json::json!({"name": format!("room {n}"), "topic": topic})).expect(201);
    }
    let unread = within(&server.budget, || {
        // Each connection sends many requests, because the kernel buffers the first answers.
        let unread: Vec<_> = (0..8)
            .map(|_| {
                let mut connection = SMALL.connect(&alice);
                let ask = format!("GET /v1/rooms HTTP/1.1\r\n{}\r\n", alice.head_lines());
                let _ = connection.try_send(ask.repeat(40));
                connection
            })
            .collect();
        eventually("lists wait", || (server.budget.used() > MIB / 4).then_some(()));
        (0..20).for_each(|_| assert!(bob.rooms().rooms.len() >= 60));
        unread
    });
    drop(unread);
    becomes_empty(&server.budget);
}

/// Opens a stream of `client` for each of these rooms. Nothing is read from them.
fn stalled_streams(client: &Client, rooms: &[RoomId]) -> Vec<Stream> {
    let queries: Vec<_> = rooms.iter().map(|room| format!("?room={room}")).collect();
    queries.iter().map(|query| Opening { query, ..SMALL }.open(client).1).collect()
}

#[test]
fn stalled_streams_in_many_rooms_are_closed_and_resume_without_loss() {
    needs_one_node!("each node has its own budget");
    let server = start(MIB / 2);
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let rooms: Vec<_> = (0..6).map(|n| alice.create_room(&format!("room {n}"))).collect();
    bob.join(rooms[0]);
    let mut awake = bob.listen();
    let text = "🎉".repeat(4000);
    let mut streams = within(&server.budget, || {
        let streams = stalled_streams(&alice, &rooms);
        for seq in 1..=44 {
            at_once(rooms.len(), |n| drop(alice.send_message(rooms[n], &text)));
            awake.until_message(rooms[0], Seq(seq));
        }
        streams
    });
    let mut cut = 0;
    for (stream, &room) in streams.iter_mut().zip(&rooms) {
        let mut seen = Vec::new();
        let mut note = |received: &[StreamEvent]| {
            seen.extend(
                received
                    .iter()
                    .filter_map(|received| message_of(&received.event))
                    .filter(|(of, _)| *of == room)
                    .map(|(_, seq)| seq.0),
            );
            seen.last() == Some(&44)
        };
        let received: Vec<_> = std::iter::from_fn(|| stream.next_or_end()).take(44).collect();
        if !note(&received) {
            assert_eq!(received.last().unwrap().event, Event::Bye(Bye { reason: ByeReason::Slow }));
            cut += 1;
            note(&alice.resume(stream.last_id()).until_message(room, Seq(44)));
        }
        assert_eq!(seen, (1..=44).collect::<Vec<_>>());
    }
    assert!(cut > 0, "no stream was closed");
    drop((streams, awake));
    becomes_empty(&server.budget);
}

#[test]
fn one_frame_for_many_stalled_streams_is_charged_once() {
    needs_one_node!("each node has its own budget");
    let server = start(MIB + MIB / 2);
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    bob.join(room);
    let mut streams: Vec<_> = (0..6).map(|_| SMALL.open(&bob).1).collect();
    let text = "🎉".repeat(4000);
    // 0.5 MB more than the kernel buffers for each stream; 3 MB if each stream were charged.
    (0..64).for_each(|_| drop(alice.send_message(room, &text)));
    assert!(server.budget.used() > MIB / 8, "{} bytes wait", server.budget.used());
    for stream in &mut streams {
        stream.until_message(room, Seq(64));
    }
    drop(streams);
    becomes_empty(&server.budget);
}

#[test]
fn unread_replays_are_charged_too() {
    needs_one_node!("each node has its own budget");
    let server = start(MIB);
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let start = alice.rooms().cursor.0;
    let room = long_room(&alice, "lobby", 60);
    within(&server.budget, || {
        let stalled = Opening { last_event_id: Some(&start), ..SMALL };
        let streams: Vec<_> = (0..30).map(|_| stalled.ask(&alice)).collect();
        eventually("replays wait", || (server.budget.used() > MIB / 2).then_some(()));
        (0..20).for_each(|_| drop(bob.send_message(room, "still served")));
        drop(streams);
    });
    becomes_empty(&server.budget);
}

/// Sends a request with half of its body.
fn half_sent(client: &Client, target: &str) -> Connection {
    let mut connection = client.connect();
    let head = format!("POST {target} HTTP/1.1\r\n{}Content-Type: application/json\r\n", client.head_lines());
    connection.send(format!("{head}Content-Length: 60000\r\n\r\n{{\"name\":\"{}", "x".repeat(40_000)));
    connection
}

#[test]
fn half_sent_bodies_without_a_token_are_bounded_in_total() {
    needs_one_node!("each node has its own budget");
    let server = start(MIB);
    let (nobody, alice) = (server.anonymous(), server.user("alice"));
    let room = alice.create_room("lobby");
    let mut half_sent = within(&server.budget, || {
        let half_sent: Vec<_> = (0..40).map(|_| half_sent(&nobody, "/v1/users")).collect();
        eventually("bodies wait", || (server.budget.used() > MIB / 2).then_some(()));
        (0..20).for_each(|_| drop(alice.send_message(room, &"x".repeat(4000))));
        half_sent
    });
    let is_closed = |connection: &mut Connection| connection.try_receive(Duration::from_millis(1)) == Some(false);
    eventually("some are closed", || half_sent.iter_mut().any(is_closed).then_some(()));
    drop(half_sent);
    becomes_empty(&server.budget);
}

#[test]
fn half_sent_bodies_of_one_user_are_bounded_in_total() {
    needs_one_node!("each node has its own budget");
    let server = start(MIB);
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = bob.create_room("lobby");
    within(&server.budget, || {
        let _half_sent: Vec<_> = (0..40).map(|_| half_sent(&alice, "/v1/rooms")).collect();
        eventually("bodies wait", || (server.budget.used() > MIB / 2).then_some(()));
        (0..20).for_each(|_| drop(bob.send_message(room, &"x".repeat(4000))));
    });
    becomes_empty(&server.budget);
}
