//! `typing`: who is about to say something.

use std::time::Duration;

use quchat_shared::{Event, RoomId, Seq, UserId, event::Typing};

use crate::harness::{Client, Stream, TestServer, message_of};

/// Reads up to this message; who was typing in the room until then.
fn typists(stream: &mut Stream, room: RoomId, seq: Seq) -> Vec<UserId> {
    let mut typists = Vec::new();
    loop {
        let received = stream.next_of_any_kind().expect("the stream continues");
        match received.event {
            Event::Typing(Typing { room_id, user_id }) => {
                assert_eq!(room_id, room);
                typists.push(user_id);
            }
            event if message_of(&event) == Some((room, seq)) => return typists,
            _ => {}
        }
    }
}

/// Waits until the stream shows that this user is typing.
fn until_typing(stream: &mut Stream, room: RoomId, user: &Client) {
    let expected = Event::Typing(Typing { room_id: room, user_id: user.user().id });
    while stream.next_of_any_kind().expect("the stream continues").event != expected {}
}

#[test]
fn typing_is_told_to_the_other_members_once_in_three_seconds() {
    let server = TestServer::start();
    let (alice, bob, carol) = (server.user("alice"), server.user("bob"), server.user("carol"));
    let room = alice.create_room("lobby");
    bob.join(room);
    let (mut of_alice, mut of_bob, mut of_carol) = (alice.listen(), bob.listen(), carol.listen());
    for _ in 0..50 {
        alice.try_notify_typing(room).expect(204);
    }
    until_typing(&mut of_bob, room, &alice);
    server.clock.advance(Duration::from_secs(2));
    alice.try_notify_typing(room).expect(204);
    server.clock.advance(Duration::from_secs(1));
    alice.try_notify_typing(room).expect(204);
    until_typing(&mut of_bob, room, &alice);
    bob.try_notify_typing(room).expect(204);
    until_typing(&mut of_alice, room, &bob);
    carol.join(room);
    alice.send_message(room, "1");
    assert_eq!(typists(&mut of_bob, room, Seq(1)), [], "nothing but what was waited for");
    assert_eq!(typists(&mut of_alice, room, Seq(1)), [], "nobody is told of themselves");
    assert_eq!(typists(&mut of_carol, room, Seq(1)), [], "she was not a member");
    let sign = of_bob.text();
    let block = sign.split("\n\n").find(|block| block.contains("event: typing")).unwrap();
    assert!(!block.contains("id: "), "{block}");
}

#[test]
fn typing_is_for_members() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let (room, hidden) = (alice.create_room("lobby"), alice.create_private_room("plans"));
    bob.try_notify_typing(room).problem(403, "forbidden");
    bob.try_notify_typing(hidden).problem(404, "not_found");
    bob.try_notify_typing(RoomId(4711)).problem(404, "not_found");
    bob.join(room);
    bob.try_notify_typing(room).expect(204);
    bob.leave(room);
    bob.try_notify_typing(room).problem(403, "forbidden");
}

#[test]
fn typing_never_follows_the_message_it_announced() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    bob.join(room);
    let mut stream = bob.listen();
    for n in 1..=20 {
        server.clock.advance(Duration::from_secs(3));
        alice.try_notify_typing(room).expect(204);
        alice.send_message(room, "x");
        alice.send_message(room, "y");
        typists(&mut stream, room, Seq(2 * n - 1));
        assert_eq!(typists(&mut stream, room, Seq(2 * n)), []);
    }
}

#[test]
fn a_stream_of_another_room_hears_nothing() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let (room, other) = (alice.create_room("lobby"), alice.create_room("other"));
    bob.join(room);
    bob.join(other);
    let narrowed = crate::harness::Opening { query: &format!("?room={other}"), ..Default::default() };
    let (_, mut narrowed) = narrowed.open(&bob);
    let mut wide = bob.listen();
    alice.try_notify_typing(room).expect(204);
    until_typing(&mut wide, room, &alice);
    alice.send_message(other, "1");
    assert_eq!(typists(&mut narrowed, other, Seq(1)), []);
}
