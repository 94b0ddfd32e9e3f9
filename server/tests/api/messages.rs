//! `POST /v1/rooms/{room}/messages`: valid texts, the stored message, replies and mentions.

use quchat_shared::{Event, Message, RoomId, Seq};
use serde_json::json;

use crate::harness::TestServer;

#[test]
fn the_answer_to_a_send_is_the_message_that_everyone_sees() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    bob.join(room);
    let mut stream = bob.listen();
    let sent = alice.try_send_once(room, "hello", "a-1").expect(201).value();
    let expected = json!({
        "room_id": room, "seq": 1, "rev": 1, "sender": {"id": alice.user().id, "name": "alice"},
        "text": "hello", "sent_at": sent["sent_at"], "mentions": [], "reactions": [], "txn": "a-1",
    });
    assert_eq!(sent, expected);
    let message: Message = serde_json::from_value(sent).unwrap();
    let Event::MessageCreated(received) = stream.next().event else { panic!("a message was sent") };
    assert_eq!((received.room_id, &received.message), (room, &message));
    assert_eq!(bob.messages(room, "").messages, std::slice::from_ref(&message));
    assert_eq!(bob.room(room).last_message, Some(message));
}

#[test]
fn line_ends_become_lf_and_trailing_space_is_removed() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    assert_eq!(alice.send_message(room, "  a\r\nb\rc\td \n\t ").text, "  a\nb\nc\td");
    assert_eq!(alice.send_message(room, "👨‍👩‍👧 \u{202e}rtl is text").text, "👨‍👩‍👧 \u{202e}rtl is text");
}

#[test]
fn a_message_has_one_to_four_thousand_characters() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    let longest = "🎉".repeat(4000);
    assert_eq!(alice.send_message(room, &format!("{longest} \r\n")).text, longest);
    for text in ["", " \n\t ", "\u{3000}", &format!("{longest}!"), "a\0b", "\u{1b}[31mred", "a\u{9b}b", "\u{7f}"] {
        alice.try_send_message(room, text).refuses("text");
    }
    assert_eq!(alice.send_message(room, "next").seq, Seq(2), "a refused message uses no seq");
    assert_eq!(alice.history(room).len(), 2);
}

#[test]
fn a_refused_message_leaves_no_trace() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    bob.try_send_message(room, "").refuses("text");
    assert!(bob.room(room).member.is_none(), "the refusal creates no membership");
    bob.try_send_once(room, "\0", "b-1").refuses("text");
    bob.try_send_once(room, "hello", "b-1").expect(201);
    alice.try_send_message(RoomId(4711), "into the void").problem(404, "not_found");
    assert_eq!(alice.history(room).len(), 1);
}

#[test]
fn posting_to_a_public_room_joins_it_first() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    alice.count_to(room, 3);
    let (mut alices, mut bobs) = (alice.listen(), bob.listen());
    bob.send_message(room, "hello");
    for stream in [&mut alices, &mut bobs] {
        let received: Vec<_> =
            stream.until_message(room, Seq(4)).iter().map(|received| received.event.name()).collect();
        assert_eq!(received, ["member.joined", "message.created"]);
    }
    let room = bob.room(room);
    assert_eq!((room.unread, room.member.unwrap().last_read_seq), (0, Seq(4)));
}

#[test]
fn a_reply_must_name_a_message_of_the_same_room() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let (room, other) = (alice.create_room("lobby"), alice.create_room("other"));
    alice.count_to(other, 3);
    alice.send_message(room, "question");
    let target = format!("/v1/rooms/{room}/messages");
    let answer: Message = alice.post(&target, &json!({"text": "answer", "reply_to": 1})).expect(201).json();
    assert_eq!(answer.reply_to, Some(Seq(1)));
    for missing in [0, 3, 4711, u64::MAX] {
        alice.post(&target, &json!({"text": "answer", "reply_to": missing})).refuses("reply_to");
    }
    assert_eq!(alice.history(room)[1].reply_to, Some(Seq(1)));
}

#[test]
fn a_message_lists_each_mentioned_user_once() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    bob.join(room);
    let message = alice.send_message(room, "@bob, @nobody: ask @BOB (not x@alice.example)");
    assert_eq!(message.mentions, [bob.user().id]);
    assert_eq!(bob.room(room).mentions, 1);
    bob.mark_read(room, 1);
    assert_eq!(bob.room(room).mentions, 0);
}

#[test]
fn a_name_in_code_or_in_a_link_mentions_nobody() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    bob.join(room);
    for text in ["run `chown @bob x`", "```\nchown @bob x\n```", "https://social.example/@bob", "@bob.smith"] {
        assert_eq!(alice.send_message(room, text).mentions, [], "{text}");
    }
    assert_eq!(bob.room(room).mentions, 0);
    for text in ["`x` @bob", "_@bob_", "> @bob", "```\nx\n```\n@bob.", "@bob..."] {
        assert_eq!(alice.send_message(room, text).mentions, [bob.user().id], "{text}");
    }
    assert_eq!(bob.room(room).mentions, 5);
}

#[test]
fn the_server_timestamps_messages_in_order() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    let before = server.clock.now();
    alice.count_to(room, 5);
    let history = alice.history(room);
    assert!(history.windows(2).all(|pair| pair[0].sent_at <= pair[1].sent_at));
    assert!(before <= history[0].sent_at && history[4].sent_at <= server.clock.now());
}
