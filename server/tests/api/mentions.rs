//! `GET /v1/mentions`, `@all`, answers, and the numbers of unread mentions.

use quchat_shared::{
    Event, Message, RoomId, Seq,
    api::{Mentions, ReadMarker},
};
use serde_json::json;

use crate::harness::{Client, StreamEvent, TestServer, at_once};

fn inbox(client: &Client, query: &str) -> Mentions {
    client.get(&format!("/v1/mentions{query}")).expect(200).json()
}

/// Room and seq of each message in the inbox.
fn places(client: &Client, query: &str) -> Vec<(RoomId, u64)> {
    let mentions = inbox(client, query).mentions;
    mentions.iter().map(|mention| (mention.room.id, mention.message.seq.0)).collect()
}

fn answer(client: &Client, room: RoomId, to: u64, text: &str) -> Message {
    client.post(&format!("/v1/rooms/{room}/messages"), &json!({"text": text, "reply_to": to})).expect(201).json()
}

#[test]
fn the_inbox_holds_what_names_answers_or_names_everyone_newest_first() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let (lobby, ops) = (alice.create_room("lobby"), alice.create_room("ops"));
    bob.join(lobby);
    bob.join(ops);
    alice.send_message(lobby, "nothing for anybody");
    alice.send_message(ops, "@bob one");
    bob.send_message(lobby, "a question, @bob");
    answer(&alice, lobby, 2, "an answer");
    alice.send_message(ops, "@all three");
    answer(&alice, lobby, 2, "@bob and @all: once");
    bob.send_message(ops, "@all, said by bob");
    assert_eq!(places(&bob, ""), [(lobby, 4), (ops, 2), (lobby, 3), (ops, 1)]);
    assert_eq!(places(&alice, ""), [(ops, 3)]);

    let first = &inbox(&bob, "?limit=1").mentions[0];
    assert_eq!(first.message, bob.messages(lobby, "").messages[3]);
    assert_eq!((&*first.room.name, first.room.kind), ("lobby", quchat_shared::room::RoomKind::Public));
    assert_eq!((first.message.answers, first.message.mentions_all), (Some(bob.user().id), true));
}

#[test]
fn pages_of_the_inbox_neither_repeat_nor_miss_a_mention() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let rooms: Vec<_> = (0..4).map(|n| alice.create_room(&format!("room {n}"))).collect();
    rooms.iter().for_each(|room| drop(bob.join(*room)));
    // Many of these are sent within one millisecond.
    at_once(4, |n| {
        for text in ["@bob", "@all", "@bob @all", "nobody", "@all", "@bob"] {
            alice.send_message(rooms[n], text);
        }
    });
    let all = places(&bob, "?limit=200");
    assert_eq!(all.len(), 20);
    let (mut paged, mut query) = (Vec::new(), "?limit=3".to_owned());
    loop {
        let page = inbox(&bob, &query);
        paged.extend(page.mentions.iter().map(|mention| (mention.room.id, mention.message.seq.0)));
        match page.next {
            Some(next) => query = format!("?limit=3&after={next}"),
            None => break,
        }
    }
    assert_eq!(paged, all);
}

#[test]
fn the_inbox_holds_only_what_its_reader_may_read_now() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let lobby = alice.create_room("lobby");
    bob.join(lobby);
    alice.send_message(lobby, "@all and @bob");
    alice.send_message(lobby, "@all");
    assert_eq!(places(&bob, ""), [(lobby, 2), (lobby, 1)]);
    bob.leave(lobby);
    assert_eq!(places(&bob, ""), [(lobby, 1)], "everyone is no longer bob");
    let den = bob.create_private_room("den");
    bob.send_message(den, "@alice @all");
    assert_eq!(places(&alice, ""), [], "alice may not know of the den");
}

#[test]
fn everyone_is_mentioned_by_an_owner_and_in_a_small_room_by_anybody() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let lobby = bob.create_room("lobby");
    alice.join(lobby);
    assert!(alice.send_message(lobby, "hi @ALL.").mentions_all);
    for text in ["`@all`", "https://a.b/@all", "@alle", "all"] {
        assert!(!alice.send_message(lobby, text).mentions_all, "{text}");
    }
    let crowd: Vec<_> = (0..19).map(|n| server.user(&format!("user{n}"))).collect();
    crowd.iter().for_each(|user| drop(user.join(lobby)));
    let member = &crowd[0];
    assert!(!member.send_message(lobby, "@all").mentions_all, "21 members, and not an owner");
    assert!(bob.send_message(lobby, "@all").mentions_all, "an owner");
    assert!(alice.send_message(lobby, "@all").mentions_all, "an admin of the server");
    crowd[18].leave(lobby);
    assert!(member.send_message(lobby, "@all").mentions_all, "20 members");
}

#[test]
fn everyone_means_those_who_were_in_the_room_before() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let lobby = alice.create_room("lobby");
    alice.send_message(lobby, "@all");
    bob.join(lobby);
    let rewind = json!({"seq": 0, "rewind": true});
    let marker: ReadMarker = bob.put(&format!("/v1/rooms/{lobby}/read"), &rewind).expect(200).json();
    assert_eq!((marker.unread, marker.mentions), (1, 0));
    assert_eq!(places(&bob, ""), []);
    alice.send_message(lobby, "@all");
    assert_eq!((bob.room(lobby).mentions, places(&bob, "")), (1, vec![(lobby, 2)]));
}

#[test]
fn unread_mentions_are_counted_once_each_in_every_place_that_tells_them() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let lobby = alice.create_room("lobby");
    bob.join(lobby);
    bob.send_message(lobby, "1");
    for text in ["@bob @all", "@all", "nobody"] {
        answer(&alice, lobby, 1, text);
    }
    assert_eq!((bob.room(lobby).mentions, bob.rooms().rooms[0].mentions), (3, 3));
    assert_eq!(alice.room(lobby).mentions, 0);
    let mut stream = bob.listen();
    assert_eq!(bob.mark_read(lobby, 2), ReadMarker { last_read_seq: Seq(2), unread: 2, mentions: 2 });
    let Event::ReadUpdated(read) = stream.next().event else { panic!("the marker moved") };
    assert_eq!((read.last_read_seq, read.mentions), (Seq(2), 2));
    assert_eq!(bob.mark_read(lobby, 4).mentions, 0);
}

#[test]
fn a_replay_tells_the_unread_mentions_of_the_moment_at_which_the_marker_moved() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let lobby = alice.create_room("lobby");
    bob.join(lobby);
    let start = bob.rooms().cursor.0;
    let mut live = bob.listen();
    for text in ["@bob one", "@bob two", "@all three"] {
        alice.send_message(lobby, text);
    }
    bob.mark_read(lobby, 1);
    bob.react(lobby, 1, "👍");
    for text in ["@bob four", "@all five"] {
        alice.send_message(lobby, text);
    }
    let told = |received: Vec<StreamEvent>| received.into_iter().find(|event| event.event.name() == "read.updated");
    let of_then = told(live.until_message(lobby, Seq(5))).expect("the marker moved");
    let Event::ReadUpdated(read) = of_then.event.clone() else { unreachable!() };
    assert_eq!((read.last_read_seq, read.mentions), (Seq(1), 2));
    let replayed = told(bob.resume(&start).until_message(lobby, Seq(5)));
    assert_eq!(replayed, Some(of_then), "the client counts the two after it itself");
    assert_eq!(bob.room(lobby).mentions, 4);

    bob.send_message(lobby, "six");
    let replayed = told(bob.resume(&start).until_message(lobby, Seq(6)));
    assert_eq!(replayed.map(|event| event.event), Some(read.into()), "whatever moved the marker afterwards");
}

#[test]
fn nobody_is_called_all() {
    let server = TestServer::start();
    for name in ["all", "ALL"] {
        let body = json!({"name": name, "password": "correct horse"});
        server.anonymous().post("/v1/users", &body).refuses("name");
    }
}

#[test]
fn a_place_that_no_page_gave_is_refused() {
    let server = TestServer::start();
    let alice = server.user("alice");
    for after in ["x", "1.2", "1.2.x", "1.2.3.4", "1.-2.3", "", "99999999999999999999.1.1"] {
        alice.get(&format!("/v1/mentions?after={after}")).refuses("after");
    }
    alice.get("/v1/mentions?limit=201").refuses("limit");
    assert_eq!(inbox(&alice, "?after=1.2.3"), Mentions { mentions: Vec::new(), next: None });
}
