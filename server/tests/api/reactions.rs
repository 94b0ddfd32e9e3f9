//! `PUT` and `DELETE …/messages/{seq}/reactions/{emoji}`.

use quchat_shared::{Event, Message, RoomId, Seq, UserId, api::OwnReaction, message::Reaction};

use crate::harness::{Answer, Client, TestServer, at_once, nodes};

fn lobby() -> (TestServer, [Client; 3], RoomId) {
    let server = TestServer::start();
    let users = ["alice", "bob", "carol"].map(|name| server.user(name));
    let room = users[0].create_room("lobby");
    users[1].join(room);
    users[0].send_message(room, "hello");
    (server, users, room)
}

fn reaction(emoji: &str, users: &[&Client]) -> Reaction {
    let users: Vec<_> = users.iter().map(|client| client.user().id).collect();
    Reaction { emoji: emoji.to_owned(), count: users.len() as u64, users }
}

/// Sends the target as it is.
fn raw(client: &Client, method: &str, target: &str) -> Answer {
    let mut connection = client.connect();
    connection.send(format!("{method} {target} HTTP/1.1\r\n{}\r\n", client.head_lines()));
    connection.answer()
}

#[test]
fn reactions_are_shown_in_the_order_in_which_each_emoji_came() {
    let (_server, [alice, bob, _], room) = lobby();
    let mut stream = alice.listen();
    bob.react(room, 1, "👍");
    bob.react(room, 1, "🎉");
    let message = alice.react(room, 1, "👍");
    assert_eq!(message.rev, 4);
    assert_eq!(message.reactions, [reaction("👍", &[&bob, &alice]), reaction("🎉", &[&bob])]);
    let received = stream.until(|event| matches!(event, Event::MessageUpdated(e) if e.message.rev == 4));
    assert_eq!(
        received.last().unwrap().event,
        Event::from(quchat_shared::event::MessageUpdated { room_id: room, message: message.clone() })
    );
    assert_eq!(bob.message(room, 1), message);

    let message = bob.unreact(room, 1, "👍");
    assert_eq!(message.reactions, [reaction("👍", &[&alice]), reaction("🎉", &[&bob])]);
    let message = alice.unreact(room, 1, "👍");
    assert_eq!(message.reactions, [reaction("🎉", &[&bob])]);
    let message = alice.react(room, 1, "👍");
    assert_eq!(message.reactions, [reaction("🎉", &[&bob]), reaction("👍", &[&alice])]);
    assert_eq!(bob.history(room), [message]);
}

#[test]
fn a_page_of_history_names_the_reactions_of_its_reader() {
    let (_server, [alice, bob, carol], room) = lobby();
    for text in ["2", "3", "4"] {
        alice.send_message(room, text);
    }
    for (seq, emoji) in [(3, "👍"), (1, "👍"), (3, "🎉"), (4, "👍")] {
        bob.react(room, seq, emoji);
    }
    alice.react(room, 2, "👍");
    let own = |client: &Client, query: &str| {
        let own = client.messages(room, query).own_reactions;
        let mut own: Vec<_> = own.into_iter().map(|OwnReaction { seq, emoji }| (seq.0, emoji)).collect();
        own.sort();
        own
    };
    let thumb = "👍".to_owned();
    assert_eq!(own(&bob, ""), [(1, thumb.clone()), (3, "🎉".to_owned()), (3, thumb.clone()), (4, thumb.clone())]);
    assert_eq!(own(&bob, "?after=1&limit=2"), [(3, "🎉".to_owned()), (3, thumb.clone())]);
    assert_eq!(own(&alice, ""), [(2, thumb)]);
    let page = carol.get(&format!("/v1/rooms/{room}/messages")).expect(200).value();
    assert_eq!(page["own_reactions"], serde_json::json!([]));
}

#[test]
fn a_second_time_changes_nothing() {
    let (_server, [alice, bob, _], room) = lobby();
    let once = bob.react(room, 1, "❤");
    let mut stream = alice.listen();
    assert_eq!(bob.react(room, 1, "❤\u{FE0F}"), once);
    assert_eq!(alice.unreact(room, 1, "❤"), once);
    assert_eq!(bob.unreact(room, 1, "❤").reactions, []);
    assert_eq!(bob.unreact(room, 1, "❤").rev, 3);
    let fence = alice.send_message(room, "fence").seq;
    assert_eq!(stream.until_message(room, fence).len(), 2, "one change");
}

#[test]
fn a_reaction_is_one_emoji_however_it_is_spelled() {
    let (_server, [alice, bob, _], room) = lobby();
    for (typed, stored) in [
        ("❤", "❤\u{FE0F}"),
        ("1\u{20E3}", "1\u{FE0F}\u{20E3}"),
        ("👍🏽", "👍🏽"),
        ("🇩🇪", "🇩🇪"),
        ("👩\u{200D}❤\u{200D}👨", "👩\u{200D}❤\u{FE0F}\u{200D}👨"),
        ("🏴󠁧󠁢󠁳󠁣󠁴󠁿", "🏴󠁧󠁢󠁳󠁣󠁴󠁿"),
    ] {
        assert_eq!(alice.react(room, 1, typed).reactions.last().unwrap(), &reaction(stored, &[&alice]));
        let message = bob.react(room, 1, stored);
        assert_eq!(message.reactions.last().unwrap(), &reaction(stored, &[&alice, &bob]));
    }
}

#[test]
fn whatever_is_no_emoji_is_refused() {
    let (_server, [alice, ..], room) = lobby();
    for other in [
        "x",
        "1",
        ":+1:",
        "👍👍",
        "👍 ",
        " ",
        "🇩",
        "❤\u{FE0E}",
        "👍\0",
        "/",
        "a/b",
        "\u{FE0F}",
        "ä",
        "..",
        &"👍".repeat(300),
    ] {
        for method in ["PUT", "DELETE"] {
            alice.try_react(method, room, 1, other).refuses("emoji");
        }
    }
    for escapes in ["%FF", "%F0%9F%91", "%C3%28", "%", "%zz", "%ED%A0%80"] {
        raw(&alice, "PUT", &format!("/v1/rooms/{room}/messages/1/reactions/{escapes}")).refuses("emoji");
    }
    raw(&alice, "PUT", &format!("/v1/rooms/{room}/messages/1/reactions/")).problem(404, "not_found");
    raw(&alice, "PUT", &format!("/v1/rooms/{room}/messages/%FF/reactions/x")).problem(400, "bad_request");
    assert_eq!(alice.message(room, 1).rev, 1);
}

#[test]
fn a_message_carries_twenty_different_emoji() {
    let (_server, [alice, bob, _], room) = lobby();
    let emoji: Vec<String> = ('🐀'..='🐓').map(String::from).collect();
    assert_eq!(emoji.len(), 20);
    for emoji in &emoji {
        alice.react(room, 1, emoji);
    }
    bob.try_react("PUT", room, 1, "👍").problem(409, "conflict");
    bob.react(room, 1, &emoji[7]);
    alice.unreact(room, 1, &emoji[3]);
    let shown: Vec<_> = bob.react(room, 1, "👍").reactions.into_iter().map(|reaction| reaction.emoji).collect();
    let expected: Vec<_> = emoji[..3].iter().chain(&emoji[4..]).cloned().chain(["👍".to_owned()]).collect();
    assert_eq!(shown, expected);
    alice.try_react("PUT", room, 1, &emoji[3]).problem(409, "conflict");
}

#[test]
fn only_members_react() {
    let (server, [alice, bob, carol], room) = lobby();
    for method in ["PUT", "DELETE"] {
        carol.try_react(method, room, 1, "👍").problem(403, "forbidden");
        for (room, seq) in [(room, 0), (room, 2), (RoomId(4711), 1)] {
            bob.try_react(method, room, seq, "👍").problem(404, "not_found");
        }
        server.anonymous().try_react(method, room, 1, "👍").problem(401, "unauthenticated");
    }
    bob.react(room, 1, "👍");
    bob.leave(room);
    bob.try_react("DELETE", room, 1, "👍").problem(403, "forbidden");
    let hidden = alice.create_private_room("plans");
    alice.send_message(hidden, "psst");
    bob.try_react("PUT", hidden, 1, "👍").problem(404, "not_found");
    assert_eq!(alice.message(room, 1).reactions, [reaction("👍", &[&bob])], "it stays when its user leaves");
}

#[test]
fn nobody_reacts_to_a_deleted_message() {
    let (_server, [alice, bob, _], room) = lobby();
    bob.react(room, 1, "👍");
    alice.delete_message(room, 1);
    let tombstone = alice.message(room, 1);
    bob.try_react("PUT", room, 1, "👍").problem(409, "conflict");
    assert_eq!(bob.unreact(room, 1, "👍"), tombstone);
}

#[test]
fn the_same_reaction_at_once_counts_once() {
    let (_server, [alice, ..], room) = lobby();
    let answers = at_once(8, |_| alice.react(room, 1, "👍"));
    assert!(answers.iter().all(|message| message.rev == 2 && message.reactions == [reaction("👍", &[&alice])]));
    at_once(8, |_| alice.unreact(room, 1, "👍"));
    assert_eq!(alice.message(room, 1).rev, 3);
}

/// The newest state of the first message on an open stream.
fn applied(received: &[crate::harness::StreamEvent]) -> (usize, Option<Message>) {
    let messages = received.iter().filter_map(|received| match &received.event {
        Event::MessageUpdated(event) => Some(event.message.clone()),
        _ => None,
    });
    let messages: Vec<_> = messages.collect();
    // What another node has committed is shown as it is when it is read, which may be after further changes.
    let may_repeat = nodes() > 1;
    let is_newer = |one: &Message, next: &Message| one.rev < next.rev || (may_repeat && one.rev == next.rev);
    assert!(messages.is_sorted_by(is_newer), "in order, and none twice");
    (messages.len(), messages.last().cloned())
}

#[test]
fn a_storm_of_reactions_is_counted_and_delivered_right() {
    const USERS: usize = 64;
    let (server, [alice, ..], room) = lobby();
    let users = at_once(USERS, |i| server.register(&format!("user-{i}")));
    users.iter().for_each(|user| drop(user.join(room)));
    let mut stream = alice.listen();
    at_once(USERS, |i| {
        users[i].react(room, 1, "👍");
        users[i].react(room, 1, "🎉");
        if i % 2 == 0 {
            users[i].unreact(room, 1, "🎉");
        }
    });
    let message = alice.message(room, 1);
    assert_eq!(message.rev as usize, 1 + USERS * 5 / 2);
    let fence = alice.send_message(room, "fence").seq;
    let (frames, newest) = applied(&stream.until_message(room, fence));
    assert_eq!(newest.as_ref(), Some(&message));
    assert!(frames < message.rev as usize);
    let counts: Vec<_> = message.reactions.iter().map(|r| (&*r.emoji, r.count, r.users.len())).collect();
    assert_eq!(counts, [("👍", USERS as u64, 20), ("🎉", USERS as u64 / 2, 20)]);
    let odd: Vec<UserId> = users.iter().skip(1).step_by(2).map(|user| user.user().id).collect();
    assert!(message.reactions[1].users.iter().all(|user| odd.contains(user)));

    // Who is among the first makes room for the next, oldest first, until nobody is left.
    let mut first = message.reactions[0].users.clone();
    for left in (0..USERS as u64).rev() {
        let leaving = users.iter().find(|user| user.user().id == first[0]).unwrap();
        let message = leaving.unreact(room, 1, "👍");
        let Some(reaction) = message.reactions.iter().find(|reaction| reaction.emoji == "👍") else {
            assert_eq!(left, 0);
            return;
        };
        assert_eq!((reaction.count, reaction.users.len()), (left, left.min(20) as usize));
        assert!(reaction.users.starts_with(&first[1..]));
        first.clone_from(&reaction.users);
    }
}

#[test]
fn reactions_survive_a_restart() {
    let (server, [alice, bob, _], room) = lobby();
    bob.react(room, 1, "👍");
    let message = alice.react(room, 1, "🎉");
    let server = server.restart(|_| {});
    let bob = bob.at(server.address);
    assert_eq!(bob.message(room, 1), message);
    assert_eq!(bob.messages(room, "").own_reactions, [OwnReaction { seq: Seq(1), emoji: "👍".to_owned() }]);
    assert_eq!(bob.react(room, 1, "🎉").reactions[1].count, 2);
}
