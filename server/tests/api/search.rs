//! `GET /v1/search`: what is found, by whom, and that no query breaks it.

use std::{
    fs,
    time::{Duration, Instant},
};

use quchat_shared::{
    RoomId,
    api::{Hit, Hits},
    room::RoomKind,
};
use serde_json::json;

use crate::harness::{Answer, Client, DataDir, TestServer, eventually, needs_sqlite, store};

/// Every byte escaped: no text is special in a query string.
fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn try_search(client: &Client, q: &str, rest: &str) -> Answer {
    client.get(&format!("/v1/search?q={}{rest}", escaped(q)))
}

#[track_caller]
fn search(client: &Client, q: &str, rest: &str) -> Hits {
    try_search(client, q, rest).expect(200).json()
}

/// The texts found, newest first.
#[track_caller]
fn found(client: &Client, q: &str, rest: &str) -> Vec<String> {
    search(client, q, rest).hits.into_iter().map(|hit| hit.message.text).collect()
}

/// The words that were found in a hit.
fn words(hit: &Hit) -> Vec<&str> {
    hit.ranges.iter().map(|&(start, end)| &hit.message.text[start..end]).collect()
}

/// Waits until everything sent so far can be found. Messages are indexed in the order in which they were sent.
fn wait_for_index(client: &Client) {
    let fence = client.create_private_room("fence");
    client.send_message(fence, "fencepost");
    eventually("the last message is found", || {
        let answer = try_search(client, "fencepost", &format!("&room={fence}"));
        (answer.status == 200 && answer.json::<Hits>().hits.len() == 1).then_some(())
    });
    client.leave(fence);
}

/// A server with these messages of alice, in her room.
fn room_with(texts: &[&str]) -> (TestServer, Client, RoomId) {
    let server = TestServer::start();
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    for text in texts {
        alice.send_message(room, text);
    }
    wait_for_index(&alice);
    (server, alice, room)
}

#[test]
fn a_hit_is_the_message_with_its_room_and_the_words_found() {
    let (_server, alice, room) = room_with(&["Der Käse ist da", "nothing"]);
    let hits = try_search(&alice, "kase da", "").expect(200).value();
    let message = json!(alice.history(room)[0]);
    let room = json!({"id": room, "name": "lobby", "kind": "public"});
    assert_eq!(hits, json!({"hits": [{"message": message, "room": room, "ranges": [[4, 9], [14, 16]]}]}));
}

#[test]
fn a_new_message_is_found_within_a_second() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    for word in ["quokka", "wombat"] {
        let sent = Instant::now();
        alice.send_message(room, word);
        eventually("it is found", || (!found(&alice, word, "").is_empty()).then_some(()));
        assert!(sent.elapsed() < Duration::from_secs(3), "{:?}", sent.elapsed()); // the machine may be busy
    }
}

#[test]
fn words_match_in_every_script() {
    let texts = [
        "The DISK is full",
        "die Straße nach Łódź",
        "東京都に行きます",
        "サーバーｶﾞ止まった",
        "สวัสดีครับ",
        "한국어를 배워요",
        "שָׁלוֹם לכולם",
        "كِتَابٌ جديد",
        "हिन्दी में लिखो",
        "see /var/log/server.log",
    ];
    let (_server, alice, _) = room_with(&texts);
    for (q, nth) in [
        ("disk", 0),
        ("ful dis", 0),
        ("is", 0),
        ("\"is full\"", 0),
        ("STRASSE lodz", 1),
        ("京都", 2),
        ("東京都", 2),
        ("ガ止", 3),
        ("สวัส", 4),
        ("국어", 5),
        ("שלום", 6),
        ("كتاب", 7),
        ("हिन्दी", 8),
        ("log/server", 9),
        ("server.lo", 9),
        ("-full var", 9),
        ("log/serv", 9),
    ] {
        assert_eq!(found(&alice, q, ""), [texts[nth]], "{q}");
    }
    for q in ["isk", "fu", "\"full is\"", "\"is ful\"", "京東", "disk -full", "disk quokka", "i"] {
        assert_eq!(found(&alice, q, ""), [""; 0], "{q}");
    }
    let hits = search(&alice, "京都 -大阪", "").hits;
    assert_eq!(words(&hits[0]), ["京都"]);
}

#[test]
fn a_long_word_is_found_among_many_that_begin_alike() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    alice.send_message(room, "internship wanted");
    for n in 0..300 {
        alice.send_message(room, &format!("international {n}"));
    }
    wait_for_index(&alice);
    assert_eq!(found(&alice, "internship", ""), ["internship wanted"]);
    assert_eq!(found(&alice, "internsh wan", ""), ["internship wanted"]);
    assert_eq!(found(&alice, "international -300", "").len(), 50);
    let long = "x".repeat(50);
    alice.send_message(room, &format!("{long}y"));
    alice.send_message(room, &long[..40]);
    wait_for_index(&alice);
    assert_eq!(found(&alice, &long, ""), [format!("{long}y")]);
}

#[test]
fn pages_are_complete_newest_first_and_without_repetition() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let (one, other) = (alice.create_room("one"), alice.create_private_room("other"));
    let mut sent = Vec::new();
    for n in 0..25 {
        let text = format!("apple {n}");
        alice.send_message(if n % 3 == 0 { other } else { one }, &text);
        bob.send_message(one, "pear");
        sent.insert(0, text);
    }
    wait_for_index(&alice);
    let (mut all, mut next) = (Vec::new(), String::new());
    loop {
        let page = search(&alice, "apple", &format!("&limit=4{next}"));
        assert!((1..=4).contains(&page.hits.len()));
        all.extend(page.hits.into_iter().map(|hit| hit.message.text));
        alice.send_message(one, "apple in between");
        let Some(after) = page.next else { break };
        next = format!("&after={}", escaped(&after));
    }
    assert_eq!(all, sent);
    for limit in ["0", "201"] {
        try_search(&alice, "apple", &format!("&limit={limit}")).refuses("limit");
    }
    for after in ["x", "-1", "1.5"] {
        try_search(&alice, "apple", &format!("&after={after}")).refuses("after");
    }
}

#[test]
fn a_search_can_be_narrowed_to_a_room_a_sender_and_a_time() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let (one, other, den) = (alice.create_room("one"), alice.create_room("other"), alice.create_private_room("den"));
    let first = alice.send_message(one, "apple 1");
    alice.send_message(other, "apple 2");
    alice.send_message(den, "apple 3");
    server.clock.advance(Duration::from_secs(60));
    let fourth = bob.send_message(one, "apple 4");
    wait_for_index(&alice);
    let narrowed = |rest: String| found(&alice, "apple", &rest);
    assert_eq!(narrowed(String::new()), ["apple 4", "apple 3", "apple 2", "apple 1"]);
    assert_eq!(narrowed(format!("&room={one}")), ["apple 4", "apple 1"]);
    assert_eq!(narrowed(format!("&room={den}")), ["apple 3"]);
    assert_eq!(narrowed(format!("&sender={}", bob.user().id)), ["apple 4"]);
    assert_eq!(narrowed(format!("&sender={}&room={den}", alice.user().id)), ["apple 3"]);
    assert_eq!(narrowed("&sender=4711".into()), [""; 0]);
    let time = |at: quchat_shared::Timestamp| escaped(&at.to_string());
    assert_eq!(narrowed(format!("&sent_before={}", time(fourth.sent_at))), ["apple 3", "apple 2", "apple 1"]);
    assert_eq!(narrowed(format!("&sent_after={}&sent_before={}", time(first.sent_at), time(fourth.sent_at))).len(), 2);
    assert_eq!(narrowed(format!("&sent_after={}", time(fourth.sent_at))), [""; 0]);
    try_search(&alice, "apple", "&sent_after=yesterday").problem(400, "bad_request");
}

#[test]
fn only_what_the_caller_can_read_now_is_found() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let (lobby, den) = (alice.create_room("lobby"), alice.create_private_room("den"));
    alice.send_message(lobby, "apple in the lobby");
    alice.send_message(den, "apple in the den");
    wait_for_index(&alice);
    assert_eq!(found(&alice, "apple", ""), ["apple in the den", "apple in the lobby"]);
    assert_eq!(found(&bob, "apple", ""), ["apple in the lobby"], "without joining it");
    try_search(&bob, "apple", &format!("&room={den}")).problem(404, "not_found");
    try_search(&bob, "apple", "&room=4711").problem(404, "not_found");
    server.anonymous().get("/v1/search?q=apple").problem(401, "unauthenticated");

    let bob_id = bob.user().id;
    alice.put(&format!("/v1/rooms/{den}/members/{bob_id}"), &json!({})).expect(201);
    let hits = search(&bob, "apple", "").hits;
    assert_eq!(hits.iter().map(|hit| hit.room.kind).collect::<Vec<_>>(), [RoomKind::Private, RoomKind::Public]);
    bob.leave(den);
    assert_eq!(found(&bob, "apple", ""), ["apple in the lobby"], "after leaving");

    let ban = format!("/v1/rooms/{lobby}/bans/{bob_id}");
    alice.put(&ban, &json!({})).expect(204);
    assert_eq!(found(&bob, "apple", ""), [""; 0], "while banned");
    try_search(&bob, "apple", &format!("&room={lobby}")).problem(403, "forbidden");
    alice.delete(&ban).expect(204);
    assert_eq!(found(&bob, "apple", ""), ["apple in the lobby"]);
}

#[test]
fn the_messages_of_a_deleted_room_are_not_found_and_leave_the_index() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let (lobby, den) = (alice.create_room("lobby"), alice.create_private_room("den"));
    alice.send_message(lobby, "apple in the lobby");
    for n in 0..100 {
        alice.send_message(den, &format!("apple {n}"));
    }
    wait_for_index(&alice);
    alice.leave(den);
    assert_eq!(found(&alice, "apple", ""), ["apple in the lobby"]);
    let (database, index) = (server.data_dir.database(), if store().is_some() { "index" } else { "positions" });
    eventually("its positions are gone", || {
        let left = format!("SELECT count(*) FROM search_{index} WHERE room_id = {den}");
        (database.number(&left) == 0).then_some(())
    });
    assert_eq!(found(&alice, "apple", ""), ["apple in the lobby"]);
}

#[test]
fn every_text_is_a_query_or_refused() {
    let (_server, alice, _) = room_with(&["apple AND pear NEAR(plum) \"x\" a*b a^b terms:c {d} +e"]);
    for q in ["", " ", "\"", "\"\"", "-", "*", "^", "\0", "🎉", "-apple", "-\"apple pear\"", "!?"] {
        try_search(&alice, q, "").refuses("q");
    }
    alice.get("/v1/search").refuses("q");
    for q in [
        "apple AND pear",
        "apple NEAR(plum)",
        "NEAR(apple plum, 2)",
        "\"x\"",
        "a*b",
        "a^b",
        "terms:c",
        "{d}",
        "+e",
        "\"apple\" AND",
        "apple*",
        "\"apple and pear",
        "apple\0pear",
        "(apple",
        "apple)",
        "'apple'",
        "apple; DROP TABLE search",
        "terms : apple",
        "apple OR NOT pear",
        "\u{feff}apple\u{202e}",
        "%_apple",
        "\\apple",
    ] {
        let answer = try_search(&alice, q, "");
        assert_eq!(answer.status, 200, "{q}: {}", answer.text());
    }
    for q in ["\"apple AND\"", "near(plum", "terms:c", "a*b", "{d}", "apple*", "(apple", "'pear'", "\0apple\0AND"] {
        assert_eq!(found(&alice, q, "").len(), 1, "{q}");
    }
    for q in
        ["a ".repeat(9), "a".repeat(4000), "a ".repeat(2000), "\"".repeat(4000), "東".repeat(1500), "-a ".repeat(4)]
    {
        try_search(&alice, &q, "").refuses("q");
    }
    for q in ["東".repeat(400), "a.".repeat(200), "\"e c\" ".repeat(8), "x".repeat(500), "ﷺ".repeat(100)] {
        assert_eq!(found(&alice, &q, ""), [""; 0], "{q}");
    }
    alice.get("/v1/search?q=%ED%A0%80").problem(400, "bad_request");
    alice.get("/v1/search?q=%").problem(400, "bad_request");
    alice.get("/v1/search?q=a&q=b").problem(400, "bad_request");
}

#[test]
fn what_was_sent_before_a_crash_or_a_restart_is_found_once_after_it() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    for n in 0..20 {
        alice.send_message(room, &format!("apple {n}"));
    }
    let server = server.restart(|_| {});
    let alice = alice.at(server.address);
    alice.send_message(room, "apple 20");
    wait_for_index(&alice);
    let server = server.restart(|_| {});
    let alice = alice.at(server.address);
    assert_eq!(found(&alice, "apple", "").len(), 21, "at once: the index is complete");
}

/// A database of before the index, with messages that take a while to index.
fn old_database(messages: u32) -> DataDir {
    let data_dir = DataDir::new();
    fs::create_dir(data_dir.path()).unwrap();
    let database = data_dir.sqlite();
    database.execute_batch(include_str!("fixtures/0.1.0.sql")).unwrap();
    let fill = "WITH RECURSIVE n(n) AS (SELECT 5 UNION ALL SELECT n + 1 FROM n WHERE n < ?1 + 4)
        INSERT INTO messages (room_id, seq, sender_id, text, sent_at)
        SELECT 1, n, 1, 'older ' || n || replace(hex(zeroblob(100)), '00', ' filler' || n), 1795908911343 + n FROM n";
    database.execute(fill, [messages]).unwrap();
    database.execute("UPDATE rooms SET last_seq = ?1 + 4 WHERE id = 1", [messages]).unwrap();
    data_dir
}

#[test]
fn an_older_database_is_indexed_in_the_background_even_if_the_server_is_restarted() {
    needs_sqlite!("the old database is one of SQLite");
    const MESSAGES: u32 = 800;
    let mut server = TestServer::start_on(old_database(MESSAGES), quchat_server::clock::Clock::system(), |_| {});
    let mut alice = server.sign_in("alice");
    for restart in [true, true, false] {
        let problem = try_search(&alice, "older", "").problem(503, "unavailable");
        assert!(problem["detail"].as_str().unwrap().contains('%'), "{problem}");
        if restart {
            alice.send_message(RoomId(1), "older newcomer");
            server = server.restart(|_| {});
            alice = alice.at(server.address);
        }
    }
    eventually("all is indexed", || (try_search(&alice, "older", "").status == 200).then_some(()));
    wait_for_index(&alice);
    let (mut seqs, mut next) = (Vec::new(), String::new());
    loop {
        let page = search(&alice, "older", &format!("&limit=200{next}"));
        seqs.extend(page.hits.iter().map(|hit| hit.message.seq.0));
        let Some(after) = page.next else { break };
        next = format!("&after={after}");
    }
    assert_eq!(seqs, (5..=u64::from(MESSAGES) + 6).rev().collect::<Vec<_>>(), "each once, the newest first");
    assert_eq!(found(&alice, "hello", "").len(), 1, "and those that 0.1.0 wrote");
}
