//! Tests a hostile server that answers at once: requests stay rare and memory stays bounded.

use quchat_shared::event::{Bye, ByeReason, MemberJoined, Reset, ResetReason, RoomCreated};

use super::*;
use crate::{api::ROOMS_MAX, model::Link};

/// What the server does with each stream.
type StreamScript = fn(&mut Client);

fn reset() -> Event {
    Reset { reason: ResetReason::Unknown, cursor: Cursor("k-1".into()) }.into()
}

fn bye(reason: ByeReason) -> Event {
    Bye { reason }.into()
}

fn hello() -> Event {
    Hello { cursor: Cursor("k-1".into()), heartbeat_seconds: 15 }.into()
}

/// Answers every request and treats every stream at once, for this long. Returns the number of requests.
fn asked(client: &mut Client, page: &MessagePage, ms: u64, script: StreamScript) -> usize {
    let until = client.model.now.mono_ms + ms;
    let mut asked = 0;
    loop {
        while asked < 1_000
            && let Some(at) =
                client.effects.iter().position(|e| matches!(e, Effect::Call { .. } | Effect::Listen { .. }))
        {
            asked += 1;
            match client.effects.remove(at) {
                Effect::Listen { .. } => script(client),
                Effect::Call { call, req } => {
                    let reply = match req {
                        Request::ListRooms => Ok(Answer::Rooms(Rooms { rooms: rooms(), cursor: Cursor("k-1".into()) })),
                        Request::ListMessages(..) => Ok(Answer::Page(page.clone())),
                        _ => Err(asking_to_wait(503, 0)),
                    };
                    client.on(Msg::Done { call, reply });
                }
                _ => unreachable!("looked for above"),
            }
        }
        match next_deadline(&client.model).filter(|&due| due <= until && asked < 1_000) {
            None => return asked,
            Some(due) => {
                client.model.now.mono_ms = due;
                client.on(Msg::Tick);
            }
        }
    }
}

fn page(seqs: std::ops::RangeInclusive<u64>, has_older: bool, has_newer: bool) -> MessagePage {
    MessagePage {
        messages: seqs.map(|seq| message(GENERAL, seq, BOB, "hi")).collect(),
        has_older,
        has_newer,
        own_reactions: Vec::new(),
    }
}

#[test]
fn however_a_stream_ends_requests_stay_rare() {
    let scripts: [(&str, StreamScript); 8] = [
        ("hello and reset", |client| {
            client.stream(vec![hello(), reset()]);
        }),
        ("reset alone", |client| {
            client.stream(vec![reset()]);
        }),
        ("hello, end", |client| {
            client.hello("k-1").cut(unreachable());
        }),
        ("end at once", |client| {
            client.cut(unreachable());
        }),
        ("bye slow", |client| {
            client.stream(vec![hello(), bye(ByeReason::Slow)]).cut(unreachable());
        }),
        ("bye shutdown", |client| {
            client.stream(vec![hello(), bye(ByeReason::Shutdown)]).cut(unreachable());
        }),
        ("404", |client| {
            client.cut(refused(404, Kind::NotFound, "no"));
        }),
        ("Retry-After: 0", |client| {
            client.cut(asking_to_wait(503, 0));
        }),
    ];
    for (name, script) in scripts {
        let mut client = Client::online();
        let stream = client.model.stream.unwrap();
        client.on(Msg::Stream { stream, events: vec![ServerEvent::Ended(unreachable())] });
        let times = asked(&mut client, &page(1..=3, false, false), 60_000, script);
        assert!((3..=40).contains(&times), "{name}: asked {times} times in a minute");
    }
}

#[test]
fn a_single_reset_reconnects_at_once() {
    let mut client = Client::online();
    client.stream(vec![reset()]);
    assert_eq!(client.calls().len(), 1);
    assert!(matches!(client.model.link, Link::Connecting { .. }));
}

#[test]
fn a_reset_after_a_stable_connection_counts_as_the_first() {
    let mut client = Client::online();
    client.stream(vec![reset()]).list_rooms(rooms()).hello("k-1").pass(10_000);
    client.effects.clear();
    client.stream(vec![reset()]);
    assert!(client.calls().iter().any(|(_, req)| *req == Request::ListRooms));
}

#[test]
fn a_second_hello_of_a_stream_sends_nothing() {
    let mut client = Client::online();
    client.say("x").disk();
    for _ in 0..100 {
        if client.effects.iter().any(|effect| matches!(effect, Effect::Call { req, .. } if is_send(req))) {
            client.reply(is_send, Err(unreachable()));
        }
        client.hello("k-1");
    }
    assert_eq!(client.room(GENERAL).send_failures, 1);
}

#[test]
fn pages_without_progress_are_not_requested_again_at_once() {
    let empty = std::ops::RangeInclusive::new(1, 0);
    let pages = [page(empty, true, true), page(1..=3, true, true), page(2..=2, false, true), page(9..=9, false, true)];
    for answer in pages {
        let mut client = Client::online();
        client.model.rooms.get_mut(&GENERAL).unwrap().timeline.has_older = true;
        let mut times = 0;
        for seq in 10..60 {
            client.hear(message(GENERAL, seq, BOB, "far away"));
            let seen = seen_of(client.room(GENERAL), 1, 3, true);
            client.on(Msg::Seen(seen));
            times += asked(&mut client, &answer, 0, |_| {});
        }
        assert!((1..=4).contains(&times), "{answer:?}: asked {times} times");
    }
}

#[test]
fn an_answer_that_is_too_large_is_reported_and_retried_after_minutes() {
    let mut client = Client::new();
    client.start();
    client.reply(|req| *req == Request::ListRooms, Err(Failure::TooLarge));
    let Link::Reconnecting { reason, .. } = &client.model.link else { panic!("{:?}", client.model.link) };
    assert!(reason.contains("too large"), "{reason}");
    client.pass(290_000);
    assert_eq!(client.calls(), []);
    client.pass(20_000);
    assert_eq!(client.calls().len(), 1);
}

#[test]
fn too_many_rooms_are_cut_off_with_a_notice() {
    let mut client = Client::online();
    let created = |id| RoomCreated { room: info(RoomId(id), &format!("room {id}"), RoomKind::Public, u64::MAX) }.into();
    for chunk in 0..120 {
        client.stream((0..256).map(|n| created(10 + chunk * 256 + n)).collect());
    }
    assert_eq!(client.model.rooms.len(), ROOMS_MAX);
    assert!(client.notice().contains("not shown"), "{}", client.notice());
    let user = UserRef { id: BOB, name: "bob".into() };
    let room = info(RoomId(999_999), "one more", RoomKind::Public, 0);
    client.stream(vec![MemberJoined { room, user, role: Role::Member, by: None }.into()]);
    assert_eq!(client.model.rooms.len(), ROOMS_MAX);
    client.on(Msg::Open(GENERAL)).say("rooms at hand work").disk();
    assert_eq!(sent(&mut client).len(), 1);
}

#[test]
fn the_largest_numbers_do_not_panic() {
    let mut client = Client::online();
    for id in [GENERAL, OPS] {
        client.hear(message(id, u64::MAX, BOB, "the last one"));
    }
    assert!(!crate::update::title(&client.model).is_empty());
    client.say("/catchup").say("/unread");
}

#[test]
fn the_longest_messages_of_a_busy_room_stay_within_the_memory_limit() {
    let mut client = Client::online();
    let text = "👍".repeat(4_000);
    for seq in 4..=12_000 {
        client.hear(Message { mentions: Vec::new(), ..message(GENERAL, seq, BOB, &text) });
    }
    let kept = |client: &Client| -> usize {
        client.room(GENERAL).timeline.messages.iter().map(|message| message.text.len()).sum()
    };
    assert!(kept(&client) < 96 * 1024 * 1024, "{}", kept(&client));
    client.act(Action::NextRoom);
    assert!(kept(&client) < 1024 * 1024, "{}", kept(&client));
    assert_eq!(client.room(GENERAL).timeline.last(), Some(Seq(12_000)), "the newest stay");
}
