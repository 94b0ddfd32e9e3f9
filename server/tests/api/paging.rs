//! `GET /v1/rooms/{room}/messages`: pages of history in every direction.

use quchat_shared::{RoomId, api::MessagePage};

use crate::harness::{Client, TestServer};

/// The seqs of a page, and whether there are messages before and after it.
fn page(client: &Client, room: RoomId, query: &str) -> (Vec<u64>, bool, bool) {
    let MessagePage { messages, has_older, has_newer, .. } = client.messages(room, query);
    let seqs = messages.iter().map(|message| message.seq.0);
    messages.iter().for_each(|message| assert_eq!(message.text, message.seq.to_string()));
    (seqs.collect(), has_older, has_newer)
}

fn seqs(range: std::ops::RangeInclusive<u64>) -> Vec<u64> {
    range.collect()
}

fn room_of(n: u64) -> (TestServer, Client, RoomId) {
    let server = TestServer::start();
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    alice.count_to(room, n);
    (server, alice, room)
}

#[test]
fn without_a_query_the_newest_fifty_messages_are_returned() {
    let (_server, alice, room) = room_of(60);
    assert_eq!(page(&alice, room, ""), (seqs(11..=60), true, false));
    assert_eq!(page(&alice, room, "?limit=3"), (seqs(58..=60), true, false));
    assert_eq!(page(&alice, room, "?limit=200"), (seqs(1..=60), false, false));
    assert_eq!(page(&alice, room, "?limit=60"), (seqs(1..=60), false, false));
}

#[test]
fn before_and_after_are_exclusive_and_ascending() {
    let (_server, alice, room) = room_of(20);
    assert_eq!(page(&alice, room, "?before=11&limit=5"), (seqs(6..=10), true, true));
    assert_eq!(page(&alice, room, "?before=6&limit=5"), (seqs(1..=5), false, true));
    assert_eq!(page(&alice, room, "?after=10&limit=5"), (seqs(11..=15), true, true));
    assert_eq!(page(&alice, room, "?after=15&limit=5"), (seqs(16..=20), true, false));
    assert_eq!(page(&alice, room, "?after=0&limit=5"), (seqs(1..=5), false, true));
}

#[test]
fn around_returns_the_message_in_the_middle() {
    let (_server, alice, room) = room_of(20);
    let (middle, has_older, has_newer) = page(&alice, room, "?around=10&limit=5");
    assert_eq!((middle, has_older, has_newer), (seqs(8..=12), true, true));
    for seq in [1, 2, 19, 20] {
        let (around, has_older, has_newer) = page(&alice, room, &format!("?around={seq}&limit=5"));
        assert!(around.contains(&seq) && around.len() <= 5, "{seq} in {around:?}");
        assert_eq!((has_older, has_newer), (around[0] > 1, *around.last().unwrap() < 20));
        assert!(around.windows(2).all(|pair| pair[0] + 1 == pair[1]));
    }
    assert_eq!(page(&alice, room, "?around=10&limit=1").0, [10]);
    assert_eq!(page(&alice, room, "?around=10&limit=200"), (seqs(1..=20), false, false));
}

#[test]
fn a_page_beyond_an_end_is_empty_or_ends_at_the_last_message() {
    let (_server, alice, room) = room_of(5);
    assert_eq!(page(&alice, room, "?before=1"), (vec![], false, true));
    assert_eq!(page(&alice, room, "?before=0"), (vec![], false, true));
    assert_eq!(page(&alice, room, "?after=5"), (vec![], true, false));
    assert_eq!(page(&alice, room, "?after=18446744073709551615"), (vec![], true, false));
    for far in ["6", "4711", "9223372036854775808", "18446744073709551615"] {
        assert_eq!(page(&alice, room, &format!("?before={far}&limit=2")), (seqs(4..=5), true, false), "{far}");
    }
    for target in [0, 6, u64::MAX] {
        let (around, ..) = page(&alice, room, &format!("?around={target}&limit=4"));
        assert!(around.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{around:?}");
    }
}

#[test]
fn an_empty_room_has_an_empty_page() {
    let (_server, alice, room) = room_of(0);
    for query in ["", "?before=1", "?after=0", "?around=1", "?before=9", "?after=9", "?around=0"] {
        assert_eq!(page(&alice, room, query), (vec![], false, false), "{query}");
    }
}

#[test]
fn paging_in_either_direction_returns_every_message_once() {
    let (_server, alice, room) = room_of(23);
    let mut back = Vec::new();
    loop {
        let bound = back.first().map_or(String::new(), |first| format!("&before={first}"));
        let (mut older, has_older, _) = page(&alice, room, &format!("?limit=5{bound}"));
        older.append(&mut back);
        back = older;
        if !has_older {
            break;
        }
    }
    assert_eq!(back, seqs(1..=23));

    let mut forth = Vec::new();
    loop {
        let (newer, _, has_newer) = page(&alice, room, &format!("?limit=5&after={}", forth.last().unwrap_or(&0)));
        forth.extend(newer);
        if !has_newer {
            break;
        }
    }
    assert_eq!(forth, seqs(1..=23));
}

#[test]
fn a_page_takes_one_direction_and_a_limit_in_range() {
    let (_server, alice, room) = room_of(1);
    let ask = |query: &str| alice.get(&format!("/v1/rooms/{room}/messages?{query}"));
    for query in
        ["before=1&after=1", "around=1&after=1", "before=1&before=2", "before=x", "after=-1", "around=", "limit=x"]
    {
        ask(query).problem(400, "bad_request");
    }
    for query in ["limit=0", "limit=201"] {
        ask(query).refuses("limit");
    }
    ask("limit=200&colour=red").expect(200);
}

#[test]
fn everyone_can_read_a_public_room_and_only_members_a_private_one() {
    let (server, alice, room) = room_of(3);
    let bob = server.user("bob");
    assert_eq!(page(&bob, room, "").0, seqs(1..=3));
    assert!(bob.room(room).member.is_none(), "reading is not joining");
    let plans = alice.create_private_room("plans");
    alice.count_to(plans, 1);
    bob.get(&format!("/v1/rooms/{plans}/messages")).problem(404, "not_found");
    let asks_too_much = |room: RoomId| bob.get(&format!("/v1/rooms/{room}/messages?limit=0")).text();
    assert_eq!(
        asks_too_much(plans),
        asks_too_much(RoomId(plans.0 + 1)),
        "an invalid query does not reveal a private room"
    );
}
