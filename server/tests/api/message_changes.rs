//! `GET`, `PATCH` and `DELETE /v1/rooms/{room}/messages/{seq}`: one message, a new text for it, and its tombstone.

use quchat_shared::{Event, Message, RoomId, Seq, event::MessageUpdated};
use serde_json::json;

use crate::harness::{Answer, Client, Stream, TestServer, at_once};

/// A server with a public room of alice's, in which bob is.
fn lobby() -> (TestServer, [Client; 3], RoomId) {
    let server = TestServer::start();
    let users = ["alice", "bob", "carol"].map(|name| server.user(name));
    let room = users[0].create_room("lobby");
    users[1].join(room);
    (server, users, room)
}

fn patch(client: &Client, room: RoomId, seq: u64, body: &serde_json::Value) -> Answer {
    client.request("PATCH", &format!("/v1/rooms/{room}/messages/{seq}"), Some(body))
}

#[track_caller]
fn updated(stream: &mut Stream) -> Message {
    match stream.next().event {
        Event::MessageUpdated(MessageUpdated { room_id, message }) if room_id == message.room_id => message,
        other => panic!("a message changed, not {other:?}"),
    }
}

/// Has alice send something, to show that nothing came before it.
#[track_caller]
fn nothing_came(alice: &Client, stream: &mut Stream, room: RoomId) {
    let fence = alice.send_message(room, "fence").seq;
    assert_eq!(stream.until_message(room, fence).len(), 1, "{}", stream.text());
}

#[test]
fn an_edit_replaces_the_text_for_everyone() {
    let (_server, [alice, bob, _], room) = lobby();
    bob.send_message(room, "question");
    let body = json!({"text": "teh answer", "reply_to": 1, "txn": "a-1"});
    let sent = alice.post(&format!("/v1/rooms/{room}/messages"), &body).expect(201).value();
    let mut stream = bob.listen();
    let edited = alice.try_edit(room, 2, "the answer \r\n").expect(200).value();
    let mut expected = sent.clone();
    expected["rev"] = json!(2);
    expected["text"] = json!("the answer");
    expected["edited_at"] = edited["edited_at"].clone();
    assert_eq!(edited, expected);
    assert!(edited["edited_at"].as_str() >= sent["sent_at"].as_str());
    let edited: Message = serde_json::from_value(edited).unwrap();
    assert_eq!(updated(&mut stream), edited);
    assert_eq!(bob.message(room, 2), edited);
    assert_eq!(bob.history(room)[1], edited);
    assert_eq!(bob.room(room).last_message.as_ref(), Some(&edited));
    assert_eq!(alice.try_send_once(room, "again", "a-1").expect(200).json::<Message>(), edited);
    assert_eq!(alice.edit(room, 2, "42").rev, 3);
}

#[test]
fn the_same_text_changes_nothing() {
    let (_server, [alice, bob, _], room) = lobby();
    let sent = alice.send_message(room, "hello\nthere");
    let mut stream = bob.listen();
    assert_eq!(alice.edit(room, 1, "hello\r\nthere  "), sent);
    nothing_came(&alice, &mut stream, room);
}

#[test]
fn only_its_author_edits_a_message_and_only_while_in_the_room() {
    let (server, [alice, bob, carol], room) = lobby();
    bob.send_message(room, "mine");
    for other in [&alice, &carol] {
        other.try_edit(room, 1, "yours").problem(403, "forbidden");
    }
    bob.leave(room);
    bob.try_edit(room, 1, "still mine").problem(403, "forbidden");
    assert_eq!(alice.message(room, 1).rev, 1);
    let hidden = alice.create_private_room("plans");
    alice.send_message(hidden, "psst");
    bob.try_edit(hidden, 1, "x").problem(404, "not_found");
    bob.get(&format!("/v1/rooms/{hidden}/messages/1")).problem(404, "not_found");
    assert_eq!(carol.message(room, 1).text, "mine", "everyone may read a public room");
    for (room, seq) in [(room, 0), (room, 2), (room, u64::MAX), (RoomId(4711), 1)] {
        alice.try_edit(room, seq, "x").problem(404, "not_found");
        alice.get(&format!("/v1/rooms/{room}/messages/{seq}")).problem(404, "not_found");
        alice.try_delete_message(room, seq).problem(404, "not_found");
    }
    server.anonymous().try_edit(room, 1, "x").problem(401, "unauthenticated");
}

#[test]
fn an_edit_follows_the_rules_of_a_text() {
    let (_server, [alice, ..], room) = lobby();
    alice.send_message(room, "hello");
    for text in ["", " \n", "a\0b", "\u{200B}", &"x".repeat(4001)] {
        alice.try_edit(room, 1, text).refuses("text");
    }
    patch(&alice, room, 1, &json!({})).refuses("text");
    patch(&alice, room, 1, &json!({"text": "x", "expect_rev": -1})).refuses("expect_rev");
    alice
        .request("PATCH", &format!("/v1/rooms/{room}/messages/x"), Some(&json!({"text": "x"})))
        .problem(400, "bad_request");
    assert_eq!(alice.message(room, 1).rev, 1);
}

#[test]
fn an_edit_that_expects_an_older_text_is_refused() {
    let (_server, [alice, bob, _], room) = lobby();
    alice.send_message(room, "one");
    alice.edit(room, 1, "two");
    bob.react(room, 1, "👍");
    let edit = |text: &str, rev: u64| patch(&alice, room, 1, &json!({"text": text, "expect_rev": rev}));
    edit("three", 1).problem(409, "conflict");
    assert_eq!(edit("two", 1).expect(200).value()["rev"], 3, "it says that already");
    assert_eq!(edit("three", 2).expect(200).value()["rev"], 4, "a reaction does not change the text");
    assert_eq!(edit("four", 4).expect(200).value()["rev"], 5);
}

#[test]
fn one_of_two_edits_of_the_same_text_wins() {
    let (_server, [alice, ..], room) = lobby();
    for seq in 1..=10 {
        alice.send_message(room, "start");
        let answers = at_once(2, |i| patch(&alice, room, seq, &json!({"text": format!("edit {i}"), "expect_rev": 1})));
        let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
        assert_eq!((won.len(), lost.len()), (1, 1));
        lost[0].problem(409, "conflict");
        assert_eq!(won[0].json::<Message>(), alice.message(room, seq));
    }
}

#[test]
fn an_edit_war_ends_with_one_text_that_everyone_has() {
    let (server, [alice, bob, _], room) = lobby();
    alice.send_message(room, "start");
    let clients = [alice, server.sign_in("alice")];
    let mut stream = bob.listen();
    let edits = at_once(2, |i| (0..50).map(|n| clients[i].edit(room, 1, &format!("{i}/{n}"))).collect::<Vec<_>>());
    let mut edits = edits.concat();
    edits.sort_by_key(|message| message.rev);
    assert_eq!(edits.iter().map(|message| message.rev).collect::<Vec<_>>(), (2..=101).collect::<Vec<_>>());
    assert_eq!(bob.message(room, 1), edits[99]);
    let received = stream.until(|event| matches!(event, Event::MessageUpdated(e) if e.message.rev == 101));
    let received = received.into_iter().map(|received| match received.event {
        Event::MessageUpdated(event) => event.message,
        other => panic!("only edits, not {other:?}"),
    });
    let received: Vec<_> = received.collect();
    assert!(received.is_sorted_by(|one, next| one.rev < next.rev));
    assert!(received.iter().all(|message| edits.contains(message)), "each is a state that there was");
}

#[test]
fn an_edit_decides_anew_whom_the_text_mentions() {
    let (_server, [alice, bob, carol], room) = lobby();
    carol.join(room);
    alice.send_message(room, "@bob look");
    assert_eq!((bob.room(room).mentions, carol.room(room).mentions), (1, 0));
    assert_eq!(alice.edit(room, 1, "@carol look").mentions, [carol.user().id]);
    assert_eq!((bob.room(room).mentions, carol.room(room).mentions), (0, 1));
    assert_eq!(alice.edit(room, 1, "@carol @bob look").mentions, [bob.user().id, carol.user().id]);
    assert_eq!((bob.room(room).mentions, carol.room(room).mentions), (1, 1));
    alice.delete_message(room, 1);
    assert_eq!((bob.room(room).mentions, carol.room(room).mentions), (0, 0));
}

#[test]
fn a_deleted_message_leaves_a_tombstone() {
    let (_server, [alice, bob, _], room) = lobby();
    alice.send_message(room, "question");
    let body = json!({"text": "wrong @alice", "reply_to": 1, "txn": "b-1"});
    bob.post(&format!("/v1/rooms/{room}/messages"), &body).expect(201);
    bob.edit(room, 2, "very wrong @alice");
    bob.react(room, 2, "😬");
    let before = serde_json::to_value(bob.message(room, 2)).unwrap();
    let mut stream = alice.listen();
    alice.delete_message(room, 2);
    let tombstone = alice.get(&format!("/v1/rooms/{room}/messages/2")).expect(200).value();
    let mut expected = before.clone();
    expected["rev"] = json!(4);
    expected["text"] = json!("");
    expected["mentions"] = json!([]);
    expected["reactions"] = json!([]);
    expected["deleted_at"] = tombstone["deleted_at"].clone();
    expected["deleted_by"] = json!({"id": alice.user().id, "name": "alice"});
    assert_eq!(tombstone, expected);
    assert!(tombstone["deleted_at"].as_str() >= before["edited_at"].as_str());
    let tombstone: Message = serde_json::from_value(tombstone).unwrap();
    assert_eq!(updated(&mut stream), tombstone);
    assert_eq!(bob.history(room)[1], tombstone);
    assert_eq!(bob.room(room).last_message.as_ref(), Some(&tombstone));
    assert_eq!(bob.try_send_once(room, "again", "b-1").expect(200).json::<Message>(), tombstone);
    assert_eq!(bob.messages(room, "").own_reactions, []);

    alice.delete_message(room, 2);
    bob.delete_message(room, 2);
    bob.try_edit(room, 2, "right").problem(409, "conflict");
    nothing_came(&alice, &mut stream, room);
    assert_eq!(bob.message(room, 2), tombstone);
    let reply = json!({"text": "what was it?", "reply_to": 2});
    alice.post(&format!("/v1/rooms/{room}/messages"), &reply).expect(201);
}

#[test]
fn authors_moderators_owners_and_admins_delete_messages() {
    let (server, [alice, bob, carol], lobby) = lobby();
    let room = bob.create_room("bob's");
    carol.join(room);
    alice.join(room);
    bob.count_to(room, 3);
    carol.try_delete_message(room, 1).problem(403, "forbidden");
    alice.delete_message(room, 1);
    bob.delete_message(room, 2);
    carol.try_delete_message(room, 2).problem(403, "forbidden");
    alice.leave(room);
    alice.delete_message(room, 3);
    bob.send_message(lobby, "in the room of an admin");
    bob.leave(lobby);
    bob.delete_message(lobby, 1);

    let hidden = bob.create_private_room("plans");
    bob.send_message(hidden, "psst");
    alice.try_delete_message(hidden, 1).problem(404, "not_found");
    server.anonymous().try_delete_message(lobby, 1).problem(401, "unauthenticated");
    assert!(bob.history(room).iter().all(|message| message.deleted_at.is_some()));
    assert_eq!(bob.history(hidden)[0].deleted_at, None);
}

#[test]
fn an_archived_room_keeps_its_texts_but_not_the_ones_that_are_deleted() {
    let (server, [alice, bob, _], room) = lobby();
    alice.count_to(room, 2);
    bob.react(room, 1, "👍");
    let data_dir = server.data_dir.clone();
    server.stop();
    data_dir.database().change(&format!("UPDATE rooms SET archived = true WHERE id = {room}"));
    let server = TestServer::start_on(data_dir, quchat_server::clock::Clock::system(), |_| {});
    let [alice, bob] = [alice, bob].map(|client| client.at(server.address));
    alice.try_edit(room, 1, "x").problem(403, "forbidden");
    bob.try_react("PUT", room, 1, "😬").problem(403, "forbidden");
    bob.try_react("DELETE", room, 1, "👍").problem(403, "forbidden");
    alice.delete_message(room, 1);
    assert_eq!(bob.message(room, 1).text, "");
    assert_eq!(bob.message(room, 2).seq, Seq(2));
}
